// A plan: which moments of partially linear rows are kept, and the native calls that do it.

import { nativeSpace, type OrderBlock } from '../input/order.js'
import { memoryToHave } from '../native/memory.js'
import type { NativeCompressInput } from '../surface.js'
import type { PartiallyLinearRows } from './rows.js'

/** The options of the functions of this folder, in common terms. */
export interface Wanted {
  /** The highest degree in a. Not read when there are blocks. */
  order: number | 'auto'
  /** A product of polynomial spaces on columns of a, in place of P_k(a). Cells are cut along the first. */
  blocks?: OrderBlock[] | undefined
  /** The highest order that 'auto' may choose. Undefined: as the rule has it. */
  maxOrder?: number | undefined
  /** The most rows in the result. Undefined: one cell. */
  size: number | undefined
  /** Whether squares of b are matched. Undefined: where two cells have room for them. */
  squares: boolean | undefined
  best: boolean
  /** Whether points may lie anywhere. */
  free?: boolean | undefined
  threads: number
  /** As in compress(), for the columns of a. */
  scale: 'standard' | 'none' | Float64Array
}

/** The moments that are kept: every monomial of degree <= `order` times every factor. */
export interface Matched {
  /** The highest degree of the monomials, which are monomials in the columns along which cells are cut. */
  order: number
  /**
   * The functions that each monomial is multiplied with. 'linear': 1 and every linear column (a label, an outgoing
   * weight). 'squares': the square of each linear column as well. 'classes': the linear columns take few different
   * values, so the rows of each value are compressed on their own, which keeps every function of the linear columns. 'all':
   * the monomials are those of all columns together, up to the order, and there are no factors.
   */
  factors: 'linear' | 'squares' | 'classes' | 'all'
  /** How many moments are kept in all. Columns that the others determine are not counted. */
  features: number
}

export interface Plan {
  matched: Matched
  /** One, or one per class. */
  parts: Part[]
  rows: PartiallyLinearRows
}

/** One native call. */
export interface Part {
  input: NativeCompressInput
  /** Per row of the input, the row of the plan. Undefined: the same rows. */
  rows?: Uint32Array
  /** The columns of the plan that the points have. Undefined: all, and more. */
  columns?: number[]
}

/** The options of a native call that are the same in every part. */
export function commonInput({ threads, scale }: Wanted) {
  return { auto: false, threads, memory: memoryToHave(), standardise: scale !== 'none' }
}

/** One native call for all rows. `blocks`: the moments. Those without columns are left out. */
export function inputOfAll(
  caller: string,
  { data, count, polynomial, linear, weights }: PartiallyLinearRows,
  wanted: Wanted,
  blocks: readonly OrderBlock[],
  size: number,
): NativeCompressInput {
  const width = polynomial + linear
  const kept = blocks.filter(({ columns }) => columns.length > 0)
  const input: NativeCompressInput = {
    ...commonInput(wanted),
    points: { data, offset: 0, count, dimension: width, rowStride: width, columnStride: 1 },
    ...nativeSpace(kept.length > 0 ? kept : 0, width, caller),
    size,
    best: wanted.best,
  }
  if (weights) input.weights = weights
  if (typeof wanted.scale !== 'string') {
    input.scales = new Float64Array(width)
    input.scales.set(wanted.scale)
  }
  return input
}
