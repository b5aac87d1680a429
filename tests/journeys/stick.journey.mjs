// A county without a hub: what a township enters goes there in somebody's pocket, and the receipt comes back the same way.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foundCounty } from './county.mjs'
import { fitsHere } from './fits.mjs'
import { WANG_FANG, joinsTheCounty } from './first-day.journey.mjs'
import { sticksOf } from './runner.mjs'

let county
let invitation
let stick
let forOthers

export default {
  title: 'A township without a line reports by stick',
  async prepare(context) {
    stick = join(sticksOf(context.data), '朝阳')
    mkdirSync(stick, { recursive: true })
    county = await foundCounty(context)
    invitation = await county.invites('平明镇总工会', '990100104')
    forOthers = join(context.data, 'second-pc.njpack')
    await county.ask('packet', 'export', '--to', 'device', '--out', forOthers)
  },
  async walk({ person, step, data, kind }) {
    const onStick = () => readdirSync(stick).filter((name) => name.endsWith('.njpack'))

    await step('without a line, the stick is the road', async () => {
      await joinsTheCounty(person, invitation)
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('已保存在本机')
      await person.press('首页')
      await person.sees('没有线路，用 U 盘带去')
      await person.press('用 U 盘收发')
      await person.sees('U盘 朝阳')
      await person.sees('还没有收发过数据包。')
      await person.isAccessible('sync by stick')
      await person.picture('stick')
    })

    await step('her packet is written onto the stick, and it says what to do next', async () => {
      await person.press('导出数据包')
      await person.sees('给县总工会的第 1 号数据包已写好')
      await person.sees('带到县总工会')
      await person.sees('还没有回执')
      await person.isAccessible('a packet that was made')
      await person.picture('stick-exported')
      await fitsHere(person, kind, 'stick')
      if (onStick().join() !== '990100104-county-0001.njpack') throw new Error(`on the stick lies ${onStick()}`)
    })

    await step('the county takes it, and its answer is seen on the stick by itself', async () => {
      const came = await county.ask('packet', 'import', join(stick, onStick()[0]))
      if (came.complete !== true || came.received.changes === 0) throw new Error('something of the township has not come')
      await county.ask('packet', 'export', '--to', '990100104', '--out', stick)
      await person.sees('县总工会第 1 号数据包')
      await person.isAccessible('a packet on the stick')
      await person.picture('stick-found')
    })

    await step('a packet for another PC of the county and one that was cut are refused kindly', async () => {
      const file = '[data-test="packet-file"]'
      await person.hands(forOthers, file)
      await person.sees('这个数据包是给县总工会的，不是给本办公室的，没有接收。')
      await person.isAccessible('a packet that was refused')
      await person.picture('stick-refused')
      const back = onStick().find((name) => name.startsWith('990100-'))
      const bytes = readFileSync(join(stick, back))
      const cut = join(data, 'cut.njpack')
      writeFileSync(cut, bytes.subarray(0, bytes.length - 200))
      await person.hands(cut, file)
      await person.sees('不完整或已损坏。其中完好的内容已经收下')
      await person.sees('再复制一次')
    })

    await step('the answer is taken in: the packet has its receipt, and 王芳 is confirmed', async () => {
      await person.press('接收 县总工会第 1 号数据包')
      await person.sees('对方导出时的内容已收齐')
      await person.sees('已有回执')
      await person.seesNoMore('在这里看到：')
      await person.isAccessible('a packet that came')
      await person.picture('stick-received')
      await person.press('会员')
      await person.press('王芳')
      await person.sees('县总工会已确认')
    })

    await step('a packet can be fetched as a file, and the window says the same in English', async () => {
      await person.press('上报与下发')
      await person.press(kind === 'browser' ? '由浏览器下载' : '下载文件夹')
      await person.press('导出数据包')
      await person.sees('给县总工会的第 2 号数据包已写好')
      await person.receives('990100104-county-0002.njpack')
      if (onStick().length !== 2) throw new Error(`on the stick lies ${onStick()}`)
      await person.press('设置')
      await person.press('English')
      await person.press('Reporting')
      await person.sees('receipt has come')
      await person.picture('stick-english')
    })
  },
}
