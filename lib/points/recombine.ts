// Recombination of any feature matrix: the step that compress() takes in each cell, for features of your own.
import { rangeError } from '../errors.js'
import { bothForms } from '../input/both-forms.js'
import { checkFeatures } from '../input/multi-index.js'
import { type AsyncOptions, optional, shared, type ThreadOptions, wholeNumber } from '../input/options.js'
import { type PointsInput, readPoints, readWeights } from '../input/points.js'
import { memoryToHave } from '../native/memory.js'
import type { NativeRecombineInput, Numbers } from '../surface.js'

/** What recombineSync() may be told. */
export interface RecombineSyncOptions extends ThreadOptions {
  /** One number >= 0 per row, in any unit. Default: all 1. Rows of weight 0 are never chosen. */
  weights?: Numbers | undefined
  /** Rows, n. May be left out: it follows from the length and `width`, or from the shape. */
  count?: number | undefined
  /** Features per row, N. Must be given with a typed array; may be left out with an ndarray-like object. */
  width?: number | undefined
}

/** What recombine() may be told: the options of recombineSync(), and those of a call that does not block. */
export interface RecombineOptions extends RecombineSyncOptions, AsyncOptions {}

/** Few rows of a feature matrix, with weights that keep the sums of its columns. */
export interface Recombined {
  /** The rows chosen, ascending; at most `rank` of them. */
  indices: Uint32Array
  /** Their new weights, all positive and finite. */
  weights: Float64Array
  /** The largest |sum w' f_j - sum w f_j| / sum w |f_j| over the columns j, summed in double-double. */
  residual: number
  /** The numerical rank of the rows of positive weight. */
  rank: number
}

const table = {
  weights: shared.weights,
  count: optional(wholeNumber(1, 2 ** 32 - 1)),
  width: optional(wholeNumber(1, 2 ** 31 - 1)),
  threads: shared.threads,
}
const forms = bothForms('recombine', table, (caller, options, given: unknown) => {
  const where = `${caller}: features`
  const features = readPoints(given, options.width, { where, dimensionOption: "option 'width'" })
  if (options.count !== undefined && options.count !== features.count) {
    throw rangeError('ERR_SHAPE', `${where} has ${features.count} rows, but option 'count' is ${options.count}`)
  }
  checkFeatures(`${where} has`, features.dimension)
  const input: NativeRecombineInput = { features, threads: options.threads, memory: memoryToHave() }
  const weights = readWeights(options.weights, features.count, `${caller}: option 'weights'`)
  if (weights !== undefined) input.weights = weights
  return input
})

/**
 * Measure recombination (Caratheodory-Tchakaloff subsampling): chooses at most N of n weighted rows, with new non-negative
 * weights, so that the weighted sum of every column stays the same. A column of ones keeps the total weight. Without one
 * the total weight may change.
 *
 * Cost: time about n N^2; memory the copy of the matrix, and about 8 N min(n, 9 N) bytes more (24 N^2 from N = 3000
 * on). A call that needs more memory than there is, is refused before the work begins.
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_NOT_FINITE (names row and column), ERR_WEIGHT, ERR_MEMORY,
 * ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: the theorem of V. Tchakaloff (1957) in its discrete form; a basic feasible solution is found by the parametric
 * simplex method.
 *
 * @param features n x N numbers, row-major (Float64Array or Float32Array), or `{ data, shape: [n, N], stride?, offset? }`
 */
export async function recombine(features: PointsInput, options: RecombineOptions): Promise<Recombined> {
  return forms.run(options, features)
}

/**
 * As recombine(), but blocks until the end and throws the errors with which recombine() rejects. The same bits. It reads the
 * features where they are, without a copy.
 */
export function recombineSync(features: PointsInput, options: RecombineSyncOptions): Recombined {
  return forms.runSync(options, features)
}
