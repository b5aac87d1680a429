// A township joins the county with its packet, registers a member while nobody looks, and comes into step.
import { openCounty } from './county.mjs'
import { WANG_FANG, joinsTheCounty } from './first-day.journey.mjs'

let county

export default {
  title: 'A township joins the county and comes into step',
  async prepare(context) {
    county = await openCounty(context)
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step }) {
    await step('the township joins with a file and a code told by phone', async () => {
      const { file, code } = await county.invites('平明镇总工会', '990100104')
      await joinsTheCounty(person, { file, code: code.toLowerCase() })
      await person.sees('平明镇总工会')
    })

    await step('a member saved here reaches the county, and the status line says so', async () => {
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.writes('移动电话', '13900000001')
      await person.press('登记入会')
      await person.sees('已保存在本机')
      await person.press('现在上报')
      await person.sees('全部已上报')
      await county.sync()
      const found = await county.call('search', { text: '王芳' })
      if (found.total !== 1) throw new Error(`the county finds ${found.total} members of that name`)
      await person.picture('sent')
      await person.press('关闭')
      // What stands where is right on the page that was open meanwhile.
      await person.seesNoMore('还没有上报')
    })

    await step('what the county has confirmed is green here', async () => {
      await county.sync()
      await person.press('现在上报')
      await person.sees('还剩 0 条未上报')
      await person.press('关闭')
      await person.press('会员')
      await person.press('王芳')
      await person.sees('县总工会已确认')
      await person.picture('confirmed')
    })
  },
}
