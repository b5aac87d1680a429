// 王芳's membership is kept while she is away, comes back, and ends; each change has its day, its reason and its paper.
import { foundsAlone } from './alone.journey.mjs'
import { fitsHere } from './fits.mjs'
import { WANG_FANG } from './first-day.journey.mjs'

export default {
  title: 'A membership changes, with reason and document',
  async walk({ person, step, kind }) {
    const changes = async (event, reason, document, called = '依据文件（可不填）') => {
      await person.press('会籍变更')
      await person.sees('王芳：会籍变更')
      await person.press(event)
      await person.writes('原因', reason)
      if (document) await person.writes(called, document)
    }

    await step('she joins', async () => {
      await foundsAlone(person)
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('修改资料')
    })

    await step('what cannot follow is grey and says why; without a reason nothing is confirmed', async () => {
      await person.press('会籍变更')
      await person.sees('请先选择办理哪一种。')
      await person.sees('按现在的会籍不能办理')
      if (!(await person.asks(`() => document.querySelector('[data-test="event-restored"]').disabled`))) throw new Error('a membership that runs can be brought back')
      await person.isAccessible('a change of membership')
      await person.press('保留会籍')
      await person.sees('请填写原因。')
      if (!(await person.asks(`() => document.querySelector('[data-test="change-save"]').disabled`))) throw new Error('a change without a reason can be confirmed')
      await person.picture('membership-change')
      await fitsHere(person, kind, 'change')
      await person.press('取消')
      await person.sees('在册')
    })

    await step('her membership is kept, and the page says why and on which paper', async () => {
      await changes('保留会籍', '停薪留职两年', '平工字〔2026〕3号')
      await person.isAccessible('a change that is filled in')
      await person.press('确认变更')
      await person.sees('平工字〔2026〕3号')
      await person.sees('停薪留职两年')
      await person.isAccessible('a member whose membership is kept')
      await person.picture('membership-retained')
      const badge = await person.reads('[data-test="membership"]')
      if (badge !== '保留会籍') throw new Error(`the badge says ${badge}`)
    })

    await step('she is back', async () => {
      await changes('恢复会籍', '回单位上班')
      await person.press('确认变更')
      await person.sees('回单位上班')
      const badge = await person.reads('[data-test="membership"]')
      if (badge !== '在册') throw new Error(`the badge says ${badge}`)
    })

    await step('an expulsion waits for her name to be typed, and is in the list and the log', async () => {
      await changes('开除会籍', '经会员大会决定', '平工字〔2026〕9号', '决定文件')
      await person.sees('请输入姓名“王芳”确认')
      await person.isAccessible('an expulsion')
      await person.writesAt('[data-test="change-name"]', '王方')
      if (!(await person.asks(`() => document.querySelector('[data-test="change-save"]').disabled`))) throw new Error('another name is good enough')
      await person.writesAt('[data-test="change-name"]', '王芳')
      await person.picture('membership-expelled')
      await person.press('确认变更')
      await person.sees('平工字〔2026〕9号')
      await person.press('会员')
      await person.sees('共 1 条')
      await person.sees('开除会籍')
      await person.press('操作记录')
      await person.sees('停薪留职两年')
      await person.isAccessible('the log with reasons')
    })
  },
}
