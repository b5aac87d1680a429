// The W3C WebDriver protocol, as much of it as a person in front of the window needs. No package: it is fetch.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
// A hung driver would otherwise hold fetch for five minutes.
const PATIENCE = 30_000
const KEYS = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004', Control: '\uE009', Shift: '\uE008', Alt: '\uE00A', Backspace: '\uE003', Delete: '\uE017', ArrowDown: '\uE015', ArrowUp: '\uE013', ArrowLeft: '\uE012', ArrowRight: '\uE014', Home: '\uE011', End: '\uE010', F5: '\uE035' }

// As pasting leaves it.
const PASTED = `(field, text) => {
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
}`
const LET_GO = `(place, name, inside) => {
  const carried = new DataTransfer()
  carried.items.add(new File([Uint8Array.from(atob(inside), (one) => one.charCodeAt(0))], name))
  for (const type of ['dragenter', 'dragover', 'drop']) place.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: carried }))
}`

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail).listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}

/** Starts the driver and, by it, the program; the program inherits `env`. `pid` is the driver's, the program is its child. */
export async function openDesk({ binary, env }) {
  const port = await freePort()
  // These two tell the desk to let itself be driven; tauri-driver would set the same.
  const child = spawn('WebKitWebDriver', ['--host=127.0.0.1', `--port=${port}`], {
    env: { ...process.env, ...env, TAURI_AUTOMATION: 'true', TAURI_WEBVIEW_AUTOMATION: 'true' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const gone = new Promise((_, fail) => child.once('error', fail).once('exit', (code) => fail(new Error(`WebKitWebDriver ended (${code})`))))
  gone.catch(() => undefined)
  let session = ''

  async function ask(method, path, body) {
    const answer = await Promise.race([
      fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) }),
      gone,
    ])
    const { value } = await answer.json()
    if (!answer.ok) throw new Error(`${method} ${path.replace(session, '…')}: ${value?.error}: ${value?.message}`)
    return value
  }
  const call = (method, path, body) => ask(method, `/session/${session}${path}`, body)
  // Functions come as text; the element or value they answer goes back as it is.
  const run = (source, argument) => call('POST', '/execute/sync', { script: `return (${source})(arguments[0])`, args: [argument] })

  for (let tries = 0; ; tries += 1) {
    try {
      await ask('GET', '/status')
      break
    } catch (problem) {
      if (tries > 100) throw problem
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  const opened = await ask('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: [] } } } })
  session = opened.sessionId

  // The same for a function that takes its time: it is handed `done` to call with the answer.
  const wait = (source, argument) => call('POST', '/execute/async', { script: `(${source})(arguments[0], arguments[1])`, args: [argument] })

  const driver = {
    ask: run,
    find: run,
    wait,
    press: (thing) => call('POST', `/element/${thing[ELEMENT]}/click`, {}),
    // The driver types no empty text and swallows line breaks: what has several lines is pasted, and so is nothing.
    type: (thing, text) => (text && !text.includes('\n') ? call('POST', `/element/${thing[ELEMENT]}/value`, { text }) : call('POST', '/execute/sync', { script: `return (${PASTED})(arguments[0], arguments[1])`, args: [thing, text] })),
    clear: (thing) => call('POST', `/element/${thing[ELEMENT]}/clear`, {}),
    value: (thing) => call('GET', `/element/${thing[ELEMENT]}/property/value`),
    hand: (thing, path) => call('POST', `/element/${thing[ELEMENT]}/value`, { text: path }),
    // WebKit's driver drags no file in from outside: the page gets the event that such a drag ends with, made inside it.
    drop: (thing, path) => call('POST', '/execute/sync', { script: `return (${LET_GO})(arguments[0], arguments[1], arguments[2])`, args: [thing, basename(path), readFileSync(path).toString('base64')] }),
    async key(keys) {
      const values = keys.split('+').map((name) => KEYS[name] ?? name)
      const actions = [...values.map((value) => ({ type: 'keyDown', value })), ...values.reverse().map((value) => ({ type: 'keyUp', value }))]
      await call('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] })
      await call('DELETE', '/actions')
    },
    async picture(path) {
      // WebKit's picture is one frame old: let two frames pass first.
      await wait('(_, done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))', null)
      writeFileSync(path, Buffer.from(await call('GET', '/screenshot'), 'base64'))
    },
    reload: () => call('POST', '/refresh', {}),
  }

  async function close() {
    // The desk is the driver's child: ending the session ends it, and gives it the time to close its office.
    await call('DELETE', '').catch(() => undefined)
    const ended = new Promise((done) => child.once('exit', done))
    child.kill()
    await Promise.race([ended, new Promise((done) => setTimeout(done, 3000))])
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
  return { driver, close, pid: child.pid }
}
