// Part 1 of cases/accuracy.mjs: the experiment of figure 2 of arXiv:2510.00504 beside the errors that its authors publish.
//   f = (1/d) sum_i (1/10) sum_a sigmoid(w_i . x_a), w and the ten x uniform on [-1,1]^m,
//   size = max(floor(0.1 d), N(m, k)); the error is |f before - f after|, its mean over the trials is compared.
// Their file is read when the benchmark runs: fig2_errors.csv in ../shared/reference beside the repository, or in the folder
// that FEWPOINTS_REFERENCE names.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { random } from '../demo/random.mjs'
import { textTable } from '../demo/table.mjs'
import { compressSync, momentCount } from '../dist/index.js'
import { CompensatedSum, geometricMean, groupBy, median, timed, uniformPoints } from './measure.mjs'

const FILE = 'fig2_errors.csv'
// Where their mean error is below this, it is mostly the rounding of f.
const ROUNDING = 5e-15
const DIRECTIONS = 10
// How many times as long as 'fast' the default may take.
const MOST_TIME = 3
const QUALITIES = ['fast', 'best']

/** One process for each (m, d): the points are drawn once for all orders. */
export function authorsCases({ small, seed }) {
  const folder = process.env.FEWPOINTS_REFERENCE ?? fileURLToPath(new URL('../../shared/reference', import.meta.url))
  const file = join(folder, FILE)
  if (!existsSync(file)) {
    process.stderr.write(
      `left out: the comparison with the authors, ${file} is not there; FEWPOINTS_REFERENCE names another folder\n`,
    )
    return []
  }
  const wanted = ({ dimension, points, theirs }) => theirs > ROUNDING && (!small || (dimension <= 3 && points <= 2000))
  const settings = readErrors(file).filter(wanted)
  const groups = groupBy(settings, ({ dimension, points }) => `${dimension},${points}`)
  return [...groups.values()].map((group) => {
    const [{ dimension, points }] = group
    return { part: 'authors', seed, dimension, points, orders: group.map(({ order, theirs }) => ({ order, theirs })) }
  })
}

/** Lines m,k,d,orig,comp: a trial each. */
function readErrors(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/)
  if (head !== 'm,k,d,orig,comp') throw new Error(`${file}: the first line must be m,k,d,orig,comp, got ${head}`)
  const trials = groupBy(lines, (line) => line.split(',', 3).join(','))
  return [...trials].map(([key, group]) => {
    const [dimension, order, points] = key.split(',').map(Number)
    const errors = group.map((line) => {
      const [before, after] = line.split(',').slice(3).map(Number)
      return Math.abs(before - after)
    })
    return { dimension, order, points, theirs: mean(errors) }
  })
}

export function runAuthors({ seed, dimension, points: count, orders }, trials) {
  const runs = orders.map(({ order, theirs }) => ({
    order,
    theirs,
    size: Math.max(Math.floor(count / 10), momentCount(dimension, order)),
    ...Object.fromEntries(QUALITIES.map((quality) => [quality, { errors: [], cells: [], cpu: [], total: [] }])),
  }))
  for (let trial = -1; trial < trials; trial++) {
    const trialSeed = seed + dimension * 1e7 + count * 64 + trial
    const points = uniformPoints(count, dimension, trialSeed)
    const values = sigmoids(points, dimension, trialSeed)
    const before = new CompensatedSum().addAll(values)
    for (const run of runs) {
      // In turns, so that neither always finds the caches warm.
      for (const quality of trial % 2 === 0 ? QUALITIES : QUALITIES.toReversed()) {
        const options = { dimension, order: run.order, size: run.size, threads: 1, quality }
        const { result, user, system } = timed(() => compressSync(points, options))
        if (trial < 0) continue // warms up
        const { indices, weights } = result
        const difference = before.copy()
        for (let j = 0; j < indices.length; j++) difference.add(-weights[j] * values[indices[j]])
        run[quality].errors.push(Math.abs(difference.value()) / (count * DIRECTIONS))
        run[quality].cells.push(result.cells)
        run[quality].cpu.push(user + system)
        run[quality].total.push(result.elapsed.total)
      }
    }
  }
  const summary = ({ errors, cells, cpu, total }) => ({
    error: mean(errors),
    cells: median(cells),
    cpu: median(cpu),
    total: median(total),
  })
  return { runs: runs.map((run) => ({ ...run, fast: summary(run.fast), best: summary(run.best) })) }
}

/** For each point the sum of sigmoid(w . x) over ten random x. */
function sigmoids(points, dimension, seed) {
  const { uniform } = random(~seed)
  const directions = Float64Array.from({ length: DIRECTIONS * dimension }, () => 2 * uniform() - 1)
  const values = new Float64Array(points.length / dimension)
  for (let i = 0; i < values.length; i++) {
    let sum = 0
    for (let a = 0; a < DIRECTIONS; a++) {
      let product = 0
      for (let j = 0; j < dimension; j++) product += points[i * dimension + j] * directions[a * dimension + j]
      sum += 1 / (1 + Math.exp(-product))
    }
    values[i] = sum
  }
  return values
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

export function reportAuthors(results, trials) {
  const all = results.flatMap(({ dimension, points, runs }) => runs.map((run) => ({ dimension, points, ...run })))
  const table = (title, cell) => `${title}\n${byOrderAndCount(all, cell)}`
  const ratio = (quality) => (one) => one[quality].error / one.theirs
  const slower = (one) => one.best.cpu / one.fast.cpu
  return [
    `Beside the authors: mean error of ${trials} trials divided by theirs, by number of points d`,
    '',
    table('as called (quality best)', (one) => ratio('best')(one).toPrecision(2)),
    '',
    table('quality fast', (one) => ratio('fast')(one).toPrecision(2)),
    '',
    table(
      'ms of processor time, median: fast, best, best/fast',
      (one) => `${milliseconds(one.fast.cpu)} ${milliseconds(one.best.cpu)} ${slower(one).toFixed(1)}`,
    ),
    '',
    table('cells: fast, best', ({ fast, best }) => `${fast.cells} ${best.cells}`),
    '',
    inWords('best / theirs', all, ratio('best'), 1),
    inWords('fast / theirs', all, ratio('fast'), 1),
    inWords('best / fast, errors', all, (one) => one.best.error / one.fast.error, 1),
    inWords('best / fast, processor time', all, slower, MOST_TIME),
    inWords('best / fast, own clock', all, (one) => one.best.total / one.fast.total, MOST_TIME),
  ].join('\n')
}

const milliseconds = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0))

function byOrderAndCount(all, cell) {
  const counts = [...new Set(all.map(({ points }) => points))].sort((a, b) => a - b)
  const lines = groupBy(all, ({ dimension, order }) => `${dimension},${order}`)
  const keys = [...lines.keys()].sort()
  const row = (key) => counts.map((count) => lines.get(key).find(({ points }) => points === count))
  return textTable(
    ['m,k', ...counts.map(String)],
    keys.map((key) => [key, ...row(key).map((one) => (one === undefined ? '' : cell(one)))]),
  )
}

/** How many are below `bound`, the largest and where it is, the geometric mean. */
function inWords(what, all, value, bound) {
  const sorted = all.toSorted((a, b) => value(b) - value(a))
  const below = all.filter((one) => value(one) < bound).length
  const [largest] = sorted
  return (
    `${what}: ${below} of ${all.length} below ${bound}, largest ${value(largest).toPrecision(3)} ` +
    `(m,k = ${largest.dimension},${largest.order}, d = ${largest.points}), ` +
    `geometric mean ${geometricMean(all.map(value)).toPrecision(3)}`
  )
}
