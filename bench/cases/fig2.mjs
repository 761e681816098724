// Figure 2 of arXiv:2510.00504: how the error of a smooth function's mean falls with the number of points d when a tenth of
// them is kept.
//   w and x uniform on [-1, 1]^m, f the mean of sigmoids of bench/means.mjs, size = max(floor(0.1 d), N(m, k))
// 'fast' keeps in each cell the moments up to order k and no others, as the paper's program does; 'best' is what a call does
// when nothing is said. The other two have support 'free': points that need not be rows. In the regime of the law, with
// n = d' / N cells of diameter n^(-1/m), every cell contributes an independent error of diameter^(k+1) / n, so the sum falls
// as d^-((k+1)/m + 1/2).
import { textTable } from '../../demo/table.mjs'
import { momentCount } from '../../dist/index.js'
import { powerLaw } from '../fit.mjs'
import { errorsOfMeans, meanError, ROUNDINGS, sigmoid } from '../means.mjs'
import { doubled, geometricMean, groupBy } from '../measure.mjs'
import { paper } from '../paper.mjs'

export const title = 'Figure 2: the error against the number of points, a tenth of them kept'
export const seed = 1
/** As many as the authors'. */
export const trials = 20

const DIMENSIONS = [1, 2, 3, 4, 5]
const ORDERS = [1, 2, 3, 4, 5, 6]
/** What is compared: options of compress. */
export const WAYS = {
  fast: { quality: 'fast' },
  best: { quality: 'best' },
  'free-fast': { quality: 'fast', support: 'free' },
  'free-best': { quality: 'best', support: 'free' },
}
/** To 1,024,000. Cells of more than 200 moments go to 128,000, where the authors' program ends: beyond, they take hours. */
const COUNTS = 11
const COUNTS_OF_MANY_MOMENTS = 8
const MANY_MOMENTS = 200
// Those of the authors' errors that are mostly rounding, which they leave out as well.
const THEIR_ROUNDING = 5e-15

// With fewer points a fit says nothing about the law.
export const MIN_FITTED = 4

export const exponentOf = (m, k) => (k + 1) / m + 1 / 2

export function cases({ small, threads, cores }) {
  const dimensions = small ? [1, 2, 3] : DIMENSIONS
  const countsOf = (dimension, order) =>
    small ? 3 : momentCount(dimension, order) > MANY_MOMENTS ? COUNTS_OF_MANY_MOMENTS : COUNTS
  return dimensions.flatMap((dimension) =>
    (small ? [1, 3] : ORDERS).flatMap((order) =>
      doubled(1000, countsOf(dimension, order)).map((points) => ({
        dimension,
        order,
        points,
        threads: threads ?? cores,
      })),
    ),
  )
}

/** Points evaluated, and features formed and eliminated. */
export function cost({ dimension, order, points }, trials) {
  return 3e6 + trials * points * (100 + 5 * momentCount(dimension, order) + momentCount(dimension, order) ** 1.4)
}

export function run({ dimension, order, points, threads }, trials, progress) {
  const size = Math.max(Math.floor(points / 10), momentCount(dimension, order))
  const list = Object.values(WAYS).map((way) => ({ order, size, threads, ...way }))
  const measured = errorsOfMeans({ h: sigmoid, dimension, points, seed }, list, trials, progress)
  return { size, ...Object.fromEntries(Object.keys(WAYS).map((way, i) => [way, measured[i]])) }
}

export function table(results) {
  return results.flatMap(({ dimension, order, points, size, ...result }) =>
    Object.entries(WAYS).flatMap(([way, { quality, support = 'rows' }]) =>
      result[way].errors.map((error, trial) => ({
        m: dimension,
        k: order,
        d: points,
        size,
        quality,
        support,
        trial,
        error,
        rounding: result[way].rounding,
        cells: result[way].cells,
        free_cells: result[way].freeCells,
        cpu_ms: result[way].cpu,
      })),
    ),
  )
}

