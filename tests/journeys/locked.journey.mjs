// The clerk locks and goes home; what was saved goes on to the county behind the locked window, which says so.
import { openCounty } from './county.mjs'
import { PASSPHRASE, WANG_FANG, joinsTheCounty } from './first-day.journey.mjs'

let county

export default {
  title: 'A locked PC goes on sending, and says so',
  async prepare(context) {
    county = await openCounty(context)
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step }) {
    const opens = async () => {
      await person.sees('数据都在本机，已加密。')
      await person.writes('口令', PASSPHRASE)
      await person.press('打开')
      await person.sees('锁定')
    }

    await step('with the cable out a member is saved, and the clerk locks', async () => {
      await joinsTheCounty(person, await county.invites('平明镇总工会', '990100104'))
      await person.press('现在上报')
      await person.sees('全部已上报')
      await person.press('关闭')
      await county.unplug()
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('已保存在本机')
      await person.press('锁定')
      await person.sees('条会继续上送；收到的数据解锁后生效。')
      await person.isAccessible('locked, with something to send')
      await person.picture('locked-unsent')
    })

    await step('the line is back as the clerk locks, and the county has her', async () => {
      // Unlocked while the cable is still out: what the open office tries fails, and the locked one sends.
      await opens()
      await county.plug()
      await person.press('锁定')
      await person.sees('已锁定：内容已全部上报')
      await person.picture('locked-sent')
      await county.sync()
      const found = await county.call('search', { text: '王芳' })
      if (found.total !== 1) throw new Error(`the county finds ${found.total} members of that name`)
    })

    await step('who does not want that switches it off', async () => {
      await opens()
      await person.press('设置')
      await person.sees('锁定后收发')
      await person.isAccessible('carrying in the settings')
      await person.picture('locked-settings')
      await person.pressAt('[data-test="carry-on"]')
      await person.press('锁定')
      await person.sees('数据都在本机，已加密。')
      await person.seesNoMore('已锁定：')
    })
  },
}
