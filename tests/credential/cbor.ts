// CBOR (RFC 8949), as much as the card needs: read within bounds, because anybody can hold a code before a scanner; written in the one deterministic form.
import { Unreadable } from './unreadable'

export type Item =
  | { kind: 'int'; value: bigint }
  | { kind: 'bytes'; value: Uint8Array }
  | { kind: 'text'; value: string }
  | { kind: 'array'; items: Item[] }
  | { kind: 'map'; entries: [Item, Item][] }
  | { kind: 'tag'; tag: bigint; item: Item }
  // Simple values and floats: no claim is one, so their bytes are enough.
  | { kind: 'other'; value: Uint8Array }

export const int = (value: number | bigint): Item => ({ kind: 'int', value: BigInt(value) })
export const bytes = (value: Uint8Array): Item => ({ kind: 'bytes', value })
export const text = (value: string): Item => ({ kind: 'text', value })
export const array = (...items: Item[]): Item => ({ kind: 'array', items })
export const tag = (number: number, item: Item): Item => ({ kind: 'tag', tag: BigInt(number), item })
/** A map with whole numbers (or words) as keys. */
export const map = (...entries: [number | string, Item][]): Item => ({
  kind: 'map',
  entries: entries.map(([key, item]) => [typeof key === 'number' ? int(key) : text(key), item]),
})

/** Arrays, maps and tags around an item; the page says "8 deep" and leaves open what counts. */
export const DEEPEST = 8

const no = (what: string) => new Unreadable('cbor', what)
// Without ignoreBOM a name that begins with U+FEFF would lose it in silence.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

interface Head {
  major: number
  info: number
  /** Length, count or value; null is "without a length". */
  argument: bigint | null
}

class Reader {
  private at = 0
  constructor(private readonly input: Uint8Array) {}

  get left(): number {
    return this.input.length - this.at
  }

  private take(count: bigint): Uint8Array {
    // Asked before anything is set aside, so that a claimed length costs nothing.
    if (count > BigInt(this.left)) throw no('the end is missing')
    const start = this.at
    this.at += Number(count)
    return this.input.subarray(start, this.at)
  }

  private head(): Head {
    const [first = 0] = this.take(1n)
    const major = first >> 5
    const info = first & 31
    if (info < 24) return { major, info, argument: BigInt(info) }
    if (info < 28) return { major, info, argument: this.take(1n << BigInt(info - 24)).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) }
    if (info === 31 && major >= 2 && major !== 6) return { major, info, argument: null }
    throw no('a reserved head')
  }

  /** Whether the break that ends an item without a length comes next; it is taken. */
  private broken(): boolean {
    if (this.input[this.at] !== 0xff) return false
    this.at += 1
    return true
  }

  /** What `read` gives, `count` times or up to the break. */
  private many<T>(count: bigint | null, read: () => T): T[] {
    // Each takes a byte at least.
    if (count !== null && count > BigInt(this.left)) throw no('the end is missing')
    const all: T[] = []
    while (count === null ? !this.broken() : all.length < Number(count)) all.push(read())
    return all
  }

  private string(head: Head): Uint8Array[] {
    if (head.argument !== null) return [this.take(head.argument)]
    return this.many(null, () => {
      const chunk = this.head()
      if (chunk.major !== head.major || chunk.argument === null) throw no('a string in pieces of another kind')
      return this.take(chunk.argument)
    })
  }

  item(around: number): Item {
    const start = this.at
    const head = this.head()
    const { major, info, argument } = head
    if (major >= 4 && major <= 6 && around >= DEEPEST) throw no('nested too deep')
    const inner = () => this.item(around + 1)
    switch (major) {
      case 0:
        return int(argument ?? 0n)
      case 1:
        return int(-1n - (argument ?? 0n))
      case 2:
        return bytes(joined(this.string(head)))
      case 3:
        // Each piece by itself: RFC 8949 allows no character to lie across two.
        return text(this.string(head).map(decoded).join(''))
      case 4:
        return array(...this.many(argument, inner))
      case 5:
        return { kind: 'map', entries: this.many(argument, () => [inner(), inner()]) }
      case 6:
        return whole(argument ?? 0n, inner())
      default:
        if (argument === null) throw no('a break by itself')
        if (info === 24 && argument < 32n) throw no('a simple value longer than needed')
        return { kind: 'other', value: this.input.slice(start, this.at) }
    }
  }
}

/** A bignum that is one of the 64-bit numbers is that number, wherever it stands. */
function whole(number: bigint, item: Item): Item {
  if (number === 2n && item.kind === 'bytes' && item.value.length <= 16) {
    const value = item.value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    if (value < 2n ** 64n) return int(value)
  }
  return { kind: 'tag', tag: number, item }
}

function decoded(piece: Uint8Array): string {
  try {
    return utf8.decode(piece)
  } catch {
    throw no('text that is no UTF-8')
  }
}

export function joined(parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

/** The one item that these bytes are. */
export function decode(input: Uint8Array): Item {
  const reader = new Reader(input)
  const item = reader.item(0)
  if (reader.left > 0) throw no('something follows')
  return item
}

/** What stands under whole numbers in a map; other keys are passed over, a number that stands twice is refused. */
export function numbered(item: Item & { kind: 'map' }): Map<number, Item> {
  const found = new Map<bigint, Item>()
  for (const [key, value] of item.entries) {
    if (key.kind !== 'int') continue
    if (found.has(key.value)) throw no('a key that stands twice')
    found.set(key.value, value)
  }
  // No key of ours is beyond what a number holds exactly; the others are only counted.
  return new Map([...found].filter(([key]) => BigInt.asIntN(32, key) === key).map(([key, value]) => [Number(key), value]))
}

function head(major: number, argument: bigint): Uint8Array {
  if (argument < 24n) return Uint8Array.of((major << 5) | Number(argument))
  const size = [1, 2, 4, 8].find((length) => argument < 1n << BigInt(8 * length))
  if (size === undefined) throw new RangeError('a number beyond 64 bits')
  const written = Array.from({ length: size }, (_, at) => Number((argument >> BigInt(8 * (size - 1 - at))) & 0xffn))
  return Uint8Array.of((major << 5) | (24 + Math.log2(size)), ...written)
}

/** In deterministic form: shortest heads, keys by their bytes (RFC 8949 §4.2.1). */
export function encode(item: Item): Uint8Array {
  switch (item.kind) {
    case 'int':
      return item.value < 0n ? head(1, -1n - item.value) : head(0, item.value)
    case 'bytes':
      return joined([head(2, BigInt(item.value.length)), item.value])
    case 'text': {
      const written = new TextEncoder().encode(item.value)
      return joined([head(3, BigInt(written.length)), written])
    }
    case 'array':
      return joined([head(4, BigInt(item.items.length)), ...item.items.map(encode)])
    case 'map': {
      const pairs = item.entries.map(([key, value]) => [encode(key), encode(value)] as const)
      pairs.sort(([one], [other]) => Buffer.compare(one, other))
      return joined([head(5, BigInt(pairs.length)), ...pairs.flat()])
    }
    case 'tag':
      return joined([head(6, item.tag), encode(item.item)])
    case 'other':
      return item.value
  }
}
