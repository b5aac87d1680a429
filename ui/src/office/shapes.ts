// Shapes that the window puts together from the generated ones.
import type { Commands, FieldFault, Json, Say, SyncStatus } from '../generated/api'

export type Fields = Record<string, Json>

/** What comes instead of an answer: a sentence for the clerk, the fields it is about, a cause for support. */
export interface Fault { code: string; say: Say; fields?: FieldFault[]; cause?: string }

/** The verbs that every record kind has; their questions and answers are the same for all kinds. */
export type Verb = 'list' | 'get' | 'save' | 'history' | 'reveal' | 'settle' | 'check' | 'void'
export type RecordVerbs = { [V in Verb]: Commands[`members.${V}`] }

/** The words of an event: what changed, and how the exchange stands where the host knows it. */
export interface Changed { touched: string[]; sync?: Partial<SyncStatus> }

/** A view of a list that a clerk keeps under a name. */
export interface SavedFilter { name: string; text: string; filter: Record<string, Json> }

export type MembershipEvent = 'joined' | 'retained' | 'restored' | 'left' | 'expelled' | 'deceased' | 'moved_out' | 'talked'
