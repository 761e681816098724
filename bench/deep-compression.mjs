// Ways to compress one hidden layer of a deep network (bench/deep.mjs): which of its neurons stay, and how many each stands for.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { random } from '../demo/random.mjs'
import { compressNetworkSync, momentCount, recombineSync } from '../dist/index.js'
import { layersAt } from './deep.mjs'
import { randomSubset } from './subsets.mjs'

/** The network without the other neurons of layer `l`. */
export function withNeurons(network, l, { indices, multiplicity }) {
  const layers = [...network.layers]
  const { columns, weights, bias } = layers[l]
  layers[l] = {
    rows: indices.length,
    columns,
    weights: Float64Array.from(
      { length: indices.length * columns },
      (_, i) => weights[indices[Math.floor(i / columns)] * columns + (i % columns)],
    ),
    bias: Float64Array.from(indices, (j) => bias[j]),
    multiplicity,
  }
  const next = layers[l + 1]
  layers[l + 1] = {
    ...next,
    columns: indices.length,
    weights: Float64Array.from(
      { length: next.rows * indices.length },
      (_, i) => next.weights[Math.floor(i / indices.length) * next.columns + indices[i % indices.length]],
    ),
  }
  return { ...network, layers }
}

/**
 * What the ways need to know of layer `l`: the activations that come in and go out at sample points, measured, and two Gram
 * matrices' leading directions, which are computed when they are first asked for.
 */
export function surveyOf(network, l, points) {
  const count = points.length / network.inputs
  const at = layersAt(network, points, count)
  const { rows, columns, weights, bias } = network.layers[l]
  const next = network.layers[l + 1]
  const survey = {
    inputs: l === 0 ? network.inputs : undefined,
    activation: network.activation,
    incoming: new Matrix(toRows(weights, rows, columns)),
    bias,
    outgoing: new Matrix(toRows(next.weights, next.rows, next.columns)),
    input: new Matrix(toRows(at[l].input, count, columns)),
    values: new Matrix(toRows(at[l].values, count, rows)),
  }
  const cache = new Map()
  survey.once = (name, make) => {
    if (!cache.has(name)) cache.set(name, make())
    return cache.get(name)
  }
  return survey
}

function toRows(values, rows, columns) {
  return Array.from({ length: rows }, (_, i) => Array.from(values.subarray(i * columns, (i + 1) * columns)))
}

/** Eigenvalues from the largest, and the eigenvectors as columns. */
function leading(symmetric) {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true })
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a])
  return {
    values: order.map((i) => Math.max(realEigenvalues[i], 0)),
    vectors: eigenvectorMatrix.subMatrixColumn(order),
  }
}

/** The share of the sum of `values` that the first `count` lack. */
function lost(values, count) {
  const sum = (list) => list.reduce((total, value) => total + value, 0)
  return sum(values.slice(count)) / sum(values)
}

/**
 * The sums that the next layer reads are sum_j W_ij a_j(x), for each of its neurons i and each point x. Keeps their leading
 * directions, as many as neurons may stay: those of the matrix over pairs (i, x), whose Gram matrix is the product, entry by
 * entry, of those of W and of a. The neurons and their multiplicities are found by recombine().
 */
function measured(survey, size, { threads }) {
  const { values, vectors } = survey.once('sums', () =>
    leading(gramOf(survey.outgoing).mul(gramOf(survey.values)).div(survey.values.rows)),
  )
  const rows = vectors.rows
  const features = Float64Array.from(
    { length: rows * size },
    (_, i) => vectors.get(Math.floor(i / size), i % size) * Math.sqrt(values[i % size]),
  )
  const { indices, weights } = recombineSync(features, { width: size, threads })
  return { indices, multiplicity: weights, lost: lost(values, size) }
}

const gramOf = (matrix) => matrix.transpose().mmul(matrix)

// Of the activations that come into a later layer. More of them leave no room for a second order.
const DIRECTIONS = 3

/**
 * compressNetwork() of the neurons as (incoming weights, bias | outgoing weights), both sides in their leading directions: of the
 * first layer the incoming weights as they are, of a later one their components along the principal axes of what comes in; the
 * outgoing weights along as many axes as there is room for.
 */
