// The folder cannot be read at all: a window without an office still says what happened, in both languages.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export default {
  title: 'A data folder that cannot be read has a window of its own',
  // In a browser there is nobody to serve such a page: the program says the same sentence where it was started.
  windows: ['desktop'],
  async prepare({ data }) {
    mkdirSync(join(data, 'office'))
    writeFileSync(join(data, 'office', 'office.json'), '{"office":')
  },
  async walk({ person, step }) {
    await step('it says so, and that nothing was touched', async () => {
      await person.sees('资料夹没有打开')
      await person.sees('已保存的内容没有被改动。')
      await person.sees('The data folder was not opened')
      await person.picture('folder-damaged')
    })
  },
}
