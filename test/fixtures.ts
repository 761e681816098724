// Shared by the tests: seeded numbers, difficult sets of points, and a residual that is computed by a path of its own.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type Compressed, momentCount, multiIndices, type Numbers } from '../lib/index.js'

/** One machine epsilon. */
export const EPS = 2 ** -52
/** The bounds that the package promises: of the error of every standardised moment, and of that of the total weight. */
export const RESIDUAL_BOUND = 50 * EPS
export const TOTAL_WEIGHT_BOUND = 16 * EPS

export interface PointSet {
  points: Float64Array
  dimension: number
  weights?: Float64Array
}

// ---- seeded numbers (mulberry32)

export interface Random {
  /** Uniform on [0, 1), a multiple of 2^-32. */
  next(): number
  normal(): number
  /** A whole number from 0 to limit - 1. */
  below(limit: number): number
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    below: (limit) => Math.floor(next() * limit),
  }
}

export function fill(length: number, value: (index: number) => number): Float64Array {
  return Float64Array.from({ length }, (_, index) => value(index))
}

/** Uniform on [-1, 1]^dimension. */
export function uniform(count: number, dimension: number, seed = 1): Float64Array {
  const random = seeded(seed)
  return fill(count * dimension, () => 2 * random.next() - 1)
}

export function normal(count: number, dimension: number, seed = 1): Float64Array {
  const random = seeded(seed)
  return fill(count * dimension, () => random.normal())
}

export function rowsOf(count: number, row: (index: number) => readonly number[]): Float64Array {
  return Float64Array.from(Array.from({ length: count }, (_, index) => row(index)).flat())
}

/** A random order of 0 .. count-1 (Fisher, Yates). */
export function shuffled(count: number, seed: number): number[] {
  const random = seeded(seed)
  const order = Array.from({ length: count }, (_, index) => index)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}

// ---- the residual by an independent path: sums of pairs hi + lo of doubles (Dekker, Knuth), about 106 bits

/** The product's rounding error: a * b = product + error exactly, unless it over- or underflows. */
function productError(a: number, b: number, product: number): number {
  const splitA = 134217729 * a
  const splitB = 134217729 * b
  const highA = splitA - (splitA - a)
  const highB = splitB - (splitB - b)
  const lowA = a - highA
  const lowB = b - highB
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB)
}

/** The sum's rounding error: a + b = sum + error exactly. */
function sumError(a: number, b: number, sum: number): number {
  const partB = sum - a
  return a - (sum - partB) + (b - partB)
}

export interface Truth {
  order: number
  dimension: number
  /** Per column: the weighted mean, and the power of two next to its spread, by which it is divided. */
  centre: Float64Array
  unit: Float64Array
  /** Per moment: the sum as a pair of doubles, and the sum of absolute values. */
  high: Float64Array
  low: Float64Array
  size: Float64Array
}

/** The moments of a set in its own standard units. Those of a lower order come first. */
export function truthOf(set: { points: Numbers; dimension: number; weights?: Numbers }, order: number): Truth {
  const { points, dimension, weights } = set
  const count = points.length / dimension
  const centre = new Float64Array(dimension)
  const unit = new Float64Array(dimension).fill(1)
  let mass = 0
  for (let i = 0; i < count; i++) mass += weights?.[i] ?? 1
  for (let a = 0; a < dimension; a++) {
    let high = 0
    let low = 0
    for (let i = 0; i < count; i++) {
      const share = (weights?.[i] ?? 1) / mass
      const term = share * points[i * dimension + a]
      const sum = high + term
      low += sumError(high, term, sum) + productError(share, points[i * dimension + a], term)
      high = sum
    }
    centre[a] = high + low
    let spread = 0
    for (let i = 0; i < count; i++) {
      const share = (weights?.[i] ?? 1) / mass
      spread += share * Math.abs(points[i * dimension + a] - centre[a])
    }
    if (spread > 0) unit[a] = 2 ** Math.round(Math.log2(spread))
  }
  return sums({ points, dimension, weights }, order, centre, unit)
}

function sums(
  { points, dimension, weights }: { points: Numbers; dimension: number; weights?: Numbers | undefined },
  order: number,
  centre: Float64Array,
  unit: Float64Array,
): Truth {
  const terms = momentCount(dimension, order)
  const { parent, column } = factors(dimension, order)
  const high = new Float64Array(terms)
  const low = new Float64Array(terms)
  const size = new Float64Array(terms)
  const count = points.length / dimension
  const zHigh = new Float64Array(dimension)
  const zLow = new Float64Array(dimension)
  const powerHigh = new Float64Array(terms)
  const powerLow = new Float64Array(terms)
  for (let i = 0; i < count; i++) {
    const weight = weights?.[i] ?? 1
    if (weight === 0) continue
    for (let a = 0; a < dimension; a++) {
      const x = points[i * dimension + a]
      const difference = x - centre[a]
      zHigh[a] = difference / unit[a]
      zLow[a] = sumError(x, -centre[a], difference) / unit[a]
    }
    // The weight is the first term, so every power is already multiplied by it.
    powerHigh[0] = weight
    powerLow[0] = 0
    for (let j = 0; j < terms; j++) {
      if (j > 0) {
        const p = parent[j]
        const a = column[j]
        const product = powerHigh[p] * zHigh[a]
        const rest = productError(powerHigh[p], zHigh[a], product) + (powerHigh[p] * zLow[a] + powerLow[p] * zHigh[a])
        powerHigh[j] = product + rest
        powerLow[j] = rest - (powerHigh[j] - product)
      }
      const sum = high[j] + powerHigh[j]
      const rest = sumError(high[j], powerHigh[j], sum) + powerLow[j] + low[j]
      high[j] = sum + rest
      low[j] = rest - (high[j] - sum)
      size[j] += Math.abs(powerHigh[j])
    }
  }
  return { order, dimension, centre, unit, high, low, size }
}

