// What the pages of duplicates share: which lines stand side by side, and what an answer says.
import type { AnswerLine, DuplicateRow, FieldDescription } from '../../generated/api'
import { named, say, t } from '../../words'
import '../../words/further'

export interface Line { key: string; label: string; texts: string[]; differs: boolean }

/** Always shown, also where both say the same: by these people are told apart. */
const MAIN = ['name', 'id_no', 'sex', 'birth_date', 'mobile', 'employer', 'organisation']

/** The entries side by side, field by field. */
export function sideBySide(row: DuplicateRow, fields: FieldDescription[], all: boolean): Line[] {
  const lines = fields.filter((field) => field.kind !== 'picture').map((field) => ({
    key: field.name,
    label: say(field),
    texts: row.sides.map((side) => (side.row.cells[field.name] ? say(side.row.cells[field.name]) : '')),
    differs: row.differs.includes(field.name),
  }))
  const states = row.sides.map((side) => (side.row.state ? named('membership', side.row.state) : ''))
  const state = { key: 'state', label: t('members.membership'), texts: states, differs: states[0] !== states[1] }
  const office = { key: 'office', label: t('duplicates.office'), texts: row.sides.map((side) => side.office), differs: false }
  const elsewhere = row.sides[0]?.office !== row.sides[1]?.office
  return [...(elsewhere ? [office] : []), state, ...lines.filter((line) => line.texts.some(Boolean) && (all || line.differs || MAIN.includes(line.key)))]
}

/** A pair in the list, as a key. */
export const keyOf = (row: DuplicateRow) => row.sides.map((side) => side.row.id).join(' ')

/** Whether two unions have them, so that the county answers. */
export const across = (row: DuplicateRow) => row.sides[0]?.office !== row.sides[1]?.office

/** An answer as one of the two unions reads it. */
export function answerSaid(answer: Pick<AnswerLine, 'verdict' | 'counted_here' | 'office'>): string {
  const key = answer.verdict === 'same' ? (answer.counted_here ? 'is_here' : 'is_there') : answer.verdict === 'different' ? 'is_two' : 'is_open'
  return t(`duplicates.${key}`, { office: answer.office })
}

/** The same at the county. */
export function answerGiven(answer: AnswerLine): string {
  const key = answer.verdict === 'same' ? 'gave_same' : answer.verdict === 'different' ? 'gave_two' : 'gave_open'
  return t(`duplicates.${key}`, { own: answer.own, office: answer.office })
}
