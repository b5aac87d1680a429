// A county, an office, a card and the two lists, all made up: what the tests beside this file turn and break.
import { deflateSync } from 'node:zlib'
import { encodeBase45 } from './base45'
import { array, bytes, encode, int, map, text, type Item } from './cbor'
import { dayOf, type Card } from './claims'
import { CARD_AAD, seal, TYPE } from './cose'
import { publicKeyOf } from './ed25519'
import { openStatusList, openTrustList, STATUS_TYPE, TRUST_TYPE } from './lists'
import type { Known } from './verifier'

export const COUNTY = new Uint8Array(32).fill(9)
export const OFFICE = new Uint8Array(32).fill(1)
export const OFFICE_KEY = publicKeyOf(OFFICE)
export const CODE = '990101001'
export const NO_AAD = new Uint8Array()

/** Noon of a day in China. */
export const noon = (date: string): number => Date.parse(`${date}T04:00:00Z`) / 1000
export const NOW = noon('2026-11-23')
export const MADE = '2026-11-22'

const counties = [publicKeyOf(COUNTY)]
const whose: [number, Item] = [2, text('urn:uuid:019a0000-0000-7000-8000-000000000001')]
const made = (date: string): [number, Item] => [6, int(noon(date))]

export const entry = (key: Uint8Array, code = CODE, ...days: string[]) =>
  array(bytes(key), text(code), text('平湖镇总工会'), ...(days.length > 0 ? days.map((date) => int(dayOf(date))) : [int(0)]))

export function trustOf(entries: Item[], date = MADE) {
  const payload = encode(map([1, array(...entries)], whose, made(date)))
  return openTrustList(seal(COUNTY, payload, NO_AAD, [TYPE, text(TRUST_TYPE)]), counties)
}

interface Otherwise {
  type?: string
  seed?: Uint8Array
  bits?: number
  date?: string
  header?: [number, Item][]
}

/** `lst` as it is given, packed or broken. */
export function statusOf(lst: Uint8Array, { type = STATUS_TYPE, seed = COUNTY, bits = 2, date = MADE, header = [] }: Otherwise = {}) {
  const payload = encode(map(whose, made(date), [65533, map(['bits', int(bits)], ['lst', bytes(lst)])]))
  return openStatusList(seal(seed, payload, NO_AAD, [TYPE, text(type)], ...header), counties)
}

/** Room for 32 cards with nothing against them. */
export const PLACES = deflateSync(new Uint8Array(8))

export const known: Known = { trust: trustOf([entry(OFFICE_KEY)]), status: statusOf(PLACES), now: NOW }

export const CARD: Card = { number: '99010100120260000018', name: '王芳', tail: '002X', since: '2001-02-03', issued: '2026-11-01', index: 5, born: 1970 }

export const asText = (sign1: Uint8Array): string => 'NJ1:' + encodeBase45(sign1)

/** Any payload under a good signature of the office. */
export const signedText = (payload: Uint8Array, ...header: [number, Item][]): string => asText(seal(OFFICE, payload, CARD_AAD, ...header))

/** Items as they stand, for what no writer of ours would write. */
export const raw = (hex: string): Item => ({ kind: 'other', value: Uint8Array.from(Buffer.from(hex, 'hex')) })
