// What a PC is called on this page: its name, or whose it is and how its fingerprint begins.
import type { DeviceLine } from '../../generated/api'
import { t } from '../../words'
import '../../words/further'

export function called(device: DeviceLine): string {
  return device.name ?? t('revoke.unnamed', { office: device.office ?? '', code: device.fingerprint.slice(0, 4) })
}
