// Starts the desk and the bare window in turns, and writes for each pair one line of JSON: what either cost until it could be used.
// Both are driven alike, through WebKit's driver; what the driver itself costs is on neither side.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { openDesk } from '../tests/desktop/webdriver.mjs'

const { desk, window, data, scratch, clerk, passphrase, database, key, name, pairs } = JSON.parse(process.argv[2])
const PATIENCE = 60_000
/** Linux tells processor time to programs in hundredths of a second, on every machine. */
const TICK = 10

/** All processes below one: the program, and what WebKit starts for it. */
function below(pid) {
  const all = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).flatMap((entry) => {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
      // The name stands in brackets and may hold anything; numbers follow the last of them.
      const [, parent, ...more] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
      // Own time, and that of children who have ended.
      return [{ pid: Number(entry), parent, cpu: (more[9] + more[10] + more[11] + more[12]) * TICK, began: more[17] * TICK }]
    } catch {
      return []
    }
  })
  const family = new Set([pid])
  for (let grown = 0; grown !== family.size; ) {
    grown = family.size
    for (const one of all) if (family.has(one.parent)) family.add(one.pid)
  }
  return all.filter((one) => one.pid !== pid && family.has(one.pid))
}

const cpu = (pid) => below(pid).reduce((sum, one) => sum + one.cpu, 0)

/** When the program began, on the clock that the page reads too. */
function began(pid) {
  const up = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000
  return Date.now() - up + Math.min(...below(pid).map((one) => one.began))
}

// What runs in the page. Two frames later what is there has been drawn.
const REACHED = `({ press, wanted }, done) => {
  const pressed = Date.now()
  if (press) document.querySelector(press).click()
  const there = () => {
    const found = document.querySelector(wanted)
    return found && !found.disabled && !/^0?$/.test(found.textContent || found.localName)
  }
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => done({ pressed, at: Date.now() })))
  if (there()) return drawn()
  const watch = new MutationObserver(() => {
    if (!there()) return
    watch.disconnect()
    drawn()
  })
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
}`

/** Waits in the page, so that nobody asks again and again. A page that is only coming is asked once it is there. */
async function reached(driver, question) {
  const end = Date.now() + PATIENCE
  for (;;) {
    try {
      return await driver.wait(REACHED, question)
    } catch (problem) {
      if (question.press || Date.now() > end) throw problem
      await new Promise((done) => setTimeout(done, 10))
    }
  }
}

async function open(binary, env, use) {
  const { driver, close, pid } = await openDesk({ binary, env: { ...env, XDG_DATA_HOME: scratch, XDG_CACHE_HOME: scratch } })
  try {
    return await use(driver, pid)
  } finally {
    const family = below(pid).map((one) => one.pid)
    await close()
    // The driver may go before it has ended what it started. The next window begins when nothing of this one is left.
    const there = () => family.filter((one) => existsSync(`/proc/${one}/exe`))
    for (let looks = 0; there().length > 0; looks += 1) {
      if (looks > 0 && looks % 40 === 0) process.kill(there()[0], 'SIGKILL')
      await new Promise((done) => setTimeout(done, 50))
    }
  }
}

const first = (selector) => `() => document.querySelector('${selector}')`

/** From the start to the page that asks for the passphrase, and from pressing the button to the home page with its numbers. */
const startDesk = () =>
  open(desk, { NIANGJIA_DATA: data }, async (driver, pid) => {
    const locked = await reached(driver, { wanted: '[data-test="passphrase"]' })
    const start = { cpu: cpu(pid), wall: locked.at - began(pid) }
    // A person types; that is nobody's cost.
    await driver.press(await driver.find(first(`[data-test="clerk-${clerk}"]`)))
    await driver.type(await driver.find(first('[data-test="passphrase"]')), passphrase)
    const before = cpu(pid)
    const home = await reached(driver, { press: '[data-test="unlock"]', wanted: '[data-test="register-members"] strong' })
    const unlocked = { cpu: cpu(pid) - before, wall: home.at - home.pressed }
    // The search box does answer: somebody is found by the first letter.
    await driver.type(await driver.find(first('#home-search')), name)
    await reached(driver, { wanted: '[data-test="hit-0"]' })
    return { start, unlocked, cpu: start.cpu + unlocked.cpu, wall: start.wall + unlocked.wall }
  })

const startWindow = () =>
  open(window, { NIANGJIA_BENCH_DATABASE: database, NIANGJIA_BENCH_KEY: key }, async (driver, pid) => {
    const { at } = await reached(driver, { wanted: 'body[data-usable] input' })
    return { cpu: cpu(pid), wall: at - began(pid) }
  })

// The first pair fills caches and makes the desk's ballast; a clerk starts the program every morning, not once.
for (let pair = 0; pair <= pairs; pair += 1) {
  const said = { desk: await startDesk(), floor: await startWindow() }
  if (pair > 0) process.stdout.write(`${JSON.stringify(said)}\n`)
}
process.exit(0)
