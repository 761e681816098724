// The experiment with attention heads of figure 7: one causal layer that reads pairs (x, y) of a random function, as tokens,
// and predicts its value at the last token. A head is q, k, v and o in a row; the network is the sum of all heads, each times its
// multiplicity. The heads are evaluated by native/bench/attention.cpp.
import { random } from '../demo/random.mjs'
import { compressSync } from '../dist/index.js'
import { dot, meanSquare, sum } from './measure.mjs'
import { benchAddon } from './native.mjs'
import { fDistance } from './networks.mjs'
import { randomSubset } from './subsets.mjs'

/** How many numbers a head has: q, k and v are dimension x inputs, o is dimension. */
export const widthOf = ({ inputs, dimension }) => dimension * (3 * inputs + 1)

/**
 * Heads of multiplicity 1 in the initialisation of PyTorch's Linear: uniform on +-1/sqrt(fan-in), without biases. The fan-in of
 * o is that of all heads together.
 *
 * @param {{ inputs: number, dimension: number, count: number }} shape
 */
export function randomHeads({ inputs, dimension, count }, seed) {
  const { uniform } = random(seed)
  const width = widthOf({ inputs, dimension })
  const first = 1 / Math.sqrt(inputs)
  const last = 1 / Math.sqrt(count * dimension)
  const parameters = Float64Array.from(
    { length: count * width },
    (_, i) => (i % width < width - dimension ? first : last) * (2 * uniform() - 1),
  )
  return { inputs, dimension, parameters, multiplicity: new Float64Array(count).fill(1) }
}

/** Some of these heads. `multiplicity` has a number for each of them. */
export function someHeads(heads, indices, multiplicity) {
  const width = widthOf(heads)
  const parameters = new Float64Array(indices.length * width)
  for (const [i, head] of indices.entries())
    parameters.set(heads.parameters.subarray(head * width, (head + 1) * width), i * width)
  return { ...heads, parameters, multiplicity }
}

/**
 * compress() of the heads with these options, by `columns`: numbers of each head, row-major, in place of its parameters. `elapsed`
 * is in milliseconds, `order` is compress()'s.
 */
export function compressedHeads(heads, options, columns = heads.parameters) {
  const dimension = columns.length / heads.multiplicity.length
  const { indices, weights, order, elapsed } = compressSync(columns, { dimension, ...options })
  return { ...someHeads(heads, indices, weights), order, elapsed: elapsed.total }
}

/**
 * What the function of a head with one input depends on, q.k and v.o, and what the gradient adds to them in a small step: a
 * number times |q|^2 + |k|^2, and one times |v|^2 + |o|^2. To these it adds 4 times as much of q.k and v.o. So under gradient
 * descent with a small rate these four numbers go on by themselves, and the other four of a head of dimension 2 do not matter.
 *
 * @returns {Float64Array} four numbers per head
 */
export function invariantsOf({ inputs, dimension, parameters }) {
  if (inputs !== 1) throw new Error('only heads with one input have these invariants')
  const width = widthOf({ inputs, dimension })
  const invariants = new Float64Array((parameters.length / width) * 4)
  for (let h = 0; h * width < parameters.length; h++) {
    const [q, k, v, o] = [0, 1, 2, 3].map((i) =>
      parameters.subarray(h * width + i * dimension, h * width + (i + 1) * dimension),
    )
    invariants.set([dot(q, k, 0), dot(q, q, 0) + dot(k, k, 0), dot(v, o, 0), dot(v, v, 0) + dot(o, o, 0)], 4 * h)
  }
  return invariants
}

/** Drawn without replacement, each with multiplicity d / d'. */
export function randomOfHeads(heads, size, seed) {
  const all = Float64Array.from(heads.multiplicity, (_, i) => i)
  const { points, weights } = randomSubset(all, 1, size, seed)
  return someHeads(heads, Uint32Array.from(points), weights)
}

/** The outputs at the prompts. */
export function outputsOf(heads, { tokens, length }) {
  return benchAddon().attention({ ...heads, tokens, length })
}

/**
 * The gradient of the mean square error, by the parameters of one copy of each head: that of all copies of a head is
 * `multiplicity` times as large.
 */
export function gradientOf(heads, { tokens, length, y }) {
  const pulls = outputsOf(heads, { tokens, length }).map((value, s) => (2 * (value - y[s])) / y.length)
  return benchAddon().attention({ ...heads, tokens, length, pulls })
}

// ---- the task

const SEGMENTS = 16
const PAIRS = 8
const START = 0.5
export const NOISE = 0.3

/**
 * Prompts x1 y1 ... x8 y8 x of a continuous function on [0, 1] of its own each, linear in 16 pieces with slopes ~ N(0, 1) and
 * f(0) ~ N(0, 0.5^2); the y in the prompt have noise, f(x), which is to be predicted, has none.
 *
 * @returns {{ tokens: Float64Array, length: number, y: Float64Array }} `length` tokens of one number per prompt
 */
