// The desk as host: one command, one event. Nothing else of Tauri is used by the window.
import { invoke } from '@tauri-apps/api/core'
import { listen } from '@tauri-apps/api/event'
import type { Changed } from '../office/shapes'
import { downloadBytes } from './download'
import type { Host } from './index'

export const tauri: Host = {
  call(name, question) {
    return invoke('call', { name, question })
  },

  onChanged(hear) {
    const stop = listen<Changed>('changed', (event) => hear(event.payload))
    return () => void stop.then((end) => end())
  },

  async upload(file, progress) {
    const bytes = new Uint8Array(await file.arrayBuffer())
    const answer = await invoke<{ upload: string }>('upload', bytes, { headers: { 'x-file-name': encodeURIComponent(file.name) } })
    progress?.(file.size)
    return answer.upload
  },

  // The office wrote the file into a folder of this PC already; the clerk is told where.
  async fetchFile(file) {
    return file
  },

  async saveBytes(name, bytes) {
    downloadBytes(name, bytes)
    return undefined
  },
}
