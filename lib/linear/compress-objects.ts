// Compression of anything whose output is a sum over like parts: few of the parts, each counted several times.

import { rangeError, typeError } from '../errors.js'
import { copyColumns, copyWeights } from '../input/labelled-rows.js'
import {
  type AsyncOptions,
  checkScale,
  optional,
  optionsOf,
  shared,
  type ThreadOptions,
  withDefault,
} from '../input/options.js'
import { columnList, nativeSpace, type OrderBlock, orderBlocks, wholeOrderOrAuto } from '../input/order.js'
import { type PointsInput, readPoints } from '../input/points.js'
import { float64s } from '../native/memory.js'
import type { Compressed } from '../points/compress.js'
import type { Numbers } from '../surface.js'
import type { Plan } from './plan.js'
import { planRows } from './plan-rows.js'
import { type Chosen, runPlan, runPlanSync } from './run-plan.js'

/** What compressObjectsSync() may be told. */
export interface CompressObjectsSyncOptions extends ThreadOptions {
  /** Numbers per part. Must be given with a typed array; may be left out with an ndarray-like object. */
  dimension?: number | undefined
  /** The most parts in the result. Default and least: as many as moments, which is one cell. Must be given for order 'auto'. */
  size?: number | undefined
  /**
   * The highest degree in the columns that are not in `linear`, a whole number from 0 to 255. 'auto' (default): the highest
   * order with which two cells fit into the size, of at most 256 moments per cell, and at most order 16 (24 for one
   * column).
   */
  order?: number | 'auto' | undefined
  /**
   * In place of `order`: a product of polynomial spaces, each on columns of its own. It suits parts whose numbers come in
   * groups that are multiplied with each other. Cells are cut along the columns of the first block.
   */
  blocks?: OrderBlock[] | undefined
  /**
   * The columns in which the contribution of every part is linear. They are matched to degree 1, times every monomial in the
   * others, and cells are cut along the others alone. Without `blocks`, columns of few different values (at most as
   * many as there are columns here, and one) split the parts into classes, and each is compressed on its own. Default: none.
   */
  linear?: number[] | undefined
  /** As in compress(). Factors of columns in `linear` are not used. */
  scale?: 'standard' | 'none' | readonly number[] | Numbers | undefined
  /** One number >= 0 per part: how often it counts. Default: all 1. Parts of weight 0 are never chosen. */
  weights?: Numbers | undefined
  /** As in compress(). */
  quality?: 'fast' | 'best' | undefined
}

/** What compressObjects() may be told: the options of compressObjectsSync(), and those of a call that does not block. */
export interface CompressObjectsOptions extends CompressObjectsSyncOptions, AsyncOptions {}

const { read, readSync } = optionsOf('compressObjects', {
  dimension: shared.dimension,
  size: shared.size,
  order: optional(wholeOrderOrAuto),
  blocks: optional(orderBlocks),
  linear: withDefault(columnList, () => []),
  scale: shared.scale,
  weights: shared.weights,
  quality: shared.quality,
  threads: shared.threads,
})
type Values = ReturnType<typeof readSync>

/**
 * The general form under compressNetwork() and compressHeads(), for anything whose output is a sum over like parts:
 * neurons, attention heads, components of a mixture, basis functions, experts, particles. Each row has the numbers of one
 * part. At most `size` of the parts are kept, each with a multiplicity, so that sum_j c_j g(row_j) stays nearly the
 * same for every smooth g.
 *
 * `linear` and `blocks` say what is known of g. A function that is linear in b_1 .. b_q and smooth in the other columns, a,
 * is kept best by the moments {1, b_1 .. b_q} (x) P_k(a), which `linear` asks for: nothing is spent on powers of b, and no cells on
 * distance along b. With neither of them, all moments up to `order` are kept, as by compress().
 *
 * What is trained afterwards needs the multiplicities: see perCopyGradients().
 *
 * Columns that are the same in all parts cost no moments. Cost: time about linear in the parts; memory about three times the
 * input, and what the moments of a cell take (see compress()).
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below both the moments and the number of parts),
 * ERR_NOT_FINITE (names row and column), ERR_WEIGHT, ERR_INFEASIBLE, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: arXiv:2510.00504.
 *
 * @param rows d x m numbers, one row per part, row-major (Float64Array or Float32Array), or
 *   `{ data, shape: [d, m], stride?, offset? }`
 * @returns as compress(); `weights` are the multiplicities, and `order` has what was kept, for verify()
 */
