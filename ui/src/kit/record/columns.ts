// Which columns each list shows, and how it is sorted: remembered while the window is open.
import { reactive } from 'vue'
import type { Json } from '../../generated/api'

export interface ListMemory {
  columns: string[]
  sort: string
  descending: boolean
  text: string
  filter: Record<string, Json>
}

const remembered = reactive<Record<string, ListMemory>>({})

export function memoryOf(list: string, columns: string[]): ListMemory {
  remembered[list] ??= { columns, sort: 'pinyin', descending: false, text: '', filter: {} }
  // Read anew: what was just assigned is not the watched object.
  return remembered[list]!
}
