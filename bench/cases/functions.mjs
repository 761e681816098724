// Functions that are not so kind, at equal size: the mean over few points that compress keeps, beside that over as many
// points of a random subset, of a stratified one and of k-means centroids (bench/subsets.mjs). The kinds of function, u a
// random direction, a and b normal numbers, c a random point of the set:
//   smooth       sigmoid(1.5 a . x + b)                what compression is made for
//   Runge        1 / (1 + 25 (u . (x - c))^2)          smooth, but polynomials that interpolate it diverge
//   oscillation  cos(30 u . x + b)                     ten periods across the set
//   Gaussian     exp(-|x - c|^2 / (2 0.05^2))          narrow
//   kink         |u . (x - c)|
//   jump         1 where u . (x - c) > 0, otherwise 0
// An error is divided by the function's standard deviation over the set; that of the mean over d' random points then is
// about d'^(-1/2) whatever the function.
import { rootMeanSquare, standardDeviation } from 'simple-statistics'
import { random } from '../../demo/random.mjs'
import { textTable } from '../../demo/table.mjs'
import { compressSync } from '../../dist/index.js'
import { Mean, sigmoid } from '../means.mjs'
import { dot, geometricMean, groupBy, mapped, mean, median, squaredDistance, timed } from '../measure.mjs'
import { POINT_SETS } from '../point-sets.mjs'
import { clusterCentroids, randomSubset, stratifiedSubset } from '../subsets.mjs'

export const title = 'Functions with kinks, jumps, peaks and oscillations, at equal size'
export const seed = 1
export const trials = 3

const POINTS = 50_000
const SIZES = [32, 100, 316, 1000, 3162, 10_000]
export const FUNCTIONS = 16
const LOW_ORDER = 3

/** Each makes one function of the point that begins at `points[at]`. */
export const KINDS = {
  smooth: ({ normals, normal }) => {
    const [a, b] = [normals(), normal()]
    return (points, at) => sigmoid(1.5 * dot(a, points, at) + b)
  },
  Runge: ({ direction, point }) => {
    const t = along(direction(), point())
    return (points, at) => 1 / (1 + 25 * t(points, at) ** 2)
  },
  oscillation: ({ direction, normal }) => {
    const [u, b] = [direction(), normal()]
    return (points, at) => Math.cos(30 * dot(u, points, at) + b)
  },
  Gaussian: ({ point }) => {
    const c = point()
    return (points, at) => Math.exp(-squaredDistance(points, at, c) / (2 * 0.05 ** 2))
  },
  kink: ({ direction, point }) => {
    const t = along(direction(), point())
    return (points, at) => Math.abs(t(points, at))
  },
  jump: ({ direction, point }) => {
    const t = along(direction(), point())
    return (points, at) => (t(points, at) > 0 ? 1 : 0)
  },
}

/** The signed distance from the plane through `c` across `u`; exactly 0 at c. */
function along(u, c) {
  return (points, at) => {
    let sum = 0
    for (let j = 0; j < u.length; j++) sum += u[j] * (points[at + j] - c[j])
    return sum
  }
}

/** Each from the same points to at most `size` weighted ones. */
export const METHODS = {
  compress: (points, { dimension, size, threads }) => compressSync(points, { dimension, size, threads }),
  lowOrder: (points, { dimension, size, threads }) =>
    compressSync(points, { dimension, size, threads, order: LOW_ORDER, quality: 'fast' }),
  free: (points, { dimension, size, threads }) => compressSync(points, { dimension, size, threads, support: 'free' }),
  random: (points, { dimension, size, seed }) => randomSubset(points, dimension, size, seed),
  stratified: (points, { dimension, size, seed }) => stratifiedSubset(points, dimension, size, seed),
  kmeans: (points, { dimension, size, seed }) => clusterCentroids(points, dimension, size, seed),
}
const RIVALS = ['random', 'stratified', 'kmeans']
export const NAMES = {
  compress: 'compress',
  lowOrder: `compress, order ${LOW_ORDER}, 'fast'`,
  free: "compress, support 'free'",
  random: 'random subset',
  stratified: 'stratified subset',
  kmeans: 'k-means centroids',
}

