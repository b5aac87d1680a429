import { expect, it } from 'vitest'
import { computed } from 'vue'
import { memoryOf } from './columns'

it('a list notices when its memory changes, from the first time on', () => {
  const memory = memoryOf('members', ['sex'])
  const question = computed(() => memory.text)
  expect(question.value).toBe('')
  memory.text = '王'
  expect(question.value).toBe('王')
  expect(memoryOf('members', [])).toBe(memory)
})
