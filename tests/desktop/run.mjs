// The journeys in the real window: the desk itself, driven through WebKit's own driver.
import { join } from 'node:path'
import { TOP, downloadsOf, pathOf, program, sticksOf, walk } from '../journeys/runner.mjs'
import { openDesk } from './webdriver.mjs'

await walk('desktop', join(TOP, 'tests', 'desktop', 'shots'), ({ data, folder }) =>
  openDesk({ binary: program('niangjia'), env: { NIANGJIA_DATA: folder, NIANGJIA_DOWNLOADS: downloadsOf(data), NIANGJIA_STICKS: sticksOf(data), PATH: pathOf(data) } }),
)
