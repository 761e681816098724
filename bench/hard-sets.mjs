// Sets of points that break solvers of moment problems. bench/cases/hard.mjs measures the result for each of them, and
// test/hard.test.ts checks that it stays that good. make() builds a set on demand; every set has a seed of its own.
import { random } from '../demo/random.mjs'

/**
 * @typedef {object} HardSet
 * @property {string} kind      a row of the table in docs/hard-input.md
 * @property {string} name      of this set
 * @property {number} dimension
 * @property {number[]} orders  at which it is compressed
 * @property {(order: number) => number} [rank] of the polynomials up to that degree on the points, where it is known
 * @property {number} [rows]    how many points, for the sets that come in one length only
 * @property {(order: number) => boolean} [mayRefuse] at this order an error is as good as a result
 * @property {(count: number) => { points: Float64Array, weights?: Float64Array }} make
 */

const choose = (n, k) => {
  let value = 1
  for (let i = 1; i <= k; i++) value = Math.round((value * (n - k + i)) / i)
  return value
}
/** The number of polynomials of degree <= order in this number of columns. */
const all = (dimension) => (order) => choose(dimension + order, order)

/** Sets of rows that come from `row(generator, index, count)`; weights alike, where `weight` is given. */
const made = (seed, row, weight) => (count) => {
  const generator = random(seed)
  const points = Float64Array.from(Array.from({ length: count }, (_, i) => row(generator, i, count)).flat())
  if (weight === undefined) return { points }
  return { points, weights: Float64Array.from({ length: count }, (_, i) => weight(generator, i, count)) }
}

const normals = (dimension) => (g) => Array.from({ length: dimension }, () => g.normal())
const uniforms = (dimension) => (g) => Array.from({ length: dimension }, () => 2 * g.uniform() - 1)
/** Student's t with `freedom` degrees of freedom. */
const student = (g, freedom) => {
  let square = 0
  for (let i = 0; i < freedom; i++) square += g.normal() ** 2
  return g.normal() / Math.sqrt(square / freedom)
}
const decades = (span) => (g) => 10 ** (span * (g.uniform() - 0.5))

/** Normal points in the plane, 50 of them again and again. */
const fiftyAgain = () => {
  const few = []
  return (g, i) => (few[i % 50] ??= normals(2)(g))
}