/** Every monomial except the first is an earlier one times a column. */
function factors(dimension: number, order: number): { parent: Int32Array; column: Int32Array } {
  const list = multiIndices(dimension, order)
  const terms = list.length / dimension
  const position = new Map<string, number>()
  const parent = new Int32Array(terms)
  const column = new Int32Array(terms)
  for (let j = 0; j < terms; j++) {
    const exponents = Array.from(list.subarray(j * dimension, (j + 1) * dimension))
    position.set(exponents.join(), j)
    if (j === 0) continue
    column[j] = exponents.findIndex((exponent) => exponent > 0)
    exponents[column[j]] -= 1
    parent[j] = position.get(exponents.join()) as number
  }
  return { parent, column }
}

export interface Residual {
  /** The largest difference of a moment of degree <= order, relative to the sum of absolute values. */
  residual: number
  /** The relative difference of the total weight. */
  mass: number
}

export function residualOf(
  truth: Truth,
  set: { points: Numbers; weights?: Numbers | undefined },
  order = truth.order,
): Residual {
  const got = sums({ ...set, dimension: truth.dimension }, order, truth.centre, truth.unit)
  const relative = Array.from(got.high, (high, j) => {
    const difference = Math.abs(high - truth.high[j] + (got.low[j] - truth.low[j]))
    return difference === 0 ? 0 : difference / truth.size[j]
  })
  return { residual: Math.max(...relative), mass: relative[0] }
}

/** floor(value * 2^bits) as a whole number. Exact when the last bit of the value is at least 2^-bits. */
export function fixedPoint(value: number, bits: number): bigint {
  const word = new DataView(new Float64Array([value]).buffer).getBigUint64(0, true)
  const exponent = Number((word >> 52n) & 0x7ffn)
  const fraction = (word & 0xfffffffffffffn) | (exponent > 0 ? 1n << 52n : 0n)
  const shift = BigInt(Math.max(exponent, 1) - 1075 + bits)
  const signed = word >> 63n ? -fraction : fraction
  return shift >= 0n ? signed << shift : signed >> -shift
}

// ---- the properties of every result

/** Checks everything that is promised of a result of compress(), except the moments. This is fast. */
export function expectSubset(
  result: Compressed,
  set: { points: Numbers; dimension: number; weights?: Numbers },
  size: number,
): void {
  const { dimension } = set
  const rows = set.points.length / dimension
  expect(result.count).toBe(result.indices.length)
  expect(result.weights.length).toBe(result.count)
  expect(result.points.length).toBe(result.count * dimension)
  expect(result.count).toBeGreaterThan(0)
  expect(result.count).toBeLessThanOrEqual(Math.min(size, rows))
  let fault = ''
  for (let i = 0; i < result.count && fault === ''; i++) {
    const row = result.indices[i]
    const weight = result.weights[i]
    if (row >= rows) fault = `row ${row} of ${rows}`
    if (i > 0 && row <= result.indices[i - 1]) fault = `rows not ascending at ${i}`
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY)) fault = `weight ${weight} at ${i}`
    if (set.weights?.[row] === 0) fault = `row ${row} of weight zero was chosen`
    for (let a = 0; a < dimension; a++) {
      if (!Object.is(result.points[i * dimension + a], set.points[row * dimension + a])) fault = `row ${row} has moved`
    }
  }
  expect(fault).toBe('')
}

/** Checks all promises: a subset of at most `size` rows with the same moments, and the right residual reported. */
export function expectKept(
  result: Compressed,
  set: { points: Numbers; dimension: number; weights?: Numbers },
  size: number,
  truth: Truth = truthOf(set, result.order as number),
): void {
  expectSubset(result, set, size)
  const { residual, mass } = residualOf(truth, result, result.order as number)
  expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  expect(mass).toBeLessThanOrEqual(TOTAL_WEIGHT_BOUND)
  // The two paths may use means that differ in the last bit.
  expect(Math.abs(result.residual - residual)).toBeLessThanOrEqual(EPS)
}

/** The parts of a result that must not depend on threads or on the form of the call. */
export function bitsOf({
  points,
  weights,
  indices,
  cells,
  count,
  order,
  residual,
}: Compressed<Uint32Array | undefined>) {
  return {
    points: bytesOf(points),
    weights: bytesOf(weights),
    indices: indices && bytesOf(indices),
    cells,
    count,
    order,
    residual,
  }
}

/** A hash of all bytes of an array. */
export function bytesOf(array: ArrayBufferView): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  return createHash('sha256').update(bytes).digest('hex')
}

// ---- real files

const leftOut = new Set<string>()

/** The path of a public file. Undefined where it is missing; prints one line that says so. */
export function dataFile(name: string): string | undefined {
  const folder = process.env.FEWPOINTS_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url))
  const path = join(folder, name)
  if (existsSync(path)) return path
  if (!leftOut.has(name)) console.log(`left out: ${name} is not in ${folder} (FEWPOINTS_DATA names another folder)`)
  leftOut.add(name)
  return undefined
}
