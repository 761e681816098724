// A child process that runs the command line. It ends when the process that started it ends, however that happens: it
// notices that the channel between them is closed.
import { type ChildProcess, fork } from 'node:child_process'

const LONGEST_ERROR = 4_000 // characters

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  /** The end of what it wrote to standard error. */
  stderr: string
}

/** Starts it. `onMessage` gets what it sends. An abort of the signal ends it. */
export function startProcess(
  program: string,
  args: readonly string[],
  { env, signal, onMessage }: { env?: NodeJS.ProcessEnv; signal: AbortSignal; onMessage?: (message: unknown) => void },
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = fork(program, [...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  })
  const stop = () => child.kill('SIGTERM')
  const ended = new Promise<Ended>((resolve) => {
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-LONGEST_ERROR)))
    if (onMessage !== undefined) child.on('message', onMessage)
    const end = (code: number | null, name: NodeJS.Signals | null, text = stderr) => {
      signal.removeEventListener('abort', stop)
      resolve({ code, signal: name, stderr: text })
    }
    child.on('error', (error) => end(null, null, error.message))
    child.on('close', (code, name) => end(code, name))
  })
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  return { child, ended }
}

/** For the child: calls `onEnd` when the process that started it is gone. Does nothing in a process without such a channel. */
export function watchParent(onEnd: () => void): void {
  if (process.channel === undefined) return
  process.once('disconnect', onEnd)
  process.channel?.unref()
}

/** Why it failed, in a few words. */
export function reasonOf({ code, signal, stderr }: Ended): string {
  const said =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^fewpoints: /, '') ?? ''
  if (said !== '') return said
  return signal === null ? `exit code ${code}` : `ended by ${signal}`
}
