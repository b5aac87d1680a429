// Where a record lives in this window. Kinds with pages of their own first; every other kind of the catalogue is a plain ledger.
import { recordType } from './catalogue'

/** Kinds that no list shows: the office itself, its people, its PCs and their keys, who is one person, its log, the numbers and lists of the cards, who holds whom and what was brought along. */
const WITHIN = ['office', 'clerk', 'device', 'shared_key', 'same_person', 'audit', 'number_lease', 'number_request', 'number_handing', 'issuing_key', 'card_list', 'ruling', 'adoption', 'late_edit', 'office_key', 'known_ids', 'practice', 'not_same', 'duplicate_answer', 'answer_heard']
const OWN_PAGES = ['organisations', 'enterprises', 'members', 'cards', 'applications', 'transfers', 'stays', 'successions']

/** The command noun of a kind, whether the core named it in the singular or the plural. */
export function noun(kind: string): string {
  if (OWN_PAGES.includes(kind)) return kind
  const plural = recordType(kind)?.plural
  return plural && /^[a-z_]+$/.test(plural) ? plural : kind
}

export function isLedger(kind: string): boolean {
  return !WITHIN.includes(kind)
}

export function listPath(kind: string): string {
  const own = noun(kind)
  return OWN_PAGES.includes(own) ? `/${own}` : `/ledgers/${own}`
}

export function recordPath(kind: string, id: string): string {
  if (kind === 'draft') return draftPath(id)
  return `${listPath(kind)}/${id}`
}

/** The key under which a form keeps its draft; the page that goes on with it is read from the same key. */
export function draftKey(kind: string, id?: string): string {
  return `${noun(kind)}/${id ?? 'new'}`
}

export function draftPath(key: string): string {
  const [kind = '', id = 'new'] = key.split('/')
  if (id !== 'new') return `${recordPath(kind, id)}?edit`
  if (kind === 'members') return '/members/join'
  return kind === 'cards' ? '/cards/order' : `${listPath(kind)}/new`
}

export function hasOwnPages(kind: string): boolean {
  return OWN_PAGES.includes(noun(kind))
}
