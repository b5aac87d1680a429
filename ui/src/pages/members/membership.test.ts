// Reasons are kept as codes of the list that belongs to the change, and what needs a decision asks for one.
import { beforeEach, expect, it } from 'vitest'
import type { Catalogue, Detail } from '../../generated/api'
import { catalogue } from '../../office/catalogue'
import { also, lastChange, needsDecision, possible, reasonCode, reasonLabels, reasonShown } from './membership'

const code = (one: string, zh: string) => ({ code: one, zh, en: one })
beforeEach(() => {
  catalogue.value = {
    records: {},
    roles: [],
    events: { deceased: { zh: '去世', en: 'Died' } },
    codes: {
      membership_change_reason: [code('own_wish', '个人要求退会'), code('retired', '退休')],
      retained_reason: [code('military', '服兵役'), code('retired', '退休')],
      left_kind: [code('deemed', '自动退会')],
    },
  } as unknown as Catalogue
})
const record = (derived: object) => ({ derived }) as unknown as Detail

it('a reason is looked for in the list of its change', () => {
  expect(reasonLabels('retained')).toEqual(['服兵役', '退休'])
  expect(reasonLabels('left')).toEqual(['个人要求退会', '退休'])
  expect(reasonCode(' 服兵役 ', 'retained')).toBe('military')
  expect(reasonCode('服兵役', 'left')).toBe('服兵役')
  expect(reasonCode('停薪留职', 'retained')).toBe('停薪留职')
})

it('codes are shown as words', () => {
  expect(reasonShown('military')).toBe('服兵役')
  expect(reasonShown('deemed', 'kind')).toBe('自动退会')
  expect(reasonShown('deceased', 'of')).toBe('去世')
  expect(reasonShown('停薪留职')).toBe('停薪留职')
})

it('an expulsion and a deemed leaving need a decision', () => {
  expect(needsDecision('expelled', '')).toBe(true)
  expect(needsDecision('left', 'deemed')).toBe(true)
  expect(needsDecision('left', 'voluntary')).toBe(false)
  expect(needsDecision('retained', 'deemed')).toBe(false)
})

it('the core says what may follow', () => {
  expect(possible(record({ possible: ['left', 'expelled', 'of a newer core'] }))).toEqual(['left', 'expelled'])
  expect(also(record({ also: ['corrected'] }))).toEqual(['corrected'])
  expect(also(record({}))).toEqual([])
  expect(lastChange(record({ last_change: 'left' }))).toBe('left')
  expect(lastChange(record({}))).toBe('')
})
