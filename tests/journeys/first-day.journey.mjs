// The first day of a county federation: founded, the first member joins, found again by initials, locked and opened.

import { join } from 'node:path'
import { TOP } from './runner.mjs'

export const PASSPHRASE = '桃花潭水深千尺三月'
/** Made up: area 9901 is given to nobody. */
export const WANG_FANG = '990101198803250028'

/** Founds the county federation that most journeys begin with. */
export async function foundsTheCounty(person, pc) {
  await person.sees('欢迎使用娘家')
  await person.press('新建县总工会')
  await person.writes('工会全称', '东海县总工会')
  await person.writes('行政区划代码', '990100')
  await person.writes('您的姓名', '李静')
  await person.writes('设一个口令', PASSPHRASE)
  await person.writes('再输一遍口令', PASSPHRASE)
  if (pc) await person.writes('这台电脑叫什么（可不填）', pc)
  await person.press('建立')
  await person.sees('东海县总工会的应急密钥')
}

/** Joins the county with an enrolment packet and the code told by phone. */
export async function joinsTheCounty(person, { file, code }) {
  await person.sees('欢迎使用娘家')
  await person.press('用数据包加入')
  await person.hands(file)
  await person.sees('已选择')
  await person.writes('口令码', code)
  await person.writes('您的姓名', '李强')
  await person.writes('设一个口令', PASSPHRASE)
  await person.writes('再输一遍口令', PASSPHRASE)
  await person.press('加入')
  await person.sees('李强，今天办什么？')
}

/** Waits until a face stands on the page with all its points, or none does. */
async function pictured(person, wanted) {
  for (let look = 0; look < 100; look += 1) {
    const wide = await person.asks(`() => document.querySelector('[data-test="picture"]')?.naturalWidth ?? 0`)
    if (wide > 0 === wanted) return
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(wanted ? 'no photo came up' : 'the photo is still there')
}

export default {
  title: 'The first day of a county federation',
  async walk({ person, step }) {
    await step('the county is founded, and its root is shown in three parts', async () => {
      await person.picture('start')
      await foundsTheCounty(person)
      await person.sees('第 3 份')
      await person.press('三份都已打印或抄好')
      await person.press('开始使用')
      await person.sees('李静，今天办什么？')
      await person.picture('home-empty')
    })

    await step('a union organisation is registered', async () => {
      await person.press('工会组织')
      await person.press('登记工会组织')
      await person.writes('工会名称', '平明镇总工会')
      await person.chooses('上级工会', '东海县总工会')
      await person.chooses('工会组织类别', '乡镇总工会')
      await person.press('保存')
      await person.sees('已保存在本机')
    })

    await step('a member joins, and the identity number fills birth date and sex', async () => {
      await person.press('首页')
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.valueOf('出生日期', (value) => value.replace(/\D/g, '') === '19880325')
      await person.valueOf('性别', (value) => value.includes('女'))
      await person.writes('移动电话', '13900000001')
      await person.picture('join')
      await person.press('登记入会')
      await person.sees('已保存在本机')
      await person.sees('王芳')
      await person.picture('member')
    })

    await step('her photo is put on her page, taken away, and brought back', async () => {
      await person.hands(join(TOP, 'icons', '128x128.png'), '[data-test="picture-file"]')
      await person.sees('去掉')
      await pictured(person, true)
      await person.picture('member-photo')
      await person.press('去掉')
      await pictured(person, false)
      await person.press('撤销')
      await pictured(person, true)
    })

    await step('she is found by initials, and the number on the screen is masked', async () => {
      await person.press('首页')
      await person.writesAt('#home-search', 'wf')
      await person.press('王芳')
      await person.sees('会籍变更')
      if (await person.shows(WANG_FANG)) throw new Error('the whole identity number stands on the page')
    })

    await step('the office is locked, refuses a wrong passphrase, and opens with the right one', async () => {
      await person.press('锁定')
      await person.writes('口令', '不是这一句')
      await person.press('打开')
      await person.sees('口令不对，没有打开。')
      await person.writes('口令', PASSPHRASE)
      await person.press('打开')
      await person.sees('李静')
      await person.press('首页')
      await person.sees('今天办什么？')
    })

    await step('the window speaks English', async () => {
      await person.press('设置')
      await person.press('English')
      await person.press('Home')
      await person.sees('Members')
      await person.picture('home-english')
    })
  },
}
