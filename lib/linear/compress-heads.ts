// Compression of an attention layer: few of its heads, each standing for several.

import { typeError } from '../errors.js'
import { rowsAt } from '../input/arrays.js'
import { type Attention, type AttentionInput, checkAttention } from '../input/attention.js'
import { type AsyncOptions, optional, optionsOf, shared, sizeForAuto, type ThreadOptions } from '../input/options.js'
import { wholeOrderOrAuto } from '../input/order.js'
import { float64s } from '../native/memory.js'
import { automaticBlocks, blockOfAll, type HeadBlock, type HeadPart, headBlocks } from './heads-order.js'
import type { Plan } from './plan.js'
import { planRows } from './plan-rows.js'
import type { PartiallyLinearRows } from './rows.js'
import { type Chosen, runPlan, runPlanSync } from './run-plan.js'
import { surveyOf } from './survey.js'

/** What compressHeadsSync() may be told. */
export interface CompressHeadsSyncOptions extends ThreadOptions {
  /**
   * The most heads in the result. Must be given unless `order` is a number or there are `blocks`; then the default is the
   * least size, one cell.
   */
  size?: number | undefined
  /**
   * A whole number from 0 to 255: all moments up to this degree in all numbers of a head. 'auto' (default): for heads of one
   * input and one output without biases, moments of four numbers that the head and its training depend on (see
   * compressHeads()), of the highest order of which two cells fit, of at most 256
   * moments each. For others a product of degrees in q and k with degrees
   * in v and o: the first of these that fits.
   *
   * - degrees (p, r), p = r or r + 1, above (2, 2), of which two cells fit into the size, of at most 600 moments each: the
   *   highest
   * - (2, 2), of which one cell fits
   * - order 2 of all numbers
   * - (0, 2)
   * - order 1 of all numbers
   *
   * Columns that are the same in all heads cost nothing in it, such as biases of 0.
   */
  order?: number | 'auto' | undefined
  /**
   * In place of `order`: a product of polynomial spaces, each in the numbers of some parts, such as
   * `[{ parts: ['q', 'k'], order: 2 }, { parts: ['v', 'o'], order: 2 }]`. Cells are cut along the parts of the first block.
   */
  blocks?: HeadBlock[] | undefined
  /** As in compress(). */
  quality?: 'fast' | 'best' | undefined
}

/** What compressHeads() may be told: the options of compressHeadsSync(), and those of a call that does not block. */
export interface CompressHeadsOptions extends CompressHeadsSyncOptions, AsyncOptions {}

/** Some of the original's heads. */
export interface CompressedHeads extends Attention {
  /** heads: how many heads of the original each head stands for, all positive. Their sum is that of the original. */
  multiplicity: Float64Array
  /** Which heads of the original these are, ascending. */
  indices: Uint32Array
  /** The moments that are kept. */
  matched: {
    /** Whether they are moments of the numbers of a head, or of its invariants; then there is one block, with the order. */
    of: 'numbers' | 'invariants'
    /** Their product of polynomial spaces. */
    blocks: HeadBlock[]
    /** How many there are. Numbers that are the same in all heads are not counted. */
    features: number
  }
  /** How many cells the heads were cut into. */
  cells: number
  /** As in compress(), over all moments matched. */
  residual: number
  /** As that of compress(). */
  cellsKeepingLess: number
  /** Milliseconds. */
  elapsed: {
    /** Cutting the heads into cells. */
    partition: number
    /** Choosing heads and multiplicities in all cells. */
    recombine: number
    /** The whole call. */
    total: number
  }
}

const { read, readSync } = optionsOf('compressHeads', {
  size: shared.size,
  order: optional(wholeOrderOrAuto),
  blocks: optional(headBlocks),
  quality: shared.quality,
  threads: shared.threads,
})
type Values = ReturnType<typeof readSync>