function moments(survey, size, { threads }) {
  const { hidden, bias, lost: lostBefore } = survey.once('incoming', () => incomingOf(survey))
  const inputs = hidden.columns
  const { values, vectors } = survey.once('outgoing', () => leading(scaledOutgoing(survey)))
  const room = (order) => Math.floor(size / momentCount(inputs + 1, order)) - 1
  const order = [2, 1, 0].find((one) => room(one) >= 1)
  const outputs = Math.min(room(order), values.length)
  const output = survey.outgoing.transpose().mmul(vectors.subMatrix(0, vectors.rows - 1, 0, outputs - 1))
  const { indices, multiplicity } = compressNetworkSync(
    {
      inputs,
      width: hidden.rows,
      outputs,
      activation: survey.activation,
      hidden: Float64Array.from(hidden.to1DArray()),
      bias,
      output: Float64Array.from(output.to1DArray()),
      outputBias: new Float64Array(outputs),
    },
    // Where all outgoing weights are kept there may be room for a higher order.
    { size, threads, order: outputs < values.length ? order : 'auto' },
  )
  return { indices, multiplicity, inputs, outputs, lostBefore, lostAfter: lost(values, outputs) }
}

function incomingOf({ inputs, incoming, bias, input }) {
  if (inputs !== undefined) return { hidden: incoming, bias, lost: 0 }
  const means = input.mean('column')
  const { values, vectors } = leading(gramOf(input.clone().subRowVector(means)).div(input.rows))
  const axes = vectors.subMatrix(0, vectors.rows - 1, 0, DIRECTIONS - 1)
  const hidden = incoming.mmul(axes).mulRowVector(values.slice(0, DIRECTIONS).map(Math.sqrt))
  const shift = incoming.mmul(Matrix.columnVector(means))
  return { hidden, bias: bias.map((value, j) => value + shift.get(j, 0)), lost: lost(values, DIRECTIONS) }
}

/** The Gram matrix of the outgoing weights' rows, each neuron counted by the mean square of its activation. */
function scaledOutgoing({ outgoing, values }) {
  const squares = Matrix.mul(values, values).mean('column').map(Math.sqrt)
  const scaled = outgoing.clone().mulRowVector(squares)
  return scaled.mmul(scaled.transpose())
}

/** compressNetwork() of the layer as it is, a network of its own: the activations that come in are its inputs. */
export function whole({ activation, incoming, bias, outgoing }, size, { threads }) {
  const { indices, multiplicity, matched } = compressNetworkSync(
    {
      inputs: incoming.columns,
      width: incoming.rows,
      outputs: outgoing.rows,
      activation,
      hidden: Float64Array.from(incoming.to1DArray()),
      bias,
      output: Float64Array.from(outgoing.transpose().to1DArray()),
      outputBias: new Float64Array(outgoing.rows),
    },
    { size, threads },
  )
  return { indices, multiplicity, order: matched.order }
}

/** Random neurons that stand for as many each. */
export function fair({ incoming }, size, { seed }) {
  const { points, weights } = randomSubset(
    Float64Array.from({ length: incoming.rows }, (_, j) => j),
    1,
    size,
    seed,
  )
  return { indices: Uint32Array.from(points), multiplicity: weights }
}

/** The neurons with the largest product of the norms of incoming and outgoing weights, as they are. */
export function pruned({ incoming, outgoing }, size) {
  const norm = (values) => Math.hypot(...values)
  const importance = Array.from(
    { length: incoming.rows },
    (_, j) => norm(incoming.getRow(j)) * norm(outgoing.getColumn(j)),
  )
  const order = importance.map((_, j) => j).sort((a, b) => importance[b] - importance[a])
  return { indices: Uint32Array.from(order.slice(0, size)), multiplicity: new Float64Array(size).fill(1) }
}

export const WAYS = { measured, moments, fair, pruned }

/** A sum of waves in random directions, about `frequency` radians across a unit; and points of [-1, 1]^inputs with its values. */
export function waves(inputs, frequency, seed) {
  const { uniform, normal } = random(seed)
  const list = Array.from({ length: 6 }, () => ({
    direction: Array.from({ length: inputs }, () => (normal() * frequency) / Math.sqrt(inputs)),
    phase: 2 * Math.PI * uniform(),
    height: normal(),
  }))
  const value = (x, at) =>
    list.reduce(
      (sum, { direction, phase, height }) =>
        sum + height * Math.sin(direction.reduce((t, one, a) => t + one * x[at + a], phase)),
      0,
    )
  return (count) => {
    const x = Float64Array.from({ length: count * inputs }, () => 2 * uniform() - 1)
    return { x, y: Float64Array.from({ length: count }, (_, i) => value(x, i * inputs)) }
  }
}
