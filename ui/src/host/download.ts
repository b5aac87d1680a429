// Hands a file to the clerk the way the browser (and the WebView of the desk) does it.

export function download(address: string, name: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
}

export function downloadBytes(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const address = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  download(address, name)
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

/** The last part of a path, whichever way the slashes of this PC lean. */
export function lastPart(path: string): string {
  return path.split(/[\\/]/).pop() ?? path
}
