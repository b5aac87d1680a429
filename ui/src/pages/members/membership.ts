// The changes of a membership that a clerk can enter, and which of them the core lets follow now.
import type { Detail } from '../../generated/api'
import type { MembershipEvent } from '../../office/shapes'
import { codes } from '../../office/catalogue'
import { say } from '../../words'

export type Entered = MembershipEvent | 'joined'
export const EVENTS: Entered[] = ['joined', 'retained', 'restored', 'left', 'expelled', 'deceased', 'moved_out']

/** Events that may follow as the core says; all of them where an older core says nothing. */
export function possible(record: Detail): Entered[] {
  const told = record.derived.possible
  return Array.isArray(told) ? EVENTS.filter((one) => told.includes(one)) : EVENTS
}

/** A member of this union, who can go to another one. */
export const stays = (record: Detail): boolean => !record.void && (record.state === 'active' || record.state === 'retained') && !record.derived.merged_into

/** On the move, or gone: the page says what that means. */
export const moves = (record: Detail): boolean => ['out_in_transit', 'provisional', 'transferred'].includes(record.state ?? '')

/** Another union of the county holds the membership: this page is kept for reading. */
export const gone = (record: Detail): boolean => record.state === 'transferred'

const reasons = () => codes('membership_change_reason')

export const reasonLabels = (): string[] => reasons().map(say)

/** A reason of the list is kept as its code, any other as it was typed. */
export function reasonCode(typed: string): string {
  const text = typed.trim()
  return reasons().find((one) => one.zh === text || one.en === text)?.code ?? text
}

export function reasonShown(kept: string): string {
  const known = reasons().find((one) => one.code === kept)
  return known ? say(known) : kept
}
