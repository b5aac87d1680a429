import { describe, expect, it } from 'vitest'
import { firstPrinter, placeOf, readCopies, readMm, readPages, withPlace } from './papers'

describe('millimetres', () => {
  it('are read as people type them', () => {
    expect(['1.5', '-0,5', '＋', '', '０．５', ' +2 ', '－1'].map(readMm)).toEqual([1.5, -0.5, undefined, 0, 0.5, 2, -1])
  })
  it('stay on the page', () => expect(['20', '20.1', '-21', '1e1', 'NaN', '1.234'].map(readMm)).toEqual([20, undefined, undefined, undefined, undefined, undefined]))
  it('know no minus zero, which the office would take for another place', () => expect(Object.is(readMm('-0'), 0)).toBe(true))
})

describe('pages', () => {
  it('are one, some or all', () => {
    expect(readPages('', 4)).toEqual({})
    expect(readPages('3', 4)).toEqual({ first: 3, last: 3 })
    expect(readPages('2-4', 4)).toEqual({ first: 2, last: 4 })
    expect(readPages('１至２', 4)).toEqual({ first: 1, last: 2 })
  })
  it('are there', () => expect(['0', '5', '3-2', '2-5', '1,3', 'x'].map((text) => readPages(text, 4))).toEqual(Array(6).fill(undefined)))
})

it('copies are 1 to 99', () => expect(['1', '99', '0', '100', '1.5', ''].map(readCopies)).toEqual([1, 99, undefined, undefined, undefined, undefined]))

describe('a printer', () => {
  it('keeps its own place, and files theirs', () => {
    const stored = withPlace(withPlace(undefined, 'HP', { x: 1, y: -2 }), '', { x: 0.5, y: 0 })
    expect(placeOf(stored, 'HP')).toEqual({ x: 1, y: -2 })
    expect(placeOf(stored, '')).toEqual({ x: 0.5, y: 0 })
    expect(placeOf(stored, 'Card')).toEqual({ x: 0, y: 0 })
  })
  it('is moved by nothing that a damaged setting says', () => {
    expect([null, 7, 'x', [], { HP: { x: 'far', y: 900 } }].map((stored) => placeOf(stored, 'HP'))).toEqual(Array(5).fill({ x: 0, y: 0 }))
  })
  it('is the one of last time while it is there', () => {
    const printers = [{ name: 'A', default: false }, { name: 'B', default: true }]
    expect([firstPrinter(printers, 'A'), firstPrinter(printers, 'gone'), firstPrinter([], 'A')]).toEqual(['A', 'B', ''])
  })
})
