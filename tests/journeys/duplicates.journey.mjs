// Two entries that may be one person: 安峰镇 decides on its own, the county on one whom two townships have, and both hear it.
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { joinsTheCounty } from './first-day.journey.mjs'
import { fitsHere, opens } from './fits.mjs'
import { PASSPHRASE, officeAt } from './programs.mjs'

const WANG_FANG = '990101198803250028'
const ZHANG_LI = '990101198502030021'
let county
let pingming

export default {
  title: 'Who may be registered twice is looked at and decided',
  windows: ['browser'],
  async prepare(context) {
    county = await openCounty(context)
    const packet = await county.invites('平明镇总工会', '990100104')
    pingming = officeAt(join(context.data, 'pingming'), context.program)
    await pingming.ask('join', packet.file, '--code', packet.code, '--clerk', '李强')
    const fields = { name: '王芳', id_no: WANG_FANG, mobile: '13900000001', employer: '平明米厂' }
    await pingming.call('members.join', { fields, on: '2019-03-01' })
    for (const office of [pingming, county, pingming]) await office.sync()
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step, kind, neighbour }) {
    const joins = async (fields) => {
      await opens(person, '/members/join')
      for (const [label, text] of Object.entries(fields)) await person.writes(label, text)
      await person.press('登记入会')
      await person.sees('修改资料')
    }
    const reports = async () => {
      await person.press('现在上报')
      await person.sees('已完成')
      await person.press('关闭')
      await person.isStill()
    }

    await step('nothing is to be looked at', async () => {
      const packet = await county.invites('安峰镇总工会', '990100105')
      await joinsTheCounty(person, { file: packet.file, code: packet.code })
      await reports()
      await person.press('会员')
      await person.pressAt('[data-test="duplicates-open"]')
      await person.sees('没有待核对的疑似重复')
      await person.isAccessible('no duplicates')
      await person.picture('duplicates-none')
    })

    await step('whoever types a name that was heard is told of the entry that is here', async () => {
      await joins({ 姓名: '张莉', 证件号码: ZHANG_LI, 移动电话: '13700000002', 工作单位: '安峰服装厂' })
      await opens(person, '/members/join')
      await person.writes('姓名', '张丽')
      await person.chooses('有效证件类别', '护照')
      await person.writes('证件号码', 'E00000001')
      await person.writes('出生日期', '1985-02-03')
      await person.writes('移动电话', '13700000002')
      await person.strikes('Tab')
      await person.sees('可能已经登记过：张莉')
      await person.isAccessible('a form that may be a duplicate')
      await person.picture('duplicates-typed')
      await person.press('登记入会')
      await person.sees('修改资料')
      await person.sees('可能与别的登记是同一人')
      await person.isAccessible('a member who may be registered twice')
      await person.picture('duplicates-note')
    })

    await step('home says so; the two stand side by side with reasons', async () => {
      await person.press('首页')
      await person.sees('疑似重复')
      await person.pressAt('[data-test="tile-duplicates"]')
      await person.sees('姓名同音')
      await person.sees('电话相同')
      if ((await person.asks(`() => document.querySelectorAll('[data-test="pair"] .differs').length`)) === 0) throw new Error('nothing is marked')
      await person.isAccessible('duplicates')
      await person.picture('duplicates')
      await fitsHere(person, kind, 'duplicates')
    })

    await step('they are two, which is remembered; and after all they are one', async () => {
      await person.writesAt('[data-test="duplicate-reason"]', '两人一起来过')
      await person.pressAt('[data-test="is-not"]')
      await person.sees('没有待核对的疑似重复')
      await person.pressAt('[data-test="tab-looked_at"]')
      await person.sees('李强')
      await person.sees('认定不是同一人：两人一起来过')
      await person.isAccessible('two who were said to be two persons')
      await person.picture('duplicates-looked-at')
      await person.writesAt('[data-test="duplicate-reason"]', '原来是同一个人')
      await person.pressAt('[data-test="again"]')
      await person.pressAt('[data-test="tab-open"]')
      await person.sees('姓名同音')
      await person.pressAt('[data-test="stays-1"]')
      await person.writesAt('[data-test="duplicate-reason"]', '看过身份证')
      await person.pressAt('[data-test="is-same"]')
      await person.sees('没有待核对的疑似重复')
      await person.press('会员')
      await person.sees('共 1 条')
    })

    await step('the county sees one whom two townships have, and answers', async () => {
      const fields = { 姓名: '王芳', 证件号码: WANG_FANG, 移动电话: '13500000005', 工作单位: '安峰服装厂' }
      await joins(fields)
      await reports()
      await county.sync()
      const chief = await neighbour('county')
      await chief.writes('口令', PASSPHRASE)
      await chief.press('打开')
      await chief.sees('周敏，今天办什么？')
      await chief.sees('疑似重复')
      await chief.pressAt('[data-test="tile-duplicates"]')
      await chief.sees('安峰镇总工会')
      await chief.sees('现在计了两次')
      await chief.isAccessible('duplicates at the county')
      await chief.picture('duplicates-county')
      await fitsHere(chief, kind, 'duplicates-county')
      const first = await chief.reads('[data-test="pair"] thead th .small')
      await chief.pressAt(`[data-test="stays-${first.includes('安峰') ? 0 : 1}"]`)
      await chief.sees('会籍计入安峰镇总工会')
      await chief.writesAt('[data-test="duplicate-reason"]', '劳动合同在安峰')
      await chief.pressAt('[data-test="is-same"]')
      await chief.sees('没有待核对的疑似重复')
      await chief.pressAt('[data-test="tab-answers"]')
      await chief.sees('还没都看到')
      await chief.isAccessible('answers given')
      await chief.picture('duplicates-answered')
      await county.sync()
    })

    await step('both hear it, and one of them counts her', async () => {
      await pingming.sync()
      const [told] = (await pingming.call('members.duplicates')).answers
      if (told.verdict !== 'same' || told.counted_here || told.office !== '安峰镇总工会') throw new Error(`平明 hears ${JSON.stringify(told)}`)
      if ((await pingming.call('home')).counts.members !== 0) throw new Error('平明 still counts her')
      await person.press('首页')
      await reports()
      await person.pressAt('[data-test="tile-answers"]')
      await person.sees('会籍计入本单位')
      await person.isAccessible('an answer of the county')
      await person.picture('duplicates-answer')
      await person.pressAt('[data-test="heard"]')
      await person.press('首页')
      await person.seesNoMore('县总工会的答复')
      await person.writesAt('#home-search', '王芳')
      await person.pressAt('[data-test="hit-0"]')
      await person.sees('与平明镇总工会的一条登记是同一人，会籍计入本单位')
      await person.picture('duplicates-counted-here')
    })
  },
}
