// What another office of the county holds: its page here is kept for reading.
import type { Detail } from '../../generated/api'

export const gone = (record: Detail): boolean => record.state === 'transferred'
