// What a field is called where its changes are told; the void of a record is told like one.
import { fieldType } from '../../office/catalogue'
import { say, t } from '../../words'

export function fieldLabel(kind: string, field: string): string {
  if (field === 'void') return t('record.void')
  const known = fieldType(kind, field)
  return known ? say(known) : field
}
