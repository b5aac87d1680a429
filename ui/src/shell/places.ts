// Where one can go: the fixed places, and a ledger for every further record type of the catalogue.
import { computed } from 'vue'
import { catalogue } from '../office/catalogue'
import { hasOwnPages, isLedger, listPath, noun } from '../office/paths'
import { isCounty } from '../office/state'
import { placeName, t } from '../words'
import type { shapes } from '../kit/KitIcon.vue'

export interface Place { to: string; label: string; icon: keyof typeof shapes; group: 'work' | 'office' }

export const places = computed<Place[]>(() => {
  const ledgers = Object.keys(catalogue.value?.records ?? {}).filter((kind) => isLedger(kind) && !hasOwnPages(kind))
  return [
    { to: '/', label: t('place.home'), icon: 'home', group: 'work' },
    { to: '/members', label: t('place.members'), icon: 'people', group: 'work' },
    { to: '/applications', label: t('place.applications'), icon: 'edit', group: 'work' },
    { to: '/cards', label: t('place.cards'), icon: 'card', group: 'work' },
    { to: '/transfers', label: t('place.transfers'), icon: 'moving', group: 'work' },
    { to: '/stays', label: t('place.stays'), icon: 'travel', group: 'work' },
    { to: '/enterprises', label: t('place.enterprises'), icon: 'building', group: 'work' },
    { to: '/organisations', label: t('place.organisations'), icon: 'tree', group: 'work' },
    ...ledgers.map((kind): Place => ({ to: listPath(kind), label: placeName(catalogue.value!.records[kind]!, noun(kind)), icon: 'book', group: 'work' })),
    { to: '/sync', label: t('place.sync'), icon: 'sync', group: 'office' },
    ...(isCounty.value ? [{ to: '/offices', label: t('place.offices'), icon: 'offices', group: 'office' } as Place] : []),
    { to: '/log', label: t('place.log'), icon: 'log', group: 'office' },
    { to: '/settings', label: t('place.settings'), icon: 'settings', group: 'office' },
  ]
})
