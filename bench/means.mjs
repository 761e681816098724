// The quantity that the experiments compare: the mean of a function over all points and over the kept ones,
//   f = (1/d) sum_i (1/10) sum_a h(w_i . x_a), the ten x uniform on [-1, 1]^m,
// as in section 5 of arXiv:2510.00504. The values of h have the rounding of double precision. Their sums and
// differences are exact (every product is split into two numbers), so an error far below one epsilon of f stays
// visible.
import { random } from '../demo/random.mjs'
import { CompensatedSum } from '../dist/compensated-sum.js'
import { compressSync } from '../dist/index.js'
import { mean, median, standardError, timed, uniformPoints } from './measure.mjs'

const DIRECTIONS = 10

export const sigmoid = (t) => 1 / (1 + Math.exp(-t))

/** A function of points: (1/10) sum_a h(w_i . x_a) for each. */
function averageOver(h, dimension, seed) {
  const { uniform } = random(~seed)
  const directions = Float64Array.from({ length: DIRECTIONS * dimension }, () => 2 * uniform() - 1)
  return (points) => {
    const values = new Float64Array(points.length / dimension)
    for (let i = 0; i < values.length; i++) {
      let sum = 0
      for (let a = 0; a < DIRECTIONS; a++) {
        let product = 0
        for (let j = 0; j < dimension; j++) product += points[i * dimension + j] * directions[a * dimension + j]
        sum += h(product)
      }
      values[i] = sum / DIRECTIONS
    }
    return values
  }
}

/** The mean of `values` over all points, to compare it with the mean over few of them. */
export class Mean {
  #values
  #sum

  constructor(values) {
    this.#values = values
    this.#sum = new CompensatedSum().addAll(values)
  }

  /**
   * Compares with the mean over the rows `indices`, or over other points, at which the function has these `values`.
   *
   * @returns {{ error: number, rounding: number }} the absolute difference of the means; and about how much of it is
   *   due to the last bits of the weights and the values: each product has an independent relative error of 2^-53
   */
  errorOf({ indices, weights, values = Float64Array.from(indices, (row) => this.#values[row]) }) {
    const count = this.#values.length
    const difference = new CompensatedSum(this.#sum.state)
    let squares = 0
    for (let j = 0; j < values.length; j++) {
      const [high, low] = product(weights[j], values[j])
      difference.add(-high).add(-low)
      squares += high * high
    }
    return { error: Math.abs(difference.value) / count, rounding: (2 ** -53 * Math.sqrt(squares)) / count }
  }
}

/** The uniform points of a trial, and how far the mean of h over the points of a result is from that over all. */
export function drawTrial({ h, dimension, points: count, seed }, trial) {
  const trialSeed = seed + dimension * 1e7 + count * 64 + trial
  const points = uniformPoints(count, dimension, trialSeed)
  const valuesAt = averageOver(h, dimension, trialSeed)
  const f = new Mean(valuesAt(points))
  return { points, errorOf: (result) => f.errorOf({ ...result, values: valuesAt(result.points) }) }
}

/**
 * Draws uniform points `trials` times, compresses them and compares f. All options of `list` get the same points.
 *
 * @param {{ h: (t: number) => number, dimension: number, points: number, seed: number }} what
 * @param {object[]} list options of compressSync
 * @param {number} trials
 * @param {(part: number) => void} progress
 * @returns per entry of the list { errors, rounding, cells, freeCells, order, cpu }: the error of every trial, its mean
 *   rounding, and medians of the number of cells, of those with free points, the order and the milliseconds of processor
 *   time
 */
export function errorsOfMeans(what, list, trials, progress) {
  const { dimension } = what
  const measured = list.map(() => [])
  for (let trial = 0; trial < trials; trial++) {
    const { points, errorOf } = drawTrial(what, trial)
    for (const [i, options] of list.entries()) {
      const { result, user, system } = timed(() => compressSync(points, { dimension, ...options }))
      const { cells, freeCells = 0, order } = result
      measured[i].push({ ...errorOf(result), cells, freeCells, order, cpu: user + system })
      progress((trial + (i + 1) / list.length) / trials)
    }
  }
  return measured.map((runs) => {
    const all = (key) => runs.map((one) => one[key])
    return {
      errors: all('error'),
      rounding: mean(all('rounding')),
      cells: median(all('cells')),
      freeCells: median(all('freeCells')),
      order: median(all('order')),
      cpu: median(all('cpu')),
    }
  })
}

/** Mean errors below this many times their rounding are not fitted: a tenth of them may be rounding. */
export const ROUNDINGS = 10

/** The mean error of several trials, its standard error, and whether it is well above rounding. */
export function meanError({ errors, rounding }) {
  const error = mean(errors)
  return { error, standardError: standardError(errors), rounding, isClear: error > ROUNDINGS * rounding }
}

/** a * b as an exact sum of two numbers (Dekker, Numer. Math. 18, 1971). */
function product(a, b) {
  const high = a * b
  const [a1, a2] = split(a)
  const [b1, b2] = split(b)
  return [high, a2 * b2 - (high - a1 * b1 - a2 * b1 - a1 * b2)]
}

function split(a) {
  const scaled = 134217729 * a // 2^27 + 1
  const high = scaled - (scaled - a)
  return [high, a - high]
}
