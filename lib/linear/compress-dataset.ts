// Compression of labelled rows: few of them, with weights, on which a model learns as on all of them.

import { rowsAt } from '../input/arrays.js'
import { copyColumns, type Dataset, readLabelledRows } from '../input/labelled-rows.js'
import {
  type AsyncOptions,
  checkScale,
  optional,
  optionsOf,
  shared,
  type ThreadOptions,
  trueOrFalse,
  withDefault,
} from '../input/options.js'
import { type OrderBlock, wholeOrderOrAuto } from '../input/order.js'
import { float64s } from '../native/memory.js'
import type { Compressed, CompressedFree, WithFreeSupport } from '../points/compress.js'
import type { NativeCompressed, Numbers } from '../surface.js'
import type { Matched, Plan } from './plan.js'
import { planRows } from './plan-rows.js'
import { type Chosen, freeOf, outputsOf, outputsOfSync, type PlanReport, runPlan, runPlanSync } from './run-plan.js'

/** What compressDatasetSync() may be told. */
export interface CompressDatasetSyncOptions extends ThreadOptions {
  /** The most rows in the result. Must be given unless `order` is a number; then the default is the least size, one cell. */
  size?: number | undefined
  /**
   * The highest degree in x of the moments that are kept, a whole number from 0 to 255. 'auto' (default): the highest order
   * with which two cells fit into the size, of at most 256 moments per cell, and at most order 16 (24 for one column).
   *
   * Measured: the relative error of the gradient of a two-layer network on 1000 of 10^4 rows, with noise well above the
   * signal. For tanh it is 4e-5 with order 2, 7e-7 with 5, 2e-8 with 10. For relu it is 5e-3 to 9e-3 with every order from 1
   * to 16. A random subset has 9e-2.
   */
  order?: number | 'auto' | undefined
  /**
   * Whether the square y_a^2 of each label is matched as well, times every monomial in x (but no product of two
   * labels). With the squares, the value of a squared loss and the noise of its mini-batch gradients stay the same.
   * Without them, only gradients of the whole set do: the loss of noisy data can be off by its own size, because the
   * chosen rows have extreme labels. Default: true where two cells with them fit into the size. It makes no difference
   * for classes, such as one-hot labels: every function of these is kept.
   */
  squares?: boolean | undefined
  /** One number >= 0 per row, in any unit. Default: `data.weights`, or else all 1. Rows of weight 0 are never chosen. */
  weights?: Numbers | undefined
  /** As in compress(); as numbers, one per column of x. Cells are never cut along labels. */
  scale?: 'standard' | 'none' | readonly number[] | Numbers | undefined
  /** As in compress(). 'best' (default): cells keep a higher order in x than `order`, as far as size and time allow. */
  quality?: 'fast' | 'best' | undefined
  /**
   * As in compress(). 'free': the rows of the result are none of the input. Of classes they have a label of the input, and a
   * place in x of their own. Of other labels they are the means of x and y over cells. See compressDataset().
   */
  support?: 'rows' | undefined
}

/** What compressDataset() may be told: the options of compressDatasetSync(), and those of a call that does not block. */
export interface CompressDatasetOptions extends CompressDatasetSyncOptions, AsyncOptions {}

/** A re-weighted subset of the rows. `Indices`: what the row numbers are held in. */
export interface CompressedDataset<Indices = Uint32Array> extends Compressed<Indices> {
  /** count x (inputs + outputs), row-major: each row of x followed by its row of y. `dimension` is inputs + outputs. */
  points: Float64Array
  /** count x inputs, row-major: the rows chosen, bit for bit as they were (float32 widened). */
  x: Float64Array
  /** count x outputs, row-major: their labels. */
  y: Float64Array
  /** Columns of x. */
  inputs: number
  /** Labels per row. */
  outputs: number
  /**
   * The moments that are kept, as blocks of columns of `points`, for verify(). Blocks cannot express the squares of several
   * outputs: with `matched.factors` 'squares' these are kept as well.
   */
  order: OrderBlock[]
  /** The order in x, the factors, and the number of moments. */
  matched: Matched
}

