// One record on a page: asked once, asked again when it changed, with its history beside it.
import { ref, watch } from 'vue'
import type { Detail, Entry, Say } from '../../generated/api'
import type { Fault } from '../../office/shapes'
import { callKind, toFault } from '../../host'
import { useFresh, useStandings } from '../../office/freshness'
import { recordType } from '../../office/catalogue'

export function useRecord(kind: () => string, id: () => string) {
  const record = ref<Detail>()
  const history = ref<Entry[]>([])
  const less = ref<Say | null>()
  const fault = ref<Fault>()

  async function load(): Promise<void> {
    const wanted = id()
    if (!wanted) return
    try {
      const answer = await callKind(kind(), 'get', { id: wanted })
      if (wanted !== id()) return
      record.value = answer
      fault.value = undefined
      const past = await callKind(kind(), 'history', { id: wanted })
      history.value = past.entries
      less.value = past.note
    } catch (problem) {
      fault.value = toFault(problem)
    }
  }
  watch(id, () => { record.value = undefined; void load() }, { immediate: true })
  useFresh(() => [kind(), recordType(kind())?.kind ?? '', 'same_person', 'not_same', 'duplicate_answer', 'answer_heard'], () => void load())
  useStandings(() => void load())
  return { record, history, less, fault, load }
}
