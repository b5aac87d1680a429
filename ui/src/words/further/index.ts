// Joins the words of seldom opened pages to those with which the window starts; whoever needs them imports this file.
import { named, words } from '..'
import en from './en'
import zh from './zh-CN'

words.global.mergeLocaleMessage('zh-CN', zh)
words.global.mergeLocaleMessage('en', en)

/** What an entry of the audit says was done. Verbs that every record type has are said once; what only one module does has its own words. */
export function deed(command: string): string {
  const own = command.replace(/\./g, '_')
  const said = named('action', own)
  if (said !== own) return said
  const verb = command.split('.').at(-1) ?? ''
  const common = named('action', verb)
  return common !== verb ? common : words.global.t('action.newer')
}
