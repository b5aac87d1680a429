// A second PC of an office that works already: it begins empty, says that the rest is coming, and has it as soon as there is a line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { joinsTheCounty, WANG_FANG } from './first-day.journey.mjs'
import { officeAt } from './programs.mjs'

let county
let invited

export default {
  title: 'A further PC says that the members are coming',
  expects: /503|ERR_/,
  async prepare(context) {
    county = await openCounty(context)
    const { file, code } = await county.invites('平明镇总工会', '990100104')
    const township = officeAt(join(context.data, 'township'), context.program)
    await township.ask('join', file, '--code', code, '--clerk', '王丽')
    await township.call('members.join', { fields: { name: '王芳', id_no: WANG_FANG }, on: '2025-03-01' })
    await township.sync()
    const further = await township.call('devices.invite', { name: '服务窗口' })
    const packet = join(context.data, 'further.njinvite')
    writeFileSync(packet, Buffer.from(further.packet, 'base64'))
    invited = { file: packet, code: further.code }
    await township.sync()
    // There is no line on the day on which it is set up.
    await county.unplug()
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step }) {
    await step('home says that the members are coming', async () => {
      await joinsTheCounty(person, invited)
      await person.sees('这台电脑刚加入，本单位已有的资料还没有收取完')
      await person.isAccessible('home of a PC that has just joined')
      await person.picture('first-load-home')
    })

    await step('so does the empty list', async () => {
      await person.press('会员')
      await person.sees('不用重新录入')
      await person.isAccessible('the members of a PC that has just joined')
      await person.picture('first-load-members')
    })

    await step('with a line they are there, and nothing is said any more', async () => {
      await county.plug()
      await person.press('现在上报')
      await person.sees('已完成')
      await person.press('关闭')
      await person.sees('王芳')
      await person.seesNoMore('这台电脑刚加入')
      await person.press('首页')
      await person.seesNoMore('这台电脑刚加入')
    })
  },
}
