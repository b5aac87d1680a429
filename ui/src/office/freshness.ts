// What changed in the office, wherever it came from, tells the open pages what to ask again.
import { computed, onBeforeUnmount, ref, watch } from 'vue'
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

/** Calls `again` when an exchange or a packet has moved what stands where: nothing was written then, and yet what a page says of it is old. */
export function useStandings(again: () => void): void {
  watch(() => sync.value, (now, before) => {
    if (now && before && (now.unsent < before.unsent || now.unconfirmed < before.unconfirmed)) again()
  })
}

/** The county has shut out this PC: an order says so, or the relay did when it was last asked. */
export const shutOut = computed(() => !!sync.value?.revoked || sync.value?.last_fault?.key === 'link.revoked')

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
