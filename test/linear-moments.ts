// For the tests of data sets and networks: moments of (a, b) by the tests' own path, and networks in plain JavaScript.
import { multiIndices, type Network } from '../lib/index.js'

export interface Labelled {
  /** a is count x m and b is count x q, row-major. */
  a: ArrayLike<number>
  b: ArrayLike<number>
  weights?: ArrayLike<number> | undefined
}

/** The rows with these indices, with new weights. */
export function rowsAt({ a, b }: Labelled, indices: ArrayLike<number>, weights: ArrayLike<number>, count: number) {
  const pick = (from: ArrayLike<number>) => {
    const width = from.length / count
    return Float64Array.from({ length: indices.length * width }, (_, i) => {
      return from[indices[Math.floor(i / width)] * width + (i % width)]
    })
  }
  return { a: pick(a), b: pick(b), weights }
}

/**
 * The largest of |sum c' g - sum c g| / sum c |g| over all g. Each g is z^e, e of degree <= order, times 1, a column of
 * b, or, with `squares`, the square of one. z and b are in standard units of the original. Compensated sums (Neumaier)
 * of plain terms: accurate to a few epsilons.
 */
export function linearResidual(all: Labelled, kept: Labelled, count: number, order: number, squares = false): number {
  const m = all.a.length / count
  const q = all.b.length / count
  const a = standardUnits(all.a, all.weights, m)
  const b = standardUnits(all.b, all.weights, q)
  const list = multiIndices(m, order)
  const factors = 1 + q * (squares ? 2 : 1)
  const terms = (list.length / m) * factors
  const sums = (set: Labelled) => {
    const high = new Float64Array(terms)
    const low = new Float64Array(terms)
    const size = new Float64Array(terms)
    const rows = set.a.length / m
    for (let i = 0; i < rows; i++) {
      const weight = set.weights?.[i] ?? 1
      for (let e = 0; e * m < list.length; e++) {
        let monomial = weight
        for (let j = 0; j < m; j++) monomial *= ((set.a[i * m + j] - a.mean[j]) / a.unit[j]) ** list[e * m + j]
        for (let f = 0; f < factors; f++) {
          const label = f === 0 ? 1 : (set.b[i * q + ((f - 1) % q)] - b.mean[(f - 1) % q]) / b.unit[(f - 1) % q]
          const term = monomial * (f > q ? label * label : label)
          const t = e * factors + f
          const sum = high[t] + term
          low[t] += Math.abs(high[t]) >= Math.abs(term) ? high[t] - sum + term : term - sum + high[t]
          high[t] = sum
          size[t] += Math.abs(term)
        }
      }
    }
    return { high, low, size }
  }
  const before = sums(all)
  const after = sums(kept)
  let most = 0
  for (let t = 0; t < terms; t++) {
    const difference = Math.abs(after.high[t] - before.high[t] + (after.low[t] - before.low[t]))
    if (difference > 0) most = Math.max(most, difference / before.size[t])
  }
  return most
}

function standardUnits(values: ArrayLike<number>, weights: ArrayLike<number> | undefined, width: number) {
  const mean = new Float64Array(width)
  const unit = new Float64Array(width)
  const rows = values.length / width
  let mass = 0
  for (let i = 0; i < rows; i++) mass += weights?.[i] ?? 1
  for (let a = 0; a < width; a++) {
    for (let i = 0; i < rows; i++) mean[a] += ((weights?.[i] ?? 1) / mass) * values[i * width + a]
    for (let i = 0; i < rows; i++) unit[a] += ((weights?.[i] ?? 1) / mass) * (values[i * width + a] - mean[a]) ** 2
    unit[a] = Math.sqrt(unit[a]) || 1
  }
  return { mean, unit }
}

// ---- networks

const ACTIVATION: Record<string, { value: (z: number) => number; slope: (z: number) => number }> = {
  relu: { value: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0) },
  tanh: { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
  sin: { value: Math.sin, slope: Math.cos },
}

/** f(x) of every row: `outputs` numbers per row. */
export function forward(network: Network, x: ArrayLike<number>): Float64Array {
  const { inputs, width, outputs, hidden, bias, output, outputBias, multiplicity } = network
  const { value } = ACTIVATION[network.activation]
  const rows = x.length / inputs
  const y = new Float64Array(rows * outputs)
  for (let i = 0; i < rows; i++) {
    y.set(outputBias, i * outputs)
    for (let j = 0; j < width; j++) {
      let z = bias[j]
      for (let a = 0; a < inputs; a++) z += hidden[j * inputs + a] * x[i * inputs + a]
      const h = (multiplicity?.[j] ?? 1) * value(z)
      for (let o = 0; o < outputs; o++) y[i * outputs + o] += h * output[j * outputs + o]
    }
  }
  return y
}

export type Gradient = Pick<Network, 'hidden' | 'bias' | 'output' | 'outputBias'>

/** The gradient of half the weighted mean squared error, per copy of each neuron: without the multiplicity. */
export function gradientOf(network: Network, x: ArrayLike<number>, y: ArrayLike<number>, weights?: ArrayLike<number>) {
  const { inputs, width, outputs, hidden, bias, output } = network
  const { value, slope } = ACTIVATION[network.activation]
  const rows = x.length / inputs
  const f = forward(network, x)
  let mass = 0
  for (let i = 0; i < rows; i++) mass += weights?.[i] ?? 1
  const gradient: Gradient = {
    hidden: new Float64Array(width * inputs),
    bias: new Float64Array(width),
    output: new Float64Array(width * outputs),
    outputBias: new Float64Array(outputs),
  }
  for (let i = 0; i < rows; i++) {
    const share = (weights?.[i] ?? 1) / mass
    const error = Float64Array.from({ length: outputs }, (_, o) => share * (f[i * outputs + o] - y[i * outputs + o]))
    for (let o = 0; o < outputs; o++) gradient.outputBias[o] += error[o]
    for (let j = 0; j < width; j++) {
      let z = bias[j]
      for (let a = 0; a < inputs; a++) z += hidden[j * inputs + a] * x[i * inputs + a]
      let back = 0
      for (let o = 0; o < outputs; o++) {
        gradient.output[j * outputs + o] += error[o] * value(z)
        back += error[o] * output[j * outputs + o]
      }
      back *= slope(z)
      gradient.bias[j] += back
      for (let a = 0; a < inputs; a++) gradient.hidden[j * inputs + a] += back * x[i * inputs + a]
    }
  }
  return gradient
}

/** |a - b| / |b| */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0
  let size = 0
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2
    size += b[i] ** 2
  }
  return Math.sqrt(difference / size)
}
