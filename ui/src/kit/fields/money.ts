// Money is kept in fen and typed in yuan.

export function readYuan(typed: string): number | null | undefined {
  const text = typed.trim().replace(/[,，\s]/g, '')
  if (text === '') return null
  const parts = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text)
  if (!parts) return undefined
  const fen = Number(parts[2]) * 100 + Number((parts[3] ?? '').padEnd(2, '0'))
  return parts[1] ? -fen : fen
}

export function showYuan(fen: number): string {
  const sign = fen < 0 ? '-' : ''
  const whole = Math.abs(fen)
  return `${sign}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`
}
