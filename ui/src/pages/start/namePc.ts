// The PC on which an office begins is called something from the first day, so that it is known in the lists of the others.
import { call } from '../../host'

/** Names this PC. Left empty it keeps the name of its invitation; where it cannot be named now, settings can. */
export async function namePc(name: string): Promise<void> {
  if (!name.trim()) return
  try {
    const own = (await call('devices.list', {})).devices.find((one) => one.this)
    if (own) await call('devices.name', { id: own.id, name: name.trim() })
  } catch {
    // The office stands: a name is nothing to stop at.
  }
}
