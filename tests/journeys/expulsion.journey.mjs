// Members who are not seen any more, and those who are expelled: what an office and the county do about them.
import { fitsHere, opens } from './fits.mjs'
import { foundsTheCounty, WANG_FANG } from './first-day.journey.mjs'

const SHAN_XIAO = '99010619880808004X'

export default {
  title: 'Warned of, talked to, deemed to have left; expelled, and taken on record',
  async walk({ person, step, kind }) {
    const joins = async (name, number, paid) => {
      await opens(person, '/members/join')
      await person.writes('姓名', name)
      await person.writes('证件号码', number)
      await person.strikes('Enter')
      await person.writes('工作单位', '大平乳品厂')
      await person.writes('会费交至', paid)
      await person.writes('入会日期', '2020-03-01')
      await person.press('登记入会')
      await person.sees('修改资料')
    }
    const changes = async (event, fields) => {
      await person.press('会籍变更')
      await person.pressAt(`[data-test="event-${event}"]`)
      for (const [label, text] of Object.entries(fields)) await person.writes(label, text)
      await person.pressAt('[data-test="change-save"]')
    }

    await step('two have not been seen for months, and home says so', async () => {
      await foundsTheCounty(person)
      await person.press('三份都已打印或抄好')
      await person.press('开始使用')
      await joins('王芳', WANG_FANG, '2024-05-31')
      await joins('单晓', SHAN_XIAO, '2024-08-31')
      await person.sees('可研究是否自动退会')
      await person.press('首页')
      await person.pressAt('[data-test="tile-idle"]')
      await person.sees('未交会费')
      await person.isAccessible('members who are warned of')
      await person.picture('warned')
      await fitsHere(person, kind, 'warned')
    })

    await step('one came to the meeting and paid', async () => {
      await person.pressAt('[data-test="choose-单晓"]')
      await person.pressAt('[data-test="seen-open"]')
      await person.writes('什么活动（可不填）', '会员大会')
      await person.isAccessible('what is recorded')
      await person.picture('seen')
      await person.pressAt('[data-test="seen-save"]')
      await person.sees('已登记 1 人')
      await person.seesNoMore('99010619880808')
      await person.sees('王芳')
    })

    await step('the other one was talked to, and is deemed to have left by a decision', async () => {
      await opens(person, '/members')
      await person.press('王芳')
      await changes('talked', { 原因: '电话联系，本人表示不再参加' })
      await person.sees('已谈话教育')
      await person.picture('talked')
      await person.press('会籍变更')
      await person.pressAt('[data-test="event-left"]')
      await person.pressAt('[data-test="kind-deemed"]')
      await person.writes('决定文件', '东工〔2026〕8号')
      await person.writes('原因', '六个月未交会费、未参加活动')
      await person.pressAt('[data-test="change-save"]')
      await person.sees('自动退会')
      await person.picture('deemed')
      const badge = await person.reads('[data-test="membership"]')
      if (badge !== '退会') throw new Error(`the badge says ${badge}`)
    })

    await step('an expulsion waits at the county until it is taken on record', async () => {
      await opens(person, '/members')
      await person.press('单晓')
      await changes('expelled', { 决定文件: '东工〔2026〕9号', 原因: '因犯罪被开除会籍', '这一步很重要，请输入姓名“单晓”确认': '单晓' })
      await person.sees('还没有备案')
      await person.picture('expelled')
      await person.press('首页')
      await person.pressAt('[data-test="tile-expulsions"]')
      await person.sees('东工〔2026〕9号')
      await person.isAccessible('expulsions')
      await person.picture('expulsions')
      await fitsHere(person, kind, 'expulsions')
      await person.pressAt('[data-test="choose-单晓"]')
      await person.writesAt('[data-test="record-document"]', '备〔2026〕1号')
      await person.pressAt('[data-test="record-go"]')
      await person.sees('没有待备案的')
      await person.picture('expulsions-taken')
      await person.press('查看并修改')
      await person.sees('备〔2026〕1号')
      await person.isAccessible('a member whose expulsion is on record')
    })
  },
}
