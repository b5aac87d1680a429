// What every button around a command does: one at a time, and what went wrong stays readable until the next try.
import { ref } from 'vue'
import type { Fault } from '../office/shapes'
import { toFault } from '../host'

export function useAct() {
  const busy = ref(false)
  const fault = ref<Fault>()
  /** Runs unless something is under way; returns whether it went well. */
  async function act(run: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    fault.value = undefined
    try {
      await run()
      return true
    } catch (problem) {
      fault.value = toFault(problem)
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, fault, act }
}
