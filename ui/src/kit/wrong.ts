// What a refusal says about one field of a small form.
import type { Fault } from '../office/shapes'
import { say } from '../words'

export function wrongIn(fault: Fault | undefined, field: string): string {
  return (fault?.fields ?? []).filter((one) => one.field === field).map((one) => say(one.say)).join(' ')
}
