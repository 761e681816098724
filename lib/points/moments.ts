// The moments of a weighted set. multi-index.ts counts and lists them.

import { bothForms } from '../input/both-forms.js'
import { sumCount } from '../input/multi-index.js'
import { type AsyncOptions, oneOf, shared, type ThreadOptions, withDefault } from '../input/options.js'
import { type PointsInput, readWeighted } from '../input/points.js'
import { memoryToHave } from '../native/memory.js'
import type { Numbers } from '../surface.js'

/** What momentsSync() may be told. */
export interface MomentsSyncOptions extends ThreadOptions {
  /** Columns, m. Must be given with a typed array; may be left out with an ndarray-like object. */
  dimension?: number | undefined
  /** The highest degree, a whole number from 0 to 255. */
  order: number
  /** One number >= 0 per point, in any unit. Default: all 1. */
  weights?: Numbers | undefined
  /**
   * 'monomial' (default): products of powers of the coordinates as they are. 'legendre': products of Legendre polynomials
   * P_j with P_j(1) = 1. On [-1, 1]^m their values are at most 1, so their moments are at most the total weight.
   */
  basis?: 'monomial' | 'legendre' | undefined
}

/** What moments() may be told: the options of momentsSync(), and those of a call that does not block. */
export interface MomentsOptions extends MomentsSyncOptions, AsyncOptions {}

const table = {
  dimension: shared.dimension,
  order: shared.order,
  weights: shared.weights,
  basis: withDefault(oneOf('monomial', 'legendre'), () => 'monomial' as const),
  threads: shared.threads,
}
const forms = bothForms('moments', table, (caller, options, given: unknown) => {
  const { order, basis, threads } = options
  const set = readWeighted(caller, given, options)
  sumCount(caller, set.points.dimension, order)
  return { ...set, order, basis, threads, memory: memoryToHave() }
})

/**
 * The moments of weighted points: sum_i weight_i * phi_a(point i) for every multi-index a of degree <= `order`.
 *
 * Returns N = momentCount(m, order) numbers, in the order of multiIndices(m, order). They are plain sums: nothing is
 * centred, and nothing is divided by the total weight, which is the first of them.
 *
 * Accuracy: each product is a double-double number, the products are added without rounding, and the sum is rounded once.
 * The error is half an ulp of the result plus 2^-94 of d times the largest product ('legendre': plus the rounding of the
 * recurrence). The bits do not depend on the sequence of the points or on the number of threads. Where powers of the
 * coordinates leave the range of double, the sums are double-double instead, and their last bits may depend on the
 * sequence of the points.
 *
 * Cost: time about d N, about three times that of plain sums in double; memory the copy of the points.
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (more than 2^53 moments), ERR_NOT_FINITE (names row and
 * column), ERR_WEIGHT, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: sums of pre-rounded terms, as in J. Demmel, H. D. Nguyen, Fast reproducible floating-point summation, ARITH 2013.
 *
 * @param points d x m numbers, row-major (Float64Array or Float32Array), or `{ data, shape: [d, m], stride?, offset? }`
 */
export async function moments(points: PointsInput, options: MomentsOptions): Promise<Float64Array> {
  return forms.run(options, points)
}

/** As moments(), but blocks until the end and throws the errors with which moments() rejects. The same bits. */
export function momentsSync(points: PointsInput, options: MomentsSyncOptions): Float64Array {
  return forms.runSync(options, points)
}
