// A survey of the columns of partially linear rows: which ones vary, and which ones the others determine.

import type { PartiallyLinearRows } from './rows.js'

export interface Survey {
  /** Columns of a that are not constant. */
  varying: number[]
  /** Columns of b that the others do not determine: not constant, and one fewer when all rows have the same sum. */
  linear: number[]
  /** Columns of b with more than two values. The square of any other column is linear in that column. */
  curved: number[]
  /** Per column of b: the weighted mean. */
  mean: Float64Array
  /** Per column of b: a power of two near the largest distance from the mean. */
  unit: Float64Array
}

// Labels that are computed to sum to one do so within this many roundings of the largest of them.
const ROUNDINGS_OF_A_SUM = 8

/** One pass over the rows. Rows of weight 0 do not count. */
export function surveyOf({ data, count, polynomial, linear, weights }: PartiallyLinearRows): Survey {
  const width = polynomial + linear
  const first = weights ? weights.findIndex((weight) => weight > 0) : 0
  const other = new Int32Array(width).fill(-1) // a row whose value differs from the first one's
  const third = new Uint8Array(width) // whether there is yet another value
  const low = data.slice(first * width, (first + 1) * width)
  const high = low.slice()
  const mean = low.slice(polynomial)
  let mass = 0
  let sumVaries = 0
  for (let i = first; i < count; i++) {
    const weight = weights ? weights[i] : 1
    if (weight === 0) continue
    mass += weight
    let difference = 0
    for (let a = 0; a < width; a++) {
      const value = data[i * width + a]
      if (value !== data[first * width + a]) {
        if (other[a] < 0) other[a] = i
        else if (value !== data[other[a] * width + a]) third[a] = 1
      }
      if (value < low[a]) low[a] = value
      if (value > high[a]) high[a] = value
      if (a < polynomial) continue
      mean[a - polynomial] += (value - mean[a - polynomial]) * (weight / mass)
      difference += value - data[first * width + a]
    }
    sumVaries = Math.max(sumVaries, Math.abs(difference))
  }
  const range = (length: number) => Array.from({ length }, (_, a) => a)
  const spread = (a: number) => high[polynomial + a] - low[polynomial + a]
  const varies = range(linear).filter((a) => other[polynomial + a] >= 0)
  // Where all sums are equal, the others determine the column of the largest spread: their rounding is small beside it.
  const widest = varies.reduce((most, a) => (spread(a) > spread(most) ? a : most), varies[0])
  const determined = varies.length > 1 && sumVaries <= ROUNDINGS_OF_A_SUM * Number.EPSILON * spread(widest)
  return {
    varying: range(polynomial).filter((a) => other[a] >= 0),
    linear: determined ? varies.filter((a) => a !== widest) : varies,
    curved: varies.filter((a) => third[polynomial + a] === 1),
    mean,
    unit: Float64Array.from(mean, (centre, a) => {
      const far = Math.max(high[polynomial + a] - centre, centre - low[polynomial + a])
      return far > 0 ? 2 ** Math.floor(Math.log2(far)) : 1
    }),
  }
}
