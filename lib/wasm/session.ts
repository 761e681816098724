// One worker, and what it computes at the moment.
import { plainError } from '../errors.js'
import type { NativeProgress } from '../surface.js'
import type { CallInput, CallName, CallResult, Reply, Request } from './messages.js'
import { errorOf } from './messages.js'

/** A worker as node.ts and browser.ts start it. */
export interface Port {
  post(request: Request, transfer: ArrayBuffer[]): void
  /** Whether the program stays alive for it. */
  hold(isHeld: boolean): void
  end(): void
}
export interface Listener {
  onReply(reply: Reply): void
  /** The worker has ended, or cannot go on. */
  onFailure(error: Error): void
}
export type OpenPort = (listener: Listener) => Port

// A module never gives memory back. A worker that has more than this ends when it is idle.
const KEPT_BYTES = 2 ** 28

interface Running {
  resolve(result: unknown): void
  reject(error: unknown): void
  progress: NativeProgress | undefined
}

/** Computes one thing at a time, in a worker that the first one starts. */
export class Session {
  readonly #open: OpenPort
  readonly #module: object
  readonly #keeps: boolean
  #port: Port | undefined
  #running: Running | undefined

  /** keeps: the worker stays, however much memory it has. */
  constructor(open: OpenPort, module: object, keeps: boolean) {
    this.#open = open
    this.#module = module
    this.#keeps = keeps
  }

  run<Name extends CallName>(
    call: Name,
    input: CallInput<Name>,
    transfer: ArrayBuffer[],
    progress: NativeProgress | undefined,
  ): Promise<CallResult<Name>> {
    return new Promise((resolve, reject) => {
      this.#running = { resolve: resolve as Running['resolve'], reject, progress }
      try {
        this.#port ??= this.#start()
        this.#port.hold(true)
        this.#port.post({ call, input, watched: progress !== undefined }, transfer)
      } catch (error) {
        this.#settle(({ reject }) => reject(error))
      }
    })
  }

  /** Ends the worker. What it computes is rejected with `error`. */
  end(error: Error): void {
    this.#port?.end()
    this.#port = undefined
    this.#settle(({ reject }) => reject(error))
  }

  #start(): Port {
    const own = () => this.#port === port
    const port = this.#opened({
      onReply: (reply) => own() && this.#onReply(reply),
      onFailure: (error) => own() && this.end(failureOfWorker(error)),
    })
    port.post({ module: this.#module }, [])
    return port
  }

  /** Some browsers throw where a policy forbids the worker, others tell it later. */
  #opened(listener: Listener): Port {
    try {
      return this.#open(listener)
    } catch (error) {
      throw failureOfWorker(error as Error)
    }
  }

  #onReply(reply: Reply): void {
    if ('progress' in reply) {
      this.#running?.progress?.(...reply.progress)
      return
    }
    this.#port?.hold(false)
    if (reply.bytes > KEPT_BYTES && !this.#keeps) {
      this.#port?.end()
      this.#port = undefined
    }
    this.#settle(({ resolve, reject }) => ('failure' in reply ? reject(errorOf(reply.failure)) : resolve(reply.result)))
  }

  #settle(settle: (running: Running) => void): void {
    const running = this.#running
    this.#running = undefined
    if (running !== undefined) settle(running)
  }
}

function failureOfWorker(error: Error & { code?: string }): Error {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY' || /out of memory/i.test(error.message)) {
    return plainError('ERR_MEMORY', `not enough memory: the worker ended: ${error.message}`, error)
  }
  return plainError('ERR_NO_BINARY', `the worker that computes does not work: ${error.message}`, error)
}
