// Enter goes to the next field, in the order of the page; past the last field it reaches the main button.

/** Moves on from the field that has the focus; answers whether there was somewhere to go. */
export function nextField(form: HTMLElement, from: EventTarget | null): boolean {
  const stops = [...form.querySelectorAll<HTMLElement>('[data-field]:not(:disabled), [data-field-end]')].filter((one) => one.offsetParent !== null)
  const here = stops.findIndex((one) => one === from || (one instanceof HTMLInputElement && from instanceof HTMLInputElement && one.type === 'radio' && one.name === from.name))
  const next = stops[here + 1]
  if (here < 0 || !next) return false
  next.focus()
  if (next instanceof HTMLInputElement && next.type === 'text') next.select()
  return true
}

/** For `@keydown.enter` on a form: takes the key when it came from a field, outside of an input method's composition. */
export function onEnter(event: KeyboardEvent): void {
  const from = event.target
  if (event.isComposing || event.ctrlKey || event.metaKey || !(from instanceof HTMLInputElement)) return
  event.preventDefault()
  nextField(event.currentTarget as HTMLElement, from)
}
