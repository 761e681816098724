// Attention heads with eight inputs and dimension 4, compressed after training, to a quarter and at once. A prompt has 16 rows
// (x, y) of a linear function with noise, and asks for its value at another x. The hundred numbers of a head are too many for
// moments of the heads as points. But its output is linear in u = v'o, and depends otherwise on A = k'q only.
//   products   the heads' u and u (x) A, as the first-order part of their function has them, in as many principal components as fit
//   outputs    the heads' outputs at 300 prompts, in as many principal components as fit
//   subset     as many heads drawn at random, each for d/d' of them
//   largest    those with the largest |u|, each for itself alone: pruning by magnitude
//   rescaled   the same, times a number that keeps the sum of |u|
import { Matrix, SingularValueDecomposition } from 'ml-matrix'
import { random } from '../../demo/random.mjs'
import { compressSync } from '../../dist/index.js'
import { outputsOf, randomHeads, randomOfHeads, someHeads, trainHeads, widthOf } from '../heads.mjs'
import { eachTrial, mapped, meanSquare, median, sum } from '../measure.mjs'
import { fDistance, seedsOf } from '../networks.mjs'
import { tableOf } from '../table.mjs'
import { short } from '../trajectories.mjs'

export const title = 'Attention heads of eight inputs, compressed after training'
export const seed = 9
export const trials = 5
export const needsBenchAddon = true

const SHAPE = { inputs: 8, dimension: 4 }
const ROWS = 16
const NOISE = 0.1
const FULL = { heads: 400, size: 100, batch: 256, tests: 2048, steps: 600, samples: 300 }
const SMALL = { heads: 160, size: 40, batch: 64, tests: 256, steps: 60, samples: 100 }

export const cases = ({ small, trials }) => eachTrial(trials, small ? SMALL : FULL)

export function run({ trial, heads, size, batch, tests, steps, samples }, _trials, progress) {
  const seeds = seedsOf(seed, trial)
  const start = randomHeads({ ...SHAPE, count: heads }, seeds.network)
  const drawn = (step) => linearPrompts(batch, NOISE, 1e5 * (seeds.batches + 1) + step)
  const trained = trainHeads(start, { rule: 'adam', learningRate: 2e-3 }, drawn, steps, (step) =>
    progress(step / steps),
  )
  const test = linearPrompts(tests, NOISE, seeds.test)
  const probe = linearPrompts(tests, 0, seeds.probe)
  const values = outputsOf(trained, probe)
  const original = meanSquare(outputsOf(trained, test), test.y)
  const compared = (few) => ({
    kept: few.multiplicity.length,
    distance: fDistance(outputsOf(few, probe), values, probe.y),
    ratio: meanSquare(outputsOf(few, test), test.y) / original,
  })
  const variants = variantsOf(trained, size, linearPrompts(samples, NOISE, seeds.rows), seeds)
  const before = meanSquare(outputsOf(start, test), test.y)
  return { before, loss: original, variants: mapped(variants, compared) }
}

function variantsOf(heads, size, prompts, seeds) {
  const count = heads.multiplicity.length
  const all = Array.from({ length: count }, (_, h) => someHeads(heads, Uint32Array.of(h), Float64Array.of(1)))
  const parts = all.map(({ parameters }) => partsOf(parameters))
  const lengths = parts.map(({ u }) => Math.hypot(...u))
  const largest = Uint32Array.from([...lengths.keys()].sort((a, b) => lengths[b] - lengths[a]).slice(0, size))
  const scale = sum(lengths) / sum([...largest].map((h) => lengths[h]))
  return {
    products: fewHeads(
      heads,
      size,
      parts.map(({ u, A }) => [...u, ...u.flatMap((one) => A.map((other) => one * other))]),
    ),
    outputs: fewHeads(
      heads,
      size,
      all.map((head) => [...outputsOf(head, prompts)]),
    ),
    subset: randomOfHeads(heads, size, seeds.subset),
    largest: someHeads(heads, largest, new Float64Array(size).fill(1)),
    rescaled: someHeads(heads, largest, new Float64Array(size).fill(scale)),
  }
}

/** u = v'o and A = k'q / sqrt(dimension), as lists. */
function partsOf(parameters) {
  const { inputs, dimension } = SHAPE
  const block = inputs * dimension
  const matrix = (i) => Matrix.from1DArray(dimension, inputs, parameters.subarray(i * block, (i + 1) * block))
  const [q, k, v] = [0, 1, 2].map(matrix)
  return {
    u: Matrix.rowVector(parameters.subarray(3 * block))
      .mmul(v)
      .to1DArray(),
    A: k.transpose().mmul(q).div(Math.sqrt(dimension)).to1DArray(),
  }
}

/** Keeps the sum over the heads, and of as many principal components of these features of theirs as `size` has room for. */
function fewHeads(heads, size, features) {
  const dimension = size - 1
  const { leftSingularVectors, diagonal } = new SingularValueDecomposition(new Matrix(features), {
    autoTranspose: true,
  })
  const points = Float64Array.from({ length: features.length * dimension }, (_, i) => {
    const component = i % dimension
    return leftSingularVectors.get(Math.floor(i / dimension), component) * diagonal[component]
  })
  const { indices, weights } = compressSync(points, { dimension, size, order: 1, threads: 1 })
  return someHeads(heads, indices, weights)
}

/** Prompts of 16 rows (x, w.x + noise) and a last one (x, 0), for w.x: x ~ N(0, 1)^7, w ~ N(0, 1/7)^7. */
function linearPrompts(count, noise, seed) {
  const { normal } = random(seed)
  const { inputs } = SHAPE
  const length = ROWS + 1
  const tokens = new Float64Array(count * length * inputs)
  const y = new Float64Array(count)
  for (let s = 0; s < count; s++) {
    const w = Array.from({ length: inputs - 1 }, () => normal() / Math.sqrt(inputs - 1))
    for (let j = 0; j < length; j++) {
      const token = tokens.subarray((s * length + j) * inputs, (s * length + j + 1) * inputs)
      for (let a = 0; a < w.length; a++) token[a] = normal()
      const value = sum(w.map((one, a) => one * token[a]))
      if (j < ROWS) token[inputs - 1] = value + noise * normal()
      else y[s] = value
    }
  }
  return { tokens, length, y }
}

export function table(results) {
  return results.flatMap(({ trial, loss, variants }) =>
    Object.entries(variants).map(([variant, one]) => ({ trial, variant, loss_of_original: loss, ...one })),
  )
}

export function report(results, { trials }) {
  const [{ heads, steps, variants }] = results
  const of = (variant, key) => median(results.map((one) => one.variants[variant][key]))
  const losses = ['before', 'loss'].map((key) => short(median(results.map((one) => one[key]))))
  return [
    `${heads} heads of ${widthOf(SHAPE)} numbers, ${steps} steps of Adam, loss ${losses.join(' -> ')}, medians of ${trials} trials`,
    tableOf(Object.keys(variants), [
      ['heads', (variant) => variant],
      ['kept', (variant) => of(variant, 'kept')],
      ['function', (variant) => short(of(variant, 'distance'))],
      ['loss ratio', (variant) => of(variant, 'ratio').toFixed(3)],
    ]),
    "function: |f - f_original| / |y|; loss ratio: divided by the original's",
  ].join('\n')
}
