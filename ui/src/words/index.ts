// Both languages of the window, and the small helpers that turn answers of the core into the clerk's language.
import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Language, Say } from '../generated/api'
import en from './en'
import zh from './zh-CN'

export type { Language }
export const words = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh, en },
  missingWarn: true,
  fallbackWarn: false,
})

const { t, locale } = words.global
export { t }
export const language = computed(() => locale.value as Language)

export function speak(wanted: Language): void {
  locale.value = wanted
  document.documentElement.lang = wanted
}

/** A sentence of the core, or a labelled thing of the catalogue, in the clerk's language. */
export function say(what: Say | { zh: string; en: string } | undefined | null): string {
  if (!what) return ''
  return locale.value === 'en' ? what.en : what.zh
}

/** A key of the core that has a name here; the key itself when a newer core sends one that this window does not know yet. */
export function named(group: string, key: string): string {
  const path = `${group}.${key}`
  return words.global.te(path) ? t(path) : key
}

/** What an event is called; the catalogue knows those of every module. */
export function eventName(name: string, known: Record<string, Say> | undefined): string {
  return say(known?.[name]) || named('event', name)
}

/** A long key in groups of four, as one reads it aloud. */
export function fours(key: string): string {
  return key.match(/.{1,4}/g)?.join(' ') ?? ''
}

/** Several words in a row. */
export function together(parts: string[]): string {
  return parts.join(locale.value === 'en' ? ', ' : '、')
}

/** Who wrote something; the people of another office are not known here by name. */
export function writer(name: string): string {
  return name || t('history.elsewhere')
}

/** What the list of a record type is called: its place in this window, or the name of the type. */
export function placeName(type: { zh: string; en: string }, kind: string): string {
  return words.global.te(`place.${kind}`) ? t(`place.${kind}`) : say(type)
}

const two = (n: number) => String(n).padStart(2, '0')

/** A moment (milliseconds since 1970) as the office clock shows it: China's civil time, near days by name. */
export function moment(ms: number | null | undefined): string {
  if (!ms) return t('time.never')
  const at = shifted(ms)
  const clock = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`
  const apart = Math.floor(shifted(Date.now()).getTime() / 86_400_000) - Math.floor(at.getTime() / 86_400_000)
  if (apart === 0) return t('time.today', { clock })
  if (apart === 1) return t('time.yesterday', { clock })
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${clock}`
}

/** Today as a civil day of UTC+8. */
export function today(): string {
  const at = shifted(Date.now())
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`
}

function shifted(ms: number): Date {
  return new Date(ms + 8 * 3_600_000)
}

export function count(n: number): string {
  return n.toLocaleString('en-US')
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  if (n < 1024 * 1024) return `${(n / 1024).toFixed(1)} KB`
  if (n < 1024 ** 3) return `${(n / 1024 ** 2).toFixed(1)} MB`
  return `${(n / 1024 ** 3).toFixed(1)} GB`
}
