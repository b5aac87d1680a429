// What every field component is given and gives back.
import type { FieldDescription, Json } from '../../generated/api'

export interface FieldProps {
  field: FieldDescription
  inputId: string
  describedBy?: string | undefined
  wrong?: boolean | undefined
  disabled?: boolean | undefined
}

export type FieldValue = Json | undefined

/** A day in a small form that stands outside of the catalogue. */
export function plainDay(name: string, required = false): FieldDescription {
  return { name, zh: '', en: '', kind: 'day', required, sensitive: false, register: '', section: '', listed: false, due: false }
}
