// A reorganisation while it is filled in: what is missing, what is asked, where a refusal belongs.
import { describe, expect, it } from 'vitest'
import type { OfficeLine } from '../../generated/api'
import { KINDS, STEPS, type Draft, empty, entered, firstOf, later, leave, missing, question, standing, stepOf, tick, turn, wrongOf } from './draft'
import en from '../../words/further/en/successions'
import zh from '../../words/further/zh-CN/successions'

const draft = (with_: Partial<Draft>): Draft => ({ ...empty('2026-11-24'), ...with_ })
const refusal = (...fields: string[]) => ({ code: 'fields', say: { zh: '', en: '' }, fields: fields.map((field) => ({ field, key: field, say: { zh: `${field.replace(/\d/, 'n')}。`, en: field } })) })

describe('a reorganisation', () => {
  it('has words for every kind and every step, and for whatever is missing', () => {
    for (const words of [zh, en]) {
      expect(Object.keys(words.kind_what)).toEqual([...KINDS])
      expect(Object.keys(words.step)).toEqual([...STEPS])
      for (const kind of KINDS) for (const step of STEPS) for (const from of [[], ['a']]) {
        const lacks = missing(draft({ kind, from }), step)
        if (lacks) expect(words.missing, lacks).toHaveProperty(lacks)
      }
    }
  })

  it('goes on only with what the step needs', () => {
    expect(missing(draft({}), 'kind')).toBe('kind')
    expect(missing(draft({ kind: 'merger', to: 'b' }), 'who')).toBe('several')
    expect(missing(draft({ kind: 'enterprise', from: ['a'], to: 'b' }), 'who')).toBe('chosen')
    expect(missing(draft({ kind: 'split', from: ['a'], to: 'b' }), 'who')).toBe('split')
    expect(missing(draft({ kind: 'abolition', from: ['a'] }), 'who')).toBe('to')
    expect(missing(draft({ kind: 'abolition', from: ['a'], to: 'b' }), 'who')).toBe('')
    expect(missing(draft({ paper: '  ' }), 'paper')).toBe('paper')
    expect(missing(draft({ paper: '3号', on: '明天' }), 'paper')).toBe('on')
    expect(missing(draft({ paper: '3号' }), 'paper')).toBe('')
    expect(later(draft({ on: '2026-11-25' }), '2026-11-24')).toBe(true)
    for (const on of ['2026-11-24', '2026-11-01', '明天']) expect(later(draft({ on }), '2026-11-24'), on).toBe(false)
  })

  it('asks for a part by its records and for the whole by none', () => {
    const chosen = new Map([['m', '纺织厂']])
    expect(question(draft({ kind: 'enterprise', from: ['a'], to: 'b', chosen, paper: ' 3号 ' })).parts).toEqual([{ from: 'a', to: 'b', records: ['m'] }])
    const merger = question(draft({ kind: 'merger', from: ['a', 'c'], to: 'b', chosen, paper: '3号', note: ' ' }))
    expect(merger.parts).toEqual([{ from: 'a', to: 'b' }, { from: 'c', to: 'b' }])
    expect(merger).not.toHaveProperty('note')
  })

  it('forgets what was chosen of another office, and never names one office twice', () => {
    const one = draft({ kind: 'enterprise', from: ['a'], to: 'b', chosen: new Map([['m', '纺织厂']]) })
    leave(one, 'a')
    expect(one.chosen.size).toBe(1)
    leave(one, 'b')
    expect([one.from, one.to, one.chosen.size]).toEqual([['b'], '', 0])
    tick(one, 'c')
    one.to = 'd'
    tick(one, 'd')
    expect([one.from, one.to]).toEqual([['b', 'c', 'd'], ''])
    tick(one, 'c')
    expect(one.from).toEqual(['b', 'd'])
    turn(one, 'abolition')
    expect(one.from).toEqual(['b'])
  })

  it('keeps what was chosen where the next kind can use it, and not a union that an enterprise page could not show', () => {
    const one = draft({ kind: 'enterprise', chosen: new Map([['m', '纺织厂']]) })
    turn(one, 'split')
    expect(one.chosen.size).toBe(1)
    turn(one, 'enterprise')
    expect(one.chosen.size).toBe(0)
  })

  it('shows a refusal at its part, once, and goes to the step where it is put right', () => {
    const fault = refusal('parts.0.to', 'parts.1.to', 'parts.1.from')
    expect(wrongOf(fault, 'to')).toBe('parts.n.to。')
    expect(wrongOf(fault, 'from', 0)).toBe('')
    expect(wrongOf(fault, 'from', 1)).toBe('parts.n.from。')
    expect(wrongOf(undefined, 'to')).toBe('')
    expect(stepOf(fault)).toBe('who')
    expect(stepOf(refusal('kind', 'paper'))).toBe('kind')
    expect(stepOf(refusal('paper'))).toBe('paper')
    expect(stepOf({ code: 'not_registrar', say: { zh: '', en: '' } })).toBe('look')
  })

  it('offers the offices that stand, tells what it entered, and names ten of many', () => {
    const offices = [{ id: 'a', into: '安峰镇总工会' }, { id: 'b', into: null }] as OfficeLine[]
    expect(standing(offices).map((one) => one.id)).toEqual(['b'])
    const lines = ['x', 'y'].map((id) => ({ id })) as Parameters<typeof entered>[1]
    expect(entered(['x'], lines).map((one) => one.id)).toEqual(['y'])
    const names = Array.from({ length: 12 }, (_, n) => String(n))
    expect(firstOf(names)).toEqual({ shown: names.slice(0, 10), more: 2 })
    expect(firstOf(['1']).more).toBe(0)
  })
})
