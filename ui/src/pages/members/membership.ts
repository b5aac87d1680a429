// The changes of a membership that a clerk can enter, which of them the core lets follow now, and what each needs.
import type { Detail } from '../../generated/api'
import type { MembershipEvent } from '../../office/shapes'
import { catalogue, codes } from '../../office/catalogue'
import { eventName, say } from '../../words'

export type Entered = MembershipEvent | 'joined' | 'corrected'
export const EVENTS: Entered[] = ['joined', 'retained', 'restored', 'left', 'expelled', 'deceased', 'moved_out']
/** What is noted without a new standing, or puts one right. */
export const ALSO: Entered[] = ['talked', 'corrected']

/** Events that may follow as the core says; all of them where an older core says nothing. */
export function possible(record: Detail): Entered[] {
  const told = record.derived.possible
  return Array.isArray(told) ? EVENTS.filter((one) => told.includes(one)) : EVENTS
}

export function also(record: Detail): Entered[] {
  const told = record.derived.also
  return Array.isArray(told) ? ALSO.filter((one) => told.includes(one)) : []
}

/** A member of this union, who can go to another one. */
export const stays = (record: Detail): boolean => !record.void && (record.state === 'active' || record.state === 'retained') && !record.derived.merged_into

/** On the move, or gone: the page says what that means. */
export const moves = (record: Detail): boolean => ['out_in_transit', 'provisional', 'transferred'].includes(record.state ?? '')

export { gone } from '../../kit/record/gone'

/** What was entered last: the one thing that can be put right. */
export function lastChange(record: Detail): string {
  return typeof record.derived.last_change === 'string' ? record.derived.last_change : ''
}

const reasons = () => codes('membership_change_reason')
/** A membership is retained for one of a few reasons; everything else has the reasons of the collection form. */
const reasonsOf = (event: Entered | undefined) => (event === 'retained' ? codes('retained_reason') : reasons())

export const reasonLabels = (event?: Entered): string[] => reasonsOf(event).map(say)

/** A reason of the list is kept as its code, any other as it was typed. */
export function reasonCode(typed: string, event?: Entered): string {
  const text = typed.trim()
  return reasonsOf(event).find((one) => one.zh === text || one.en === text)?.code ?? text
}

/** Who is expelled, or deemed to have left, is so by a decision. */
export function needsDecision(event: Entered | undefined, kind: string): boolean {
  return event === 'expelled' || (event === 'left' && kind === 'deemed')
}

export function reasonShown(kept: string, key = 'reason'): string {
  if (key === 'of') return eventName(kept, catalogue.value?.events)
  const lists = key === 'how' ? [codes('met_how')] : key === 'kind' ? [codes('left_kind'), codes('retained_reason')] : [reasons(), codes('retained_reason')]
  const known = lists.flat().find((one) => one.code === kept)
  return known ? say(known) : kept
}
