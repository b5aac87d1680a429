// A county federation, with its hub or without one, run by command line, for journeys in which the window is a township.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { officeAt, openHub } from './programs.mjs'

/** Founds a county that has no hub: whatever goes there goes on a stick. */
export async function foundCounty({ data, program }) {
  const { ask, call, sync } = officeAt(join(data, 'county'), program)
  await ask('new', '--role', 'county', '--name', '东海县总工会', '--code', '990100', '--clerk', '周敏')
  return {
    ask,
    call,
    sync,
    /** The three printed shares of its root. */
    shares: [1, 2, 3].map((n) => readFileSync(join(data, 'county', 'kit', `share-${n}.txt`), 'utf8')),
    /** Writes the enrolment packet; answers its path and the code that is told by phone. */
    async invites(name, code) {
      const file = join(data, `${code}.njpack`)
      const told = await ask('invite', '--name', name, '--code', code, '--out', file)
      return { file, code: told.code }
    },
  }
}

/** Starts a hub, founds the county, claims the hub. */
export async function openCounty({ data, program }) {
  const hub = await openHub(join(data, 'hub'), program)
  const county = await foundCounty({ data, program })
  await county.call('hub.claim', { url: hub.url, key: hub.key, claim: hub.claim })
  return {
    ...county,
    hub: { url: hub.url, key: hub.key },
    /** The cable is out: nobody answers at the hub's address. */
    unplug: hub.stop,
    /** The hub is back at the same address with what it had. */
    plug: () => hub.serveAgain(),
    close: hub.stop,
  }
}
