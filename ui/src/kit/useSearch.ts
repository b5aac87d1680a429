// The office's one search, asked on every keystroke; a later answer never gives way to an earlier one.
import { ref } from 'vue'
import type { Hit } from '../generated/api'
import { call } from '../host'

/** `kinds` are the record types that are looked for; every one where there are none. */
export function useSearch(limit: number, kinds: string[] = []) {
  const hits = ref<Hit[]>([])
  const total = ref(0)
  const asked = ref('')
  let latest = 0

  async function search(text: string): Promise<void> {
    const wanted = text.trim()
    const mine = ++latest
    if (wanted === '') {
      hits.value = []
      total.value = 0
      asked.value = ''
      return
    }
    const answer = await call('search', { text: wanted, limit, kinds }).catch(() => ({ total: 0, hits: [] }))
    if (mine !== latest) return
    hits.value = answer.hits
    total.value = answer.total
    asked.value = wanted
  }
  return { hits, total, asked, search }
}

export interface Piece { text: string; marked: boolean }

/** Cuts a title at its marks (given in characters, not UTF-16 units: rare names lie outside the basic plane). */
export function pieces(title: string, marks: [number, number][]): Piece[] {
  const letters = [...title]
  const out: Piece[] = []
  let at = 0
  for (const [from, to] of [...marks].sort((a, b) => a[0] - b[0])) {
    if (from < at || to > letters.length) continue
    if (from > at) out.push({ text: letters.slice(at, from).join(''), marked: false })
    out.push({ text: letters.slice(from, to).join(''), marked: true })
    at = to
  }
  if (at < letters.length) out.push({ text: letters.slice(at).join(''), marked: false })
  return out
}
