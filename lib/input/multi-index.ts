// Counting and listing monomials: the multi-indices of degree <= k in m columns, in graded lexicographic order.
import { describe, plainError, rangeError, typeError } from '../errors.js'

/**
 * The highest order of any function. Exponents are bytes, as multiIndices() lists them; the kernel checks the same bound
 * (kMostOrder in native/kernel/basis.hpp).
 */
export const MAX_ORDER = 255

/**
 * How many moments there are: the number of monomials of degree <= `order` in `dimension` columns, C(m + k, k).
 *
 * Throws TypeError or RangeError ERR_OPTION when an argument is not a whole number (dimension >= 1, order >= 0), and
 * RangeError ERR_SIZE when the count is beyond 2^53, where it is not exact any more.
 */
export function momentCount(dimension: number, order: number): number {
  checkArgument(dimension, 1, 'momentCount: dimension')
  checkArgument(order, 0, 'momentCount: order')
  const count = binomial(dimension, order)
  if (count === undefined) {
    throw rangeError('ERR_SIZE', `momentCount: order ${order} in ${dimension} columns has more than 2^53 moments`)
  }
  return count
}

/** C(m + k, k), or undefined beyond 2^53; both >= 0. */
export const countOf = binomial

/** C(m + k, k), or undefined beyond 2^53. Each step at least doubles the count, so there are at most 53. */
function binomial(dimension: number, order: number): number | undefined {
  const few = BigInt(Math.min(dimension, order))
  const many = BigInt(Math.max(dimension, order))
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  let count = 1n
  for (let i = 1n; i <= few; i++) {
    count = (count * (many + i)) / i
    if (count > most) return undefined
  }
  return Number(count)
}

/**
 * The exponents of all monomials of degree <= `order`: N x m numbers, row-major, in the order in which moments() lists
 * its values. Degree ascending; inside a degree x before y: for m = 2 it goes 1, x, y, x^2, xy, y^2, x^3, ...
 *
 * Throws as momentCount does; RangeError ERR_OPTION when `order` is above 255 (exponents are bytes), Error ERR_MEMORY
 * when the list does not fit. Time and memory are those of the list, N x m bytes.
 */
export function multiIndices(dimension: number, order: number): Uint8Array {
  const count = momentCount(dimension, order)
  if (order > MAX_ORDER) {
    throw rangeError('ERR_OPTION', `multiIndices: order must be a whole number from 0 to ${MAX_ORDER}, got ${order}`)
  }
  const list = allocate(count * dimension)
  const exponents = new Uint8Array(dimension)
  let end = 0
  for (let degree = 0; degree <= order; degree++) {
    exponents.fill(0)
    exponents[0] = degree
    do {
      list.set(exponents, end)
      end += dimension
    } while (nextOfDegree(exponents))
  }
  return list
}

/** Lexicographically descending: one unit of the last exponent that can give goes right, with all that is behind it. */
function nextOfDegree(exponents: Uint8Array): boolean {
  const last = exponents.length - 1
  let giver = last - 1
  while (giver >= 0 && exponents[giver] === 0) giver--
  if (giver < 0) return false
  const behind = exponents[last]
  exponents[last] = 0
  exponents[giver] -= 1
  exponents[giver + 1] = behind + 1
  return true
}

function allocate(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes)
  } catch (cause) {
    throw plainError('ERR_MEMORY', `multiIndices: the list needs ${bytes} bytes`, cause)
  }
}

/** The largest order whose moments are at most `size`; `size` >= 1. */
export function largestOrder(dimension: number, size: number): number {
  let order = 0
  for (;;) {
    const count = binomial(dimension, order + 1)
    if (count === undefined || count > size) return order
    order += 1
  }
}

// Recombination inverts an N x N matrix with LAPACK, whose indices are 32-bit: N^2 must stay below 2^31.
export const MAX_FEATURES = 46_340
// Where moments are only summed, two doubles each. Beyond, 2^31 bytes, and days of work on any set worth summing.
const MAX_SUMS = 2 ** 27

/** N(m, k) for recombination. Throws Error ERR_MEMORY with the bytes of the matrix, RangeError ERR_SIZE beyond 2^53. */
export function featureCount(caller: string, dimension: number, order: number): number {
  const count = countFor(caller, dimension, order)
  checkFeatures(`${caller}: order ${order} in ${dimension} columns has`, count)
  return count
}

/** `has` is the head of the message: what has that many features. Throws Error ERR_MEMORY with the bytes. */
export function checkFeatures(has: string, count: number): void {
  if (count <= MAX_FEATURES) return
  throw plainError(
    'ERR_MEMORY',
    `${has} ${count} features, whose square matrix needs ${8n * BigInt(count) ** 2n} bytes; ${MAX_FEATURES} is the limit`,
  )
}

/** N(m, k) where moments are only summed. Throws Error ERR_MEMORY with the bytes, RangeError ERR_SIZE beyond 2^53. */
export function sumCount(caller: string, dimension: number, order: number): number {
  const count = countFor(caller, dimension, order)
  if (count > MAX_SUMS) {
    throw plainError(
      'ERR_MEMORY',
      `${caller}: order ${order} in ${dimension} columns has ${count} moments, whose sums need ` +
        `${16n * BigInt(count)} bytes; ${MAX_SUMS} is the limit`,
    )
  }
  return count
}

function countFor(caller: string, dimension: number, order: number): number {
  const count = binomial(dimension, order)
  if (count !== undefined) return count
  throw rangeError('ERR_SIZE', `${caller}: order ${order} in ${dimension} columns has more than 2^53 moments`)
}

function checkArgument(value: unknown, least: number, what: string): void {
  if (typeof value !== 'number') {
    throw typeError('ERR_OPTION', `${what} must be a whole number, got ${describe(value)}`)
  }
  if (!Number.isSafeInteger(value) || value < least) {
    throw rangeError('ERR_OPTION', `${what} must be a whole number of at least ${least}, got ${describe(value)}`)
  }
}
