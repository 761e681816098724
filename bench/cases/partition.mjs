// How the way in which cells are cut acts on the error, at equal size: that of compress (cells of equal expected error, boxes
// divided into as many bins as they should have cells), a plain adaptive kd-tree (the cell of the largest expected error is
// halved next), and cells of equally many points (a balanced kd-tree). The last two are cut here, and each of their cells is
// a call of compress. The error is that of the mean of a random sigmoid function of a point, over the set and over the result:
// root of the mean square over functions, geometric mean over seeds.
//
// The two means are not subtracted: sum over points of (old weight - new weight) times function, by Neumaier's method, so
// that what is left is the rounding of single terms, far below the errors shown except some at m = 1.
import { random } from '../../demo/random.mjs'
import { sumOfTerms } from '../../dist/compensated-sum.js'
import { compressSync, momentCount } from '../../dist/index.js'
import { geometricMean, median } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Partition: error at equal size, a tenth of the points'
export const seed = 1

const DIMENSIONS = [1, 2, 3, 4]
const ORDERS = [1, 3, 5]
const DIVISIONS = { grid, halves, balanced }
const FUNCTIONS = 20
const SEEDS = 3
/** Fewer cells than this, and the way of cutting them says little. */
const MIN_CELLS = 8

/** Each gives one point at a time; the generator is a seeded one. */
const SETS = {
  uniform: ({ uniform }, m) => numbers(m, () => 2 * uniform() - 1),
  Gaussian: ({ normal }, m) => numbers(m, normal),
  'Student-t, 3': ({ normal }, m) => {
    const scale = Math.sqrt((normal() ** 2 + normal() ** 2 + normal() ** 2) / 3)
    return numbers(m, () => normal() / scale)
  },
  'eight Gaussians': ({ normal, below }, m, clusters) => {
    const { centre, width } = clusters[below(clusters.length)]
    return centre.slice(0, m).map((x) => x + width * normal())
  },
}

const numbers = (m, draw) => Array.from({ length: m }, draw)

export function cases({ small, threads }) {
  const points = small ? 2e3 : 1e5
  return Object.keys(SETS).flatMap((set) =>
    DIMENSIONS.map((dimension) => ({ set, dimension, points, seeds: SEEDS, threads: threads ?? 1 })),
  )
}

export function run({ set, dimension, points: count, seeds, threads }, trials) {
  const size = count / 10
  const orders = ORDERS.filter((order) => size >= MIN_CELLS * momentCount(dimension, order))
  return {
    size,
    runs: orders.map((order) => {
      const found = Object.values(DIVISIONS).map(() => ({ errors: [], times: [] }))
      for (let s = 0; s < seeds; s++) {
        const points = draw(set, count, dimension, seed + 100 * s)
        const options = { dimension, order, size, quality: 'fast', threads }
        const results = Object.values(DIVISIONS).map((division) => division(points, options))
        for (let i = 0; s === 0 && i < trials; i++) {
          found[0].times.push(compressSync(points, options).elapsed.partition)
        }
        const errors = errorsOf(points, dimension, results, seed + 100 * s + 1)
        found.forEach((one, i) => {
          one.errors.push(errors[i])
          one.cells = results[i].cells
        })
      }
      return {
        order,
        partition: median(found[0].times),
        divisions: Object.fromEntries(
          found.map(({ errors, cells }, i) => [Object.keys(DIVISIONS)[i], { error: geometricMean(errors), cells }]),
        ),
      }
    }),
  }
}

function grid(points, options) {
  const { indices, weights, cells } = compressSync(points, options)
  return { indices, weights, cells }
}

/** Always the cell of the largest expected error, mass times diameter^(k+1), is halved across its longest side next. */
function halves(points, options) {
  const { dimension, order, size } = options
  const room = momentCount(dimension, order)
  const measured = (rows) => {
    const { axis, low, high, square } = boxOf(points, dimension, rows)
    return { rows, axis, middle: 0.5 * low + 0.5 * high, score: rows.length * square ** (0.5 * (order + 1)) }
  }
  const cost = ({ rows }) => Math.min(rows.length, room)
  const cells = []
  const open = [measured(Array.from({ length: points.length / dimension }, (_, i) => i))]
  for (let used = room; open.length > 0; ) {
    const best = open.reduce((at, cell, i) => (cell.score > open[at].score ? i : at), 0)
    const cell = open[best]
    const { rows, axis, middle } = cell
    const at = (row) => points[row * dimension + axis]
    const parts = [rows.filter((row) => at(row) < middle), rows.filter((row) => at(row) >= middle)].map(measured)
    const now = used - cost(cell) + cost(parts[0]) + cost(parts[1])
    open[best] = open.at(-1)
    open.pop()
    if (rows.length > room && now <= size) {
      used = now
      open.push(...parts)
    } else {
      cells.push(rows)
    }
  }
  return compressed(points, options, cells)
}

