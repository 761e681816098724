// Compares the moments of two weighted sets by a computation of its own.
import { rangeError } from '../errors.js'
import { bothForms } from '../input/both-forms.js'
import { sumCount } from '../input/multi-index.js'
import { type AsyncOptions, type OptionValues, required, shared, type ThreadOptions } from '../input/options.js'
import { momentsOf, nativeSpace, type OrderBlock, orderOrBlocks } from '../input/order.js'
import { isNumbers, type PointsInput, readPoints, readWeights } from '../input/points.js'
import { memoryToHave } from '../native/memory.js'
import type { NativePoints, NativeVerifyInput, Numbers } from '../surface.js'

/** Points with weights. The result of compress() is one. */
export interface WeightedSet {
  /** count x dimension numbers, row-major, or an ndarray-like object. */
  points: PointsInput
  /** One number >= 0 per point. Default: all 1. */
  weights?: Numbers | undefined
  /** Columns. Default: the option, or those of the other set. */
  dimension?: number | undefined
}

/** What verifySync() may be told. */
export interface VerifySyncOptions extends ThreadOptions {
  /** Columns, m. May be left out when one of the sets tells it, as the result of compress() and ndarray-like objects do. */
  dimension?: number | undefined
  /** The highest degree that is compared, a whole number from 0 to 255, or blocks as in compress(). */
  order: number | OrderBlock[]
}

/** What verify() may be told: the options of verifySync(), and those of a call that does not block. */
export interface VerifyOptions extends VerifySyncOptions, AsyncOptions {}

/** How far the moments of one set are from those of another. */
export interface Verification {
  /** The largest of `perOrder`. 2.2e-16 is one machine epsilon. */
  residual: number
  /**
   * Per degree, from 0 to `order` (with blocks: to the sum of their orders), the largest residual of the moments of that
   * degree.
   */
  perOrder: Float64Array
}

const table = {
  dimension: shared.dimension,
  order: required(orderOrBlocks, 'the highest degree of the moments, for example 3'),
  threads: shared.threads,
}
const forms = bothForms('verify', table, readInput)

/**
 * How far the moments of `compressed` are from those of `original`: |sum c' z^a - sum c z^a| / sum c |z^a| for every
 * multi-index a of degree <= `order`, z the columns standardised over the original. So units and offsets do not matter, and
 * heavy tails hide nothing. Summed in double-double, directly from the points: it uses no basis, no sum and no result of
 * the compression.
 *
 * Cost: time about d * momentCount(m, order); memory the copies of both sets.
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE, ERR_NOT_FINITE (names row and column), ERR_WEIGHT,
 * ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 *
 * @param original points as in compress(), whose weights are then all 1, or `{ points, weights?, dimension? }`
 * @param compressed the same, for example the result of compress()
 */
export async function verify(
  original: PointsInput | WeightedSet,
  compressed: PointsInput | WeightedSet,
  options: VerifyOptions,
): Promise<Verification> {
  return forms.run(options, original, compressed)
}

/** As verify(), but blocks until the end and throws the errors with which verify() rejects. The same bits. */
export function verifySync(
  original: PointsInput | WeightedSet,
  compressed: PointsInput | WeightedSet,
  options: VerifySyncOptions,
): Verification {
  return forms.runSync(options, original, compressed)
}

function readInput(
  caller: string,
  options: OptionValues<typeof table>,
  originalGiven: unknown,
  compressedGiven: unknown,
): NativeVerifyInput {
  const first = readSet(originalGiven, `${caller}: original`)
  const second = readSet(compressedGiven, `${caller}: compressed`)
  const original = readSetPoints(first, options.dimension, second.dimension)
  const compressed = readSetPoints(second, options.dimension, original.dimension)
  if (original.dimension !== compressed.dimension) {
    throw rangeError(
      'ERR_SHAPE',
      `${caller}: original has ${original.dimension} columns, compressed has ${compressed.dimension}`,
    )
  }
  const { order, threads } = options
  const space = nativeSpace(order, original.dimension, `${caller}: option 'order'`)
  if (typeof order === 'number') sumCount(caller, original.dimension, order)
  else momentsOf(caller, order, original.dimension)
  const input: NativeVerifyInput = { original, compressed, ...space, threads, memory: memoryToHave() }
  const originalWeights = readWeights(first.weights, original.count, `${first.where}.weights`)
  const compressedWeights = readWeights(second.weights, compressed.count, `${second.where}.weights`)
  if (originalWeights !== undefined) input.originalWeights = originalWeights
  if (compressedWeights !== undefined) input.compressedWeights = compressedWeights
  return input
}

interface SetGiven {
  where: string
  points: unknown
  weights: Numbers | undefined
  dimension: number | undefined
}

/** Each field is read once. */
function readSet(given: unknown, where: string): SetGiven {
  const isSet = typeof given === 'object' && given !== null && !ArrayBuffer.isView(given) && 'points' in given
  if (!isSet) return { where, points: given, weights: undefined, dimension: undefined }
  const { points, weights, dimension } = given as Record<string, unknown>
  return {
    where,
    points,
    weights: weights === undefined ? undefined : shared.weights.check(weights, `${where}.weights`),
    dimension: dimension === undefined ? undefined : shared.dimension.check(dimension, `${where}.dimension`),
  }
}

/** The option and the set's own dimension must agree. `other` counts only where both are left out. */
function readSetPoints(set: SetGiven, option: number | undefined, other: number | undefined): NativePoints {
  const { where, dimension } = set
  if (option !== undefined && dimension !== undefined && option !== dimension) {
    throw rangeError('ERR_SHAPE', `${where}.dimension is ${dimension}, but option 'dimension' is ${option}`)
  }
  const dimensionOption = dimension === undefined ? "option 'dimension'" : `${where}.dimension`
  const known = dimension ?? option ?? (isNumbers(set.points) ? other : undefined)
  return readPoints(set.points, known, { where, dimensionOption })
}
