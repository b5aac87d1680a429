// Every page of a county federation, on an old notebook, on an office screen and at 150 %: nothing sticks out, nothing huddles.
import { join } from 'node:path'
import { fits, opens } from './fits.mjs'
import { foundsTheCounty, WANG_FANG } from './first-day.journey.mjs'
import { TOP } from './runner.mjs'

const WORKBOOK = join(TOP, 'tests', 'fixtures', 'rosters', 'pingming-members.xlsx')

export default {
  title: 'Every page fits the screens that people have',
  windows: ['browser'],
  async walk({ person, step }) {
    const wrong = []
    const looks = async (name) => wrong.push(...(await fits(person, `size-${name}`)))
    const visits = async (address, words, name) => {
      await opens(person, address)
      await person.sees(words)
      await looks(name)
    }
    // All of them are looked at before the verdict: one run tells everything that has to be mended.
    const verdict = () => {
      if (wrong.length > 0) throw new Error(`${wrong.length} things do not fit:\n${wrong.splice(0).join('\n')}`)
    }

    await step('the first pages, up to the printed root', async () => {
      await person.sees('欢迎使用娘家')
      await looks('start')
      for (const [way, name] of [['新建县总工会', 'create'], ['用数据包加入', 'join'], ['单独使用', 'alone']]) {
        await person.press(way)
        await person.sees('您的姓名')
        await looks(`start-${name}`)
        await person.reloads()
        await person.sees('欢迎使用娘家')
      }
      await foundsTheCounty(person)
      await looks('kit')
      await person.press('三份都已打印或抄好')
      await person.press('开始使用')
      await person.sees('李静，今天办什么？')
      verdict()
    })

    await step('a sheet comes in, by every page of the import', async () => {
      await visits('/members/import', '选择', 'import')
      await person.hands(WORKBOOK)
      await person.sees('证件号码校验位不对')
      await looks('import-preview')
      await person.press('确认导入 1,107 行')
      await person.sees('已导入 1,107 行。')
      await looks('import-result')
      await visits('/members/imports', '经办人', 'imports')
      verdict()
    })

    await step('the forms, empty', async () => {
      await visits('/members/join', '登记入会', 'form-member')
      await visits('/enterprises/new', '单位名称', 'form-enterprise')
      await visits('/organisations/new', '工会名称', 'form-organisation')
      await visits('/ledgers/posts/new', '任职日期', 'form-post')
      await visits('/ledgers/committees/new', '批复文号', 'form-committee')
      verdict()
    })

    await step('the pages of records, and a form over one of them', async () => {
      await opens(person, '/members/join')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('修改资料')
      await looks('member')
      await person.pressAt('[data-test="tab-facts"]')
      await looks('member-facts')
      await person.press('修改资料')
      await looks('member-edit')
      await opens(person, '/enterprises/new')
      await person.writes('单位名称', '白塔化工建材厂')
      await person.press('保存')
      await person.sees('修改资料')
      await looks('enterprise')
      await opens(person, '/organisations/new')
      await person.writes('工会名称', '上房村工会联合会')
      await person.chooses('上级工会', '东海县总工会')
      await person.chooses('工会组织类别', '村')
      await person.press('保存')
      await person.sees('修改资料')
      await looks('organisation')
      await visits('/members/00000000000000000000000000000000', '返回', 'unknown')
      verdict()
    })

    await step('the lists, home, and what belongs to the office', async () => {
      await visits('/', '今天办什么？', 'home')
      await visits('/members', '共 1,108 条', 'members')
      await visits('/enterprises', '共', 'enterprises')
      await visits('/organisations', '上房村工会联合会', 'organisations')
      await person.pressAt('[role="treeitem"]')
      await person.sees('打开')
      await looks('organisations-chosen')
      await visits('/ledgers/posts', '共', 'posts')
      await visits('/sync', '还没有启用中转站。', 'sync')
      await visits('/offices', '还没有乡镇工会', 'offices')
      await visits('/log', '会员入会登记', 'log')
      await visits('/settings', '本机副本', 'settings')
      verdict()
    })

    await step('locked', async () => {
      await person.press('锁定')
      await person.sees('数据都在本机，已加密。')
      await looks('unlock')
      verdict()
    })
  },
}
