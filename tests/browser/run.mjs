// The journeys in Chromium: the same office and the same pages, served on loopback.
import { readFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { STILL } from '../journeys/eyes.mjs'
import { TOP, cameraOf, downloadsOf, pathOf, program, sticksOf, walk } from '../journeys/runner.mjs'
import { openOffice } from './office.mjs'

// Playwright is a package of the window; it is taken from there so that nothing is installed twice.
const packages = createRequire(join(TOP, 'ui', 'package.json'))
const { chromium } = packages('playwright-core')
const axe = readFileSync(packages.resolve('axe-core/axe.min.js'), 'utf8')

// Quiet, offline and alone: a test opens no connection but to the office.
const ALONE = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

// The camera shows a film, and whoever sits here lets the page use it.
const camera = (data) => ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${cameraOf(data)}`]

await walk('browser', join(TOP, 'tests', 'browser', 'test-results'), async ({ data, folder }) => {
  const office = await openOffice({ binary: program('niangjia-office'), data: folder, env: { NIANGJIA_DOWNLOADS: downloadsOf(data), NIANGJIA_STICKS: sticksOf(data), PATH: pathOf(data) } })
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...ALONE, ...camera(data)] })
  const page = await browser.newPage({ viewport: { width: 1366, height: 768 }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
  const complaints = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // A refusal of the office answers with 4xx, which Chromium logs; the journey itself looks at what the page says then.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text())
  })
  // Under its own name only once it is whole.
  page.on('download', async (file) => {
    const path = join(downloadsOf(data), file.suggestedFilename())
    await file.saveAs(`${path}.part`)
    renameSync(`${path}.part`, path)
  })
  await page.goto(office.address)

  // As an expression and not by eval: the page's own content policy forbids that, and stays in force here.
  const said = (source, argument) => `(${source})(${JSON.stringify(argument)})`
  const driver = {
    ask: (source, argument) => page.evaluate(said(source, argument)),
    find: async (source, argument) => (await page.evaluateHandle(said(source, argument))).asElement(),
    press: (thing) => thing.click({ timeout: 2000 }),
    type: (thing, text) => thing.type(text),
    clear: (thing) => thing.fill(''),
    value: (thing) => thing.inputValue(),
    hand: (thing, path) => thing.setInputFiles(path),
    // As the system hands a file over that somebody drags out of a folder: by its path, at a place, in three events.
    drop: async (thing, path) => {
      const box = await thing.boundingBox()
      const at = { x: box.x + box.width / 2, y: box.y + box.height / 2, data: { items: [], files: [path], dragOperationsMask: 1 } }
      const wire = await page.context().newCDPSession(page)
      for (const type of ['dragEnter', 'dragOver', 'drop']) await wire.send('Input.dispatchDragEvent', { type, ...at })
      await wire.detach()
    },
    size: ({ width, height }) => page.setViewportSize({ width, height }),
    key: (keys) => page.keyboard.press(keys),
    picture: (path) => page.screenshot({ path }),
    reload: () => page.reload(),
    // The findings; none where something began to fade or move meanwhile, which is neither here nor gone: then it looks again.
    audit: async () => {
      await page.evaluate(`${axe}; undefined`)
      return page.evaluate(`(async () => {
        const still = ${STILL}
        let moved = !still()
        const note = () => { moved = true }
        const kinds = ['transitionrun', 'animationstart']
        for (const kind of kinds) document.addEventListener(kind, note, true)
        const { violations } = await axe.run(document, { resultTypes: ['violations'] })
        for (const kind of kinds) document.removeEventListener(kind, note, true)
        return moved || !still() ? undefined : violations.map((v) => v.id + ': ' + v.help + ' — ' + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | '))
      })()`)
    },
  }
  const close = async () => {
    await browser.close()
    await office.close()
  }
  return { driver, close, complaints: () => complaints }
})
