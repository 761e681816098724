// Training in plain JavaScript, by the formulas of PyTorch's documentation, and a way to find the rows of the package's
// batches.
import { type Network, type Optimizer, type TrainSyncOptions, trainNetworkSync } from '../lib/index.js'
import { fill, seeded } from './fixtures.js'

// ---- activations

/**
 * The share of a normal distribution below z, by its series near 0 and the continued fraction of Laplace in the tails.
 * Accurate to a few machine epsilons where z^2 has no rounding.
 */
export function normalBelow(z: number): number {
  if (z > 1.5) return 1 - normalBelow(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z > -1.5) {
    let term = z
    let sum = z
    for (let n = 3; Math.abs(term) > 1e-18 * Math.abs(sum); n += 2) sum += term *= (z * z) / n
    return 0.5 + density * sum
  }
  let fraction = -z
  for (let n = 400; n > 0; n--) fraction = -z + n / fraction
  return density / fraction
}

export const PLAIN: Record<Network['activation'], { value: (z: number) => number; slope: (z: number) => number }> = {
  relu: { value: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0) },
  tanh: { value: Math.tanh, slope: (z) => 1 / Math.cosh(z) ** 2 },
  sigmoid: { value: (z) => 1 / (1 + Math.exp(-z)), slope: (z) => 1 / (2 + Math.exp(z) + Math.exp(-z)) },
  gelu: {
    value: (z) => z * normalBelow(z),
    slope: (z) => normalBelow(z) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
  },
  sin: { value: Math.sin, slope: Math.cos },
}
export const ACTIVATIONS = Object.keys(PLAIN) as Network['activation'][]
export const OPTIMIZERS: Optimizer[] = [
  'gd',
  'sgd',
  'momentum',
  'nesterov',
  'adam',
  'adamw',
  'rmsprop',
  'rprop',
  'adagrad',
]

// ---- networks and rows

export const PARAMETERS = ['hidden', 'bias', 'output', 'outputBias'] as const
export type Parameters = Pick<Network, (typeof PARAMETERS)[number]>

/** Uniform weights: +-1 into the layer, +-1 / sqrt(width) out of it. */
export function network(width: number, given: Partial<Network> = {}, seed = 1): Network {
  const { inputs = 2, outputs = 1, activation = 'tanh' } = given
  const random = seeded(seed)
  const draw = (length: number, limit: number) => fill(length, () => limit * (2 * random.next() - 1))
  return {
    inputs,
    width,
    outputs,
    activation,
    hidden: draw(width * inputs, 1),
    bias: draw(width, 1),
    output: draw(width * outputs, 1 / Math.sqrt(width)),
    outputBias: draw(outputs, 0.5),
    ...given,
  }
}

/** The network with these neurons, in this order. */
export function neuronsOf(net: Network, indices: number[], multiplicity?: Float64Array): Network {
  const { multiplicity: _, ...rest } = net
  const pick = (list: Float64Array, columns: number) =>
    Float64Array.from(indices.flatMap((j) => [...list.subarray(j * columns, (j + 1) * columns)]))
  return {
    ...rest,
    width: indices.length,
    hidden: pick(net.hidden, net.inputs),
    bias: pick(net.bias, 1),
    output: pick(net.output, net.outputs),
    ...(multiplicity && { multiplicity }),
  }
}

export interface Rows {
  x: Float64Array
  y: Float64Array
  weights?: Float64Array
}

/** x uniform on [-1, 1], y a smooth function of it and noise. */
export function rows(count: number, inputs = 2, outputs = 1, seed = 2): Rows {
  const random = seeded(seed)
  const x = fill(count * inputs, () => 2 * random.next() - 1)
  const y = fill(count * outputs, (i) => {
    const row = Math.floor(i / outputs) * inputs
    let sum = 0
    for (let a = 0; a < inputs; a++) sum += x[row + a] * (1 + ((i + a) % 3))
    return Math.sin(2 * sum) + 0.3 * random.normal()
  })
  return { x, y }
}

