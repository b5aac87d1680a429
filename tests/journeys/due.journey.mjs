// What comes due stands on the home page, and its number leads to the list of it.
import { foundsAlone } from './alone.journey.mjs'
import { WANG_FANG } from './first-day.journey.mjs'

const ahead = (days) => new Date(Date.now() + 8 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10)

export default {
  title: 'What comes due is a number on the home page, and a list',
  async walk({ person, step }) {
    const registers = async (name, day) => {
      await person.press('工会组织')
      await person.press('登记工会组织')
      await person.writes('工会名称', name)
      await person.chooses('上级工会', '平明镇总工会')
      await person.chooses('工会组织类别', '村')
      await person.writes('换届日期', day)
      await person.press('保存')
      await person.sees('修改资料')
    }

    await step('one election comes soon, one does not', async () => {
      await foundsAlone(person)
      await registers('上房村工会联合会', ahead(30))
      await registers('条河村工会联合会', ahead(300))
      await person.press('首页')
      await person.press('即将到期')
      await person.sees('上房村工会联合会')
      await person.seesNoMore('加载')
      const listed = await person.reads('[data-test="table"]')
      if (listed.includes('条河村')) throw new Error('an election far off is listed')
      await person.isAccessible('a list of what comes due')
      await person.picture('due')
    })

    await step('with a contract that ends, the number leads to both', async () => {
      await person.press('首页')
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.writes('劳动合同起', '2020-01-01')
      await person.writes('劳动合同止', ahead(20))
      await person.press('登记入会')
      await person.sees('修改资料')
      await person.press('首页')
      await person.sees('合同到期 1')
      await person.isAccessible('home with two lists')
      await person.picture('due-home')
      await person.press('合同到期 1')
      await person.sees('共 1 条')
      await person.sees('王芳')
      await person.press('60 天内到期')
      await person.seesNoMore('没有符合条件的')
    })
  },
}
