// 李小燕 of 平明镇 works in 安峰镇 for a season with her card and without a line; 张伟民 goes to 苏州 and comes back; she stays for good.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { joinsTheCounty } from './first-day.journey.mjs'
import { fitsHere } from './fits.mjs'
import { officeAt } from './programs.mjs'
import { cameraOf } from './runner.mjs'
import { SEEN, film } from './scan.journey.mjs'

const XIAO_LI = '990101198803250028'
const ZHANG_WEIMIN = '990101198001010014'
let county
let pingming

/** Chooses in a list of the page's own engine, whose choices no driver can press. */
const CHOOSE = `([selector, wanted]) => {
  const list = document.querySelector(selector)
  const option = [...list.options].find((one) => one.text === wanted)
  list.value = option.value
  list.dispatchEvent(new Event('change', { bubbles: true }))
}`

const day = (ago) => new Date(Date.now() + 8 * 3_600_000 - ago * 86_400_000).toISOString().slice(0, 10)

export default {
  title: 'Floating members come and go, and are counted at home',
  windows: ['browser'],
  async prepare(context) {
    county = await openCounty(context)
    const packet = await county.invites('平明镇总工会', '990100104')
    pingming = officeAt(join(context.data, 'pingming'), context.program)
    await pingming.ask('join', packet.file, '--code', packet.code, '--clerk', '李强')
    pingming.li = (await pingming.call('members.join', { fields: { name: '李小燕', id_no: XIAO_LI }, on: '2019-03-01' })).id
    await pingming.call('cards.ask_numbers', { count: 50 })
    for (const office of [pingming, county, pingming]) await office.sync()
    const ordered = await pingming.call('cards.order', { members: [pingming.li] })
    pingming.number = ordered.cards[0].number
    pingming.card = (await pingming.call('cards.sign', { ids: [ordered.cards[0].id] })).cards[0].code
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

    await step('安峰镇 joins, has 张伟民, and an empty register', async () => {
      const packet = await county.invites('安峰镇总工会', '990100105')
      await joinsTheCounty(person, { file: packet.file, code: packet.code })
      await reports()
      for (const office of [county, pingming]) await office.sync()
      await reports()
      await county.unplug()
      await person.press('会员入会登记')
      await person.writes('姓名', '张伟民')
      await person.writes('证件号码', ZHANG_WEIMIN)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('已保存在本机')
      await person.press('流动会员')
      await person.sees('现在没有登记在本地的流动会员')
      await person.isAccessible('an empty register')
      await person.picture('stays-empty')
    })

    await step('李小燕 shows her card to the camera, and is registered without a line', async () => {
      const { png, luma } = await person.asks(SEEN, (await pingming.call('codes.draw', { text: pingming.card })).svg)
      writeFileSync(cameraOf(data), film(luma))
      writeFileSync(join(data, 'card.png'), Buffer.from(png, 'base64'))
      await person.pressAt('[data-test="enter-open"]')
      await person.pressAt('[data-test="camera-open"]')
      await person.sees('签名真实')
      await person.sees('平明镇总工会')
      await person.writesAt('[data-test="visitor-employer"]', '安峰服装厂')
      await person.writesAt('[data-test="visitor-mobile"]', '13900000002')
      await person.writesAt('[data-test="field-visitor-until"]', day(-60))
      await person.isAccessible('a card that is believed')
      await person.picture('stay-card')
      await fitsHere(person, kind, 'stay-card')
      await person.pressAt('[data-test="visitor-go"]')
      await person.sees('会籍在平明镇总工会，由那里统计')
      await person.sees('扫会员证：有效')
      await person.isAccessible('a visitor')
      await person.picture('stay-here')
      await fitsHere(person, kind, 'stay-here')
    })

    await step('registered again she is refused, and a forged card is no ground', async () => {
      await person.press('会员证')
      await person.pressAt('[data-test="verify-open"]')
      await person.hands(join(data, 'card.png'), '[data-test="verify-picture"]')
      await person.sees('签名真实')
      await person.pressAt('[data-test="answer-enter"]')
      await person.sees('李小燕')
      await person.pressAt('[data-test="visitor-go"]')
      await person.sees('已经登记在本地，没有重复登记')
      await person.picture('stay-twice')
      const last = pingming.card.at(-5) === '7' ? '8' : '7'
      await person.writesAt('[data-test="stay-text"]', `${pingming.card.slice(0, -5)}${last}${pingming.card.slice(-4)}`)
      await person.strikes('Enter')
      await person.sees('不能凭这张证登记')
      await person.isAccessible('a card that does not hold')
      await person.picture('stay-forged')
    })

    await step('孙丽 has no card with a code: what was looked at is written by hand', async () => {
      await person.pressAt('[data-test="to-hand"]')
      await person.sees('请填姓名')
      await person.writesAt('[data-test="visitor-name"]', '孙丽')
      await person.writesAt('[data-test="visitor-home"]', '连云港市海州区总工会')
      await person.writesAt('[data-test="visitor-mobile"]', '13900000003')
      await person.writesAt('[data-test="visitor-employer"]', '安峰服装厂')
      await person.writesAt('[data-test="field-visitor-since"]', day(90))
      await person.writesAt('[data-test="field-visitor-until"]', day(5))
      await chooses('[data-test="visitor-check"]', '电话核对')
      await person.isAccessible('a visitor by hand')
      await person.picture('stay-hand')
      await fitsHere(person, kind, 'stay-hand')
      await person.pressAt('[data-test="visitor-go"]')
      await person.sees('已超过 5 天')
    })

    await step('张伟民 goes to 苏州: still a member, still counted', async () => {
      await person.press('会员')
      await person.press('张伟民')
      await person.pressAt('[data-test="go-out"]')
      await person.sees('外出期间会籍不变')
      await person.writesAt('[data-test="out-place"]', '苏州，建筑工地')
      await person.isAccessible('going away')
      await person.picture('go-out')
      await fitsHere(person, kind, 'go-out')
      await person.pressAt('[data-test="out-go"]')
      await person.sees('外出中')
      await person.sees('在册')
      await person.isAccessible('a member who is away')
      await person.picture('member-away')
      await fitsHere(person, kind, 'member-away')
    })

    await step('home says who is overdue; the register shows her first, and she has left', async () => {
      await person.press('首页')
      await person.sees('流动会员超期')
      await person.picture('home-overdue')
      await person.pressAt('[data-test="tile-stays_overdue"]')
      await person.sees('请核实还在不在')
      await person.pressAt('[data-test="tab-here"]')
      await person.sees('安峰服装厂')
      await person.isAccessible('the register')
      await person.picture('stays-here')
      await fitsHere(person, kind, 'stays')
      await person.pressAt('[data-test="stay-孙丽"] [data-test="stay-end"]')
      await person.isAccessible('ending a stay')
      await person.picture('stay-end')
      await person.pressAt('[data-test="end-go"]')
      await person.sees('已登记离开')
      await person.pressAt('[data-test="tab-over"]')
      await person.sees('孙丽')
      await person.pressAt('[data-test="tab-months"]')
      await person.sees('月末在本地')
      await person.isAccessible('by month')
      await person.picture('stays-months')
      await fitsHere(person, kind, 'months')
    })

    await step('张伟民 is back, and was seen today', async () => {
      await person.pressAt('[data-test="tab-away"]')
      await person.pressAt('[data-test="stay-张伟民"] [data-test="stay-end"]')
      await person.pressAt('[data-test="end-go"]')
      await person.sees('现在没有登记外出的会员')
      await person.press('会员')
      await person.press('张伟民')
      await person.sees('登记返回')
      await person.pressAt('[data-test="met-open"]')
      await person.sees('请选怎么联系上的')
      await chooses('[data-test="met-how"]', '电话')
      await person.isAccessible('having met somebody')
      await person.picture('met')
      await person.pressAt('[data-test="met-go"]')
      await person.sees('联系上）')
      await person.press('流动会员')
      await person.pressAt('[data-test="unseen-open"]')
      await person.sees('没有久未见到的会员')
      await person.isAccessible('nobody is missed')
      await person.picture('unseen-none')
    })

    await step('she is found by her initials, and stays for good: what is known stands in the form', async () => {
      await person.press('首页')
      await person.writesAt('#home-search', 'lxy')
      await person.sees('流动会员，来')
      await person.picture('stay-found')
      await person.strikes('Enter')
      await person.pressAt('[data-test="stay-take"]')
      await person.sees('接收后那条登记自动结束')
      await person.valueOf('姓名', (value) => value === '李小燕')
      await person.isAccessible('from the register to a transfer')
      await person.picture('stay-take-in')
      await fitsHere(person, kind, 'take-in')
      await person.writesAt('[data-test="accept-id"]', XIAO_LI)
      await person.pressAt('[data-test="accept-go"]')
      await person.sees('暂接，原工会是平明镇总工会')
      await person.press('流动会员')
      await person.pressAt('[data-test="tab-over"]')
      await person.sees('已转为接收会籍')
      await person.picture('stays-over')
      await county.plug()
      await reports()
      await county.sync()
      await pingming.sync()
      if (!(await pingming.call('transfers.list', { open: true })).rows.some((one) => one.name === '李小燕')) throw new Error('平明镇 was not asked to let her go')
    })
  },
}
