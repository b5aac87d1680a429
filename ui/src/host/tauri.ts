// The desk as host: one command, one event. Nothing else of Tauri is used by the window.
import { invoke } from '@tauri-apps/api/core'
import { listen } from '@tauri-apps/api/event'
import type { Changed } from '../office/shapes'
import { lastPart } from './download'
import type { Host } from './index'

/** The WebView keeps no downloads: the office writes the file where this person keeps downloads, and says where that is. */
async function save(question: { name: string; base64?: string; report?: string }): Promise<string> {
  return (await invoke<{ path: string }>('call', { name: 'files.save', question })).path
}

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

  async picture(address) {
    return new Blob([await invoke<ArrayBuffer>('picture', { address })], { type: 'image/jpeg' })
  },

  // Where it cannot be copied to the downloads, the clerk is told where the office wrote it.
  fetchFile(file, name) {
    return save({ name, report: lastPart(file) }).catch(() => file)
  },

  saveBytes(name, base64) {
    return save({ name, base64 })
  },
}
