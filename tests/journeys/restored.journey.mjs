// The disk has damaged the data file, and the clerk helps herself: the copy of the founding, and what was entered after it.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { spoils } from './damaged.journey.mjs'
import { PASSPHRASE } from './programs.mjs'

let rotten

export default {
  title: 'A damaged data file is replaced by its copy, and the newest work comes back with it',
  // Chromium writes down every answer that says the office failed, and here it says so on purpose.
  expects: /status of 500/,
  async prepare(place) {
    rotten = await spoils(place)
  },
  async walk({ person, step, data }) {
    const says = async (passphrase, button) => {
      await person.writes('口令', passphrase)
      await person.press(button)
    }

    await step('opening finds the damage and offers the copy', async () => {
      await person.sees('数据都在本机，已加密。')
      await says(PASSPHRASE, '打开')
      await person.sees('本机数据需要修复')
      await person.press('用副本恢复')
      await person.sees('用最近一份完好的副本恢复')
      await person.isAccessible('restoring')
      await person.picture('restoring')
    })

    await step('a wrong passphrase restores nothing', async () => {
      await says('不是这个口令呀', '用副本恢复')
      await person.sees('口令不对')
      if (!readFileSync(join(data, 'office', 'office.db')).equals(rotten)) throw new Error('the damaged file was written to')
    })

    await step('with hers the office is back, and says what it brought back', async () => {
      await says(PASSPHRASE, '用副本恢复')
      await person.sees('李强，今天办什么？')
      await person.sees('的副本恢复，并补回此后录入的')
      await person.picture('restored')
      await person.writesAt('#home-search', 'wf')
      await person.press('王芳')
      await person.sees('会籍变更')
    })

    await step('the damaged file is kept as it was', async () => {
      const aside = join(data, 'office', 'damaged')
      const [day] = readdirSync(aside)
      if (!readFileSync(join(aside, day, 'office.db')).equals(rotten)) throw new Error('the damaged file was not kept')
    })
  },
}