/**
 * Prunes an attention layer: keeps at most `size` of its heads and gives each a multiplicity, so that the function
 * f = sum_h multiplicity_h o_h (softmax(q_h x . k_h x / sqrt(headDimension)) v_h x) stays nearly the same, whatever the tokens
 * and the mask. Its training stays nearly the same, too, when the gradient of each head's parameters is divided by the
 * multiplicity before the optimiser gets it: see perCopyGradients().
 *
 * With one input, one output and no biases, a head depends on q.k and v.o alone: its scores are q.k x x', and its value is
 * v.o x. A small step of gradient descent changes these two by amounts that depend on |q|^2 + |k|^2 and |v|^2 + |o|^2
 * besides. So order 'auto' keeps the moments of these four numbers, whatever the head dimension: a thousand times nearer
 * before training than moments of all eight numbers, and nearer on the whole path (`npm run bench -- fig7`).
 *
 * Otherwise it is for many heads of few numbers, whose numbers are like draws of one distribution, as at the start of a training.
 *
 * Results to expect: |f - f'| / |f|, causal, tokens and weights uniform on [-1, 1], as many outputs as inputs, medians of 5
 * draws (`npm run bench -- heads`). A random subset weighted with d / d' has 1.6 to 5.3 here.
 *
 * | headDimension, inputs | numbers per head | 4000 heads to 800 | moments |
 * |---|---|---|---|
 * | 2, 1 | 8 | 7e-6 | invariants, order 6; (2, 2) of all numbers has 0.025 |
 * | 4, 1 | 16 | 2e-6 | invariants, order 6; order 2 of all numbers has 0.75 |
 * | 2, 4 | 32 | 0.95 | order 2 |
 * | 2, 8 | 64 | 1.5 | (0, 2) |
 * | 4, 4 | 64 | 0.94 | (0, 2) |
 * | 4, 8 | 128 | 2.7 | order 1 |
 *
 * So without invariants hardly anything is gained from about 16 numbers per head on.
 *
 * The multiplicities of the given heads are their weights, so heads can be compressed again.
 *
 * Cost: time about linear in the heads, for a given number of moments.
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below both the moments and the heads), ERR_NOT_FINITE
 * (names the array), ERR_WEIGHT, ERR_INFEASIBLE, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: arXiv:2510.00504, with products of degrees in place of all moments.
 *
 * @param attention `{ q, k, v, o, heads, headDimension, inputs, outputs, biases?, multiplicity? }`: q, k and v are heads x
 *   headDimension x inputs, o is heads x outputs x headDimension, row-major, Float64Array or Float32Array
 */
export async function compressHeads(
  attention: AttentionInput,
  options: CompressHeadsOptions,
): Promise<CompressedHeads> {
  const start = performance.now()
  const values = read(options)
  const input = readInput('compressHeads', attention, values)
  return toHeads(input, await runPlan(input.plan, values), start)
}

/** As compressHeads(), but blocks until the end and throws the errors with which it rejects. The same bits. */
export function compressHeadsSync(attention: AttentionInput, options: CompressHeadsSyncOptions): CompressedHeads {
  const start = performance.now()
  const input = readInput('compressHeadsSync', attention, readSync(options))
  return toHeads(input, runPlanSync(input.plan), start)
}

interface Input {
  given: Attention
  of: CompressedHeads['matched']['of']
  blocks: HeadBlock[]
  plan: Plan
}

function readInput(caller: string, attention: unknown, options: Values): Input {
  const given = checkAttention(attention, `${caller}: attention`)
  const { order = 'auto', size, quality, threads } = options
  if (options.blocks !== undefined && options.order !== undefined)
    throw typeError('ERR_OPTION', `${caller}: option 'blocks' takes the place of 'order', and both are given`)
  const common = { size, squares: false, best: quality === 'best', threads, scale: 'standard' } as const
  if (options.blocks === undefined && order === 'auto' && hasInvariants(given)) {
    const plan = planRows(caller, invariantsOf(given), { ...common, order })
    return { given, of: 'invariants', blocks: blockOfAll(plan.matched.order), plan }
  }
  const { rows, columnsOf } = rowsOf(given)
  const blocks =
    options.blocks ??
    (order === 'auto' ? automaticBlocks(sizeForAuto(size, caller), varyingColumns(rows, columnsOf)) : blockOfAll(order))
  const all = blocks.length === 1
  const plan = planRows(caller, rows, {
    order: blocks[0].order,
    blocks: all
      ? undefined
      : blocks.map(({ parts, order }) => ({ columns: parts.flatMap((part) => columnsOf[part]), order })),
    ...common,
  })
  return { given, of: 'numbers', blocks, plan }
}

