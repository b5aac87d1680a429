// The trust list and the status list: what a desk knows before a card is held before it. Opened once, asked for every card.
import { inflateSync } from 'node:zlib'
import { decode, int, numbered, type Item } from './cbor'
import { day, dayOfMoment, whole } from './claims'
import { readSign1, TYPE, verifiedBy } from './cose'
import { kidOf } from './ed25519'
import { Unreadable } from './unreadable'

export const TRUST_TYPE = 'application/niangjia-trust-list+cbor'
export const STATUS_TYPE = 'application/statuslist+cwt'

const MIB = 1024 * 1024
const TRUST_MOST = MIB
const STATUS_MOST_PACKED = 2 * MIB
const STATUS_MOST_UNPACKED = MIB

const NO_AAD = new Uint8Array()

export interface TrustEntry {
  key: Uint8Array
  kid: Uint8Array
  code: string
  name: string
  first: number
  /** The last day of issue; left out while the key is in use. */
  last?: number
}

export interface TrustList {
  entries: TrustEntry[]
  /** The day on which it was made; none where there is no list to trust. */
  day?: number
}

export interface StatusList {
  day: number
  /** Four cards a byte. */
  places: Uint8Array
}

/** Payload of a list that a key of the county has signed, or nothing; every fault of form is "nothing" too. */
function opened<T>(input: Uint8Array, most: number, countyKeys: Uint8Array[], type: string, read: (claims: Map<number, Item>) => T | undefined): T | undefined {
  if (input.length > most) return undefined
  try {
    const sign1 = readSign1(input)
    const named = sign1.protectedHeader.get(TYPE)
    if (named?.kind !== 'text' || named.value !== type) return undefined
    if (!countyKeys.some((key) => verifiedBy(key, sign1, NO_AAD))) return undefined
    const payload = decode(sign1.payload)
    if (payload.kind !== 'map') return undefined
    const claims = numbered(payload)
    const subject = claims.get(2)
    if (subject?.kind !== 'text' || Buffer.byteLength(subject.value) > 200) return undefined
    return read(claims)
  } catch (fault) {
    if (fault instanceof Unreadable) return undefined
    throw fault
  }
}

const dayMade = (claims: Map<number, Item>): number | undefined => {
  const seconds = whole(claims.get(6), 0, Number.MAX_SAFE_INTEGER)
  // A day that no card could name would be no date on a screen either.
  return seconds === undefined ? undefined : day(int(dayOfMoment(seconds)))
}

function trustEntry(item: Item): TrustEntry | undefined {
  if (item.kind !== 'array') return undefined
  const [key, code, name, firstItem, lastItem] = item.items
  const first = day(firstItem)
  if (key?.kind !== 'bytes' || key.value.length !== 32 || code?.kind !== 'text' || name?.kind !== 'text' || first === undefined) return undefined
  const entry: TrustEntry = { key: key.value, kid: kidOf(key.value), code: code.value, name: name.value, first }
  // Null keeps the place where a later version has more to say.
  if (lastItem === undefined || (lastItem.kind === 'other' && lastItem.value[0] === 0xf6)) return entry
  const last = day(lastItem)
  return last === undefined ? undefined : { ...entry, last }
}

export function openTrustList(input: Uint8Array, countyKeys: Uint8Array[]): TrustList {
  const list = opened(input, TRUST_MOST, countyKeys, TRUST_TYPE, (claims) => {
    const made = dayMade(claims)
    const items = claims.get(1)
    if (made === undefined || items?.kind !== 'array') return undefined
    const entries = items.items.map(trustEntry)
    // One entry of another shape is a fault of the county's program; half a list would hide it.
    return entries.every((entry) => entry !== undefined) ? { entries, day: made } : undefined
  })
  return list ?? { entries: [] }
}

export function openStatusList(input: Uint8Array, countyKeys: Uint8Array[]): StatusList | null {
  const list = opened(input, STATUS_MOST_PACKED, countyKeys, STATUS_TYPE, (claims) => {
    const made = dayMade(claims)
    const item = claims.get(65533)
    if (made === undefined || item?.kind !== 'map') return undefined
    const under = (word: string) => item.entries.find(([key]) => key.kind === 'text' && key.value === word)?.[1]
    const lst = under('lst')
    if (whole(under('bits'), 2, 2) === undefined || lst?.kind !== 'bytes') return undefined
    const places = unpacked(lst.value)
    return places === undefined ? undefined : { day: made, places }
  })
  return list ?? null
}

function unpacked(packed: Uint8Array): Uint8Array | undefined {
  try {
    // The bound holds while it unpacks: a bomb is given up at the first byte too many.
    return inflateSync(packed, { maxOutputLength: STATUS_MOST_UNPACKED })
  } catch {
    return undefined
  }
}

/** 0 to 3, or nothing where the list has no such place. */
export function statusAt(list: StatusList, index: number): number | undefined {
  const byte = list.places[Math.floor(index / 4)]
  return byte === undefined ? undefined : (byte >> (2 * (index % 4))) & 3
}
