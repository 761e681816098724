// The order that is chosen when none is given, beside the best of all orders, one thread. The error is that of the mean of a
// function over the points, rms over eight random functions of a kind; a and b are normal numbers.
//   smooth  sigmoid(a . x + b), deviation of a 1.5     steep  sigmoid(a . x + b), deviation of a 6     kinked  |a . x + b|
// The sweep takes every order whose moments fit into the size, up to 256 moments, with cells that keep exactly that
// order. With free support it takes every order for which there are free points.
import { rootMeanSquare } from 'simple-statistics'
import { random } from '../../demo/random.mjs'
import { compressSync, momentCount } from '../../dist/index.js'
import { native } from '../../dist/native/native.js'
import { Mean, sigmoid } from '../means.mjs'
import { geometricMean, median, timed, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = "Order 'auto' beside a sweep over all orders"
export const seed = 1
/** The time is the median of so many calls; the error needs one. */
export const trials = 3

const DIMENSIONS = { rows: [1, 2, 3, 5, 8, 10], free: [1, 2, 3, 4, 5] }
const SMALL_DIMENSIONS = { rows: [1, 2, 3], free: [1, 2] }
// The highest order of free points.
const MAX_FREE_ORDER = 31
const SIZES = [32, 100, 316, 1000, 3162, 10000]
const MAX_MOMENTS = 256
const FUNCTIONS = 8
const KINDS = ['smooth', 'steep', 'kinked']
// Rounding: smaller errors count as this one.
const ROUNDING = 1e-15

const DEVIATION = { smooth: 1.5, steep: 6, kinked: 1.5 }
const FUNCTION = { smooth: sigmoid, steep: sigmoid, kinked: Math.abs }

/** One process for each set of points: its functions are evaluated once for all sizes and orders. */
export function cases({ small }) {
  const points = small ? 2000 : 1e5
  return Object.entries(small ? SMALL_DIMENSIONS : DIMENSIONS).flatMap(([support, dimensions]) =>
    dimensions.flatMap((dimension) =>
      ['uniform', 'Gaussian'].map((distribution) => ({ support, dimension, distribution, points })),
    ),
  )
}

export function run({ support, dimension, distribution, points: count }, trials) {
  const setSeed = seed + dimension * 1e5
  const points =
    distribution === 'uniform' ? uniformPoints(count, dimension, setSeed) : normal(count, dimension, setSeed)
  const functions = Object.fromEntries(KINDS.map((kind) => [kind, randomFunctions(kind, points, dimension, setSeed)]))
  const errorsOf = (result) => Object.fromEntries(KINDS.map((kind) => [kind, rms(functions[kind], result)]))
  const base = { dimension, threads: 1, support }

  const runs = SIZES.filter((size) => size <= count / 4).map((size) => {
    const { result, cpu } = automatic(points, { ...base, size }, trials)
    const orders = support === 'rows' ? ordersUpTo(dimension, Math.min(size, MAX_MOMENTS)) : freeOrders(dimension, size)
    const sweep = orders.flatMap((order) => {
      const rival = unlessRefused(() => compressSync(points, { ...base, order, size, quality: 'fast' }))
      return rival === null ? [] : [{ order, errors: errorsOf(rival) }]
    })
    const best = (kind) =>
      sweep
        .map(({ order, errors }) => ({ order, error: errors[kind] }))
        .reduce((least, one) => (one.error < least.error ? one : least))
    return {
      size,
      refused: result === null,
      order: result?.order,
      cells: result?.cells,
      cpu,
      errors: result && errorsOf(result),
      best: Object.fromEntries(KINDS.map((kind) => [kind, best(kind)])),
    }
  })
  return { runs }
}

function automatic(points, options, trials) {
  const calls = Array.from({ length: trials }, () =>
    timed(() => unlessRefused(() => compressSync(points, { ...options, order: 'auto' }))),
  )
  return { result: calls[0].result, cpu: median(calls.map(({ user, system }) => user + system)) }
}

/** null for an order so high that its moments cannot be kept, or that has neither free points nor room for rows. */
function unlessRefused(work) {
  try {
    return work()
  } catch (error) {
    if (error.code === 'ERR_INFEASIBLE' || error.code === 'ERR_SIZE') return null
    throw error
  }
}

/** All of them; of a single column, where there are hundreds, fewer and fewer beyond 40. */
function ordersUpTo(dimension, moments) {
  const orders = []
  for (let order = 0; momentCount(dimension, order) <= moments; order += Math.max(1, (order - 24) >> 3)) {
    orders.push(order)
  }
  return orders
}

/** Those of which the free points of a cell fit into the size. */
function freeOrders(dimension, size) {
  const all = Array.from({ length: MAX_FREE_ORDER }, (_, i) => i + 1)
  const least = (order) => native().freePoints({ columns: dimension, order })
  return all.filter((order) => least(order) > 0 && least(order) <= size)
}

function normal(count, dimension, seed) {
  const { normal } = random(seed)
  return Float64Array.from({ length: count * dimension }, normal)
}

/** Each with its mean over all points. */
function randomFunctions(kind, points, dimension, seed) {
  const { normal } = random(~seed - KINDS.indexOf(kind))
  return Array.from({ length: FUNCTIONS }, () => {
    const a = Float64Array.from({ length: dimension }, () => DEVIATION[kind] * normal())
    const b = normal()
    const valuesAt = (at) => {
      const values = new Float64Array(at.length / dimension)
      for (let i = 0; i < values.length; i++) {
        let t = b
        for (let j = 0; j < dimension; j++) t += a[j] * at[i * dimension + j]
        values[i] = FUNCTION[kind](t)
      }
      return values
    }
    return { mean: new Mean(valuesAt(points)), valuesAt }
  })
}

function rms(functions, { points, weights }) {
  return rootMeanSquare(
    functions.map(({ mean, valuesAt }) => mean.errorOf({ weights, values: valuesAt(points) }).error),
  )
}

/** The error with the automatic order divided by that of the best order. */
function automaticRatio(run, kind) {
  return Math.max(run.errors[kind], ROUNDING) / Math.max(run.best[kind].error, ROUNDING)
}

export function report(results) {
  const all = results.flatMap(({ support, dimension, distribution, runs }) =>
    runs.map((run) => ({ support, dimension, distribution, ...run })),
  )
  const done = all.filter(({ refused }) => !refused)
  return [
    `Order 'auto': rms error over ${FUNCTIONS} functions, that of the best order of a sweep, that order, and the ratio`,
    '',
    tableOf(all, [
      ['support  m  points', ({ support, dimension, distribution }) => `${support}  ${dimension}  ${distribution}`],
      ['size', ({ size }) => size],
      ['order', ({ refused, order }) => (refused ? 'refused' : order)],
      ['cells', ({ cells }) => cells],
      ['ms CPU', ({ cpu }) => cpu.toFixed(1)],
      ...KINDS.flatMap((kind) => [
        [kind, ({ errors }) => errors?.[kind].toExponential(1)],
        ['best', ({ best }) => best[kind].error.toExponential(1)],
        ['k', ({ best }) => best[kind].order],
        ['ratio', (run) => (run.refused ? '' : automaticRatio(run, kind).toPrecision(2))],
      ]),
    ]),
    '',
    ...Object.keys(DIMENSIONS)
      .flatMap((support) => KINDS.map((kind) => [support, kind]))
      .map(([support, kind]) => {
        const group = done.filter((run) => run.support === support)
        const ratios = group.map((run) => automaticRatio(run, kind))
        const where = group[ratios.indexOf(Math.max(...ratios))]
        return (
          `${support}, ${kind}: geometric mean of the ratios ${geometricMean(ratios).toPrecision(3)}, largest ` +
          `${Math.max(...ratios).toPrecision(3)} (m = ${where.dimension}, ${where.distribution}, size ${where.size})`
        )
      }),
    `errors below ${ROUNDING} count as that; refused: ${all.length - done.length} of ${all.length}`,
  ].join('\n')
}
