// Figure 8, and the law behind it, which the paper proves and does not show.
//   part 'polylog'  sizes that grow only like a power of log d, f a mean of 1/(A + w . x): floor(120 ln d) for m = 1, A = 1.05,
//                   floor(20 ln^2 d) for m = 2, A = 2.05
//   part 'law'      d fixed, f the mean of sigmoids of figure 2: error ~ exp(-a d'^(1/m))
// Each with order 'auto' as it comes, of rows and with support 'free', and beside them an order that is chosen by looking at
// the error itself, in cells that keep it and no more ('fast'): in part 'polylog' by the paper's rule, raised until the error
// first rises, for each set apart; in part 'law' the best of all orders, for all sets together.
import { quantile } from 'simple-statistics'
import { compressSync, momentCount } from '../../dist/index.js'
import { line, powerLaw } from '../fit.mjs'
import { drawTrial, errorsOfMeans, meanError, sigmoid } from '../means.mjs'
import { doubled, groupBy, mapped, mean } from '../measure.mjs'
import { paper } from '../paper.mjs'
import { tableOf } from '../table.mjs'

export const title = "Figure 8: sizes that grow like log^m d, and the error against d'^(1/m)"
export const seed = 1
export const trials = 20

const POLYLOG = {
  1: { offset: 1.05, size: (d) => Math.floor(120 * Math.log(d)) },
  2: { offset: 2.05, size: (d) => Math.floor(20 * Math.log(d) ** 2) },
}
const LAW_POINTS = 100_000
const LAW_SIZES = {
  1: [4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40],
  2: [12, 20, 32, 50, 70, 100, 140, 200, 250, 316, 400, 560, 750, 1000],
  3: [32, 64, 100, 180, 316, 560, 1000, 1800, 3162, 5600, 10_000],
}
/** Orders of the sweep: as far as so many moments. */
const MAX_MOMENTS = 500

/** How the order is chosen, of the two that do not see f: options of compress. */
const AUTOMATIC = { auto: {}, free: { support: 'free' } }
const WAYS = [...Object.keys(AUTOMATIC), 'chosen']

export function cases({ small, threads, cores }) {
  const team = threads ?? cores
  const polylog = Object.keys(POLYLOG).flatMap((m) =>
    doubled(1000, small ? 3 : 11).map((points) => ({
      part: 'polylog',
      dimension: Number(m),
      points,
      size: POLYLOG[m].size(points),
      threads: team,
    })),
  )
  const law = Object.entries(LAW_SIZES).flatMap(([m, sizes]) =>
    (small ? sizes.slice(0, 5) : sizes).map((size) => ({
      part: 'law',
      dimension: Number(m),
      points: small ? 10_000 : LAW_POINTS,
      size,
      threads: team,
    })),
  )
  return [...polylog, ...law]
}

export function cost({ part, points, size, dimension }, trials) {
  const orders = part === 'law' ? sweep(dimension, size).length : 8
  return 1e5 + trials * (2e5 + points * (orders + 2) * (1 + size ** 0.5 / 5))
}

export function run(parameters, trials, progress) {
  return parameters.part === 'law' ? runLaw(parameters, trials, progress) : runPolylog(parameters, trials, progress)
}

function runLaw({ dimension, points, size, threads }, trials, progress) {
  const orders = sweep(dimension, size)
  const list = [
    ...Object.values(AUTOMATIC).map((way) => ({ order: 'auto', size, threads, ...way })),
    ...orders.map((order) => ({ order, size, threads, quality: 'fast' })),
  ]
  const [auto, free, ...fixed] = errorsOfMeans({ h: sigmoid, dimension, points, seed }, list, trials, progress)
  const errors = fixed.map((one) => mean(one.errors))
  const least = errors.indexOf(Math.min(...errors))
  return { auto, free, chosen: { ...fixed[least], order: orders[least] } }
}

function sweep(dimension, size) {
  const orders = []
  for (let order = 1; momentCount(dimension, order) <= Math.min(size, MAX_MOMENTS); order++) orders.push(order)
  return orders
}

function runPolylog({ dimension, points: count, size, threads }, trials, progress) {
  const { offset } = POLYLOG[dimension]
  const what = { h: (t) => 1 / (offset + t), dimension, points: count, seed }
  const runs = { auto: [], free: [], chosen: [] }
  for (let trial = 0; trial < trials; trial++) {
    const { points, errorOf } = drawTrial(what, trial)
    const compressed = (options) => {
      const result = compressSync(points, { dimension, size, threads, ...options })
      return { ...errorOf(result), order: result.order }
    }
    for (const [way, options] of Object.entries(AUTOMATIC)) runs[way].push(compressed({ order: 'auto', ...options }))
    runs.chosen.push(untilItRises((order) => compressed({ order, quality: 'fast' }), dimension, size))
    progress((trial + 1) / trials)
  }
  return mapped(runs, (all) => ({
    errors: all.map(({ error }) => error),
    rounding: mean(all.map(({ rounding }) => rounding)),
    order: mean(all.map(({ order }) => order)),
  }))
}