// Nearer to each other than this factor, two errors of some dozens of functions are equal.
export const TIE = 1.25

export function cases({ small, threads, cores }) {
  const points = small ? 2000 : POINTS
  return Object.entries(POINT_SETS).flatMap(([set, { dimension }]) =>
    SIZES.filter((size) => size <= points / 5).map((size) => ({
      set,
      dimension,
      points,
      size,
      threads: threads ?? cores,
    })),
  )
}

/** The functions' values at all points, and the distances between points and centres of clusters. */
export function cost({ points, size }, trials) {
  return trials * points * (300 + size)
}

export function run({ set, dimension, points: count, size, threads }, trials, progress) {
  const runs = mapped(METHODS, () => [])
  for (let trial = 0; trial < trials; trial++) {
    // The same points and functions at every size.
    const trialSeed = seed + 1000 * Object.keys(POINT_SETS).indexOf(set) + trial
    const points = POINT_SETS[set].draw(count, trialSeed)
    const functions = Object.entries(KINDS).flatMap(([kind, make]) =>
      randomFunctions(kind, make, points, dimension, trialSeed),
    )
    for (const [method, choose] of Object.entries(METHODS)) {
      const { result, user, system } = timed(() =>
        choose(points, { dimension, size, threads, seed: ~trialSeed - size }),
      )
      runs[method].push({ ...measured(functions, result, count), cpu: user + system })
    }
    progress((trial + 1) / trials)
  }
  return mapped(runs, summary)
}

/** With the exact mean of each over all points, and its deviation from it. */
function randomFunctions(kind, make, points, dimension, trialSeed) {
  const { normal, below } = random(~trialSeed + 1e6 * Object.keys(KINDS).indexOf(kind))
  const count = points.length / dimension
  const normals = () => Array.from({ length: dimension }, normal)
  const direction = () => {
    const u = normals()
    const length = Math.hypot(...u)
    return u.map((value) => value / length)
  }
  const point = () => {
    const row = below(count)
    return points.slice(row * dimension, (row + 1) * dimension)
  }
  return Array.from({ length: FUNCTIONS }, () => {
    const f = make({ normal, normals, direction, point })
    const values = valuesAt(f, points, dimension)
    return { kind, f, dimension, mean: new Mean(values), deviation: standardDeviation(values) }
  })
}

function valuesAt(f, points, dimension) {
  return Float64Array.from({ length: points.length / dimension }, (_, row) => f(points, row * dimension))
}

/** The relative errors of one set of few points: for each kind the root of the mean square over its functions. */
function measured(functions, { points, weights, order }, count) {
  const relative = mapped(KINDS, () => [])
  const roundings = mapped(KINDS, () => [])
  for (const { kind, f, dimension, mean, deviation } of functions) {
    const { error, rounding } = mean.errorOf({ weights, values: valuesAt(f, points, dimension) })
    relative[kind].push(error / deviation)
    roundings[kind].push(rounding / deviation)
  }
  return {
    order,
    kept: weights.length,
    totalError: Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - count) / count,
    errors: mapped(relative, rootMeanSquare),
    rounding: mapped(roundings, mean),
  }
}

/** The trials' numbers, kind by kind: the root of their mean square, and each of them. */
function summary(list) {
  return {
    orders: list.map(({ order }) => order ?? null),
    kept: list.map(({ kept }) => kept),
    totalError: Math.max(...list.map(({ totalError }) => totalError)),
    cpu: median(list.map(({ cpu }) => cpu)),
    errors: mapped(KINDS, (_, kind) => list.map((one) => one.errors[kind])),
    rounding: mapped(KINDS, (_, kind) => mean(list.map((one) => one.rounding[kind]))),
  }
}

export function table(results) {
  return results.flatMap(({ set, dimension, points, size, ...result }) =>
    Object.keys(METHODS).flatMap((method) =>
      Object.entries(result[method].errors).map(([kind, errors]) => ({
        set,
        kind,
        m: dimension,
        d: points,
        size,
        method,
        order: result[method].orders[0],
        kept: Math.max(...result[method].kept),
        error: rootMeanSquare(errors),
        rounding: result[method].rounding[kind],
        cpu_ms: result[method].cpu,
      })),
    ),
  )
}

