// A county federation and its hub, run by command line, for journeys in which the window is a township.
import { join } from 'node:path'
import { officeAt, openHub } from './programs.mjs'

/** Starts a hub, founds the county, claims the hub. */
export async function openCounty({ data, program }) {
  const hub = await openHub(join(data, 'hub'), program)
  const { ask, call, sync } = officeAt(join(data, 'county'), program)
  await ask('new', '--role', 'county', '--name', '东海县总工会', '--code', '990100', '--clerk', '周敏')
  await call('hub.claim', { url: hub.url, key: hub.key, claim: hub.claim })
  return {
    call,
    sync,
    /** Writes the enrolment packet; answers its path and the code that is told by phone. */
    async invites(name, code) {
      const file = join(data, `${code}.njpack`)
      const told = await ask('invite', '--name', name, '--code', code, '--out', file)
      return { file, code: told.code }
    },
    /** The cable is out: nobody answers at the hub's address. */
    unplug: hub.stop,
    /** The hub is back at the same address with what it had. */
    plug: () => hub.serveAgain(),
    close: hub.stop,
  }
}
