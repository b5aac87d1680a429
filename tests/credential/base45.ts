// Base45 (RFC 9285), and what keyboards, input methods and scanners do to a text on its way.
import { Unreadable } from './unreadable'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
const VALUES = new Map([...ALPHABET].map((sign, value) => [sign, value]))

// String.trim() takes the byte order mark away and leaves U+0085; the page means Unicode's White_Space.
const ENDS = /^\p{White_Space}+|\p{White_Space}+$/gu

export const trimmed = (text: string): string => text.replace(ENDS, '')

/** The text as it was issued: one character in, one character out, so lengths stay. */
export function folded(text: string): string {
  const forms = text.replace(/[\uFF01-\uFF5E]/g, (form) => String.fromCharCode(form.charCodeAt(0) - 0xfee0))
  const signs = forms.replace(/[\u3000\u00A0]/g, ' ').replace(/[\uFFE5\u00A5]/g, '$')
  // Not toUpperCase(): that would make capitals of letters beyond ASCII, two of them out of some.
  return signs.replace(/[a-z]/g, (small) => small.toUpperCase())
}

export function decodeBase45(text: string): Uint8Array {
  const values = [...text].map((sign) => {
    const value = VALUES.get(sign)
    if (value === undefined) throw new Unreadable('base45', 'a character outside the alphabet')
    return value
  })
  if (values.length % 3 === 1) throw new Unreadable('base45', 'a wrong length')
  const bytes: number[] = []
  for (let at = 0; at < values.length; at += 3) {
    const [first = 0, second = 0, third] = values.slice(at, at + 3)
    const sum = first + 45 * second + 2025 * (third ?? 0)
    if (sum > (third === undefined ? 0xff : 0xffff)) throw new Unreadable('base45', 'a group above its bytes')
    if (third !== undefined) bytes.push(sum >> 8)
    bytes.push(sum & 0xff)
  }
  return Uint8Array.from(bytes)
}

export function encodeBase45(bytes: Uint8Array): string {
  const signs = (sum: number, count: number) =>
    Array.from({ length: count }, (_, place) => ALPHABET[Math.floor(sum / 45 ** place) % 45]).join('')
  let text = ''
  for (let at = 0; at < bytes.length; at += 2) {
    const [high = 0, low] = bytes.subarray(at, at + 2)
    text += low === undefined ? signs(high, 2) : signs(high * 256 + low, 3)
  }
  return text
}
