// The arrays of networks and of heads: their sizes, checked copies of them, and some of their rows.
import { describe, rangeError, typeError } from '../errors.js'
import { copyOf, float64s } from '../native/memory.js'
import { typedNumbers } from './options.js'
import { checkWeights, ownNumbers } from './points.js'

// Neurons, heads and columns are counted in 32-bit integers by the kernel.
const MOST = 2 ** 31 - 1

/** Throws ERR_SHAPE unless it is a whole number of at least 1. */
export function sizeOf(value: unknown, where: string): number {
  if (typeof value !== 'number') throw typeError('ERR_SHAPE', `${where} must be a whole number, got ${describe(value)}`)
  if (!Number.isInteger(value) || value < 1 || value > MOST) {
    throw rangeError('ERR_SHAPE', `${where} must be a whole number from 1 to ${MOST}, got ${describe(value)}`)
  }
  return value
}

/**
 * A copy of an array, row-major. Its length is right and all its numbers are finite. Throws ERR_SHAPE, ERR_DETACHED,
 * ERR_NOT_FINITE (names the place).
 */
export function finiteNumbers(value: unknown, shape: readonly number[], where: string): Float64Array {
  const copy = ownCopy(value, where)
  const count = shape.reduce((product, side) => product * side, 1)
  if (copy.length !== count) {
    const product = shape.length === 1 ? `${count}` : `${shape.join(' x ')} = ${count}`
    throw rangeError('ERR_SHAPE', `${where} must have ${product} numbers, got ${copy.length}`)
  }
  const bad = copy.findIndex((number) => !Number.isFinite(number))
  if (bad >= 0) throw rangeError('ERR_NOT_FINITE', `${where}${place(bad, shape)} is ${copy[bad]}`)
  return copy
}

/** The place of element `at` in words: [3] in a list, row and column in a matrix, [1, 0, 2] in more dimensions. */
function place(at: number, shape: readonly number[]): string {
  const indices = shape.map((side, axis) => {
    const inner = shape.slice(axis + 1).reduce((product, side) => product * side, 1)
    return Math.floor(at / inner) % side
  })
  return shape.length === 2 ? ` row ${indices[0]}, column ${indices[1]}` : `[${indices.join(', ')}]`
}

/** The rows `indices` of an array of `columns` numbers each, row-major. */
export function rowsAt(array: Float64Array, indices: ArrayLike<number>, columns: number): Float64Array<ArrayBuffer> {
  const rows = float64s(indices.length * columns)
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]
    rows.set(array.subarray(row * columns, (row + 1) * columns), i * columns)
  }
  return rows
}

/** A copy of one multiplicity per `part`, a neuron or a head. Throws ERR_SHAPE, ERR_DETACHED, ERR_WEIGHT. */
export function multiplicities(value: unknown, count: number, part: string, where: string): Float64Array {
  const copy = ownCopy(value, where)
  if (copy.length !== count) {
    throw rangeError('ERR_SHAPE', `${where} must have one number per ${part}, ${count} in all, got ${copy.length}`)
  }
  checkWeights(copy, where)
  return copy
}

function ownCopy(value: unknown, where: string): Float64Array {
  return copyOf(ownNumbers(typedNumbers(value, where), where))
}
