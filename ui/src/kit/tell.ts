// A short word to the clerk that goes away by itself: for what went well. Trouble stays on the page beside its cause instead.
import type { ElMessage } from './element'

// Loaded with the first word that is said; the window opens without it.
function show(tell: (box: typeof ElMessage) => void): void {
  void import('./element').then((parts) => tell(parts.ElMessage))
}

export function tellDone(message: string): void {
  show((box) => {
    box.closeAll()
    box({ message, type: 'success', duration: 3500, placement: 'bottom-right', offset: 44 })
  })
}

/** Stays for some seconds, or until it is closed where `milliseconds` is 0. */
export function tellNote(message: string, milliseconds = 6000): void {
  show((box) => box({ message, type: 'warning', duration: milliseconds, showClose: true, placement: 'bottom-right', offset: 44 }))
}
