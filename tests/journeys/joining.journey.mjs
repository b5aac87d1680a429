// A township joins the county with its packet, registers a member while nobody looks, and comes into step.
import { openCounty } from './county.mjs'
import { PASSPHRASE, WANG_FANG } from './first-day.journey.mjs'

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
      await person.sees('欢迎使用娘家')
      await person.press('用数据包加入')
      await person.hands(file)
      await person.writes('口令码', code.toLowerCase())
      await person.writes('您的姓名', '李强')
      await person.writes('设一个口令', PASSPHRASE)
      await person.writes('再输一遍口令', PASSPHRASE)
      await person.press('加入')
      await person.sees('李强，今天办什么？')
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
