// Reads arrays of points: a typed array with a dimension, or an ndarray-like object. The result is a range-checked view of
// memory that is neither shared nor resizable. The numbers themselves are checked when the native side copies them.
import { isFloat32Array, isFloat64Array, isSharedArrayBuffer } from '#platform'
import { describe, rangeError, typeError } from '../errors.js'
import { copyOf, copyOfSingles } from '../native/memory.js'
import type { NativePoints, Numbers } from '../surface.js'

/** A strided two-dimensional array, as the packages ndarray and @stdlib/ndarray have it. Strides count elements. */
export interface NdarrayLike {
  /** The numbers, which `shape`, `stride` and `offset` say how to read. */
  readonly data: Numbers
  /** [rows, columns] */
  readonly shape: ArrayLike<number>
  /** [between rows, between columns]; may be negative, zero, or overlap. Default: row-major, [columns, 1]. */
  readonly stride?: ArrayLike<number> | undefined
  /** The stride under the name that @stdlib/ndarray uses. Read when `stride` is left out. */
  readonly strides?: ArrayLike<number> | undefined
  /** Where element (0, 0) lies in `data`. Default 0. */
  readonly offset?: number | undefined
}

/** Points as they are given: row-major numbers, for which `dimension` must be given, or an ndarray-like object. */
export type PointsInput = Numbers | NdarrayLike

/** Names for messages: "compress: points" and "option 'dimension'". */
export interface PointsNames {
  where: string
  dimensionOption: string
}

// Row numbers are returned in a Uint32Array.
const MAX_ROWS = 2 ** 32 - 1

/** Whether it is a Float64Array or Float32Array, perhaps of another realm (vm contexts, some test runners). */
export function isNumbers(value: unknown): value is Numbers {
  return isFloat64Array(value) || isFloat32Array(value)
}

/**
 * Reads points. Throws TypeError or RangeError ERR_SHAPE, ERR_DETACHED, ERR_OPTION (no dimension).
 * Costs nothing, except a copy when the memory is shared between threads or resizable.
 */
export function readPoints(input: unknown, dimension: number | undefined, names: PointsNames): NativePoints {
  const { where } = names
  if (isNumbers(input)) return readRows(ownNumbers(input, where), dimension, names)
  if (Array.isArray(input)) {
    const rows = input.length > 0 && (Array.isArray(input[0]) || ArrayBuffer.isView(input[0]))
    const make = rows ? 'Float64Array.from(rows.flatMap((row) => [...row]))' : 'Float64Array.from(numbers)'
    throw typeError(
      'ERR_SHAPE',
      `${where} must be a Float64Array or Float32Array, row after row; ${make} makes one; got ${describe(input)}`,
    )
  }
  if (ArrayBuffer.isView(input)) {
    throw typeError(
      'ERR_SHAPE',
      `${where} must be a Float64Array or Float32Array; Float64Array.from makes one; got ${describe(input)}`,
    )
  }
  if (typeof input === 'object' && input !== null && ('data' in input || 'shape' in input)) {
    return readNdarray(input as Record<string, unknown>, dimension, names)
  }
  throw typeError(
    'ERR_SHAPE',
    `${where} must be a Float64Array, a Float32Array or { data, shape: [rows, columns] }, got ${describe(input)}`,
  )
}

function readRows(data: Numbers, dimension: number | undefined, { where, dimensionOption }: PointsNames): NativePoints {
  if (dimension === undefined) {
    throw typeError(
      'ERR_OPTION',
      `${where}: ${dimensionOption} must be given with a typed array: the number of columns`,
    )
  }
  if (data.length === 0) throw rangeError('ERR_SHAPE', `${where} must have at least one row, got an empty array`)
  if (data.length % dimension !== 0) {
    throw rangeError(
      'ERR_SHAPE',
      `${where} must have a multiple of ${dimension} numbers (${dimensionOption}), got ${data.length}`,
    )
  }
  const count = data.length / dimension
  checkRows(count, where)
  return { data, offset: 0, count, dimension, rowStride: dimension, columnStride: 1 }
}

