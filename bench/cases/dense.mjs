// The dense steps of the kernel, each done in several ways, by the addon of native/bench: with Eigen compiled for any
// x86-64, as in the kernel; with Eigen compiled for this processor; with Eigen over the whole OpenBLAS of this machine
// (EIGEN_USE_BLAS), and with that library's LAPACK; and as the kernel does it (ours). Processor time of one thread. All
// ways of a case are measured in turn, in one process. Then whole calls, which the steps are part of.
//
// FEWPOINTS_ISA holds ours to a lower instruction set, and neither the whole OpenBLAS nor the Eigen for this processor.

import { random } from '../../demo/random.mjs'
import { compressSync, matchMomentsSync, momentCount, momentsSync, nnlsSync, recombineSync } from '../../dist/index.js'
import { EPS, median, peakMemory, timed, uniformPoints } from '../measure.mjs'
import { benchAddon } from '../native.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Dense steps: own kernels, Eigen, BLAS, LAPACK'
export const seed = 1
export const needsBenchAddon = true

const EIGEN = ['eigen', 'eigen-native', 'eigen-blas']
const UPDATE = ['ours', 'blas', 'blas-wide']
// Multiplications and additions of a QR.
const qr = ({ rows, columns }) =>
  2 * Math.max(rows, columns) * Math.min(rows, columns) ** 2 - (2 / 3) * Math.min(rows, columns) ** 3
const STEPS = {
  square: {
    what: "H += X'X (matchMoments)",
    ways: [...EIGEN, 'ours'],
    work: ({ rows, columns }) => rows * columns ** 2,
  },
  'rank-update': {
    what: 'T -= F P (tableau)',
    ways: UPDATE,
    work: ({ rows, columns, rank }) => 2 * rows * columns * rank,
  },
  tall: { what: 'triangle of a tall matrix (nnls)', ways: [...EIGEN, 'ours', 'lapack-whole'], work: qr },
  pivoted: { what: 'pivoted QR (refinement, N <= 160)', ways: [...EIGEN, 'lapack'], work: qr },
  householder: { what: 'QR (refinement, N > 160)', ways: [...EIGEN, 'lapack'], work: qr },
  complete: { what: 'complete QR (matchMoments, few points)', ways: EIGEN, work: qr },
}

export function cases({ small }) {
  const few = (list) => (small ? list.slice(0, 1) : list)
  const of = (step, sizes) => few(sizes).map(([rows, columns, rank = 1]) => ({ step, rows, columns, rank }))
  const sizes = [84, 220, 455]
  return [
    ...of(
      'square',
      sizes.map((columns) => [10240, columns, 256]),
    ),
    ...of(
      'rank-update',
      [220, 496, 1001, 2000, 5005].flatMap((rows) =>
        [16, 64].map((rank) => [rows, rows < 1000 ? 2048 : rows < 2000 ? 4096 : 10240, rank]),
      ),
    ),
    ...of('tall', [
      [200000, 24],
      [20000, 400],
      [8000, 1500],
    ]),
    ...of('pivoted', [
      [100, 100],
      [160, 160],
    ]),
    ...of('householder', [
      [200, 200],
      [300, 300],
      [500, 500],
    ]),
    ...of(
      'complete',
      sizes.map((n) => [n, 2 * n]),
    ),
    ...few([5, 9]).map((order) => ({ step: 'sums', order })),
    ...few([6, 9, 12]).map((order) => ({ call: 'matchMoments', points: small ? 5000 : 50_000, order })),
    ...few([
      [200000, 24],
      [20000, 400],
      [8000, 1500],
    ]).map(([rows, columns]) => ({ call: 'nnls', rows, columns })),
    ...few([8, 9, 12]).map((order) => ({ call: 'compress', points: 20_000, order })),
    ...few(small ? [300] : [1001, 5000]).map((columns) => ({
      call: 'recombine',
      rows: small ? 4000 : 20_000,
      columns,
    })),
  ]
}

export function cost({ step, call, rows, columns }) {
  return step === undefined ? (call === 'recombine' && columns > 2000 ? 60 : 2) : rows * columns > 4e6 ? 4 : 1
}

export function run(parameters, trials) {
  const { step, call } = parameters
  if (call !== undefined) return CALLS[call](parameters, trials)
  const { dense, sums } = benchAddon()
  if (step === 'sums') return sumsOf(parameters, trials, dense, sums)
  const { ways, work } = STEPS[step]
  const measured = ways.map(() => [])
  for (let trial = 0; trial <= trials; trial++)
    ways.forEach((way, w) => {
      const milliseconds = dense({ ...parameters, way })
      if (trial > 0) measured[w].push(milliseconds) // the first one warms up
    })
  const times = Object.fromEntries(ways.map((way, w) => [way, median(measured[w])]))
  return { times, work: work(parameters) }
}

