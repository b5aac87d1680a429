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
