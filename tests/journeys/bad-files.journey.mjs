// Sheets that cannot be read: each is refused in a sentence that says what to do, nobody is written, and the right sheet still comes in.
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foundsAlone } from './alone.journey.mjs'
import { TOP } from './runner.mjs'

const MEGABYTE = 1 << 20
const fixture = (name) => join(TOP, 'tests', 'fixtures', 'rosters', name)

/** How each file came to be what it is, and what the clerk is told: what happened, what it means, what to do. */
const REFUSED = [
  {
    what: 'a workbook that was cut short on its way',
    name: '没拷完的名册.xlsx',
    made: (path) => writeFileSync(path, readFileSync(fixture('anfeng-members.xlsx')).subarray(0, 30_000)),
    says: '文件不完整或已损坏，为避免漏人，没有导入任何内容。请重新复制；若仍不行，用 Excel 或 WPS 打开后另存为 .xlsx 再试。',
  },
  {
    what: 'a workbook with a password',
    name: '加了密码的名册.xlsx',
    made: (path) => copyFileSync(fixture('password.xlsx'), path),
    says: '文件设有打开密码，本软件不能读取。请用 Excel 或 WPS 输入密码打开，取消密码后另存，再导入。',
  },
  {
    what: 'a workbook with nothing in it',
    name: '空白名册.xlsx',
    made: (path) => copyFileSync(fixture('empty.xlsx'), path),
    says: '工作簿可以打开，但没有一张可见的工作表有内容，没有可导入的数据。请确认选对了文件，并已填写、保存。',
  },
  {
    what: 'a file of no bytes',
    name: '零字节.xlsx',
    made: (path) => writeFileSync(path, ''),
    says: '这个文件里什么都没有（0 字节），多半是没有复制完整。请重新复制，或向对方再要一份。',
  },
  {
    what: 'a table of something else',
    name: '天气.csv',
    made: (path) => writeFileSync(path, '日期,天气\n今天,晴\n'),
    says: '在前 30 行里没有找到认识的表头，无法知道哪一列是什么。看到的表头是：日期、天气。请点“下载模板”对照，或把表头改成模板上的名称再导入。',
  },
  {
    what: 'a picture by the name of a sheet',
    name: '照片.xls',
    made: (path) => writeFileSync(path, Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')),
    says: '而是图片，没有导入任何内容。请选择 .xlsx、.xls 或 .csv 表格。',
  },
  {
    what: 'a file of 200 MB',
    name: '全县照片.xlsx',
    made: (path) => {
      writeFileSync(path, 'PK')
      truncateSync(path, 200 * MEGABYTE)
    },
    says: '文件有 200 MB，超过 100 MB 的上限，没有读取。',
  },
]

export default {
  title: 'Sheets that cannot be read are refused kindly',
  async walk({ person, step, data }) {
    await step('an office without members', async () => {
      await foundsAlone(person)
      await person.press('导入会员表')
    })

    for (const { what, name, made, says } of REFUSED) {
      await step(`${what} is refused, and the clerk is told what to do`, async () => {
        const path = join(data, name)
        made(path)
        await person.hands(path)
        await person.sees(says)
        await person.sees(`没有读入：${name}`)
        if (name === '没拷完的名册.xlsx') {
          await person.isAccessible('a refused sheet')
          await person.picture('refused-sheet')
        }
      })
    }

    await step('nothing of them was written', async () => {
      await person.press('以前的导入')
      await person.sees('还没有导入过。')
      await person.press('会员')
      await person.sees('还没有会员')
    })

    await step('the right sheet comes in afterwards', async () => {
      const sheet = join(data, '名册.csv')
      writeFileSync(sheet, '姓名,证件号码\n张伟,99010119790511003X\n刘洋,990101198501010010\n')
      await person.press('首页')
      await person.press('导入会员表')
      await person.hands(join(data, '天气.csv'))
      await person.sees('看到的表头是：日期、天气。')
      await person.hands(sheet)
      await person.sees('共 2 列，认出 2 列。')
      // What was said of the other file is gone with it.
      await person.seesNoMore('看到的表头是')
      await person.press('确认导入 2 行')
      await person.sees('已导入 2 行。')
      await person.press('查看会员')
      await person.sees('共 2 条')
    })
  },
}