// The sums of moments of 3 columns: plain ones and exact ones of ours, beside a product of the two lists of factors that
// lies in memory already.
function sumsOf({ order }, trials, dense, sums) {
  const rows = 102_400
  const points = uniformPoints(rows, 3, seed)
  const [columns, rank] = [order >> 1, order - (order >> 1)].map((degree) => momentCount(3, degree))
  const measured = { plain: [], exact: [], blas: [] }
  for (let trial = 0; trial <= trials; trial++) {
    const all = { points, dimension: 3, order, basis: 'monomial', threads: 1 }
    measured.plain.push(sums({ ...all, exact: false }).cpu)
    measured.exact.push(sums({ ...all, exact: true }).cpu)
    measured.blas.push(dense({ step: 'sums', way: 'blas', rows, columns, rank }))
  }
  return {
    times: Object.fromEntries(Object.entries(measured).map(([way, list]) => [way, median(list.slice(1))])),
    rows,
    columns,
    rank,
  }
}

function callOf(trials, work, quality) {
  const times = []
  let result
  for (let trial = 0; trial < trials; trial++) {
    const one = timed(work)
    times.push(one.user + one.system)
    result = one.result
  }
  return { milliseconds: median(times), ...quality(result), peak: peakMemory() }
}

const CALLS = {
  matchMoments({ points: count, order }, trials) {
    const { uniform } = random(seed)
    const points = uniformPoints(count, 3, seed)
    const weights = Float64Array.from({ length: count }, () => 0.5 + uniform())
    const target = momentsSync(points, { dimension: 3, order, weights })
    return callOf(
      trials,
      () => matchMomentsSync(points, target, { dimension: 3, order, threads: 1 }),
      ({ residual }) => ({ residual: residual / EPS }),
    )
  },
  nnls({ rows, columns }, trials) {
    const [matrix, rhs] = [uniformPoints(rows, columns, seed), uniformPoints(rows, 1, seed + 1)]
    return callOf(
      trials,
      () => nnlsSync(matrix, rhs, { rows, columns, threads: 1 }),
      ({ residualNorm }) => ({ norm: residualNorm }),
    )
  },
  // Gaussian points need refinement by a factorisation; uniform ones do not.
  compress({ points: count, order }, trials) {
    const { normal } = random(seed)
    const points = Float64Array.from({ length: 3 * count }, normal)
    return callOf(
      trials,
      () => compressSync(points, { dimension: 3, order, size: momentCount(3, order), threads: 1 }),
      ({ residual }) => ({ residual: residual / EPS }),
    )
  },
  recombine({ rows, columns }, trials) {
    const features = uniformPoints(rows, columns, seed)
    for (let i = 0; i < rows; i++) features[i * columns] = 1
    return callOf(
      columns > 2000 ? 1 : trials,
      () => recombineSync(features, { width: columns, threads: 1 }),
      ({ residual }) => ({ residual: residual / EPS }),
    )
  },
}

const rate = (work, milliseconds) =>
  milliseconds < 0 ? '-' : `${milliseconds.toPrecision(3)} (${(work / milliseconds / 1e6).toFixed(0)})`

export function report(results) {
  const parts = Object.entries(STEPS).map(([step, { what, ways }]) => {
    const lines = results.filter((result) => result.step === step)
    return [
      `${what}: milliseconds (GFlop/s)`,
      tableOf(lines, [
        ['size', ({ rows, columns, rank }) => `${rows} x ${columns}${rank > 1 ? `, ${rank}` : ''}`],
        ...ways.map((way) => [way, ({ times, work }) => rate(work, times[way])]),
      ]),
    ]
  })
  const sums = results.filter(({ step }) => step === 'sums')
  const calls = results.filter(({ call }) => call !== undefined)
  return [
    ...parts.flatMap(([head, table]) => [head, table, '']),
    'sums of moments of 102,400 points in 3 columns: milliseconds',
    tableOf(sums, [
      ['order', ({ order }) => order],
      ['moments', ({ order }) => momentCount(3, order)],
      ['ours, plain', ({ times }) => times.plain.toFixed(1)],
      ['ours, exact', ({ times }) => times.exact.toFixed(1)],
      ['dgemm of the factors', ({ times }) => (times.blas < 0 ? '-' : times.blas.toFixed(1))],
      ['its products', ({ columns, rank }) => columns * rank],
    ]),
    '',
    'whole calls, one thread',
    tableOf(calls, [
      ['call', ({ call }) => call],
      [
        'size',
        ({ rows, columns, points, order }) =>
          points ? `${points} x 3, N = ${momentCount(3, order)}` : `${rows} x ${columns}`,
      ],
      ['ms', ({ milliseconds }) => milliseconds.toFixed(0)],
      [
        'residual',
        ({ residual, norm }) =>
          residual === undefined ? `|Ax - b| ${norm.toPrecision(6)}` : `${residual.toFixed(2)} eps`,
      ],
      ['peak MB', ({ peak }) => (peak / 1e6).toFixed(0)],
    ]),
    '',
    'eigen: compiled for any x86-64; eigen-native: for this processor; eigen-blas, blas, lapack: over the OpenBLAS of this',
    'machine, on one thread; blas-wide: 4096 columns at a time in place of 1024; -: this machine lacks it',
    'GFlop/s: all QR by the count of the plain one',
  ].join('\n')
}
