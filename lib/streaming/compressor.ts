// Compresses rows that come piece by piece and are never in memory together.
import { type CodedError, describe, plainError, rangeError, typeError } from '../errors.js'
import {
  isRecord,
  type OptionValues,
  optional,
  readOptions,
  realNumber,
  required,
  shared,
  trueOrFalse,
  wholeNumber,
  withDefault,
} from '../input/options.js'
import { type PointsInput, readWeighted } from '../input/points.js'
import { runJob } from '../native/job.js'
import { native } from '../native/native.js'
import {
  type Compressed,
  type CompressedFree,
  type CompressOptions,
  keepingInput,
  keepingTable,
} from '../points/compress.js'
import type { NativeCompressor, NativePiece, NativeStreamState, Numbers } from '../surface.js'

/** Where the points of a result may lie. */
export type Support = 'rows' | 'free'

/** As for compress(), without `weights`, which come with the rows. */
export interface CompressorOptions<Where extends Support = 'rows'>
  extends Omit<CompressOptions, 'weights' | 'support' | 'minimumWeight' | 'tolerance' | 'hull'> {
  /** Columns, m. */
  dimension: number
  /**
   * Whether finish() returns a summary that is to be merged later: four times `size` points (eight times for order 'auto'),
   * which keep all that the last step would keep in a cell. Default: false.
   */
  summary?: boolean | undefined
  /** Bytes that the compressor may take. When it needs more, it is refused at once. Default: no limit. */
  memory?: number | undefined
  /**
   * As for compress(). With 'free' the last step gives free points; all that is held before it is rows. A summary has
   * rows.
   */
  support?: Where | undefined
}

/** Rows with their weights, as one piece of a stream. */
export interface WeightedRows {
  /** rows x dimension numbers, row-major, or an ndarray-like object. */
  points: PointsInput
  /** One number per row. Default: all 1. */
  weights?: Numbers | undefined
}

/** All that a Compressor knows at a moment: plain data that structuredClone() and v8.serialize() take. */
export interface CompressorState<Where extends Support = 'rows'> {
  /** The version of this format. */
  version: 1
  /** The options that the Compressor was made with, except those that do not change the result. */
  options: Omit<CompressorOptions<Where>, 'signal' | 'onProgress' | 'threads' | 'memory'>
  /** What the computation has in memory. Only Compressor.restore() reads it. */
  stream: NativeStreamState
}

/** The options that do not change the result. */
export type CompressorWatch = Pick<CompressorOptions, 'signal' | 'onProgress' | 'threads' | 'memory'>

const table = {
  dimension: required(wholeNumber(1, 2 ** 31 - 1), 'the number of columns'),
  ...keepingTable,
  summary: withDefault(trueOrFalse, () => false),
  memory: optional(realNumber(0)),
}
const watchTable = {
  threads: shared.threads,
  memory: table.memory,
  signal: shared.signal,
  onProgress: shared.onProgress,
}
const constructorTable = { ...table, ...watchTable }

/**
 * compress() for rows that come piece by piece: more than fit in memory, or not yet there. Memory is bounded, whatever
 * their number: about seven times a block of 262,144 rows (48 `size`, when that is more; fewer in more than 32 columns),
 * as float64. A stream of one block at most has the result of compress(), bit for bit.
 *
 * The result keeps the moments of all rows up to `order`, and its `residual` is measured against the moments of all rows,
 * which are summed in double-double. With order 'auto', it keeps those up to order 8 in two columns, 6 in three, and in
 * more the highest with at most 84 moments; `order` of the result says which.
 *
 * The bits depend on the rows and the options alone: not on how the rows are cut into pieces, nor on the threads, nor on
 * whether the work went on from a saved state.
 *
 * Cost: ten million rows of three columns per second of processor time, at order 3 and size 1000, with their reading from a
 * file of float64 (`npm run bench -- files`). Pieces are copied as they come; the work happens off the event loop while the
 * next piece is read.
 *
 * Source: merge and reduce (J. L. Bentley, J. B. Saxe, 1980): moments of parts add up.
 */
export class Compressor<Where extends Support = 'rows'> {
  readonly #native: NativeCompressor
  readonly #options: OptionValues<typeof constructorTable>
  readonly #watch: Pick<CompressorOptions, 'signal' | 'onProgress'>
  #rows = 0
  #filled = 0
  /** What was asked for last. Each call waits for the one before it. */
  #last: Promise<unknown> = Promise.resolve()
  /** The step that runs while the next block is filled. */
  #step: Promise<void> = Promise.resolve()
  #failed: { reason: unknown } | undefined
  #isFinished = false
  #elapsed = 0

