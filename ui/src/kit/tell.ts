// A short word to the clerk that goes away by itself: for what went well. Trouble stays on the page beside its cause instead.
import { ElMessage } from './element'

export function tellDone(message: string): void {
  ElMessage.closeAll()
  ElMessage({ message, type: 'success', duration: 3500, placement: 'bottom-right', offset: 44 })
}

/** Stays for some seconds, or until it is closed where `milliseconds` is 0. */
export function tellNote(message: string, milliseconds = 6000): void {
  ElMessage({ message, type: 'warning', duration: milliseconds, showClose: true, placement: 'bottom-right', offset: 44 })
}
