// A paper in front of the clerk: drawn anew when what is asked for changes, moved when its place does, printed, saved.
import { computed, onBeforeUnmount, ref, watch } from 'vue'
import type { Offset, Preview, PrintAsk } from '../../generated/api'
import { call, saveBytes, toFault } from '../../host'
import type { Fault } from '../../office/shapes'

/** In milliseconds: whoever types on does not wait for a page at each letter. */
const AFTER = 500

export function usePaper(question: () => { of: string; ask: Record<string, unknown> }, place: () => Offset | undefined) {
  const shown = ref<Preview>()
  const busy = ref(false)
  const fault = ref<Fault>()
  const asked = computed(() => JSON.stringify(question()))
  const stands = computed(() => JSON.stringify(place()))
  let latest = 0
  let timer = 0
  let drawn = ''
  let stood = ''
  // What is being drawn, or was: the same is not drawn twice.
  let under = ''

  async function draw(): Promise<void> {
    window.clearTimeout(timer)
    const offset = place()
    if (!offset) return
    const [mine, wanted, where] = [++latest, asked.value, stands.value]
    under = wanted + where
    busy.value = true
    try {
      // The same thing at another place need not be decided again.
      const kept = wanted === drawn ? shown.value?.paper : undefined
      const answer = await call('paper.preview', kept ? { paper: kept, offset } : { ...(JSON.parse(wanted) as object), offset })
      if (mine !== latest) return
      ;[shown.value, fault.value, drawn, stood] = [answer, undefined, wanted, where]
    } catch (problem) {
      if (mine !== latest) return
      under = ''
      fault.value = toFault(problem)
      // What is no longer asked for is not printed by mistake.
      if (wanted !== drawn || fault.value.code === 'paper_gone') [shown.value, drawn] = [undefined, '']
    } finally {
      if (mine === latest) busy.value = false
    }
  }
  const soon = () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => { if (under !== asked.value + stands.value) void draw() }, AFTER)
  }
  watch([asked, stands], soon)
  onBeforeUnmount(() => {
    window.clearTimeout(timer)
    latest += 1
  })

  /** What lies in front is what was asked for; then it goes out. */
  async function out<T>(go: (paper: Preview, offset: Offset) => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined
    if (!shown.value || asked.value !== drawn || stands.value !== stood) await draw()
    const [paper, offset] = [shown.value, place()]
    if (!paper || !offset || fault.value) return undefined
    busy.value = true
    try {
      return await go(paper, offset)
    } catch (problem) {
      fault.value = toFault(problem)
      return undefined
    } finally {
      busy.value = false
    }
  }
  const print = (how: Omit<PrintAsk, 'paper' | 'offset'>) => out(async (paper, offset) => {
    await call('paper.print', { paper: paper.paper, offset, ...how })
    return paper
  })
  /** Answers where the file lies, or an empty text where the browser has it. */
  const save = () => out(async (paper, offset) => {
    const file = await call('paper.save', { paper: paper.paper, offset })
    return (await saveBytes(file.name, file.base64)) ?? ''
  })
  return { shown, busy, fault, draw, print, save }
}