/** A list for each way and (m, k): the mean errors, which of them the law is fitted to, and the fit. */
export function series(results) {
  const groups = [...groupBy(results, ({ dimension, order }) => `${dimension},${order}`).values()]
  return groups.flatMap((group) =>
    Object.keys(WAYS).map((way) => {
      const [{ dimension, order }] = group
      const points = group.map(({ points: d, size, [way]: measured }) => {
        const { isClear, ...error } = meanError(measured)
        // Where N(m, k) is more than a tenth of the points the size does not grow with d.
        return { d, ...error, isFitted: isClear && size === Math.floor(d / 10) }
      })
      const fit = powerLaw(points.filter(({ isFitted }) => isFitted).map(({ d, error }) => [d, error]))
      return { dimension, order, way, points, fit, alpha: fit && -fit.exponent }
    }),
  )
}

/** The authors' mean errors above rounding, and the exponent fitted to them in the same way, for each (m, k). */
export function paperSeries() {
  const groups = [...groupBy(paper('fig2'), ({ m, k }) => `${m},${k}`).values()]
  return groups.map((group) => {
    const [{ m, k }] = group
    const points = group.filter(({ error }) => error > THEIR_ROUNDING)
    const fitted = points.filter(({ d }) => d / 10 >= momentCount(m, k))
    const fit = powerLaw(fitted.map(({ d, error }) => [d, error]))
    return { dimension: m, order: k, points, fit, alpha: fit && -fit.exponent }
  })
}

export function report(results, { trials }) {
  const ours = series(results)
  const theirs = paperSeries()
  return [
    `Mean error of ${trials} trials`,
    '',
    errorTable(ours),
    '',
    exponentTable(ours, theirs),
    '',
    `fitted to mean errors above ${ROUNDINGS} times their rounding, of sizes that are a tenth of d; in brackets: how many`,
    '',
    ...ratioLines(ours, theirs),
  ].join('\n')
}

function errorTable(ours) {
  const counts = [...new Set(ours.flatMap(({ points }) => points.map(({ d }) => d)))]
  const rows = ours.map(({ dimension, order, way, points }) => [
    `${dimension},${order}  ${way}`,
    ...counts.map((_, i) => (points[i] ? `${points[i].error.toExponential(1)}${points[i].isFitted ? ' ' : '-'}` : '')),
  ])
  return `${textTable(['m,k', ...counts.map(String)], rows)}\n-: not fitted`
}

function exponentTable(ours, theirs) {
  const ways = Object.keys(WAYS)
  const head = ['m,k', '(k+1)/m+1/2', ...ways, 'authors', 'fast - law']
  const rows = [...groupBy(ours, ({ dimension, order }) => `${dimension},${order}`)].map(([key, group]) => {
    const fits = ways.map((way) => group.find((one) => one.way === way))
    const [fast] = fits
    const law = exponentOf(fast.dimension, fast.order)
    const paperOne = theirs.find(({ dimension, order }) => `${dimension},${order}` === key)
    const cell = ({ fit, alpha } = {}) => (fit === undefined ? '' : `${alpha.toFixed(2)} (${fit.count})`)
    const gap = fast.fit === undefined ? '' : (fast.alpha - law).toFixed(2)
    return [key, law.toFixed(2), ...fits.map(cell), cell(paperOne), gap]
  })
  return textTable(head, rows)
}

/** Where both are above rounding: how our errors compare with the authors'. */
function ratioLines(ours, theirs) {
  return Object.keys(WAYS).map((way) => {
    const ratios = ours
      .filter((one) => one.way === way)
      .flatMap(({ dimension, order, points }) => {
        const other = theirs.find((one) => one.dimension === dimension && one.order === order)
        return points.flatMap(({ d, error }) => {
          const same = other?.points.find((one) => one.d === d)
          return same === undefined ? [] : [{ dimension, order, d, ratio: error / same.error }]
        })
      })
      .sort((a, b) => b.ratio - a.ratio)
    if (ratios.length === 0) return `${way}: nothing to compare with the authors`
    const [{ dimension, order, d, ratio }] = ratios
    return (
      `${way} / authors: ${ratios.filter((one) => one.ratio < 1).length} of ${ratios.length} mean errors below 1, ` +
      `geometric mean ${geometricMean(ratios.map((one) => one.ratio)).toPrecision(2)}, ` +
      `largest ${ratio.toPrecision(2)} (m,k = ${dimension},${order}, d = ${d})`
    )
  })
}
