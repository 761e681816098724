// The main job: replaces a weighted set of points by few of its points, or by few free ones, with new weights and the same
// moments.
import { rangeError, typeError } from '../errors.js'
import { largestOrder } from '../input/multi-index.js'
import {
  type AsyncOptions,
  checkScale,
  type OptionValues,
  optional,
  optionsOf,
  realNumber,
  shared,
  sizeForAuto,
  type ThreadOptions,
  trueOrFalse,
  withDefault,
} from '../input/options.js'
import { momentsOf, type NativeSpace, nativeSpace, type OrderBlock, orderOrAuto } from '../input/order.js'
import { type PointsInput, readWeighted } from '../input/points.js'
import { runJob } from '../native/job.js'
import { memoryToHave } from '../native/memory.js'
import { native } from '../native/native.js'
import type { NativeCompressed, NativeCompressInput, Numbers, WhyRows } from '../surface.js'
import { compressToTolerance, compressToToleranceSync } from './tolerance.js'

export type { WhyRows }

/** What compressSync() may be told. */
export interface CompressSyncOptions extends ThreadOptions {
  /** Columns, m. Must be given with a typed array; may be left out with an ndarray-like object. */
  dimension?: number | undefined
  /** One number >= 0 per point, in any unit. Default: all 1. Points of weight 0 are never chosen. */
  weights?: Numbers | undefined
  /**
   * Which moments are kept.
   *
   * A whole number from 0 to 255: those of all monomials up to this degree. 3 to 5 suit most uses.
   *
   * 'auto' (default; `size` must then be given): the highest order with which two cells fit into the size, of at most 256
   * moments per cell, and at most order 16 (24 for one column). For smooth functions few cells of high order are far better
   * than many cells of low order. Functions with kinks hardly notice.
   *
   * Blocks: the moments of a product of polynomial spaces, each on its own columns. Cells are cut along the columns of the
   * first block only.
   */
  order?: number | 'auto' | OrderBlock[] | undefined
  /**
   * The most points in the result. Default and least: momentCount(m, order), which is one cell. More points make more cells.
   * Each keeps its own moments, so the error on functions that are not polynomials is smaller.
   */
  size?: number | undefined
  /**
   * The units in which cells are cut. 'standard' (default): each column's weighted standard deviation, so that units do not
   * matter. 'none': the coordinates as they are. Numbers: one factor per column on the standard unit. A larger factor cuts
   * finer along that column, and 0 leaves it out. The moments kept are the same for all.
   */
  scale?: 'standard' | 'none' | readonly number[] | Numbers | undefined
  /**
   * 'best' (default): cells keep more moments than `order` asks for, as far as `size` has room for them and, by an estimate,
   * the call takes at most 2.7 times as long. This makes the error of smooth functions smaller, often by orders of
   * magnitude. 'fast': cells keep the moments of `order` and no others.
   */
  quality?: 'fast' | 'best' | undefined
  /**
   * Where the points of the result may lie. 'rows' (default): they are rows of the input. 'free': anywhere in the box of
   * their cell. Then about dimension + 1 times fewer points have the moments of a cell, and cells are as many times
   * smaller. The result has no `indices`.
   */
  support?: 'rows' | undefined
  /**
   * With support 'free': whether points must lie in the convex hull of the points of their cell. Default false: in their
   * box. Cells without such points keep rows: few in two columns, most in five.
   */
  hull?: boolean | undefined
  /**
   * With support 'free': whether all points have the same weight. Default false. The set is then one cell of exactly `size`
   * points, near the means of as many parts of equal mass, or near a point of each. A set without weights that has no more
   * points than `size` stays whole. `order` 'auto' has the rule of rows, and `quality` means nothing.
   *
   * Two times momentCount(m, order) / m points do where the set is even, and more where it has tails. Rejects with
   * ERR_INFEASIBLE where none are found. A step of Newton's method takes about size x m x moments^2 operations. Five to
   * twenty do; where no points are found, up to 480 are tried. Rows with equal weights do not have the moments, chance aside.
   */
  equalWeights?: boolean | undefined
  /**
   * No weight is below so many times the mean of its cell. A number >= 0 and < 1; default 0, any positive weight. Points of
   * small weight are exchanged for others of their cell, at the same moments, so it takes longer. The smaller the
   * number, the more sets have such weights. Rejects with ERR_INFEASIBLE where none are found.
   */
  minimumWeight?: number | undefined
  /**
   * The residual that will do, as `residual` of the result. Default: moments are kept to rounding. With it the result is one
   * cell of as few points as reach it, found by bisection: fewer than moments. `order` must be a number; `size` and
   * `quality` are not needed. Takes about log2(momentCount(m, order)) times as long, and `onProgress` is not called.
   */
  tolerance?: number | undefined
}

