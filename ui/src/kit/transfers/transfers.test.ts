// What a transfer says in each of its states, for each of its offices.
import { describe, expect, it } from 'vitest'
import { daysBetween, deeds, hint, isSlip, since, tone } from './transfers'
import zh from '../../words/further/zh-CN/transfers'

/** As `transfer_state` of the core has them. */
const codes = ['requested', 'released', 'unreleased', 'provisional', 'confirmed', 'disputed', 'refused', 'withdrawn']
const line = (state: string, part: string, possible: string[] = [], overdue = false) => ({ state, part, possible, overdue })

describe('a transfer in the list', () => {
  it('offers what somebody waits for first, and the bundle not yet', () => {
    expect(deeds({ possible: ['refuse', 'release'] })).toEqual(['release', 'refuse'])
    expect(deeds({ possible: ['bundle', 'withdraw'] })).toEqual(['withdraw'])
    expect(deeds({ possible: ['a_newer_one'] })).toEqual([])
  })

  it('has a sentence for every state and every part', () => {
    const sentences = zh.hint as Record<string, string>
    for (const state of codes) for (const part of ['out', 'in', 'other']) expect(sentences[hint(line(state, part, state === 'released' && part === 'in' ? ['accept'] : []))], `${state} ${part}`).toBeTruthy()
    expect(hint(line('released', 'out', ['receipt', 'withdraw']))).toBe('released_outside')
    expect(hint(line('released', 'in'))).toBe('provisional')
  })

  it('is red where it is late or disputed, amber where this office is waited for', () => {
    expect(tone(line('released', 'out', ['withdraw'], true))).toBe('wrong')
    expect(tone(line('disputed', 'other', ['decide']))).toBe('wrong')
    expect(tone(line('requested', 'out', ['release', 'refuse']))).toBe('warn')
    expect(tone(line('released', 'out', ['withdraw']))).toBe('calm')
    expect(tone(line('confirmed', 'in'))).toBe('good')
  })

  it('knows since when it stands and how many days are over', () => {
    expect(since({ released_on: '2026-11-20', events: [] })).toBe('2026-11-20')
    expect(since({ released_on: null, events: [{ name: 'requested', on: '2026-11-18', at: 0 }] })).toBe('2026-11-18')
    expect(since({ events: [] })).toBe('')
    expect(daysBetween('2026-02-27', '2026-03-01')).toBe(2)
  })

  it('tells a slip from a card', () => {
    expect(isSlip(' NJT1:6BF...')).toBe(true)
    expect(isSlip('NJC1:6BF...')).toBe(false)
    expect(isSlip('320722104000017')).toBe(false)
  })
})
