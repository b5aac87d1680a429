// The vectors of docs/credential.md, judged by the second verifier and issued again to the letter.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Card } from './claims'
import { kidIn, readSign1 } from './cose'
import { decodeBase45 } from './base45'
import { kidOf, publicKeyOf, same } from './ed25519'
import { issue, LONGEST_ISSUED } from './issuer'
import { openStatusList, openTrustList } from './lists'
import { verify, type Verdict } from './verifier'

interface Vector extends Verdict {
  name: string
  scene: string
  now: number
  text: string
  reissue?: boolean
  name_issued?: string
}

interface Vectors {
  county_key: string
  office_seeds: string[]
  fresh_days: number
  scenes: Record<string, { trust: string; status: string | null }>
  vectors: Vector[]
}

const { county_key, office_seeds, fresh_days, scenes, vectors }: Vectors = JSON.parse(
  readFileSync(new URL('../fixtures/credentials/v1.json', import.meta.url), 'utf8'),
)

const unhex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const counties = [unhex(county_key)]
const seeds = office_seeds.map(unhex)
const opened = new Map(
  Object.entries(scenes).map(([name, { trust, status }]) => [
    name,
    { trust: openTrustList(unhex(trust), counties), status: status === null ? null : openStatusList(unhex(status), counties) },
  ]),
)

/** What must come out, and nothing beside it. */
function expected({ answer, why, day, card, issuer }: Vector): Verdict {
  return Object.fromEntries(Object.entries({ answer, why, day, card, issuer }).filter(([, value]) => value !== undefined)) as unknown as Verdict
}

describe('the vectors', () => {
  it('are three hundred', () => expect(vectors).toHaveLength(300))

  it.each(vectors.map((vector, number) => [number, vector.name, vector] as const))('%i: %s', (_number, _name, vector) => {
    const lists = opened.get(vector.scene)
    if (lists === undefined) throw new Error(`no scene ${vector.scene}`)
    expect(verify(vector.text, { ...lists, now: vector.now, freshDays: fresh_days })).toStrictEqual(expected(vector))
  })
})

describe('issuing again', () => {
  const again = vectors.filter((vector) => vector.reissue === true || vector.name_issued !== undefined)

  it('has something to do', () => expect(again.length).toBe(64))

  it.each(again.map((vector, number) => [number, vector.name, vector] as const))('%i: %s', (_number, _name, vector) => {
    const kid = kidIn(readSign1(decodeBase45(vector.text.slice(4))))
    const seed = seeds.find((one) => kid !== undefined && same(kidOf(publicKeyOf(one)), kid))
    if (seed === undefined || vector.card === undefined) throw new Error('a vector without seed or card')
    const claims: Card = { ...vector.card, name: vector.name_issued ?? vector.card.name }
    expect(issue(claims, seed)).toBe(vector.text)
    expect(vector.text.length).toBeLessThanOrEqual(LONGEST_ISSUED)
  })
})
