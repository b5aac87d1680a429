// A township has worked alone for a while; then the county invites it, and it joins with all that it has.
import { foundsAlone } from './alone.journey.mjs'
import { openCounty } from './county.mjs'
import { WANG_FANG } from './first-day.journey.mjs'

let county

export default {
  title: 'A township that worked alone joins the county with everything',
  async prepare(context) {
    county = await openCounty(context)
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step }) {
    const asks = async (place, { file, code }) => {
      await person.press(place)
      await person.press('加入县总工会…')
      await person.sees('没有填完的草稿请先保存或放弃')
      await person.hands(file, '[data-test="enrol-packet"]')
      // The note moves what stands below it: who presses before it stands there may press beside.
      await person.sees('已选择')
      await person.writes('口令码', code.toLowerCase())
      await person.press('加入')
    }

    await step('alone, 王芳 is registered and a second form is left half filled', async () => {
      await foundsAlone(person)
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('修改资料')
      await person.press('首页')
      await person.press('会员入会登记')
      await person.writes('姓名', '张伟民')
      await person.sees('草稿已留存')
    })

    await step('with the draft open she is asked to finish it first; nothing has changed', async () => {
      const invitation = await county.invites('平明镇总工会', '990100104')
      await asks('设置', invitation)
      await person.sees('还有没填完的草稿，没有加入，没有做任何改动')
      await person.isAccessible('joining with a refusal')
      await person.picture('enrol-refused')
      await person.press('取消')
      await person.press('首页')
      await person.press('张伟民')
      await person.press('不要了，重新开始')
      await asks('上报与下发', invitation)
      await person.sees('已加入县总工会，原有资料都在。')
      await person.isAccessible('an office that has joined')
      await person.picture('enrolled')
      await person.press('开始使用')
    })

    await step('the window stands in the county now, and 王芳 goes there', async () => {
      await person.seesNoMore('加入县总工会…')
      await person.sees('中转站')
      await person.isAccessible('sync after joining')
      await person.picture('enrolled-sync')
      await person.press('现在上报')
      await person.sees('全部已上报')
      await county.sync()
      const found = await county.call('search', { text: '王芳' })
      if (found.total !== 1) throw new Error(`the county finds ${found.total} members of that name`)
      await person.press('设置')
      await person.sees('停用电脑由县总工会办理')
      await person.isAccessible('settings of a township')
    })
  },
}
