// 李强 prints: a registration form, a batch of cards, and the list on which members sign. The printers are scripts that keep what they get.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foundsAlone } from './alone.journey.mjs'
import { WANG_FANG } from './first-day.journey.mjs'
import { fitsHere } from './fits.mjs'
import { spoolerOf } from './runner.mjs'

const PLACE = '[data-test="paper-printer"]'

/** Two printers: an office printer, which is the usual one, and one for cards. */
function spooler(data) {
  const folder = spoolerOf(data)
  mkdirSync(folder)
  const program = (name, text) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  program('lpstat', `case "$1" in -e) echo HP_Office; echo Card_Printer;; -d) echo 'system default destination: HP_Office';; esac`)
  program('lp', `printf '%s\\n' "$@" > "$0.words.part"; cat > "$0.fed"; mv "$0.words.part" "$0.words"; echo 'request id is HP_Office-7 (0 file(s))'`)
}

/** What the printer got last: the words of the order and the document. */
function printed(data) {
  const at = (name) => join(spoolerOf(data), name)
  if (!existsSync(at('lp.words'))) throw new Error('the printer got nothing')
  const words = readFileSync(at('lp.words'), 'utf8').trim().split('\n')
  if (readFileSync(at('lp.fed')).subarray(0, 5).toString() !== '%PDF-') throw new Error('the printer got no PDF')
  renameSync(at('lp.words'), at('lp.words.before'))
  return words
}

