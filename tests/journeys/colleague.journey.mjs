// A colleague comes to work here under her own name, and changes the passphrase that she was given.
import { foundsAlone } from './alone.journey.mjs'
import { WANG_FANG } from './first-day.journey.mjs'

const GIVEN = '先用这一句临时口令'
const OWN = '石榴花开红似火八月'

export default {
  title: 'A colleague comes, and changes her passphrase',
  async walk({ person, step }) {
    const opens = async (name, passphrase) => {
      await person.sees('数据都在本机，已加密。')
      await person.press(name)
      await person.writes('口令', passphrase)
      await person.press('打开')
    }

    await step('she is added, with what she may do', async () => {
      await foundsAlone(person)
      await person.press('设置')
      await person.press('增加经办人')
      await person.sees('可以做什么')
      await person.isAccessible('a further clerk')
      await person.writes('姓名', '赵红梅')
      await person.writes('设一个口令', GIVEN)
      await person.writes('再输一遍口令', '不一样的一句话呀')
      await person.isAccessible('a further clerk with a refusal')
      await person.writes('再输一遍口令', GIVEN)
      await person.picture('colleague')
      await person.pressAt('[data-test="clerk-save"]')
      await person.sees('已增加经办人：赵红梅')
    })

    await step('she opens the office with her name, and what she does stands under it', async () => {
      await person.press('锁定')
      await person.sees('赵红梅')
      await person.isAccessible('unlock with two names')
      await person.picture('colleague-unlock')
      await opens('赵红梅', GIVEN)
      await person.press('首页')
      await person.sees('赵红梅，今天办什么？')
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('赵红梅 记于')
    })

    await step('what she may not do is grey, and says who does it', async () => {
      await person.press('设置')
      await person.sees('增加经办人由安全管理员办理。')
      if (!(await person.asks(`() => document.querySelector('[data-test="clerk-add"]').disabled`))) throw new Error('every clerk can add clerks')
      await person.isAccessible('settings of a clerk')
      await person.picture('colleague-may-not')
    })

    await step('she changes her passphrase: not without the old one, then with it', async () => {
      const changes = async (old) => {
        await person.writes('现在的口令', old)
        await person.writes('设一个口令', OWN)
        await person.writes('再输一遍口令', OWN)
        await person.pressAt('[data-test="passphrase-save"]')
      }
      await person.press('更换口令')
      await person.isAccessible('a new passphrase')
      await changes('记错了的旧口令')
      await person.sees('口令不对')
      await person.isAccessible('a new passphrase with a refusal')
      await changes(GIVEN)
      await person.sees('口令已更换，下次用新口令打开。')
      await person.press('锁定')
      await opens('赵红梅', GIVEN)
      await person.sees('口令不对，没有打开。')
      await opens('赵红梅', OWN)
      await person.sees('赵红梅')
      await person.press('首页')
      await person.sees('今天办什么？')
    })
  },
}
