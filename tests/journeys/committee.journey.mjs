// The union of a village elects its committee and its chairwoman; both stand in their ledgers and lead to the union.
import { foundsAlone } from './alone.journey.mjs'

export default {
  title: 'A union has a committee and posts',
  async walk({ person, step }) {
    await step('the union is there', async () => {
      await foundsAlone(person)
      await person.press('工会组织')
      await person.press('登记工会组织')
      await person.writes('工会名称', '上房村工会联合会')
      await person.chooses('上级工会', '平明镇总工会')
      await person.chooses('工会组织类别', '村')
      await person.press('保存')
      await person.sees('修改资料')
    })

    await step('its committee is registered', async () => {
      await person.press('委员会')
      await person.press('新增委员会')
      await person.sees('批复文号')
      await person.isAccessible('a new committee')
      await person.press('保存')
      await person.sees('请填写')
      await person.isAccessible('a new committee with refusals')
      await person.chooses('工会组织', '上房村工会联合会')
      await person.chooses('委员会类别', '女职工委员会')
      await person.writes('选举日期', '2026-03-06')
      await person.writes('批复文号', '平工发〔2026〕12号')
      await person.writes('委员人数', '5')
      await person.picture('committee-form')
      await person.press('保存')
      await person.sees('修改资料')
      await person.sees('女职工委员会')
      await person.isAccessible('a committee')
      await person.picture('committee')
    })

    await step('so is who holds which post', async () => {
      await person.press('工会职务')
      await person.press('新增工会职务')
      await person.isAccessible('a new post')
      await person.chooses('工会组织', '上房村工会联合会')
      await person.writes('姓名', '陈桂兰')
      await person.chooses('职务', '女职工委员会主任')
      await person.writes('任职日期', '2026-03-06')
      await person.press('保存')
      await person.sees('修改资料')
      await person.isAccessible('a post')
      await person.picture('post')
    })

    await step('both stand in their ledgers, and lead to the union', async () => {
      await person.press('委员会')
      await person.sees('平工发〔2026〕12号')
      await person.isAccessible('committees')
      await person.picture('committees')
      await person.press('工会职务')
      await person.sees('共 1 条')
      await person.isAccessible('posts')
      await person.press('陈桂兰')
      await person.pressAt('[data-test="fact-organisation"] a')
      await person.sees('返回工会组织列表')
      await person.sees('上房村工会联合会')
    })

    await step('an address that leads nowhere says so', async () => {
      for (const [address, words] of [['#/ledgers/ships', '没有这个台账'], ['#/ledgers/ships/new', '没有这个台账'], ['#/ledgers/posts/00000000000000000000000000000000', '打不开这条工会职务记录'], ['#/members/00000000000000000000000000000000', '打不开这条会员记录']]) {
        await person.asks(`(address) => { location.hash = address }`, address)
        await person.sees(words)
        await person.isAccessible(`nothing at ${address}`)
      }
      await person.picture('nothing-there')
    })
  },
}
