// Free support where it is hard, and what it costs. Four parts:
//   hard   every set of bench/hard-sets.mjs, in one cell and in many
//   real   every table of ../shared/data and of the folders that FEWPOINTS_DATA names, with two, three and four columns
//   means  in each trial sixteen functions without symmetry, 1 / (1 + exp(-t)) of t = b + 1.5 a.x, over 64,000 uniform points to 6,400
//   time   a million uniform points to a tenth and to a hundredth, beside rows in the same process, one thread, both 'fast'
//
// Verdicts: free (cells have free points, residual of at most 50 epsilons), rows (all points are rows, bit for bit those of
// support 'rows'), refused (an error with a code, the same as with support 'rows'), and WRONG: anything else.
import { basename } from 'node:path'
import { random } from '../../demo/random.mjs'
import { compressSync, momentCount, verifySync } from '../../dist/index.js'
import { dataFiles, firstColumns, readNumbers } from '../datasets.mjs'
import { hardSets, sizesFor } from '../hard-sets.mjs'
import { sigmoid } from '../means.mjs'
import { dot, EPS, mean, median, timed, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Free support: hard and real sets, means, and time beside rows'
export const seed = 1
export const trials = 5

const KEPT = 50 * EPS
const FEATURES_WHEN_SMALL = 30
const FUNCTIONS = 16
const SETTINGS = [
  { dimension: 2, order: 5 },
  { dimension: 3, order: 4 },
  { dimension: 4, order: 4 },
]

export function cases({ small, threads }) {
  const common = { small, threads: threads ?? 1 }
  const kinds = [...new Set(hardSets().map(({ kind }) => kind))].filter((_, i) => !small || i % 5 === 0)
  const points = small ? 16_000 : 1_000_000
  return [
    ...kinds.map((kind) => ({ part: 'hard', kind, ...common })),
    ...dataFiles()
      .slice(0, small ? 1 : undefined)
      .map((path) => ({ part: 'real', path, ...common })),
    ...SETTINGS.map((setting) => ({ part: 'means', ...setting, points: small ? 8000 : 64_000, ...common })),
    ...SETTINGS.flatMap((setting) =>
      [10, 100].map((share) => ({ part: 'time', ...setting, points, size: points / share, ...common })),
    ),
  ]
}

const PARTS = { hard, real, means, time }

export function run({ part, ...parameters }, trials) {
  return PARTS[part](parameters, trials)
}

function hard({ kind, small, threads }) {
  const runs = []
  for (const { kind: of, name, dimension, orders, rows, make } of hardSets()) {
    if (of !== kind) continue
    const set = make(rows ?? (small ? 600 : 20_000))
    const count = set.points.length / dimension
    for (const order of orders) {
      const features = momentCount(dimension, order)
      if (small && features > FEATURES_WHEN_SMALL) continue
      for (const size of sizesFor(count, features))
        runs.push({ name, points: count, ...judged(set, { dimension, order, size, threads }) })
    }
  }
  return { runs }
}

async function real({ path, small, threads }) {
  const { columns, rows } = await readNumbers(path, 4)
  const runs = []
  for (const dimension of [2, 3, 4].filter((m) => m <= columns.length)) {
    const points = firstColumns(rows, columns.length, dimension)
    const count = points.length / dimension
    for (const [order, size] of [
      [3, Math.floor(count / 10)],
      [5, Math.floor(count / 10)],
      ['auto', 1000],
      [4, 1000],
    ]) {
      if (2 * size > count || (order !== 'auto' && size < momentCount(dimension, order))) continue
      if (small && order !== 3) continue
      runs.push({ name: basename(path), points: count, ...judged({ points }, { dimension, order, size, threads }) })
    }
  }
  return { runs }
}

/** What free support gives, and whether it keeps its promise. */
function judged({ points, weights }, options) {
  const { dimension, order, size } = options
  const given = { ...options, ...(weights && { weights }) }
  const outcome = (support) => {
    try {
      return { result: compressSync(points, { ...given, support }) }
    } catch (error) {
      return { error: error.code ?? String(error) }
    }
  }
  const free = outcome('free')
  const facts = { dimension, order, size }
  if (free.error !== undefined) {
    const rows = outcome('rows')
    return { ...facts, verdict: rows.error === free.error ? 'refused' : 'WRONG', why: free.error }
  }
  const { result } = free
  const { count, cells, freeCells, rowCells, whyRows, order: usedOrder } = result
  const { residual } = verifySync({ points, weights, dimension }, result, { order: usedOrder })
  const told = { ...facts, usedOrder, count, cells, freeCells, rowCells, whyRows, residual: residual / EPS }
  if (whyRows === undefined) {
    const isRight = count <= size && residual <= KEPT && result.weights.every((weight) => weight > 0)
    return { ...told, verdict: isRight ? 'free' : 'WRONG' }
  }
  const rows = outcome('rows').result
  const isSame = (of) => rows !== undefined && result[of].every((x, i) => Object.is(x, rows[of][i]))
  return { ...told, verdict: isSame('points') && isSame('weights') ? 'rows' : 'WRONG' }
}

/** The mean error over `trials` sets and their functions, for each way. */
function means(parameters, trials) {
  const list = Array.from({ length: trials }, (_, trial) => meanErrors(parameters, seed + trial))
  return Object.fromEntries(Object.keys(list[0]).map((way) => [way, mean(list.map((one) => one[way]))]))
}

function meanErrors({ dimension, order, points: count, threads }, seed) {
  const { normal } = random(seed)
  const points = uniformPoints(count, dimension, seed)
  const functions = Array.from({ length: FUNCTIONS }, () => ({
    a: Array.from({ length: dimension }, () => 1.5 * normal()),
    b: normal(),
  }))
  const meanOf = (set, { a, b }) => {
    let sum = 0
    for (let i = 0, at = 0; at < set.points.length; i++, at += dimension)
      sum += (set.weights?.[i] ?? 1) * sigmoid(b + dot(a, set.points, at))
    return sum / count
  }
  const errors = (options) => {
    const few = compressSync(points, { dimension, order, size: count / 10, threads, ...options })
    return mean(functions.map((f) => Math.abs(meanOf(few, f) - meanOf({ points }, f))))
  }
  return {
    rows: errors({ quality: 'fast' }),
    rowsBest: errors({}),
    free: errors({ quality: 'fast', support: 'free' }),
    freeBest: errors({ support: 'free' }),
  }
}

function time({ dimension, order, points: count, size, threads }, trials) {
  const points = uniformPoints(count, dimension, seed)
  const options = { dimension, order, size, threads, quality: 'fast' }
  const cpu = { rows: [], free: [] }
  for (let trial = 0; trial < trials; trial++) {
    for (const support of ['rows', 'free']) {
      const { user, system } = timed(() => compressSync(points, { ...options, support }))
      cpu[support].push(user + system)
    }
  }
  return { rows: median(cpu.rows), free: median(cpu.free) }
}

export function report(results) {
  const runs = (wanted) =>
    results.filter(({ part }) => part === wanted).flatMap(({ kind, runs }) => runs.map((one) => ({ kind, ...one })))
  const of = (wanted) => results.filter(({ part }) => part === wanted)
  return [
    tableOf(
      [...runs('hard'), ...runs('real')],
      [
        ['set', ({ kind, name }) => (kind ? `${kind}: ${name}` : name)],
        ['m', ({ dimension }) => dimension],
        ['order', ({ order, usedOrder }) => (order === 'auto' ? `auto (${usedOrder})` : order)],
        ['points', ({ points }) => points],
        ['size', ({ size }) => size],
        ['kept', ({ count }) => count],
        ['cells', ({ cells }) => cells],
        ['free', ({ freeCells }) => freeCells],
        ['rows', ({ rowCells }) => rowCells],
        ['residual', ({ residual }) => residual?.toPrecision(2)],
        ['', ({ verdict, whyRows, why }) => [verdict, whyRows ?? why].filter(Boolean).join(', ')],
      ],
    ),
    '',
    ...['hard', 'real'].map((part) => `${part}: ${summary(runs(part))}`),
    '',
    tableOf(of('means'), [
      ['m', ({ dimension }) => dimension],
      ['order', ({ order }) => order],
      ['points', ({ points }) => points],
      ["rows, 'fast'", ({ rows }) => rows.toExponential(1)],
      ["'best'", ({ rowsBest }) => rowsBest.toExponential(1)],
      ["free, 'fast'", ({ free }) => free.toExponential(1)],
      ["'best'", ({ freeBest }) => freeBest.toExponential(1)],
      ["free of rows, 'fast'", ({ rows, free }) => (free / rows).toFixed(2)],
    ]),
    '',
    tableOf(of('time'), [
      ['m', ({ dimension }) => dimension],
      ['order', ({ order }) => order],
      ['points', ({ points }) => points],
      ['size', ({ size }) => size],
      ['rows, ms', ({ rows }) => rows.toFixed(0)],
      ['free, ms', ({ free }) => free.toFixed(0)],
      ['ratio', ({ rows, free }) => (free / rows).toFixed(2)],
    ]),
    '',
    'residual in machine epsilons, by verifySync; free and rows: cells with free points, and cells that keep rows because',
    'none were found; all other cells have too few points to be reduced. Times are processor time, medians',
  ].join('\n')
}

function summary(runs) {
  const count = (wanted) => runs.filter(({ verdict }) => verdict === wanted).length
  const sum = (of) => runs.reduce((total, one) => total + (one[of] ?? 0), 0)
  const largest = runs.reduce((most, one) => (one.verdict === 'free' ? Math.max(most, one.residual) : most), 0)
  const wrong = count('WRONG')
  return (
    `${runs.length} calls: ${count('free')} with free points (largest residual ${largest.toPrecision(2)} epsilons), ` +
    `${count('rows')} as rows, ${count('refused')} refused as rows are, ${wrong === 0 ? 'none wrong' : `${wrong} ARE WRONG`}. ` +
    `${sum('freeCells')} cells have free points, ${sum('rowCells')} keep rows.`
  )
}