/** What compress() may be told: the options of compressSync(), and those of a call that does not block. */
export interface CompressOptions extends CompressSyncOptions, AsyncOptions {}

/** The same options with points that may lie anywhere. */
export type WithFreeSupport<Options> = Omit<Options, 'support'> & {
  /** As in CompressSyncOptions. */
  support: 'free'
}

/** A re-weighted subset of the points given. `Indices`: what its row numbers are held in. */
export interface Compressed<Indices = Uint32Array> {
  /** count x dimension, row-major: the rows chosen, bit for bit as they were (float32 widened). */
  points: Float64Array
  /** The new weights, all positive and finite. Their sum is that of the given weights. */
  weights: Float64Array
  /** The rows of the input that these points are, ascending. */
  indices: Indices
  /** Columns, m. */
  dimension: number
  /** Points in the result, at most `size`. */
  count: number
  /** The order that was given; for 'auto' the order that was chosen. */
  order: number | OrderBlock[]
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
  /**
   * With quality 'best': how many cells keep only the moments of `order` to full accuracy, because no strategy kept more
   * there. Where it is not 0, smooth means of the whole set may be no better than with 'fast'.
   */
  cellsKeepingLess: number
  /** Milliseconds. */
  elapsed: {
    /** Cutting the set into cells. */
    partition: number
    /** Choosing points and weights in all cells. */
    recombine: number
    /** The whole call. */
    total: number
  }
}

/** Points that may lie anywhere, with weights. */
export interface CompressedFree extends Compressed<undefined> {
  /**
   * count x dimension, row-major, cell by cell. Each is in the box of the points of its cell; not always in their convex
   * hull. Where a cell has too few points to be reduced, or free points were not found, its points are rows.
   */
  points: Float64Array
  /** Free points are no rows of the input. */
  indices: undefined
  /** How many cells have free points. */
  freeCells: number
  /** How many cells keep rows because no free points were found for them. */
  rowCells: number
  /**
   * Why all points are rows, as with support 'rows'; `freeCells` and `rowCells` are 0 then. Undefined: there are free points.
   *
   * - 'whole': there are no more different points than `size`.
   * - 'order': there are no free points for this order and dimension, or `size` has no room for those of a cell.
   * - 'cells': hardly a cell had any, as on a curve, on a lattice, or where columns have few different values.
   * - 'size': the cells without any keep rows, and with these all cells together had more than `size` points.
   * - 'precision': free points were found, but rounded to doubles they lose the moments, as far from the origin.
   */
  whyRows: WhyRows | undefined
  /**
   * With quality 'best': how many cells keep rows, with fewer moments than the cells that have free points. Where all points
   * are rows, as in Compressed.
   */
  cellsKeepingLess: number
}

/** The options that say what is kept, also of streams. */
export const keepingTable = {
  order: withDefault(orderOrAuto, () => 'auto' as const),
  size: shared.size,
  threads: shared.threads,
  scale: shared.scale,
  quality: shared.quality,
  support: shared.support,
}
const table = {
  dimension: shared.dimension,
  weights: shared.weights,
  ...keepingTable,
  minimumWeight: withDefault(realNumber(0, 1), () => 0),
  tolerance: optional(realNumber(0)),
  hull: withDefault(trueOrFalse, () => false),
  equalWeights: withDefault(trueOrFalse, () => false),
}
const { read, readSync } = optionsOf('compress', table)
type Values = OptionValues<typeof table>

/**
 * Replaces d weighted points in R^m by at most `size` of them with new positive weights, so that every polynomial moment up
 * to `order` stays the same (Caratheodory-Tchakaloff subsampling, cell by cell).
 *
 * Sets of no more points than moments stay whole. Where it takes seconds at most, they are reduced to the rank of their
 * moments. Otherwise only equal points are merged.
 *
 * Cost: time about linear in d. Peak memory, Node and the input included, stays below three times the input + 150 MB
 * (`npm run bench -- throughput`), as long as a cell has at most 256 moments. From 257 moments N on, a cell takes about
 * 8 N min(d, 9 N) bytes more, and from 3000 on 24 N^2: order 20 in 4 columns has 10,626 moments and takes 2.7 GB for 22,000
 * points or more. A call that needs more memory than there is, is refused before the work begins.
 *
 * The work happens off the event loop. The input is never written to. It is copied before this returns, so it may be changed
 * or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below both momentCount(m, order) and d),
 * ERR_NOT_FINITE (names row and column), ERR_WEIGHT, ERR_INFEASIBLE (more than half of the digits would be lost), ERR_MEMORY,
 * ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: arXiv:2510.00504 for the cells and their error; V. Tchakaloff (1957) for the points and weights of one cell.
 *
 * @param points d x m numbers, row-major (Float64Array or Float32Array), or `{ data, shape: [d, m], stride?, offset? }`
 */
