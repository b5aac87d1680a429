// Walks the journeys one after another, each in an office of its own, and counts their steps.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Person } from './person.mjs'

export const TOP = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const HOME = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '.', '.cache')

/** A program of this repository, as the scripts build it. */
export function program(name) {
  return join(process.env.CARGO_TARGET_DIR ?? join(HOME, 'niangjia', 'target'), 'debug', process.platform === 'win32' ? `${name}.exe` : name)
}

/** Where a window that works on this folder puts the files that a person saves. */
export function downloadsOf(data) {
  return join(data, 'downloads')
}

/** The film that the camera of a window on this folder shows, once a journey has written it. */
export function cameraOf(data) {
  return join(data, 'camera.y4m')
}

/** Where the programs of the spooler lie for a window on this folder, once a journey has written them. */
export function spoolerOf(data) {
  return join(data, 'spooler')
}

/** The search path of such a window. */
export function pathOf(data) {
  return [spoolerOf(data), process.env.PATH ?? ''].join(delimiter)
}

/** Where a window that works on this folder sees sticks: every folder in it is one. */
export function sticksOf(data) {
  return join(data, 'sticks')
}

/**
 * Runs every journey (`*.journey.mjs`) that this kind of window can walk.
 * @param kind "browser" or "desktop"
 * @param open opens the window on an office's folder: ({data, folder}) => {driver, close, complaints?}
 */
export async function walk(kind, pictures, open) {
  mkdirSync(pictures, { recursive: true })
  const folder = join(TOP, 'tests', 'journeys')
  const wanted = process.argv[2] ?? ''
  let passed = 0
  let failed = 0
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.journey.mjs') && name.includes(wanted)).sort()) {
    const journey = (await import(pathToFileURL(join(folder, file)).href)).default
    if (journey.windows && !journey.windows.includes(kind)) continue
    console.log(journey.title)
    const data = mkdtempSync(join(tmpdir(), 'niangjia-journey-'))
    let window
    const others = []
    let at = 'the window opens'
    const began = Date.now()
    const step = async (title, deed) => {
      at = title
      const start = Date.now()
      const answer = await deed()
      passed += 1
      console.log(`  ok   ${title} (${Date.now() - start} ms)`)
      return answer
    }
    try {
      await journey.prepare?.({ data, program })
      window = await open({ data, folder: join(data, 'office') })
      const person = new Person(window.driver, pictures, downloadsOf(data))
      // Somebody else's window, on another folder of this journey; it closes with the first one.
      const neighbour = async (folder) => {
        const other = await open({ data, folder: join(data, folder) })
        others.push(other)
        return new Person(other.driver, pictures, downloadsOf(data))
      }
      await journey.walk({ person, step, data, program, kind, neighbour })
      at = 'nothing complained'
      const complaints = [window, ...others].flatMap((one) => one.complaints?.() ?? []).filter((said) => !journey.expects?.test(said))
      if (complaints.length > 0) throw new Error(`the page complained:\n${complaints.join('\n')}`)
    } catch (problem) {
      failed += 1
      console.log(`  FAIL ${at}\n${problem.stack ?? problem}`)
      await window?.driver.picture(join(pictures, `failed-${file.replace('.journey.mjs', '')}.png`)).catch(() => undefined)
    } finally {
      for (const one of [...others, window]) await one?.close().catch((problem) => console.log(`  the window did not close well: ${problem.message}`))
      await journey.after?.()
      rmSync(data, { recursive: true, force: true, maxRetries: 5 })
      console.log(`  ${((Date.now() - began) / 1000).toFixed(1)} s`)
    }
  }
  if (passed + failed === 0) failed = 1
  console.log(`${passed} passed, ${failed} failed`)
  // A stray handle of a driver must not keep the run alive after its last word.
  process.exit(failed === 0 ? 0 : 1)
}
