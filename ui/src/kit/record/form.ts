// The life of a form: what was there, what is typed, what the core says about it, the draft that is kept, the save.
import { computed, onBeforeUnmount, reactive, ref, toRaw } from 'vue'
import type { Json, Notice, RecordDescription, SaveAsk, Saved, Say } from '../../generated/api'
import type { Fields } from '../../office/shapes'
import { call, callKind, Refusal, toFault } from '../../host'
import type { Fault } from '../../office/shapes'

export interface FormStart {
  type: RecordDescription
  /** The command noun of the record type. */
  kind: string
  draftKey: string
  id?: string | undefined
  token?: string | undefined
  fields: Fields
  /** Fields with several values: the one that was looked at is saved even where it stays as it is, which settles the matter. */
  openQuestions?: string[] | undefined
  save?: ((ask: SaveAsk) => Promise<Saved>) | undefined
}

const CHECK_AFTER = 350
const DRAFT_AFTER = 900

export function useForm(start: FormStart) {
  const before: Fields = structuredClone(toRaw(start.fields))
  const values = reactive<Fields>(structuredClone(before))
  const wrong = reactive<Record<string, Say[]>>({})
  const notices = reactive<Record<string, Say[]>>({})
  const fault = ref<Fault>()
  const saving = ref(false)
  const restored = ref(false)
  const kept = ref(false)
  /** Masked fields stay closed until the clerk asks to see them, which the core writes down. */
  const closed = reactive(new Set(start.id ? start.type.fields.filter((field) => field.sensitive && before[field.name] != null).map((field) => field.name) : []))
  const filledByCore = new Set<string>()
  const touched = new Set<string>()
  const settled = reactive(new Set<string>())
  let token = start.token
  let checkTimer: number | undefined
  let draftTimer: number | undefined
  let checking = 0
  let over = false

  const changed = computed(() => {
    const out: Fields = {}
    for (const field of start.type.fields) {
      const now = values[field.name] ?? null
      if (!closed.has(field.name) && (settled.has(field.name) || now !== (before[field.name] ?? null))) out[field.name] = now
    }
    return out
  })
  const dirty = computed(() => Object.keys(changed.value).length > 0)

  /** What a person typed: values that the core filled in are left out, so that it fills them anew. */
  function typed(): Fields {
    return Object.fromEntries(Object.entries(changed.value).filter(([field]) => !filledByCore.has(field)))
  }

  function set(field: string, value: Json): void {
    values[field] = value
    filledByCore.delete(field)
    touched.add(field)
    delete wrong[field]
    later()
  }

  function later(): void {
    window.clearTimeout(checkTimer)
    checkTimer = window.setTimeout(check, CHECK_AFTER)
    window.clearTimeout(draftTimer)
    draftTimer = window.setTimeout(keepDraft, DRAFT_AFTER)
  }

  function spread(into: Record<string, Say[]>, says: Notice[], only?: Set<string>): void {
    for (const key of Object.keys(into)) delete into[key]
    for (const one of says) if (!only || only.has(one.field)) (into[one.field] ??= []).push(one.say)
  }

  async function check(): Promise<void> {
    const mine = ++checking
    const answer = await callKind(start.kind, 'check', { ...(start.id && { id: start.id }), fields: typed() }).catch(() => undefined)
    if (!answer || mine !== checking || over) return
    // While typing only the fields that were visited speak up; the save names the rest.
    spread(wrong, answer.faults, touched)
    spread(notices, answer.notices)
    for (const [field, value] of Object.entries(answer.filled)) {
      if (value != null && (values[field] == null || values[field] === '' || filledByCore.has(field))) {
        values[field] = value
        filledByCore.add(field)
      }
    }
  }

  async function keepDraft(): Promise<void> {
    if (over || !dirty.value) return
    const done = await call('drafts.put', { key: start.draftKey, kind: start.type.kind, ...(start.id && { id: start.id }), ...(token && { token }), fields: changed.value }).then(() => true, () => false)
    if (!over) kept.value = done
  }

  async function restoreDraft(): Promise<void> {
    const drafts = await call('drafts.list', {}).catch(() => ({ drafts: [] }))
    const mine = drafts.drafts.find((draft) => draft.key === start.draftKey)
    if (!mine || Object.keys(mine.fields).length === 0) return
    for (const [field, value] of Object.entries(mine.fields)) {
      closed.delete(field)
      values[field] = value
      touched.add(field)
    }
    // What is replaced is what was seen when the draft began, so its token goes with it.
    token = mine.token ?? token
    restored.value = true
    void check()
  }

  async function dropDraft(): Promise<void> {
    window.clearTimeout(draftTimer)
    await call('drafts.drop', { key: start.draftKey }).catch(() => undefined)
  }

  async function startOver(): Promise<void> {
    await dropDraft()
    for (const field of start.type.fields) values[field.name] = before[field.name] ?? null
    if (start.id) for (const field of start.type.fields) if (field.sensitive && before[field.name] != null) closed.add(field.name)
    token = start.token
    touched.clear()
    spread(wrong, [])
    spread(notices, [])
    settled.clear()
    restored.value = false
    fault.value = undefined
  }

  async function reveal(field: string): Promise<void> {
    if (!start.id) return
    const { value } = await callKind(start.kind, 'reveal', { id: start.id, field })
    before[field] = value
    values[field] = value
    closed.delete(field)
    if (start.openQuestions?.includes(field)) settled.add(field)
  }

  async function save(): Promise<Saved | undefined> {
    if (saving.value) return undefined
    saving.value = true
    fault.value = undefined
    window.clearTimeout(checkTimer)
    window.clearTimeout(draftTimer)
    checking += 1
    try {
      const ask: SaveAsk = { ...(start.id && { id: start.id }), ...(token && { token }), fields: changed.value }
      const answer = await (start.save ?? ((question: SaveAsk) => callKind(start.kind, 'save', question)))(ask)
      over = true
      await dropDraft()
      return answer
    } catch (problem) {
      fault.value = toFault(problem)
      if (problem instanceof Refusal) spread(wrong, problem.fault.fields ?? [])
      return undefined
    } finally {
      saving.value = false
    }
  }

  onBeforeUnmount(() => {
    window.clearTimeout(checkTimer)
    window.clearTimeout(draftTimer)
    // Leaving the page is not losing the work.
    if (!over) void keepDraft()
    over = true
  })

  return { values, wrong, notices, fault, saving, restored, kept, closed, changed, dirty, set, save, reveal, restoreDraft, dropDraft, startOver, finish: () => (over = true) }
}
