// A panel that hangs from its button: open until the mouse goes down elsewhere, or Esc, or the page leaves.
import { onBeforeUnmount, ref, type Ref } from 'vue'

export function usePopover(root: Ref<HTMLElement | undefined>) {
  const open = ref(false)

  function outside(event: Event): void {
    if (!root.value?.contains(event.target as Node)) close()
  }
  function close(): void {
    open.value = false
    document.removeEventListener('mousedown', outside)
  }
  function toggle(): void {
    if (open.value) return close()
    open.value = true
    document.addEventListener('mousedown', outside)
  }
  onBeforeUnmount(close)
  return { open, close, toggle }
}
