// The disk has damaged the data file: the clerk is told calmly what to do, the file stays as it is, and once it is mended work goes on.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PASSPHRASE, officeAt } from './programs.mjs'

let rotten

/** 李强's office with 王芳 in it, whose file the disk has spoiled; the whole one lies beside. Answers the spoiled bytes. */
export async function spoils({ data, program }) {
  const folder = join(data, 'office')
  const office = officeAt(folder, program)
  await office.ask('new', '--role', 'township', '--name', '平明镇总工会', '--code', '990100104', '--clerk', '李强')
  // Founding leaves a copy; she joins after it.
  await office.call('members.join', { fields: { name: '王芳', id_no: '990101198803250028' }, on: '2025-03-01' })
  copyFileSync(join(folder, 'office.db'), join(data, 'whole.db'))
  const bytes = readFileSync(join(folder, 'office.db'))
  for (let at = 4096 + 100; at < 4096 + 140; at += 1) bytes[at] ^= 0x5a
  writeFileSync(join(folder, 'office.db'), bytes)
  return bytes
}

export default {
  title: 'A damaged data file is left alone until it is mended',
  // Chromium writes down every answer that says the office failed, and here it says so on purpose.
  expects: /status of 500/,
  async prepare(place) {
    rotten = await spoils(place)
  },
  async walk({ person, step, data }) {
    const file = join(data, 'office', 'office.db')
    const tries = async () => {
      await person.writes('口令', PASSPHRASE)
      await person.press('打开')
    }

    await step('opening finds the damage and says what to do', async () => {
      await person.sees('数据都在本机，已加密。')
      await tries()
      await person.sees('本机数据需要修复')
      await person.sees('先不要删除、移动或改名本机上的任何数据文件。')
      await person.sees('本机有 1 份自动留存的副本。按“用副本恢复”')
      await person.isAccessible('the trouble page')
      await person.picture('trouble')
    })

    await step('trying again before it is mended changes nothing', async () => {
      await person.press('已经修好，重新打开')
      await person.sees('数据都在本机，已加密。')
      await tries()
      await person.sees('本机数据需要修复')
      if (!readFileSync(file).equals(rotten)) throw new Error('the damaged file was written to')
    })

    await step('the next start knows before anybody unlocks', async () => {
      await person.reloads()
      await person.sees('本机数据需要修复')
    })

    await step('mended, it opens with everybody in it', async () => {
      copyFileSync(join(data, 'whole.db'), file)
      await person.press('已经修好，重新打开')
      await person.sees('数据都在本机，已加密。')
      await tries()
      await person.sees('李强，今天办什么？')
      await person.writesAt('#home-search', 'wf')
      await person.press('王芳')
      await person.sees('会籍变更')
    })
  },
}
