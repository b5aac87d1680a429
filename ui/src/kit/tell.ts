// A short word to the clerk that goes away by itself: for what went well. Trouble stays on the page beside its cause instead.
import { ElMessage } from './element'

export function tellDone(message: string): void {
  ElMessage.closeAll()
  ElMessage({ message, type: 'success', duration: 3500, placement: 'bottom-right', offset: 44 })
}

export function tellNote(message: string): void {
  ElMessage({ message, type: 'warning', duration: 6000, showClose: true, placement: 'bottom-right', offset: 44 })
}