/** Labels that are probabilities: those of one row in two are one-hot. */
export function probabilities(count: number, outputs: number, seed = 3): Float64Array {
  const random = seeded(seed)
  return Float64Array.from(
    Array.from({ length: count }, (_, i) => {
      const draws = Array.from({ length: outputs }, () => random.next())
      const sum = draws.reduce((total, p) => total + p, 0)
      const chosen = random.below(outputs)
      return draws.map((p, o) => (i % 2 === 0 ? p / sum : Number(o === chosen)))
    }).flat(),
  )
}

/** The largest difference of two numbers, relative to the largest number of the array in b, or to 1. */
export function difference(a: Parameters, b: Parameters): number {
  let most = 0
  for (const name of PARAMETERS) {
    const size = b[name].reduce((largest, p) => Math.max(largest, Math.abs(p)), 1)
    for (const [i, p] of b[name].entries()) {
      const off = Math.abs(a[name][i] - p) / size
      if (!(off <= most)) most = off
    }
  }
  return most
}

// ---- loss and gradient

interface Case {
  net: Network
  data: Rows
  loss?: 'mse' | 'cross-entropy'
}

export function plainPredict(net: Network, x: ArrayLike<number>): Float64Array {
  return passOf(net, x).f
}

/** f, and the pre-activations. */
function passOf(net: Network, x: ArrayLike<number>) {
  const { inputs, width, outputs, hidden, bias, output, outputBias, multiplicity } = net
  const { value } = PLAIN[net.activation]
  const count = x.length / inputs
  const f = new Float64Array(count * outputs)
  const z = new Float64Array(count * width)
  for (let i = 0; i < count; i++) {
    f.set(outputBias, i * outputs)
    for (let j = 0; j < width; j++) {
      let sum = bias[j]
      for (let a = 0; a < inputs; a++) sum += hidden[j * inputs + a] * x[i * inputs + a]
      z[i * width + j] = sum
      const h = (multiplicity?.[j] ?? 1) * value(sum)
      for (let o = 0; o < outputs; o++) f[i * outputs + o] += h * output[j * outputs + o]
    }
  }
  return { f, z }
}

/** Per row: its loss, and the derivative by f. */
function lossesOf(f: Float64Array, y: Float64Array, outputs: number, loss: 'mse' | 'cross-entropy') {
  const slopes = new Float64Array(f.length)
  const losses = fill(f.length / outputs, (i) => {
    const [got, wanted] = [f, y].map((list) => list.subarray(i * outputs, (i + 1) * outputs))
    let sum = 0
    if (loss === 'mse') {
      for (let o = 0; o < outputs; o++) {
        sum += (got[o] - wanted[o]) ** 2 / outputs
        slopes[i * outputs + o] = (2 * (got[o] - wanted[o])) / outputs
      }
      return sum
    }
    const most = Math.max(...got)
    const total = got.reduce((all, value) => all + Math.exp(value - most), 0)
    for (let o = 0; o < outputs; o++) {
      sum -= wanted[o] * (got[o] - most - Math.log(total))
      slopes[i * outputs + o] = Math.exp(got[o] - most) / total - wanted[o]
    }
    return sum
  })
  return { losses, slopes }
}

export function plainLoss({ net, data, loss = 'mse' }: Case): number {
  const { losses } = lossesOf(plainPredict(net, data.x), data.y, net.outputs, loss)
  let sum = 0
  let mass = 0
  for (const [i, value] of losses.entries()) {
    sum += (data.weights?.[i] ?? 1) * value
    mass += data.weights?.[i] ?? 1
  }
  return sum / mass
}

