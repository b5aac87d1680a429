// The mill of 平明镇 goes to 安峰镇 with its people; a merger is planned and taken back; 双店镇 is given up: looked at first, then done.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { fitsHere } from './fits.mjs'
import { PASSPHRASE, officeAt } from './programs.mjs'

const WANG_FANG = '990101198803250028'
const ZHANG_WEIMIN = '990101198001010014'
const MILL = '平明纺织厂'
let county
let pingming
let anfeng

/** Chooses in a list of the page's own engine, whose choices no driver can press. */
const CHOOSE = `([selector, wanted]) => {
  const list = document.querySelector(selector)
  const option = [...list.options].find((one) => one.text === wanted)
  list.value = option.value
  list.dispatchEvent(new Event('change', { bubbles: true }))
}`

export default {
  title: 'The county reorganises its offices',
  windows: ['browser'],
  async prepare(context) {
    county = await openCounty(context)
    const offices = []
    for (const [code, name, clerk] of [['990100104', '平明镇总工会', '李强'], ['990100105', '安峰镇总工会', '王丽'], ['990100106', '双店镇总工会', '陈明']]) {
      const packet = await county.invites(name, code)
      const office = officeAt(join(context.data, code), context.program)
      await office.ask('join', packet.file, '--code', packet.code, '--clerk', clerk)
      offices.push(office)
    }
    ;[pingming, anfeng] = offices
    // Invited, and not come yet: nobody can be given to it.
    await county.invites('石榴镇总工会', '990100107')
    const parent = (await county.call('offices.list')).offices.find((one) => one.code === '990100104').id
    const union = (await pingming.call('organisations.save', { fields: { name: `${MILL}工会`, kind: 'base_own', parent } })).id
    pingming.mill = (await pingming.call('enterprises.save', { fields: { name: MILL, union_organisation: union, village: '平安村' } })).id
    await pingming.call('enterprises.save', { fields: { name: '平明粮站', village: '街中村' } })
    await anfeng.call('enterprises.save', { fields: { name: '安峰服装厂', village: '安峰村' } })
    pingming.wang = (await pingming.call('members.join', { fields: { name: '王芳', id_no: WANG_FANG, employer: MILL, enterprise: pingming.mill, organisation: union }, on: '2019-03-01' })).id
    await pingming.call('members.join', { fields: { name: '张伟民', id_no: ZHANG_WEIMIN, employer: '平明粮站' }, on: '2020-05-01' })
    for (const office of [...offices, county, ...offices]) await office.sync()
    // The county's own window goes on where its command line stopped.
    renameSync(join(context.data, 'county'), join(context.data, 'office'))
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step, kind, neighbour }) {
    const chooses = (selector, wanted) => person.asks(CHOOSE, [selector, wanted])
    const looks = async (name) => {
      await person.isAccessible(name)
      await person.picture(`succession-${name}`)
      await fitsHere(person, kind, `succession-${name}`)
    }
    const reports = async () => {
      await person.press('现在上报')
      await person.sees('已完成')
      await person.press('关闭')
      await person.isStill()
    }

    await step('the list of offices leads to reorganisations, of which there is none', async () => {
      await person.writes('口令', PASSPHRASE)
      await person.press('打开')
      await person.press('乡镇工会')
      await person.sees('石榴镇总工会')
      await person.pressAt('[data-test="successions-open"]')
      await person.sees('还没有办过机构调整')
      await looks('none')
    })

    await step('it asks first how, in four sentences', async () => {
      await person.pressAt('[data-test="succession-new"]')
      await person.sees('撤乡并镇')
      await looks('kind')
    })

    await step('an enterprise is found among those of its office, and of no other', async () => {
      await person.pressAt('[data-test="kind-enterprise"]')
      await person.sees('请选原工会')
      await chooses('[data-test="succession-from"]', '平明镇总工会')
      await person.sees('平明粮站')
      if (await person.shows('安峰服装厂')) throw new Error('an enterprise of another office is offered')
      await person.writesAt('[data-test="picker-text"]', 'fzc')
      await person.seesNoMore('平明粮站')
      await person.pressAt(`[data-test="choose-${MILL}"]`)
      await person.sees('已选 1 个')
      await person.sees('请选接续工会')
      const closed = await person.asks(`() => [...document.querySelector('[data-test="succession-to"]').options].filter((one) => one.disabled && one.value).map((one) => one.text)`)
      if (closed.join() !== '石榴镇总工会（还没有上报过）') throw new Error(`not to be chosen: ${closed}`)
      await chooses('[data-test="succession-to"]', '安峰镇总工会')
      await person.seesNoMore('请选接续工会')
      await looks('who')
    })

    await step('the day says whether it is done at once', async () => {
      await person.pressAt('[data-test="step-next"]')
      await person.sees('请填批复文号')
      await person.sees('确认后马上办理')
      await person.writesAt('[data-test="succession-paper"]', '海工发〔2026〕3号')
      await looks('paper')
    })

    await step('it is shown before anything is done', async () => {
      await person.pressAt('[data-test="step-next"]')
      await person.sees('从平明镇总工会划到安峰镇总工会')
      await person.sees(`${MILL}工会`)
      await person.sees('近日有上报')
      const members = await person.reads('[data-test="look-members"]')
      if (members !== '1 人') throw new Error(`who goes: ${members}`)
      await looks('look')
    })

    await step('a word is typed, it is done, and what comes next is said', async () => {
      await person.pressAt('[data-test="succession-do"]')
      await person.sees('马上办理，不能撤回')
      await person.isAccessible('confirming')
      await person.picture('succession-confirm')
      await person.writesAt('[data-test="confirm-word"]', '办理')
      await person.pressAt('[data-test="confirm-go"]')
      await person.sees('接下来')
      await person.sees('划转 3 份档案')
      await looks('done')
      await person.press('看全部机构调整')
      await person.sees('已办理')
      await looks('list')
    })

    await step('安峰镇 has the mill and 王芳; 平明镇 reads where they went', async () => {
      await reports()
      for (const office of [pingming, anfeng]) await office.sync()
      const there = await anfeng.call('members.get', { id: pingming.wang })
      if (there.state !== 'active') throw new Error(`安峰镇 has her as ${there.state}`)
      const township = await neighbour('990100104')
      await township.writes('口令', PASSPHRASE)
      await township.press('打开')
      // It is the county's to do, and no ledger of a township.
      if (await township.shows('机构调整')) throw new Error('a township is offered reorganisations')
      await township.press('会员')
      await township.sees('张伟民')
      await township.asks(`(id) => { location.hash = '#/enterprises/' + id }`, pingming.mill)
      await township.sees('已划转到安峰镇总工会，这里只供查阅')
      if (await township.asks(`() => !!document.querySelector('[data-test="edit"], [data-test="void"]')`)) throw new Error('what has gone is offered to be changed')
      await township.isAccessible('an enterprise that has gone')
      await township.picture('enterprise-gone')
      await township.asks(`(id) => { location.hash = '#/members/' + id }`, pingming.wang)
      await township.sees('会籍已转往安峰镇总工会')
      await township.picture('member-gone-with-the-mill')
    })

    await step('her page at the county says how she came', async () => {
      await person.asks(`(id) => { location.hash = '#/members/' + id }`, pingming.wang)
      await person.sees('随机构调整划入')
      if (/[0-9a-f]{32}/.test(await person.asks(`() => document.querySelector('[data-test="events"]').innerText`))) throw new Error('an id is shown to a person')
      await person.picture('member-succeeded')
    })

    await step('two offices go into one on a later day, and it is taken back', async () => {
      await person.press('乡镇工会')
      await person.pressAt('[data-test="successions-open"]')
      await person.pressAt('[data-test="succession-new"]')
      await person.pressAt('[data-test="kind-merger"]')
      await person.sees('请选要并进去的工会')
      await person.pressAt('[data-test="from-990100104"]')
      await person.pressAt('[data-test="from-990100106"]')
      await chooses('[data-test="succession-to"]', '安峰镇总工会')
      await looks('merger')
      await person.pressAt('[data-test="step-next"]')
      await person.writesAt('[data-test="succession-paper"]', '海工发〔2027〕1号')
      await person.writes('生效日期', '2099-01-01')
      await person.sees('先登记，到了那天由本机自动办理')
      await person.pressAt('[data-test="step-next"]')
      await person.sees('双店镇总工会的全部交给安峰镇总工会')
      await looks('look-merger')
      await person.pressAt('[data-test="succession-do"]')
      await person.writesAt('[data-test="confirm-word"]', '办理')
      await person.pressAt('[data-test="confirm-go"]')
      await person.sees('已登记，2099-01-01 生效')
      await person.picture('succession-planned')
      await person.press('看全部机构调整')
      await person.sees('待生效')
      for (let n = 0; n < 2; n += 1) {
        await person.pressAt('[data-test="succession-withdraw"]')
        await person.sees('没有任何人员和单位动过')
        await person.writesAt('[data-test="confirm-word"]', '撤回')
        await person.pressAt('[data-test="confirm-go"]')
        await person.sees('已撤回')
        await person.isStill()
      }
      await person.seesNoMore('待生效')
    })

    await step('双店镇 is given up: it stays in the list, grey, and gets no further PC', async () => {
      await person.pressAt('[data-test="succession-new"]')
      await person.pressAt('[data-test="kind-abolition"]')
      await chooses('[data-test="succession-from"]', '双店镇总工会')
      await chooses('[data-test="succession-to"]', '安峰镇总工会')
      await person.pressAt('[data-test="step-next"]')
      await person.writesAt('[data-test="succession-paper"]', '海工发〔2026〕4号')
      await person.pressAt('[data-test="step-next"]')
      await person.sees('没有什么可划的')
      await person.pressAt('[data-test="succession-do"]')
      await person.writesAt('[data-test="confirm-word"]', '办理')
      await person.pressAt('[data-test="confirm-go"]')
      await person.sees('原工会的电脑，请在它们报完以后')
      await person.picture('succession-given-up')
      await person.press('乡镇工会')
      await person.sees('已并入安峰镇总工会')
      if (await person.asks(`() => !!document.querySelector('[data-test="further-990100106"]') || !document.querySelector('[data-test="further-990100104"]')`)) throw new Error('a further PC is offered to the wrong office')
      await person.isAccessible('offices of which one was given up')
      await person.picture('offices-given-up')
      await fitsHere(person, kind, 'offices-given-up')
    })
  },
}
