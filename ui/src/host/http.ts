// The loopback web server as host: the same interface in a browser on the same PC.
import type { Changed, Fault } from '../office/shapes'
import { download, downloadBytes, lastPart } from './download'
import type { Host } from './index'

const KNOCK = { 'X-Niangjia': '1' }

const unreachable: Fault = {
  code: 'unreachable',
  say: {
    zh: '娘家程序没有回应，可能已经关闭。已保存的内容都在。请重新打开程序，再刷新此页。',
    en: 'The Niangjia program does not answer; it may have been closed. Everything saved is safe. Open the program again and reload this page.',
  },
}

let session: Promise<unknown> | undefined

// Taken when this file is read, before the router looks at the address: it must stay neither there nor in the history.
const token = takeToken()

function takeToken(): string | undefined {
  if (typeof location === 'undefined') return undefined
  const found = /[?&]t=([^&]+)/.exec(location.hash)
  if (!found) return undefined
  history.replaceState(history.state, '', location.hash.replace(/[?&]t=[^&]+/, '') || '#/')
  return decodeURIComponent(found[1]!)
}

/** Trades the one-time token for a session cookie, once. */
function opened(): Promise<unknown> {
  session ??= token === undefined ? Promise.resolve() : ask('/session', JSON.stringify({ token }), { 'Content-Type': 'application/json' })
  return session
}

async function ask(path: string, body: BodyInit, headers: Record<string, string>): Promise<unknown> {
  let answer: Response
  try {
    answer = await fetch(path, { method: 'POST', body, headers: { ...KNOCK, ...headers }, credentials: 'same-origin', cache: 'no-store' })
  } catch (problem) {
    throw { ...unreachable, cause: String(problem) }
  }
  const text = await answer.text()
  if (answer.ok) return text === '' ? undefined : JSON.parse(text)
  throw readFault(answer.status, text)
}

function readFault(status: number, text: string): Fault {
  try {
    const fault = JSON.parse(text) as Fault
    if (fault.code && fault.say) return fault
  } catch {
    // Not a Fault: fall through to the plain sentence.
  }
  if (status === 401 || status === 403) {
    return {
      code: 'session',
      say: {
        zh: '这个页面还没有得到本机程序的许可。请从娘家程序重新打开此页。',
        en: 'This page has no permission from the program on this PC yet. Please open it again from Niangjia.',
      },
      cause: String(status),
    }
  }
  return { ...unreachable, code: 'broken', cause: `${status} ${text.slice(0, 200)}` }
}

export const http: Host = {
  async call(name, question) {
    await opened()
    return ask(`/call/${name}`, JSON.stringify(question), { 'Content-Type': 'application/json' })
  },

  onChanged(hear) {
    let source: EventSource | undefined
    let ended = false
    void opened().then(() => {
      if (ended) return
      source = new EventSource('/events')
      const take = (event: MessageEvent<string>) => hear(JSON.parse(event.data) as Changed)
      source.addEventListener('changed', take)
      source.onmessage = take
    }, () => undefined)
    return () => {
      ended = true
      source?.close()
    }
  },

  async upload(file, progress) {
    await opened()
    // XMLHttpRequest because fetch tells nothing about how much of a request has gone out.
    return new Promise<string>((done, fail) => {
      const request = new XMLHttpRequest()
      request.open('POST', '/upload')
      request.setRequestHeader('X-Niangjia', '1')
      request.setRequestHeader('Content-Type', 'application/octet-stream')
      request.setRequestHeader('X-File-Name', encodeURIComponent(file.name))
      request.upload.onprogress = (event) => progress?.(event.loaded)
      request.onerror = () => fail(unreachable)
      request.onload = () => {
        if (request.status >= 200 && request.status < 300) done((JSON.parse(request.responseText) as { upload: string }).upload)
        else fail(readFault(request.status, request.responseText))
      }
      request.send(file)
    })
  },

  async picture(address) {
    await opened()
    let answer: Response
    try {
      answer = await fetch(`/picture/${address}`, { credentials: 'same-origin', cache: 'no-store' })
    } catch (problem) {
      throw { ...unreachable, cause: String(problem) }
    }
    if (!answer.ok) throw readFault(answer.status, await answer.text())
    return answer.blob()
  },

  async fetchFile(file, name) {
    download(`/download/${encodeURIComponent(lastPart(file))}`, name)
    return undefined
  },

  async saveBytes(name, base64) {
    downloadBytes(name, Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)))
    return undefined
  },
}
