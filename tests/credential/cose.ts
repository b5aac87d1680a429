// COSE_Sign1 (RFC 9052): the envelope of the card and of both lists.
import { array, bytes, decode, encode, map, numbered, tag, text, type Item } from './cbor'
import { kidOf, publicKeyOf, sign, verifyStrictly } from './ed25519'
import { Unreadable } from './unreadable'

export const ALGORITHM = 1
const CRITICAL = 2
export const KID = 4
/** `typ` of RFC 9596, which tells a list of one kind from another. */
export const TYPE = 16

const EDDSA = -8n
const ED25519 = -19n

/** Bound to every card, so that no signature made for anything else is one of a card. */
export const CARD_AAD = new TextEncoder().encode('NJ1:')

export interface Sign1 {
  /** As they came: the signature is over these bytes, whatever form they have. */
  protectedBytes: Uint8Array
  protectedHeader: Map<number, Item>
  unprotectedHeader: Map<number, Item>
  payload: Uint8Array
  signature: Uint8Array
}

const no = (what: string) => new Unreadable('cose', what)

/** Without tag 18 and 61, in this order from outside to inside, each at most once. */
function bare(item: Item): Item {
  const outer = item.kind === 'tag' && item.tag === 61n ? item.item : item
  return outer.kind === 'tag' && outer.tag === 18n ? outer.item : outer
}

export function readSign1(input: Uint8Array): Sign1 {
  const envelope = bare(decode(input))
  if (envelope.kind !== 'array' || envelope.items.length !== 4) throw no('no array of four')
  const [header, unprotectedHeader, payload, signature] = envelope.items
  if (header?.kind !== 'bytes' || unprotectedHeader?.kind !== 'map') throw no('headers of another shape')
  if (payload?.kind !== 'bytes' || signature?.kind !== 'bytes') throw no('payload or signature of another shape')
  // RFC 9052 §3: an empty header may be no bytes at all.
  return {
    protectedBytes: header.value,
    protectedHeader: labels(() => (header.value.length === 0 ? map() : decode(header.value))),
    unprotectedHeader: labels(() => unprotectedHeader),
    payload: payload.value,
    signature: signature.value,
  }
}

/** The labels of a header; whatever is wrong within one is a fault of the envelope. */
function labels(read: () => Item): Map<number, Item> {
  let header: Item
  let found: Map<number, Item>
  try {
    header = read()
    if (header.kind !== 'map') throw no('a header that is no map')
    found = numbered(header)
  } catch (fault) {
    throw fault instanceof Unreadable ? no('a header of another shape') : fault
  }
  const words = header.entries.flatMap(([key]) => (key.kind === 'text' ? [key.value] : []))
  if (new Set(words).size < words.length) throw no('a label that stands twice')
  const algorithm = found.get(ALGORITHM)
  if (algorithm && algorithm.kind !== 'int' && algorithm.kind !== 'text') throw no('an algorithm of another shape')
  const kid = found.get(KID)
  if (kid && kid.kind !== 'bytes') throw no('a kid of another shape')
  // RFC 9052 §3.1: whoever does not know what is critical stops, and nothing critical is known.
  if (found.has(CRITICAL)) throw no('something critical')
  return found
}

/** The unprotected header counts where the protected one has nothing under that label. */
const labelled = (sign1: Sign1, label: number): Item | undefined => sign1.protectedHeader.get(label) ?? sign1.unprotectedHeader.get(label)

export function kidIn(sign1: Sign1): Uint8Array | undefined {
  const kid = labelled(sign1, KID)
  return kid?.kind === 'bytes' ? kid.value : undefined
}

/** `Sig_structure` of RFC 9052 §4.4. */
const signed = (header: Uint8Array, aad: Uint8Array, payload: Uint8Array): Uint8Array =>
  encode(array(text('Signature1'), bytes(header), bytes(aad), bytes(payload)))

export function verifiedBy(key: Uint8Array, sign1: Sign1, aad: Uint8Array): boolean {
  const algorithm = labelled(sign1, ALGORITHM)
  if (algorithm?.kind !== 'int' || (algorithm.value !== EDDSA && algorithm.value !== ED25519)) return false
  return verifyStrictly(key, signed(sign1.protectedBytes, aad, sign1.payload), sign1.signature)
}

/** Any two headers round a payload, signed by a seed. */
export function sealAs(seed: Uint8Array, header: Item, unprotectedHeader: Item, payload: Uint8Array, aad: Uint8Array): Uint8Array {
  const written = encode(header)
  const signature = sign(seed, signed(written, aad, payload))
  return encode(tag(18, array(bytes(written), unprotectedHeader, bytes(payload), bytes(signature))))
}

/** An envelope in the form that is issued; `header` goes beside algorithm and kid, or in their place. */
export function seal(seed: Uint8Array, payload: Uint8Array, aad: Uint8Array, ...header: [number, Item][]): Uint8Array {
  const labels = new Map<number, Item>([
    [ALGORITHM, { kind: 'int', value: EDDSA }],
    [KID, bytes(kidOf(publicKeyOf(seed)))],
    ...header,
  ])
  return sealAs(seed, map(...labels), map(), payload, aad)
}
