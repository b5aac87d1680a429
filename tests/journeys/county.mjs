// A county federation and its hub, run by command line, for journeys in which the window is a township.
import { execFile, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PASSPHRASE = '东海潮平两岸阔风正'
const PATIENCE = 60_000

/** Starts a hub, founds the county, claims the hub. */
export async function openCounty({ data, program }) {
  const folder = join(data, 'county')
  const relay = join(data, 'hub')
  mkdirSync(relay)
  const run = async (binary, ...words) => {
    const { stdout } = await promisify(execFile)(program(binary), words, { timeout: PATIENCE, env: { ...process.env, NIANGJIA_PASSPHRASE: PASSPHRASE } })
    return stdout
  }
  const office = async (...words) => JSON.parse(await run('niangjia-office', '--data', folder, ...words))
  const { key, claim } = JSON.parse(await run('niangjia-hub', 'init', '--data', relay))
  let hub
  const serve = (listen) =>
    new Promise((done, fail) => {
      hub = spawn(program('niangjia-hub'), ['serve', '--data', relay, '--listen', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
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
      if (hub.exitCode !== null) return ended()
      hub.once('exit', ended)
      hub.kill()
    })
  const listening = await serve('127.0.0.1:0')
  await office('new', '--role', 'county', '--name', '东海县总工会', '--code', '990100', '--clerk', '周敏')
  await office('call', 'hub.claim', JSON.stringify({ url: `https://${listening}`, key, claim }))
  return {
    call: (name, question = {}) => office('call', name, JSON.stringify(question)),
    sync: () => office('sync'),
    /** Writes the enrolment packet; answers its path and the code that is told by phone. */
    async invites(name, code) {
      const file = join(data, `${code}.njpack`)
      const told = await office('invite', '--name', name, '--code', code, '--out', file)
      return { file, code: told.code }
    },
    /** The cable is out: nobody answers at the hub's address. */
    unplug: stop,
    /** The hub is back at the same address with what it had. */
    plug: () => serve(listening),
    close: stop,
  }
}
