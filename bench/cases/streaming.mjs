// What streaming costs in accuracy: the error of means over the kept rows of a stream, beside those of compress() in
// memory, at equal size. In memory means the better of the default and of the enlarged order asked for with quality
// 'fast'. Sets: uniform, a mixture of four normal distributions, Student's t with 3 degrees of freedom, the mixture
// sorted by its first column, and a drift: the centre runs along a curve, the width doubles, and in the last tenth there
// is a jump. Functions, eight of each kind, c a random row:
//   sigmoid  1 / (1 + exp(-w . x)), w uniform in [-1, 1]^m
//   exp      exp(w . x), and 1 / (1 + |x - c|^2) where tails are heavy
//   narrow   exp(-|x - c|^2 / (2 0.1^2)), with 0.3 where tails are heavy
//   kink     max(0, u . (x - c)), u a random direction
// Then the residual after a thousand steps, which is a walk of the rounding errors.
import { rootMeanSquare } from 'simple-statistics'
import { random } from '../../demo/random.mjs'
import { Compressor, compressSync, merge, verifySync } from '../../dist/index.js'
import { Mean, sigmoid } from '../means.mjs'
import { dot, EPS, eachTrial, geometricMean, groupBy, squaredDistance, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Streaming: the error of a stream against that of compress() in memory'
export const trials = 10
export const seed = 14

const ROWS = 1_000_000
const SIZE = 1000
const FUNCTIONS = 8
const PIECE = 50_000
/** The whole order that cells keep under quality 'best', of 1000 points. */
const ENLARGED = { 2: { 3: 6, 5: 8 }, 3: { 3: 4, 5: 6 } }
const STEPS = 1000
/** A moment of the enlarged order that is further off was lost by some cell. */
const LOST = 1e-9

const SMOOTH_GOAL = 1.3
const ROUGH_GOAL = 1.5
const WORST_GOAL = 4
const RESIDUAL_GOAL = 16

export const SETS = {
  uniform: (count, m, seed) => uniformPoints(count, m, seed),
  mixture: (count, m, seed) => mixture(count, m, seed),
  t3: (count, m, seed) => student(count, m, seed),
  sorted: (count, m, seed) => sorted(mixture(count, m, seed), m),
  drift: (count, m, seed) => drift(count, m, seed),
}

function mixture(count, m, seed) {
  const { uniform, normal } = random(seed)
  const centres = Float64Array.from({ length: 4 * m }, () => 4 * uniform() - 2)
  const widths = Float64Array.from({ length: 4 }, () => 0.1 + 0.6 * uniform())
  const points = new Float64Array(count * m)
  for (let i = 0; i < count; i++) {
    const c = Math.floor(4 * uniform())
    for (let a = 0; a < m; a++) points[i * m + a] = centres[c * m + a] + widths[c] * normal()
  }
  return points
}

function student(count, m, seed) {
  const { normal } = random(seed)
  const points = new Float64Array(count * m)
  for (let i = 0; i < points.length; i++) {
    const square = normal() ** 2 + normal() ** 2 + normal() ** 2
    points[i] = normal() / Math.sqrt(square / 3)
  }
  return points
}

function sorted(points, m) {
  const rows = Array.from({ length: points.length / m }, (_, i) => i).sort((i, j) => points[i * m] - points[j * m])
  const out = new Float64Array(points.length)
  for (const [at, row] of rows.entries()) out.set(points.subarray(row * m, (row + 1) * m), at * m)
  return out
}

function drift(count, m, seed) {
  const { normal } = random(seed)
  const points = new Float64Array(count * m)
  for (let i = 0; i < count; i++) {
    const t = i / count
    const jump = t >= 0.9 ? 3 : 0
    for (let a = 0; a < m; a++) points[i * m + a] = 2 * Math.sin(3 * t + a) + jump + 0.5 * (1 + t) * normal()
  }
  return points
}

const KINDS = {
  sigmoid:
    ({ w }) =>
    (points, at) =>
      sigmoid(dot(w, points, at)),
  exp: ({ w, c, isHeavy }) =>
    isHeavy ? (points, at) => 1 / (1 + squaredDistance(points, at, c)) : (points, at) => Math.exp(dot(w, points, at)),
  narrow: ({ c, isHeavy }) => {
    const width = isHeavy ? 0.3 : 0.1
    return (points, at) => Math.exp(-squaredDistance(points, at, c) / (2 * width ** 2))
  },
  kink: ({ u, c }) => {
    const offset = dot(u, c, 0)
    return (points, at) => Math.max(0, dot(u, points, at) - offset)
  },
}
const SMOOTH = ['sigmoid', 'exp']

export function cases({ small, trials }) {
  const rows = small ? 300_000 : ROWS
  const orders = small ? [3] : [3, 5]
  const settings = Object.keys(SETS).flatMap((set) => [2, 3].flatMap((m) => orders.map((order) => ({ set, m, order }))))
  const accuracy = settings.flatMap((setting) => eachTrial(trials, { part: 'accuracy', rows, ...setting }))
  const sets = small ? ['uniform'] : ['uniform', 't3', 'drift']
  const steps = sets.flatMap((set) =>
    ['blocks', 'merges'].map((what) => ({ part: what, set, m: 3, order: 3, steps: small ? 100 : STEPS })),
  )
  return [...accuracy, ...steps]
}

export function run(parameters) {
  return { accuracy, blocks, merges }[parameters.part](parameters)
}

async function accuracy({ set, m: dimension, order, rows, trial }) {
  const points = SETS[set](rows, dimension, seed + 1000 * trial)
  const enlarged = ENLARGED[dimension][order]
  const results = {
    memory: compressSync(points, { dimension, order, size: SIZE, threads: 1 }),
    enlarged: compressSync(points, { dimension, order: enlarged, size: SIZE, quality: 'fast', threads: 1 }),
    stream: await streamed(points, { dimension, order, size: SIZE, threads: 1 }),
  }
  const kept = verifySync({ points, dimension }, results.stream, { order: enlarged })
  const isHeavy = set === 't3'
  const { uniform, normal } = random(seed + 7 * trial)
  const errors = {}
  for (const [kind, make] of Object.entries(KINDS)) {
    errors[kind] = Array.from({ length: FUNCTIONS }, () => {
      const w = Float64Array.from({ length: dimension }, () => 2 * uniform() - 1)
      const row = Math.floor(rows * uniform())
      const c = points.slice(row * dimension, (row + 1) * dimension)
      const long = Float64Array.from({ length: dimension }, normal)
      const length = Math.hypot(...long)
      const f = make({ w, c, u: long.map((x) => x / length), isHeavy })
      const values = Float64Array.from({ length: rows }, (_, i) => f(points, i * dimension))
      const average = new Mean(values)
      const size = values.reduce((sum, value) => sum + value, 0) / rows
      return Object.fromEntries(
        Object.entries(results).map(([name, result]) => {
          const { error, rounding } = average.errorOf(result)
          return [name, Math.max(error, rounding) / size]
        }),
      )
    })
  }
  return {
    errors,
    residual: results.stream.residual / EPS,
    isLost: kept.residual > LOST,
    less: results.stream.cellsKeepingLess,
  }
}

async function streamed(points, options) {
  const compressor = new Compressor(options)
  const piece = PIECE * options.dimension
  for (let at = 0; at < points.length; at += piece) await compressor.push(points.subarray(at, at + piece))
  return compressor.finish()
}

/** A stream of so many blocks. Each is another cut of the same rows, moved a little. */
async function blocks({ set, m: dimension, order, steps }) {
  const rows = 262_144
  const points = SETS[set](2 * rows, dimension, seed)
  const compressor = new Compressor({ dimension, order, size: SIZE })
  for (let step = 0; step < steps; step++) {
    const first = Math.floor((rows * step) / steps) * dimension
    const shift = Math.sin(step)
    await compressor.push(points.slice(first, first + rows * dimension).map((x) => x + shift))
  }
  return { residual: (await compressor.finish()).residual / EPS }
}

/** A chain of so many merges, each of the set so far and the next thousand rows. */
async function merges({ set, m: dimension, order, steps }) {
  const rows = 1000
  const points = SETS[set]((steps + 1) * rows, dimension, seed)
  const part = (i) => ({ points: points.subarray(i * rows * dimension, (i + 1) * rows * dimension) })
  let whole = part(0)
  for (let step = 1; step <= steps; step++)
    whole = await merge([whole, part(step)], {
      dimension,
      order: ENLARGED[dimension][order],
      size: 4 * SIZE,
      quality: 'fast',
    })
  return { residual: verifySync({ points, dimension }, whole, { order }).residual / EPS }
}

/** Per setting and kind, the error of the stream over the smaller one in memory, each a root mean square over all trials. */
export function table(results) {
  const groups = groupBy(
    results.filter(({ part }) => part === 'accuracy'),
    ({ set, m, order }) => `${set} ${m} ${order}`,
  )
  return [...groups.values()].map((runs) => {
    const { set, m, order } = runs[0]
    const line = { set, m, order, lost: runs.filter(({ isLost }) => isLost).length, trials: runs.length }
    for (const kind of Object.keys(KINDS)) {
      const rms = (name) => rootMeanSquare(runs.flatMap(({ errors }) => errors[kind].map((one) => one[name])))
      const inMemory = Math.min(rms('memory'), rms('enlarged'))
      line[kind] = rms('stream') / inMemory
      line[`${kind}Stream`] = rms('stream')
      line[`${kind}Memory`] = rms('memory')
      line[`${kind}Enlarged`] = rms('enlarged')
    }
    line.residual = Math.max(...runs.map(({ residual }) => residual))
    return line
  })
}

export function report(results) {
  const lines = table(results)
  const kinds = Object.keys(KINDS)
  const means = kinds.map((kind) => [kind, geometricMean(lines.map((line) => line[kind]))])
  const worst = Math.max(...lines.flatMap((line) => kinds.map((kind) => line[kind])))
  const lost = lines.reduce((sum, line) => sum + line.lost, 0)
  const steps = results.filter(({ part }) => part !== 'accuracy')
  const residual = Math.max(...lines.map((line) => line.residual), ...steps.map((one) => one.residual))
  const verdict = (isGood) => (isGood ? 'pass' : 'FAIL')
  return [
    tableOf(lines, [
      ['set', ({ set }) => set],
      ['m', ({ m }) => m],
      ['k', ({ order }) => order],
      ...kinds.flatMap((kind) => [
        [kind, (line) => line[`${kind}Stream`].toExponential(1)],
        ['ratio', (line) => line[kind].toFixed(2)],
      ]),
      ['lost', ({ lost }) => lost],
      ['residual', (line) => line.residual.toFixed(2)],
    ]),
    '',
    'relative errors of means, root mean squares; ratio: to the better of compress() and of compress() with the enlarged order',
    'lost: streams of which a moment of the enlarged order is off by more than 1e-9; residual in machine epsilons',
    '',
    ...means.map(([kind, ratio]) => {
      const goal = SMOOTH.includes(kind) ? SMOOTH_GOAL : ROUGH_GOAL
      return `${kind}: geometric mean of the ratios ${ratio.toFixed(2)}, goal ${goal}: ${verdict(ratio <= goal)}`
    }),
    `largest ratio ${worst.toFixed(2)}, goal ${WORST_GOAL}: ${verdict(worst <= WORST_GOAL)}`,
    `streams that lost moments: ${lost}, goal 0: ${verdict(lost === 0)}`,
    ...steps.map((one) => `${one.set}, ${one.steps} ${one.part}: residual ${one.residual.toFixed(2)} epsilons`),
    `largest residual ${residual.toFixed(2)} epsilons, goal ${RESIDUAL_GOAL}: ${verdict(residual <= RESIDUAL_GOAL)}`,
  ].join('\n')
}
