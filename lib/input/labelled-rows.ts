// Rows (x, y), with weights if wanted: how they are given, and how they are read.
import { describe, rangeError, typeError } from '../errors.js'
import type { NativePoints, Numbers } from '../native/addon.js'
import { copyOf } from '../native/memory.js'
import { shared } from './options.js'
import { isNumbers, type PointsInput, readPoints, readWeights } from './points.js'

/** Rows with labels. What compressDataset() returns is one as well. */
export interface Dataset {
  /** d x inputs, row-major, or ndarray-like. */
  x: PointsInput
  /** d x outputs, row-major, or ndarray-like. Classes are one-hot: 1 in the column of the class, else 0. */
  y: PointsInput
  /** Numbers a row of x. May be left out when x is ndarray-like, or when a network tells it. */
  inputs?: number | undefined
  /** Numbers a row of y. May be left out: it follows from the length of y. */
  outputs?: number | undefined
  /** One number >= 0 a row. Default: all 1. */
  weights?: Numbers | undefined
}

/** Views of the caller's arrays; the weights are a copy, and checked. */
export interface LabelledRows {
  x: NativePoints
  y: NativePoints
  weights: Float64Array | undefined
}

/** What the messages call things: "compressDataset: data", "trainNetwork: test.x" (path 'test.'). */
export interface RowsNames {
  caller: string
  name: string
  path: string
}

/** What is known besides: weights that go before the data's own, and the network that the rows are for. */
export interface KnownOfRows {
  weights?: Numbers | undefined
  network?: { inputs: number; outputs: number } | undefined
}

/** Throws ERR_SHAPE, ERR_OPTION (inputs and outputs), ERR_DETACHED, ERR_WEIGHT. The numbers are the native copy's. */
export function readLabelledRows(data: unknown, names: RowsNames, known: KnownOfRows = {}): LabelledRows {
  const { caller, name, path } = names
  if (typeof data !== 'object' || data === null || Array.isArray(data) || ArrayBuffer.isView(data)) {
    const fields = known.network ? '{ x, y }' : '{ x, y, inputs, outputs }'
    throw typeError('ERR_SHAPE', `${caller}: ${name} must be an object ${fields}, got ${describe(data)}`)
  }
  const where = `${caller}: ${path}`
  // Each field once: these may be getters.
  const { x: givenX, y: givenY, inputs, outputs, weights: givenWeights } = data as Record<string, unknown>
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

/** Into the columns from `offset` on of rows of `width` numbers. Throws ERR_NOT_FINITE. */
export function copyColumns(from: NativePoints, to: Numbers, offset: number, width: number, where: string): void {
  const { data, count, dimension, rowStride, columnStride } = from
  for (let i = 0; i < count; i++) {
    for (let a = 0; a < dimension; a++) {
      const value = data[from.offset + i * rowStride + a * columnStride]
      if (!Number.isFinite(value)) {
        throw rangeError('ERR_NOT_FINITE', `${where}, row ${i}, column ${a} is ${value}; expected a finite number`)
      }
      to[i * width + offset + a] = value
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

/** What `outputs` is when it is left out. */
function outputsOf(y: unknown, count: number, where: string): number | undefined {
  if (!isNumbers(y) || y.length === 0) return undefined // readPoints has the message
  if (y.length % count !== 0) {
    throw rangeError('ERR_SHAPE', `${where}y must have a multiple of ${count} numbers, the rows of x, got ${y.length}`)
  }
  return y.length / count
}

function copyWeights(given: Numbers | undefined, count: number, where: string): Float64Array | undefined {
  const weights = readWeights(given, count, where)
  if (weights === undefined) return undefined
  const copy = copyOf(weights)
  const bad = copy.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))
  if (bad >= 0) {
    throw rangeError('ERR_WEIGHT', `${where}[${bad}] is ${copy[bad]}; expected a finite number >= 0`)
  }
  if (!copy.some((weight) => weight > 0)) {
    throw rangeError('ERR_WEIGHT', `${where} are all 0; expected at least one positive weight`)
  }
  return copy
}
