// What the window knows about the office it shows: stage, person, language. Answers of the core; thrown away with the window.
import { computed, reactive } from 'vue'
import type { AppState, Language } from '../generated/api'
import type { Fault } from './shapes'
import { call, onTurn, toFault } from '../host'
import { speak, t } from '../words'
import { prepare } from './opening'

const held = reactive({
  app: undefined as AppState | undefined,
  fault: undefined as Fault | undefined,
  largeType: false,
})

/** Read by the pages; written only here. */
export const office: Readonly<typeof held> = held
export const isCounty = computed(() => held.app?.office?.role === 'county')

/** Chosen on this page before an office was open to keep it; handed over when there is one. */
let chosen: Language | undefined

export async function loadState(): Promise<void> {
  try {
    await takeState(await call('app.state', {}))
  } catch (problem) {
    held.fault = toFault(problem)
  }
}

/** An answer that says how the office stands now. */
export async function takeState(app: AppState): Promise<void> {
  if (app.stage === 'ready' && held.app?.stage !== 'ready') await prepare()
  held.app = app
  held.fault = undefined
  document.title = [app.office?.name, t('product')].filter(Boolean).join(' · ')
  if (chosen && chosen !== app.language) void setLanguage(chosen).catch(() => undefined)
  else speak(app.language)
  showLargeType(app.large_type)
}

export async function setLanguage(language: Language): Promise<void> {
  speak(language)
  chosen = language
  if (held.app) held.app = { ...held.app, language }
  await call('app.settings', { language })
  chosen = undefined
}

export async function setLargeType(large: boolean): Promise<void> {
  showLargeType(large)
  await call('app.settings', { large_type: large })
}

function showLargeType(large: boolean): void {
  held.largeType = large
  document.documentElement.classList.toggle('large-type', large)
}

export async function lock(): Promise<void> {
  await call('app.lock', {})
  await loadState()
}

/** Looks again without a word when the office does not answer: what is on the screen stays. */
export async function lookAgain(): Promise<void> {
  held.app = await call('app.state', {}).catch(() => held.app)
}

onTurn(() => {
  if (held.app) void lookAgain()
})
