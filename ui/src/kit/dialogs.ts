// How many dialogs stand open: keys that belong to the page behind them keep quiet meanwhile.
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'

const standing = ref(0)

export const dialogOpen = (): boolean => standing.value > 0

export function useOpenDialog(open: Ref<boolean>): void {
  let counted = false
  const count = (now: boolean) => {
    if (now !== counted) standing.value += now ? 1 : -1
    counted = now
  }
  watch(open, count, { immediate: true })
  onBeforeUnmount(() => count(false))
}