export function functionPrompts(count, noise, seed) {
  const { uniform, normal } = random(seed)
  const length = 2 * PAIRS + 1
  const tokens = new Float64Array(count * length)
  const y = new Float64Array(count)
  const knots = new Float64Array(SEGMENTS + 1)
  for (let s = 0; s < count; s++) {
    knots[0] = START * normal()
    for (let j = 0; j < SEGMENTS; j++) knots[j + 1] = knots[j] + normal() / SEGMENTS
    const at = (x) => {
      const j = Math.floor(x * SEGMENTS)
      return knots[j] + (knots[j + 1] - knots[j]) * (x * SEGMENTS - j)
    }
    for (let i = 0; i < PAIRS; i++) {
      const x = uniform()
      tokens[s * length + 2 * i] = x
      // Drawn also without noise, so that the same seed gives the same functions.
      tokens[s * length + 2 * i + 1] = at(x) + noise * normal()
    }
    const last = uniform()
    tokens[s * length + 2 * PAIRS] = last
    y[s] = at(last)
  }
  return { tokens, length, y }
}

// ---- training

/** The update rules with their states: each takes the parameters, the gradient of each, and the number of the step from 1. */
const RULES = {
  sgd: (rate) => (parameters, gradient) => {
    for (let i = 0; i < parameters.length; i++) parameters[i] -= rate * gradient[i]
  },
  adam: (rate, { length }) => {
    const [keptFirst, keptSecond, epsilon] = [0.9, 0.999, 1e-8]
    const first = new Float64Array(length)
    const second = new Float64Array(length)
    return (parameters, gradient, step) => {
      const byFirst = 1 - keptFirst ** step
      const bySecond = 1 - keptSecond ** step
      for (let i = 0; i < length; i++) {
        first[i] += (1 - keptFirst) * (gradient[i] - first[i])
        second[i] += (1 - keptSecond) * (gradient[i] ** 2 - second[i])
        parameters[i] -= (rate * (first[i] / byFirst)) / (Math.sqrt(second[i] / bySecond) + epsilon)
      }
    }
  },
}

/**
 * Trains heads on a batch per step.
 *
 * @param {{ inputs: number, dimension: number, parameters: Float64Array, multiplicity: Float64Array }} heads
 * @param {{ rule: 'sgd' | 'adam', learningRate: number, gradient?: 'copy' | 'total' }} options `gradient`: what the rule gets, that
 *   of one copy of each head (the default, with which the heads train as many copies do), or that of all its copies
 * @param {(step: number) => { tokens: Float64Array, length: number, y: Float64Array }} batch of the step from 0
 * @param {number} steps
 * @param {(step: number, heads: object) => void} [onStep] after each number of steps, 0 included; `heads` changes afterwards
 */
export function trainHeads(heads, { rule, learningRate, gradient = 'copy' }, batch, steps, onStep = () => {}) {
  const now = { ...heads, parameters: heads.parameters.slice() }
  const width = widthOf(heads)
  const update = RULES[rule](learningRate, now.parameters)
  onStep(0, now)
  for (let step = 1; step <= steps; step++) {
    const own = gradientOf(now, batch(step - 1))
    if (gradient === 'total') for (let i = 0; i < own.length; i++) own[i] *= now.multiplicity[Math.floor(i / width)]
    update(now.parameters, own, step)
    onStep(step, now)
  }
  return now
}

/**
 * Trains variants on the same batches, and compares the others with the first one.
 *
 * @param {Record<string, { heads: object, options?: object }>} variants
 * @param {object} options of trainHeads
 * @param {{ batch: (step: number) => object, test: object, probe: object, evaluated: number[] }} task `test`: for the loss; `probe`:
 *   for the distance of the functions; `evaluated`: after which steps, in order
 * @returns per variant { epochs, trainLoss, testLoss, distance, seconds }, as trainVariants() of networks.mjs; `epochs` are the steps
 *   evaluated, `trainLoss` is that on the batch that comes next
 */
export function trainHeadVariants(variants, options, { batch, test, probe, evaluated }, progress = () => {}) {
  const reference = []
  const steps = evaluated.at(-1)
  const costs = Object.values(variants).map(({ heads }) => heads.multiplicity.length)
  return Object.fromEntries(
    Object.entries(variants).map(([name, { heads, options: own }], i) => {
      const before = sum(costs.slice(0, i))
      const [trainLoss, testLoss, distance] = [[], [], []]
      const start = performance.now()
      trainHeads(heads, { ...options, ...own }, batch, steps, (step, now) => {
        if (!evaluated.includes(step)) return
        const next = batch(step)
        trainLoss.push(meanSquare(outputsOf(now, next), next.y))
        testLoss.push(meanSquare(outputsOf(now, test), test.y))
        const values = outputsOf(now, probe)
        if (i === 0) reference.push(values)
        distance.push(fDistance(values, reference[distance.length], probe.y))
        progress((before + (costs[i] * step) / steps) / sum(costs))
      })
      return [name, { epochs: evaluated, trainLoss, testLoss, distance, seconds: (performance.now() - start) / 1000 }]
    }),
  )
}
