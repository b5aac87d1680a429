// A township's PC is stolen: the county shuts it out, looks at what it wrote since, accepts that, and changes its keys.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fitsHere } from './fits.mjs'
import { foundsTheCounty, WANG_FANG } from './first-day.journey.mjs'
import { officeAt, openHub } from './programs.mjs'

const ZHANG_WEIMIN = '990101198001010014'
const SUN_LI = '990101198502030021'
let hub
let township
let colleague

export default {
  title: 'A stolen PC is shut out, and what it wrote since is looked at',
  async prepare({ data, program }) {
    hub = await openHub(join(data, 'hub'), program)
    township = officeAt(join(data, 'township'), program)
    colleague = officeAt(join(data, 'colleague'), program)
  },
  async after() {
    await hub?.stop()
  },
  async walk({ person, step, data, kind }) {
    await step('the county has its relay and a township', async () => {
      await foundsTheCounty(person)
      await person.press('三份都已打印或抄好')
      await person.press('开始使用')
      await person.press('上报与下发')
      await person.writes('地址', hub.url)
      await person.writes('公钥', hub.key)
      await person.writes('认领码', hub.claim)
      await person.press('启用')
      await person.sees('中转站已启用')
      await person.press('乡镇工会')
      await person.press('邀请乡镇工会')
      await person.writes('工会全称', '平明镇总工会')
      await person.writes('行政区划代码（9 位）', '990100104')
      await person.press('生成')
      const code = await person.reads('[data-test="invite-shown-code"]')
      await person.press('保存数据包文件')
      const packet = await person.receives('.njinvite')
      await person.press('已经告诉对方')
      await township.ask('join', packet, '--code', code, '--clerk', '李强')
      await township.call('members.join', { fields: { name: '王芳', id_no: WANG_FANG }, on: '2025-03-01' })
      const further = await township.call('devices.invite', { name: '服务窗口' })
      const invited = join(data, 'further.njinvite')
      writeFileSync(invited, Buffer.from(further.packet, 'base64'))
      await colleague.ask('join', invited, '--code', further.code, '--clerk', '赵敏')
      for (const office of [township, colleague, township]) await office.sync()
      await person.press('现在上报')
      await person.sees('已完成')
      await person.press('关闭')
    })

    await step('its PC is shut out, by typing what it is called', async () => {
      await person.press('设置')
      await person.sees('平明镇总工会')
      await person.isAccessible('the PCs of the county')
      await person.picture('shut-out-list')
      await person.pressAt('[data-test^="device-revoke-"]')
      await person.sees('停用不是收回')
      await person.press('被盗')
      await person.isAccessible('shutting out a PC')
      await person.picture('shut-out')
      // Nobody has named it yet: it is called by the beginning of its fingerprint.
      const word = await person.asks(`() => document.querySelector('[data-test="confirm-word"]').closest('label').innerText.match(/“(.+)”/)[1]`)
      await person.writesAt('[data-test="confirm-word"]', word)
      // Reported in time, and the county has not fetched it yet.
      await township.call('members.join', { fields: { name: '孙丽', id_no: SUN_LI }, on: '2025-03-01' })
      await township.sync()
      await person.pressAt('[data-test="confirm-go"]')
      await person.sees('县总工会已停用这台电脑（被盗）')
      await person.isAccessible('a PC that is shut out')
      await person.press('首页')
      await person.writesAt('#home-search', 'sunli')
      await person.press('孙丽')
      await person.sees('会籍变更')
    })

    await step('what it writes now comes on a stick and is kept apart', async () => {
      await township.call('members.join', { fields: { name: '张伟民', id_no: ZHANG_WEIMIN }, on: '2025-03-02' })
      const file = join(data, 'since.njpack')
      await township.ask('packet', 'export', '--to', 'county', '--out', file)
      await person.press('上报与下发')
      await person.hands(file, '[data-test="packet-file"]')
      await person.sees('未采用、已另存')
      await person.picture('shut-out-quarantined')
    })

    await step('what a colleague wrote on that waits, and is read row by row', async () => {
      const device = join(data, 'device.njpack')
      await township.ask('packet', 'export', '--to', 'device', '--out', device)
      await colleague.ask('packet', 'import', device)
      const { rows } = await colleague.call('members.list', { limit: 10 })
      const page = await colleague.call('members.get', { id: rows.find((row) => row.title === '张伟民').id })
      await colleague.call('members.save', { id: page.id, token: page.token, fields: { post: '车工' } })
      const file = join(data, 'colleague.njpack')
      await colleague.ask('packet', 'export', '--to', 'county', '--out', file)
      await person.hands(file, '[data-test="packet-file"]')
      await person.sees('正在等它们之前的内容')
      await person.isAccessible('changes that wait')
      await person.press('看看是哪些')
      await person.sees('赵敏')
      await person.sees('还没有收到')
      await person.sees('车工')
      await person.isAccessible('reading what waits')
      await person.picture('parked')
      await fitsHere(person, kind, 'parked')
      await person.press('关闭')
      await person.press('首页')
      await person.writesAt('#home-search', 'zwm')
      await person.sees('没有找到')
      await person.press('设置')
      await person.sees('单独保留，没有采用')
      await person.isAccessible('a quarantine')
      await person.picture('quarantine')
      await fitsHere(person, kind, 'quarantine')
    })

    await step('the county has called, and accepts it', async () => {
      await person.press('核对并采用')
      await person.sees('请先打电话问清')
      // Row by row, before anybody decides.
      await person.sees('张伟民')
      await person.sees('李强')
      await person.isAccessible('accepting')
      await person.sees('写在哪里')
      await person.sees('本单位台账')
      await person.picture('quarantine-accept')
      await fitsHere(person, kind, 'quarantine-accept')
      await person.writesAt('[data-test="confirm-word"]', '采用')
      await person.pressAt('[data-test="confirm-go"]')
      await person.seesNoMore('单独保留，没有采用')
      await person.press('上报与下发')
      await person.seesNoMore('正在等它们之前的内容')
      await person.press('首页')
      await person.writesAt('#home-search', 'zwm')
      await person.press('张伟民')
      await person.sees('会籍变更')
    })

    await step('keys are changed for the whole county, and the log says who did it all', async () => {
      await person.press('设置')
      await person.press('更换密钥')
      await person.sees('怀疑密钥外泄时更换')
      await person.isAccessible('changing keys')
      await person.picture('rotate')
      await person.writesAt('[data-test="confirm-word"]', '更换')
      await person.pressAt('[data-test="confirm-go"]')
      await person.sees('组密钥')
      await person.press('操作记录')
      await person.sees('停用电脑')
      await person.sees('采用停用后的内容')
      await person.sees('更换密钥')
    })
  },
}
