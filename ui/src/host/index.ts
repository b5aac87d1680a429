// The one door from the window to the office behind it. Two hosts stand behind the door: the desk (Tauri) and the loopback web server.
import type { Commands } from '../generated/api'
import type { Changed, Fault, RecordVerbs } from '../office/shapes'
import { http } from './http'
import { lastPart } from './download'
import { tauri } from './tauri'

export interface Host {
  call(name: string, question: unknown): Promise<unknown>
  onChanged(hear: (changed: Changed) => void): () => void
  upload(file: File, progress?: (sent: number) => void): Promise<string>
  /** The bytes of a picture that a record names. */
  picture(address: string): Promise<Blob>
  /** Hands a file that the office wrote to the clerk; answers where it went when there is something to say. */
  fetchFile(file: string, name: string): Promise<string | undefined>
  /** Gives bytes of an answer to the clerk as a file; answers where it went when there is something to say. */
  saveBytes(name: string, base64: string): Promise<string | undefined>
}

export const inDesk = '__TAURI_INTERNALS__' in globalThis
const host: Host = inDesk ? tauri : http

/** A refusal or failure of the office, thrown by every function of this folder. */
export class Refusal extends Error {
  constructor(readonly fault: Fault) {
    super(fault.code)
    this.name = 'Refusal'
  }
}

export function toFault(problem: unknown): Fault {
  if (problem instanceof Refusal) return problem.fault
  if (isFault(problem)) return problem
  return {
    code: 'window',
    say: { zh: '这一步没有完成，已录入的内容没有丢失。请再试一次。', en: 'This step did not finish; nothing typed is lost. Please try again.' },
    cause: problem instanceof Error ? problem.message : String(problem),
  }
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'code' in value && 'say' in value
}

/** Faults after which the office stands differently than the window last saw it. */
const TURNS = ['locked', 'store_damaged', 'disk_low', 'disk_full']
const atTurn = new Set<() => void>()

/** Hears of it when the office turns out to stand differently: locked by another window, damaged, out of room. */
export function onTurn(hear: () => void): void {
  atTurn.add(hear)
}

async function guarded<T>(work: Promise<unknown>): Promise<T> {
  try {
    return (await work) as T
  } catch (problem) {
    const fault = toFault(problem)
    if (TURNS.includes(fault.code)) for (const hear of atTurn) hear()
    throw new Refusal(fault)
  }
}

export function call<N extends keyof Commands>(name: N, question: Commands[N]['ask']): Promise<Commands[N]['answer']> {
  return guarded(host.call(name, question))
}

/** The same door for the verbs that every record kind has, where the kind comes from the catalogue. */
export function callKind<V extends keyof RecordVerbs>(kind: string, verb: V, question: RecordVerbs[V]['ask']): Promise<RecordVerbs[V]['answer']> {
  return guarded(host.call(`${kind}.${verb}`, question))
}

export function onChanged(hear: (changed: Changed) => void): () => void {
  return host.onChanged(hear)
}

/** Brings a file to the office; asks first whether it may come, so that nothing is read in vain. */
export async function upload(file: File, progress?: (sent: number) => void): Promise<string> {
  await call('files.offer', { bytes: file.size })
  return guarded(host.upload(file, progress))
}

export function picture(address: string): Promise<Blob> {
  return guarded(host.picture(address))
}

export function saveBytes(name: string, base64: string): Promise<string | undefined> {
  return guarded(host.saveBytes(name, base64))
}

/** The name of a file, of its path. */
export const fileName = lastPart

/** A small file as an answer carries it; nothing of one that is larger than it may be. */
export async function base64Of(file: Blob, largest: number): Promise<string> {
  if (file.size > largest) return ''
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

/** An uploaded file where a question wants a path: the host puts the path in its place. */
export function uploaded(key: string): { path?: string } {
  return { upload: key } as object
}

export function fetchFile(file: string, name: string): Promise<string | undefined> {
  // A report keeps the ending of the sheet that came in.
  return guarded(host.fetchFile(file, name.replace(/\.\w+$/, file.slice(file.lastIndexOf('.')))))
}
