// What a transfer says on the screen: which sentence, which colour, and what can be done, in the order in which one would.
import type { TransferLine } from '../../generated/api'

/** What a clerk does with a transfer that stands in the list. */
export type Deed = 'release' | 'accept' | 'receipt' | 'decide' | 'refuse' | 'withdraw'
const ORDER: Deed[] = ['release', 'accept', 'decide', 'receipt', 'refuse', 'withdraw']

/** What can be done here, what is expected first. */
export function deeds(line: Pick<TransferLine, 'possible'>): Deed[] {
  return ORDER.filter((one) => line.possible.includes(one))
}

/** Whether that is the answer that somebody waits for, not a way out. */
export function expected(deed: Deed): boolean {
  return ['release', 'accept', 'decide'].includes(deed)
}

/** Key of the sentence that says what it means and what comes next. */
export function hint(line: Pick<TransferLine, 'state' | 'part' | 'possible'>): string {
  if (line.possible.includes('receipt')) return 'released_outside'
  if (line.state === 'released' && line.part === 'in' && !line.possible.includes('accept')) return 'provisional'
  return ['requested', 'released', 'unreleased'].includes(line.state) ? `${line.state}_${line.part}` : line.state
}

/** Red for what went wrong or late, amber for what waits for this office, green for what is done. */
export function tone(line: Pick<TransferLine, 'state' | 'overdue' | 'possible'>): 'wrong' | 'warn' | 'good' | 'calm' {
  if (line.overdue || line.state === 'disputed') return 'wrong'
  if (deeds(line).some(expected)) return 'warn'
  return line.state === 'confirmed' ? 'good' : 'calm'
}

/** Since when it stands: the day on the letter, or of what happened first. */
export function since(line: Pick<TransferLine, 'released_on' | 'events'>): string {
  return line.released_on ?? line.events[0]?.on ?? ''
}

/** Whole days from one civil day to a later one. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** A slip, and no card, was read. */
export function isSlip(text: string): boolean {
  return text.trim().toUpperCase().startsWith('NJT1:')
}
