// Days as clerks type them: 19880325, 1988-3-25, 1988.3.25, 1988/3/25, 1988年3月25日. The form keeps 1988-03-25.

const SEPARATED = /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$/
const PACKED = /^(\d{4})(\d{2})(\d{2})$/

/** The day in ISO form; `''` for nothing typed; `undefined` when it is not a day. */
export function readDay(typed: string): string | undefined {
  const text = typed.trim().replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
  if (text === '') return ''
  const parts = SEPARATED.exec(text) ?? PACKED.exec(text)
  if (!parts) return undefined
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const real = new Date(Date.UTC(year, month - 1, day))
  if (real.getUTCFullYear() !== year || real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) return undefined
  return `${parts[1]}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
