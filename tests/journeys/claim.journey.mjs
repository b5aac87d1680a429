// The county keeps its root on paper, takes its relay into use by the form, and invites a township, whose member then reaches this window.
import { join } from 'node:path'
import { foundsTheCounty, WANG_FANG } from './first-day.journey.mjs'
import { officeAt, openHub } from './programs.mjs'

let hub
let stranger

export default {
  title: 'The county takes its relay into use and invites a township',
  async prepare({ data, program }) {
    ;[hub, stranger] = await Promise.all([openHub(join(data, 'hub'), program), openHub(join(data, 'stranger'), program)])
  },
  async after() {
    await Promise.all([hub?.stop(), stranger?.stop()])
  },
  async walk({ person, step, data, program }) {
    await step('the three parts of the root are different, and paper shows them one by one with whose they are', async () => {
      await foundsTheCounty(person)
      await person.isAccessible('the recovery kit')
      await person.picture('kit')
      const shares = []
      for (const at of [0, 1, 2]) shares.push(await person.reads(`[data-test="share-${at}"]`))
      if (new Set(shares).size !== 3 || shares.some((share) => share.length < 40)) throw new Error('the shares are no three parts')
      await person.looksAtThePaper(async () => {
        for (const share of shares) await person.sees(share)
        await person.sees('东海县总工会的应急密钥 · 第 3 份')
        await person.sees('只有这一份不能恢复')
        // Neither what can be pressed nor what is said to the clerk in front of the screen.
        for (const words of ['开始使用', '复制全部', '加密存在这台电脑上']) await person.seesNoMore(words)
        await person.picture('kit-paper')
      })
      await person.sees('复制全部')
      await person.press('三份都已打印或抄好')
      await person.press('开始使用')
      await person.sees('李静，今天办什么？')
    })

    const claims = async (url, key, claim) => {
      await person.writes('地址', url)
      await person.writes('公钥', key)
      await person.writes('认领码', claim)
      await person.press('启用')
    }

    await step('what was copied wrongly from the relay is refused, each in its own words', async () => {
      await person.press('上报与下发')
      await person.sees('还没有启用中转站。')
      // Nothing has been compared or sent, so nothing is ticked off.
      if (await person.shows('✓')) throw new Error('steps are done that nobody began')
      await person.isAccessible('the relay’s form')
      await claims(hub.url, hub.key.slice(0, 40), hub.claim)
      await person.sees('中转站公钥不对，应为 64 位十六进制。')
      await claims(hub.url, stranger.key, hub.claim)
      await person.sees('该地址应答的不是本县的中转站，未发送任何内容。')
      await claims(hub.url, hub.key, stranger.claim)
      await person.sees('认领码不正确')
      await person.isAccessible('the relay’s form with a refusal')
      await person.picture('claim-refused')
    })

    await step('copied rightly, the relay is the county’s', async () => {
      await claims(hub.url, hub.key, hub.claim)
      await person.sees('中转站已启用')
      await person.sees(hub.url)
      await person.seesNoMore('认领码')
      await person.picture('claimed')
    })

    let packet, code
    await step('a township is invited: a file to carry, a code to tell', async () => {
      await person.press('乡镇工会')
      await person.sees('还没有乡镇工会。请先邀请。')
      await person.press('邀请乡镇工会')
      await person.writes('工会全称', '平明镇总工会')
      await person.writes('行政区划代码（9 位）', '990100104')
      await person.press('生成')
      await person.sees('用电话或当面告诉对方这组口令码')
      await person.isAccessible('an invitation')
      code = await person.reads('[data-test="invite-shown-code"]')
      await person.press('保存数据包文件')
      packet = await person.receives('.njinvite')
      await person.picture('invitation')
      await person.press('已经告诉对方')
      await person.sees('还没有收到过')
      await person.isAccessible('the county’s offices')
    })

    await step('the township joins far away, and its member reaches this window', async () => {
      const township = officeAt(join(data, 'township'), program)
      await township.ask('join', packet, '--code', code, '--clerk', '李强')
      await township.call('members.join', { fields: { name: '王芳', id_no: WANG_FANG }, on: '2025-03-01' })
      await township.sync()
      await person.press('现在上报')
      await person.sees('已完成')
      await person.press('关闭')
      await person.press('首页')
      await person.writesAt('#home-search', 'wf')
      await person.press('王芳')
      await person.sees('会籍变更')
      await person.press('乡镇工会')
      await person.sees('平明镇总工会')
      await person.seesNoMore('还没有收到过')
      await person.picture('offices')
    })

    await step('a code of another county and a namesake are pointed out before anything is made', async () => {
      await person.press('邀请乡镇工会')
      await person.writes('工会全称', '平明镇总工会')
      await person.writes('行政区划代码（9 位）', '990200105')
      await person.press('生成')
      await person.sees('乡镇的代码以本县的 990100 开头')
      await person.sees('确实属于本县，只是代码不同')
      await person.sees('名单里已有同名的办公室（代码 990100104）')
      await person.isAccessible('an invitation that is refused')
      await person.picture('invitation-refused')
      await person.writes('行政区划代码（9 位）', '990100105')
      await person.press('确实是另一个单位，只是同名')
      await person.press('生成')
      await person.sees('用电话或当面告诉对方这组口令码')
      await person.press('保存数据包文件')
      await person.receives('.njinvite')
      await person.press('已经告诉对方')
      await person.sees('990100105')
    })

    await step('an invitation that nobody used is taken back', async () => {
      await person.pressAt('[data-test="withdraw-990100105"]')
      await person.sees('数据包和口令码随即作废')
      await person.isAccessible('taking an invitation back')
      await person.writes('请输入“收回”确认', '收回')
      await person.picture('withdraw')
      await person.pressAt('[data-test="confirm-go"]')
      await person.sees('邀请已收回')
      await person.seesNoMore('990100105')
      if (await person.shows('收回邀请…')) throw new Error('the one that was used can be taken back')
      await person.press('操作记录')
      await person.sees('收回乡镇工会的邀请')
      await person.isAccessible('the log of who did what')
      await person.picture('log')
    })

    await step('a stranger at the relay’s address gets nothing, and the relay is known again when it is back', async () => {
      await Promise.all([hub.stop(), stranger.stop()])
      await stranger.serveAgain(hub.listening)
      await person.press('现在上报')
      await person.sees('该地址应答的不是本县的中转站，未发送任何内容。')
      if (await person.shows('✓')) throw new Error('steps are done with a stranger')
      await person.picture('stranger')
      await person.press('关闭')
      await stranger.stop()
      await hub.serveAgain()
      await person.press('现在上报')
      await person.sees('已完成')
      await person.seesNoMore('该地址应答的不是本县的中转站')
    })
  },
}