/** Rows that are none of the input: class by class, with labels of the input, or means of x and y over cells. */
export interface CompressedFreeDataset
  extends CompressedDataset<undefined>,
    Pick<CompressedFree, 'freeCells' | 'rowCells' | 'whyRows'> {
  points: Float64Array
  indices: undefined
  order: OrderBlock[]
}

const { read, readSync } = optionsOf('compressDataset', {
  size: shared.size,
  order: withDefault(wholeOrderOrAuto, () => 'auto' as const),
  squares: optional(trueOrFalse),
  weights: shared.weights,
  scale: shared.scale,
  quality: shared.quality,
  support: shared.support,
  threads: shared.threads,
})
type Values = ReturnType<typeof readSync>

/**
 * Compresses a training set (a coreset): replaces d rows (x, y) by at most `size` of them with new weights. The moments
 * {1, y_1 .. y_q, y_1^2 .. y_q^2} (x) P_k(x) stay the same: every polynomial of degree <= k in x, alone, times every label
 * and times every label's square.
 *
 * So least squares with polynomials of degree <= k / 2 gives the same result to rounding. The gradient of a squared loss is
 * nearly the same for any smooth model. So is that of cross-entropy, which is linear in one-hot labels. Cells are cut along
 * x alone: a squared loss is a polynomial in y, so distance along y does no harm.
 *
 * Train with the weighted mean of the loss. Or draw rows with probability proportional to the weight, and use the plain
 * loss.
 *
 * Labels with at most 1 + q different rows (one-hot, 0 and 1, +1 and -1) are classes. Each class is compressed on its own,
 * with a share of the size. It keeps all of P_k(x), and with it every function of y times P_k(x).
 *
 * With N = momentCount(m, k), there are (1 + q) N moments, with squares (1 + 2 q) N, and c N of c classes. Constant columns
 * cost none. Where labels sum to a constant, one of their columns costs none.
 *
 * Cost: time about linear in d; memory about three times the input, and what the moments of a cell take (see compress()).
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below both the moments and d), ERR_NOT_FINITE (names x
 * or y, row and column), ERR_WEIGHT, ERR_INFEASIBLE, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: arXiv:2510.00504, with these label-aware moments in place of all moments of (x, y).
 *
 * @param data `{ x, y, inputs, outputs, weights? }`: d x m numbers x and d x q numbers y, row-major or ndarray-like
 */
export function compressDataset(data: Dataset, options: CompressDatasetOptions): Promise<CompressedDataset>
/**
 * The same with free support. For labels that are classes, about `inputs + 1` times fewer points keep the moments of a cell,
 * with places in x that may be none of the input's, each of one class of the input.
 *
 * For other labels the points are the means of x and y over cells, which are cut along x; there are as many cells as points.
 * The moments of degree 1 of x and y are kept. Weights are more even than those of rows, and noise of the labels is
 * averaged, so this is the better choice where the model has more parameters than there are rows. `order` must be 'auto' or
 * 1, `squares` must not be true, and `quality` means nothing.
 *
 * Measured on six real tables, a hundredth of the rows, the loss on others divided by that of training on all: a quadratic
 * polynomial has 1.01, kernel ridge regression 1.05, a network 1.03, boosted trees 1.23; on chosen rows 1.26, 1.81, 1.97,
 * 2.01, on random ones 1.18, 1.56, 1.47, 1.46 (`npm run bench -- tabular`).
 */
export function compressDataset(
  data: Dataset,
  options: WithFreeSupport<CompressDatasetOptions>,
): Promise<CompressedFreeDataset>
export async function compressDataset(
  data: Dataset,
  options: CompressDatasetOptions | WithFreeSupport<CompressDatasetOptions>,
): Promise<CompressedDataset | CompressedFreeDataset> {
  const start = performance.now()
  const values = read(options)
  const input = readInput('compressDataset', data, values)
  if (values.support === 'free') return toFreeDataset(input, await outputsOf(input.plan, values), start)
  return toDataset(input, await runPlan(input.plan, values), start)
}

