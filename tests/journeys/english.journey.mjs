// The main pages in English, for a colleague who reads that: every one of them speaks it, and can be used.
import { foundsAlone } from './alone.journey.mjs'
import { WANG_FANG } from './first-day.journey.mjs'

/** Where one goes, and how the heading of the page begins there. */
const PAGES = [
  ['/', '李强'],
  ['/members', 'Members'],
  ['/members/join', 'Register a'],
  ['/members/import', 'Import members'],
  ['/members/imports', 'Earlier imports'],
  ['/members/warned', 'Members not seen'],
  ['/members/expulsions', 'Expulsions'],
  ['/applications', 'Applications'],
  ['/applications/new', 'Enter an application'],
  ['/applications/waiting', 'Approval'],
  ['/enterprises', 'Enterprises'],
  ['/enterprises/new', 'Register an enterprise'],
  ['/organisations', 'Organisations'],
  ['/organisations/new', 'Register an organisation'],
  ['/ledgers/committees', 'Committees'],
  ['/ledgers/posts/new', 'New: Post'],
  ['/sync', 'Reporting'],
  ['/log', 'Activity log'],
  ['/settings', 'Settings'],
]

/** Waits until the heading of the page begins so. */
async function headed(person, words) {
  let heading
  for (let look = 0; look < 150; look += 1) {
    heading = await person.asks(`() => document.querySelector('main h1:not(.unseen)')?.innerText ?? ''`)
    if (heading.startsWith(words)) return
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`the page is headed 「${heading}」 and not 「${words}」`)
}

export default {
  title: 'The main pages in English',
  async walk({ person, step }) {
    await step('王芳 is registered, and the window is set to English', async () => {
      await foundsAlone(person)
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', WANG_FANG)
      await person.strikes('Enter')
      await person.press('登记入会')
      await person.sees('修改资料')
      await person.press('设置')
      await person.press('English')
      await person.sees('Settings')
    })

    await step('every main page speaks English', async () => {
      const left = []
      for (const [address, words] of PAGES) {
        await person.asks(`(address) => { location.hash = address }`, `#${address}`)
        await headed(person, words)
        await person.isAccessible(`${address} in English`)
        // Names stay as they are written; everything else on the page that is Chinese was not put into English.
        const chinese = await person.asks(`() => {
          const page = document.querySelector('main')
          const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT)
          const found = []
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            if (/\\p{Script=Han}/u.test(node.data) && !/王芳|李强|平明镇总工会/.test(node.data) && node.parentElement.closest('[lang="zh-CN"]') === document.documentElement.closest('[lang="zh-CN"]')) found.push(node.data.trim())
          }
          return found
        }`)
        if (chinese.length > 0) left.push(`${address}: ${chinese.join(' | ')}`)
      }
      if (left.length > 0) throw new Error(`not in English:\n${left.join('\n')}`)
    })

    await step('so does the page of a member, and what one does there', async () => {
      await person.asks(`(address) => { location.hash = address }`, '#/members')
      await person.press('王芳')
      await person.sees('Membership')
      await person.isAccessible('a member in English')
      await person.picture('english-member')
      await person.pressAt('[data-test="change"]')
      await person.isAccessible('a change of membership in English')
      await person.picture('english-change')
    })
  },
}
