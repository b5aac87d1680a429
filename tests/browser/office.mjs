// The office without a window, serving its UI to a browser on this PC.
import { spawn } from 'node:child_process'

const PATIENCE = 60_000

/** Starts it on a data folder; answers the address that it prints, with its one-time token. */
export function openOffice({ binary, data, env }) {
  const child = spawn(binary, ['serve', '--data', data, '--listen', '127.0.0.1:0'], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((done, fail) => {
    let said = ''
    const timer = setTimeout(() => fail(new Error(`the office printed no address within ${PATIENCE / 1000} s`)), PATIENCE)
    child.once('error', fail)
    child.once('exit', (code) => fail(new Error(`the office ended (${code}) before it served`)))
    child.stdout.on('data', (bytes) => {
      said += bytes
      const address = /http:\/\/127\.0\.0\.1:\d+\/[^\s"]*/.exec(said)?.[0]
      if (!address) return
      clearTimeout(timer)
      done({
        address,
        close: () =>
          new Promise((ended) => {
            if (child.exitCode !== null) return ended()
            child.once('exit', ended)
            child.kill('SIGTERM')
            setTimeout(() => child.kill('SIGKILL'), 5000).unref()
          }),
      })
    })
  })
}
