// How a person finds things on the page: by what is written on them. These functions run inside the page,
// in Chromium and in WebKit alike, so a journey means the same in both. Each stands alone: it is sent as text.

/** Whether something is on the screen for a person to see. */
const COMMON = `
  const seen = (node) => {
    if (!node.isConnected || node.closest('[aria-hidden="true"], [inert]')) return false
    const box = node.getBoundingClientRect()
    const style = getComputedStyle(node)
    return box.width > 0 && box.height > 0 && style.visibility !== 'hidden' && style.display !== 'none'
  }
  const flat = (text) => (text ?? '').replace(/\\s+/g, ' ').trim()
  const name = (node) => flat(node.getAttribute('aria-label') || node.innerText || node.value || node.title)
  // A dialog in front hides what lies behind it, as it does for a person.
  const front = () => [...document.querySelectorAll('dialog[open], [role="dialog"], [role="alertdialog"]')].filter(seen).pop() ?? document.body
  // A person scrolls until the whole of it is there to press; WebKit's driver is content with a corner that it then misses.
  const reached = (node) => {
    node?.scrollIntoView({ block: 'nearest', behavior: 'instant' })
    return node
  }
  const best = (nodes, wanted, label) => {
    const shown = [...nodes].filter(seen)
    return shown.find((node) => label(node) === wanted) ?? shown.find((node) => label(node).startsWith(wanted))
      ?? shown.find((node) => label(node).includes(wanted)) ?? null
  }
`

/** Something that can be pressed, by its words. */
export const PRESSABLE = `(wanted) => { ${COMMON}
  const kinds = 'button, a[href], summary, [role="button"], [role="tab"], [role="link"], [role="menuitem"], [role="option"], [role="treeitem"], [role="radio"], [role="checkbox"], [role="switch"], label, [tabindex="0"], tr'
  const parts = [...front().querySelectorAll(kinds)].filter((node) => !node.disabled)
  const floating = [...document.querySelectorAll('.el-popper, [role="listbox"], [role="menu"]')].filter(seen).flatMap((box) => [...box.querySelectorAll(kinds + ', li')])
  const found = best([...floating, ...parts], wanted, name)
  // A row is pressed on its first cell: for WebKit the row itself has no surface.
  return reached(found?.tagName === 'TR' ? found.cells[0] : found)
}`

/** A field, by its label, its accessible name or its placeholder. */
export const FIELD = `(wanted) => { ${COMMON}
  const here = front()
  // What a bar that stays in place covers is scrolled clear of it, as a person would.
  const clear = (node) => {
    const box = node?.getBoundingClientRect()
    const top = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
    if (node && node !== top && !node.contains(top)) node.scrollIntoView({ block: 'center', behavior: 'instant' })
    return node
  }
  for (const label of [...here.querySelectorAll('label, .el-form-item__label')].filter(seen)) {
    // "必填" and a star belong to the form, not to the name of the field.
    const words = flat(label.innerText).replace(/(必填|Required|[*：:\\s])+$/i, '')
    if (words !== wanted) continue
    const named = label.htmlFor && document.getElementById(label.htmlFor)
    const inside = label.htmlFor ? named : label.querySelector('input, textarea, select')
    if (inside) return clear(inside)
  }
  const fields = here.querySelectorAll('input, textarea, select, [contenteditable="true"]')
  return clear(best(fields, wanted, (node) => flat(node.getAttribute('aria-label') || node.placeholder)))
}`

/** Whether these words stand anywhere on the screen. */
export const WORDS = `(wanted) => { ${COMMON}
  if (!flat(document.body.innerText).includes(flat(wanted))) return false
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (flat(node.data).includes(flat(wanted)) && seen(node.parentElement)) return true
  }
  // The words may be divided over several elements; then the whole text, which leaves hidden parts out, decides.
  return true
}`

/** Something by a selector, when words cannot name it (the search box, a file field). */
export const PLACE = `(selector) => document.querySelector(selector)`

/** What stands at a place; what is read aloud there goes before how it is set. */
export const TEXT = `(selector) => { ${COMMON}
  const place = document.querySelector(selector)
  return place && seen(place) ? name(place) : ''
}`

/**
 * Lays the page on paper, or back on the screen. No driver of WebKit can print, but the rules for paper are rules like
 * others: here they count, and those for screens do not.
 */
export const PAPER = `(laid) => {
  const turn = (rules) => {
    for (const rule of rules) {
      if (rule.media) {
        rule.was ??= rule.media.mediaText
        if (rule.was === 'print') rule.media.mediaText = laid ? 'all' : rule.was
        if (rule.was === 'screen') rule.media.mediaText = laid ? 'not all' : rule.was
      }
      if (rule.cssRules) turn(rule.cssRules)
    }
  }
  for (const sheet of document.styleSheets) turn(sheet.cssRules)
}`

/** Everything on the screen, for the person who has to find out why a journey stopped. */
export const ALL = `() => document.body.innerText`

/** Whether nothing is moving: what fades in has, half way, neither its colour nor its place. */
export const STILL = `() => document.getAnimations().every((moving) => moving.playState !== 'running' || moving.effect?.getComputedTiming().endTime === Infinity)`
