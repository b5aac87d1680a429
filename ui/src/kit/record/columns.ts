// How each list is shown: columns and order are the clerk's for good, what it is narrowed by only while the window is open.
import { effectScope, reactive, watch, type EffectScope } from 'vue'
import type { Json } from '../../generated/api'
import { keep, pref } from '../../office/prefs'
import type { SavedFilter } from '../../office/shapes'

export interface ListMemory {
  columns: string[]
  sort: string
  descending: boolean
  text: string
  filter: Record<string, Json>
}

const remembered = reactive<Record<string, ListMemory>>({})
const filters = reactive<Record<string, SavedFilter[]>>({})
// Watching goes on when the page that first asked is gone.
let watching: EffectScope = effectScope(true)

const isObject = (value: Json | undefined): value is { [key: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value)
const texts = (value: Json | undefined): string[] | undefined => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined)

/** `columns` are those of a clerk who has chosen none; `known` tells which of the kept ones still exist. */
export function memoryOf(list: string, columns: string[], known: (column: string) => boolean = () => true): ListMemory {
  if (!remembered[list]) {
    const kept = pref(`list.${list}`)
    const chosen = isObject(kept) ? kept : {}
    const sort = typeof chosen.sort === 'string' && (['pinyin', 'strokes'].includes(chosen.sort) || known(chosen.sort)) ? chosen.sort : 'pinyin'
    remembered[list] = { columns: texts(chosen.columns)?.filter(known) ?? columns, sort, descending: chosen.descending === true, text: '', filter: {} }
    // Read anew: what was just assigned is not the watched object.
    const memory = remembered[list]!
    watching.run(() => watch(() => ({ columns: [...memory.columns], sort: memory.sort, descending: memory.descending }), (now) => keep(`list.${list}`, now)))
  }
  return remembered[list]!
}

export function filtersOf(list: string): SavedFilter[] {
  filters[list] ??= ((kept) => (Array.isArray(kept) ? kept : []).filter(isObject).map((one) => ({ name: String(one.name), text: String(one.text ?? ''), filter: isObject(one.filter) ? one.filter : {} })))(pref(`filters.${list}`))
  return filters[list]!
}

/** The same name replaces what it stood for. */
export function keepFilter(list: string, saved: SavedFilter): void {
  setFilters(list, [...filtersOf(list).filter((one) => one.name !== saved.name), saved])
}

export function dropFilter(list: string, name: string): void {
  setFilters(list, filtersOf(list).filter((one) => one.name !== name))
}

function setFilters(list: string, now: SavedFilter[]): void {
  filters[list] = now
  keep(`filters.${list}`, now.length ? now.map((one) => ({ ...one, filter: { ...one.filter } })) : null)
}

/** Another clerk may come: nothing of this one stays. */
export function forgetLists(): void {
  watching.stop()
  watching = effectScope(true)
  for (const list of Object.keys(remembered)) delete remembered[list]
  for (const list of Object.keys(filters)) delete filters[list]
}
