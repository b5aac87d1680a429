import { beforeEach, expect, it, vi } from 'vitest'
import { computed, nextTick } from 'vue'

const kept = vi.hoisted(() => new Map<string, unknown>())
vi.mock('../../office/prefs', () => ({ pref: (key: string) => kept.get(key), keep: (key: string, value: unknown) => kept.set(key, value) }))
const { dropFilter, filtersOf, forgetLists, keepFilter, memoryOf } = await import('./columns')

beforeEach(() => {
  kept.clear()
  forgetLists()
})

it('a list notices when its memory changes, from the first time on', () => {
  const memory = memoryOf('members', ['sex'])
  const question = computed(() => memory.text)
  expect(question.value).toBe('')
  memory.text = '王'
  expect(question.value).toBe('王')
  expect(memoryOf('members', [])).toBe(memory)
})

it('columns and order are kept, and come back without columns that no longer exist', async () => {
  const memory = memoryOf('members', ['sex'])
  memory.columns = ['sex', 'mobile']
  memory.sort = 'strokes'
  await nextTick()
  expect(kept.get('list.members')).toEqual({ columns: ['sex', 'mobile'], sort: 'strokes', descending: false })
  forgetLists()
  expect(memoryOf('members', ['birth_date'], (name) => name !== 'mobile')).toMatchObject({ columns: ['sex'], sort: 'strokes', text: '' })
})

it('what is typed to narrow a list is not kept', async () => {
  memoryOf('members', []).text = '王'
  await nextTick()
  expect(kept.size).toBe(0)
})

it('a damaged choice counts as none', () => {
  kept.set('list.members', 'nonsense')
  kept.set('filters.members', [null, 7])
  expect(memoryOf('members', ['sex']).columns).toEqual(['sex'])
  expect(filtersOf('members')).toEqual([])
})

it('filters are kept by name, replaced by name, dropped by name', () => {
  keepFilter('members', { name: '女职工', text: '', filter: { sex: '2' } })
  keepFilter('members', { name: '女职工', text: '', filter: { sex: 'F' } })
  expect(kept.get('filters.members')).toEqual([{ name: '女职工', text: '', filter: { sex: 'F' } }])
  forgetLists()
  expect(filtersOf('members')).toHaveLength(1)
  dropFilter('members', '女职工')
  expect(kept.get('filters.members')).toBeNull()
})
