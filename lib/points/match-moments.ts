// Weights on given points for given moments: calibration weighting.
import { rangeError } from '../errors.js'
import { bothForms } from '../input/both-forms.js'
import { featureCount } from '../input/multi-index.js'
import { type AsyncOptions, oneOf, shared, type ThreadOptions, typedNumbers, withDefault } from '../input/options.js'
import { ownNumbers, type PointsInput, readWeighted } from '../input/points.js'
import { memoryToHave } from '../native/memory.js'
import type { Numbers } from '../surface.js'

/** What matchMomentsSync() may be told. */
export interface MatchMomentsSyncOptions extends ThreadOptions {
  /** Columns, m. Must be given with a typed array; may be left out with an ndarray-like object. */
  dimension?: number | undefined
  /** The highest degree of the moments, a whole number from 0 to 255. */
  order: number
  /** The functions whose moments the target has, as in moments(): 'monomial' (default) or 'legendre'. */
  basis?: 'monomial' | 'legendre' | undefined
  /** The weights to stay near to, one number >= 0 per point. Default: all 1. Points of weight 0 keep weight 0. */
  weights?: Numbers | undefined
}

/** What matchMoments() may be told: the options of matchMomentsSync(), and those of a call that does not block. */
export interface MatchMomentsOptions extends MatchMomentsSyncOptions, AsyncOptions {}

/** Weights that have the target moments. */
export interface MatchedMoments {
  /** One number >= 0 per point. Many of them may be 0. */
  weights: Float64Array
  /**
   * The largest |sum w phi - target| / sum w |phi| over the moments, phi the functions of `basis` as they are; summed in
   * double-double.
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
const forms = bothForms('matchMoments', table, (caller, options, given: unknown, givenTarget: unknown) => {
  const { order, basis, threads } = options
  const set = readWeighted(caller, given, options)
  const { dimension } = set.points
  const count = featureCount(caller, dimension, order)
  const where = `${caller}: target`
  const target = ownNumbers(typedNumbers(givenTarget, where), where)
  if (target.length !== count) {
    throw rangeError(
      'ERR_SHAPE',
      `${where} must have one number per moment, ${count} of order ${order} in ${dimension} columns, got ${target.length}`,
    )
  }
  return { ...set, target, order, basis, threads, memory: memoryToHave() }
})

/**
 * Finds non-negative weights w on the given points whose moments of degree <= `order` are `target`:
 * sum_i w_i phi_a(point i) = target_a for every multi-index a, in the order of multiIndices() and the basis of moments().
 * Statisticians know this as calibration weighting (raking to moments) with the chi-square distance.
 *
 * Of all such weights it returns the nearest to the given weights c: those of least sum_i (w_i - c_i)^2 / c_i over the
 * points of c_i > 0. Points of c_i = 0 keep weight 0. So a point of weight 2 counts as two points of weight 1, and the
 * result is c times one polynomial of degree `order`, cut off at 0: w_i = c_i max(0, 1 + p(point i)).
 *
 * Limits: a monomial target for points far from 0 says little about the high moments around their mean. Powers of
 * 1000 +- 1 determine the third central moment to 1e-6 of the spread's cube. The weights stay nearest in all that the
 * rounding of the target leaves open. A 'legendre' target for shifted and scaled points loses nothing. About one target in
 * a hundred that only few, nearly dependent points can meet leaves almost no freedom. Then the weights meet the target and
 * are the nearest on 600 of the points; if that fails too, they merely meet it.
 *
 * Computed in polynomials that are orthonormal over the points. The target is converted, and the last errors are measured,
 * in double-double.
 *
 * Cost: time about d N^2 for each of 1 to 20 passes, N = momentCount(m, order); memory the copy of the points, and d N
 * numbers more when there is no solution.
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_INFEASIBLE when no weights >= 0 have these moments (the message has one that cannot be met, its target
 * and what the points allow), ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE, ERR_NOT_FINITE (names row and column),
 * ERR_WEIGHT, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: J.-C. Deville, C.-E. Särndal, Calibration estimators in survey sampling, JASA 87 (1992), for the distance; the
 * semismooth Newton method of Qi and Sun (1993) for its dual.
 *
 * @param points d x m numbers, row-major (Float64Array or Float32Array), or `{ data, shape: [d, m], stride?, offset? }`
 * @param target momentCount(m, order) numbers, plain sums: the first is the total weight
 */
export async function matchMoments(
  points: PointsInput,
  target: Numbers,
  options: MatchMomentsOptions,
): Promise<MatchedMoments> {
  return forms.run(options, points, target)
}

/** As matchMoments(), but blocks until the end and throws the errors with which it rejects. The same bits. */
export function matchMomentsSync(
  points: PointsInput,
  target: Numbers,
  options: MatchMomentsSyncOptions,
): MatchedMoments {
  return forms.runSync(options, points, target)
}
