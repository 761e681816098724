// Which moments of attention heads are kept: as wanted, or by the rule for order 'auto'.

import { describe, rangeError, typeError } from '../errors.js'
import { wholeOrder } from '../input/options.js'
import { monomials } from './order-and-size.js'

/** A part of a head. The biases of queries, keys and values belong to their part. */
export type HeadPart = 'q' | 'k' | 'v' | 'o'

/** One factor of a product of polynomial spaces: all polynomials of total degree <= `order` in the numbers of these parts. */
export interface HeadBlock {
  /** No part may be in two blocks, and each must be in one. */
  parts: HeadPart[]
  /** The highest total degree in these parts, a whole number from 0 to 255. 0: they are not matched. */
  order: number
}

const PARTS: readonly HeadPart[] = ['q', 'k', 'v', 'o']

/** Reads the option `blocks`. Throws ERR_OPTION. */
export function headBlocks(value: unknown, where: string): HeadBlock[] {
  if (!Array.isArray(value)) {
    throw typeError('ERR_OPTION', `${where} must be a list of { parts, order }, got ${describe(value)}`)
  }
  const blocks = value.map((block, i) => readBlock(block, `${where}[${i}]`))
  const all = blocks.flatMap(({ parts }) => parts)
  const twice = all.find((part, i) => all.indexOf(part) < i)
  if (twice !== undefined) throw rangeError('ERR_OPTION', `${where} has '${twice}' twice`)
  const missing = PARTS.find((part) => !all.includes(part))
  if (missing !== undefined) {
    throw rangeError('ERR_OPTION', `${where} lacks '${missing}'; order 0 is for parts that are not to be matched`)
  }
  return blocks
}

function readBlock(given: unknown, where: string): HeadBlock {
  if (typeof given !== 'object' || given === null) {
    throw typeError('ERR_OPTION', `${where} must be { parts, order }, got ${describe(given)}`)
  }
  const other = Object.keys(given).find((name) => name !== 'parts' && name !== 'order')
  if (other !== undefined) {
    throw typeError('ERR_OPTION', `${where} has an unknown property '${other}'; a block is { parts, order }`)
  }
  const { parts, order } = given as Record<string, unknown>
  if (!Array.isArray(parts) || parts.length === 0) {
    throw typeError('ERR_OPTION', `${where}.parts must be a list of 'q', 'k', 'v' and 'o', got ${describe(parts)}`)
  }
  const wrong = parts.findIndex((part) => !PARTS.includes(part))
  if (wrong >= 0) {
    throw rangeError(
      'ERR_OPTION',
      `${where}.parts[${wrong}] must be 'q', 'k', 'v' or 'o', got ${describe(parts[wrong])}`,
    )
  }
  return { parts: [...parts], order: wholeOrder(order, `${where}.order`) }
}

/** All moments up to one order. */
export function blockOfAll(order: number): HeadBlock[] {
  return [{ parts: [...PARTS], order }]
}

function twoBlocks(first: number, second: number): HeadBlock[] {
  return [
    { parts: ['q', 'k'], order: first },
    { parts: ['v', 'o'], order: second },
  ]
}

// More cells are worth more than orders above 2, so two must fit for these. And a cell of more moments takes seconds.
const CELLS_OF_HIGH_ORDERS = 2
const MOST_MOMENTS = 600

/**
 * The moments for a size. {q, k} and {v, o} are blocks of their own: a head is a product of what these two give. `columns`:
 * how many numbers of q and k vary from head to head, and how many of v and o. The first of these that fits:
 *
 * - orders (p, r) of the two blocks, p = r or r + 1, above (2, 2), of which two cells fit, of at most 600 moments: the
 *   highest
 * - (2, 2), of which one cell fits
 * - order 2 of all numbers: what a head is where attention is even, o v, is a polynomial of degree 2
 * - (0, 2): cells along q and k, and the same in each
 * - order 1 of all numbers
 *
 * Measured: bench/cases/heads.mjs.
 */
export function automaticBlocks(size: number, columns: readonly [number, number]): HeadBlock[] {
  const count = (p: number, r: number) => monomials(columns[0], p) * monomials(columns[1], r)
  const fits = (p: number, r: number) => count(p, r) <= Math.min(size / CELLS_OF_HIGH_ORDERS, MOST_MOMENTS)
  let [p, r] = [2, 2]
  for (;;) {
    const [nextP, nextR] = p === r ? [p + 1, r] : [p, r + 1]
    if (nextP > MOST_ORDER || !fits(nextP, nextR)) break
    ;[p, r] = [nextP, nextR]
  }
  if (count(p, r) <= size) return twoBlocks(p, r)
  if (monomials(columns[0] + columns[1], 2) <= size) return blockOfAll(2)
  return count(0, 2) <= size ? twoBlocks(0, 2) : blockOfAll(1)
}

// As that of order 'auto' elsewhere.
const MOST_ORDER = 16
