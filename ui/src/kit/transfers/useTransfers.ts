// Transfers on a page: asked when something is looked for, and again when one of them moved.
import { ref, watch } from 'vue'
import type { Transfers, TransfersAsk } from '../../generated/api'
import type { Fault } from '../../office/shapes'
import { call, toFault } from '../../host'
import { useFresh, useStandings } from '../../office/freshness'

export function useTransfers(ask: () => TransfersAsk) {
  const found = ref<Transfers>()
  const fault = ref<Fault>()
  let last = 0

  async function load(): Promise<void> {
    const mine = ++last
    try {
      const answer = await call('transfers.list', ask())
      if (mine === last) [found.value, fault.value] = [answer, undefined]
    } catch (problem) {
      if (mine === last) fault.value = toFault(problem)
    }
  }
  watch(ask, () => void load(), { immediate: true })
  useFresh(() => ['transfer', 'transfers', 'ruling', 'member', 'members'], () => void load())
  useStandings(() => void load())
  return { found, fault, load }
}
