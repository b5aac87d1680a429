// 王芳 comes from 平明镇 with her slip while no line works, is taken in, confirmed, and goes home again; what 平明镇 wrote too late waits.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { joinsTheCounty } from './first-day.journey.mjs'
import { fitsHere } from './fits.mjs'
import { officeAt } from './programs.mjs'
import { cameraOf, sticksOf } from './runner.mjs'
import { SEEN, film } from './scan.journey.mjs'

const WANG_FANG = '990101198803250028'
const ZHANG_WEIMIN = '990101198001010014'
const SUN_LI = '990101198502030021'
let county
let pingming

/** Chooses in a list of the page's own engine, whose choices no driver can press. */
const CHOOSE = `([selector, wanted]) => {
  const list = document.querySelector(selector)
  const option = [...list.options].find((one) => one.text === wanted)
  list.value = option.value
  list.dispatchEvent(new Event('change', { bubbles: true }))
}`

export default {
  title: 'A member moves, with her slip and without a line',
  windows: ['browser'],
  async prepare(context) {
    county = await openCounty(context)
    await county.invites('双店镇总工会', '990100106')
    const packet = await county.invites('平明镇总工会', '990100104')
    pingming = officeAt(join(context.data, 'pingming'), context.program)
    await pingming.ask('join', packet.file, '--code', packet.code, '--clerk', '李强')
    pingming.wang = (await pingming.call('members.join', { fields: { name: '王芳', id_no: WANG_FANG }, on: '2019-03-01' })).id
    await pingming.call('members.join', { fields: { name: '张伟民', id_no: ZHANG_WEIMIN }, on: '2020-05-01' })
    await pingming.call('cards.ask_numbers', { count: 50 })
    for (const office of [pingming, county, pingming]) await office.sync()
    const ordered = await pingming.call('cards.order', { members: [pingming.wang] })
    await pingming.call('cards.sign', { ids: [ordered.cards[0].id] })
    await pingming.call('cards.change', { ids: [ordered.cards[0].id], event: 'handed_out' })
    for (const office of [pingming, county]) await office.sync()
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step, kind, data }) {
    const chooses = (selector, wanted) => person.asks(CHOOSE, [selector, wanted])
    const reports = async () => {
      await person.press('现在上报')
      await person.sees('已完成')
      await person.press('关闭')
      await person.isStill()
    }

    await step('安峰镇 joins and hears the county; nothing is being transferred', async () => {
      const packet = await county.invites('安峰镇总工会', '990100105')
      await joinsTheCounty(person, { file: packet.file, code: packet.code })
      await reports()
      for (const office of [county, pingming]) await office.sync()
      await person.press('会籍接转')
      await person.sees('没有未办结的接转')
      await person.isAccessible('no transfers')
      await person.picture('transfers-empty')
    })

    await step('平明镇 makes out a slip, the line goes, and the camera of 安峰镇 reads it', async () => {
      const released = await pingming.call('transfers.release', { member: pingming.wang, to: '安峰镇总工会', reason: 'employment', dues_paid_to: '2026-10-31' })
      ;[pingming.slip, pingming.transfer] = [released.slip, released.id]
      const { png, luma } = await person.asks(SEEN, (await pingming.call('codes.draw', { text: pingming.slip })).svg)
      writeFileSync(cameraOf(data), film(luma))
      writeFileSync(join(data, 'slip.png'), Buffer.from(png, 'base64'))
      await county.unplug()
      await person.pressAt('[data-test="accept-open"]')
      await person.sees('用扫码枪、摄像头扫介绍信')
      await person.pressAt('[data-test="camera-open"]')
      await person.sees('签名真实')
      await person.sees('平明镇总工会')
      await person.sees('2019-03-01')
      await person.isAccessible('a slip that is believed')
      await person.picture('slip-good')
      await fitsHere(person, kind, 'slip')
    })

    await step('an altered slip is not believed; where cards are verified the slip leads here', async () => {
      const last = pingming.slip.at(-5) === '7' ? '8' : '7'
      await person.writesAt('[data-test="slip-text"]', `${pingming.slip.slice(0, -5)}${last}${pingming.slip.slice(-4)}`)
      await person.strikes('Enter')
      await person.sees('介绍信的内容被改过')
      await person.picture('slip-forged')
      await person.press('会员证')
      await person.pressAt('[data-test="verify-open"]')
      await person.hands(join(data, 'slip.png'), '[data-test="verify-picture"]')
      await person.sees('签名真实')
      await person.sees('请看本人的证件')
    })

    await step('another document is refused beside its field; on hers she is taken in at once', async () => {
      await person.writesAt('[data-test="accept-id"]', ZHANG_WEIMIN)
      await person.pressAt('[data-test="accept-go"]')
      await person.sees('证件号码的后四位和介绍信上的（0028）不一样')
      await person.isAccessible('the wrong document')
      await person.picture('accept-wrong')
      const forOthers = await pingming.call('transfers.bundle', { id: pingming.transfer, to: '双店镇总工会' })
      writeFileSync(join(data, 'others.njmove'), Buffer.from(forOthers.bundle, 'base64'))
      const file = await pingming.call('transfers.bundle', { id: pingming.transfer })
      writeFileSync(join(data, 'wang.njmove'), Buffer.from(file.bundle, 'base64'))
      await person.hands(join(data, 'others.njmove'), '[data-test="move-file"]')
      await person.sees('这个档案包是交给另一个工会的')
      await person.isAccessible('a file for another union')
      await person.picture('file-others')
      await person.press('上报与下发')
      await person.hands(join(data, 'wang.njmove'), '[data-test="packet-file"]')
      await person.sees('档案已收下')
      await person.isAccessible('a file that was opened')
      await person.picture('file-opened')
      await fitsHere(person, kind, 'file-opened')
      await person.writesAt('[data-test="accept-id"]', WANG_FANG)
      await person.writes('工作单位', '安峰服装厂')
      await person.pressAt('[data-test="accept-go"]')
      await person.sees('暂接，原工会是平明镇总工会')
      await person.isAccessible('a provisional member')
      await person.picture('member-provisional')
      await fitsHere(person, kind, 'provisional')
      await person.pressAt('[data-test="band-receipt"]')
      await person.sees('第 1 页，共 1 页')
      await person.pressAt('[data-test="page-whole"]')
      await person.isStill()
      await person.picture('receipt-paper')
      await person.press('关闭')
      await person.press('会籍接转')
      await person.sees('两边都已办好')
      await person.picture('transfers-provisional')
    })

    await step('the line is back: the county confirms, and what 平明镇 wrote too late waits', async () => {
      await county.plug()
      await reports()
      await county.sync()
      await reports()
      await person.press('会员')
      await person.press('王芳')
      await person.sees('在册')
      await person.seesNoMore('暂接，原工会是')
      const page = await pingming.call('members.get', { id: pingming.wang })
      await pingming.call('members.save', { id: pingming.wang, token: page.token, fields: { residence: '平明街 1 号' } })
      for (const office of [pingming, county, pingming]) await office.sync()
      await reports()
      await person.press('首页')
      await person.sees('待办接转')
      await person.picture('home-transfers')
      await person.pressAt('[data-test="tile-transfers"]')
      await person.pressAt('[data-test="tab-late"]')
      await person.sees('平明街 1 号')
      await person.isAccessible('late edits')
      await person.picture('transfers-late')
      await fitsHere(person, kind, 'late')
      await person.pressAt('[data-test="late-refuse"]')
      await person.sees('资料保持现在的样子')
      await person.isAccessible('refusing a late edit')
      await person.press('取消')
      await person.pressAt('[data-test="late-take"]')
      await person.sees('已采纳，写进资料')
      const told = await pingming.call('members.get', { id: pingming.wang })
      if (told.state !== 'transferred') throw new Error(`平明镇 has her as ${told.state}`)
    })

    await step('she is released to 平明镇: the slip, the band, and what it means', async () => {
      await person.press('会员')
      await person.press('王芳')
      await person.pressAt('[data-test="release"]')
      await person.sees('请先选转到哪里')
      await person.isAccessible('releasing')
      await chooses('[data-test="release-to"]', '平明镇总工会')
      await chooses('[data-test="release-reason"]', '居住地变动')
      await person.picture('release')
      await fitsHere(person, kind, 'release')
      await person.pressAt('[data-test="release-go"]')
      await person.sees('请本人把二维码带去')
      await person.reads('[data-test="slip-number"]')
      await person.isAccessible('the slip')
      await person.picture('slip')
      await fitsHere(person, kind, 'slip-shown')
      pingming.back = await person.asks(`() => document.querySelector('[data-test="slip-code"]').dataset.text`)
      const stick = join(sticksOf(data), '朝阳')
      mkdirSync(stick, { recursive: true })
      await person.pressAt('[data-test="slip-bundle"]')
      await person.sees('U盘 朝阳')
      await person.isAccessible('a file for a stick')
      await person.picture('bundle')
      await fitsHere(person, kind, 'bundle')
      await person.pressAt('[data-test="bundle-go"]')
      await person.sees('已写好')
      if (readdirSync(stick).filter((name) => name.endsWith('.njmove') && !name.includes('王芳')).length !== 1) throw new Error(`on the stick lies ${readdirSync(stick)}`)
      await person.pressAt('[data-test="bundle-close"]')
      await person.pressAt('[data-test="slip-print"]')
      await person.sees('第 1 页，共 1 页')
      await person.pressAt('[data-test="page-whole"]')
      await person.isAccessible('the letter on paper')
      await person.picture('letter-paper')
      await fitsHere(person, kind, 'letter-paper')
      await person.pressAt('[data-test="paper"] .actions .button')
      await person.pressAt('[data-test="slip-close"]')
      await person.sees('转出在途。已开介绍信，去往平明镇总工会')
      await person.isAccessible('a member in transit')
      await person.picture('member-in-transit')
      await person.pressAt('[data-test="tab-transfers"]')
      await person.sees('等对方接收')
      await person.picture('member-transfers')
    })

    await step('平明镇 takes her in and the county confirms: here her page is there to be read', async () => {
      await pingming.call('transfers.accept', { slip: pingming.back, id_no: WANG_FANG, fields: { employer: '平明粮站' } })
      await reports()
      for (const office of [pingming, county, pingming]) await office.sync()
      await reports()
      await person.sees('会籍已转往平明镇总工会')
      if (await person.asks(`() => !!document.querySelector('[data-test="edit"], [data-test="void"], [data-test="release"], [data-test="change"]')`)) throw new Error('the page of somebody who has gone offers to change her')
      await person.isAccessible('a member who has gone')
      await person.picture('member-gone')
      await fitsHere(person, kind, 'gone')
    })

    await step('孙丽 comes from outside the county with a letter on paper', async () => {
      await person.press('会籍接转')
      await person.pressAt('[data-test="accept-open"]')
      await person.pressAt('[data-test="tab-outside"]')
      await person.sees('请填县外工会的全称')
      await person.writesAt('[data-test="accept-outside"]', '连云港市海州区总工会')
      await person.writesAt('[data-test="accept-number"]', '海工转〔2026〕15号')
      await person.writesAt('[data-test="accept-id"]', SUN_LI)
      await person.writes('姓名', '孙丽')
      await person.isAccessible('a letter from outside')
      await person.picture('accept-outside')
      await fitsHere(person, kind, 'outside')
      await person.pressAt('[data-test="accept-go"]')
      await person.sees('在册')
      await person.sees('孙丽')
    })

    await step('平明镇 is asked for 张伟民 and refuses, and the list says why', async () => {
      await person.press('会籍接转')
      await person.pressAt('[data-test="ask-open"]')
      await chooses('[data-test="ask-from"]', '平明镇总工会')
      await person.writesAt('[data-test="ask-name"]', '张伟民')
      await person.writesAt('[data-test="ask-id"]', ZHANG_WEIMIN)
      await person.isAccessible('asking')
      await person.picture('ask')
      await fitsHere(person, kind, 'ask')
      await person.pressAt('[data-test="ask-go"]')
      await person.sees('已请对方转出')
      await reports()
      for (const office of [county, pingming]) await office.sync()
      const asked = (await pingming.call('transfers.list', { open: true })).rows.find((one) => one.name === '张伟民')
      if (!asked.member) throw new Error('平明镇 does not find him by his ID number')
      await pingming.call('transfers.refuse', { id: asked.id, reason: '本人仍在平明上班' })
      for (const office of [pingming, county]) await office.sync()
      await reports()
      await person.sees('没有未办结的接转')
      await person.pressAt('[data-test="also-closed"]')
      await person.sees('原工会不同意转出')
      await person.press('经过')
      await person.sees('本人仍在平明上班')
      await person.isAccessible('the list of transfers')
      await person.picture('transfers-all')
      await fitsHere(person, kind, 'transfers')
    })
  },
}
