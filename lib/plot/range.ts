// What is shown of each column: from a first pass over all rows, of any number.
import { randomNumbers } from './random.js'

/** A column as the first pass has found it. */
export interface Range {
  /** The least and the largest of all values. */
  least: number
  largest: number
  /** The part of that which is shown. */
  low: number
  high: number
  /** The distance of neighbouring values, where all values lie on a lattice: 1 for whole numbers, 0.01 for prices. */
  step: number | undefined
}

/** `all`: from the least to the largest value. `robust`: without the few values that lie far out. */
export type RangeKind = 'robust' | 'all'

const SAMPLE = 2 ** 15 // rows
const TAIL = 0.01
const BEYOND = 0.75

/**
 * Takes all rows in chunks and finds the range of each column. It holds `SAMPLE` rows, drawn with equal probabilities by a
 * generator of fixed seed. A robust range has these ends: the 1% and 99% quantiles of the weight in the sample, moved out by
 * 3/4 of their distance, which is 5.8 standard deviations of a normal distribution. It never goes beyond the least and the
 * largest value.
 */
export class RangeFinder {
  readonly #dimension: number
  readonly #least: Float64Array
  readonly #largest: Float64Array
  readonly #points: Float64Array
  readonly #weights: Float64Array
  readonly #random = randomNumbers(1)
  #seen = 0

  constructor(dimension: number) {
    this.#dimension = dimension
    this.#least = new Float64Array(dimension).fill(Number.POSITIVE_INFINITY)
    this.#largest = new Float64Array(dimension).fill(Number.NEGATIVE_INFINITY)
    this.#points = new Float64Array(SAMPLE * dimension)
    this.#weights = new Float64Array(SAMPLE)
  }

  /** `points`: count x dimension, row-major. Rows of weight 0 do not count. */
  add(points: Float64Array, weights: Float64Array | undefined, count: number): void {
    const m = this.#dimension
    for (let i = 0; i < count; i++) {
      const weight = weights === undefined ? 1 : weights[i]
      if (weight === 0) continue
      for (let a = 0; a < m; a++) {
        const value = points[i * m + a]
        if (value < this.#least[a]) this.#least[a] = value
        if (value > this.#largest[a]) this.#largest[a] = value
      }
      const place = this.#seen < SAMPLE ? this.#seen : Math.floor(this.#random() * (this.#seen + 1))
      this.#seen++
      if (place >= SAMPLE) continue
      for (let a = 0; a < m; a++) this.#points[place * m + a] = points[i * m + a]
      this.#weights[place] = weight
    }
  }

  /** One per column. There must have been a row. */
  ranges(kind: RangeKind): Range[] {
    return Array.from(this.#least, (least, a) => {
      const largest = this.#largest[a]
      const { low, high, step } = this.#sampled(a)
      const isAll = kind === 'all' || low === high
      return {
        least,
        largest,
        low: isAll ? least : Math.max(least, low - BEYOND * (high - low)),
        high: isAll ? largest : Math.min(largest, high + BEYOND * (high - low)),
        step,
      }
    })
  }

  #sampled(a: number): { low: number; high: number; step: number | undefined } {
    const count = Math.min(this.#seen, SAMPLE)
    const values = Float64Array.from({ length: count }, (_, i) => this.#points[i * this.#dimension + a])
    const order = Uint32Array.from({ length: count }, (_, i) => i).sort((i, j) => values[i] - values[j])
    const total = this.#weights.subarray(0, count).reduce((sum, weight) => sum + weight, 0)
    let below = 0
    let [low, high] = [values[order[0]], values[order[count - 1]]]
    for (const i of order) {
      const through = below + this.#weights[i]
      if (below <= TAIL * total && through > TAIL * total) low = values[i]
      if (below < (1 - TAIL) * total && through >= (1 - TAIL) * total) high = values[i]
      below = through
    }
    return { low, high, step: latticeStep(values.sort()) }
  }
}

/** The step of the lattice on which all values lie; undefined when there is none. */
export function latticeStep(sorted: Float64Array): number | undefined {
  const [first, last] = [sorted[0], sorted[sorted.length - 1]]
  const rounding = 1e-12 * Math.max(Math.abs(first), Math.abs(last))
  let step = Number.POSITIVE_INFINITY
  for (let i = 1; i < sorted.length; i++) {
    const gap = sorted[i] - sorted[i - 1]
    if (gap > rounding && gap < step) step = gap
  }
  // The mean over the whole width is more precise than one gap, where 0.61 - 0.6 is not 0.01.
  const steps = Math.round((last - first) / step)
  if (!(steps >= 1 && steps < 1e6)) return undefined
  step = (last - first) / steps
  const isOn = sorted.every((value) => {
    const place = (value - first) / step
    return Math.abs(place - Math.round(place)) < 1e-3
  })
  return isOn ? step : undefined
}
