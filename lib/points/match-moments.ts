// Weights on given points for given moments.
import { describe, rangeError, typeError } from '../errors.js'
import { featureCount } from '../input/multi-index.js'
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
import { isNumbers, type PointsInput, readPoints, readWeights } from '../input/points.js'
import { type NativeMatched, type NativeMatchMomentsInput, type Numbers, native } from '../native/addon.js'
import { runJob } from '../native/job.js'
import { memoryToHave } from '../native/memory.js'

export interface MatchMomentsSyncOptions extends ThreadOptions {
  /** Numbers a row, m. Must be given with a typed array; may be left out with an ndarray-like object. */
  dimension?: number | undefined
  /** The highest degree of the moments, a whole number from 0 to 255. */
  order: number
  /** What the target is told in, as for moments(): 'monomial' (default) or 'legendre'. */
  basis?: 'monomial' | 'legendre' | undefined
  /** The weights to stay near to, one number >= 0 a point. Default: all 1. Points of weight 0 keep weight 0. */
  weights?: Numbers | undefined
}

export interface MatchMomentsOptions extends MatchMomentsSyncOptions, AsyncOptions {}

export interface MatchedMoments {
  /** One number >= 0 a point, many of them 0 perhaps. */
  weights: Float64Array
  /**
   * The largest over the moments of |sum w phi - target| / sum w |phi|, phi the functions of `basis` as they are; summed
   * in double-double.
   */
  residual: number
}

const table = {
  dimension: shared.dimension,
  order: shared.order,
  basis: withDefault(oneOf('monomial', 'legendre'), () => 'monomial' as const),
  weights: shared.weights,
  threads: shared.threads,
}
const asyncTable = { ...table, signal: shared.signal, onProgress: shared.onProgress }

/**
 * Non-negative weights w on the given points whose moments of degree <= `order` are `target`:
 * sum_i w_i phi_a(point i) = target_a for every multi-index a, in the order of multiIndices() and the basis of moments().
 *
 * Of all such weights the nearest to `weights`, c: least sum_i (w_i - c_i)^2 / c_i over the points of c_i > 0 (those of
 * c_i = 0 keep weight 0). This makes a point of weight 2 the same as two points of weight 1, and the answer the given
 * weights times one polynomial of degree `order`, cut off at 0: w_i = c_i max(0, 1 + p(point i)).
 *
 * Computed in polynomials that are orthonormal over the points; the target is brought there, and the last errors are
 * measured, in double-double. A monomial target for points far from 0 says little about the high moments around their
 * mean: powers of 1000 +- 1 tell the third to 1e-6 of the spread's cube. What the rounding of the target leaves open
 * stays at the nearest; 'legendre' about shifted and scaled points loses nothing. Where next to no freedom is left
 * (about one target in a hundred that only few, nearly dependent points can meet) the weights meet the target and are the
 * nearest among 600 points, or, if that fails as well, some that meet it.
 *
 * Time about d N^2 (N = momentCount(m, order)) for each of 1 to 20 passes, memory the copy of the points; without a
 * solution d N numbers as well.
 *
 * @param points d x m numbers, row-major (Float64Array or Float32Array), or `{ data, shape: [d, m], stride?, offset? }`
 * @param target momentCount(m, order) numbers, plain sums: the first is the total weight
 *
 * Rejects with ERR_INFEASIBLE when no weights >= 0 have these moments (the message has one that cannot be met,
 * the target and what the points allow), ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE, ERR_NOT_FINITE (names row and column), ERR_WEIGHT,
 * ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 */
export async function matchMoments(
  points: PointsInput,
  target: Numbers,
  options: MatchMomentsOptions,
): Promise<MatchedMoments> {
  const values = readOptions('matchMoments', options, asyncTable)
  const input = readInput('matchMoments', points, target, values)
  return toResult(await runJob((progress) => native().matchMoments(input, progress), values))
}

/** As matchMoments(), but blocks until all is done and throws what matchMoments() rejects with. The same bits. */
export function matchMomentsSync(
  points: PointsInput,
  target: Numbers,
  options: MatchMomentsSyncOptions,
): MatchedMoments {
  const values = readOptions('matchMomentsSync', options, table, onlyAsync('matchMoments'))
  return toResult(native().matchMomentsSync(readInput('matchMomentsSync', points, target, values)))
}

function readInput(
  caller: string,
  given: unknown,
  target: unknown,
  options: OptionValues<typeof table>,
): NativeMatchMomentsInput {
  const { order, basis, threads } = options
  const points = readPoints(given, options.dimension, {
    where: `${caller}: points`,
    dimensionOption: "option 'dimension'",
  })
  const count = featureCount(caller, points.dimension, order)
  const where = `${caller}: target`
  if (!isNumbers(target)) {
    const hint = Array.isArray(target) || ArrayBuffer.isView(target) ? ' (Float64Array.from makes one)' : ''
    throw typeError('ERR_SHAPE', `${where} must be a Float64Array or Float32Array${hint}, got ${describe(target)}`)
  }
  if (target.length !== 0 && target.length !== count) {
    throw rangeError(
      'ERR_SHAPE',
      `${where} must have one number a moment, ${count} of order ${order} in ${points.dimension} columns, got ${target.length}`,
    )
  }
  const own = readWeights(target, count, where) as Numbers
  const input: NativeMatchMomentsInput = { points, target: own, order, basis, threads, memory: memoryToHave() }
  const weights = readWeights(options.weights, points.count, `${caller}: option 'weights'`)
  if (weights !== undefined) input.weights = weights
  return input
}

function toResult({ weights, residual }: NativeMatched): MatchedMoments {
  return { weights, residual }
}