function hasInvariants({ inputs, outputs, biases = {} }: Attention): boolean {
  const isZero = (array: Float64Array | undefined) => array?.every((bias) => bias === 0) ?? true
  return inputs === 1 && outputs === 1 && [biases.q, biases.k, biases.v].every(isZero)
}

/** A row per head: q.k, |q|^2 + |k|^2, v.o, |v|^2 + |o|^2. */
function invariantsOf({ heads, headDimension, q, k, v, o, multiplicity }: Attention): PartiallyLinearRows {
  const data = float64s(4 * heads)
  const pairs = [
    [q, k],
    [v, o],
  ]
  for (let h = 0; h < heads; h++)
    for (const [i, [a, b]] of pairs.entries())
      for (let j = h * headDimension; j < (h + 1) * headDimension; j++) {
        data[4 * h + 2 * i] += a[j] * b[j]
        data[4 * h + 2 * i + 1] += a[j] * a[j] + b[j] * b[j]
      }
  return { data, count: heads, polynomial: 4, linear: 0, weights: multiplicity }
}

type ColumnsOf = Record<HeadPart, number[]>

/** A row per head: the numbers of q, k, v and o, each followed by its bias. `columnsOf`: the columns of each part. */
function rowsOf(given: Attention): { rows: PartiallyLinearRows; columnsOf: ColumnsOf } {
  const { heads, multiplicity, biases = {} } = given
  const columnsOf: ColumnsOf = { q: [], k: [], v: [], o: [] }
  const pieces = (['q', 'k', 'v', 'o'] as const).flatMap((part) => {
    const arrays = [given[part], part === 'o' ? undefined : biases[part]]
    return arrays.flatMap((array) => (array === undefined ? [] : [{ part, array, size: array.length / heads }]))
  })
  const width = pieces.reduce((sum, { size }) => sum + size, 0)
  const data = float64s(heads * width)
  let offset = 0
  for (const { part, array, size } of pieces) {
    for (let h = 0; h < heads; h++) data.set(array.subarray(h * size, (h + 1) * size), h * width + offset)
    for (let a = 0; a < size; a++) columnsOf[part].push(offset + a)
    offset += size
  }
  return { rows: { data, count: heads, polynomial: width, linear: 0, weights: multiplicity }, columnsOf }
}

function varyingColumns(rows: PartiallyLinearRows, { v, o }: ColumnsOf): [number, number] {
  const { varying } = surveyOf(rows)
  const second = new Set([...v, ...o])
  const count = varying.filter((a) => second.has(a)).length
  return [varying.length - count, count]
}

function toHeads({ given, of, blocks, plan }: Input, chosen: Chosen, start: number): CompressedHeads {
  const { heads: before, headDimension, inputs, outputs, biases } = given
  const { indices, weights, cells, residual, cellsKeepingLess, partition, recombine } = chosen
  const pick = (array: Float64Array) => rowsAt(array, indices, array.length / before)
  const { q, k, v } = biases ?? {}
  const fewBiases = { ...(q && { q: pick(q) }), ...(k && { k: pick(k) }), ...(v && { v: pick(v) }) }
  return {
    heads: indices.length,
    headDimension,
    inputs,
    outputs,
    q: pick(given.q),
    k: pick(given.k),
    v: pick(given.v),
    o: pick(given.o),
    ...(biases && { biases: fewBiases }),
    multiplicity: weights,
    indices,
    matched: { of, blocks, features: plan.matched.features },
    cells,
    residual,
    cellsKeepingLess,
    elapsed: { partition, recombine, total: performance.now() - start },
  }
}
