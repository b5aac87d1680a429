// What the frame and the home page show first is asked before they are shown: they are painted once, whole, and no number
// begins as 0.
import type { Commands, Draft } from '../generated/api'
import { call } from '../host'
import { loadCatalogue } from './catalogue'
import { listen, loadSync } from './freshness'
import { loadPrefs } from './prefs'

export interface Home { answer: Commands['home']['answer']; drafts: Draft[] }

let first: Home | undefined

export async function askHome(): Promise<Home> {
  const [answer, { drafts }] = await Promise.all([call('home', {}), call('drafts.list', {})])
  return { answer, drafts }
}

/** Whatever fails here is asked again by the page that misses it, and said there. */
export async function prepare(): Promise<void> {
  listen()
  await Promise.all([loadPrefs(), loadCatalogue(), loadSync(), askHome().then((home) => (first = home))]).catch(() => undefined)
}

/** For the page that opens with the office; a later one asks anew. */
export function takeHome(): Home | undefined {
  const home = first
  first = undefined
  return home
}
