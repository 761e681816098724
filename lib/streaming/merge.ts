// Sets that were compressed apart become one.
import { type CodedError, describe, rangeError, typeError } from '../errors.js'
import { isRecord } from '../input/options.js'
import { momentsOf } from '../input/order.js'
import { type PointsInput, readPoints } from '../input/points.js'
import type { Compressed, CompressedFree, WithFreeSupport } from '../points/compress.js'
import type { Numbers } from '../surface.js'
import { Compressor, type CompressorOptions, type Support } from './compressor.js'

/** A set to merge: a result of compress(), Compressor or merge(), or any weighted points. */
export interface SetToMerge {
  /** count x dimension numbers, row-major, or an ndarray-like object. */
  points: PointsInput
  /** One number >= 0 per point. Default: all 1. */
  weights?: Numbers | undefined
  /** Columns. Default: option `dimension`. */
  dimension?: number | undefined
  /** The numbers of its points in the set that they come from. Default: 0, 1, ... */
  indices?: ArrayLike<number> | undefined
  /** The order up to which it keeps the moments of the set that it comes from. */
  order?: Compressed['order'] | undefined
}

/**
 * As for compress(), without `weights`. `order`: default the lowest of those that the sets tell, else 'auto'. `size`:
 * default the number of points of the largest set, and no fewer than the order needs. `summary`: as for Compressor, for sets that are merged again.
 */
export interface MergeOptions extends Omit<CompressorOptions, 'dimension'> {
  /** Columns, m. May be left out when the sets tell it. */
  dimension?: number | undefined
}

/** The points of many sets that stand for all of them. */
export interface Merged extends Compressed<Uint32Array | Float64Array> {
  /** Per point, the position of the set that it comes from. `indices` has the number that this set gives it. */
  sets: Uint32Array
}

/**
 * Merges weighted sets, of any number and size, into one of at most `size` points with the moments of all of them
 * together. Moments add up: sets that were compressed apart, on many machines or at many times, become the compression of
 * the whole. The points come in the sequence of the sets, and within a set by `indices`.
 *
 * The error of smooth functions is that of compressing all rows at once when the sets were made with option `summary`.
 * Sets of `size` points each have the larger error of that size already.
 *
 * `residual` compares the moments with those of the given sets. `order` of the result is no higher than that of a set
 * which tells its own.
 *
 * The bits depend on the sequence of the sets. Sets from elsewhere must be given by a fixed position, not as they arrive.
 *
 * Cost: as for Compressor. Rejects as compress() does; messages about points say which set.
 */
export function merge(sets: readonly SetToMerge[], options?: MergeOptions): Promise<Merged>
/** The same with free support: what the sets have together keeps its moments with points that may lie anywhere. */
export function merge(sets: readonly SetToMerge[], options: WithFreeSupport<MergeOptions>): Promise<CompressedFree>
export function merge(
  sets: readonly SetToMerge[],
  options: MergeOptions | WithFreeSupport<MergeOptions>,
): Promise<Merged | CompressedFree>
export async function merge(
  sets: readonly SetToMerge[],
  options: MergeOptions | WithFreeSupport<MergeOptions> = {},
): Promise<Merged | CompressedFree> {
  checkKinds(sets, options)
  const { dimension = sets[0].dimension, ...rest } = options
  if (dimension === undefined) {
    throw typeError('ERR_OPTION', "merge: option 'dimension' must be given when the sets do not have it")
  }
  const orders = sets.map(({ order }) => order).filter((order) => order !== undefined)
  const order = options.order ?? lowest(orders)
  const counts = sets.map((set, i) => {
    if (set.dimension !== undefined && set.dimension !== dimension) {
      throw rangeError('ERR_SHAPE', `merge: set ${i} has ${set.dimension} columns, and ${dimension} are expected`)
    }
    return readPoints(set.points, dimension, { where: `merge: set ${i}`, dimensionOption: 'its dimension' }).count
  })
  for (const [i, { indices }] of sets.entries()) {
    if (indices === undefined) continue
    if (indices.length !== counts[i]) {
      throw rangeError('ERR_SHAPE', `merge: set ${i} has ${counts[i]} points and ${indices.length} indices`)
    }
    for (let j = 0; j < indices.length; j++) {
      if (Number.isSafeInteger(indices[j]) && indices[j] >= 0) continue
      throw rangeError('ERR_SHAPE', `merge: set ${i}: indices[${j}] must be a row number, got ${describe(indices[j])}`)
    }
  }
  const compressor = new Compressor<Support>({
    ...rest,
    dimension,
    order,
    size: options.size ?? usualSize(counts, order, dimension),
  })
  for (const [i, { points, weights }] of sets.entries()) await named(i, compressor.push(points, weights))
  const result = await compressor.finish()
  const kept = noHigher(result.order, orders)
  if (result.indices === undefined) return { ...result, order: kept }
  return { ...result, ...origins(sets, counts, result), order: kept }
}