export function compress(points: PointsInput, options: CompressOptions): Promise<Compressed>
/**
 * The same with points that may lie anywhere (free support), like the nodes of a Gauss quadrature: about dimension + 1 times
 * fewer points keep the moments of a cell, to the same accuracy. Orders up to 20 in two columns, 10 in three, 7 in four, 5 in
 * five, 4 in six, 3 in seven and eight, 31 in one column; order 1 has the points of order 2. `size` can be as small as one
 * cell's free points.
 *
 * Made for columns that are continuous. Rows are kept where free points are not found; see CompressedFree. With `order` as
 * blocks it rejects with ERR_OPTION: labels, classes and whole numbers must stay what they are.
 */
export function compress(points: PointsInput, options: WithFreeSupport<CompressOptions>): Promise<CompressedFree>
export function compress(
  points: PointsInput,
  options: CompressOptions | WithFreeSupport<CompressOptions>,
): Promise<Compressed | CompressedFree>
export async function compress(
  points: PointsInput,
  options: CompressOptions | WithFreeSupport<CompressOptions>,
): Promise<Compressed | CompressedFree> {
  const values = read(options)
  const input = readInput('compress', points, values)
  const { tolerance, signal } = values
  const output =
    tolerance === undefined
      ? await runJob((progress) => native().compress(input, progress), values)
      : await compressToTolerance(input, tolerance, orderOfOneCell(input), signal)
  return toCompressed(input, output, values)
}

/** As compress(), but blocks until the end and throws the errors with which compress() rejects. The same bits. */
export function compressSync(points: PointsInput, options: CompressSyncOptions): Compressed
/** As compress() with free support, but blocks until the end. */
export function compressSync(points: PointsInput, options: WithFreeSupport<CompressSyncOptions>): CompressedFree
export function compressSync(
  points: PointsInput,
  options: CompressSyncOptions | WithFreeSupport<CompressSyncOptions>,
): Compressed | CompressedFree
export function compressSync(
  points: PointsInput,
  options: CompressSyncOptions | WithFreeSupport<CompressSyncOptions>,
): Compressed | CompressedFree {
  const values = readSync(options)
  const input = readInput('compressSync', points, values)
  const { tolerance } = values
  const output =
    tolerance === undefined
      ? native().compressSync(input)
      : compressToToleranceSync(input, tolerance, orderOfOneCell(input))
  return toCompressed(input, output, values)
}

/**
 * compressSync() for tests and benchmarks. Tells as well how many cells each strategy of
 * native/kernel/compression/ladder.hpp answered, by its name.
 */
export function compressCounted(points: PointsInput, options: CompressSyncOptions) {
  const values = readSync(options)
  const input = readInput('compressSync', points, values)
  const output = native().compressSync(input)
  return { result: toCompressed(input, output, values) as Compressed, strategies: output.strategies }
}

function readInput(caller: string, given: unknown, options: Values): NativeCompressInput {
  const set = readWeighted(caller, given, options)
  const { dimension, count } = set.points
  const { order, minimumWeight, tolerance, hull, equalWeights, support } = options
  // Points of equal weight are as many as are asked for, and have no rule that needs room.
  const isOwnSize = equalWeights && typeof order === 'number'
  const keeping = keepingInput(caller, isOwnSize ? { ...options, size: undefined } : options, dimension, count)
  if (equalWeights) keeping.size = options.size ?? keeping.size
  if (tolerance !== undefined) {
    if (typeof order !== 'number')
      throw typeError(
        'ERR_OPTION',
        `${caller}: option 'tolerance' needs 'order' as a number, the moments that are to be kept so far`,
      )
    keeping.size = Math.min(keeping.size, momentsOf(caller, order, dimension))
  }
  if (hull && support === 'rows')
    throw typeError('ERR_OPTION', `${caller}: option 'hull' is for support 'free'; rows lie in the hull as they are`)
  if (equalWeights && support === 'rows')
    throw typeError(
      'ERR_OPTION',
      `${caller}: option 'equalWeights' is for support 'free'; rows need weights of their own`,
    )
  if (equalWeights && (hull || minimumWeight > 0 || tolerance !== undefined)) {
    const other = hull ? 'hull' : minimumWeight > 0 ? 'minimumWeight' : 'tolerance'
    throw typeError('ERR_OPTION', `${caller}: options 'equalWeights' and '${other}' exclude each other`)
  }
  return { ...set, ...keeping, hull, equalWeights, ...(minimumWeight > 0 && { minimumWeight }), memory: memoryToHave() }
}

