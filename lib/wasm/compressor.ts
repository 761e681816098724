// The compressor of a stream. The module on the calling thread fills blocks. A worker reduces them: it gets the state with a
// full block and returns the state after it. So nothing is lost with a worker.
import { rangeError } from '../errors.js'
import type {
  Native,
  NativeCompressor,
  NativeCompressorInput,
  NativeJob,
  NativePiece,
  NativeProgress,
  NativeStreamed,
  NativeStreamState,
} from '../surface.js'
import type { Jobs } from './jobs.js'
import type { CallInput, CallName, CallResult } from './messages.js'

const NAME = 'Compressor' // in messages

/** What was reduced before the block that is being filled. */
type Before = Pick<NativeStreamState, 'rows' | 'pool' | 'moments'>

export class WasmCompressor implements NativeCompressor {
  readonly #native: () => Native
  readonly #jobs: Jobs
  readonly #input: Omit<NativeCompressorInput, 'state'>
  #filling: NativeCompressor
  #filled = 0
  #before: Before
  #isBusy = false
  #isFree = false

  constructor(native: () => Native, jobs: Jobs, { state, ...input }: NativeCompressorInput) {
    this.#native = native
    this.#jobs = jobs
    this.#input = input
    if (state !== undefined)
      native()
        .compressor({ ...input, state })
        .free() // checks it
    this.#filling = native().compressor(input)
    const { moments } = this.#filling.state()
    this.#before = { rows: 0, pool: [], moments }
    if (state !== undefined) this.#restore(state)
  }

  #restore({ rows, points, weights, pool, moments }: NativeStreamState): void {
    const { dimension } = this.#input
    const count = points.length / dimension
    this.#before = { rows: rows - count, ...structuredClone({ pool, moments }) }
    if (count === 0) return
    const block = { data: points, offset: 0, count, dimension, rowStride: dimension, columnStride: 1 }
    this.take({ points: block, ...(weights.length > 0 && { weights }), first: 0 })
  }

  get blockRows(): number {
    return this.#filling.blockRows
  }

  check(piece: NativePiece): void {
    this.#held().check(piece)
  }

  take(piece: NativePiece & { first: number }): number {
    const taken = this.#held().take(piece)
    this.#filled += taken
    return taken
  }

  reduce(progress?: NativeProgress): NativeJob<void> {
    const full = this.state()
    const filled = this.#filling
    this.#filling = this.#native().compressor(this.#input)
    this.#filled = 0
    filled.free()
    this.#before = { ...this.#before, rows: full.rows }
    const job = this.#start('reduce', { ...this.#input, state: full }, progress)
    const promise = job.promise.then(({ pool, moments }) => {
      this.#before = { rows: full.rows, pool, moments }
    })
    return { promise, cancel: job.cancel }
  }

  finish({ summary }: { summary: boolean }, progress?: NativeProgress): NativeJob<NativeStreamed> {
    return this.#start('finish', { ...this.#input, state: this.state(), summary }, progress)
  }

  heldRows(): Float64Array {
    const { rows, pool } = this.#idle()
    const held = pool.flatMap((set) => [...set.rows]).sort((a, b) => a - b)
    for (let i = 0; i < this.#filled; i++) held.push(rows + i)
    return Float64Array.from(held)
  }

  state(): NativeStreamState {
    const { rows, pool, moments } = structuredClone(this.#idle())
    const { points, weights } = this.#filling.state()
    return { rows: rows + this.#filled, points, weights, pool, moments }
  }

  free(): void {
    this.#idle()
    this.#isFree = true
    this.#filling.free()
  }

  #start<Name extends CallName & ('reduce' | 'finish')>(
    call: Name,
    input: CallInput<Name>,
    progress: NativeProgress | undefined,
  ): NativeJob<CallResult<Name>> {
    this.#isBusy = true
    const job = this.#jobs.start(call, input, progress, NAME)
    const promise = job.promise.finally(() => {
      this.#isBusy = false
    })
    return { promise, cancel: job.cancel }
  }

  #held(): NativeCompressor {
    if (this.#isFree) throw rangeError('ERR_OPTION', 'the compressor was freed')
    return this.#filling
  }

  #idle(): Before {
    if (this.#isBusy) throw rangeError('ERR_OPTION', 'the compressor is busy')
    this.#held()
    return this.#before
  }
}
