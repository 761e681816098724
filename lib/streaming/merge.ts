// Sets that were compressed apart become one.
// INTERIM: the lead replaces the inside. Names and shapes stay.
import { rangeError, typeError } from '../errors.js'
import type { PointsInput } from '../input/points.js'
import type { Numbers } from '../native/addon.js'
import type { Compressed, CompressOptions } from '../points/compress.js'
import { Compressor } from './compressor.js'

/** A set to merge: a result of compress(), Compressor or merge(), or any weighted points. */
export interface SetToMerge {
  points: PointsInput
  /** Default: all 1. */
  weights?: Numbers | undefined
  /** Default: that of the options. */
  dimension?: number | undefined
  /** The rows of its source. Default: 0, 1, ... */
  indices?: ArrayLike<number> | undefined
  /** The order up to which it keeps the moments of its source, where that is known. */
  order?: Compressed['order'] | undefined
}

export type MergeOptions = Omit<CompressOptions, 'weights'>

export interface Merged extends Compressed<Uint32Array | Float64Array> {
  /** Per point, the position of its set. `indices` are the rows that this set gives. */
  sets: Uint32Array
}

/**
 * Merges weighted sets into one of at most `size` points with the moments of all together. The sets are taken in the order
 * of their positions; another order gives other bits.
 */
export async function merge(sets: readonly SetToMerge[], options: MergeOptions): Promise<Merged> {
  if (sets.length === 0) throw rangeError('ERR_SHAPE', 'merge: there must be at least one set')
  const dimension = options.dimension ?? sets[0].dimension
  if (dimension === undefined) throw typeError('ERR_OPTION', "merge: option 'dimension' must be given")
  const compressor = new Compressor({ ...options, dimension })
  const starts = [0]
  for (const { points, weights } of sets) {
    await compressor.push(points, weights)
    starts.push(compressor.rows)
  }
  const result = await compressor.finish()
  const of = (row: number) => starts.findLastIndex((start) => start <= row)
  const found = Uint32Array.from(result.indices, of)
  const indices = Float64Array.from(
    result.indices,
    (row, j) => sets[found[j]].indices?.[row - starts[found[j]]] ?? row - starts[found[j]],
  )
  return { ...result, indices, sets: found }
}
