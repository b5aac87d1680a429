// What is decided about applications: by which command, with what, and when it is ready to go.
import type { ApplicationsChanged, Approved, ApproveAsk, WaitingAsk } from '../../generated/api'

/** Whom a decision is about: some that were ticked, or all who are asked for. */
export interface Chosen { ids?: string[]; members?: string[]; waiting?: WaitingAsk }

export interface Typed { event: string; on: string; reason: string; document: string; eligible: boolean; voluntary: boolean; papers: boolean }

export type Outcome = { approved: Approved } | { changed: ApplicationsChanged }

/** Whoever is refused, or takes an application back, has a reason that is asked for later. */
export const needsReason = (event: string): boolean => event === 'rejected' || event === 'withdrawn'

/** What still has to be typed, by the key of the sentence that asks for it; nothing where all is there. */
export function missing(typed: Typed): 'event_first' | 'examine_first' | 'reason_first' | undefined {
  if (!typed.event || !typed.on) return 'event_first'
  if (typed.event === 'approved' && !(typed.eligible && typed.voluntary && typed.papers)) return 'examine_first'
  return needsReason(typed.event) && !typed.reason.trim() ? 'reason_first' : undefined
}

const texts = (typed: Typed) => ({
  on: typed.on,
  ...(typed.reason.trim() && { reason: typed.reason.trim() }),
  ...(typed.document.trim() && { document: typed.document.trim() }),
})

export function approveAsk(chosen: Chosen, typed: Typed): ApproveAsk {
  const { eligible, voluntary, papers } = typed
  return { ...chosen, ...texts(typed), eligible, voluntary, papers }
}

export function changeAsk(chosen: Chosen, typed: Typed) {
  return { ids: chosen.ids ?? [], event: typed.event, ...texts(typed) }
}

/** Only an approval knows people who never applied, and all at once. */
export function mayDecide(chosen: Chosen, may: string[]): string[] {
  return chosen.members || chosen.waiting ? may.filter((event) => event === 'approved') : may.filter((event) => event !== 'submitted')
}
