// What docs/credential.md says in so many words and no vector asks: the bounds, the forms that are read, and the order of the answers.
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { encodeBase45 } from './base45'
import { array, bytes, decode, encode, int, map, tag, text, type Item } from './cbor'
import { dayOf, readClaims, writeClaims } from './claims'
import { ALGORITHM, CARD_AAD, KID, readSign1, seal, sealAs } from './cose'
import { kidOf, publicKeyOf } from './ed25519'
import { issue, LONGEST_ISSUED } from './issuer'
import { TRUST_TYPE } from './lists'
import { asText, CARD, CODE, COUNTY, entry, known, OFFICE, OFFICE_KEY, PLACES, raw, signedText, statusOf, trustOf } from './made_up'
import { verify } from './verifier'

const good = issue(CARD, OFFICE)
const fields: Record<number, Item> = { 1: int(7), 2: text('王芳'), 3: text('002X'), 4: int(dayOf('2001-02-03')), 5: int(dayOf('2026-11-01')), 6: int(5) }

/** The answer (and why) for claims in which some are others. */
function judged(other: Record<number, Item>): string {
  const items = Object.entries({ ...fields, ...other }).map(([key, item]): [number, Item] => [Number(key), item])
  const { answer, why } = verify(signedText(encode(map(...items))), known)
  return why ?? answer
}

describe('the text', () => {
  it('is read with anything the page takes off it, and no more', () => {
    for (const space of ['\u0085', '\u3000', '\u00a0', '\u2028', '\t\r\n']) expect(verify(space + good + space, known).answer).toBe('valid')
    for (const none of ['\ufeff', '\u200b', '\u001c']) expect(verify(none + good, known)).toStrictEqual({ answer: 'not_ours', why: 'foreign' })
    const wide = good.replace(/./g, (sign) => (sign === ' ' ? '\u00a0' : String.fromCharCode(sign.toLowerCase().charCodeAt(0) + 0xfee0)))
    expect(verify(wide, known).answer).toBe('valid')
    // Its capital is an S, but it is no ASCII letter.
    expect(verify('NJ1:AB\u017f', known)).toStrictEqual({ answer: 'not_ours', why: 'base45' })
  })

  it('may have its dollars as yen', () => {
    const texts = Array.from({ length: 40 }, (_, index) => issue({ ...CARD, index: index % 32, name: `王芳${index}` }, OFFICE))
    const dollars = texts.filter((one) => one.includes('$'))
    expect(dollars.length).toBeGreaterThan(0)
    for (const one of dollars) for (const yen of ['¥', '￥']) expect(verify(one.replaceAll('$', yen), known).answer).toBe('valid')
  })

  it('is 4,000 bytes and 1,000 characters long at most', () => {
    expect(verify(good.padEnd(4000, '\n'), known).answer).toBe('valid')
    expect(verify(good.padEnd(4001, '\n'), known)).toStrictEqual({ answer: 'not_ours', why: 'too_long' })
    expect(verify('𬱖'.repeat(1000), known)).toStrictEqual({ answer: 'not_ours', why: 'foreign' })
    for (const start of ['x', 'NJ2:', 'NJ1:']) expect(verify(start.padEnd(1001, '0'), known)).toStrictEqual({ answer: 'not_ours', why: 'too_long' })
  })

  it('has no group of two above 255', () => {
    expect(encodeBase45(Uint8Array.of(255))).toBe('U5')
    expect(verify('NJ1:U5', known).why).not.toBe('base45')
    expect(verify('NJ1:V5', known).why).toBe('base45')
  })
})

