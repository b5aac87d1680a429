// The whole promise in one walk: the province's own workbook comes in, somebody is found by initials, her phone is mended with the
// cable out, and when the line is back the county sees it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { joinsTheCounty } from './first-day.journey.mjs'
import { PASSPHRASE as COUNTY } from './programs.mjs'
import { TOP } from './runner.mjs'

const WORKBOOK = join(TOP, 'tests', 'fixtures', 'rosters', 'pingming-members.xlsx')

let county

export default {
  title: 'A real workbook, an edit with the cable out, and the county sees it',
  async prepare(context) {
    county = await openCounty(context)
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step, neighbour }) {
    await step('the township joins', async () => {
      await joinsTheCounty(person, await county.invites('平明镇总工会', '990100104'))
      await person.isAccessible('home')
    })

    await step('1,107 members are accepted and 93 rows refused with reasons', async () => {
      await person.press('导入会员表')
      await person.drops(WORKBOOK, '.drop')
      await person.sees('证件号码校验位不对')
      await person.sees('1,107')
      await person.sees('93')
      await person.isAccessible('import')
      await person.picture('workbook-preview')
      await person.press('确认导入 1,107 行')
      await person.sees('已导入 1,107 行。')
      await person.sees('93 行没有导入')
      await person.picture('workbook-result')
      await person.press('下载带说明的表格')
      const report = readFileSync(await person.receives('.xlsx'))
      if (report.subarray(0, 2).toString() !== 'PK') throw new Error('what was handed out is no workbook')
      await person.press('查看会员')
      await person.sees('共 1,107 条')
      await person.isAccessible('members')
      await person.picture('members')
    })

    await step('all goes up, then the cable is pulled', async () => {
      await person.press('现在上报')
      await person.sees('全部已上报')
      await person.isAccessible('sync')
      await person.press('关闭')
      await county.unplug()
    })

    await step('she is found by initials and her phone is mended offline', async () => {
      await person.press('首页')
      await person.writesAt('#home-search', 'wf')
      await person.sees('万凤思')
      await person.picture('search')
      await person.press('武芳晓')
      await person.press('修改资料')
      await person.pressAt('[data-test="reveal-mobile"]')
      await person.writes('移动电话', '13700000002')
      await person.isAccessible('member')
      await person.press('保存')
      await person.sees('137****0002')
      await person.sees('还没有上报')
      await person.picture('member-offline')
    })

    await step('the line comes back, and the county sees the change', async () => {
      await county.plug()
      await person.press('现在上报')
      await person.sees('全部已上报')
      await person.press('关闭')
      const chief = await neighbour('county')
      await chief.sees('数据都在本机，已加密。')
      await chief.writes('口令', COUNTY)
      await chief.press('打开')
      await chief.sees('周敏，今天办什么？')
      await chief.press('现在上报')
      await chief.sees('已完成')
      await chief.press('关闭')
      await chief.writesAt('#home-search', '13700000002')
      await chief.press('武芳晓')
      await chief.sees('137****0002')
      await chief.sees('李强')
      await chief.isAccessible('the member at the county')
      await chief.picture('workbook-at-the-county')
    })
  },
}
