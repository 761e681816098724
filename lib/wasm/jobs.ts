// The queue of computations. One worker does them, one after another. What waits is on this side, so that the end of the
// worker, which is how the running computation is cancelled, takes nothing else with it.
import type { NativeJob, NativeProgress } from '../surface.js'
import { copyOfInput } from './copy.js'
import type { CallInput, CallName, CallResult } from './messages.js'
import { type OpenPort, Session } from './session.js'

interface Job {
  run(): Promise<void>
  reject(error: Error): void
}

export class Jobs {
  readonly #session: Session
  readonly #waiting: Job[] = []
  #running: Job | undefined

  constructor(open: OpenPort, module: object) {
    this.#session = new Session(open, module, false)
  }

  /** Copies the input, and computes when its turn comes. Throws nothing: every failure rejects the promise. */
  start<Name extends CallName>(
    call: Name,
    input: CallInput<Name>,
    progress?: NativeProgress,
    name: string = call,
  ): NativeJob<CallResult<Name>> {
    let job: Job | undefined
    const promise = new Promise<CallResult<Name>>((resolve, reject) => {
      const { value, buffers } = copyOfInput(name, input)
      const run = () => this.#session.run(call, value, buffers, progress).then(resolve, reject)
      job = { run, reject }
      this.#waiting.push(job)
    })
    this.#next()
    return {
      promise,
      cancel: () => {
        if (job !== undefined) this.#cancel(job, abortError(name))
      },
    }
  }

  #next(): void {
    if (this.#running !== undefined) return
    const job = this.#waiting.shift()
    if (job === undefined) return
    this.#running = job
    job.run().finally(() => {
      this.#running = undefined
      this.#next()
    })
  }

  #cancel(job: Job, error: Error): void {
    const place = this.#waiting.indexOf(job)
    if (place >= 0) this.#waiting.splice(place, 1)
    if (this.#running === job) this.#session.end(error)
    job.reject(error)
  }
}

export function abortError(name: string): Error {
  return Object.assign(new Error(`${name}: aborted`), { code: 'ABORT_ERR' })
}
