// What a clerk types about a printout, read; and what is remembered of each printer.
import type { Commands, Json, Offset, Paper } from '../../generated/api'

/** The commands that say what is drawn. One that is added appears here by itself. */
export type PaperCommand = { [N in keyof Commands]: Commands[N]['answer'] extends Paper ? N : never }[keyof Commands]

/** Farther than this no printer is off, and the page would lose its edge. */
const FARTHEST = 20

const half = (text: string) => text.replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0)).replace(/[，,．。]/g, '.').replace(/[－–—−]/g, '-').trim()

/** Millimetres as they are typed: 1.5, -0,5; nothing is none. Undefined for what is no number, or too far. */
export function readMm(text: string): number | undefined {
  const typed = half(text).replace(/^\+/, '')
  if (typed === '') return 0
  if (!/^-?\d{1,2}(\.\d{0,2})?$/.test(typed)) return undefined
  const mm = Number(typed)
  return Math.abs(mm) <= FARTHEST ? mm || 0 : undefined
}

/** Which pages: 3, 2-5, or nothing for all. Undefined for what cannot be. */
export function readPages(text: string, total: number): { first?: number; last?: number } | undefined {
  const typed = half(text)
  if (typed === '') return {}
  const found = /^(\d{1,4})(?:\s*[-~～至到]\s*(\d{1,4}))?$/.exec(typed)
  if (!found) return undefined
  const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])]
  return first >= 1 && first <= last && last <= total ? { first, last } : undefined
}

/** How often: 1 to 99. */
export function readCopies(text: string): number | undefined {
  const typed = half(text)
  return /^[1-9]\d?$/.test(typed) ? Number(typed) : undefined
}

/** Where a file stands that is printed by another program. */
const FILE = '#pdf'

const object = (stored: Json | undefined): Record<string, Json> => (stored && typeof stored === 'object' && !Array.isArray(stored) ? (stored as Record<string, Json>) : {})

/** By how much this printer is moved, of what is remembered. */
export function placeOf(stored: Json | undefined, printer: string): Offset {
  const place = object(object(stored)[printer || FILE])
  const mm = (value: Json | undefined) => (typeof value === 'number' && Math.abs(value) <= FARTHEST ? value : 0)
  return { x: mm(place.x), y: mm(place.y) }
}

/** What is remembered once this printer is moved; the others stay. */
export function withPlace(stored: Json | undefined, printer: string, place: Offset): Json {
  return { ...object(stored), [printer || FILE]: { x: place.x, y: place.y } }
}

/** The printer that stands there at first: the one that was taken for such sheets, else the usual one, else the first. */
export function firstPrinter(printers: { name: string; default: boolean }[], remembered: Json | undefined): string {
  const known = printers.find((one) => one.name === remembered)
  return (known ?? printers.find((one) => one.default) ?? printers[0])?.name ?? ''
}
