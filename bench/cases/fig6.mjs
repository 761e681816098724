// Figure 6: time against the number of points d, order 5, a tenth of the points kept, one thread: cells that keep the moments up
// to order 5 and no others ('fast', the work that the authors' program does), and the default ('best').
import { compressSync, momentCount } from '../../dist/index.js'
import { powerLaw } from '../fit.mjs'
import { doubled, groupBy, median, timed, uniformPoints } from '../measure.mjs'
import { paper } from '../paper.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Figure 6: time against the number of points, order 5, a tenth of them kept'
export const seed = 1
export const trials = 5

export const ORDER = 5
export const QUALITIES = ['fast', 'best']
const DIMENSIONS = [1, 2, 3, 4, 5, 6, 7, 8]
// The largest sets: beyond, one call takes minutes.
const MAX_POINTS = { 6: 4_096_000, 7: 1_024_000, 8: 512_000 }
const LARGEST = 10_000_000
/** Where the authors' times end. */
const COMPARED = 128_000
// A setting is measured again until it has had this much time, in milliseconds; what takes longer than the second warms up
// by itself.
const ENOUGH = 20_000
const LONG = 3000
// Growth is fitted from here on: below, the call itself and the caches count.
const FIT_FROM = 16_000

export function cases({ small, threads }) {
  return (small ? [1, 2, 3] : DIMENSIONS).flatMap((dimension) =>
    counts(dimension, small).flatMap((points) =>
      QUALITIES.map((quality) => ({ dimension, points, quality, threads: threads ?? 1 })),
    ),
  )
}

/** Doubled from 1000 on, and the largest; a tenth of them must hold the moments of one cell. */
function counts(dimension, small) {
  const most = small ? 8000 : (MAX_POINTS[dimension] ?? LARGEST)
  const all = [...doubled(1000, 14), LARGEST].filter((points) => points <= most)
  return all.filter((points) => points / 10 >= momentCount(dimension, ORDER))
}

export function cost({ dimension, points }, trials) {
  const call = (points * (100 + 0.5 * momentCount(dimension, ORDER) ** 1.7)) / 1e6
  return 100 + Math.max(call, Math.min(trials * call, ENOUGH))
}

export function run({ dimension, points: count, quality, threads }, trials) {
  const points = uniformPoints(count, dimension, seed + count)
  const options = { dimension, order: ORDER, size: Math.floor(count / 10), quality, threads }
  const call = () => timed(() => compressSync(points, options))
  const first = call()
  const times = first.wall > LONG ? [first] : []
  let spent = first.wall
  while (times.length < trials && (times.length === 0 || spent < ENOUGH)) {
    const one = call()
    times.push(one)
    spent += one.wall
  }
  return {
    wall: median(times.map(({ wall }) => wall)),
    cpu: median(times.map(({ user, system }) => user + system)),
    runs: times.length,
    cells: first.result.cells,
    residual: first.result.residual,
  }
}

export function table(results) {
  return results.map(({ dimension, points, quality, threads, wall, cpu, runs, cells, residual }) => ({
    m: dimension,
    k: ORDER,
    d: points,
    quality,
    threads,
    wall_ms: wall,
    cpu_ms: cpu,
    runs,
    cells,
    residual,
  }))
}

/** A list for each m and quality: seconds against d, the fitted growth, and how many times longer the authors' program took. */
export function series(results) {
  return [...groupBy(results, ({ dimension, quality }) => `${dimension},${quality}`).values()].map((group) => {
    const [{ dimension, quality }] = group
    const points = group.map(({ points: d, wall }) => ({ d, seconds: wall / 1000 }))
    const fit = powerLaw(points.filter(({ d }) => d >= FIT_FROM).map(({ d, seconds }) => [d, seconds]))
    const theirs = paper('fig6').find(({ m, d }) => m === dimension && d === COMPARED)
    const ours = points.find(({ d }) => d === COMPARED)
    return { dimension, quality, points, fit, ratio: theirs && ours && theirs.seconds / ours.seconds }
  })
}

export function report(results, { threads }) {
  const all = series(results)
  const columns = [1000, 16_000, COMPARED, 1_024_000, LARGEST]
  return [
    tableOf(all, [
      ['m', ({ dimension, quality }) => `${dimension}  ${quality}`],
      ...columns.map((d) => {
        const seconds = ({ points }) => points.find((one) => one.d === d)?.seconds
        return [`d = ${d}`, (one) => seconds(one) && (1000 * seconds(one)).toPrecision(3)]
      }),
      ['growth', ({ fit }) => fit?.exponent.toFixed(2)],
      ['authors / ours', ({ ratio }) => ratio?.toExponential(1)],
    ]),
    '',
    `milliseconds of wall clock, medians, ${threads ?? 1} thread${(threads ?? 1) === 1 ? '' : 's'}; growth: the exponent of d fitted from ` +
      `${FIT_FROM} points on; authors / ours: their published time on an Apple M4 Pro over ours here, ${COMPARED} points`,
  ].join('\n')
}
