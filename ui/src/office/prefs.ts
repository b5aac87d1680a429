// What a clerk has chosen for the window: kept by the core for this clerk on this PC, read once after unlocking.
import type { Json } from '../generated/api'
import { call } from '../host'

/** In milliseconds; ticking several columns in a row is one choice. */
const KEEP_AFTER = 600

let held: Record<string, Json> = {}
const waiting = new Map<string, number>()

export async function loadPrefs(): Promise<void> {
  // Without them the window shows itself as it came; that is no reason not to open.
  held = await call('prefs.list', {}).then((answer) => answer.prefs, () => ({}))
}

export function forgetPrefs(): void {
  for (const timer of waiting.values()) window.clearTimeout(timer)
  waiting.clear()
  held = {}
}

export function pref(key: string): Json | undefined {
  return held[key]
}

/** Remembers a choice; null forgets it. */
export function keep(key: string, value: Json): void {
  held[key] = value
  window.clearTimeout(waiting.get(key))
  waiting.set(key, window.setTimeout(() => {
    waiting.delete(key)
    void call('prefs.put', { key, value }).catch(() => undefined)
  }, KEEP_AFTER))
}
