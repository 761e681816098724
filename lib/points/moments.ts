// The moments of a weighted set. What they are counted and listed by is in multi-index.ts.

import { sumCount } from '../input/multi-index.js'
import {
  type AsyncOptions,
  type OptionValues,
  oneOf,
  onlyAsync,
  readOptions,
  shared,
  type ThreadOptions,
  withDefault,
} from '../input/options.js'
import { type PointsInput, readPoints, readWeights } from '../input/points.js'
import { type NativeMomentsInput, type Numbers, native } from '../native/addon.js'
import { runJob } from '../native/job.js'
import { memoryToHave } from '../native/memory.js'

export interface MomentsSyncOptions extends ThreadOptions {
  /** Numbers a row, m. Must be given with a typed array; may be left out with an ndarray-like object. */
  dimension?: number | undefined
  /** The highest degree, a whole number from 0 to 255. */
  order: number
  /** One number >= 0 a point. Default: all 1. */
  weights?: Numbers | undefined
  /**
   * 'monomial' (default): products of powers of the coordinates as they are. 'legendre': products of Legendre
   * polynomials P_j, P_j(1) = 1, which stay of the order of the weights on [-1, 1]^m.
   */
  basis?: 'monomial' | 'legendre' | undefined
}

export interface MomentsOptions extends MomentsSyncOptions, AsyncOptions {}

const table = {
  dimension: shared.dimension,
  order: shared.order,
  weights: shared.weights,
  basis: withDefault(oneOf('monomial', 'legendre'), () => 'monomial' as const),
  threads: shared.threads,
}
const asyncTable = { ...table, signal: shared.signal, onProgress: shared.onProgress }

/**
 * The sums over all points i of weight_i * (monomial a of point i), for every multi-index a of degree <= `order`:
 * momentCount(m, order) numbers in the order of multiIndices(m, order). Plain sums: nothing is centred and nothing is
 * divided by the total weight, which is the first of them.
 *
 * Every product is taken in double-double, the products are added without rounding, and the sum is rounded once: the
 * error is half an ulp of the result plus 2^-94 of d times the largest product (in 'legendre' also what the recurrence
 * loses), and the bits are the same for any order of the points and any number of threads. That costs about three times
 * the time of plain sums in double, but little beside the copy of the points when there are few moments. (Where
 * powers of the coordinates leave the range of double, sums are double-double, and their last bits may depend on the
 * order of the points.) Time about d * momentCount(m, order).
 *
 * Source: sums of pre-rounded terms, as in J. Demmel, H. D. Nguyen, Fast reproducible floating-point summation, ARITH 2013.
 *
 * @param points d x m numbers, row-major (Float64Array or Float32Array), or `{ data, shape: [d, m], stride?, offset? }`
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE, ERR_NOT_FINITE (names row and column), ERR_WEIGHT,
 * ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 */
export async function moments(points: PointsInput, options: MomentsOptions): Promise<Float64Array> {
  const values = readOptions('moments', options, asyncTable)
  const input = readInput('moments', points, values)
  return runJob((progress) => native().moments(input, progress), values)
}

/** As moments(), but blocks until all is done and throws what moments() rejects with. The same bits. */
export function momentsSync(points: PointsInput, options: MomentsSyncOptions): Float64Array {
  const values = readOptions('momentsSync', options, table, onlyAsync('moments'))
  const input = readInput('momentsSync', points, values)
  return native().momentsSync(input)
}

function readInput(caller: string, given: unknown, options: OptionValues<typeof table>): NativeMomentsInput {
  const points = readPoints(given, options.dimension, {
    where: `${caller}: points`,
    dimensionOption: "option 'dimension'",
  })
  sumCount(caller, points.dimension, options.order)
  const { order, basis, threads } = options
  const input: NativeMomentsInput = { points, order, basis, threads, memory: memoryToHave() }
  const weights = readWeights(options.weights, points.count, `${caller}: option 'weights'`)
  if (weights !== undefined) input.weights = weights
  return input
}
