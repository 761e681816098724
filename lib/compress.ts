// The main job: a weighted set of points in, a few of its points with new weights out, the same moments.
import { rangeError } from './errors.js'
import { runJob } from './job.js'
import { featureCount, largestOrder } from './multi-index.js'
import { type NativeCompressed, type NativeCompressInput, type Numbers, native } from './native.js'
import {
  type AsyncOptions,
  type OptionValues,
  oneOf,
  onlyAsync,
  optional,
  readOptions,
  required,
  shared,
  type ThreadOptions,
  wholeNumber,
  wholeOrder,
  withDefault,
} from './options.js'
import { type PointsInput, readPoints, readWeights } from './points.js'

/** The columns of one factor of a tensor product of polynomial spaces, and its order. Not in this release. */
export interface OrderBlock {
  columns: number[]
  order: number
}

export interface CompressSyncOptions extends ThreadOptions {
  /** Numbers a row, m. Must be given with a typed array; may be left out with an ndarray-like object. */
  dimension?: number | undefined
  /** One number >= 0 a point, in any unit. Default: all 1. Points of weight 0 are never chosen. */
  weights?: Numbers | undefined
  /**
   * The highest degree of the moments that are kept, a whole number from 0 (only the total weight). 3 to 5 suit most
   * uses. This release takes a number only, and it must be given.
   */
  order?: number | 'auto' | OrderBlock[] | undefined
  /**
   * The most points in the result. Default and least: momentCount(m, order), which is one cell. More points make more
   * cells, each with its own moments kept, and so a smaller error on functions that are not polynomials.
   */
  size?: number | undefined
  /**
   * In which units cells are cut. 'standard' (default): each column's weighted standard deviation, so that units do not
   * matter; 'none': the coordinates as they are; numbers: factors on the standard unit, one a column, where a larger one
   * cuts finer along that column and 0 leaves it out. The moments kept are the same for all.
   */
  scale?: 'standard' | 'none' | readonly number[] | Numbers | undefined
  quality?: 'fast' | 'best' | undefined
}

export interface CompressOptions extends CompressSyncOptions, AsyncOptions {}

/** A re-weighted subset of the points given. */
export interface Compressed {
  /** count x dimension, row-major: the rows chosen, bit for bit as they were (float32 widened). */
  points: Float64Array
  /** The new weights, all positive and finite. Their sum is the sum of the old ones. */
  weights: Float64Array
  /** Which rows of the input these are, ascending. */
  indices: Uint32Array
  dimension: number
  count: number
  order: number
  /** How many cells the set was cut into. */
  cells: number
  /** How many threads were used. */
  threads: number
  /**
   * How far the moments of the whole result are from those of the input, the largest of |sum c' z^a - sum c z^a| /
   * sum c |z^a| over all a of degree <= order, z the standardised columns; summed in double-double. 2.2e-16 is one
   * machine epsilon.
   */
  residual: number
  /** Milliseconds. */
  elapsed: { partition: number; recombine: number; total: number }
}

const table = {
  dimension: shared.dimension,
  weights: shared.weights,
  order: required(numberForNow, "give a number, for example 3 ('auto' is not in this release)"),
  size: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
  threads: shared.threads,
  scale: shared.scale,
  quality: withDefault(oneOf('fast', 'best'), () => 'best' as const),
}
const asyncTable = { ...table, signal: shared.signal, onProgress: shared.onProgress }

function numberForNow(value: unknown, where: string): number {
  if (value === 'auto' || Array.isArray(value)) {
    const what = value === 'auto' ? "'auto' is" : 'blocks of columns are'
    throw rangeError('ERR_OPTION', `${where} must be a whole number for now: ${what} not in this release`)
  }
  return wholeOrder(value, where)
}

/**
 * Replaces d weighted points in R^m by at most `size` of them with new non-negative weights, so that every polynomial
 * moment up to `order` stays the same.
 *
 * The input is never written to and is copied before this returns, so it may be changed or transferred afterwards. The
 * work happens off the event loop. Time is about linear in d; memory is about twice the input.
 *
 * @param points d x m numbers, row-major (Float64Array or Float32Array), or `{ data, shape: [d, m], stride?, offset? }`
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below both momentCount(m, order) and d),
 * ERR_NOT_FINITE (names row and column), ERR_WEIGHT, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 */
export async function compress(points: PointsInput, options: CompressOptions): Promise<Compressed> {
  const values = readOptions('compress', options, asyncTable)
  const input = readInput('compress', points, values)
  const output = await runJob((progress) => native().compress(input, progress), values)
  return toCompressed(input, output)
}

/** As compress(), but blocks until all is done and throws what compress() rejects with. The same result, bit for bit. */
export function compressSync(points: PointsInput, options: CompressSyncOptions): Compressed {
  const values = readOptions('compressSync', options, table, onlyAsync('compress'))
  const input = readInput('compressSync', points, values)
  return toCompressed(input, native().compressSync(input))
}

function readInput(caller: string, given: unknown, options: OptionValues<typeof table>): NativeCompressInput {
  const points = readPoints(given, options.dimension, {
    where: `${caller}: points`,
    dimensionOption: "option 'dimension'",
  })
  const weights = readWeights(options.weights, points.count, `${caller}: option 'weights'`)
  const { order, scale } = options
  const { dimension } = points
  const moments = featureCount(caller, dimension, order)
  const size = options.size ?? moments
  const least = Math.min(moments, points.count)
  if (size < least) {
    throw rangeError(
      'ERR_SIZE',
      `${caller}: size ${size} is too small: the least size for order ${order} in ${dimension} columns is ${least}, ` +
        `the largest order for size ${size} is ${largestOrder(dimension, size)}`,
    )
  }
  const input: NativeCompressInput = {
    points,
    order,
    size: Math.min(size, Math.max(moments, points.count)), // more than all points is the same as all
    best: options.quality === 'best',
    threads: options.threads,
    standardise: scale !== 'none',
  }
  if (weights !== undefined) input.weights = weights
  if (typeof scale !== 'string') {
    if (scale.length !== dimension) {
      throw rangeError(
        'ERR_OPTION',
        `${caller}: option 'scale' must have one number a column, ${dimension} in all, got ${scale.length}`,
      )
    }
    input.scales = scale
  }
  return input
}

function toCompressed(input: NativeCompressInput, output: NativeCompressed): Compressed {
  const { points, weights, indices, cells, threads, residual, partition, recombine, total } = output
  return {
    points,
    weights,
    indices,
    dimension: input.points.dimension,
    count: indices.length,
    order: input.order,
    cells,
    threads,
    residual,
    elapsed: { partition, recombine, total },
  }
}
