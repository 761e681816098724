// Labelled rows (x, y), perhaps with weights: how they are given, and how they are read.
import { describe, rangeError, typeError } from '../errors.js'
import { copyOf } from '../native/memory.js'
import type { NativePoints, Numbers } from '../surface.js'
import { isRecord, shared } from './options.js'
import { checkWeights, isNumbers, type PointsInput, readPoints, readWeights } from './points.js'

/** Rows with labels. The result of compressDataset() is one, too. */
export interface Dataset {
  /** d x inputs, row-major, or ndarray-like. */
  x: PointsInput
  /** d x outputs, row-major, or ndarray-like. Classes are one-hot: 1 in the column of the class, 0 in the others. */
  y: PointsInput
  /** Columns of x. May be left out when x is ndarray-like, or when a network tells it. */
  inputs?: number | undefined
  /** Columns of y. May be left out: it follows from the length of y. */
  outputs?: number | undefined
  /** One number >= 0 per row, in any unit. Default: all 1. */
  weights?: Numbers | undefined
}

/** Views of the caller's arrays, and a checked copy of the weights. */
export interface LabelledRows {
  x: NativePoints
  y: NativePoints
  weights: Float64Array | undefined
}

/** Names for messages: "compressDataset: data", "trainNetwork: test.x" (path 'test.'). */
export interface RowsNames {
  caller: string
  name: string
  path: string
}

/** What the call knows beside the data: weights that replace those of the data, and the network that the rows are for. */
export interface KnownOfRows {
  weights?: Numbers | undefined
  network?: { inputs: number; outputs: number } | undefined
}

/** Throws ERR_SHAPE, ERR_OPTION (inputs and outputs), ERR_DETACHED, ERR_WEIGHT. The native copy checks x and y. */
export function readLabelledRows(data: unknown, names: RowsNames, known: KnownOfRows = {}): LabelledRows {
  const { caller, name, path } = names
  if (!isRecord(data)) {
    const fields = known.network ? '{ x, y }' : '{ x, y, inputs, outputs }'
    throw typeError('ERR_SHAPE', `${caller}: ${name} must be an object ${fields}, got ${describe(data)}`)
  }
  const where = `${caller}: ${path}`
  // Each field is read once: it may be a getter.
  const { x: givenX, y: givenY, inputs, outputs, weights: givenWeights } = data
  const columnsOfX = columns(inputs, known.network?.inputs, `${where}inputs`)
  const x = readPoints(givenX, columnsOfX, {
    where: `${where}x`,
    dimensionOption: dimensionName('inputs', names, known),
  })
  const columnsOfY = columns(outputs, known.network?.outputs, `${where}outputs`) ?? outputsOf(givenY, x.count, where)
  const y = readPoints(givenY, columnsOfY, {
    where: `${where}y`,
    dimensionOption: dimensionName('outputs', names, known),
  })
  if (y.count !== x.count) {
    throw rangeError('ERR_SHAPE', `${where}x has ${x.count} rows, ${path}y has ${y.count}`)
  }
  const ofData = givenWeights === undefined ? undefined : shared.weights.check(givenWeights, `${where}weights`)
  const weights = copyWeights(known.weights ?? ofData, x.count, `${where}weights`)
  return { x, y, weights }
}

/**
 * Copies `columns` (default: all), in this sequence, into rows of `width` numbers, from column `offset` on. Throws RangeError
 * ERR_NOT_FINITE.
 */
export function copyColumns(
  from: NativePoints,
  to: Numbers,
  offset: number,
  width: number,
  where: string,
  columns: readonly number[] = Array.from({ length: from.dimension }, (_, a) => a),
): void {
  const { data, count, rowStride, columnStride } = from
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < columns.length; c++) {
      const a = columns[c]
      const value = data[from.offset + i * rowStride + a * columnStride]
      if (!Number.isFinite(value)) {
        throw rangeError('ERR_NOT_FINITE', `${where}, row ${i}, column ${a} is ${value}; expected a finite number`)
      }
      to[i * width + offset + c] = value
    }
  }
}

function dimensionName(name: 'inputs' | 'outputs', { path }: RowsNames, known: KnownOfRows): string {
  return known.network ? `the network's ${name}` : path + name
}

function columns(value: unknown, ofNetwork: number | undefined, where: string): number | undefined {
  if (value === undefined) return ofNetwork
  const given = shared.dimension.check(value, where)
  if (ofNetwork !== undefined && given !== ofNetwork) {
    throw rangeError('ERR_SHAPE', `${where} is ${given}, but the network has ${ofNetwork}`)
  }
  return given
}

/** The columns of y, where `outputs` is left out. */
function outputsOf(y: unknown, count: number, where: string): number | undefined {
  if (!isNumbers(y) || y.length === 0) return undefined // readPoints() throws
  if (y.length % count !== 0) {
    throw rangeError('ERR_SHAPE', `${where}y must have a multiple of ${count} numbers, the rows of x, got ${y.length}`)
  }
  return y.length / count
}

/** A checked copy. Throws ERR_SHAPE, ERR_DETACHED, ERR_WEIGHT. */
export function copyWeights(given: Numbers | undefined, count: number, where: string): Float64Array | undefined {
  const weights = readWeights(given, count, where)
  if (weights === undefined) return undefined
  const copy = copyOf(weights)
  checkWeights(copy, where)
  return copy
}
