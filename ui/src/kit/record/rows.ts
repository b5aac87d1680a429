// A window onto a long list: pages of 50 rows, asked from the core when they come into sight.
import { reactive, ref, shallowReactive } from 'vue'
import type { Listing, Row } from '../../generated/api'

const PAGE = 50
/** Pages kept beside the visible ones; more would only be memory. */
const KEPT = 12

export function useRows(ask: (offset: number, limit: number) => Promise<Listing>) {
  const pages = shallowReactive(new Map<number, Row[]>())
  const asked = new Set<number>()
  const total = ref<number>()
  const state = reactive({ fault: undefined as unknown, busy: false })
  let generation = 0
  let sight: [number, number] = [0, 0]

  async function fetchPage(page: number): Promise<void> {
    if (asked.has(page)) return
    asked.add(page)
    const mine = generation
    state.busy = true
    try {
      const answer = await ask(page * PAGE, PAGE)
      if (mine !== generation) return
      total.value = answer.total
      pages.set(page, answer.rows)
      state.fault = undefined
      for (const old of [...pages.keys()].slice(0, Math.max(0, pages.size - KEPT))) {
        if (old < sight[0] || old > sight[1]) pages.delete(old) && asked.delete(old)
      }
    } catch (problem) {
      if (mine === generation) {
        state.fault = problem
        asked.delete(page)
      }
    } finally {
      if (mine === generation) state.busy = false
    }
  }

  function see(first: number, last: number): void {
    sight = [Math.floor(Math.max(0, first) / PAGE), Math.floor(Math.max(0, last) / PAGE)]
    for (let page = sight[0]; page <= sight[1]; page += 1) void fetchPage(page)
  }

  function row(index: number): Row | undefined {
    return pages.get(Math.floor(index / PAGE))?.[index % PAGE]
  }

  /** A new question: nothing of the old answer stays. */
  async function restart(): Promise<void> {
    generation += 1
    asked.clear()
    pages.clear()
    sight = [0, 0]
    await fetchPage(0)
  }

  /** The same question after something changed: the old rows stay in sight until the new ones are here. */
  async function refresh(): Promise<void> {
    generation += 1
    asked.clear()
    for (const page of [...pages.keys()]) if (page < sight[0] || page > sight[1]) pages.delete(page)
    for (let page = sight[0]; page <= sight[1]; page += 1) await fetchPage(page)
  }

  return { total, state, row, see, restart, refresh }
}
