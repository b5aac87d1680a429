import { describe, expect, it } from 'vitest'
import { readYuan, showYuan } from './money'

describe('money', () => {
  it.each([['22.8', 2280], ['1,234.05', 123405], ['0', 0], ['-3', -300], ['', null], ['1.234', undefined], ['abc', undefined]])(
    '%s yuan typed', (typed, fen) => expect(readYuan(typed)).toBe(fen),
  )
  it('is shown with two places', () => {
    expect(showYuan(2280)).toBe('22.80')
    expect(showYuan(-5)).toBe('-0.05')
  })
})