describe('the envelope', () => {
  const inner = (one: Item) => (one.kind === 'tag' ? one.item : one)
  const whole = seal(OFFICE, writeClaims(CARD), CARD_AAD)
  const bare = inner(decode(whole))

  it('is read without tag 18 and inside tag 61', () => {
    for (const form of [bare, tag(18, bare), tag(61, tag(18, bare))]) expect(verify(asText(encode(form)), known).answer).toBe('valid')
    const parts = bare.kind === 'array' ? bare.items : []
    for (const form of [tag(17, bare), array(bare), array(...parts.slice(1)), array(...parts, int(0))]) {
      expect(verify(asText(encode(form)), known)).toStrictEqual({ answer: 'not_ours', why: 'cose' })
    }
  })

  it('has its payload with it', () => {
    const { items } = bare as Item & { kind: 'array' }
    const without = items.map((item, at) => (at === 2 ? raw('f6') : item))
    expect(verify(asText(encode(array(...without))), known)).toStrictEqual({ answer: 'not_ours', why: 'cose' })
  })

  it('counts what is unprotected where the protected header has none', () => {
    const answer = (header: Item, unprotected: Item) => verify(asText(sealAs(OFFICE, header, unprotected, writeClaims(CARD), CARD_AAD)), known).answer
    const kid = bytes(kidOf(OFFICE_KEY))
    const other = bytes(new Uint8Array(8))
    const both = map([ALGORITHM, int(-8)], [KID, kid])
    expect(answer(map(), both)).toBe('valid')
    expect(answer(map([KID, kid]), map([ALGORITHM, int(-19)], [KID, other]))).toBe('valid')
    expect(answer(both, map([ALGORITHM, int(-7)], [KID, other], [99, text('passed over')]))).toBe('valid')
    expect(answer(map([ALGORITHM, int(-7)], [KID, kid]), both)).toBe('bad_signature')
    expect(answer(map([KID, kid]), map())).toBe('bad_signature')
    expect(answer(map([ALGORITHM, int(-8)], [KID, other]), both)).toBe('unknown_issuer')
    expect(answer(map([ALGORITHM, int(-8)]), map())).toBe('unknown_issuer')
  })

  it('may have its headers in any well-formed order and length', () => {
    const kid = bytes(kidOf(OFFICE_KEY))
    const backwards: Item = raw('a204' + Buffer.from(encode(kid)).toString('hex') + '180127')
    expect(verify(asText(sealAs(OFFICE, backwards, map(), writeClaims(CARD), CARD_AAD)), known).answer).toBe('valid')
  })
})

describe('claims', () => {
  it('hold within their bounds', () => {
    const days = { first: int(-25_567), last: int(84_005) }
    const within: Record<number, Item>[] = [
      { 1: text('A'.repeat(32)) }, { 1: text('𬱖'.repeat(8)) }, { 1: tag(2, bytes(new Uint8Array(16).fill(255))) }, { 1: tag(2, bytes(Uint8Array.of(0, 7))) },
      { 2: text('x'.repeat(400)) }, { 3: text('x'.repeat(16)) }, { 4: days.first }, { 4: days.last }, { 8: days.last }, { 7: int(65_535) }, { 9: raw('f97e00') },
    ]
    for (const one of within) expect([one, judged(one)]).toStrictEqual([one, 'valid'])
    expect(judged({ 6: int(2 ** 32 - 1) })).toBe('valid_as_of')
    const beyond: Record<number, Item>[] = [
      { 1: text('A'.repeat(33)) }, { 1: text('𬱖'.repeat(8) + 'A') }, { 1: text('') }, { 1: int(-1) }, { 1: tag(2, bytes(new Uint8Array(17).fill(1))) }, { 1: tag(3, bytes(Uint8Array.of(1))) },
      { 2: text('x'.repeat(401)) }, { 2: bytes(Uint8Array.of(65)) }, { 3: text('x'.repeat(17)) }, { 4: int(-25_568) }, { 5: int(84_006) }, { 8: int(84_006) },
      { 8: raw('f6') }, { 6: int(2 ** 32) }, { 6: int(-1) }, { 7: int(65_536) }, { 7: int(-1) }, { 7: text('1970') },
    ]
    for (const one of beyond) expect([one, judged(one)]).toStrictEqual([one, 'claims'])
  })

  it('are read as well-formed CBOR, and nothing else is', () => {
    const nested = (depth: number): Item => (depth === 0 ? int(0) : array(nested(depth - 1)))
    expect(judged({ 2: raw('7f63e78e8b63e88ab3ff'), 9: nested(7) })).toBe('valid')
    for (const odd of [nested(8), raw('61ff'), raw('f810'), raw('1c'), raw('ff'), raw('7f62e78e648be88ab3ff')]) expect(judged({ 9: odd })).toBe('cbor')
    expect(verify(signedText(encode(raw('a20101180101'))), known).why).toBe('cbor')
    expect(readClaims(encode(map(...Object.entries({ ...fields, 2: text('\ufeff王芳') }).map(([key, item]): [number, Item] => [Number(key), item])))).name).toBe('\ufeff王芳')
  })
})

