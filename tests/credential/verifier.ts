// A second verifier of the card, written from docs/credential.md alone: a text and what is known in, one of ten answers out.
import { decodeBase45, folded, trimmed } from './base45'
import { dayOf, dayOfMoment, readClaims, written, type Card } from './claims'
import { CARD_AAD, kidIn, readSign1, verifiedBy, type Sign1 } from './cose'
import { same } from './ed25519'
import { statusAt, type StatusList, type TrustList } from './lists'
import { Unreadable, type Why } from './unreadable'

export type Answer =
  | 'not_ours'
  | 'unknown_issuer'
  | 'bad_signature'
  | 'revoked'
  | 'suspended'
  | 'transferred'
  | 'clock_suspicious'
  | 'expired'
  | 'valid'
  | 'valid_as_of'

export interface Verdict {
  answer: Answer
  why?: Why
  /** As of, expired on, or list of; `YYYY-MM-DD`. */
  day?: string
  card?: Card
  /** Code of the office. */
  issuer?: string
}

export interface Known {
  trust: TrustList
  status: StatusList | null
  /** Seconds since 1970. */
  now: number
  /** How many days a status list is as good as today's. */
  freshDays?: number
}

const MOST_BYTES = 4_000
const MOST_CHARACTERS = 1_000
const AGAINST = [undefined, 'revoked', 'suspended', 'transferred'] as const

function read(text: string): { sign1: Sign1; card: Card } {
  const whole = trimmed(text)
  if (Buffer.byteLength(text) > MOST_BYTES || [...whole].length > MOST_CHARACTERS) throw new Unreadable('too_long', 'not looked at')
  const plain = folded(whole)
  const version = /^NJ([0-9]):/.exec(plain)?.[1]
  if (version === undefined) throw new Unreadable('foreign', 'something else')
  if (version !== '1') throw new Unreadable('newer', `version ${version}`)
  const sign1 = readSign1(decodeBase45(plain.slice('NJ1:'.length)))
  return { sign1, card: readClaims(sign1.payload) }
}

/** The first line of the page's table that fits; never throws, whatever the text is. */
export function verify(text: string, known: Known): Verdict {
  try {
    const { sign1, card } = read(text)
    return judge(sign1, card, known)
  } catch (fault) {
    if (fault instanceof Unreadable) return { answer: 'not_ours', why: fault.why }
    throw fault
  }
}

function judge(sign1: Sign1, card: Card, { trust, status, now, freshDays = 7 }: Known): Verdict {
  const unknown: Verdict = trust.day === undefined ? { answer: 'unknown_issuer' } : { answer: 'unknown_issuer', day: written(trust.day) }
  const kid = kidIn(sign1)
  const named = trust.entries.filter((entry) => kid !== undefined && same(entry.kid, kid))
  if (named.length === 0) return unknown
  const signers = named.filter((entry) => verifiedBy(entry.key, sign1, CARD_AAD))
  if (signers.length === 0) return { answer: 'bad_signature' }
  const issued = dayOf(card.issued)
  // One key may stand in several entries (it came back, or an office changed its code): any of them will do.
  const office = signers.find((entry) => entry.first <= issued && issued <= (entry.last ?? Infinity))
  if (office === undefined) return unknown

  const shown = { card, issuer: office.code }
  const place = status === null ? undefined : statusAt(status, card.index)
  const against = AGAINST[place ?? 0]
  // Before the clock is asked: what stands against a card is said whatever the clock of the PC shows.
  if (against !== undefined) return { answer: against, ...shown }
  const today = dayOfMoment(now)
  const latest = Math.max(issued, status?.day ?? -Infinity, trust.day ?? -Infinity)
  if (latest > today + 1) return { answer: 'clock_suspicious', ...shown }
  if (card.expires !== undefined && today > dayOf(card.expires)) return { answer: 'expired', day: card.expires, ...shown }
  if (status === null || place === undefined) return { answer: 'valid_as_of', day: card.issued, ...shown }
  if (today - status.day <= freshDays) return { answer: 'valid', ...shown }
  return { answer: 'valid_as_of', day: written(Math.max(status.day, issued)), ...shown }
}
