// Child processes that run the command line. A child ends when the process that started it ends, however that happens: it
// notices that the channel between them is closed.
import { type ChildProcess, fork } from 'node:child_process'
import { onAbort } from '../on-abort.js'
import { type Failure, failureOf } from './failure.js'

const LONGEST_ERROR = 4_000 // characters

interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  /** The end of what it wrote to standard error. */
  stderr: string
}

/** Starts it. An abort of the signal ends it. */
export function startProcess(
  program: string,
  args: readonly string[],
  { env, signal }: { env?: NodeJS.ProcessEnv; signal: AbortSignal },
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = fork(program, [...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  })
  const stop = () => child.kill('SIGTERM')
  const forget = onAbort(signal, stop)
  const ended = new Promise<Ended>((resolve) => {
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-LONGEST_ERROR)))
    const end = (code: number | null, name: NodeJS.Signals | null, text = stderr) => {
      forget()
      resolve({ code, signal: name, stderr: text })
    }
    child.on('error', (error) => end(null, null, error.message))
    child.on('close', (code, name) => end(code, name))
  })
  if (signal.aborted) stop()
  return { child, ended }
}

/** What a process of `fewpoints work --engine local` says of the task that it was sent: how far it is, or how it ended. */
export interface TaskMessage {
  part?: number
  done?: true
  failure?: Failure
}

/** A process that does one task after another. */
export interface TaskProcess {
  /** Undefined when the task is done, else why it failed. */
  do(task: number, onPart: (part: number) => void): Promise<Failure | undefined>
  /** False after its end: it takes no more tasks. */
  isAlive(): boolean
  end(): Promise<void>
}

export function startTaskProcess(program: string, args: readonly string[], signal: AbortSignal): TaskProcess {
  const { child, ended } = startProcess(program, args, { signal })
  const isAlive = () => child.connected && child.exitCode === null && child.signalCode === null
  return {
    isAlive,
    do(task, onPart) {
      return new Promise((resolve) => {
        const onMessage = ({ part, done, failure }: TaskMessage) => {
          if (part !== undefined) onPart(part)
          if (done === undefined && failure === undefined) return
          child.off('message', onMessage)
          resolve(failure)
        }
        child.on('message', onMessage)
        ended.then((end) => resolve({ message: reasonOf(end), isFixed: false, atOutput: false }))
        child.send(task, () => {}) // a process that has ended says so above
      })
    },
    async end() {
      child.kill('SIGTERM') // after disconnect() there would be no event 'close'
      await ended
    },
  }
}

/** For the child: calls `onEnd` when the process that started it is gone. Does nothing in a process without such a channel. */
export function watchParent(onEnd: () => void): void {
  if (process.channel === undefined) return
  process.once('disconnect', onEnd)
  process.channel?.unref()
}

/** For the child: does the tasks that it is sent, until the channel is closed. Rejects with the signal's reason. */
export async function doTasksOfParent(
  perform: (task: number, onProgress: (done: number, total: number) => void) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const say = (message: TaskMessage) => process.send?.(message)
  process.on('message', async (task: number) => {
    try {
      await perform(task, (done, total) => say({ part: done / total }))
      say({ done: true })
    } catch (error) {
      say({ failure: failureOf(error) })
    }
  })
  process.channel?.ref()
  await new Promise<void>((_, reject) => {
    const stop = () => {
      process.channel?.unref()
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
}

/** Why it failed, in a few words. */
function reasonOf({ code, signal, stderr }: Ended): string {
  const said =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^fewpoints: /, '') ?? ''
  if (said !== '') return said
  return signal === null ? `its process ended with ${code}` : `its process was ended by ${signal}`
}
