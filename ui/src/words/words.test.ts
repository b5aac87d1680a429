// The words are complete in both languages, and no page speaks past them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEEDS } from '../generated/api'
import en from './en'
import furtherEn from './further/en'
import furtherZh from './further/zh-CN'
import zh from './zh-CN'

type Tree = { [key: string]: string | Tree }
const flat = (tree: Tree, path = ''): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) => (typeof value === 'string' ? [[path + key, value] as [string, string]] : flat(value, `${path}${key}.`)))
const chinese = new Map([...flat(zh), ...flat(furtherZh)])
const english = new Map([...flat(en), ...flat(furtherEn)])

const root = join(import.meta.dirname, '..')
const files = (ending: string) => (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith(ending)).map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))
const pages = files('.vue')
const scripts = files('.ts').filter(({ name }) => !name.endsWith('.test.ts') && !/^words\/(further\/)?(zh-CN|en)(\/\w+)?\.ts$/.test(name) && !name.startsWith('generated'))

describe('words', () => {
  it('have the same keys in both languages', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  })

  it('are never empty, and carry the same blanks', () => {
    const blanks = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort()
    for (const [key, text] of chinese) {
      expect(text, key).not.toBe('')
      expect(english.get(key), key).not.toBe('')
      expect(blanks(english.get(key)!), key).toEqual(blanks(text))
    }
  })

  // Whatever the office may write into its log is read by a clerk.
  it('name every kind of entry of the log', () => {
    expect(DEEDS.length).toBeGreaterThan(30)
    for (const language of [chinese, english]) {
      const unnamed = DEEDS.filter((command) => !language.has(`action.${command.replace(/\./g, '_')}`) && !language.has(`action.${command.split('.').at(-1)}`))
      expect(unnamed).toEqual([])
    }
  })

  it('are all there where a page asks for them', () => {
    const asked = [...pages, ...scripts].flatMap(({ name, text }) => [...text.matchAll(/(?<![\w.])\$?t\('([\w.]+)'/g)].map((found) => ({ name, key: found[1]! })))
    expect(asked.length).toBeGreaterThan(200)
    expect(asked.filter(({ key }) => !chinese.has(key))).toEqual([])
  })

  it('are all asked for somewhere', () => {
    const whole = [...pages, ...scripts].map(({ text }) => text).join('\n')
    const unused = [...chinese.keys()].filter((key) => {
      const [group, last] = [key.slice(0, key.lastIndexOf('.')), key.slice(key.lastIndexOf('.') + 1)]
      // Keys put together at run time: t(`group.${…}`), named('group', …).
      return !whole.includes(`'${key}'`) && !whole.includes(`keypath="${key}"`) && !whole.includes(`\`${group}.`) && !whole.includes(`'${group}', `) && !whole.includes(`\`${group}.${last.replace(/\d$/, '')}`)
    })
    expect(unused).toEqual([])
  })

  it('are said once: no further word replaces one of the start', () => {
    const start = new Set(flat(zh).map(([key]) => key))
    expect(flat(furtherZh).filter(([key]) => start.has(key))).toEqual([])
  })

  // A page that asks for a further word without loading them would show its key.
  it('are loaded by whoever asks for a further one', () => {
    const start = new Set(flat(zh).map(([key]) => key))
    const bare = [...pages, ...scripts].filter(({ text }) => !text.includes('words/further') && [...text.matchAll(/(?<![\w.])\$?t\('([\w.]+)'/g)].some((found) => !start.has(found[1]!)))
    expect(bare.map(({ name }) => name)).toEqual([])
  })

  it('stand nowhere else: no Chinese in a page', () => {
    const spoken = pages.filter(({ text }) => /[\u3400-\u9fff]/.test(text)).map(({ name }) => name)
    expect(spoken).toEqual([])
  })
})

describe('the house', () => {
  it('imports Tauri only in host/', () => {
    expect([...pages, ...scripts].filter(({ name, text }) => text.includes('@tauri-apps') && !name.startsWith('host')).map(({ name }) => name)).toEqual([])
  })

  it('keeps nothing in the browser', () => {
    expect([...pages, ...scripts].filter(({ text }) => /localStorage|sessionStorage|indexedDB|document\.cookie|\beval\(|v-html/.test(text)).map(({ name }) => name)).toEqual([])
  })

  it('lets no page import a page of another module', () => {
    const crossing = pages.filter(({ name }) => name.startsWith('pages')).flatMap(({ name, text }) => [...text.matchAll(/from '\.\.\/(?!\.\.)([^']+)'/g)].map((found) => `${name} -> ${found[1]}`))
    expect(crossing).toEqual([])
  })

  it('keeps files short', () => {
    const long = [...pages.map((one) => ({ ...one, most: 250 })), ...scripts.map((one) => ({ ...one, most: 400 }))].filter(({ text, most }) => text.split('\n').length > most)
    expect(long.map(({ name }) => name)).toEqual([])
  })
})
