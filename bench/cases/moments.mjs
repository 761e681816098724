// How fast moments are summed, beside what the machine can do at most: bandwidth (triad beyond the caches) and
// multiply-adds, both of one thread, measured in the same process. Counted are the multiply-adds: plain sums take one per
// point for each feature and each power of a coordinate (two for Legendre's); exact sums (what moments() does: two parts, any
// order of the rows) take four for each of them, beside additions that are not counted. plain: the loop of the
// recombination. call: momentsSync with the copy of the points.

import { textTable } from '../../demo/table.mjs'
import { momentCount, momentsSync } from '../../dist/index.js'
import { median, timed, uniformPoints } from '../measure.mjs'
import { benchAddon } from '../native.mjs'

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
  const head = [
    'm,k  basis  threads',
    'plain ms',
    'G/s',
    'of peak',
    'of triad',
    'exact ms',
    'G/s',
    'of peak',
    'of triad',
  ]
  head.push('exact/plain', 'call 64 ms', 'call 32 ms')
  const rows = results.map((result) => {
    const { dimension, order, basis, points, threads, triad, multiplyAdds, plain, exact, float64, float32 } = result
    const sums = points * momentCount(dimension, order)
    const powers = dimension * (order - 1) * (basis === 'legendre' ? 2 : 1)
    const steps = momentCount(dimension, order) + powers
    const part = (ms, operations) => [
      ms.toFixed(2),
      (sums / ms / 1e6).toFixed(1),
      ((points * operations) / (ms / 1e3) / (multiplyAdds * threads)).toFixed(2),
      ((points * dimension * 8) / (ms / 1e3) / triad).toFixed(2),
    ]
    return [
      `${dimension},${order}  ${basis}  ${threads}`,
      ...part(plain, steps),
      ...part(exact, EXACT_MULTIPLY_ADDS * steps),
      (exact / plain).toFixed(1),
      float64.toFixed(1),
      float32.toFixed(1),
    ]
  })
  const best = (key) => (Math.max(...results.map((result) => result[key])) / 1e9).toFixed(1)
  return [
    textTable(head, rows),
    '',
    'milliseconds of processor time, of all threads over their number, medians; G/s: thousands of millions of feature sums a second',
    `of peak: counted multiply-adds over the threads' peak, ${best('multiplyAdds')} G/s each; of triad: bytes of the ` +
      `points over the bandwidth of one thread, ${best('triad')} GB/s`,
    'exact/plain: double-double products and equal bits in any order of the rows, beside the loop of the recombination',
  ].join('\n')
}
