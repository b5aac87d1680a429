// The wrong sheet came in. The import is taken back as a whole; whoever was worked on since stays, and is named.
import { join } from 'node:path'
import { foundsAlone } from './alone.journey.mjs'
import { TOP } from './runner.mjs'

const WORKBOOK = join(TOP, 'tests', 'fixtures', 'rosters', 'pingming-members.xlsx')

export default {
  title: 'A whole import is taken back',
  async walk({ person, step }) {
    await step('the sheet is dropped on the page and comes in', async () => {
      await foundsAlone(person)
      await person.press('导入会员表')
      await person.sees('选择表格')
      await person.isAccessible('the place for a sheet')
      await person.drops(WORKBOOK, '.drop')
      await person.press('确认导入 1,107 行')
      await person.sees('已导入 1,107 行。')
      await person.isAccessible('what an import did')
    })

    await step('one of them is worked on', async () => {
      await person.press('首页')
      await person.writesAt('#home-search', 'wfx')
      await person.press('武芳晓')
      await person.press('修改资料')
      await person.pressAt('[data-test="reveal-mobile"]')
      await person.writes('移动电话', '13700000002')
      await person.press('保存')
      await person.sees('137****0002')
    })

    await step('it is taken back by typing, and the one who was worked on stays', async () => {
      await person.press('会员')
      await person.press('导入会员表')
      await person.press('以前的导入')
      await person.sees('pingming-members.xlsx')
      await person.isAccessible('earlier imports')
      await person.press('整批撤销')
      await person.sees('将撤销这次导入的 1,107 行')
      await person.isAccessible('taking an import back')
      await person.writesAt('[data-test="confirm-word"]', '删除')
      if (!(await person.asks(`() => document.querySelector('[data-test="confirm-go"]').disabled`))) throw new Error('another word is good enough')
      await person.writesAt('[data-test="confirm-word"]', '撤销')
      await person.picture('taken-back-confirm')
      await person.pressAt('[data-test="confirm-go"]')
      await person.sees('已撤销 1,106 行。')
      await person.sees('1 条没有撤销：')
      await person.sees('武芳晓')
      await person.isAccessible('an import that was taken back')
      await person.picture('taken-back')
      await person.press('会员')
      await person.sees('共 1 条')
      await person.sees('武芳晓')
    })
  },
}
