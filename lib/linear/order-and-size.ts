// Which order and which size a compression of partially linear rows has: as wanted, or by the rule for order 'auto'.

import { rangeError } from '../errors.js'
import { checkFeatures, countOf } from '../input/multi-index.js'
import { sizeForAuto } from '../input/options.js'
import { native } from '../native/native.js'
import type { NativeAutomaticRule } from '../surface.js'
import type { Wanted } from './plan.js'

/** The kernel's bounds for order 'auto'. Without columns there is only order 0. */
export function automaticRule(columns: number): NativeAutomaticRule {
  const rule = native().automaticRule({ columns: Math.max(columns, 1) })
  return columns === 0 ? { ...rule, order: 0 } : rule
}

/** The moments that an order takes. */
export interface Cost {
  /** For messages: the functions that the monomials are multiplied with. Undefined: there is only 1. */
  factors: string | undefined
  /** How many moments one cell keeps. */
  moments(order: number): number
  /** The least size. */
  least(order: number): number
  /** Whether the automatic rule takes the order for a size. */
  fits(order: number, size: number): boolean
}

/**
 * `columns`: how many columns the monomials are of; `count`: how many rows there are.
 *
 * Throws RangeError ERR_SIZE when the size is below the least one or the moments are beyond 2^53, Error ERR_MEMORY when
 * there are too many moments for a cell, TypeError ERR_OPTION when order 'auto' has no size.
 */
export function orderAndSize(
  caller: string,
  wanted: Wanted,
  columns: number,
  count: number,
  cost: Cost,
): { order: number; size: number } {
  let order = 0
  if (wanted.order === 'auto') {
    const size = sizeForAuto(wanted.size, caller)
    const most = Math.min(automaticRule(columns).order, wanted.maxOrder ?? Number.POSITIVE_INFINITY)
    while (order < most && cost.fits(order + 1, size)) order++
  } else {
    order = wanted.order
  }
  const moments = cost.moments(order)
  if (!(moments <= Number.MAX_SAFE_INTEGER)) {
    throw rangeError('ERR_SIZE', `${caller}: order ${order} in ${columns} columns has more than 2^53 moments`)
  }
  const what = `${columns} columns${cost.factors === undefined ? '' : ` with ${cost.factors}`}`
  checkFeatures(`${caller}: order ${order} in ${what} has`, moments)
  const least = Math.min(cost.least(order), count)
  const size = wanted.size ?? least
  if (size < least) {
    let largest = -1
    while (largest < order && cost.least(largest + 1) <= size) largest++
    throw rangeError(
      'ERR_SIZE',
      `${caller}: size ${size} is too small: the least size for order ${order} in ${what} is ${least}; ` +
        (largest < 0 ? 'no order has fewer' : `the largest order for size ${size} is ${largest}`),
    )
  }
  return { order, size }
}

/** C(m + k, k), 1 for no columns, infinity beyond 2^53. */
export function monomials(columns: number, order: number): number {
  return columns === 0 ? 1 : (countOf(columns, order) ?? Number.POSITIVE_INFINITY)
}