/** As compressDataset(), but blocks until the end and throws the errors with which it rejects. The same bits. */
export function compressDatasetSync(data: Dataset, options: CompressDatasetSyncOptions): CompressedDataset
/** As compressDataset() with free support, but blocks until the end. */
export function compressDatasetSync(
  data: Dataset,
  options: WithFreeSupport<CompressDatasetSyncOptions>,
): CompressedFreeDataset
export function compressDatasetSync(
  data: Dataset,
  options: CompressDatasetSyncOptions | WithFreeSupport<CompressDatasetSyncOptions>,
): CompressedDataset | CompressedFreeDataset {
  const start = performance.now()
  const values = readSync(options)
  const input = readInput('compressDatasetSync', data, values)
  if (values.support === 'free') return toFreeDataset(input, outputsOfSync(input.plan), start)
  return toDataset(input, runPlanSync(input.plan), start)
}

interface Input {
  plan: Plan
  inputs: number
  outputs: number
}

function readInput(caller: string, given: unknown, options: Values): Input {
  const { x, y, weights } = readLabelledRows(given, { caller, name: 'data', path: '' }, { weights: options.weights })
  checkScale(options.scale, x.dimension, caller, 'column of x')
  const data = float64s(x.count * (x.dimension + y.dimension))
  copyColumns(x, data, 0, x.dimension + y.dimension, `${caller}: x`)
  copyColumns(y, data, x.dimension, x.dimension + y.dimension, `${caller}: y`)
  const rows = { data, count: x.count, polynomial: x.dimension, linear: y.dimension, weights }
  const { order, size, squares, threads, scale } = options
  const plan = planRows(caller, rows, {
    order,
    size,
    squares,
    threads,
    scale,
    best: options.quality === 'best',
    free: options.support === 'free',
  })
  return { plan, inputs: x.dimension, outputs: y.dimension }
}

function toDataset(input: Input, chosen: Chosen, start: number): CompressedDataset {
  const { data } = input.plan.rows
  const { indices, weights, ...report } = chosen
  const dimension = input.inputs + input.outputs
  const points = rowsAt(data, indices, dimension)
  return { ...datasetOf(input, points, weights, report, start), indices }
}

function toFreeDataset(input: Input, outputs: NativeCompressed[], start: number): CompressedFreeDataset {
  const { data, weights, freeCells, rowCells, whyRows, ...report } = freeOf(input.plan, outputs)
  return { ...datasetOf(input, data, weights, report, start), indices: undefined, freeCells, rowCells, whyRows }
}

/** All but the indices. `points`: count x (inputs + outputs). */
function datasetOf(
  { plan: { matched }, inputs, outputs }: Input,
  points: Float64Array,
  weights: Float64Array,
  { cells, threads, residual, cellsKeepingLess, partition, recombine }: PlanReport,
  start: number,
): Omit<CompressedDataset, 'indices'> {
  const count = weights.length
  const dimension = inputs + outputs
  const x = float64s(count * inputs)
  const y = float64s(count * outputs)
  for (let i = 0; i < count; i++) {
    const row = points.subarray(i * dimension, (i + 1) * dimension)
    x.set(row.subarray(0, inputs), i * inputs)
    y.set(row.subarray(inputs), i * outputs)
  }
  const range = (from: number, length: number) => Array.from({ length }, (_, i) => from + i)
  const order: OrderBlock[] =
    matched.factors === 'all'
      ? [{ columns: range(0, dimension), order: matched.order }]
      : [
          { columns: range(0, inputs), order: matched.order },
          { columns: range(inputs, outputs), order: matched.factors === 'squares' && outputs === 1 ? 2 : 1 },
        ]
  return {
    points,
    x,
    y,
    weights,
    inputs,
    outputs,
    dimension,
    count,
    order,
    matched,
    cells,
    threads,
    residual,
    cellsKeepingLess,
    elapsed: { partition, recombine, total: performance.now() - start },
  }
}
