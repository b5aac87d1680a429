// Whether a page fits: looked at in every size that people have, with a ruler that runs inside the page.

/** The desks of the county: an old notebook, an office screen, and the notebook at 150 %, whose page is that much smaller. */
export const SIZES = [
  { name: '1366', width: 1366, height: 768 },
  { name: '1920', width: 1920, height: 1080 },
  { name: '150-percent', width: 911, height: 512 },
]

/**
 * What sticks out, as sentences; an empty list is a page that fits. Sent into the page as text.
 * A thing may reach beyond its card only inside a box that scrolls.
 */
const RULER = `() => {
  const SLACK = 1.5
  const wrong = new Set()
  const told = (node) => node.tagName.toLowerCase() + (node.className && typeof node.className === 'string' ? '.' + node.className.trim().split(/\\s+/).join('.') : '') + '「' + (node.innerText ?? node.value ?? '').replace(/\\s+/g, ' ').trim().slice(0, 30) + '」'
  const shown = (node) => {
    const box = node.getBoundingClientRect()
    const style = getComputedStyle(node)
    return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && style.opacity !== '0'
  }
  const scrolls = (node) => /auto|scroll|hidden|clip/.test(getComputedStyle(node).overflowX)
  const root = document.documentElement
  if (root.scrollWidth > root.clientWidth) wrong.add('the window is ' + root.clientWidth + ' wide, its page ' + root.scrollWidth)
  const main = document.querySelector('main')
  if (main && main.scrollWidth > main.clientWidth) wrong.add('the page is ' + main.scrollWidth + ' wide, the room for it ' + main.clientWidth)
  const cards = '.sheet, .el-dialog, .note, header.top, footer.status, nav.places'
  for (const card of document.querySelectorAll(cards)) {
    if (!shown(card)) continue
    const edge = card.getBoundingClientRect()
    if (card.matches('header.top, footer.status') && card.scrollWidth > card.clientWidth) wrong.add(told(card) + ' is cut off: ' + card.scrollWidth + ' in ' + card.clientWidth)
    const walk = (node) => {
      for (const inner of node.children) {
        const style = getComputedStyle(inner)
        if (style.position === 'fixed' || inner.matches('.unseen, .skip, svg, option, col, colgroup') || !shown(inner)) continue
        const box = inner.getBoundingClientRect()
        const out = { left: edge.left - box.left, right: box.right - edge.right, top: edge.top - box.top, bottom: box.bottom - edge.bottom }
        for (const [side, by] of Object.entries(out)) if (by > SLACK) wrong.add(told(inner) + ' sticks out of ' + told(card).slice(0, 40) + ' by ' + Math.round(by) + ' at the ' + side)
        // Inside a box that scrolls, or hides what is too long behind dots, its edge counts and not the card's.
        if (!scrolls(inner)) walk(inner)
      }
    }
    if (!scrolls(card)) walk(card)
  }
  for (const control of document.querySelectorAll('button, .button, select, [role="tab"]')) {
    if (shown(control) && control.scrollWidth > control.clientWidth + 2) wrong.add(told(control) + ' is cut off')
  }
  // What is on the page stands in its middle or fills it: nothing huddles at one side of a wide screen.
  if (main) {
    const room = main.getBoundingClientRect()
    const boxes = [...main.querySelectorAll('.sheet')].filter(shown).map((card) => card.getBoundingClientRect())
    if (boxes.length > 0) {
      const left = Math.min(...boxes.map((box) => box.left)) - room.left
      const right = room.left + main.clientWidth - Math.max(...boxes.map((box) => box.right))
      if (Math.abs(left - right) > 24) wrong.add('the page huddles at one side: ' + Math.round(left) + ' free at the left, ' + Math.round(right) + ' at the right')
    }
  }
  // Lines one can follow with the eye: 60 characters of Chinese are long.
  const em = parseFloat(getComputedStyle(root).fontSize)
  for (const text of document.querySelectorAll('main p, main li > span')) {
    if (!shown(text) || text.closest('td, [role="grid"]')) continue
    const range = document.createRange()
    range.selectNodeContents(text)
    const widest = Math.max(0, ...[...range.getClientRects()].map((box) => box.width))
    if (widest > 64 * em) wrong.add(told(text) + ' runs over ' + Math.round(widest / em) + ' em')
  }
  return [...wrong]
}`

/** Opens a page of the window by its address, as the way to it does. */
export async function opens(person, address) {
  await person.asks(`(address) => { location.hash = address }`, `#${address}`)
  await person.isStill()
}

/** Looks at what is on the screen in every size; `name` is what its pictures are called. */
export async function fits(person, name) {
  const wrong = []
  for (const size of SIZES) {
    await person.sits(size)
    await person.isStill()
    await person.picture(`${name}-${size.name}`)
    for (const one of await person.asks(RULER)) wrong.push(`${name} at ${size.width}×${size.height}: ${one}`)
  }
  await person.sits(SIZES[0])
  return wrong
}

/** The same in the middle of another journey, at once with its verdict; the real window keeps the size of its screen. */
export async function fitsHere(person, kind, name) {
  if (kind !== 'browser') return
  const wrong = await fits(person, `size-${name}`)
  if (wrong.length > 0) throw new Error(`${wrong.length} things do not fit:\n${wrong.join('\n')}`)
}
