import { describe, expect, it } from 'vitest'
import type { Row } from '../../generated/api'
import { useRows } from './rows'

const office = (total: number) => {
  const asked: number[] = []
  const rows = useRows(async (offset, limit) => {
    asked.push(offset)
    const rows: Row[] = Array.from({ length: Math.min(limit, total - offset) }, (_, at) => ({ id: String(offset + at), title: '', cells: {}, standing: 'saved' }))
    return { total, rows }
  })
  return { asked, rows }
}
const settled = () => new Promise((done) => setTimeout(done))

describe('a window onto a long list', () => {
  it('asks only for the pages in sight, each once', async () => {
    const { asked, rows } = office(1000)
    await rows.restart()
    rows.see(120, 170)
    rows.see(121, 171)
    await settled()
    expect(asked).toEqual([0, 100, 150])
    expect(rows.row(149)?.id).toBe('149')
    expect(rows.row(500)).toBeUndefined()
    expect(rows.total.value).toBe(1000)
  })

  it('forgets far pages of a very long scroll', async () => {
    const { rows } = office(10_000)
    await rows.restart()
    for (let page = 1; page < 40; page += 1) {
      rows.see(page * 50, page * 50 + 20)
      await settled()
    }
    expect(rows.row(0)).toBeUndefined()
    expect(rows.row(39 * 50)?.id).toBe('1950')
  })

  it('ignores the answer to a question that was replaced', async () => {
    let letGo: (() => void)[] = []
    const rows = useRows((offset) => new Promise((done) => letGo.push(() => done({ total: offset + letGo.length, rows: [] }))))
    const first = rows.restart()
    const second = rows.restart()
    letGo[1]!()
    await second
    const after = rows.total.value
    letGo[0]!()
    await first
    expect(rows.total.value).toBe(after)
    letGo = []
  })
})
