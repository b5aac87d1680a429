// The printer has no paper on the day the county is founded: its three shares wait, sealed, and the office reminds until they are put away.
import { foundsTheCounty, PASSPHRASE } from './first-day.journey.mjs'

export default {
  title: 'The county’s shares wait until they are put away',
  async walk({ person, step }) {
    const shares = []
    const reads = async (into) => {
      for (const at of [0, 1, 2]) into.push(await person.reads(`[data-test="share-${at}"]`))
    }
    await step('they are shown, and left for later', async () => {
      await foundsTheCounty(person, '登记机')
      await reads(shares)
      // The lines for the relay are for the pen; on the screen there is nothing to write on.
      await person.seesNoMore('中转站公钥')
      await person.press('以后再收，先用起来')
      await person.sees('李静，今天办什么？')
      await person.sees('应急密钥还没有收好')
      await person.isAccessible('home that reminds of the kit')
      await person.picture('kit-waits-home')
    })

    await step('settings say it too, and the PC is called what was asked for', async () => {
      await person.press('设置')
      await person.sees('三份应急密钥加密存在这台电脑上')
      // And the PC bears the name that was asked for on the first page.
      await person.sees('登记机')
      await person.seesNoMore('还没起名')
      await person.picture('kit-waits-settings')
      await person.press('首页')
    })

    await step('whoever passes by an open window does not get them', async () => {
      await person.pressAt('[data-test="tile-kit_waits"]')
      await person.writes('再输一遍您的口令', '不是我的口令')
      await person.press('显示应急密钥')
      await person.sees('口令不对')
      await person.isAccessible('the question before the kit')
      await person.picture('kit-waits-ask')
    })

    await step('the clerk does, and they are the same ones, on paper too', async () => {
      await person.writes('再输一遍您的口令', PASSPHRASE)
      await person.press('显示应急密钥')
      await person.sees('东海县总工会的应急密钥')
      const again = []
      await reads(again)
      if (shares.join() !== again.join()) throw new Error('other shares than at founding')
      await person.isAccessible('the kit once more')
      await person.picture('kit-waits-again')
      await person.looksAtThePaper(async () => {
        for (const share of shares) await person.sees(share)
        for (const words of ['以后再收', '上报与下发', '设置']) await person.seesNoMore(words)
        await person.picture('kit-waits-paper')
      })
    })

    await step('once they are put away nothing reminds and nothing is shown', async () => {
      await person.press('三份都已打印或抄好')
      await person.press('已收好，从这台电脑上销毁')
      await person.sees('李静，今天办什么？')
      await person.seesNoMore('应急密钥还没有收好')
      await person.press('设置')
      await person.sees('增加经办人')
      await person.seesNoMore('三份应急密钥加密存在这台电脑上')
    })
  },
}
