// How fast moments are summed, beside what the machine can do at most: bandwidth (triad beyond the caches) and
// multiply-adds, both of one thread, measured in the same process. Counted are the multiply-adds: plain sums take one per
// point for each feature and each power of a coordinate (two for Legendre's); exact sums (what moments() does: two parts, any
// order of the rows) take four for each of them, beside additions that are not counted. plain: the loop of the
// recombination. call: momentsSync with the copy of the points.

import { momentCount, momentsSync } from '../../dist/index.js'
import { median, timed, uniformPoints } from '../measure.mjs'
import { benchAddon } from '../native.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Moments of uniform points: plain sums, exact sums, the whole call'
export const seed = 1
export const needsBenchAddon = true

const SETTINGS = [
  [1, 3],
  [2, 5],
  [3, 5],
  [4, 4],
  [5, 3],
  [10, 2],
]
const EXACT_MULTIPLY_ADDS = 4

export function cases({ small, threads, cores }) {
  const points = small ? 1e5 : 1e6
  const teams = threads === undefined ? [...new Set([1, cores])] : [threads]
  return teams.flatMap((team) =>
    SETTINGS.flatMap(([dimension, order]) =>
      ['monomial', 'legendre'].map((basis) => ({ dimension, order, basis, points, threads: team })),
    ),
  )
}

export function run({ dimension, order, basis, points: count, threads }, trials) {
  const { machine, sums } = benchAddon()
  const points = uniformPoints(count, dimension, seed)
  const milliseconds = (measure) => median(Array.from({ length: trials }, measure)) / threads
  const alone = (exact) => milliseconds(() => sums({ points, dimension, order, basis, threads, exact }).cpu)
  const call = (data) =>
    milliseconds(() => {
      const { user, system } = timed(() => momentsSync(data, { dimension, order, basis, threads }))
      return user + system
    })
  return {
    ...machine(),
    plain: alone(false),
    exact: alone(true),
    float64: call(points),
    float32: call(Float32Array.from(points)),
  }
}

export function report(results) {
  const operations = ({ dimension, order, basis, points }, each) =>
    each * points * (momentCount(dimension, order) + dimension * (order - 1) * (basis === 'legendre' ? 2 : 1))
  const part = (key, each) => [
    [`${key} ms`, (one) => one[key].toFixed(2)],
    ['G/s', (one) => ((one.points * momentCount(one.dimension, one.order)) / one[key] / 1e6).toFixed(1)],
    ['of peak', (one) => (operations(one, each) / (one[key] / 1e3) / (one.multiplyAdds * one.threads)).toFixed(2)],
    ['of triad', (one) => ((one.points * one.dimension * 8) / (one[key] / 1e3) / one.triad).toFixed(2)],
  ]
  const best = (key) => (Math.max(...results.map((result) => result[key])) / 1e9).toFixed(1)
  return [
    tableOf(results, [
      ['m,k  basis  threads', ({ dimension, order, basis, threads }) => `${dimension},${order}  ${basis}  ${threads}`],
      ...part('plain', 1),
      ...part('exact', EXACT_MULTIPLY_ADDS),
      ['exact/plain', ({ exact, plain }) => (exact / plain).toFixed(1)],
      ['call 64 ms', ({ float64 }) => float64.toFixed(1)],
      ['call 32 ms', ({ float32 }) => float32.toFixed(1)],
    ]),
    '',
    'milliseconds of processor time, of all threads over their number, medians; G/s: thousands of millions of feature sums a second',
    `of peak: counted multiply-adds over the threads' peak, ${best('multiplyAdds')} G/s each; of triad: bytes of the ` +
      `points over the bandwidth of one thread, ${best('triad')} GB/s`,
    'exact/plain: double-double products and equal bits in any order of the rows, beside the loop of the recombination',
  ].join('\n')
}
