// How the way in which cells are cut acts on the error, at equal size: the default (cells of equal expected error, boxes
// divided into as many bins as they should have cells), the same with sides only ever halved (a plain adaptive kd-tree),
// and cells of equally many points (a balanced kd-tree with exact medians, written to compare errors with, not times).
// The error is that of the mean of a random sigmoid function of a point, over the set and over the result: root of the
// mean square over functions, geometric mean over seeds.
//
// The two means are not subtracted: sum over points of (old weight - new weight) times function, by Neumaier's method, so
// that what is left is the rounding of single terms, far below the errors shown except some at m = 1.
import { random } from '../../demo/random.mjs'
import { textTable } from '../../demo/table.mjs'
import { momentCount } from '../../dist/index.js'
import { native } from '../../dist/native/addon.js'

export const title = 'Partition: error at equal size, a tenth of the points, and time to cut'
export const seed = 1

const DIMENSIONS = [1, 2, 3, 4]
const ORDERS = [1, 3, 5]
const DIVISIONS = ['grid', 'halves', 'balanced']
const FUNCTIONS = 20
const SEEDS = 5
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
  const points = small ? 1e4 : 1e5
  return Object.keys(SETS).flatMap((set) =>
    DIMENSIONS.map((dimension) => ({ set, dimension, points, seeds: small ? 3 : SEEDS, threads: threads ?? 1 })),
  )
}

export function run({ set, dimension, points: count, seeds, threads }, trials) {
  const size = count / 10
  const orders = ORDERS.filter((order) => size >= MIN_CELLS * momentCount(dimension, order))
  return {
    size,
    runs: orders.map((order) => {
      const found = DIVISIONS.map(() => ({ errors: [], times: [] }))
      for (let s = 0; s < seeds; s++) {
        const points = draw(set, count, dimension, seed + 100 * s)
        const results = DIVISIONS.map((division) => {
          const input = {
            points: { data: points, offset: 0, count, dimension, rowStride: dimension, columnStride: 1 },
            ...{ order, size, threads, standardise: true, division },
          }
          const runs = Array.from({ length: s === 0 ? trials + 1 : 1 }, () => native().compressSync(input))
          return { ...runs[0], times: runs.slice(1).map(({ partition }) => partition) }
        })
        const errors = errorsOf(points, dimension, results, seed + 100 * s + 1)
        found.forEach((one, i) => {
          one.errors.push(errors[i])
          one.times.push(...results[i].times)
          one.cells = results[i].cells
        })
      }
      return {
        order,
        divisions: Object.fromEntries(
          found.map(({ errors, times, cells }, i) => [
            DIVISIONS[i],
            { error: geometricMean(errors), partition: median(times), cells },
          ]),
        ),
      }
    }),
  }
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
      squares[i] += (compensatedDot(change, values) / count) ** 2 / FUNCTIONS
    })
  }
  return squares.map(Math.sqrt)
}

function compensatedDot(a, b) {
  let sum = 0
  let lost = 0
  for (let i = 0; i < a.length; i++) {
    const term = a[i] * b[i]
    const next = sum + term
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum
    sum = next
  }
  return sum + lost
}

const geometricMean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

export function report(results) {
  const all = results.flatMap(({ set, dimension, points, size, runs }) =>
    runs.map(({ order, divisions }) => ({ set, dimension, points, size, order, ...divisions })),
  )
  const head = ['set', 'm', 'order', 'cells', 'error', 'halves', 'balanced', '/ halves', '/ balanced']
  const lines = all.map(({ set, dimension, order, grid, halves, balanced }) => [
    set,
    String(dimension),
    String(order),
    String(grid.cells),
    ...[grid, halves, balanced].map(({ error }) => error.toExponential(2)),
    ...[halves, balanced].map(({ error }) => (grid.error / error).toPrecision(2)),
  ])
  for (const [i, { grid, halves, balanced }] of all.entries()) {
    lines[i].push(...[grid, halves, balanced].map(({ partition }) => partition.toFixed(2)))
  }
  const summary = Object.keys(SETS).map((set) => {
    const those = all.filter((one) => one.set === set)
    const ratio = (other) => geometricMean(those.map((one) => one.grid.error / one[other].error)).toPrecision(2)
    return `${set}: ${ratio('halves')} of the error of halves, ${ratio('balanced')} of that of balanced cells`
  })
  return [
    textTable([...head, 'ms', 'halves', 'balanced'], lines),
    '',
    'error: of the default; "/": the default over the other; ms: to cut, medians. Geometric means over m and order:',
    ...summary,
  ].join('\n')
}
