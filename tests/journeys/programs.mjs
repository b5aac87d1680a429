// The programs of this repository as somebody else runs them, far from the window: an office on the command line, and the relay.
import { execFile, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { promisify } from 'node:util'

export const PASSPHRASE = '东海潮平两岸阔风正'
const PATIENCE = 60_000

async function run(binary, words) {
  const { stdout } = await promisify(execFile)(binary, words, { timeout: PATIENCE, env: { ...process.env, NIANGJIA_PASSPHRASE: PASSPHRASE } })
  return JSON.parse(stdout)
}

/** An office in a folder of its own; every clerk of it has the passphrase above. */
export function officeAt(folder, program) {
  const ask = (...words) => run(program('niangjia-office'), ['--data', folder, ...words])
  return {
    ask,
    call: (name, question = {}) => ask('call', name, JSON.stringify(question)),
    sync: () => ask('sync'),
  }
}

/** Sets up a relay, which says its key and its claim once, and starts it. */
export async function openHub(folder, program) {
  mkdirSync(folder)
  const { key, claim } = await run(program('niangjia-hub'), ['init', '--data', folder])
  let hub
  const serve = (listen) =>
    new Promise((done, fail) => {
      hub = spawn(program('niangjia-hub'), ['serve', '--data', folder, '--listen', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
      const timer = setTimeout(() => fail(new Error('the hub did not say where it listens')), PATIENCE)
      hub.once('error', fail)
      hub.once('exit', (code) => fail(new Error(`the hub ended (${code})`)))
      hub.stdout.once('data', (bytes) => {
        clearTimeout(timer)
        done(JSON.parse(String(bytes)).listening)
      })
    })
  const stop = () =>
    new Promise((ended) => {
      hub.removeAllListeners('exit')
      if (hub.exitCode !== null || hub.signalCode !== null) return ended()
      hub.once('exit', ended)
      hub.kill()
    })
  const listening = await serve('127.0.0.1:0')
  return { key, claim, listening, url: `https://${listening}`, stop, serveAgain: (at = listening) => serve(at) }
}
