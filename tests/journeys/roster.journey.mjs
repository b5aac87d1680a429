// A roster comes in from a sheet: looked at row by row, written, and taken back as a whole.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foundsTheCounty } from './first-day.journey.mjs'

/** Made-up people of area 9901; the last number has a wrong check digit. */
const ROSTER = `姓名,证件号码,移动电话,工作单位
张伟,99010119790511003X,13900000002,白塔化工建材厂
刘洋,990101198501010010,13900000003,浦南硅微粉厂
陈静,990101199001010011,13900000004,浦南硅微粉厂
`

/** The next week: 张伟 has another phone, and 王芳 is new. */
const LATER = `姓名,证件号码,移动电话,工作单位
张伟,99010119790511003X,13700000009,白塔化工建材厂
王芳,99010119900615007X,13900000005,浦南硅微粉厂
`

export default {
  title: 'A roster comes in from a sheet',
  async walk({ person, step, data }) {
    const sheet = join(data, '会员 花名册.csv')
    writeFileSync(sheet, `\uFEFF${ROSTER}`)

    await step('the columns are recognised and every row is looked at before anything is written', async () => {
      await foundsTheCounty(person)
      await person.press('三份都已打印或抄好')
      await person.press('开始使用')
      await person.press('导入会员表')
      await person.press('下载模板')
      const template = readFileSync(await person.receives('.xlsx'))
      if (template.subarray(0, 2).toString() !== 'PK') throw new Error('what was handed out is no workbook')
      await person.hands(sheet)
      await person.sees('共 4 列，认出 4 列。')
      await person.sees('不能导入')
      await person.picture('import-preview')
    })

    await step('the good rows are written, the wrong one is named with its reason', async () => {
      await person.press('确认导入 2 行')
      await person.sees('已导入 2 行。')
      await person.sees('1 行没有导入')
      await person.picture('import-result')
      await person.press('查看会员')
      await person.sees('张伟')
      await person.sees('共 2 条')
    })

    await step('what differs and was not ticked is said to stay as it was', async () => {
      const again = join(data, '又一份.csv')
      writeFileSync(again, `\uFEFF${LATER}`)
      await person.press('导入会员表')
      await person.hands(again)
      await person.press('确认导入 1 行')
      await person.sees('已导入 1 行。')
      await person.sees('1 行库里已有、内容不同，没有改动')
      await person.isAccessible('import with rows that were not taken')
      await person.picture('import-not-taken')
    })
  },
}
