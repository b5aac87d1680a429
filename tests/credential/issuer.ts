// Issuing: claims and an office's seed in, the one text of them out. The vectors are issued again by it.
import { encodeBase45 } from './base45'
import { writeClaims, type Card } from './claims'
import { CARD_AAD, seal } from './cose'

/** What a QR code of version 10-M is asked to hold. */
export const LONGEST_ISSUED = 300

const textOf = (card: Card, seed: Uint8Array): string => 'NJ1:' + encodeBase45(seal(seed, writeClaims(card), CARD_AAD))

export function issue(card: Card, seed: Uint8Array): string {
  const whole = textOf(card, seed)
  if (whole.length <= LONGEST_ISSUED) return whole
  const { born: _born, ...rest } = card
  const withoutYear = textOf(rest, seed)
  if (withoutYear.length <= LONGEST_ISSUED) return withoutYear
  // Code points, not the halves of a pair: half of a rare hanzi is no text.
  const name = [...card.name]
  while (name.pop() !== undefined) {
    const cut = textOf({ ...rest, name: name.join('') + '…' }, seed)
    if (cut.length <= LONGEST_ISSUED) return cut
  }
  throw new RangeError('these claims fit into no code')
}
