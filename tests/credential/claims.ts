// What a card says: its claims read from CBOR and written as CBOR, and the days that they speak of.
import { bytes, decode, encode, int, map, numbered, tag, text, type Item } from './cbor'
import { Unreadable } from './unreadable'

/** Days are `YYYY-MM-DD`; what is left out on the card is left out here. */
export interface Card {
  number: string
  name: string
  tail: string
  since: string
  issued: string
  index: number
  born?: number
  expires?: string
}

const DAY_SECONDS = 86_400
const FIRST_DAY = -25_567
const LAST_DAY = 84_005
/** Whole days stay whole in China's one time zone, which knows no summer time. */
const UTC_PLUS_8 = 8 * 3600

export const dayOfMoment = (seconds: number): number => Math.floor((seconds + UTC_PLUS_8) / DAY_SECONDS)
export const written = (day: number): string => new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10)
export const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 1000 / DAY_SECONDS

/** A whole number between two bounds, both included, or nothing. */
export function whole(item: Item | undefined, least: number, most: number): number | undefined {
  if (item?.kind !== 'int' || item.value < BigInt(least) || item.value > BigInt(most)) return undefined
  return Number(item.value)
}

export const day = (item: Item | undefined): number | undefined => whole(item, FIRST_DAY, LAST_DAY)

const textWithin = (item: Item | undefined, most: number): string | undefined =>
  item?.kind === 'text' && Buffer.byteLength(item.value) <= most ? item.value : undefined

function cardNumber(item: Item | undefined): string | undefined {
  if (item?.kind === 'int' && item.value >= 0n) return item.value.toString()
  if (item?.kind === 'text') {
    const length = Buffer.byteLength(item.value)
    return length >= 1 && length <= 32 ? item.value : undefined
  }
  if (item?.kind !== 'tag' || item.tag !== 2n || item.item.kind !== 'bytes' || item.item.value.length > 16) return undefined
  return item.item.value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n).toString()
}

function demanded<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Unreadable('claims', what)
  return value
}

/** A claim that may be left out, but has its shape where it stands. */
const optional = <T>(item: Item | undefined, read: (item: Item) => T | undefined, what: string): T | undefined =>
  item === undefined ? undefined : demanded(read(item), what)

export function readClaims(payload: Uint8Array): Card {
  const item = decode(payload)
  if (item.kind !== 'map') throw new Unreadable('cbor', 'claims that are no map')
  const claims = numbered(item)
  const card: Card = {
    number: demanded(cardNumber(claims.get(1)), 'card number'),
    name: demanded(textWithin(claims.get(2), 400), 'name'),
    tail: demanded(textWithin(claims.get(3), 16), 'end of the ID number'),
    since: written(demanded(day(claims.get(4)), 'member since')),
    issued: written(demanded(day(claims.get(5)), 'day of issue')),
    index: demanded(whole(claims.get(6), 0, 2 ** 32 - 1), 'place in the status list'),
  }
  const born = optional(claims.get(7), (year) => whole(year, 0, 2 ** 16 - 1), 'year of birth')
  const expires = optional(claims.get(8), day, 'last day')
  if (born !== undefined) card.born = born
  if (expires !== undefined) card.expires = written(expires)
  return card
}

/** Digits are written as a number: they take less than half the room. */
function numberItem(number: string): Item {
  if (!/^[1-9][0-9]*$/.test(number)) return text(number)
  const value = BigInt(number)
  if (value < 2n ** 64n) return int(value)
  const digits = value.toString(16)
  return tag(2, bytes(Uint8Array.from(Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'))))
}

export function writeClaims(card: Card): Uint8Array {
  const claims: [number, Item][] = [
    [1, numberItem(card.number)],
    [2, text(card.name)],
    [3, text(card.tail)],
    [4, int(dayOf(card.since))],
    [5, int(dayOf(card.issued))],
    [6, int(card.index)],
  ]
  if (card.born !== undefined) claims.push([7, int(card.born)])
  if (card.expires !== undefined) claims.push([8, int(dayOf(card.expires))])
  return encode(map(...claims))
}
