// Shapes that the window puts together from the generated ones.
import type { Commands, FieldFault, Json, Say, SyncStatus } from '../generated/api'

export type Fields = Record<string, Json>

/** What comes instead of an answer: a sentence for the clerk, the fields it is about, a cause for support. */
export interface Fault { code: string; say: Say; fields?: FieldFault[]; cause?: string }

/** The verbs that every record kind has; their questions and answers are the same for all kinds. */
export type Verb = 'list' | 'get' | 'save' | 'history' | 'reveal' | 'check' | 'void'
export type RecordVerbs = { [V in Verb]: Commands[`members.${V}`] }

export interface SyncStep { key: string; zh: string; en: string; done: number; total: number; bytes: number }

/** The status with what the host adds to it: the exchange under way. */
export interface SyncNow extends SyncStatus {
  running?: boolean
  offline_since?: number | null
  last_fault?: { key: string; say: Say } | null
  steps?: SyncStep[]
}

export interface Changed { touched: string[]; sync?: SyncNow }

export type ImportClass = 'new' | 'same' | 'differs' | 'rejected' | 'warned'
export type MembershipEvent = 'joined' | 'retained' | 'restored' | 'left' | 'expelled' | 'deceased' | 'moved_out'
