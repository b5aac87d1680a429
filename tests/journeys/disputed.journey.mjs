// One slip, copied: 安峰镇 and 双店镇 both took 王芳 in. The county reads it on its first page, asks both, and decides.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { fitsHere } from './fits.mjs'
import { PASSPHRASE, officeAt } from './programs.mjs'

const WANG_FANG = '990101198803250028'
let county
let shuangdian

export default {
  title: 'The county decides who holds a membership',
  windows: ['browser'],
  async prepare(context) {
    county = await openCounty(context)
    const offices = []
    for (const [code, name, clerk] of [['990100104', '平明镇总工会', '李强'], ['990100105', '安峰镇总工会', '王丽'], ['990100106', '双店镇总工会', '陈明']]) {
      const packet = await county.invites(name, code)
      const office = officeAt(join(context.data, code), context.program)
      await office.ask('join', packet.file, '--code', packet.code, '--clerk', clerk)
      offices.push(office)
    }
    const [pingming, anfeng] = offices
    shuangdian = offices[2]
    const wang = (await pingming.call('members.join', { fields: { name: '王芳', id_no: WANG_FANG }, on: '2019-03-01' })).id
    for (const office of [...offices, county, ...offices]) await office.sync()
    const { slip } = await pingming.call('transfers.release', { member: wang, reason: 'employment' })
    await anfeng.call('transfers.accept', { slip, id_no: WANG_FANG, fields: { employer: '安峰服装厂' } })
    await shuangdian.call('transfers.accept', { slip, id_no: WANG_FANG, fields: { employer: '双店电子厂' } })
    for (const office of [...offices, county]) await office.sync()
    Object.assign(shuangdian, { wang })
    // The county's own window goes on where its command line stopped.
    renameSync(join(context.data, 'county'), join(context.data, 'office'))
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step, kind }) {
    await step('the county reads on its first page that something waits, and sees who claims her', async () => {
      await person.writes('口令', PASSPHRASE)
      await person.press('打开')
      await person.sees('待办接转')
      await person.pressAt('[data-test="tile-transfers"]')
      await person.sees('有争议，待县裁定')
      await person.sees('由县总工会向两边了解后裁定')
      await person.press('经过')
      await person.isAccessible('a dispute')
      await person.picture('transfers-disputed')
    })

    await step('it decides with a reason, and everybody hears', async () => {
      await person.pressAt('[data-test="do-decide"]')
      await person.sees('请选会籍归谁')
      await person.press('双店镇总工会')
      await person.sees('请填写原因')
      await person.isAccessible('deciding')
      await person.picture('decide')
      await fitsHere(person, kind, 'decide')
      await person.writesAt('[data-test="deed-reason"]', '劳动合同在双店电子厂')
      await person.pressAt('[data-test="deed-go"]')
      await person.sees('没有未办结的接转')
      await person.pressAt('[data-test="also-closed"]')
      await person.sees('已办结')
      await person.picture('transfers-decided')
      await person.press('现在上报')
      await person.sees('已完成')
      await shuangdian.sync()
      const page = await shuangdian.call('members.get', { id: shuangdian.wang })
      if (page.state !== 'active') throw new Error(`双店镇 has her as ${page.state}`)
    })
  },
}