function checkKinds(sets: unknown, options: unknown): void {
  if (!isRecord(options)) throw typeError('ERR_OPTION', `merge: options must be an object, got ${describe(options)}`)
  if (!Array.isArray(sets)) throw typeError('ERR_SHAPE', `merge: sets must be a list of sets, got ${describe(sets)}`)
  if (sets.length === 0) throw rangeError('ERR_SHAPE', 'merge: there must be at least one set, got an empty list')
  for (const [i, set] of sets.entries()) {
    if (!isRecord(set) || !('points' in set)) {
      throw typeError('ERR_SHAPE', `merge: set ${i} must be { points, weights }, got ${describe(set)}`)
    }
  }
}

/** The points of the largest set, and no fewer than moments. */
function usualSize(counts: readonly number[], order: MergeOptions['order'], dimension: number): number {
  const largest = counts.reduce((a, b) => Math.max(a, b))
  return order === undefined || order === 'auto' ? largest : Math.max(largest, momentsOf('merge', order, dimension))
}

/** Messages about points say which set. */
async function named(i: number, push: Promise<void>): Promise<void> {
  try {
    await push
  } catch (error) {
    const { code, message } = error as Partial<CodedError>
    if (code === 'ERR_NOT_FINITE' || code === 'ERR_WEIGHT' || code === 'ERR_SHAPE')
      Object.assign(error as Error, { message: `merge: set ${i}: ${message}` })
    throw error
  }
}

/** The lowest order that all sets keep: of blocks only when they are all the same. */
function lowest(orders: Compressed['order'][]): Compressed['order'] | undefined {
  const numbers = orders.filter((order) => typeof order === 'number')
  if (numbers.length === orders.length)
    return numbers.length === 0 ? undefined : numbers.reduce((a, b) => Math.min(a, b))
  const [first] = orders
  if (orders.every((order) => JSON.stringify(order) === JSON.stringify(first))) return first
  throw typeError('ERR_OPTION', "merge: option 'order' must be given when the sets have different blocks")
}

function noHigher(order: Compressed['order'], orders: Compressed['order'][]): Compressed['order'] {
  const numbers = orders.filter((one) => typeof one === 'number')
  return typeof order === 'number' ? numbers.reduce((a, b) => Math.min(a, b), order) : order
}

/** Rows of all sets together, ascending, become the position of a set and its own number. */
function origins(
  sets: readonly SetToMerge[],
  counts: readonly number[],
  result: Compressed<Uint32Array | Float64Array>,
): Pick<Merged, 'sets' | 'indices'> {
  const from = new Uint32Array(result.count)
  const indices = new Float64Array(result.count)
  let set = 0
  let first = 0
  let largest = 0
  for (const [j, row] of result.indices.entries()) {
    while (row >= first + counts[set]) first += counts[set++]
    from[j] = set
    indices[j] = sets[set].indices?.[row - first] ?? row - first
    largest = Math.max(largest, indices[j])
  }
  return { sets: from, indices: largest < 2 ** 32 ? Uint32Array.from(indices) : indices }
}
