// Labelled rows: few of them, with weights, on which a model learns what it would learn on all.

import { copyColumns, type Dataset, readLabelledRows } from '../input/labelled-rows.js'
import {
  type AsyncOptions,
  checkScale,
  type OptionValues,
  onlyAsync,
  optional,
  readOptions,
  shared,
  type ThreadOptions,
  trueOrFalse,
  withDefault,
} from '../input/options.js'
import { type OrderBlock, wholeOrderOrAuto } from '../input/order.js'
import type { Numbers } from '../native/addon.js'
import { float64s } from '../native/memory.js'
import type { Compressed } from '../points/compress.js'
import type { Matched, Plan } from './plan.js'
import { planRows } from './plan-rows.js'
import { type Chosen, runPlan, runPlanSync } from './run-plan.js'

export interface CompressDatasetSyncOptions extends ThreadOptions {
  /** The most rows in the result. Must be given unless `order` is a number; then the default is the least, one cell. */
  size?: number | undefined
  /**
   * The highest degree in x of the moments that are kept. 'auto' (default): the highest for which two cells fit into
   * the size, at most 256 moments a cell and degree 16 (24 for a single column). Measured, gradients of a two-layer
   * network on 10^4 rows made 1000, noise well above the signal: tanh 4e-5 (degree 2), 7e-7 (5), 2e-8 (10); relu 5e-3
   * to 9e-3 for every degree from 1 to 16, where a random subset has 9e-2.
   */
  order?: number | 'auto' | undefined
  /**
   * Whether the squares of the labels are matched as well, y_a^2 of each output times all that is matched of x (no
   * products of two outputs). Then the value of a squared loss and the noise of its mini-batch gradients stay what
   * they were; without, gradients of the whole set do, but the loss of noisy data can be off by its own size, because
   * the rows chosen have extreme labels. Default: true where two cells with them fit into the size. Makes no
   * difference to labels of few values, one-hot ones above all, whose squares are linear in them.
   */
  squares?: boolean | undefined
  /** One number >= 0 a row. Default: `data.weights`, or else all 1. Rows of weight 0 are never chosen. */
  weights?: Numbers | undefined
  /** As that of compress(), one number for each column of x. Labels are never cut along. */
  scale?: 'standard' | 'none' | readonly number[] | Numbers | undefined
  /** 'best' (default): cells keep a higher degree in x than `order`, as far as size and time allow. 'fast': they do not. */
  quality?: 'fast' | 'best' | undefined
}

export interface CompressDatasetOptions extends CompressDatasetSyncOptions, AsyncOptions {}

/** A re-weighted subset of the rows. */
export interface CompressedDataset extends Compressed {
  /** count x (inputs + outputs): each row of x with its row of y behind. `dimension` is inputs + outputs. */
  points: Float64Array
  /** count x inputs */
  x: Float64Array
  /** count x outputs */
  y: Float64Array
  inputs: number
  outputs: number
  /**
   * What is kept, as blocks of the columns of `points`, for verify(). When `matched.factors` is 'squares' and there are
   * several outputs, the square of each is kept besides, which blocks cannot say.
   */
  order: OrderBlock[]
  /** The degree in x, what it was multiplied with, and the number of moments. */
  matched: Matched
}

const table = {
  size: shared.size,
  order: withDefault(wholeOrderOrAuto, () => 'auto' as const),
  squares: optional(trueOrFalse),
  weights: shared.weights,
  scale: shared.scale,
  quality: shared.quality,
  threads: shared.threads,
}
const asyncTable = { ...table, signal: shared.signal, onProgress: shared.onProgress }

/**
 * Replaces d rows (x, y) by at most `size` of them with new weights, so that the moments {1, y_1 .. y_q, y_1^2 ..
 * y_q^2} (x) P_k(x) stay the same: every polynomial of degree <= k in x, alone and times every label. Least squares
 * with polynomials of degree <= k / 2 is then the same to rounding, and the gradient of a squared loss nearly the
 * same for any smooth model; for cross-entropy, which is linear in one-hot labels, too. Cells are cut along x alone:
 * a squared loss is a polynomial in y, so distance along y does no harm.
 *
 * Train with the weighted mean of the loss, or with rows drawn with probability proportional to the weight and the
 * plain loss.
 *
 * Labels with at most 1 + q different rows (one-hot, 0 and 1, +1 and -1) are classes: each is compressed on its own,
 * with a share of the size and all of P_k(x), which keeps {1, y} (x) P_k(x) and every other function of y as well.
 * Constant columns, and one column of labels that sum to a constant, cost no moments. Labels times moments count: (1
 * + q) N(m, k), with squares (1 + 2 q) N(m, k), c N(m, k) of c classes, N(m, k) = momentCount(m, k).
 *
 * The input is never written to and is copied before this returns. Time is about linear in d; memory is about
 * three times the input. Method: arXiv:2510.00504, with the label-aware features in place of all monomials of (x, y).
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below the moments and d), ERR_NOT_FINITE (names
 * x or y, row and column), ERR_WEIGHT, ERR_INFEASIBLE, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 */
export async function compressDataset(data: Dataset, options: CompressDatasetOptions): Promise<CompressedDataset> {
  const start = performance.now()
  const values = readOptions('compressDataset', options, asyncTable)
  const input = readInput('compressDataset', data, values)
  return toDataset(input, await runPlan(input.plan, values), start)
}

/** As compressDataset(), but blocks until all is done and throws what that rejects with. The same result, bit for bit. */
export function compressDatasetSync(data: Dataset, options: CompressDatasetSyncOptions): CompressedDataset {
  const start = performance.now()
  const values = readOptions('compressDatasetSync', options, table, onlyAsync('compressDataset'))
  const input = readInput('compressDatasetSync', data, values)
  return toDataset(input, runPlanSync(input.plan), start)
}

interface Input {
  plan: Plan
  inputs: number
  outputs: number
}

function readInput(caller: string, given: unknown, options: OptionValues<typeof table>): Input {
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
  })
  return { plan, inputs: x.dimension, outputs: y.dimension }
}

function toDataset({ plan, inputs, outputs }: Input, chosen: Chosen, start: number): CompressedDataset {
  const { data } = plan.rows
  const { indices, weights, cells, threads, residual, partition, recombine } = chosen
  const count = indices.length
  const dimension = inputs + outputs
  const points = float64s(count * dimension)
  const x = float64s(count * inputs)
  const y = float64s(count * outputs)
  for (let i = 0; i < count; i++) {
    const row = data.subarray(indices[i] * dimension, (indices[i] + 1) * dimension)
    points.set(row, i * dimension)
    x.set(row.subarray(0, inputs), i * inputs)
    y.set(row.subarray(inputs), i * outputs)
  }
  const { matched } = plan
  const range = (from: number, length: number) => Array.from({ length }, (_, i) => from + i)
  const order: OrderBlock[] = [
    { columns: range(0, inputs), order: matched.order },
    { columns: range(inputs, outputs), order: matched.factors === 'squares' && outputs === 1 ? 2 : 1 },
  ]
  return {
    points,
    x,
    y,
    weights,
    indices,
    inputs,
    outputs,
    dimension,
    count,
    order,
    matched,
    cells,
    threads,
    residual,
    elapsed: { partition, recombine, total: performance.now() - start },
  }
}
