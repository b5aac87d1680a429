// The county and the township mend 王芳's phone on the same day, neither knowing of the other. Both versions are shown, one is taken.
import { openCounty } from './county.mjs'
import { fitsHere } from './fits.mjs'
import { WANG_FANG, joinsTheCounty } from './first-day.journey.mjs'

const HERE = '13900000001'
const THERE = '13800000009'
let county

export default {
  title: 'Two offices write the same field, and one version is taken',
  async prepare(context) {
    county = await openCounty(context)
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step, kind }) {
    const goesUp = async () => {
      await person.press('现在上报')
      await person.sees('已完成')
      await person.press('关闭')
    }
    const atTheCounty = async () => {
      const { hits } = await county.call('search', { text: '王芳' })
      return county.call('members.get', { id: hits[0].id })
    }

    await step('she is registered here and known at the county', async () => {
      await joinsTheCounty(person, await county.invites('平明镇总工会', '990100104'))
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.writes('移动电话', '13700000003')
      await person.press('登记入会')
      await person.sees('修改资料')
      await goesUp()
      await county.sync()
    })

    await step('both mend her phone and her employer', async () => {
      const she = await atTheCounty()
      await county.call('members.save', { id: she.id, token: she.token, fields: { mobile: THERE, employer: '浦南硅微粉厂' } })
      await person.press('修改资料')
      await person.pressAt('[data-test="reveal-mobile"]')
      await person.writes('移动电话', HERE)
      await person.writes('工作单位', '白塔化工建材厂')
      await person.press('保存')
      await person.sees('139****0001')
      await county.sync()
      await goesUp()
    })

    await step('both versions stand there with who wrote them, and masked ones are looked at side by side', async () => {
      await person.sees('有两种写法，请核对')
      await person.sees('白塔化工建材厂')
      await person.sees('浦南硅微粉厂')
      await person.sees('139****0001')
      await person.sees('138****0009')
      await person.sees('平明镇总工会')
      await person.isAccessible('two versions')
      await person.picture('two-versions')
      for (const side of [0, 1]) {
        const button = `[data-test="look-${side}-mobile"]`
        await person.pressAt(button)
        // The buttons rest until the first answer is there.
        for (let look = 0; await person.asks(`(button) => document.querySelector(button) !== null`, button); look += 1) {
          if (look > 100) throw new Error('a masked value stays masked')
          await new Promise((done) => setTimeout(done, 100))
        }
      }
      await person.sees(HERE)
      await person.sees(THERE)
      await person.isAccessible('two versions in full')
      await person.picture('two-versions-in-full')
      await fitsHere(person, kind, 'two-versions')
    })

    await step('the list and the home page call for her', async () => {
      await person.press('首页')
      await person.press('待办')
      await person.press('王芳')
      await person.sees('有两种写法，请核对')
    })

    await step('one version is taken of each, and the county has the same', async () => {
      const takes = async (said) => {
        const before = await person.asks(`() => document.querySelectorAll('[data-test="conflict"]').length`)
        await person.asks(`(said) => { for (const old of document.querySelectorAll('[data-chosen]')) delete old.dataset.chosen; [...document.querySelectorAll('[data-test="conflict"] li')].find((side) => side.innerText.includes(said)).querySelector('[data-test^="take-"]').dataset.chosen = '' }`, said)
        await person.pressAt('[data-chosen]')
        for (let look = 0; (await person.asks(`() => document.querySelectorAll('[data-test="conflict"]').length`)) === before; look += 1) {
          if (look > 100) throw new Error('the question stays open')
          await new Promise((done) => setTimeout(done, 100))
        }
      }
      await takes('138****0009')
      await takes('白塔化工建材厂')
      await person.seesNoMore('有两种写法，请核对')
      await person.sees('138****0009')
      await person.isAccessible('a member whose versions are one again')
      await person.picture('two-versions-settled')
      await goesUp()
      await county.sync()
      const she = await atTheCounty()
      if (she.conflicts.length !== 0) throw new Error('the county still has two versions')
      if (she.fields.employer !== '白塔化工建材厂') throw new Error(`the county has ${she.fields.employer}`)
      const { total } = await county.call('search', { text: THERE })
      if (total !== 1) throw new Error('the county lost the phone that was taken')
    })
  },
}
