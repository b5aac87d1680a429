// A township begins before its county does: it works alone, keeps its members and its enterprises, and nobody else opens it.
import { fitsHere } from './fits.mjs'
import { PASSPHRASE, WANG_FANG } from './first-day.journey.mjs'

const WRONG = '口令不对，没有打开。请检查大小写和输入法后再试'

/** Fills the form of an office that works alone. */
async function fillsAlone(person, passphrase) {
  await person.writes('工会全称', '平明镇总工会')
  await person.writes('行政区划代码', '990100104')
  await person.writes('您的姓名', '李强')
  await person.writes('设一个口令', passphrase)
  await person.writes('再输一遍口令', passphrase)
}

/** A township without a county, up to its home page. */
export async function foundsAlone(person) {
  await person.sees('欢迎使用娘家')
  await person.press('单独使用')
  await fillsAlone(person, PASSPHRASE)
  await person.press('建立')
  await person.sees('李强，今天办什么？')
}

async function opensWith(person, passphrase) {
  await person.writes('口令', passphrase)
  await person.press('打开')
}

export default {
  title: 'A township works alone',
  async walk({ person, step, kind }) {
    await step('a passphrase that is too short founds nothing', async () => {
      await person.sees('欢迎使用娘家')
      await person.isAccessible('first start')
      await person.press('单独使用')
      await person.isAccessible('the form of a new office')
      await fillsAlone(person, '李强1234')
      await person.press('建立')
      await person.sees('口令至少 8 个字。可以用一句好记的话')
      await person.isAccessible('the form with a refusal')
      await person.picture('alone-refused')
    })

    await step('with a good one the township is founded, and works without a county', async () => {
      await fillsAlone(person, PASSPHRASE)
      await person.press('建立')
      await person.sees('李强，今天办什么？')
      await person.sees('平明镇总工会')
      // What the program keeps for itself is no ledger of the clerk's.
      if (await person.shows('数据流密钥')) throw new Error('keys stand among the ledgers')
      await person.press('上报与下发')
      await person.sees('用县总工会的数据包加入后，就可以上报。')
      await person.isAccessible('sync of an office alone')
      await person.picture('alone-sync')
      await fitsHere(person, kind, 'alone-sync')
    })

    await step('a member joins', async () => {
      await person.press('首页')
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('修改资料')
    })

    await step('her enterprise is registered', async () => {
      await person.press('单位')
      await person.press('登记单位')
      await person.isAccessible('a new enterprise')
      await person.writes('单位名称', '白塔化工建材厂')
      await person.writes('职工人数', '46')
      await person.press('保存')
      await person.sees('返回单位列表')
      await person.sees('修改资料')
      await person.isAccessible('an enterprise')
      await person.picture('enterprise')
      await person.press('单位')
      await person.sees('共 1 条')
      await person.isAccessible('enterprises')
      await person.picture('enterprises')
    })

    await step('so is the union of her village', async () => {
      await person.press('工会组织')
      await person.press('登记工会组织')
      await person.isAccessible('a new organisation')
      await person.writes('工会名称', '上房村工会联合会')
      await person.chooses('上级工会', '平明镇总工会')
      await person.chooses('工会组织类别', '村')
      await person.press('保存')
      await person.sees('返回工会组织列表')
      await person.sees('修改资料')
      await person.isAccessible('an organisation')
      await person.press('工会组织')
      await person.sees('上房村工会联合会')
      await person.isAccessible('organisations')
      await person.picture('organisations')
    })

    await step('settings and the log are there to be read by everybody', async () => {
      await person.press('设置')
      await person.sees('本机副本')
      await person.sees('加入县总工会…')
      await person.isAccessible('settings')
      await person.picture('settings')
      await fitsHere(person, kind, 'alone-settings')
      await person.press('操作记录')
      await person.sees('会员入会登记')
      await person.isAccessible('the log')
      await person.picture('log')
    })

    await step('locked, it says what is wrong with a wrong passphrase, and opens with the right one', async () => {
      await person.press('锁定')
      await person.sees('数据都在本机，已加密。')
      await person.isAccessible('unlock')
      if (await person.shows('王芳')) throw new Error('a locked office shows a member')
      await opensWith(person, '不是这一句')
      await person.sees(WRONG)
      await person.isAccessible('unlock with a refusal')
      await person.picture('unlock-refused')
      await opensWith(person, PASSPHRASE)
      await person.press('首页')
      await person.writesAt('#home-search', 'wf')
      await person.press('王芳')
      await person.sees('会籍变更')
    })

    await step('whoever goes on guessing is told to wait', async () => {
      await person.press('锁定')
      for (const guess of ['一二三四五六七八', '王芳王芳王芳王芳', '平明平明平明平明']) {
        await opensWith(person, guess)
        await person.sees(WRONG)
        // The box is emptied for the next try.
        await person.valueOf('口令', (value) => value === '')
      }
      await opensWith(person, PASSPHRASE)
      await person.sees('口令连续输错，请等')
      if (await person.shows('今天办什么')) throw new Error('the office opened for somebody who was told to wait')
    })
  },
}