function readNdarray(
  input: Record<string, unknown>,
  dimension: number | undefined,
  { where, dimensionOption }: PointsNames,
): NativePoints {
  // Each field is read once: it may be a getter.
  const given = input.data
  const shape = readPair(input.shape, `${where}.shape`)
  const strideGiven = input.stride ?? input.strides
  const offset = input.offset ?? 0
  if (!isNumbers(given)) {
    throw typeError('ERR_SHAPE', `${where}.data must be a Float64Array or Float32Array, got ${describe(given)}`)
  }
  const data = ownNumbers(given, `${where}.data`)
  const [count, columns] = shape
  if (count < 1 || columns < 1) {
    throw rangeError(
      'ERR_SHAPE',
      `${where}.shape must be [rows, columns], at least one of each, got [${count}, ${columns}]`,
    )
  }
  checkRows(count, where)
  if (dimension !== undefined && dimension !== columns) {
    throw rangeError(
      'ERR_SHAPE',
      `${where} has ${columns} columns by its shape, but ${dimensionOption} is ${dimension}`,
    )
  }
  const [rowStride, columnStride] = strideGiven === undefined ? [columns, 1] : readPair(strideGiven, `${where}.stride`)
  if (typeof offset !== 'number') {
    throw typeError('ERR_SHAPE', `${where}.offset must be a whole number, got ${describe(offset)}`)
  }
  // The corners bound every element, because an address is linear in row and column. Products beyond 2^53 are rounded,
  // but they are far out of range anyway.
  const lastRow = (count - 1) * rowStride
  const lastColumn = (columns - 1) * columnStride
  const first = offset + Math.min(0, lastRow) + Math.min(0, lastColumn)
  const last = offset + Math.max(0, lastRow) + Math.max(0, lastColumn)
  if (!Number.isSafeInteger(offset) || first < 0 || last >= data.length) {
    throw rangeError(
      'ERR_SHAPE',
      `${where}: shape [${count}, ${columns}], stride [${rowStride}, ${columnStride}] and offset ${offset} reach ` +
        `elements ${first} to ${last}, but data has ${data.length}`,
    )
  }
  return { data, offset, count, dimension: columns, rowStride, columnStride }
}

/** Two whole numbers, from an array or an array-like object. */
function readPair(value: unknown, where: string): [number, number] {
  const isListLike = typeof value === 'object' && value !== null && 'length' in value
  const pair: unknown[] = isListLike ? Array.from(value as ArrayLike<unknown>) : []
  if (!isListLike) throw typeError('ERR_SHAPE', `${where} must be two whole numbers, got ${describe(value)}`)
  if (pair.length !== 2) throw rangeError('ERR_SHAPE', `${where} must be two whole numbers, got ${pair.length} of them`)
  for (const number of pair) {
    if (typeof number !== 'number') {
      throw typeError('ERR_SHAPE', `${where} must be two whole numbers, got ${describe(number)} among them`)
    }
    if (!Number.isSafeInteger(number)) {
      throw rangeError('ERR_SHAPE', `${where} must be two whole numbers, got ${number} among them`)
    }
  }
  return pair as [number, number]
}

function checkRows(count: number, where: string): void {
  if (count > MAX_ROWS) {
    throw rangeError(
      'ERR_SHAPE',
      `${where} can have at most ${MAX_ROWS} rows (rows are numbered in 32 bits), got ${count}`,
    )
  }
}

/**
 * Weights for `count` rows. Checks their number, and their memory as `ownNumbers` does; the native copy checks the
 * values.
 */
export function readWeights(weights: Numbers | undefined, count: number, where: string): Numbers | undefined {
  if (weights === undefined) return undefined
  const own = ownNumbers(weights, where)
  if (own.length !== count) {
    throw rangeError('ERR_SHAPE', `${where} must have one number per row, ${count} in all, got ${own.length}`)
  }
  return own
}

/** Throws RangeError ERR_WEIGHT unless every number is finite and >= 0 and one is positive. */
export function checkWeights(weights: Float64Array, where: string): void {
  const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))
  if (bad >= 0) throw rangeError('ERR_WEIGHT', `${where}[${bad}] is ${weights[bad]}; expected a finite number >= 0`)
  if (!weights.some((weight) => weight > 0)) {
    throw rangeError('ERR_WEIGHT', `${where}: the numbers are all 0; expected at least one positive number`)
  }
}

/** Points with weights: the argument `points` and the options `dimension` and `weights` of a function. */
export function readWeighted(
  caller: string,
  given: unknown,
  { dimension, weights }: { dimension: number | undefined; weights: Numbers | undefined },
): { points: NativePoints; weights?: Numbers } {
  const points = readPoints(given, dimension, { where: `${caller}: points`, dimensionOption: "option 'dimension'" })
  const own = readWeights(weights, points.count, `${caller}: option 'weights'`)
  return own === undefined ? { points } : { points, weights: own }
}

/**
 * The array itself when its memory is neither shared nor resizable, else a copy of its present numbers. Between the native
 * check and the native copy another thread could write to shared memory, and a resizable buffer could shrink.
 */
export function ownNumbers(array: Numbers, where: string): Numbers {
  const buffer: ArrayBufferLike & { resizable?: boolean; growable?: boolean } = array.buffer
  if (array.length === 0 && isDetached(buffer)) {
    throw typeError('ERR_DETACHED', `${where}: the array's buffer was transferred away (postMessage, structuredClone)`)
  }
  // A view that a shrunk buffer left out of bounds has length 0 as well, and cannot be copied.
  if (array.length === 0) return array
  if (!isSharedArrayBuffer(buffer) && !buffer.resizable) return array
  return isFloat64Array(array) ? copyOf(array) : copyOfSingles(array)
}

/** ArrayBuffer.prototype.detached came after Node 20. No view can be made on a detached buffer, which tells as well. */
function isDetached(buffer: ArrayBufferLike): boolean {
  if (isSharedArrayBuffer(buffer)) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}
