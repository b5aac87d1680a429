// 王芳 gets her card, loses it and gets another one; whoever shows one is believed or not, by what this PC knows.
import { foundsAlone } from './alone.journey.mjs'
import { fitsHere } from './fits.mjs'
import { WANG_FANG } from './first-day.journey.mjs'

export default {
  title: 'A card is ordered, handed out, lost and replaced',
  async walk({ person, step, kind }) {
    let number = ''

    await step('she joins, and without numbers no card is ordered', async () => {
      await foundsAlone(person)
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('修改资料')
      await person.pressAt('[data-test="tab-cards"]')
      await person.sees('还没有会员证')
      await person.press('办证')
      await person.sees('本机的证号不够')
      await person.isAccessible('a member without a card')
    })

    await step('the office works alone and numbers its own cards', async () => {
      await person.press('会员证')
      await person.sees('本机没有可用的证号')
      await person.isAccessible('the ledger of cards')
      await person.picture('cards-empty')
      await person.pressAt('[data-test="numbers-open"]')
      await person.sees('申请号段')
      await fitsHere(person, kind, 'numbers')
      await person.pressAt('[data-test="ask-go"]')
      await person.sees('200')
      await person.isAccessible('the numbers')
      await person.picture('cards-numbers')
    })

    await step('cards are ordered in a batch', async () => {
      await person.press('会员证')
      await person.pressAt('[data-test="order-open"]')
      await person.sees('王芳')
      await person.isAccessible('ordering')
      await person.pressAt('[data-test="everybody"]')
      await person.picture('cards-order')
      await person.seesNoMore('已分配，可以办证了')
      await fitsHere(person, kind, 'order')
      await person.pressAt('[data-test="order-go"]')
      await person.sees('已办理 1 张')
      await person.picture('cards-ordered')
      await person.press('会员证台账')
      await person.sees('待制作')
      await person.picture('cards-ledger')
    })

    await step('the card is printed, handed out, lost and replaced; a loss needs its reason', async () => {
      await person.press('王芳')
      await person.sees('办理经过')
      number = await person.reads('h1')
      const changes = async (event, reason) => {
        await person.pressAt('[data-test="card-change-open"]')
        await person.pressAt(`[data-test="event-${event}"]`)
        if (reason) await person.writesAt('[data-test="card-reason"]', reason)
        await person.pressAt('[data-test="card-save"]')
      }
      await changes('handed_out')
      await person.sees('已发放')
      await person.pressAt('[data-test="card-change-open"]')
      await person.pressAt('[data-test="event-lost"]')
      if (!(await person.asks(`() => document.querySelector('[data-test="card-save"]').disabled`))) throw new Error('a loss without a reason can be recorded')
      await person.isAccessible('a change of a card')
      await person.picture('card-change')
      await person.press('取消')
      await changes('lost', '在集市上遗失')
      await person.sees('已挂失')
      await person.sees('在集市上遗失')
      await person.isAccessible('a card that was lost')
      await person.picture('card-lost')
      await changes('replaced', '遗失补办')
      await person.sees('待制作')
    })

    await step('a card without a leased place has no code, and says so', async () => {
      await person.pressAt('[data-test="tab-code"]')
      await person.sees('生成二维码')
      await person.isAccessible('the tab of the code')
      await person.pressAt('[data-test="show-code"]')
      await person.sees('不能生成二维码')
      await person.picture('card-without-code')
    })

    await step('two paper cards of one number are entered on purpose, and one keeps it', async () => {
      const joins = async (name, id, word) => {
        await person.press('首页')
        await person.press('会员入会登记')
        await person.writes('姓名', name)
        await person.writes('证件号码', id)
        await person.strikes('Enter')
        await person.press('登记入会')
        await person.sees('修改资料')
        await person.pressAt('[data-test="tab-cards"]')
        await person.pressAt('[data-test="enter-open"]')
        await person.writesAt('[data-test="enter-number"]', '东工0123')
        await person.pressAt('[data-test="enter-go"]')
        await person.sees(word)
      }
      await joins('张伟民', '990101198001010014', '已保存在本机')
      await joins('赵敏', '990102198511121239', '这个证号已经登记在另一张会员证上')
      await person.isAccessible('a number that is taken')
      await person.pressAt('[data-test="enter-twice"]')
      await person.pressAt('[data-test="enter-go"]')
      await person.sees('已保存在本机')
      await person.press('首页')
      await person.sees('重号的会员证')
      await person.pressAt('[data-test="tile-cards_twice"]')
      await person.sees('证号 东工0123 发了两张')
      await person.isAccessible('a number given out twice')
      await person.picture('cards-twice')
      await fitsHere(person, kind, 'twice')
      await person.pressAt('[data-test="keep-张伟民"]')
      await person.writesAt('[data-test="keep-reason"]', '发证在先')
      await person.picture('cards-keep')
      await person.pressAt('[data-test="keep-go"]')
      await person.seesNoMore('发了两张')
      await person.sees('重号停用')
    })

    await step('a number is verified by hand: the old one is void, the new one holds, a mistyped one is unknown', async () => {
      number = number.match(/\d{20}/)?.[0] ?? ''
      await person.press('会员证')
      await person.pressAt('[data-test="verify-open"]')
      const shows = async (text, answer) => {
        await person.writesAt('[data-test="verify-text"]', text)
        await person.pressAt('[data-test="verify-go"]')
        await person.sees(answer)
      }
      await shows(number, '本机台账：王芳，已换发')
      await person.isAccessible('an answer')
      await person.picture('verify-number')
      const wrong = `${number.slice(0, 19)}${number.endsWith('0') ? '1' : '0'}`
      await shows(wrong, '这不是本县会员证的二维码')
      await fitsHere(person, kind, 'verify')
    })
  },
}