export default {
  title: 'Forms, cards and lists are seen and printed',
  async prepare({ data }) {
    if (process.platform !== 'win32') spooler(data)
  },
  async walk({ person, step, data, kind }) {
    const chooses = async (selector, value) => {
      await person.asks(`([selector, value]) => { const box = document.querySelector(selector); box.value = value; box.dispatchEvent(new Event('change', { bubbles: true })) }`, [selector, value])
    }
    const valueAt = (selector) => person.asks(`(selector) => document.querySelector(selector)?.value ?? ''`, selector)
    // The pages are drawn anew after each change; whoever presses before that presses in vain.
    const presses = async (selector) => {
      const until = Date.now() + 20_000
      while (await person.asks(`(selector) => document.querySelector(selector)?.disabled ?? true`, selector)) {
        if (Date.now() > until) throw new Error(`${selector} stays grey`)
        await person.isStill()
      }
      await person.pressAt(selector)
    }
    const is = (what, right, wanted) => {
      if (what !== wanted) throw new Error(`${right}: ${JSON.stringify(what)}, not ${JSON.stringify(wanted)}`)
    }
    // How many cards of the batch stand in this column, as soon as the page says so.
    const counts = async (column, wanted) => {
      const until = Date.now() + 10_000
      for (;;) {
        const shown = await person.reads(`[data-test="batches"] tbody td:nth-child(${column})`)
        if (shown === wanted) return
        if (Date.now() > until) throw new Error(`column ${column} of the batch says ${shown}, not ${wanted}`)
        await person.isStill()
      }
    }

    await step('the registration form is seen before it is printed, page by page', async () => {
      await foundsAlone(person)
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('修改资料')
      await person.isAccessible('a member with a form to print')
      await person.pressAt('[data-test="member-print"]')
      await person.sees('第 1 页，共 2 页')
      await person.isAccessible('the preview of a form')
      await person.picture('paper-form')
      await fitsHere(person, kind, 'paper')
      // By keyboard: the pages have the focus, and the arrows turn them.
      await person.asks(`() => document.querySelector('[role="group"][tabindex="0"]').focus()`)
      await person.strikes('ArrowRight')
      await person.sees('第 2 页，共 2 页')
      await person.picture('paper-form-2')
      await person.strikes('ArrowLeft')
      await person.sees('第 1 页，共 2 页')
      await person.pressAt('[data-test="page-whole"]')
      await person.picture('paper-form-whole')
    })

    await step('where a printer is off is moved, seen, and remembered for this printer alone', async () => {
      await person.writesAt('[data-test="paper-x"]', '30')
      await person.sees('位置校正请填 -20 到 20 之间的毫米数')
      await person.writesAt('[data-test="paper-x"]', '1.5')
      await person.writesAt('[data-test="paper-y"]', '-0,5')
      await chooses(PLACE, 'Card_Printer')
      is(await valueAt('[data-test="paper-x"]'), 'the place of the other printer', '')
      await chooses(PLACE, 'HP_Office')
      is(await valueAt('[data-test="paper-x"]'), 'the place of the first printer', '1.5')
      await person.writesAt('[data-test="paper-copies"]', '2')
      await person.writesAt('[data-test="paper-pages"]', '1-3')
      await person.sees('页码请写成 2 或 1-2')
      await person.writesAt('[data-test="paper-pages"]', '2')
      await person.isStill()
      await presses('[data-test="paper-print"]')
      await person.sees('已送到打印机 HP_Office')
      const words = printed(data)
      for (const word of ['HP_Office', '2', 'media=A4', 'page-ranges=2-2', 'Niangjia']) if (!words.includes(word)) throw new Error(`the printer was not told ${word}: ${words}`)
      if (words.some((word) => word.includes('王芳'))) throw new Error('the queue of the printer says who she is')
      await person.press('关闭')
    })

    await step('opened again it says that it was printed, and asks why; the printer has kept its place', async () => {
      await person.pressAt('[data-test="member-print"]')
      await person.sees('以前打印过 1 次')
      is(await valueAt(PLACE), 'the printer of last time', 'HP_Office')
      is(await valueAt('[data-test="paper-x"]'), 'its place', '1.5')
      is(await valueAt('[data-test="paper-y"]'), 'its place', '-0.5')
      await person.sees('以前打印过，请填写补打原因')
      if (!(await person.asks(`() => document.querySelector('[data-test="paper-print"]').disabled`))) throw new Error('it is printed again without a reason')
      await person.isAccessible('a reprint')
      await person.picture('paper-again')
      await person.writesAt('[data-test="paper-reason"]', '原件污损')
      await person.isStill()
      await person.picture('paper-again-marked')
    })

    await step('it is saved as PDF under a name that says what it is', async () => {
      await presses('[data-test="paper-save"]')
      const path = await person.receives('.pdf')
      if (!/工会会员登记表 \d{4}-\d\d-\d\d\.pdf$/.test(path)) throw new Error(`the file is called ${path}`)
      if (readFileSync(path).subarray(0, 5).toString() !== '%PDF-') throw new Error('the file is no PDF')
      await person.sees('已另存')
      await person.press('关闭')
    })

    await step('a batch is ordered and seen as it lies on A4', async () => {
      await person.press('会员证')
      await person.pressAt('[data-test="numbers-open"]')
      await person.pressAt('[data-test="ask-go"]')
      await person.sees('200')
      await person.press('会员证')
      await person.pressAt('[data-test="order-open"]')
      await person.sees('王芳')
      await person.pressAt('[data-test="everybody"]')
      await person.pressAt('[data-test="order-go"]')
      await person.sees('已办理 1 张')
      await person.picture('paper-ordered')
      await person.pressAt('[data-test="ordered-print"]')
      await person.sees('第 1 页，共 2 页')
      // An office alone has no codes, and hears it before it prints.
      await person.sees('背面没有二维码')
      await person.isAccessible('the preview of a batch')
      await person.picture('paper-batch')
      await chooses('[data-test="card-form"]', 'front')
      await person.sees('第 1 页，共 1 页')
      await person.picture('paper-card')
      await chooses('[data-test="card-form"]', 'sheet')
      await person.sees('第 1 页，共 2 页')
    })

    await step('printed, it counts as made only when the clerk says so', async () => {
      await person.isStill()
      await presses('[data-test="paper-print"]')
      await person.sees('都印好了吗')
      const words = printed(data)
      if (!words.includes('sides=two-sided-long-edge')) throw new Error(`faces and backs do not meet: ${words}`)
      await person.isAccessible('the question after printing')
      await person.picture('paper-came-out')
      await person.pressAt('[data-test="done-not"]')
      await person.press('会员证')
      await person.pressAt('[data-test="print-open"]')
      await person.sees('待制作')
      await counts(2, '1')
      await person.isAccessible('the batches')
      await person.picture('paper-batches')
      await fitsHere(person, kind, 'batches')
      await person.pressAt('[data-test="print-batch"]')
      await person.sees('第 1 页，共 2 页')
      await person.isStill()
      await presses('[data-test="paper-print"]')
      await person.sees('都印好了吗')
      await person.pressAt('[data-test="done-go"]')
      await person.sees('已登记 1 张')
      await person.sees('已制作')
      await counts(3, '1')
    })

    await step('members sign on a list, and have their cards', async () => {
      await person.pressAt('[data-test="print-list"]')
      await person.sees('第 1 页，共 1 页')
      await person.isAccessible('the preview of a list')
      await person.picture('paper-list')
      await person.press('关闭')
      await person.pressAt('[data-test="hand-out"]')
      await person.sees('都发到本人了吗')
      await person.pressAt('[data-test="done-go"]')
      await person.sees('已登记 1 张')
      await counts(4, '1')
    })

    await step('in English the window says the same', async () => {
      await person.press('设置')
      await person.press('English')
      await person.press('Members')
      await person.press('王芳')
      await person.pressAt('[data-test="member-print"]')
      await person.sees('Page 1 of 2')
      await person.isAccessible('the preview in English')
      await person.picture('paper-english')
      await fitsHere(person, kind, 'paper-english')
    })
  },
}
