// The two laws that figure 2 mixes, apart: the error falls with the number of points kept, d', and does not depend on the number
// of points there were, d.
//   part 'size'    d fixed, d' doubled: error ~ d'^-((k+1)/m + 1/2)
//   part 'points'  d' fixed, d doubled: error ~ d^0
// Points and function as in figure 2, cells that keep the moments up to order k and no others.
import { textTable } from '../../demo/table.mjs'
import { momentCount } from '../../dist/index.js'
import { powerLaw } from '../fit.mjs'
import { errorsOfMeans, meanError, sigmoid } from '../means.mjs'
import { doubled, groupBy } from '../measure.mjs'
import { exponentOf } from './fig2.mjs'

export const title = 'The error against the number of points kept, and against the number of points there were'
export const seed = 2
export const trials = 20

const SETTINGS = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 3],
  [2, 5],
  [3, 1],
  [3, 3],
  [3, 5],
  [4, 3],
  [5, 2],
]
const FULL = { points: 256_000, sizes: doubled(250, 8), fixed: 2000, counts: doubled(8000, 8) }
const SMALL = { points: 16_000, sizes: doubled(250, 4), fixed: 500, counts: doubled(2000, 4) }
// With fewer cells the law has not begun: it supposes many that are small.
const MIN_CELLS = 4

export function cases({ small, threads, cores }) {
  const { points, sizes, fixed, counts } = small ? SMALL : FULL
  const settings = small ? SETTINGS.slice(2, 4) : SETTINGS
  return settings.flatMap(([dimension, order]) => {
    const common = { dimension, order, threads: threads ?? cores }
    const least = MIN_CELLS * momentCount(dimension, order)
    return [
      ...sizes.filter((size) => size >= least).map((size) => ({ part: 'size', ...common, points, size })),
      ...counts
        .filter(() => fixed >= least)
        .map((count) => ({ part: 'points', ...common, points: count, size: fixed })),
    ]
  })
}

export const cost = ({ points }, trials) => 1e5 + points * trials

export function run({ dimension, order, points, size, threads }, trials, progress) {
  const [measured] = errorsOfMeans(
    { h: sigmoid, dimension, points, seed },
    [{ order, size, threads, quality: 'fast' }],
    trials,
    progress,
  )
  return measured
}

export function table(results) {
  return results.flatMap(({ part, dimension, order, points, size, errors, rounding }) =>
    errors.map((error, trial) => ({ part, m: dimension, k: order, d: points, size, trial, error, rounding })),
  )
}

/** A list for each part and (m, k): mean errors against what is varied, and the power law through those above rounding. */
export function series(results) {
  return [...groupBy(results, ({ part, dimension, order }) => `${part} ${dimension},${order}`).values()].map(
    (group) => {
      const [{ part, dimension, order }] = group
      const points = group.map(({ [part]: x, ...measured }) => ({ x, ...meanError(measured) }))
      const fit = powerLaw(points.filter(({ isClear }) => isClear).map(({ x, error }) => [x, error]))
      return { part, dimension, order, points, fit, law: part === 'size' ? -exponentOf(dimension, order) : 0 }
    },
  )
}

export function report(results, { trials }) {
  const all = series(results)
  const PARTS = { size: "d' varied at fixed d", points: "d varied at fixed d'" }
  return Object.entries(PARTS)
    .map(([part, words]) => {
      const own = all.filter((one) => one.part === part)
      const [{ points, size }] = results.filter((one) => one.part === part)
      const rows = own.map(({ dimension, order, points, fit, law }) => [
        `${dimension},${order}`,
        law.toFixed(2),
        fit === undefined ? '' : `${fit.exponent.toFixed(2)} (${fit.count})`,
        ...points.map(({ error }) => error.toExponential(1)),
      ])
      const longest = own.reduce((most, one) => (one.points.length > most.points.length ? one : most))
      // Smaller sizes have too few cells for the higher orders: lines are filled up on the left.
      const width = longest.points.length
      const padded = rows.map((row) => [...row.slice(0, 3), ...Array(width + 3 - row.length).fill(''), ...row.slice(3)])
      return `${words} (${part === 'size' ? `d = ${points}` : `d' = ${size}`}), mean errors of ${trials} trials\n${textTable(['m,k', 'law', 'fitted', ...longest.points.map(({ x }) => String(x))], padded)}`
    })
    .join('\n\n')
}
