import { describe, expect, it } from 'vitest'
import { readDay } from './day'

describe('a day as a clerk types it', () => {
  it.each([
    ['19880325', '1988-03-25'],
    ['1988-3-25', '1988-03-25'],
    ['1988.03.25', '1988-03-25'],
    ['1988/3/5', '1988-03-05'],
    ['1988年3月25日', '1988-03-25'],
    ['１９８８０３２５', '1988-03-25'],
    [' ', ''],
  ])('%s is read as %s', (typed, day) => expect(readDay(typed)).toBe(day))

  it.each(['1988', '19880231', '1988-13-01', '88-3-25', 'soon'])('%s is no day', (typed) => expect(readDay(typed)).toBeUndefined())

  it('knows the leap day', () => {
    expect(readDay('20240229')).toBe('2024-02-29')
    expect(readDay('20230229')).toBeUndefined()
  })
})