/** @returns {HardSet[]} */
export function hardSets() {
  const list = []
  const add = (kind, name, dimension, orders, { seed, weight, ...more }, row) =>
    list.push({ kind, name, dimension, orders, make: made(seed, row, weight), ...more })

  add(
    'copies',
    '50 points, 40 times each',
    2,
    [1, 3, 8],
    { seed: 1, rank: (order) => Math.min(50, all(2)(order)) },
    fiftyAgain(),
  )
  add('lattice', '3 x 3', 2, [2, 5, 9], { seed: 2, rank: (order) => latticeRank([3, 3], order) }, (g) => [
    g.below(3),
    g.below(3),
  ])
  add('lattice', '7 x 5 x 2', 3, [2, 5], { seed: 3, rank: (order) => latticeRank([7, 5, 2], order) }, (g) => [
    g.below(7),
    0.1 * g.below(5),
    3 + g.below(2),
  ])
  add('lattice', 'rounded to halves', 2, [3, 6], { seed: 4 }, (g) => [
    Math.round(4 * g.normal()) / 2,
    Math.round(4 * g.normal()) / 2,
  ])
  add('line', 'integers', 3, [1, 4, 8], { seed: 5, rank: (order) => order + 1 }, (g) => {
    const t = g.below(1000)
    return [t, 3 * t + 7, 11 - 2 * t]
  })
  add('line', 'rounded', 3, [1, 4, 8], { seed: 6, rank: (order) => order + 1 }, (g) => {
    const t = g.normal()
    return [0.1 * t + 0.3, 0.7 * t - 5, t / 3]
  })
  add('circle', 'in the plane', 2, [2, 5, 10], { seed: 7, rank: (order) => 2 * order + 1 }, (g) => {
    const t = 2 * Math.PI * g.uniform()
    return [Math.cos(t), Math.sin(t)]
  })
  add('circle', 'tilted, far away', 3, [2, 4], { seed: 8 }, (g) => {
    const t = 2 * Math.PI * g.uniform()
    return [100 + Math.SQRT1_2 * Math.cos(t), 50 - Math.SQRT1_2 * Math.cos(t), 7 + Math.sin(t)]
  })
  add('circle', 'sphere', 3, [2, 4, 6], { seed: 9, rank: (order) => (order + 1) ** 2 }, (g) => {
    const v = [g.normal(), g.normal(), g.normal()]
    const r = Math.hypot(...v)
    return v.map((x) => x / r)
  })
  add('dependent column', 'a square of another', 2, [2, 3, 6], { seed: 10, rank: (order) => 2 * order + 1 }, (g) => {
    const x = g.normal()
    return [x, x * x]
  })
  add('dependent column', 'square of an integer', 2, [2, 3, 6], { seed: 11, rank: (order) => 2 * order + 1 }, (g) => {
    const x = g.below(64) - 32
    return [x, x * x]
  })
  add('constant column', 'one of three', 3, [1, 3, 6], { seed: 12, rank: all(2) }, (g) => [g.normal(), 0.3, g.normal()])
  add('constant column', 'all but one', 3, [1, 3, 8], { seed: 13, rank: all(1) }, (g) => [1e9, g.normal(), -1 / 3])
  add('equal columns', 'two of three', 3, [1, 3, 5], { seed: 14, rank: all(2) }, (g) => {
    const x = g.normal()
    return [x, g.normal(), x]
  })
  add('equal columns', 'two of 1 / 3 and 3 times', 2, [1, 4, 8], { seed: 15, rank: all(1) }, (g) => {
    const x = g.normal()
    return [x / 3, 3 * x]
  })
  add('all points equal', 'in three columns', 3, [0, 3, 6], { seed: 16, rank: () => 1 }, () => [0.1, -7, 1e100])
  add('all points equal', 'but one', 2, [1, 5], { seed: 17, rank: () => 2 }, (_, i) =>
    i === 17 ? [0.1, 1] : [0.1, 0.7],
  )
  add('one point', 'in two columns', 2, [0, 3, 12], { seed: 18, rank: () => 1, rows: 1 }, normals(2))
  for (const [count, more] of [
    [9, 'n = N - 1'],
    [10, 'n = N'],
    [11, 'n = N + 1'],
  ]) {
    add('few points', more, 2, [3], { seed: 19, rank: () => Math.min(10, count), rows: count }, normals(2))
  }
  add(
    'few points',
    'n = N + 1, one weight 1e-30',
    2,
    [3],
    { seed: 20, weight: (_, i) => (i === 5 ? 1e-30 : 1), rows: 11 },
    normals(2),
  )
  add(
    'few points',
    'n = N + 1, one weight 1e-300',
    2,
    [5],
    { seed: 20, weight: (_, i) => (i === 5 ? 1e-300 : 1), rows: 22 },
    normals(2),
  )
  add(
    'few points',
    'n = N + 1, one weight 1e30',
    2,
    [3],
    { seed: 21, weight: (_, i) => (i === 5 ? 1e30 : 1), rows: 11 },
    normals(2),
  )
  add('few points', '27 points in a line, order 26', 1, [26], { seed: 22, rank: all(1), rows: 27 }, normals(1))

  add('offset', '2^30 standard deviations', 2, [1, 3, 6], { seed: 23, rank: all(2) }, (g) => [
    2 ** 30 + g.normal(),
    g.normal() - 2 ** 30,
  ])
  add('offset', '2^30, integers', 2, [3, 6], { seed: 24, rank: all(2) }, (g) => [
    2 ** 30 + g.below(100),
    2 ** 30 + g.below(100),
  ])
  add('offset', '2^45 standard deviations', 2, [3], { seed: 25 }, (g) => [2 ** 45 + g.normal(), g.normal()])
  add('offset', 'a last bit at 2^52', 1, [1, 3], { seed: 26, rank: (order) => Math.min(5, order + 1) }, (g) => [
    2 ** 52 + g.below(5),
  ])
  add('integers', 'up to 2^53', 2, [2, 5, 8], { seed: 27, rank: all(2) }, (g) => [
    Math.floor(g.uniform() * 2 ** 53),
    Math.floor(g.uniform() * 2 ** 53) - 2 ** 52,
  ])
  add('huge and tiny', 'near 1e200', 2, [1, 3, 8], { seed: 28, rank: all(2) }, (g) => [
    1e200 * g.normal(),
    1e200 * g.normal(),
  ])
  add('huge and tiny', 'near 1e200, order 40', 1, [40], { seed: 29, rank: all(1) }, (g) => [
    1e200 * (2 * g.uniform() - 1),
  ])
  add('huge and tiny', 'up to the largest double', 2, [1, 4], { seed: 30, rank: all(2) }, (g) => [
    Number.MAX_VALUE * (2 * g.uniform() - 1),
    g.normal(),
  ])
  add('huge and tiny', 'both ends of the range', 1, [1, 4], { seed: 31, rank: () => 2 }, (_, i) => [
    i % 2 === 0 ? Number.MAX_VALUE : -Number.MAX_VALUE,
  ])
  add('huge and tiny', 'near 1e-310, subnormal', 2, [1, 3, 8], { seed: 32, rank: all(2) }, (g) => [
    1e-310 * g.normal(),
    1e-310 * g.normal(),
  ])
  add('huge and tiny', '0 to 9 times the least double', 1, [1, 4], { seed: 33, rank: all(1) }, (g) => [
    Number.MIN_VALUE * g.below(10),
  ])
  add('huge and tiny', '1e200 beside 1e-310', 2, [1, 3, 6], { seed: 34, rank: all(2) }, (g) => [
    1e200 * g.normal(),
    1e-310 * g.normal(),
  ])
  add('huge and tiny', '1e-310 beside an outlier of 1', 1, [1, 3], { seed: 35 }, (g, i) => [
    i === 7 ? 1 : 1e-310 * g.normal(),
  ])
  add('huge and tiny', 'magnitudes 1e-300 to 1e300', 1, [1, 3], { seed: 36 }, (g) => [
    10 ** (600 * (g.uniform() - 0.5)) * (g.uniform() < 0.5 ? -1 : 1),
  ])
  add('zeros of both signs', '-0 and 0 and 1', 2, [1, 3], { seed: 37, rank: () => 2 }, (g) => [
    [-0, 0, 1][g.below(3)],
    [-0, 0][g.below(2)],
  ])

  add('weights', '300 decades', 2, [1, 3, 6], { seed: 38, weight: decades(300) }, uniforms(2))
  add('weights', '300 decades, one column', 1, [3, 12], { seed: 39, weight: decades(300) }, normals(1))
  add(
    'weights',
    '300 decades, far points light',
    2,
    [2, 5],
    { seed: 40, weight: (g) => 10 ** (-300 * g.uniform() ** 4) },
    normals(2),
  )
  add('weights', '30 decades', 2, [3, 6, 12], { seed: 41, weight: decades(30) }, normals(2))
  add('weights', '12 decades', 2, [3, 6, 12], { seed: 42, weight: decades(12) }, normals(2))
  add('weights', 'all 1e-300', 2, [1, 4, 8], { seed: 43, weight: () => 1e-300, rank: all(2) }, normals(2))
  add(
    'weights',
    'all subnormal',
    2,
    [1, 4],
    { seed: 44, weight: (g) => 1e-310 * (0.5 + g.uniform()), rank: all(2) },
    normals(2),
  )
  add('weights', 'all 1e300', 2, [1, 4, 8], { seed: 45, weight: () => 1e300, rank: all(2) }, normals(2))
  add('weights', 'one of 1e20', 2, [3, 6], { seed: 46, weight: (_, i) => (i === 99 ? 1e20 : 1) }, normals(2))
  add('weights', '600 decades', 2, [1, 3], { seed: 129, weight: decades(600) }, normals(2))
  add(
    'weights',
    'all at the least double',
    1,
    [0, 1],
    { seed: 130, weight: () => Number.MIN_VALUE, mayRefuse: () => true },
    normals(1),
  )
  add(
    'weights',
    'all at the largest double',
    1,
    [1, 3],
    { seed: 131, weight: () => Number.MAX_VALUE, mayRefuse: () => true },
    normals(1),
  )
  add(
    'zero weights',
    'half of them',
    2,
    [1, 4, 8],
    { seed: 47, weight: (g) => (g.uniform() < 0.5 ? 0 : g.uniform()), rank: all(2) },
    normals(2),
  )
  add(
    'zero weights',
    'all but three',
    2,
    [1, 4],
    { seed: 48, weight: (_, i) => (i % 700 === 5 ? 1 + i : 0), rank: () => 3, rows: 2000 },
    normals(2),
  )
  add(
    'zero weights',
    'on outliers of 1e300',
    2,
    [1, 4],
    { seed: 49, weight: (_, i) => (i % 9 === 4 ? 0 : 1), rank: all(2) },
    (g, i) => (i % 9 === 4 ? [1e300, -1e300] : [g.normal(), g.normal()]),
  )

  add('outlier', '1e9 standard deviations', 2, [1, 3, 6], { seed: 50 }, (g, i) =>
    i === 77 ? [1e9, 1e9] : [g.normal(), g.normal()],
  )
  add('outlier', '1e9, in one column', 1, [3, 6, 12], { seed: 51 }, (g, i) => [i === 77 ? 1e9 : g.normal()])
  add('outlier', '1e300', 2, [1, 3], { seed: 52 }, (g, i) => (i === 77 ? [1e300, 0] : [g.normal(), g.normal()]))
  add('clusters', 'two, 1e6 apart', 2, [1, 4, 8], { seed: 53 }, (g, i) => [g.normal() + (i % 2) * 1e6, g.normal()])
  add('clusters', 'two, 1e12 apart', 2, [1, 3, 6], { seed: 54 }, (g, i) => [g.normal() + (i % 2) * 1e12, g.normal()])
  add('clusters', 'ten at the corners of a simplex', 3, [2, 4], { seed: 55 }, (g, i) => {
    const p = [0, 0, 0].map(() => 1e-7 * g.normal())
    if (i % 4 > 0) p[(i % 4) - 1] += 1e3
    return p
  })
  add('collinear columns', 'to 1e-5', 3, [1, 3, 6], { seed: 56, rank: all(3) }, (g) => {
    const x = g.normal()
    return [x, x + 1e-5 * g.normal(), g.normal()]
  })
  add('collinear columns', 'to 1e-5, six of them', 6, [1, 2, 3], { seed: 57, rank: all(6) }, (g) => {
    const x = g.normal()
    return [0, 0, 0, 0, 0, 0].map(() => x + 1e-5 * g.normal())
  })
  add('collinear columns', 'to 1e-10', 2, [1, 3, 5], { seed: 58 }, (g) => {
    const x = g.normal()
    return [x, x + 1e-10 * g.normal()]
  })
  add('collinear columns', 'lengths of things of all sizes, rounded', 4, [2, 5, 8], { seed: 70 }, (g, i) => {
    const size = Math.exp(0.6 * g.normal())
    const isWrong = (a) => i % 1000 === a
    return [0, 1, 2, 3].map((a) => {
      const length = size * (1 + a / 10) * (1 + 0.01 * g.normal())
      return Math.round(100 * length * (isWrong(a) ? 8 : 1)) / 100
    })
  })
  add('heavy tails', "Student's t, 2 degrees of freedom", 2, [2, 4, 8], { seed: 59 }, (g) => [
    student(g, 2),
    student(g, 2),
  ])
  add('heavy tails', 'Cauchy', 1, [2, 4, 8], { seed: 60 }, (g) => [student(g, 1)])
  add('heavy tails', 'kurtosis 2e5', 2, [2, 4, 8], { seed: 61, mayRefuse: (order) => order >= 8 }, (g) => [
    (g.uniform() < 5e-4 ? 300 : 0.1) * g.normal() ** 3,
    Math.exp(3 * g.normal()),
  ])
  add('heavy tails', 'lognormal, sigma 4', 1, [2, 4, 8], { seed: 62 }, (g) => [Math.exp(4 * g.normal())])
  add('heavy tails', "Student's t, order 16 and above", 1, [16, 20, 24], { seed: 63 }, (g) => [student(g, 3)])
  add('heavy tails', "Student's t, order 16, 12 decades", 1, [16], { seed: 64, weight: decades(12) }, (g) => [
    student(g, 3),
  ])
  add(
    'heavy tails',
    "Student's t, order 16, 12 decades, two",
    2,
    [10, 16],
    { seed: 65, weight: decades(12), mayRefuse: (order) => order >= 16 },
    (g) => [student(g, 3), student(g, 3)],
  )

  for (const m of [10, 20, 50]) {
    add('many columns', `${m}, Gaussian`, m, m === 50 ? [1, 2] : [1, 2], { seed: 66 + m, rank: all(m) }, normals(m))
  }
  add(
    'many columns',
    '50, of 0 and 1',
    50,
    [1, 2],
    { seed: 120, rank: (order) => (order === 1 ? 51 : 1 + 50 + 1225) },
    (g) => Array.from({ length: 50 }, () => g.below(2)),
  )
  add('many columns', '50 of rank 5', 50, [1, 2], { seed: 121, rank: all(5) }, (g) => {
    const t = Array.from({ length: 5 }, () => g.below(1000))
    return Array.from({ length: 50 }, (_, a) => t[a % 5] + (a >> 3) * t[(a + 1) % 5])
  })
  add('high order, one column', 'uniform', 1, [20, 30, 40, 60], { seed: 122, rank: all(1) }, uniforms(1))
  add('high order, one column', 'Gaussian', 1, [20, 30, 40, 60], { seed: 123, rank: all(1) }, normals(1))
  add('high order, one column', 'exponential', 1, [20, 40, 60], { seed: 124, rank: all(1) }, (g) => [
    -Math.log(1 - g.uniform()),
  ])
  add('high order, one column', 'integers 0 to 60', 1, [30, 60], { seed: 125, rank: all(1) }, (g) => [g.below(61)])
  add('high order, two columns', 'uniform', 2, [16, 20, 30], { seed: 126, rank: all(2) }, uniforms(2))
  add('high order, two columns', 'Gaussian', 2, [16, 20, 30], { seed: 127, rank: all(2) }, normals(2))
  add('high order, two columns', 'circle', 2, [20, 30], { seed: 128, rank: (order) => 2 * order + 1 }, (g) => {
    const t = 2 * Math.PI * g.uniform()
    return [Math.cos(t), Math.sin(t)]
  })
  return list
}

