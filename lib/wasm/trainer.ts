// A training. The module on the calling thread checks the input, and does what a Sync form asks for. Otherwise a worker of
// its own has the rows, and tells the state after each stretch of epochs. A training does not change from one to the other.
import { rangeError } from '../errors.js'
import type { NativeJob, NativeLosses, NativeProgress, NativeTrainer, NativeTrainerInput } from '../surface.js'
import { type Copied, copyOfInput } from './copy.js'
import { abortError } from './jobs.js'
import type { TrainerState } from './messages.js'
import { type OpenPort, Session } from './session.js'

const NAME = 'train' // in messages

export class WasmTrainer implements NativeTrainer {
  readonly #open: OpenPort
  readonly #module: object
  /** On this thread, as long as no worker has the training. */
  #here: NativeTrainer | undefined
  /** For the worker. */
  #input: Copied<NativeTrainerInput> | undefined
  #session: Session | undefined
  #state: TrainerState | undefined
  #isBusy = false

  constructor(
    make: (input: NativeTrainerInput) => NativeTrainer,
    open: OpenPort,
    module: object,
    input: NativeTrainerInput,
  ) {
    this.#open = open
    this.#module = module
    this.#here = make(input)
    this.#input = copyOfInput(NAME, input)
  }

  run({ epochs }: { epochs: number }, progress?: NativeProgress): NativeJob<NativeLosses> {
    try {
      return this.#start(epochs, progress)
    } catch (error) {
      return { promise: Promise.reject(error), cancel: () => {} }
    }
  }

  runSync(input: { epochs: number }): NativeLosses {
    this.#checkIdle()
    if (this.#here === undefined) throw rangeError('ERR_OPTION', this.#session ? 'the trainer is in a worker' : FREED)
    this.#input = undefined // no worker will want it
    return this.#here.runSync(input)
  }

  state(): TrainerState {
    this.#checkIdle()
    if (this.#here !== undefined) return this.#here.state()
    if (this.#state === undefined) throw rangeError('ERR_OPTION', FREED)
    return structuredClone(this.#state)
  }

  free(): void {
    this.#checkIdle()
    this.#here?.free()
    this.#session?.end(abortError(NAME))
    this.#here = this.#input = this.#session = this.#state = undefined
  }

  #start(epochs: number, progress: NativeProgress | undefined): NativeJob<NativeLosses> {
    this.#checkIdle()
    if (this.#session === undefined && this.#input === undefined) {
      throw rangeError('ERR_OPTION', this.#here ? 'the trainer is not in a worker' : FREED)
    }
    const first = this.#input
    const session = this.#session ?? new Session(this.#open, this.#module, true)
    this.#session = session
    this.#here?.free()
    this.#here = this.#input = undefined
    this.#isBusy = true
    const request = first === undefined ? { epochs } : { epochs, trainer: first.value }
    const promise = session.run('train', request, first?.buffers ?? [], progress).then(
      ({ losses, state }) => {
        this.#isBusy = false
        this.#state = state
        return losses
      },
      (error) => {
        this.#isBusy = false
        throw error
      },
    )
    return { promise, cancel: () => this.#isBusy && session.end(abortError(NAME)) }
  }

  #checkIdle(): void {
    if (this.#isBusy) throw rangeError('ERR_OPTION', 'the trainer is busy')
  }
}

const FREED = 'the trainer was freed'