/** The paper's rule for k. */
function untilItRises(errorOf, dimension, size) {
  let best = errorOf(1)
  for (let order = 2; momentCount(dimension, order) <= size; order++) {
    const next = errorOf(order)
    if (next.error > best.error) break
    best = next
  }
  return best
}

export function table(results) {
  return results.flatMap(({ part, dimension, points, size, ...result }) =>
    WAYS.flatMap((way) =>
      result[way].errors.map((error, trial) => ({
        part,
        m: dimension,
        d: points,
        size,
        way,
        order: result[way].order,
        trial,
        error,
        rounding: result[way].rounding,
      })),
    ),
  )
}

/**
 * A list for each part, m and way of choosing the order. Part 'polylog': medians and quartiles, because the errors of one size
 * differ by up to ten powers of ten (f has a pole just outside of the points, and now and then an x points at it). Part 'law':
 * means, and the line of -ln error against d'^(1/m), fitted up to the first size whose error is rounding.
 */
export function series(results) {
  return [...groupBy(results, ({ part, dimension }) => `${part} ${dimension}`).values()].flatMap((group) =>
    WAYS.map((way) => {
      const [{ part, dimension }] = group
      const points = group.map(({ points: d, size, [way]: measured }) => ({
        d,
        size,
        root: size ** (1 / dimension),
        order: measured.order,
        ...(part === 'law' ? meanError(measured) : medianError(measured)),
      }))
      if (part === 'polylog') return { part, dimension, way, points }
      const end = points.findIndex(({ isClear }) => !isClear)
      const fitted = end === -1 ? points : points.slice(0, end)
      return {
        part,
        dimension,
        way,
        points,
        fitted,
        fit: line(fitted.map(({ root, error }) => [root, -Math.log(error)])),
        power: powerLaw(fitted.map(({ size, error }) => [size, error])), // to be compared with
      }
    }),
  )
}

function medianError({ errors }) {
  const [low, error, high] = quantile(errors, [0.25, 0.5, 0.75])
  return { error, low, high }
}

export function report(results, { trials }) {
  const all = series(results)
  const of = (part) => all.filter((one) => one.part === part)
  const theirs = paper('fig8')
  /** The points of all ways beside each other. */
  const pairs = (part) =>
    of(part)
      .filter(({ way }) => way === 'auto')
      .flatMap(({ dimension: m, points }) => {
        const [free, chosen] = ['free', 'chosen'].map((other) =>
          of(part).find(({ dimension, way }) => dimension === m && way === other),
        )
        return points.map((auto, i) => ({ m, ...auto, free: free.points[i], chosen: chosen.points[i] }))
      })
  const errors = (digits) => [
    ['auto', ({ error }) => error.toExponential(1)],
    ['order', ({ order }) => order.toFixed(0)],
    ['free', ({ free }) => free.error.toExponential(1)],
    ['order', ({ free }) => free.order.toFixed(0)],
    ['chosen', ({ chosen }) => chosen.error.toExponential(1)],
    ['order', ({ chosen }) => chosen.order.toFixed(digits)],
  ]
  const slopes = of('law').map(
    ({ dimension, way, fit, power }) =>
      `m = ${dimension}, ${way}: a = ${fit?.slope.toFixed(2)}, deviation ${fit?.deviation.toFixed(2)} (${fit?.count} sizes); ` +
      `d'^${power?.exponent.toFixed(1)}, deviation ${power?.deviation.toFixed(2)}`,
  )
  const { points } = results.find(({ part }) => part === 'law')
  return [
    `Sizes that grow like log^m d, median errors of ${trials} trials; chosen: the paper's rule, the order raised until the error rises`,
    tableOf(pairs('polylog'), [
      ['m  d', ({ m, d }) => `${m}  ${d}`],
      ["d'", ({ size }) => size],
      ...errors(1),
      ['authors', ({ m, d }) => theirs.find((one) => one.m === m && one.d === d)?.error.toExponential(1)],
    ]),
    '',
    `d = ${points}: mean errors against d'; chosen: the best of all orders`,
    tableOf(pairs('law'), [["m  d'", ({ m, size }) => `${m}  ${size}`], ...errors(0)]),
    '',
    "error ~ exp(-a d'^(1/m)) and error ~ a power of d', fitted up to the first error that is rounding; deviation: rms, of ln error:",
    ...slopes,
  ].join('\n')
}
