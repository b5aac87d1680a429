// The catalogue of record types: asked once after unlocking, and the source of every label, form and list.
import { shallowRef } from 'vue'
import type { Catalogue, CodeDescription, FieldDescription, RecordDescription } from '../generated/api'
import { call } from '../host'

const held = shallowRef<Catalogue>()

export async function loadCatalogue(): Promise<void> {
  held.value = await call('catalogue', {})
}

export function forgetCatalogue(): void {
  held.value = undefined
}

export const catalogue = held

export function recordType(kind: string): RecordDescription | undefined {
  return held.value?.records[kind] ?? Object.values(held.value?.records ?? {}).find((one) => one.kind === kind || one.plural === kind)
}

export function fieldType(kind: string, field: string): FieldDescription | undefined {
  return recordType(kind)?.fields.find((one) => one.name === field)
}

export function codes(list: string | null | undefined): CodeDescription[] {
  return (list && held.value?.codes[list]) || []
}
