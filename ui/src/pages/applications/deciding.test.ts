// A decision is ready when everything that the union examines is ticked, and a refusal has its reason.
import { expect, it } from 'vitest'
import { approveAsk, changeAsk, mayDecide, missing, type Typed } from './deciding'

const typed = (further: Partial<Typed> = {}): Typed => ({ event: 'approved', on: '2026-03-04', reason: ' ', document: ' 平工〔2026〕3号 ', eligible: true, voluntary: true, papers: true, ...further })

it('an approval waits for the three that are examined', () => {
  expect(missing(typed())).toBeUndefined()
  for (const one of ['eligible', 'voluntary', 'papers'] as const) expect(missing(typed({ [one]: false }))).toBe('examine_first')
  expect(missing(typed({ event: '' }))).toBe('event_first')
  expect(missing(typed({ on: '' }))).toBe('event_first')
})

it('whoever is refused is told why; the group may just agree', () => {
  expect(missing(typed({ event: 'rejected' }))).toBe('reason_first')
  expect(missing(typed({ event: 'withdrawn', reason: '本人来电' }))).toBeUndefined()
  expect(missing(typed({ event: 'group_ok', eligible: false }))).toBeUndefined()
})

it('only what was typed is sent', () => {
  expect(approveAsk({ members: ['a'] }, typed())).toEqual({ members: ['a'], on: '2026-03-04', document: '平工〔2026〕3号', eligible: true, voluntary: true, papers: true })
  expect(changeAsk({ ids: ['a'] }, typed({ event: 'rejected', reason: ' 材料不齐', document: '' }))).toEqual({ ids: ['a'], event: 'rejected', on: '2026-03-04', reason: '材料不齐' })
})

it('people who never applied can only be admitted', () => {
  const may = ['group_ok', 'approved', 'rejected', 'withdrawn']
  expect(mayDecide({ ids: ['a'] }, ['submitted', ...may])).toEqual(may)
  expect(mayDecide({ members: ['a'] }, may)).toEqual(['approved'])
  expect(mayDecide({ waiting: { overdue: true } }, may)).toEqual(['approved'])
})