/** The gradient of sum_i shares_i loss_i, for one copy of each neuron. */
export function plainGradient({ net, data, loss = 'mse' }: Case, shares: Float64Array): Parameters {
  const { inputs, width, outputs, output } = net
  const { value, slope } = PLAIN[net.activation]
  const { f, z } = passOf(net, data.x)
  const { slopes } = lossesOf(f, data.y, outputs, loss)
  const gradient: Parameters = {
    hidden: new Float64Array(width * inputs),
    bias: new Float64Array(width),
    output: new Float64Array(width * outputs),
    outputBias: new Float64Array(outputs),
  }
  for (const [i, share] of shares.entries()) {
    for (let o = 0; o < outputs; o++) gradient.outputBias[o] += share * slopes[i * outputs + o]
    for (let j = 0; j < width; j++) {
      let back = 0
      for (let o = 0; o < outputs; o++) {
        const error = share * slopes[i * outputs + o]
        gradient.output[j * outputs + o] += error * value(z[i * width + j])
        back += error * output[j * outputs + o]
      }
      back *= slope(z[i * width + j])
      gradient.bias[j] += back
      for (let a = 0; a < inputs; a++) gradient.hidden[j * inputs + a] += back * data.x[i * inputs + a]
    }
  }
  return gradient
}

// ---- update rules: https://pytorch.org/docs/stable/optim.html, the formulas of each algorithm's page

export interface RuleNumbers {
  learningRate: number
  momentum?: number
  betas?: [number, number]
  alpha?: number
  epsilon?: number
  learningRateDecay?: number
  factors?: [number, number]
  stepSizes?: [number, number]
  weightDecay?: number
}

/** One parameter, and what the rule remembers of it. */
interface Cell {
  p: number
  first: number
  second: number
}

/** The parameter after update number `t` = 1, 2, .. */
function update(cell: Cell, gradient: number, t: number, optimizer: Optimizer, numbers: RuleNumbers): Cell {
  const { learningRate: lr, weightDecay = 0, momentum = 0, epsilon = 0 } = numbers
  const { p, first, second } = cell
  const g = optimizer === 'adamw' ? gradient : gradient + weightDecay * p
  switch (optimizer) {
    case 'gd':
    case 'sgd':
      return { ...cell, p: p - lr * g }
    case 'momentum': {
      const b = t === 1 ? g : momentum * first + g
      return { ...cell, p: p - lr * b, first: b }
    }
    case 'nesterov': {
      const b = t === 1 ? g : momentum * first + g
      return { ...cell, p: p - lr * (g + momentum * b), first: b }
    }
    case 'adam':
    case 'adamw': {
      const [beta1, beta2] = numbers.betas as [number, number]
      const decayed = optimizer === 'adamw' ? p - lr * weightDecay * p : p
      const m = beta1 * first + (1 - beta1) * g
      const v = beta2 * second + (1 - beta2) * g * g
      const step = (lr * m) / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon)
      return { p: decayed - step, first: m, second: v }
    }
    case 'rmsprop': {
      const alpha = numbers.alpha as number
      const v = alpha * second + (1 - alpha) * g * g
      const b = momentum * first + g / (Math.sqrt(v) + epsilon)
      return { p: p - lr * b, first: b, second: v }
    }
    case 'rprop': {
      const [shrink, grow] = numbers.factors as [number, number]
      const [least, most] = numbers.stepSizes as [number, number]
      const agreement = Math.sign(first * g)
      const before = t === 1 ? lr : second
      const factor = agreement > 0 ? grow : agreement < 0 ? shrink : 1
      const size = Math.min(Math.max(before * factor, least), most)
      const used = agreement < 0 ? 0 : g
      return { p: p - Math.sign(used) * size, first: used, second: size }
    }
    case 'adagrad': {
      const sum = second + g * g
      const rate = lr / (1 + (t - 1) * (numbers.learningRateDecay as number))
      return { ...cell, p: p - (rate * g) / (Math.sqrt(sum) + epsilon), second: sum }
    }
  }
}

export interface PlainOptions extends RuleNumbers {
  optimizer: Optimizer
  epochs: number
  loss?: 'mse' | 'cross-entropy'
  cosine?: boolean
  /** The rows of each batch of each epoch. Default: one batch of all. */
  batches?: number[][][]
  /** The factor of a row's loss in the sum over a batch of `batchRows` rows. Default: its share of all weights. */
  share?: (row: number, batchRows: number) => number
}

