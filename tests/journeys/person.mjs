// A person in front of the window: looks until something is there, presses, types, takes a picture.
// Knows nothing of Playwright or WebDriver; a driver brings eyes and hands.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ALL, FIELD, PAPER, PLACE, PRESSABLE, STILL, TEXT, WORDS } from './eyes.mjs'

const PATIENCE = 20_000
const LOOK_AGAIN = 80

export class Person {
  /** @param driver {find, ask, press, type, clear, key, hand, picture, reload} @param pictures folder for pictures @param downloads where saved files arrive */
  constructor(driver, pictures, downloads) {
    this.driver = driver
    this.pictures = pictures
    this.downloads = downloads
  }

  async #until(what, look) {
    const end = Date.now() + PATIENCE
    let last
    while (Date.now() < end) {
      try {
        const found = await look()
        if (found) return found
      } catch (problem) {
        // The page is being replaced under the eyes; look again, and tell if it never settles.
        last = problem
      }
      await new Promise((done) => setTimeout(done, LOOK_AGAIN))
    }
    const screen = await this.driver.ask(ALL, null).catch(() => '')
    throw new Error(`${what}: not within ${PATIENCE / 1000} s${last ? ` (${last.message})` : ''}\nThe screen says:\n${String(screen).slice(0, 2500)}`)
  }

  /** Waits until the words stand on the screen. */
  sees(words) {
    return this.#until(`to see 「${words}」`, () => this.driver.ask(WORDS, words))
  }

  /** Waits until the words are gone. */
  seesNoMore(words) {
    return this.#until(`to see 「${words}」 no more`, async () => !(await this.driver.ask(WORDS, words)))
  }

  /** Presses what these words are written on. */
  press(words) {
    return this.#until(`to press 「${words}」`, async () => {
      const thing = await this.driver.find(PRESSABLE, words)
      if (!thing) return false
      await this.driver.press(thing)
      return true
    })
  }

  /** Presses what a selector names. */
  pressAt(selector) {
    return this.#until(`to press at ${selector}`, async () => {
      const thing = await this.driver.find(PLACE, selector)
      if (!thing) return false
      await this.driver.press(thing)
      return true
    })
  }

  /** Looks at the page as a screen reader would (axe); only a window that can load axe does. */
  async isAccessible(page) {
    if (!this.driver.audit) return this.isStill()
    const violations = await this.#until(`to look at ${page}`, async () => {
      await this.isStill()
      return this.driver.audit()
    })
    if (violations.length > 0) throw new Error(`axe finds on ${page}:\n${violations.join('\n')}`)
  }

  /** Writes into the field with this label, over what stood there. */
  writes(label, text) {
    return this.#until(`to write into 「${label}」`, async () => {
      const field = await this.driver.find(FIELD, label)
      if (!field) return false
      await this.driver.press(field)
      await this.driver.clear(field)
      await this.driver.type(field, text)
      return true
    })
  }

  /** Writes into what a selector names. */
  writesAt(selector, text) {
    return this.#until(`to write at ${selector}`, async () => {
      const field = await this.driver.find(PLACE, selector)
      if (!field) return false
      await this.driver.press(field)
      await this.driver.clear(field)
      await this.driver.type(field, text)
      return true
    })
  }

  /** Waits until what stands in a field is right. */
  valueOf(label, right) {
    return this.#until(`that 「${label}」 is right`, async () => {
      const field = await this.driver.find(FIELD, label)
      return field && right(String(await this.driver.value(field)))
    })
  }

  /** What stands at a place that a selector names, once something stands there. */
  reads(selector) {
    return this.#until(`to read at ${selector}`, () => this.driver.ask(TEXT, selector))
  }

  /** Waits until a file with this ending was saved whole; answers its path. */
  receives(ending) {
    return this.#until(`to receive a file ${ending}`, async () => {
      const name = existsSync(this.downloads) && readdirSync(this.downloads).find((one) => one.endsWith(ending))
      return name && join(this.downloads, name)
    })
  }

  /** Looks at the page as it would lie on paper, and at the screen again afterwards. */
  async looksAtThePaper(look) {
    await this.driver.ask(PAPER, true)
    await look()
    await this.driver.ask(PAPER, false)
  }

  /** Whether the words stand on the screen at this moment. */
  shows(words) {
    return this.driver.ask(WORDS, words)
  }

  /** Chooses from a list that opens when its field is pressed. */
  async chooses(label, option) {
    await this.#until(`to open 「${label}」`, async () => {
      const field = await this.driver.find(FIELD, label)
      if (!field) return false
      await this.driver.press(field)
      return true
    })
    await this.press(option)
  }

  /** Gives a file to a file field (visible or not), or to the first on the page. */
  hands(path, selector = 'input[type="file"]') {
    return this.#until(`to hand over ${path}`, async () => {
      const field = await this.driver.find(PLACE, selector)
      if (!field) return false
      await this.driver.hand(field, path)
      return true
    })
  }

  /** Drags a file out of a folder onto what a selector names, and lets go. */
  drops(path, selector) {
    return this.#until(`to drop ${path}`, async () => {
      const place = await this.driver.find(PLACE, selector)
      if (!place) return false
      await this.driver.drop(place, path)
      return true
    })
  }

  /** Waits until nothing moves and nothing is being fetched for the page. */
  async isStill() {
    await this.#until('the page to be still', () => this.driver.ask(STILL, null))
  }

  /** Sits down at a screen of this size; only a window that can be made so does. */
  sits(size) {
    return this.driver.size(size)
  }

  /** Strikes keys: "Enter", "Escape", "Control+s". */
  strikes(keys) {
    return this.driver.key(keys)
  }

  /** Asks the page something; `source` is the text of a function of one argument. */
  asks(source, argument = null) {
    return this.driver.ask(source, argument)
  }

  /** Keeps a picture of the window as it is now. */
  async picture(name) {
    await this.driver.picture(`${this.pictures}/${name}.png`)
  }

  reloads() {
    return this.driver.reload()
  }
}
