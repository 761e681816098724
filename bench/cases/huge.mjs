// One huge cell: n points down to N, everything that compressSync does in the call: the copy, recombination, and the
// residual of the whole set in double-double. Beside it the time of merely evaluating all features of all points and
// adding them up, by the loop of the recombination.
import { compressSync, momentCount } from '../../dist/index.js'
import { EPS, peakMemory, timed, uniformPoints } from '../measure.mjs'
import { benchAddon } from '../native.mjs'
import { tableOf } from '../table.mjs'

export const title = 'One huge cell: n uniform points to N'
export const seed = 5
export const needsBenchAddon = true

// [dimension, order, milliseconds that an earlier prototype took to recombine 10^6 points: one thread, a Zen 5].
const SETTINGS = [
  [2, 5, 3.9],
  [3, 5, 6.5],
  [4, 6, 19],
  [4, 10, 559],
  [10, 4, 448],
]

export function cases({ small, threads }) {
  const counts = small ? [1e5] : [1e6, 1e7]
  return counts.flatMap((points) =>
    SETTINGS.filter(([m, k]) => !small || momentCount(m, k) < 500)
      // 10^7 points of 10 columns: the input, its copy and what the residual needs are more than 2 GB.
      .filter(([m]) => points < 1e7 || m < 10)
      .map(([dimension, order]) => ({ points, dimension, order, threads: threads ?? 1 })),
  )
}

export function run({ points: count, dimension, order, threads }, trials) {
  const points = uniformPoints(count, dimension, seed)
  const { sums } = benchAddon()
  const runs = count * momentCount(dimension, order) > 1e9 ? Math.min(trials, 3) : trials
  const before = peakMemory()
  const first = compressSync(points, { dimension, order, threads })
  const memory = peakMemory()
  const times = Array.from({ length: runs }, () => {
    const { wall: evaluate } = sums({ points, dimension, order, basis: 'legendre', threads, exact: false })
    const { result, wall, user, system } = timed(() => compressSync(points, { dimension, order, threads }))
    const { partition, recombine, total } = result.elapsed
    const cpu = user + system
    return { evaluate, recombine, copy: wall - total, residual: total - recombine - partition, wall, cpu }
  })
  // Of one call, the one with the median of what counts: the parts of a row then belong together.
  times.sort((a, b) => a.recombine - b.recombine)
  return {
    ...times[times.length >> 1],
    evaluate: times.map(({ evaluate }) => evaluate).sort((a, b) => a - b)[times.length >> 1],
    width: momentCount(dimension, order),
    count: first.count,
    error: first.residual / EPS,
    input: points.byteLength,
    before,
    memory,
  }
}

export function report(results) {
  const prototype = ({ points, dimension, order }) =>
    points === 1e6 ? SETTINGS.find(([m, k]) => m === dimension && k === order)?.[2] : undefined
  const times = {
    copy: 'copy',
    recombine: 'recombine',
    residual: 'residual',
    call: 'wall',
    CPU: 'cpu',
    evaluate: 'evaluate',
  }
  return [
    tableOf(results, [
      ['points', ({ points }) => points.toExponential(0)],
      ['m,k', ({ dimension, order }) => `${dimension},${order}`],
      ['N', ({ width }) => width],
      ['threads', ({ threads }) => threads],
      ...Object.entries(times).map(([head, key]) => [head, (one) => one[key].toFixed(1)]),
      ['recombine/evaluate', ({ recombine, evaluate }) => (recombine / evaluate).toFixed(2)],
      ['call/evaluate', ({ wall, evaluate }) => (wall / evaluate).toFixed(2)],
      ['prototype', prototype],
      ['kept', ({ count }) => count],
      ['error', ({ error }) => `${error.toPrecision(2)} eps`],
      ['peak MB', ({ memory }) => (memory / 1e6).toFixed(0)],
      ['input MB', ({ input }) => (input / 1e6).toFixed(0)],
    ]),
    '',
    'milliseconds; of the call whose recombination is the median. copy: into the kernel, and results out; recombine: with',
    'the residual of the result; residual: of the given set, in double-double; CPU: of all threads, the whole call.',
    'evaluate: all Legendre products of all points, added up and dropped, same threads. prototype: recombination alone,',
    'one thread, on a Zen 5. peak MB: of the process after its first call.',
  ].join('\n')
}