describe('lists', () => {
  it('of another type, signer, width, size or packing count as none', () => {
    expect(statusOf(PLACES)).not.toBeNull()
    for (const other of [{ type: TRUST_TYPE }, { seed: OFFICE }, { bits: 1 }, { header: [[99, bytes(new Uint8Array(2 * 1024 * 1024))]] as [number, Item][] }]) {
      expect(statusOf(PLACES, other)).toBeNull()
    }
    // It names the county's key, but an office has signed it.
    const county = readSign1(seal(COUNTY, PLACES, CARD_AAD)).protectedHeader.get(KID)
    expect(statusOf(PLACES, { seed: OFFICE, header: [[KID, county ?? int(0)]] })).toBeNull()
    for (const broken of [PLACES.subarray(0, -1), new Uint8Array(), new Uint8Array(99)]) expect(statusOf(broken)).toBeNull()
  })

  it('give a key its days, both included, in whichever entry they fit', () => {
    const issuer = (...entries: Item[]) => verify(good, { ...known, trust: trustOf(entries) }).issuer
    expect(issuer(entry(OFFICE_KEY, CODE, CARD.issued, CARD.issued))).toBe(CODE)
    expect(issuer(entry(OFFICE_KEY, CODE, '2026-11-02'))).toBeUndefined()
    expect(issuer(entry(OFFICE_KEY, CODE, '2026-10-01', '2026-10-31'))).toBeUndefined()
    expect(issuer(entry(OFFICE_KEY, '990101009', '2026-10-01', '2026-10-31'), entry(OFFICE_KEY))).toBe(CODE)
    const strange = { ...known, trust: trustOf([entry(publicKeyOf(COUNTY))], '2026-11-20') }
    expect(verify(good, strange)).toStrictEqual({ answer: 'unknown_issuer', day: '2026-11-20' })
  })
})

describe('the answer', () => {
  it('asks each day by itself whether the clock can be right', () => {
    const trusted = (date: string) => verify(good, { ...known, trust: trustOf([entry(OFFICE_KEY)], date) }).answer
    const listed = (date: string) => verify(good, { ...known, status: statusOf(PLACES, { date }) }).answer
    expect([trusted('2026-11-24'), trusted('2026-11-25')]).toStrictEqual(['valid', 'clock_suspicious'])
    expect([listed('2026-11-24'), listed('2026-11-25')]).toStrictEqual(['valid', 'clock_suspicious'])
  })

  it('is the first line that fits', () => {
    const suspended = statusOf(deflateSync(new Uint8Array(8).fill(0xaa)))
    expect(verify(good, { ...known, status: suspended, now: 0 }).answer).toBe('suspended')
    const over = issue({ ...CARD, issued: '2026-11-25', expires: '2026-11-02' }, OFFICE)
    expect(verify(over, known).answer).toBe('clock_suspicious')
    // The list is fresh: that the card is younger than it does not matter.
    expect(verify(issue({ ...CARD, issued: '2026-11-23' }, OFFICE), known).answer).toBe('valid')
  })
})

describe('issuing', () => {
  it('writes digits as a number up to the longest of them', () => {
    const number = '9'.repeat(32)
    const claims = writeClaims({ ...CARD, number })
    // The key 1, the tag 2, fourteen bytes.
    expect([...claims.subarray(1, 4)]).toStrictEqual([0x01, 0xc2, 0x4e])
    expect(readClaims(claims).number).toBe(number)
  })

  it('leaves out the year of birth before it cuts the name', () => {
    const long = issue({ ...CARD, name: '王'.repeat(26) }, OFFICE)
    const { card } = verify(long, known)
    expect(long.length).toBeLessThanOrEqual(LONGEST_ISSUED)
    expect([card?.name, card?.born]).toStrictEqual(['王'.repeat(26), undefined])
  })
})