/** As many cells as there is room for, of equally many points, divided across the longest side. */
function balanced(points, options) {
  const { dimension, order, size } = options
  const cells = []
  const divide = (rows, count) => {
    if (count < 2) return cells.push(rows)
    const { axis } = boxOf(points, dimension, rows)
    const keys = Float64Array.from(rows, (row) => points[row * dimension + axis])
    const left = Math.floor(count / 2)
    const bound = keys.toSorted()[Math.floor((rows.length * left) / count)]
    divide(
      rows.filter((_, i) => keys[i] < bound),
      left,
    )
    return divide(
      rows.filter((_, i) => keys[i] >= bound),
      count - left,
    )
  }
  const all = Array.from({ length: points.length / dimension }, (_, i) => i)
  divide(all, Math.floor(size / momentCount(dimension, order)))
  return compressed(points, options, cells)
}

/** The longest side of the points' bounding box, and the square of its diagonal. */
function boxOf(points, dimension, rows) {
  const longest = { axis: 0, low: 0, high: 0, square: 0 }
  for (let axis = 0; axis < dimension; axis++) {
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (const row of rows) {
      const x = points[row * dimension + axis]
      if (x < low) low = x
      if (x > high) high = x
    }
    longest.square += (high - low) ** 2
    if (high - low > longest.high - longest.low) Object.assign(longest, { axis, low, high })
  }
  return longest
}

function compressed(points, options, cells) {
  const { dimension, order } = options
  const size = momentCount(dimension, order)
  const result = { indices: [], weights: [], cells: cells.length }
  for (const rows of cells) {
    if (rows.length <= size) {
      result.indices.push(...rows)
      result.weights.push(...rows.map(() => 1))
      continue
    }
    const cell = Float64Array.from({ length: rows.length * dimension }, (_, i) => {
      return points[rows[Math.floor(i / dimension)] * dimension + (i % dimension)]
    })
    const { indices, weights } = compressSync(cell, { ...options, size })
    result.indices.push(...Array.from(indices, (index) => rows[index]))
    result.weights.push(...weights)
  }
  return result
}

function draw(set, count, dimension, from) {
  const generator = random(from)
  const clusters = Array.from({ length: 8 }, () => ({
    centre: numbers(Math.max(...DIMENSIONS), () => 4 * generator.uniform() - 2),
    width: 10 ** (-2 * generator.uniform()),
  }))
  const points = new Float64Array(count * dimension)
  for (let i = 0; i < count; i++) points.set(SETS[set](generator, dimension, clusters), i * dimension)
  return points
}

/** For every result the root mean square over the functions of the difference of the means. */
function errorsOf(points, dimension, results, from) {
  const count = points.length / dimension
  const changes = results.map(({ indices, weights }) => {
    const change = new Float64Array(count).fill(1)
    for (let j = 0; j < indices.length; j++) change[indices[j]] -= weights[j]
    return change
  })
  const { normal } = random(from)
  const squares = results.map(() => 0)
  const values = new Float64Array(count)
  for (let f = 0; f < FUNCTIONS; f++) {
    const slope = numbers(dimension, () => 1.5 * normal())
    const shift = normal()
    for (let i = 0; i < count; i++) {
      let z = shift
      for (let a = 0; a < dimension; a++) z += slope[a] * points[i * dimension + a]
      values[i] = 1 / (1 + Math.exp(-z))
    }
    changes.forEach((change, i) => {
      const sum = sumOfTerms(count, (p) => change[p] * values[p])
      squares[i] += (sum / count) ** 2 / FUNCTIONS
    })
  }
  return squares.map(Math.sqrt)
}

export function report(results) {
  const all = results.flatMap(({ set, dimension, points, size, runs }) =>
    runs.map(({ order, partition, divisions }) => ({ set, dimension, points, size, order, partition, ...divisions })),
  )
  const summary = Object.keys(SETS).map((set) => {
    const those = all.filter((one) => one.set === set)
    const ratio = (other) => geometricMean(those.map((one) => one.grid.error / one[other].error)).toPrecision(2)
    return `${set}: ${ratio('halves')} of the error of halves, ${ratio('balanced')} of that of balanced cells`
  })
  return [
    tableOf(all, [
      ['set', ({ set }) => set],
      ['m', ({ dimension }) => dimension],
      ['order', ({ order }) => order],
      ['cells', ({ grid }) => grid.cells],
      ['error', ({ grid }) => grid.error.toExponential(2)],
      ...['halves', 'balanced'].map((other) => [other, (one) => one[other].error.toExponential(2)]),
      ...['halves', 'balanced'].map((other) => [
        `/ ${other}`,
        (one) => (one.grid.error / one[other].error).toPrecision(2),
      ]),
      ['ms', ({ partition }) => partition.toFixed(2)],
    ]),
    '',
    'error: of the default; "/": the default over the other; ms: to cut, median. Geometric means over m and order:',
    ...summary,
  ].join('\n')
}
