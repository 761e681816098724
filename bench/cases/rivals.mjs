// Recombination of given feature matrices, one thread, beside everything else that can be run here: the same matrix and
// weights for all, ratios in the same run. Rivals in Python are timed inside Python (rivals.py), on the matrix in a file.
import { fileURLToPath } from 'node:url'
import { fcnnlsVector } from 'ml-fcnnls'
import { Matrix } from 'ml-matrix'
import { random } from '../../demo/random.mjs'
import { textTable } from '../../demo/table.mjs'
import { multiIndices, recombineSync } from '../../dist/index.js'
import { EPS, median, timed } from '../measure.mjs'
import { plainRecombination } from '../plain-recombination.mjs'
import { inPython } from '../python.mjs'

export const title = 'recombineSync and its rivals: features given, one thread'
export const seed = 1

// Name, rows, dimension and order of the Legendre products that are the features, calls; then guides of another run on
// a Zen 5, milliseconds of processor time: the best published rival, and an earlier prototype.
const ITEMS = [
  ['a', 2100, 2, 5, 1, 0.77, 0.08],
  ['b', 100_000, 2, 5, 1, 8, 1.8],
  ['c', 100_000, 3, 5, 1, 52, 5.6],
  ['d', 20_000, 4, 6, 1, 216, 26],
  ['e', 1_000_000, 2, 5, 1, 96, 15],
  ['f', 210, 2, 5, 4762, 370, 120],
  ['h', 20_000, 4, 10, 1, 11_300, 1800],
]
// Left out where they would take minutes: the plain method takes n N^3 / 3 multiplications, in JavaScript; ml-fcnnls
// forms an n x n matrix.
const MAX_PLAIN = 5e9
const MAX_FCNNLS = 300
// scipy's nnls takes about N steps of n N.
const MAX_NNLS = 6e10

export function cases({ small }) {
  const items = small ? ITEMS.filter(([name]) => 'abf'.includes(name)) : ITEMS
  return items.map(([name, rows, dimension, order, calls, rival, prototype]) => ({
    name,
    rows: small && name === 'b' ? 20_000 : rows,
    dimension,
    order,
    calls: small ? Math.min(calls, 200) : calls,
    guides: small ? [] : [rival, prototype],
  }))
}

export function run({ name, rows, dimension, order, calls }, trials) {
  const width = multiIndices(dimension, order).length / dimension
  // Item f: as many different cells as are enough to keep the branch predictor honest.
  const matrices = Array.from({ length: Math.min(calls, 64) }, (_, i) =>
    legendreMatrix(rows, dimension, order, seed + i),
  )
  const runs = rows * width >= 1e7 ? Math.min(trials, 3) : trials
  const solve = (i) => {
    const { features, weights } = matrices[i % matrices.length]
    return recombineSync(features, { width, weights, threads: 1 })
  }
  for (let i = 0; i < (calls > 1 ? 200 : 1); i++) solve(i)
  // Short calls are repeated, because the clock of processor time is a coarse one.
  const repeats = calls > 1 ? 1 : Math.max(1, Math.ceil(2e6 / (rows * width)))
  const times = Array.from({ length: runs }, () => {
    const { user, system } = timed(() => {
      for (let i = 0; i < calls * repeats; i++) solve(i)
    })
    return (user + system) / repeats
  })
  const { features, weights } = matrices[0]
  const ours = { name: 'fewpoints', cpu: median(times), ...quality(features, width, weights, solve(0)) }

  const methods = [ours]
  const scaled = (milliseconds) => milliseconds * calls
  if (rows * width ** 3 <= MAX_PLAIN) {
    const { result, user, system } = timed(() => plainRecombination(features, width, weights))
    methods.push({
      name: 'one null vector at a time (JavaScript)',
      cpu: scaled(user + system),
      ...quality(features, width, weights, result),
    })
  }
  if (rows <= MAX_FCNNLS) {
    const rival = fcnnls(features, width, weights)
    methods.push({ ...rival, cpu: scaled(rival.cpu) })
  }
  for (const rival of python(features, width, weights, rows * width * width <= MAX_NNLS, runs))
    methods.push({
      name: rival.name,
      cpu: scaled(rival.cpu),
      ...quality(features, width, weights, rival),
    })
  return { item: name, width, methods }
}

