// Which moments are kept: those of all monomials up to an order, or those of a product of polynomial spaces on blocks of
// columns.
import { describe, rangeError, typeError } from '../errors.js'
import { checkFeatures, countOf, featureCount } from './multi-index.js'
import { wholeOrder } from './options.js'

/**
 * One factor of a tensor product of polynomial spaces: all polynomials of total degree <= `order` in these columns. The
 * product has one moment per choice of one monomial from each block.
 *
 * Blocks suit functions that are linear in a column, such as a squared loss in its label y:
 * `[{ columns: [0, 1], order: 5 }, { columns: [2], order: 1 }]` keeps {1, y} (x) P_5(x0, x1) and spends nothing on higher
 * powers of y.
 */
export interface OrderBlock {
  /** Column numbers, from 0. No column may be in two blocks. A column in no block is carried along. */
  columns: number[]
  /** The highest total degree in these columns, a whole number from 0 to 255. */
  order: number
}

export type Order = number | OrderBlock[]

/** A whole number, or blocks. nativeSpace() checks their columns, where the dimension is known. */
export function orderOrBlocks(value: unknown, where: string): Order {
  return Array.isArray(value) ? orderBlocks(value, where) : wholeOrder(value, where)
}

/** Blocks alone. */
export function orderBlocks(value: unknown, where: string): OrderBlock[] {
  if (!Array.isArray(value)) throw typeError('ERR_OPTION', `${where} must be a list of blocks, got ${describe(value)}`)
  if (value.length === 0) throw rangeError('ERR_OPTION', `${where} must have at least one block, got an empty list`)
  return value.map((block, i) => readBlock(block, `${where}[${i}]`))
}

/** As orderOrBlocks(), or 'auto'. */
export function orderOrAuto(value: unknown, where: string): Order | 'auto' {
  if (value === 'auto') return value
  if (typeof value === 'string') {
    throw typeError('ERR_OPTION', `${where} must be a whole number, 'auto' or a list of blocks, got ${describe(value)}`)
  }
  return orderOrBlocks(value, where)
}

/** A whole number or 'auto', where the kind of the data determines the blocks. */
export function wholeOrderOrAuto(value: unknown, where: string): number | 'auto' {
  if (value === 'auto') return value
  if (typeof value === 'number') return wholeOrder(value, where)
  throw typeError('ERR_OPTION', `${where} must be a whole number or 'auto', got ${describe(value)}`)
}

function readBlock(given: unknown, where: string): OrderBlock {
  if (typeof given !== 'object' || given === null) {
    throw typeError('ERR_OPTION', `${where} must be { columns, order }, got ${describe(given)}`)
  }
  for (const name of Object.keys(given)) {
    if (name !== 'columns' && name !== 'order') {
      throw typeError('ERR_OPTION', `${where} has an unknown property '${name}'; a block is { columns, order }`)
    }
  }
  const { columns, order } = given as Record<string, unknown>
  if (Array.isArray(columns) && columns.length === 0)
    throw typeError('ERR_OPTION', `${where}.columns must be a list of column numbers, got ${describe(columns)}`)
  return { columns: columnList(columns, `${where}.columns`), order: wholeOrder(order, `${where}.order`) }
}

/** A copy of a list of column numbers. nativeSpace() checks them, where the dimension is known. */
export function columnList(value: unknown, where: string): number[] {
  if (!Array.isArray(value)) {
    throw typeError('ERR_OPTION', `${where} must be a list of column numbers, got ${describe(value)}`)
  }
  for (const [i, column] of value.entries()) {
    if (!Number.isInteger(column) || column < 0) {
      throw rangeError('ERR_OPTION', `${where}[${i}] must be a column number from 0, got ${describe(column)}`)
    }
  }
  return [...value]
}

/** The same for the native side: the block of each column, and the order of each block. */
export interface NativeSpace {
  order: number
  blockOf?: Float64Array
  blockOrders?: Float64Array
}

/** Throws RangeError ERR_OPTION when a column is out of range or in two blocks. */
export function nativeSpace(order: Order, dimension: number, where: string): NativeSpace {
  if (typeof order === 'number') return { order }
  const blockOf = new Float64Array(dimension).fill(order.length) // columns in no block make a last block of order 0
  for (const [i, { columns }] of order.entries()) {
    for (const column of columns) {
      if (column >= dimension) {
        throw rangeError('ERR_OPTION', `${where}[${i}].columns has ${column}, but there are ${dimension} columns`)
      }
      if (blockOf[column] !== order.length) {
        const other = blockOf[column]
        throw rangeError('ERR_OPTION', `${where}: column ${column} stands twice, in [${other}] and [${i}]`)
      }
      blockOf[column] = i
    }
  }
  if (order.length === 1 && order[0].columns.length === dimension) return { order: order[0].order }
  const orders = order.map((block) => block.order)
  return { order: 0, blockOf, blockOrders: Float64Array.from([...orders, 0]) }
}

/** How many moments these are, for recombination. Throws as featureCount() does. */
export function momentsOf(caller: string, order: Order, dimension: number): number {
  if (typeof order === 'number') return featureCount(caller, dimension, order)
  const count = order.reduce((product, block) => product * (countOf(block.columns.length, block.order) ?? Infinity), 1)
  if (!(count <= Number.MAX_SAFE_INTEGER)) {
    throw rangeError('ERR_SIZE', `${caller}: these blocks have more than 2^53 moments together`)
  }
  checkFeatures(`${caller}: these blocks have`, count)
  return count
}
