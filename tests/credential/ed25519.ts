// Ed25519 as strict as the page asks: what the library underneath lets pass is refused here, before it is asked.
import { createHash, createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes } from 'node:crypto'

/** The field's prime, the curve's d, and the order of the group of the base point (RFC 8032 §5.1). */
const P = 2n ** 255n - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
export const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

// RFC 8410: what stands in front of the 32 bytes in DER.
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/**
 * Whether a key is one of the points whose eightfold is the neutral one: any signature "verifies" under them.
 * Their y is ±1 (order 1, 2), 0 (order 4), or one whose double has y = 0 (order 8), which on this curve reads dy⁴ + 2y² = 1.
 * Taken modulo P, so the forms of y that are not reduced are caught too.
 */
export function ofSmallOrder(key: Uint8Array): boolean {
  const y = BigInt.asUintN(255, littleEndian(key)) % P
  const square = (y * y) % P
  return y === 0n || square === 1n || (D * square * square + 2n * square - 1n) % P === 0n
}

export function verifyStrictly(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false
  if (littleEndian(signature.subarray(32)) >= GROUP_ORDER) return false
  if (ofSmallOrder(key) || ofSmallOrder(signature.subarray(0, 32))) return false
  return verifyLoosely(key, message, signature)
}

/** What the library says by itself; here for the tests, which show that it is not enough. */
export function verifyLoosely(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const spki = createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' })
  return verifyBytes(null, message, spki, signature)
}

const privateKey = (seed: Uint8Array) => createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })

export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(SPKI.length))
}

export const sign = (seed: Uint8Array, message: Uint8Array): Uint8Array => Uint8Array.from(signBytes(null, message, privateKey(seed)))

/** The name of a key: where to look, no more. */
export const kidOf = (key: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(key).digest().subarray(0, 8))

export const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
