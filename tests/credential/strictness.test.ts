// Where the second verifier has to say no, whatever the library underneath would say: keys, signatures, alterations, bombs, noise.
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeBase45 } from './base45'
import { bytes } from './cbor'
import { writeClaims } from './claims'
import { CARD_AAD, KID, seal } from './cose'
import { GROUP_ORDER, kidOf, littleEndian, ofSmallOrder, publicKeyOf, sign, verifyLoosely, verifyStrictly } from './ed25519'
import { issue } from './issuer'
import { statusAt } from './lists'
import { asText, CARD, CODE, entry, known, OFFICE, OFFICE_KEY, signedText, statusOf, trustOf } from './made_up'
import { verify } from './verifier'

const good = issue(CARD, OFFICE)

/** The same noise in every run: a failure that cannot be seen again is none. */
function noise(start: number): (below: number) => number {
  let state = start
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('signatures', () => {
  const message = new TextEncoder().encode('a card')
  const key = OFFICE_KEY
  const signature = sign(OFFICE, message)
  const withS = (s: bigint) =>
    Uint8Array.from([...signature.subarray(0, 32), ...Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()])

  it('have their S below the group order', () => {
    const s = littleEndian(signature.subarray(32))
    expect(verifyStrictly(key, message, withS(s))).toBe(true)
    for (let times = 1n; times < 16n; times += 1n) expect(verifyStrictly(key, message, withS(s + times * GROUP_ORDER))).toBe(false)
    for (const odd of [GROUP_ORDER, 2n ** 256n - 1n]) expect(verifyStrictly(key, message, withS(odd))).toBe(false)
  })

  it('are 64 bytes long', () => {
    for (const length of [0, 32, 63]) expect(verifyStrictly(key, message, signature.subarray(0, length))).toBe(false)
    expect(verifyStrictly(key, message, Uint8Array.from([...signature, 0]))).toBe(false)
  })

  it('of keys of small order are none, though the library takes them', () => {
    // The points of order 1, 2, 4 and 8; the last two are forms that are not reduced. The high bit is the sign of x.
    const tiny = [
      '0100000000000000000000000000000000000000000000000000000000000000',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '0000000000000000000000000000000000000000000000000000000000000000',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ].flatMap((hex) => {
      const point = Uint8Array.from(Buffer.from(hex, 'hex'))
      return [point, point.map((byte, at) => (at === 31 ? byte | 0x80 : byte))]
    })
    // R the neutral point and S zero: verifies whenever the hash happens to be a multiple of the key's order.
    const forged = Uint8Array.from({ length: 64 }, (_, at) => (at === 0 ? 1 : 0))
    let taken = 0
    for (const point of tiny) {
      expect(ofSmallOrder(point)).toBe(true)
      for (let tries = 0; tries < 64; tries += 1) {
        const words = Uint8Array.of(tries)
        taken += Number(verifyLoosely(point, words, forged))
        expect(verifyStrictly(point, words, forged)).toBe(false)
      }
    }
    expect(taken).toBeGreaterThan(64)
    for (let seed = 0; seed < 32; seed += 1) expect(ofSmallOrder(publicKeyOf(new Uint8Array(32).fill(seed)))).toBe(false)
  })

  it('of a key of small order make no card, even where the trust list names it', () => {
    const point = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0))
    const sign1 = seal(OFFICE, writeClaims(CARD), CARD_AAD, [KID, bytes(kidOf(point))])
    sign1.fill(0, sign1.length - 64)
    sign1[sign1.length - 64] = 1
    expect(verify(asText(sign1), { ...known, trust: trustOf([entry(point)]) })).toStrictEqual({ answer: 'bad_signature' })
  })
})

describe('a good text', () => {
  it('is good', () => expect(verify(good, known)).toStrictEqual({ answer: 'valid', card: CARD, issuer: CODE }))

  it('is no card with any one character altered, missing or doubled', () => {
    const signs = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:_é王\n']
    for (let at = 0; at < good.length; at += 1) {
      const front = good.slice(0, at)
      const back = good.slice(at + 1)
      const altered = signs.filter((sign) => sign !== good[at]).map((sign) => front + sign + back)
      for (const other of [...altered, front + back, front + good[at] + good[at] + back]) {
        const { answer, card } = verify(other, known)
        expect([at, ['not_ours', 'unknown_issuer', 'bad_signature'].includes(answer), card]).toStrictEqual([at, true, undefined])
      }
    }
  }, 60_000)
})

describe('a status list', () => {
  it('may have one MiB unpacked; a bomb counts as none', () => {
    const most = statusOf(deflateSync(new Uint8Array(1024 * 1024)))
    expect(most === null ? undefined : [statusAt(most, 4 * 1024 * 1024 - 1), statusAt(most, 4 * 1024 * 1024)]).toStrictEqual([0, undefined])
    expect(statusOf(deflateSync(new Uint8Array(1024 * 1024 + 1)))).toBeNull()
    const bomb = deflateSync(new Uint8Array(64 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(1024 * 1024)
    expect(statusOf(bomb)).toBeNull()
  }, 60_000)
})

describe('noise', () => {
  it('never throws out of verify()', () => {
    const below = noise(20_261_123)
    const plain = decodeBase45(good.slice(4))
    const letter = [() => 32 + below(95), () => below(0x10000), () => 0xd800 + below(0x800), () => 0xff01 + below(94)]
    for (let round = 0; round < 20_000; round += 1) {
      const letters = String.fromCharCode(...Array.from({ length: below(40) }, letter[below(4)] ?? (() => 0)))
      // Every other text gets past base45, every fourth is a good one with bytes put in its place.
      const random = Uint8Array.from({ length: below(60) }, () => below(256))
      const spoilt = plain.slice()
      for (let times = below(4); times >= 0; times -= 1) spoilt[below(spoilt.length)] = below(256)
      const noisy = [letters, asText(random), 'NJ1:' + letters, asText(spoilt)][round % 4] ?? ''
      if (noisy !== good) expect(verify(noisy, known).card).toBeUndefined()
    }
  }, 60_000)

  it('inside a good signature never throws either', () => {
    const below = noise(7)
    const claims = writeClaims(CARD)
    for (let round = 0; round < 1_000; round += 1) {
      const spoilt = claims.slice()
      spoilt[below(spoilt.length)] = below(256)
      // A byte may move a day or make the year of birth a last day; the signature is good over whatever it says.
      expect(verify(signedText(spoilt), known).answer).not.toBe('bad_signature')
    }
  }, 60_000)
})
