// What the two verifiers first read otherwise from docs/credential.md; the page says now which reading is the one.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openStatusList, openTrustList } from './lists'
import { verify, type Verdict } from './verifier'

interface Edge extends Verdict { name: string; scene: string; now: number; text: string }

const { county_key, fresh_days, scenes, vectors }: { county_key: string; fresh_days: number; scenes: Record<string, { trust: string; status: string | null }>; vectors: Edge[] } =
  JSON.parse(readFileSync(new URL('../fixtures/credentials/v1-edges.json', import.meta.url), 'utf8'))
const unhex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const counties = [unhex(county_key)]

describe('the edges', () => {
  it('are many', () => expect(vectors.length).toBeGreaterThan(250))

  it.each(vectors.map((vector, number) => [number, vector.name, vector] as const))('%i: %s', (_number, _name, { name: _, scene, now, text, ...said }) => {
    const lists = scenes[scene]
    if (lists === undefined) throw new Error(`no scene ${scene}`)
    const known = { trust: openTrustList(unhex(lists.trust), counties), status: lists.status === null ? null : openStatusList(unhex(lists.status), counties) }
    expect(verify(text, { ...known, now, freshDays: fresh_days })).toStrictEqual(said)
  })
})
