// Compresses rows that come piece by piece and are never in memory together.
// INTERIM: the lead replaces the inside of this class by the kernel's. Names and shapes stay.
import { rangeError } from '../errors.js'
import type { PointsInput } from '../input/points.js'
import type { Numbers } from '../native/addon.js'
import { type Compressed, type CompressOptions, compress } from '../points/compress.js'

/** As for compress(), without `weights`: they come with the rows. */
export interface CompressorOptions extends Omit<CompressOptions, 'weights'> {
  /** Columns, m. */
  dimension: number
}

/** Rows with their weights, as one piece of a stream. */
export interface WeightedRows {
  points: PointsInput
  weights?: Numbers | undefined
}

/** All that a Compressor knows: plain data that structuredClone() and v8.serialize() take. */
export interface CompressorState {
  version: number
  [name: string]: unknown
}

export class Compressor {
  #options: CompressorOptions
  #points: number[] = []
  #weights: number[] = []

  constructor(options: CompressorOptions) {
    this.#options = options
  }

  /** Rows pushed so far; those of weight 0 count. Rows of the stream are numbered from 0. */
  get rows(): number {
    return this.#weights.length
  }

  /** Takes rows, as many as there are. They may be changed when the promise is settled. */
  async push(points: PointsInput, weights?: Numbers): Promise<void> {
    const data = points as Numbers
    const count = data.length / this.#options.dimension
    for (let i = 0; i < data.length; i++) this.#points.push(data[i])
    for (let i = 0; i < count; i++) this.#weights.push(weights?.[i] ?? 1)
  }

  /** Pushes every piece of an async iterable: a Node stream in object mode, a web ReadableStream, a generator. */
  async consume(
    source: AsyncIterable<PointsInput | WeightedRows> | Iterable<PointsInput | WeightedRows>,
  ): Promise<void> {
    for await (const piece of source) {
      const rows = piece as WeightedRows
      if ('points' in rows) await this.push(rows.points, rows.weights)
      else await this.push(piece as PointsInput)
    }
  }

  /** Row numbers of the stream, ascending: those that can still be in the result. What belongs to other rows may be forgotten. */
  heldRows(): Float64Array {
    return Float64Array.from(this.#weights, (_, i) => i)
  }

  /** The state at this moment, to go on from it in another process, with the same bits at the end. */
  async save(): Promise<CompressorState> {
    const { signal, onProgress, ...options } = this.#options
    return { version: 1, options, points: Float64Array.from(this.#points), weights: Float64Array.from(this.#weights) }
  }

  /** Throws Error ERR_OPTION when the state is not one that save() made. */
  static restore(
    state: CompressorState,
    watch: Pick<CompressOptions, 'signal' | 'onProgress' | 'threads'> = {},
  ): Compressor {
    const made = new Compressor({ ...(state.options as CompressorOptions), ...watch })
    made.#points = [...(state.points as Float64Array)]
    made.#weights = [...(state.weights as Float64Array)]
    return made
  }

  /** The result. Nothing can be pushed afterwards. */
  async finish(): Promise<Compressed<Uint32Array | Float64Array>> {
    if (this.#weights.length === 0) throw rangeError('ERR_SHAPE', 'Compressor: no rows were pushed')
    return compress(Float64Array.from(this.#points), {
      ...this.#options,
      weights: Float64Array.from(this.#weights),
    })
  }
}
