// Deep networks for experiments: fully connected layers with one activation, trained with Adam in double precision. Matrices are
// row-major; a layer has one row of weights for each of its neurons, and may have a `multiplicity`: how many equal neurons
// each of them stands for.
import { random } from '../demo/random.mjs'

/** The value of an activation and its derivative. */
const ACTIVATIONS = {
  sin: [Math.sin, Math.cos],
  // The form with tanh.
  gelu: [(t) => (t / 2) * (1 + Math.tanh(geluArgument(t))), geluSlope],
}
const GELU = [Math.sqrt(2 / Math.PI), 0.044715]

function geluArgument(t) {
  return GELU[0] * (t + GELU[1] * t ** 3)
}

function geluSlope(t) {
  const h = Math.tanh(geluArgument(t))
  return (1 + h) / 2 + (t / 2) * (1 - h * h) * GELU[0] * (1 + 3 * GELU[1] * t * t)
}

/**
 * A network with hidden layers of these widths and one output. The first layer's weights are uniform on [-steepness, steepness],
 * so that it can follow a target that changes quickly; the others' scale keeps the size of the activations.
 */
export function deepNetwork({ inputs, widths, activation, steepness }, seed) {
  const { uniform } = random(seed)
  const draw = (length, range) => Float64Array.from({ length }, () => range * (2 * uniform() - 1))
  const sizes = [inputs, ...widths, 1]
  const layers = sizes.slice(1).map((rows, l) => {
    const columns = sizes[l]
    const range = l === 0 ? steepness : Math.sqrt(6 / columns)
    return { rows, columns, weights: draw(rows * columns, range), bias: draw(rows, l === 0 ? steepness : 0) }
  })
  return { inputs, activation, layers }
}

/** out[i][j] = the inner product of row i of a and row j of b, both of `inner` columns; in blocks of 2 by 4. */
function products(a, b, rows, columns, inner, out) {
  for (let i = 0; i < rows; i += 2) {
    const a0 = i * inner
    const a1 = Math.min(i + 1, rows - 1) * inner
    for (let j = 0; j < columns; j += 4) {
      const at = [0, 1, 2, 3].map((k) => Math.min(j + k, columns - 1) * inner)
      const [b0, b1, b2, b3] = at
      let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0]
      for (let k = 0; k < inner; k++) {
        const x0 = a[a0 + k]
        const x1 = a[a1 + k]
        const y0 = b[b0 + k]
        const y1 = b[b1 + k]
        const y2 = b[b2 + k]
        const y3 = b[b3 + k]
        s00 += x0 * y0
        s01 += x0 * y1
        s02 += x0 * y2
        s03 += x0 * y3
        s10 += x1 * y0
        s11 += x1 * y1
        s12 += x1 * y2
        s13 += x1 * y3
      }
      const upper = [s00, s01, s02, s03]
      const lower = [s10, s11, s12, s13]
      for (let k = 0; k < 4 && j + k < columns; k++) {
        out[i * columns + j + k] = upper[k]
        if (i + 1 < rows) out[(i + 1) * columns + j + k] = lower[k]
      }
    }
  }
  return out
}

function transposed(a, rows, columns) {
  const out = new Float64Array(a.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j]
  return out
}

/** A row-major matrix with each column times its factor; as it is without factors. */
function timesColumns(values, factors) {
  return factors === undefined ? values : values.map((value, i) => value * factors[i % factors.length])
}

/**
 * What each layer gives at `count` points: `sums` before the activation, `values` after it. The last layer has none. `input`:
 * what comes in, the values of the layer before times its multiplicities.
 */
export function layersAt({ activation, layers }, points, count) {
  const [value] = ACTIVATIONS[activation]
  let input = points
  return layers.map(({ rows, columns, weights, bias, multiplicity }, l) => {
    const sums = products(input, weights, count, rows, columns, new Float64Array(count * rows))
    for (let i = 0; i < sums.length; i++) sums[i] += bias[i % rows]
    const values = l < layers.length - 1 ? sums.map(value) : sums
    const before = input
    input = timesColumns(values, multiplicity)
    return { input: before, sums, values }
  })
}

/** The function of the network at points. */
export function valuesOf(network, points) {
  return layersAt(network, points, points.length / network.inputs).at(-1).values
}

const ADAM = { first: 0.9, second: 0.999, epsilon: 1e-8 }

/**
 * Trains on fresh points in every step, with a rate that goes to zero like a cosine.
 *
 * @param {object} network is changed
 * @param {{ steps: number, batch: number, rate: number, draw: (count: number) => { x: Float64Array, y: Float64Array } }} options
 */
export function trainDeep(network, { steps, batch, rate, draw }, progress = () => {}) {
  const memory = network.layers.map(({ weights, bias }) =>
    [weights, bias].map((values) => ({
      values,
      first: new Float64Array(values.length),
      second: new Float64Array(values.length),
    })),
  )
  for (let step = 1; step <= steps; step++) {
    const { x, y } = draw(batch)
    const now = (rate * (1 + Math.cos((Math.PI * step) / steps))) / 2
    for (const [l, gradients] of gradientsOf(network, x, y).entries()) {
      for (const [i, gradient] of gradients.entries()) adamStep(memory[l][i], gradient, now, step)
    }
    progress(step / steps)
  }
  return network
}

function adamStep({ values, first, second }, gradient, rate, step) {
  const [a, b] = [1 - ADAM.first ** step, 1 - ADAM.second ** step]
  for (let i = 0; i < values.length; i++) {
    const g = gradient[i]
    first[i] += (1 - ADAM.first) * (g - first[i])
    second[i] += (1 - ADAM.second) * (g * g - second[i])
    values[i] -= (rate * (first[i] / a)) / (Math.sqrt(second[i] / b) + ADAM.epsilon)
  }
}

/** Of the mean square error, layer by layer: of the weights and of the bias of one copy of each neuron. */
export function gradientsOf(network, x, y) {
  const [, slope] = ACTIVATIONS[network.activation]
  const { layers } = network
  const count = y.length
  const at = layersAt(network, x, count)
  let error = at.at(-1).values.map((value, i) => (2 * (value - y[i])) / count)
  const gradients = []
  for (let l = layers.length - 1; l >= 0; l--) {
    const { rows, columns, weights, multiplicity } = layers[l]
    const flipped = transposed(error, count, rows)
    const byWeights = products(
      flipped,
      transposed(l === 0 ? x : at[l - 1].values, count, columns),
      rows,
      columns,
      count,
      new Float64Array(rows * columns),
    )
    const byBias = Float64Array.from({ length: rows }, (_, j) =>
      flipped.subarray(j * count, (j + 1) * count).reduce((sum, value) => sum + value, 0),
    )
    gradients.unshift([byWeights, byBias])
    if (l === 0) break
    // All copies of these neurons read the neurons of the layer before.
    const back = products(
      timesColumns(error, multiplicity),
      transposed(weights, rows, columns),
      count,
      columns,
      rows,
      new Float64Array(count * columns),
    )
    const { sums } = at[l - 1]
    error = back.map((value, i) => value * slope(sums[i]))
  }
  return gradients
}