  /** Throws ERR_OPTION, ERR_SIZE, ERR_MEMORY (with `memory`) or ERR_NO_BINARY. */
  constructor(options: CompressorOptions<Where>)
  constructor(options: CompressorOptions<Where>, { state, blockRows = 0 }: Beginning = {}) {
    this.#options = readOptions('Compressor', options, constructorTable)
    if (this.#options.support === 'free' && this.#options.summary) {
      throw typeError(
        'ERR_OPTION',
        "Compressor: option 'support' must be 'rows' with summary: give 'free' to merge(), which makes the last step",
      )
    }
    const { dimension, memory, signal, onProgress } = this.#options
    this.#watch = { signal, onProgress }
    const input = keepingInput('Compressor', this.#options, dimension, Number.POSITIVE_INFINITY)
    this.#native = native().compressor({
      dimension,
      ...input,
      blockRows,
      ...(memory !== undefined && { memory }),
      ...(state && { state }),
    })
    if (state !== undefined) {
      this.#rows = state.rows
      this.#filled = state.points.length / dimension
    }
  }

  /** Rows pushed so far, those of weight 0 included. The rows of a stream are numbered from 0 in this sequence. */
  get rows(): number {
    return this.#rows
  }

  /**
   * Takes rows, any number of them. They must not be changed before the promise is settled. It is settled when they are
   * copied, which waits for the work on earlier rows when that is slower than the rows come.
   *
   * @param points n x m numbers, row-major, or an ndarray-like object
   * @param weights one number >= 0 per row; default all 1
   *
   * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_NOT_FINITE or ERR_WEIGHT; then none of these rows was taken. Also with
   * ERR_INFEASIBLE, ERR_MEMORY or the signal's reason, or because rows were changed meanwhile; then the compressor can do
   * no more.
   */
  push(points: PointsInput, weights?: Numbers): Promise<void> {
    return this.#next(() => this.#push(points, weights))
  }

  /**
   * Pushes every piece of a Node stream in object mode, a web ReadableStream, an async or a plain iterable:
   * `await compressor.consume(source)`, or in a pipeline `await pipeline(source, (pieces) => compressor.consume(pieces))`.
   * Throws what the source throws, and what push() throws.
   */
  async consume(
    source: AsyncIterable<PointsInput | WeightedRows> | Iterable<PointsInput | WeightedRows>,
  ): Promise<void> {
    for await (const piece of source) {
      if (isRecord(piece) && 'points' in piece) await this.push(piece.points as PointsInput, piece.weights as Numbers)
      else await this.push(piece as PointsInput)
    }
  }

  /**
   * The rows that can still be in the result, ascending, by their numbers. What a program holds for other rows can be
   * forgotten. There are at most about 40 `size` of them (80 for order 'auto') and two blocks.
   */
  heldRows(): Promise<Float64Array> {
    return this.#next(async () => {
      await this.#step
      return this.#native.heldRows()
    })
  }

  /** The state at this moment. Compressor.restore() goes on from it, in another process too, and ends in the same bits. */
  save(): Promise<CompressorState<Where>> {
    return this.#next(async () => {
      await this.#step
      const { signal, onProgress, threads, memory, ...options } = this.#options
      return { version: 1, options: options as CompressorState<Where>['options'], stream: this.#native.state() }
    })
  }

  /** Throws TypeError ERR_OPTION when `state` is not what save() returned. */
  static restore<Where extends Support = 'rows'>(
    state: CompressorState<Where>,
    watch: CompressorWatch = {},
  ): Compressor<Where> {
    const given = readOptions('Compressor.restore', watch, watchTable)
    checkState(state)
    try {
      return begin<Where>({ ...state.options, ...given } as CompressorOptions<Where>, { state: state.stream })
    } catch (cause) {
      const { code } = cause as Partial<CodedError>
      if (code === 'ERR_MEMORY' || code === 'ERR_NO_BINARY') throw cause
      const what = cause instanceof Error ? cause.message : describe(cause)
      throw Object.assign(
        typeError('ERR_OPTION', `Compressor.restore: the state is not what save() returned: ${what}`),
        { cause },
      )
    }
  }

  /**
   * The result of all rows. Nothing can be pushed afterwards, and the memory is free. `indices` are the numbers of the
   * rows: a Float64Array when one is 2^32 or more; with free support there are none. `elapsed.total` is the time of the
   * steps, in milliseconds.
   *
   * Rejects with ERR_SHAPE when no rows were pushed, ERR_WEIGHT when all weights are 0, and as push() does.
   */
  finish(): Promise<StreamResult<Where>> {
    return this.#next(async () => {
      await this.#step
      if (this.#rows === 0)
        throw rangeError('ERR_SHAPE', 'Compressor: there must be at least one row, and none was pushed')
      const { dimension, order, summary, support } = this.#options
      this.#isFinished = true
      const output = await this.#run((progress) => this.#native.finish({ summary }, progress))
      this.#native.free()
      const { points, weights, rows, cells, threads, residual, cellsKeepingLess, partition, recombine } = output
      const { freeCells, rowCells, whyRows } = output
      const isLong = rows.length > 0 && rows[rows.length - 1] >= 2 ** 32
      const result = {
        points,
        weights,
        ...(support === 'free'
          ? { indices: undefined, freeCells, rowCells, whyRows }
          : { indices: isLong ? rows : Uint32Array.from(rows) }),
        dimension,
        count: weights.length,
        order: order === 'auto' ? output.order : order,
        cells,
        threads,
        residual,
        cellsKeepingLess,
        elapsed: { partition, recombine, total: this.#elapsed },
      }
      return result as StreamResult<Where>
    })
  }

  async #push(points: PointsInput, weights: Numbers | undefined): Promise<void> {
    const { dimension } = this.#options
    const piece: NativePiece = readWeighted('Compressor.push', points, { dimension, weights })
    const { count } = piece.points
    const { blockRows } = this.#native
    // take() checks what it takes. More than fits into the block is checked as a whole before any of it is taken.
    if (this.#filled + count > blockRows) this.#native.check(piece)
    for (let first = 0; first < count; ) {
      // A full block waits for the next row: a stream of one block is not reduced, but compressed as it is.
      if (this.#filled === blockRows) await this.#reduceBlock()
      const taken = this.#take({ ...piece, first })
      first += taken
      this.#rows += taken
      this.#filled += taken
    }
  }

  #take(piece: NativePiece & { first: number }): number {
    try {
      return this.#native.take(piece)
    } catch (reason) {
      // Rows that were changed while push() waited for a step: a part of them is taken already.
      if (piece.first > 0 || (reason as Partial<CodedError>).code === 'ERR_MEMORY') this.#fail(reason)
      throw reason
    }
  }

  /** Waits for the step before, and begins one. */
  async #reduceBlock(): Promise<void> {
    await this.#step
    this.#filled = 0
    this.#step = this.#run((progress) => this.#native.reduce(progress))
    this.#step.catch(() => {}) // whoever asks next gets the failure
  }

  /** Runs a step and measures its time. */
  async #run<T>(start: Parameters<typeof runJob<T>>[0]): Promise<T> {
    const begin = performance.now()
    try {
      return await runJob(start, { signal: this.#watch.signal, onProgress: this.#watch.onProgress })
    } catch (reason) {
      this.#fail(reason)
      throw reason
    } finally {
      this.#elapsed += performance.now() - begin
    }
  }

  /** There is no state to go on from. */
  #fail(reason: unknown): void {
    if (this.#failed !== undefined) return
    this.#failed = { reason }
    // A step may still run when rows fail. Then its memory is freed with the compressor.
    this.#step.catch(() => {}).then(() => this.#native.free())
  }

  /** Calls take their turn. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#failed !== undefined) throw this.#failed.reason
      if (this.#isFinished) throw plainError('ERR_FINISHED', 'Compressor: finish() was called; make another Compressor')
      if (this.#watch.signal?.aborted) {
        this.#fail(this.#watch.signal.reason)
        throw this.#watch.signal.reason
      }
      return work()
    })
    this.#last = turn.catch(() => {})
    return turn
  }
}

/** What a stream becomes. */
export type StreamResult<Where extends Support> = Where extends 'free'
  ? CompressedFree
  : Compressed<Uint32Array | Float64Array>

/** How a compressor begins, other than empty. */
interface Beginning {
  state?: NativeStreamState
  /** For tests: the rows of a block. */
  blockRows?: number
}

/** A Compressor with arguments that its constructor does not show. For restore(), and for tests. */
export function begin<Where extends Support = 'rows'>(
  options: CompressorOptions<Where>,
  beginning: Beginning,
): Compressor<Where> {
  return new (
    Compressor as unknown as new (
      options: CompressorOptions<Where>,
      beginning: Beginning,
    ) => Compressor<Where>
  )(options, beginning)
}

/** The kernel checks the lengths. */
function checkState(state: unknown): void {
  if (isRecord(state) && state.version === 1 && isRecord(state.options) && isRecord(state.stream)) return
  throw typeError('ERR_OPTION', `Compressor.restore: the state must be what save() returned, got ${describe(state)}`)
}