/** Trains as the package is documented to do. */
export function plainTrain(start: Network, data: Rows, options: PlainOptions): Network {
  const { optimizer, epochs, loss = 'mse' } = options
  const net = structuredClone(start)
  const count = data.y.length / net.outputs
  const mass = data.weights?.reduce((sum, w) => sum + w, 0) ?? count
  const share = options.share ?? ((row) => (data.weights?.[row] ?? 1) / mass)
  const all = Array.from({ length: count }, (_, i) => i)
  const cells = Object.fromEntries(
    PARAMETERS.map((name) => [name, Array.from(net[name], (p): Cell => ({ p, first: 0, second: 0 }))]),
  )
  let t = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = options.cosine ? (1 + Math.cos((Math.PI * epoch) / epochs)) / 2 : 1
    const numbers = { ...options, learningRate: options.learningRate * rate }
    for (const batch of options.batches?.[epoch] ?? [all]) {
      t += 1
      const shares = new Float64Array(count)
      for (const row of batch) shares[row] += share(row, batch.length)
      const gradient = plainGradient({ net, data, loss }, shares)
      for (const name of PARAMETERS) {
        cells[name] = cells[name].map((cell, i) => update(cell, gradient[name][i], t, optimizer, numbers))
        net[name] = Float64Array.from(cells[name], ({ p }) => p)
      }
    }
  }
  return net
}

// ---- batches

type BatchOptions = Pick<
  TrainSyncOptions,
  'batchSize' | 'sampling' | 'batchesPerEpoch' | 'seed' | 'threads' | 'precision'
>

/**
 * The rows of the batches of one epoch, found by training a network whose neurons are all inactive. It has one output
 * per row; row i has label 1 at output i and 0 elsewhere. So an update is outputBias_i <- outputBias_i - k (outputBias_i
 * - part of row i in the batch), with k = 2 rate / outputs. With k = 1 - 2^-8 the parts are digits of the result, and
 * five batches can be told apart.
 */
export function batchesOf(count: number, epoch: number, options: BatchOptions, weights?: Float64Array): number[][] {
  const { batchSize = 1, batchesPerEpoch } = options
  const steps = batchesPerEpoch ?? Math.ceil(count / batchSize)
  if (steps > 5 || batchSize > 128) throw new Error('digits of more than a double has')
  const k = 1 - 2 ** -8
  const silent: Network = {
    inputs: 1,
    width: 1,
    outputs: count,
    activation: 'relu',
    hidden: Float64Array.of(0),
    bias: Float64Array.of(-1),
    output: new Float64Array(count),
    outputBias: new Float64Array(count),
  }
  const x = new Float64Array(count)
  const y = fill(count * count, (i) => Number(i % (count + 1) === 0))
  const { outputBias } = trainNetworkSync(
    silent,
    { x, y, ...(weights && { weights }) },
    {
      ...options,
      optimizer: 'sgd',
      learningRate: (k * count) / 2,
      epochs: epoch + 1,
      evaluateEvery: epoch + 1,
      state: { optimizer: 'sgd', epoch, step: epoch * steps },
    },
  ).network
  // The last batch of a shuffled epoch may be shorter. Each of its rows then has a larger part.
  const size = (step: number) => {
    if (options.sampling === 'replacement') return batchSize
    return Math.min(batchSize, count - step * batchSize)
  }
  const batches: number[][] = Array.from({ length: steps }, () => [])
  for (let i = 0; i < count; i++) {
    let rest = outputBias[i] / k
    for (let step = steps - 1; step >= 0; step--) {
      const times = Math.floor(rest * size(step) + 2 ** -7)
      for (let n = 0; n < times; n++) batches[step].push(i)
      rest = (rest - times / size(step)) * 2 ** 8
    }
    if (!(Math.abs(rest) < 2 ** -4)) throw new Error(`row ${i}: ${outputBias[i]} is no sum of digits`)
  }
  return batches
}
