import { describe, expect, it } from 'vitest'
import { pieces } from './useSearch'

describe('marks in a title', () => {
  it('cuts at characters, rare ones included', () => {
    expect(pieces('王𫞩芳', [[1, 2]])).toEqual([{ text: '王', marked: false }, { text: '𫞩', marked: true }, { text: '芳', marked: false }])
  })
  it('leaves a title without marks whole', () => expect(pieces('王芳', [])).toEqual([{ text: '王芳', marked: false }]))
  it('passes over marks that do not fit', () => expect(pieces('王芳', [[0, 5]])).toEqual([{ text: '王芳', marked: false }]))
})