/** The number of monomials in which each power is less than the number of values of its column. */
function latticeRank(sides, order) {
  let counts = [1]
  for (const side of sides) {
    const next = new Array(order + 1).fill(0)
    for (let degree = 0; degree < counts.length; degree++) {
      for (let e = 0; e < side && degree + e <= order; e++) next[degree + e] += counts[degree]
    }
    counts = next
  }
  return counts.reduce((a, b) => a + b, 0)
}

/** Checks a result, except its moments. Returns an empty string, or the first fault in words. */
export function faultOf(result, { points, weights }, dimension, size) {
  const count = points.length / dimension
  if (result.count !== result.indices.length || result.count !== result.weights.length) return 'lengths differ'
  if (!(result.count > 0)) return 'no point'
  if (result.count > Math.min(size, count)) return `${result.count} points, more than ${Math.min(size, count)}`
  for (let i = 0; i < result.count; i++) {
    const row = result.indices[i]
    if (row >= count) return `row ${row} of ${count}`
    if (i > 0 && row <= result.indices[i - 1]) return `rows not ascending at ${i}`
    if (!(result.weights[i] > 0 && result.weights[i] < Number.POSITIVE_INFINITY)) return `weight ${result.weights[i]}`
    if (weights?.[row] === 0) return `row ${row} of weight zero`
    for (let a = 0; a < dimension; a++) {
      if (!Object.is(result.points[i * dimension + a], points[row * dimension + a])) return `row ${row} has moved`
    }
  }
  return ''
}

/** Sizes for one cell, and for many cells. */
export function sizesFor(count, features) {
  const many = Math.min(8 * features, Math.floor(count / 3))
  return many >= 2 * features ? [features, many] : [features]
}