export async function compressObjects(rows: PointsInput, options: CompressObjectsOptions): Promise<Compressed> {
  const start = performance.now()
  const values = read(options)
  const input = readInput('compressObjects', rows, values)
  return toObjects(input, await runPlan(input.plan, values), start)
}

/** As compressObjects(), but blocks until the end and throws the errors with which it rejects. The same bits. */
export function compressObjectsSync(rows: PointsInput, options: CompressObjectsSyncOptions): Compressed {
  const start = performance.now()
  const input = readInput('compressObjectsSync', rows, readSync(options))
  return toObjects(input, runPlanSync(input.plan), start)
}

interface Input {
  plan: Plan
  /** The columns of the plan's rows, as the caller numbers them: those that are not linear, then the linear ones. */
  columns: number[]
  blocks: OrderBlock[] | undefined
}

function readInput(caller: string, given: unknown, options: Values): Input {
  const { blocks, linear, order, scale } = options
  const points = readPoints(given, options.dimension, {
    where: `${caller}: rows`,
    dimensionOption: "option 'dimension'",
  })
  const { count, dimension } = points
  checkScale(scale, dimension, caller)
  if (blocks !== undefined && order !== undefined)
    throw typeError('ERR_OPTION', `${caller}: option 'blocks' takes the place of 'order', and both are given`)
  checkColumns(caller, blocks, linear, dimension)
  const others = Array.from({ length: dimension }, (_, a) => a).filter((a) => !linear.includes(a))
  const columns = [...others, ...linear]
  const data = float64s(count * dimension)
  copyColumns(points, data, 0, dimension, `${caller}: rows`, columns)
  const weights = copyWeights(options.weights, count, `${caller}: option 'weights'`)
  const rows = { data, count, polynomial: others.length, linear: linear.length, weights }
  const place = new Map(columns.map((column, at) => [column, at]))
  const plan = planRows(caller, rows, {
    order: order ?? 'auto',
    blocks: blocks?.map((block) => ({ ...block, columns: block.columns.map((a) => place.get(a) as number) })),
    size: options.size,
    squares: false,
    best: options.quality === 'best',
    threads: options.threads,
    scale: typeof scale === 'string' ? scale : Float64Array.from(others, (a) => scale[a]),
  })
  return { plan, columns, blocks }
}

function checkColumns(caller: string, blocks: OrderBlock[] | undefined, linear: number[], dimension: number): void {
  const where = `${caller}: option 'linear'`
  const far = linear.find((a) => a >= dimension)
  if (far !== undefined) throw rangeError('ERR_OPTION', `${where} has ${far}, but there are ${dimension} columns`)
  const double = linear.find((a, i) => linear.indexOf(a) < i)
  if (double !== undefined) throw rangeError('ERR_OPTION', `${where} has column ${double} twice`)
  if (blocks === undefined) return
  nativeSpace(blocks, dimension, `${caller}: option 'blocks'`)
  const twice = linear.find((a) => blocks.some(({ columns }) => columns.includes(a)))
  if (twice !== undefined) throw rangeError('ERR_OPTION', `${where} has column ${twice}, which is in a block as well`)
}

function toObjects({ plan, columns, blocks }: Input, chosen: Chosen, start: number): Compressed {
  const { data, polynomial } = plan.rows
  const { indices, weights, cells, threads, residual, cellsKeepingLess, partition, recombine } = chosen
  const dimension = columns.length
  const count = indices.length
  const points = float64s(count * dimension)
  for (const [i, row] of indices.entries())
    for (const [at, column] of columns.entries()) points[i * dimension + column] = data[row * dimension + at]
  const { order } = plan.matched
  const [others, linear] = [columns.slice(0, polynomial), columns.slice(polynomial)]
  const polynomials = blocks ?? (others.length > 0 ? [{ columns: others, order }] : [])
  return {
    points,
    weights,
    indices,
    dimension,
    count,
    order: linear.length > 0 ? [...polynomials, { columns: linear, order: 1 }] : (blocks ?? order),
    cells,
    threads,
    residual,
    cellsKeepingLess,
    elapsed: { partition, recombine, total: performance.now() - start },
  }
}
