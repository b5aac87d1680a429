// What changed in the office, wherever it came from, tells the open pages what to ask again.
import { onBeforeUnmount, ref } from 'vue'
import type { SyncStatus } from '../generated/api'
import type { Changed } from './shapes'
import { call, onChanged } from '../host'

const ears = new Set<(changed: Changed) => void>()
let stop: (() => void) | undefined

export const sync = ref<SyncStatus>()

export function listen(): void {
  stop ??= onChanged((changed) => {
    if (changed.sync && sync.value) sync.value = { ...sync.value, ...changed.sync }
    else void loadSync()
    for (const ear of ears) ear(changed)
  })
}

export function deafen(): void {
  stop?.()
  stop = undefined
  sync.value = undefined
}

export async function loadSync(): Promise<void> {
  try {
    sync.value = await call('sync.status', {})
  } catch {
    // The status line then says that it does not know; it never keeps an old claim.
    sync.value = undefined
  }
}

/** Calls `again` (at most every 200 ms) when records of one of these kinds changed. */
export function useFresh(kinds: () => string[], again: () => void): void {
  let waiting: number | undefined
  const hear = (changed: Changed) => {
    const wanted = kinds()
    if (!changed.touched.includes('*') && !changed.touched.some((kind) => wanted.includes(kind))) return
    waiting ??= window.setTimeout(() => {
      waiting = undefined
      again()
    }, 200)
  }
  ears.add(hear)
  onBeforeUnmount(() => {
    ears.delete(hear)
    window.clearTimeout(waiting)
  })
}