/**
 * One for each set, kind and size: the error of each method, the rival that is closest, the error of compress divided by
 * its error, and 'won', 'tied' or 'lost'.
 */
export function comparisons(results) {
  return results.flatMap(({ set, size, ...result }) =>
    Object.keys(KINDS).map((kind) => {
      const errors = mapped(METHODS, (_, method) => rootMeanSquare(result[method].errors[kind]))
      const rival = RIVALS.reduce((best, one) => (errors[one] < errors[best] ? one : best))
      return {
        set,
        kind,
        size,
        errors,
        rival,
        ratio: errors.compress / errors[rival],
        ...outcome(errors.compress, errors[rival]),
      }
    }),
  )
}

function outcome(ours, theirs) {
  if (ours * TIE < theirs) return { outcome: 'won' }
  return { outcome: ours > theirs * TIE ? 'lost' : 'tied' }
}

export function report(results, { trials }) {
  const all = comparisons(results)
  return [
    `Error of compress divided by that of the closest rival, ${trials} trials of ${FUNCTIONS} functions each (root mean square)`,
    '',
    ratioTable(all),
    '',
    `closest rival: r random subset, s stratified subset, k k-means centroids; *: lost, by more than a factor of ${TIE}`,
    '',
    ...summaries(all, 'kind'),
    '',
    ...summaries(all, 'set'),
    '',
    ...RIVALS.map((rival) => against(all, rival)),
    against(all, 'lowOrder'),
    against(all, 'free'),
    '',
    ...timeLines(results),
  ].join('\n')
}

function ratioTable(all) {
  const sizes = [...new Set(all.map(({ size }) => size))]
  const rows = [...groupBy(all, ({ set, kind }) => `${set}  ${kind}`)].map(([name, group]) => [
    name,
    ...sizes.map((size) => {
      const { ratio, rival, outcome } = group.find((one) => one.size === size)
      return `${shortRatio(ratio)} ${rival[0]}${outcome === 'lost' ? '*' : ' '}`
    }),
  ])
  return textTable(['set, kind', ...sizes.map((size) => `${size}   `)], rows)
}

export const shortRatio = (ratio) =>
  ratio < 0.01 ? ratio.toExponential(0) : ratio < 100 ? ratio.toPrecision(2) : ratio.toFixed(0)

function summaries(all, key) {
  return [...groupBy(all, (one) => one[key])].map(([name, group]) => `${name}: ${outcomes(group)}`)
}

/** Wins, ties and losses against one method alone. */
function against(all, method) {
  const group = all.map(({ errors, ...one }) => ({
    ...one,
    ratio: errors.compress / errors[method],
    ...outcome(errors.compress, errors[method]),
  }))
  return `against ${NAMES[method]} alone: ${outcomes(group)}`
}

/** Of some comparisons: how many were won, tied and lost, and the ratios. */
function outcomes(group) {
  const { won, tied, lost } = tally(group)
  const worst = group.reduce((a, b) => (b.ratio > a.ratio ? b : a))
  return (
    `${won} won, ${tied} tied, ${lost} lost; ratio ${shortRatio(geometricMean(group.map(({ ratio }) => ratio)))} in the ` +
    `geometric mean, ${shortRatio(worst.ratio)} at worst (${worst.set}, ${worst.kind}, ${worst.size})`
  )
}

export function tally(group) {
  const of = (name) => group.filter(({ outcome }) => outcome === name).length
  return { won: of('won'), tied: of('tied'), lost: of('lost') }
}

function timeLines(results) {
  const sizes = [...new Set(results.map(({ size }) => size))]
  return sizes.map((size) => {
    const group = results.filter((one) => one.size === size)
    const times = Object.keys(METHODS).map((method) => {
      const cpu = median(group.map((result) => result[method].cpu))
      return `${NAMES[method]} ${cpu.toPrecision(2)}`
    })
    return `ms of processor time at ${size}: ${times.join('; ')}`
  })
}
