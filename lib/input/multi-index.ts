// Counts and lists monomials: the multi-indices of degree <= k in m columns, in graded lexicographic order.
import { describe, plainError, rangeError, typeError } from '../errors.js'
import { uint8s } from '../native/memory.js'

/**
 * The highest order of any function. Exponents are bytes, as in the list of multiIndices(). The kernel checks the same
 * bound (kMaxOrder in native/kernel/polynomial/space.hpp).
 */
export const MAX_ORDER = 255

/**
 * How many moments there are: the number of monomials of degree <= k in m columns, C(m + k, k).
 *
 * Throws TypeError or RangeError ERR_OPTION when an argument is not a whole number (dimension >= 1, order >= 0), and
 * RangeError ERR_SIZE when the count is beyond 2^53 and so not exact.
 *
 * @param dimension m, the number of columns
 * @param order k, the highest degree
 */
export function momentCount(dimension: number, order: number): number {
  checkArgument(dimension, 1, 'momentCount: dimension')
  checkArgument(order, 0, 'momentCount: order')
  const count = countOf(dimension, order)
  if (count === undefined) {
    throw rangeError('ERR_SIZE', `momentCount: order ${order} in ${dimension} columns has more than 2^53 moments`)
  }
  return count
}

/** C(m + k, k), or undefined beyond 2^53; both >= 0. Each step at least doubles the count, so there are at most 53 steps. */
export function countOf(dimension: number, order: number): number | undefined {
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
 * The exponents of all monomials of degree <= k in m columns: N x m numbers, row-major, one row per moment. moments()
 * lists its values in the same order: by degree, and x before y within a degree. For m = 2: 1, x, y, x^2, xy, y^2, x^3, ...
 *
 * Takes the time and the memory of the list, N x m bytes. Throws as momentCount() does; RangeError ERR_OPTION when `order`
 * is above 255 (exponents are bytes), Error ERR_MEMORY when there is no room for the list.
 *
 * @param dimension m, the number of columns
 * @param order k, the highest degree
 */
export function multiIndices(dimension: number, order: number): Uint8Array {
  const count = momentCount(dimension, order)
  if (order > MAX_ORDER) {
    throw rangeError('ERR_OPTION', `multiIndices: order must be a whole number from 0 to ${MAX_ORDER}, got ${order}`)
  }
  const list = uint8s(count * dimension)
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

/**
 * The next multi-index of the same degree, in descending lexicographic order: the last exponent that can give one unit gives
 * it to its right neighbour, which also takes all that stood at the end. False after the last one.
 */
function nextOfDegree(exponents: Uint8Array): boolean {
  const last = exponents.length - 1
  let giver = last - 1
  while (giver >= 0 && exponents[giver] === 0) giver--
  if (giver < 0) return false
  const rest = exponents[last]
  exponents[last] = 0
  exponents[giver] -= 1
  exponents[giver + 1] = rest + 1
  return true
}

/** The highest order that has at most `size` moments; `size` >= 1. */
export function largestOrder(dimension: number, size: number): number {
  let order = 0
  for (;;) {
    const count = countOf(dimension, order + 1)
    if (count === undefined || count > size) return order
    order += 1
  }
}

// Recombination keeps N x N matrices of doubles. This is the largest N whose N^2 is below 2^31, 16 GiB per matrix.
const MAX_FEATURES = 46_340
// Moments that are only summed take 16 bytes each, so this is 2 GiB.
const MAX_SUMS = 2 ** 27

/** N(m, k), for recombination. Throws Error ERR_MEMORY with the bytes of the matrix, RangeError ERR_SIZE beyond 2^53. */
export function featureCount(caller: string, dimension: number, order: number): number {
  const count = countFor(caller, dimension, order)
  checkFeatures(`${caller}: order ${order} in ${dimension} columns has`, count)
  return count
}

/** Messages begin with `has` ("compress: these blocks have"). Throws Error ERR_MEMORY with the bytes. */
export function checkFeatures(has: string, count: number): void {
  if (count <= MAX_FEATURES) return
  throw plainError(
    'ERR_MEMORY',
    `${has} ${count} features, whose square matrix needs ${8n * BigInt(count) ** 2n} bytes; ${MAX_FEATURES} is the limit`,
  )
}

/** N(m, k), where moments are only summed. Throws Error ERR_MEMORY with the bytes, RangeError ERR_SIZE beyond 2^53. */
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
  const count = countOf(dimension, order)
  if (count !== undefined) return count
  throw rangeError('ERR_SIZE', `${caller}: order ${order} in ${dimension} columns has more than 2^53 moments`)
}

function checkArgument(value: unknown, min: number, what: string): void {
  if (typeof value !== 'number') {
    throw typeError('ERR_OPTION', `${what} must be a whole number, got ${describe(value)}`)
  }
  if (!Number.isSafeInteger(value) || value < min) {
    throw rangeError('ERR_OPTION', `${what} must be a whole number of at least ${min}, got ${describe(value)}`)
  }
}
