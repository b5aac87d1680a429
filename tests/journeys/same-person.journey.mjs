// 王芳 was registered twice. The two entries are made one person, and taken apart again when it turns out that they are two.
import { foundsAlone } from './alone.journey.mjs'
import { WANG_FANG } from './first-day.journey.mjs'

const TAKEN_DOWN_WRONG = '99010619880808004X'

export default {
  title: 'Two entries of one person are made one, and two again',
  async walk({ person, step }) {
    const joins = async (number, phone) => {
      await person.press('首页')
      await person.press('会员入会登记')
      await person.writes('姓名', '王芳')
      await person.writes('证件号码', number)
      await person.strikes('Enter')
      await person.writes('移动电话', phone)
      await person.press('登记入会')
      await person.sees('修改资料')
    }

    await step('she stands there twice', async () => {
      await foundsAlone(person)
      await joins(TAKEN_DOWN_WRONG, '13900000002')
      await joins(WANG_FANG, '13900000001')
      await person.isAccessible('a member')
    })

    await step('the other entry is found, and what differs is marked', async () => {
      await person.press('与另一条合并')
      await person.sees('以后发现不是同一个人，可以再拆分')
      await person.isAccessible('the search for the other entry')
      await person.writes('找另一条', 'wf')
      await person.pressAt('[data-test="merge-hit-0"]')
      await person.sees('保留这一条')
      if ((await person.asks(`() => document.querySelectorAll('[data-test="merge-sides"] .differs').length`)) === 0) throw new Error('nothing is marked')
      await person.isAccessible('two entries side by side')
      await person.picture('merge')
    })

    await step('one stays; the other says where it went, and is counted no more', async () => {
      await person.writes('依据', '本人来电，两次登记')
      await person.press('合并')
      await person.sees('另有 1 条登记并入本条')
      await person.isAccessible('the entry that stays')
      await person.picture('merged')
      await person.press('会员')
      await person.sees('共 1 条')
      await person.writesAt('[data-test="top-search"]', '8808080')
      await person.sees('已并入另一条')
      await person.pressAt('[data-test="hit-0"]')
      await person.sees('已并入王芳的另一条登记')
      await person.isAccessible('the entry that stepped back')
      await person.picture('merged-into')
    })

    await step('they are two people after all', async () => {
      await person.press('拆分…')
      await person.sees('各自的资料、会籍都和合并前一样')
      await person.isAccessible('taking apart')
      await person.writes('依据', '同名，不是同一个人')
      await person.press('拆分')
      await person.seesNoMore('已并入王芳的另一条登记')
      await person.press('会员')
      await person.sees('共 2 条')
    })
  },
}
