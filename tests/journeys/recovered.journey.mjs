// The county's only PC has burnt. Two of the three printed shares and the relay bring the county back on a new one.
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { PASSPHRASE, WANG_FANG } from './first-day.journey.mjs'
import { officeAt } from './programs.mjs'

let county

export default {
  title: 'The county is founded again from its kit',
  async prepare(context) {
    county = await openCounty(context)
    const { file, code } = await county.invites('平明镇总工会', '990100104')
    const township = officeAt(join(context.data, 'township'), context.program)
    await township.ask('join', file, '--code', code, '--clerk', '李强')
    await township.call('members.join', { fields: { name: '王芳', id_no: WANG_FANG }, on: '2025-03-01' })
    await township.sync()
    await county.sync()
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step }) {
    await step('the way is there, small, beside the three common ones', async () => {
      await person.sees('欢迎使用娘家')
      await person.picture('first-start')
      await person.press('用应急密钥恢复县总工会')
      await person.sees('两份')
      await person.isAccessible('the form of the kit')
    })

    await step('one share twice founds nothing, and it is said beside the shares', async () => {
      await person.writes('第一份应急密钥', county.shares[0])
      await person.writes('第二份应急密钥', county.shares[0])
      await person.writes('地址', county.hub.url)
      await person.writes('公钥', county.hub.key)
      await person.writes('您的姓名', '周敏')
      await person.writes('设一个口令', PASSPHRASE)
      await person.writes('再输一遍口令', PASSPHRASE)
      await person.press('恢复')
      await person.sees('不是同一份抄两遍')
      await person.isAccessible('the form of the kit with a refusal')
      await person.picture('recover-refused')
    })

    await step('two of them do, under her own name, and a part that was copied whole brings the relay along', async () => {
      await person.writes('地址', '')
      await person.writes('公钥', '')
      const key = county.hub.key.match(/.{4}/g).join(' ')
      await person.writes('第二份应急密钥', `第 3 份\n${county.shares[2]}\n中转站地址：${county.hub.url}\n中转站公钥：${key}\n`)
      await person.sees('中转站的地址和公钥就在粘贴的内容里')
      await person.isAccessible('the form of the kit with a part that brings the relay along')
      await person.picture('recover-carried')
      await person.press('恢复')
      await person.sees('周敏，今天办什么？')
      await person.sees('东海县总工会')
      await person.writesAt('#home-search', 'wf')
      await person.press('王芳')
      await person.sees('会籍变更')
      await person.picture('recovered')
    })

    await step('what the next one needs stands on the page of the exchange', async () => {
      await person.press('上报与下发')
      await person.sees(county.hub.url)
      await person.sees(county.hub.key.match(/.{4}/g).join(' '))
      await person.isAccessible('the exchange of a county with its relay')
      await person.picture('hub-on-paper')
    })
  },
}
