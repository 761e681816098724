// Real data beside uniform points: how many times longer a call takes, how much of the size it keeps, how exact the moments
// are, and which strategies answer the cells. Every table of ../shared/data, and of the folders that FEWPOINTS_DATA names,
// with two, three and four of its columns; as many uniform points in as many columns in the same process; one thread.
// Times are processor time, the least of calls that alternate with those on uniform points. The residual is what verifySync
// measures.
import { basename } from 'node:path'
import { momentCount, verifySync } from '../../dist/index.js'
import { compressCounted } from '../../dist/points/compress.js'
import { dataFiles, firstColumns, readNumbers } from '../datasets.mjs'
import { EPS, geometricMean, timed, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Real data beside uniform points'
export const seed = 1

const MEAN_GOAL = 1.3
const WORST_GOAL = 2.5
const KEPT_GOAL = 0.97
const RESIDUAL_GOAL = 50 // machine epsilons

const DIMENSIONS = [2, 3, 4]
const SIZE = 1000
const SETTINGS = [
  { setting: '3, a tenth', order: 3 },
  { setting: '5, a tenth', order: 5 },
  { setting: "'auto', 1000", order: 'auto', size: SIZE },
  { setting: "3 'fast', 1000", order: 3, size: SIZE, quality: 'fast' },
  { setting: "5 'fast', 1000", order: 5, size: SIZE, quality: 'fast' },
]
const ROWS_WHEN_SMALL = 20_000
// Short calls are repeated more often than --trials says.
const LEAST_MILLISECONDS = 100
const MOST_CALLS = 25

export function cases({ small, threads }) {
  const files = dataFiles()
  if (files.length === 0) throw new Error('no table to read: FEWPOINTS_DATA names a folder of them')
  return files.map((path) => ({ path, small, threads: threads ?? 1 }))
}

export async function run({ path, small, threads }, trials) {
  const { columns, rows: all } = await readNumbers(path, Math.max(...DIMENSIONS))
  const width = columns.length
  const rows = small ? thinned(all, width, ROWS_WHEN_SMALL) : all
  const dimensions = DIMENSIONS.filter((dimension) => dimension <= width)
  const runs = (small ? dimensions.slice(-1) : dimensions).flatMap((dimension) => {
    const points = firstColumns(rows, width, dimension)
    const count = points.length / dimension
    const uniform = uniformPoints(count, dimension, seed)
    const distinct = distinctRows(points, dimension)
    return SETTINGS.map(({ size = Math.floor(count / 10), ...given }) => ({ ...given, size, count }))
      .filter((given) => isReduction(given, dimension))
      .map((given) => ({
        ...given,
        dimension,
        distinct,
        ...compare(points, uniform, { ...given, dimension, threads }, trials),
      }))
  })
  return { columns, rows: width === 0 ? 0 : rows.length / width, runs }
}

/** Whether the size has room for one cell at least, and is much less than the points. */
function isReduction({ order, size, count }, dimension) {
  return 2 * size <= count && size >= (order === 'auto' ? 1 : momentCount(dimension, order))
}

/** About `count` rows at equal distances. */
function thinned(rows, width, count) {
  const step = Math.ceil(rows.length / width / count)
  return rows.filter((_, i) => Math.floor(i / width) % step === 0)
}

function distinctRows(points, dimension) {
  const seen = new Set()
  for (let i = 0; i < points.length; i += dimension) seen.add(points.subarray(i, i + dimension).join())
  return seen.size
}

function compare(points, uniform, { setting, count, ...options }, trials) {
  const { result, strategies } = compressCounted(points, options)
  const other = compressCounted(uniform, options)
  const times = { real: [], uniform: [] }
  const total = { real: 0, uniform: 0 }
  const call = (name, set) => {
    const { user, system } = timed(() => compressCounted(set, options))
    times[name].push(user + system)
    total[name] += user + system
  }
  while (
    times.real.length < trials ||
    (Math.min(total.real, total.uniform) < LEAST_MILLISECONDS && times.real.length < MOST_CALLS)
  ) {
    call('real', points)
    call('uniform', uniform)
  }
  const { dimension, threads } = options
  const { residual } = verifySync({ points, dimension }, result, { order: result.order, threads })
  return {
    cpu: Math.min(...times.real),
    uniformCpu: Math.min(...times.uniform),
    usedOrder: result.order,
    kept: result.count,
    uniformKept: other.result.count,
    cells: result.cells,
    uniformCells: other.result.cells,
    residual: residual / EPS,
    strategies,
    uniformStrategies: other.strategies,
  }
}

export function report(results) {
  const all = results.flatMap(({ path, rows, runs }) =>
    runs.map((one) => ({
      ...one,
      file: basename(path),
      rows,
      ratio: one.cpu / one.uniformCpu,
      // No method can keep more points than are distinct.
      share: one.kept / Math.min(one.size, one.distinct),
      uniformShare: one.uniformKept / one.size,
    })),
  )
  if (all.length === 0) return 'no table with two columns of numbers and enough rows'
  const sets = results
    .flatMap(({ path, columns, rows, runs }) =>
      DIMENSIONS.map((dimension) => ({
        file: basename(path),
        rows,
        columns: columns.slice(0, dimension),
        dimension,
        runs: all.filter((one) => one.file === basename(path) && one.dimension === dimension),
      })).filter(() => runs.length > 0),
    )
    .filter(({ runs }) => runs.length > 0)
  const left = results.filter(({ runs }) => runs.length === 0)
  return [
    tableOf(all, [
      ['file', ({ file }) => file],
      ['m', ({ dimension }) => dimension],
      ['order, size', ({ setting, usedOrder, order }) => (order === 'auto' ? `${setting} (${usedOrder})` : setting)],
      ['ms', ({ cpu }) => cpu.toFixed(1)],
      ['ratio', ({ ratio }) => ratio.toFixed(2)],
      ['size', ({ size }) => size],
      ['kept', ({ share }) => percent(share)],
      ['uniform', ({ uniformShare }) => percent(uniformShare)],
      ['cells', ({ cells }) => cells],
      ['uniform', ({ uniformCells }) => uniformCells],
      ['residual', ({ residual }) => residual.toPrecision(2)],
      ['strategies', ({ strategies }) => inWords(strategies)],
    ]),
    '',
    tableOf(sets, [
      ['file (rows x columns used)', ({ file, rows, dimension }) => `${file} (${rows} x ${dimension})`],
      ['distinct', ({ runs, rows }) => percent(runs[0].distinct / rows)],
      ...SETTINGS.map(({ setting }) => [
        setting,
        ({ runs }) => runs.find((one) => one.setting === setting)?.ratio.toFixed(2),
      ]),
      ['least kept', ({ runs }) => percent(Math.min(...runs.map(({ share }) => share)))],
      ['residual', ({ runs }) => Math.max(...runs.map(({ residual }) => residual)).toPrecision(2)],
    ]),
    '',
    ...left.map(
      ({ path, columns }) => `left out: ${basename(path)} has ${columns.length} columns of numbers, or too few rows`,
    ),
    'ms: processor time, the least of all calls; ratio: to that of as many uniform points in as many columns',
    'kept: of the size, or of the distinct points where these are fewer; residual in machine epsilons, by verifySync',
    'strategies: how many cells each of them answered',
    ...SETTINGS.map(({ setting }) =>
      summary(
        setting,
        all.filter((one) => one.setting === setting),
      ),
    ).filter(Boolean),
    summary('all', all),
    ...goals(all),
  ].join('\n')
}

const percent = (share) => `${(100 * share).toFixed(1)} %`

const inWords = (strategies) =>
  Object.entries(strategies)
    .filter(([, cells]) => cells > 0)
    .map(([name, cells]) => `${name} ${cells}`)
    .join(', ')

function summary(name, all) {
  if (all.length === 0) return undefined
  const { mean, worst, least, residual } = figures(all)
  return (
    `${name}: ratio ${mean.toFixed(2)} in the geometric mean and ${worst.toFixed(2)} at worst, ` +
    `least kept ${percent(least)}, largest residual ${residual.toPrecision(2)}`
  )
}

function figures(all) {
  return {
    mean: geometricMean(all.map(({ ratio }) => ratio)),
    worst: Math.max(...all.map(({ ratio }) => ratio)),
    least: Math.min(...all.map(({ share }) => share)),
    residual: Math.max(...all.map(({ residual }) => residual)),
  }
}

function goals(all) {
  const { mean } = figures(all)
  const goal = (words, misses, remark = '') =>
    misses === 0 ? `reached: ${words}` : `MISSED: ${words} (${misses} of ${all.length} miss it${remark})`
  const missing = (fails) => all.filter(fails).length
  const keepsLess = ({ share }) => share < KEPT_GOAL
  // A size that is no multiple of the moments has no room for another cell, whatever the points are.
  const asUniform = missing((one) => keepsLess(one) && one.share >= one.uniformShare)
  return [
    `${mean <= MEAN_GOAL ? 'reached' : 'MISSED'}: a geometric mean of at most ${MEAN_GOAL}`,
    goal(
      `no ratio above ${WORST_GOAL}`,
      missing(({ ratio }) => ratio > WORST_GOAL),
    ),
    goal(`${100 * KEPT_GOAL} % of the size kept`, missing(keepsLess), `, ${asUniform} of them as uniform points do`),
    goal(
      `residuals of at most ${RESIDUAL_GOAL} epsilons`,
      missing(({ residual }) => residual > RESIDUAL_GOAL),
    ),
  ]
}
