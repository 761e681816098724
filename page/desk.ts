// The page's side of its worker: calls with promises, progress and cancellation.
import type { Answer, Argument, CallName, FromWorker, Step, ToWorker } from './messages.js'

/** An error of the worker, with the code of the package where it has one. */
export class DeskError extends Error {
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

/** The error of a call that was cancelled. */
export const CANCELLED = 'cancelled'

interface Waiting {
  resolve(answer: unknown): void
  reject(error: Error): void
  onStep: ((step: Step) => void) | undefined
}

export interface CallOptions {
  signal?: AbortSignal
  onStep?: (step: Step) => void
}

export class Desk {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  constructor(worker: Worker) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => this.#take(data))
    worker.addEventListener('error', (event) => {
      for (const { reject } of this.#waiting.values())
        reject(new DeskError(event.message || 'the worker failed', undefined))
      this.#waiting.clear()
    })
  }

  /** Asks the worker. Rejects with DeskError; after an abort its code is CANCELLED. */
  call<Name extends CallName>(
    name: Name,
    argument: Argument<Name>,
    { signal, onStep }: CallOptions = {},
  ): Promise<Answer<Name>> {
    const id = this.#calls++
    const cancel = () => this.#worker.postMessage({ cancel: id } satisfies ToWorker)
    const answer = new Promise<Answer<Name>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject, onStep })
      this.#worker.postMessage({ id, name, argument } satisfies ToWorker)
    })
    signal?.addEventListener('abort', cancel, { once: true })
    return answer.finally(() => signal?.removeEventListener('abort', cancel))
  }

  #take(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id)
    if (waiting === undefined) return
    if ('step' in message) {
      waiting.onStep?.(message.step)
      return
    }
    this.#waiting.delete(message.id)
    if ('error' in message) waiting.reject(new DeskError(message.error.message, message.error.code))
    else waiting.resolve(message.answer)
  }
}
