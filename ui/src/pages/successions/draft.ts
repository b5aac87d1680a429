// A reorganisation while it is being filled in: what is still missing, what is asked of the office, and where a refusal belongs.
import type { OfficeLine, SuccessionAsk, SuccessionLine } from '../../generated/api'
import type { Fault } from '../../office/shapes'
import { say } from '../../words'

/** Codes of `succession_kind`, in the order in which they are offered. */
export const KINDS = ['enterprise', 'split', 'merger', 'abolition'] as const
export type Kind = (typeof KINDS)[number]
export const STEPS = ['kind', 'who', 'paper', 'look', 'done'] as const
export type Step = (typeof STEPS)[number]

export interface Draft {
  kind: Kind | ''
  /** The old office; of a merger all that are ticked. */
  from: string[]
  to: string
  /** Names of the enterprises and unions that were chosen, by id. */
  chosen: Map<string, string>
  paper: string
  on: string
  note: string
}

export const empty = (today: string): Draft => ({ kind: '', from: [], to: '', chosen: new Map(), paper: '', on: today, note: '' })

/** Enterprises or unions are chosen one by one; otherwise the whole office goes. */
export const inPart = (kind: Kind | ''): boolean => kind === 'enterprise' || kind === 'split'

/** A day that was understood; until then the field keeps what was typed. */
const isDay = (typed: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(typed)

/** Only entered now, and done on its day. */
export const later = (draft: Draft, today: string): boolean => isDay(draft.on) && draft.on > today

/** What must be done before the step is over: a key of the words, or nothing. */
export function missing(draft: Draft, step: Step): string {
  if (step === 'kind') return draft.kind ? '' : 'kind'
  if (step === 'who') {
    if (draft.from.length === 0) return draft.kind === 'merger' ? 'several' : 'from'
    if (inPart(draft.kind) && draft.chosen.size === 0) return draft.kind === 'split' ? 'split' : 'chosen'
    return draft.to ? '' : 'to'
  }
  if (step === 'paper') return !draft.paper.trim() ? 'paper' : isDay(draft.on) ? '' : 'on'
  return ''
}

/** Another kind chooses otherwise: what no longer fits is let go of, and the rest stays. */
export function turn(draft: Draft, kind: Kind): void {
  if (draft.kind === kind) return
  if (kind !== 'merger') draft.from.splice(1)
  if (!(draft.kind === 'enterprise' && kind === 'split')) draft.chosen.clear()
  draft.kind = kind
}

/** The old office of a kind that has one; what was chosen of another one does not stand with it. */
export function leave(draft: Draft, from: string): void {
  if (draft.from[0] !== from) draft.chosen.clear()
  draft.from = from ? [from] : []
  if (draft.to === from) draft.to = ''
}

/** One more of several offices, or one less. */
export function tick(draft: Draft, office: string): void {
  draft.from = draft.from.includes(office) ? draft.from.filter((one) => one !== office) : [...draft.from, office]
  if (draft.from.includes(draft.to)) draft.to = ''
}

export function question(draft: Draft): SuccessionAsk {
  const records = inPart(draft.kind) ? [...draft.chosen.keys()] : undefined
  const note = draft.note.trim()
  return { kind: draft.kind, paper: draft.paper.trim(), on: draft.on, parts: draft.from.map((from) => ({ from, to: draft.to, ...(records && { records }) })), ...(note && { note }) }
}

/** Offices that can let go or take in: those that were not given up. */
export const standing = (offices: OfficeLine[]): OfficeLine[] => offices.filter((one) => !one.into)

/** What a refusal says of one field of one part, or of every part where none is named. */
export function wrongOf(fault: Fault | undefined, field: string, part?: number): string {
  const meant = (name: string) => (part === undefined ? new RegExp(`^parts\\.\\d+\\.${field}$`).test(name) : name === `parts.${part}.${field}`)
  return [...new Set((fault?.fields ?? []).filter((one) => meant(one.field)).map((one) => say(one.say)))].join(' ')
}

/** The step at which a refusal is put right. */
export function stepOf(fault: Fault): Step {
  const fields = (fault.fields ?? []).map((one) => one.field)
  if (fields.includes('kind')) return 'kind'
  if (fields.some((name) => name.startsWith('parts'))) return 'who'
  return fields.length > 0 ? 'paper' : 'look'
}

/** What this act entered: lines that were not there before. */
export function entered(before: string[], rows: SuccessionLine[]): SuccessionLine[] {
  return rows.filter((row) => !before.includes(row.id))
}

/** The first ten of many names, and how many more there are. */
export function firstOf(names: string[], most = 10): { shown: string[]; more: number } {
  return { shown: names.slice(0, most), more: Math.max(0, names.length - most) }
}