/** Row i: the Legendre products of total degree <= order at a uniform point; the first column is 1. */
function legendreMatrix(rows, dimension, order, seed) {
  const { uniform } = random(seed)
  const exponents = multiIndices(dimension, order)
  const width = exponents.length / dimension
  const features = new Float64Array(rows * width)
  const powers = Array.from({ length: dimension }, () => new Float64Array(order + 1))
  for (let i = 0; i < rows; i++) {
    for (const p of powers) {
      const t = 2 * uniform() - 1
      p[0] = 1
      if (order > 0) p[1] = t
      for (let j = 2; j <= order; j++) p[j] = ((2 * j - 1) * t * p[j - 1] - (j - 1) * p[j - 2]) / j
    }
    for (let e = 0; e < width; e++) {
      let product = 1
      for (let a = 0; a < dimension; a++) product *= powers[a][exponents[e * dimension + a]]
      features[i * width + e] = product
    }
  }
  return { features, weights: Float64Array.from({ length: rows }, () => 0.1 + uniform()) }
}

/** Points kept, and the largest relative residual of a column, by plain compensated sums; -1: a negative weight. */
function quality(features, width, weights, { indices, weights: chosen }) {
  const before = new Float64Array(width)
  const lost = new Float64Array(width)
  const size = new Float64Array(width)
  const add = (row, weight, sign) => {
    for (let e = 0; e < width; e++) {
      const term = sign * weight * features[row * width + e]
      const y = term - lost[e]
      const s = before[e] + y
      lost[e] = s - before[e] - y
      before[e] = s
      if (sign > 0) size[e] += Math.abs(term)
    }
  }
  for (let i = 0; i < weights.length; i++) add(i, weights[i], 1)
  for (let j = 0; j < indices.length; j++) add(indices[j], chosen[j], -1)
  let residual = 0
  for (let e = 0; e < width; e++) residual = Math.max(residual, Math.abs(before[e]) / size[e])
  return { kept: indices.length, residual: Array.from(chosen).some((w) => w < 0) ? -1 : residual }
}

/** npm's ml-fcnnls: solves the normal equations, so the features go in transposed. */
function fcnnls(features, width, weights) {
  const rows = weights.length
  const columns = Matrix.zeros(width, rows)
  const target = new Array(width).fill(0)
  for (let i = 0; i < rows; i++)
    for (let e = 0; e < width; e++) {
      columns.set(e, i, features[i * width + e])
      target[e] += weights[i] * features[i * width + e]
    }
  const { result, user, system } = timed(() => fcnnlsVector(columns, target))
  const x = result.K.to1DArray()
  const indices = x.flatMap((w, i) => (w > 0 ? [i] : []))
  return {
    name: 'ml-fcnnls (npm)',
    cpu: user + system,
    ...quality(features, width, weights, { indices, weights: indices.map((i) => x[i]) }),
  }
}

/** The rivals of rivals.py. None when there is no Python for them. */
function python(features, width, weights, withNnls, trials) {
  const script = fileURLToPath(new URL('../rivals.py', import.meta.url))
  return (
    inPython([script], { features, weights }, [width, withNnls ? 'nnls' : '', trials], (stdout) =>
      JSON.parse(stdout),
    ) ?? []
  )
}

export function report(results) {
  const head = ['item', 'rows x columns', 'calls', 'method', 'CPU ms', 'times ours', 'kept', 'residual']
  const lines = results.flatMap(({ item, rows, width, calls, methods, guides }) => [
    ...methods.map(({ name, cpu, kept, residual }, i) => [
      i === 0 ? item : '',
      i === 0 ? `${rows} x ${width}` : '',
      i === 0 ? String(calls) : '',
      name,
      cpu.toPrecision(3),
      (cpu / methods[0].cpu).toPrecision(3),
      String(kept),
      residual < 0 ? 'negative weight' : `${(residual / EPS).toPrecision(2)} eps`,
    ]),
    ...['best rival, published', 'earlier prototype'].flatMap((name, i) =>
      guides[i] === undefined
        ? []
        : [['', '', '', `(${name})`, String(guides[i]), (guides[i] / methods[0].cpu).toPrecision(3), '', '']],
    ),
  ])
  return [
    textTable(head, lines),
    '',
    'CPU ms: processor time of the whole process, of all calls together; medians. Ours is the whole call of the public API.',
    'Where there are many calls the rivals solve the first cell, and its time is multiplied.',
    'Rivals in Python form the sums that they match as weights @ features, and what that loses is part of their residual.',
    'In brackets: figures of another run on a Zen 5, no more than guides on another machine.',
  ].join('\n')
}