/** The same for the native side. `count`: how many points there are; Infinity where nobody knows. */
export function keepingInput(
  caller: string,
  options: OptionValues<typeof keepingTable>,
  dimension: number,
  count: number,
): Omit<NativeCompressInput, 'points' | 'weights'> {
  const { scale } = options
  const { space, size } = readSpace(caller, options, dimension, count)
  const input = {
    ...space,
    size,
    best: options.quality === 'best',
    free: options.support === 'free',
    threads: options.threads,
    standardise: scale !== 'none',
  }
  checkScale(scale, dimension, caller)
  return typeof scale === 'string' ? input : { ...input, scales: scale }
}

/** The moments to keep, and the most points. */
function readSpace(
  caller: string,
  options: OptionValues<typeof keepingTable>,
  dimension: number,
  count: number,
): { space: NativeSpace & { auto: boolean }; size: number } {
  const { order, support } = options
  const most = (size: number, moments: number) => Math.min(size, Math.max(moments, count)) // more than all is all
  if (order === 'auto') {
    return { space: { order: 0, auto: true }, size: most(sizeForAuto(options.size, caller), 1) }
  }
  const isFree = support === 'free'
  if (isFree && typeof order !== 'number') {
    throw typeError(
      'ERR_OPTION',
      `${caller}: option 'support' must be 'rows' when 'order' is a list of blocks: free points have the moments of one order`,
    )
  }
  const space = nativeSpace(order, dimension, `${caller}: option 'order'`)
  const moments = momentsOf(caller, order, dimension)
  const size = options.size ?? moments
  // What a stream holds is rows.
  const perCell = isFree && count < Infinity ? pointsPerCell(dimension, order as number, moments) : moments
  const least = Math.min(moments, count, perCell)
  if (size < least) {
    const blocks = typeof order !== 'number'
    const largest = () =>
      perCell < moments ? largestFreeOrder(dimension, order as number, size) : largestOrder(dimension, size)
    throw rangeError(
      'ERR_SIZE',
      `${caller}: size ${size} is too small: the least size for ` +
        `${blocks ? 'these blocks' : `order ${order}`} in ${dimension} columns is ${least}` +
        (blocks ? '' : `, the largest order for size ${size} is ${largest()}`),
    )
  }
  return { space: { ...space, auto: false }, size: most(size, moments) }
}

/** How many free points have the moments of a cell; as many rows as moments where there are no free points. */
function pointsPerCell(columns: number, order: number, moments: number): number {
  return native().freePoints({ columns, order }) || moments
}

/** The largest order below `order` for which the size has room, with free points or with rows. */
function largestFreeOrder(columns: number, order: number, size: number): number {
  const withRows = largestOrder(columns, size)
  for (let lower = order - 1; lower > withRows; lower--)
    if (pointsPerCell(columns, lower, Infinity) <= size) return lower
  return withRows
}

/** The highest order of one cell of so many points, up to that of the input. */
function orderOfOneCell({ points: { dimension }, order, free }: NativeCompressInput): (size: number) => number {
  return (size) => {
    if (!free) return largestOrder(dimension, size)
    return pointsPerCell(dimension, order, Infinity) <= size ? order : largestFreeOrder(dimension, order, size)
  }
}

export function toCompressed(
  input: NativeCompressInput,
  output: NativeCompressed,
  { order, support }: Pick<Values, 'order' | 'support'>,
): Compressed | CompressedFree {
  const { points, weights, indices, cells, threads, residual, cellsKeepingLess, partition, recombine, total } = output
  const { freeCells, rowCells, whyRows } = output
  return {
    points,
    weights,
    ...(support === 'free' ? { indices: undefined, freeCells, rowCells, whyRows } : { indices }),
    dimension: input.points.dimension,
    count: weights.length,
    order: order === 'auto' ? output.order : order,
    cells,
    threads,
    residual,
    cellsKeepingLess,
    elapsed: { partition, recombine, total },
  }
}
