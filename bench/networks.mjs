// Shared by the experiments with training: seeded networks and rows, the subsets that compression is compared with, and
// the training of several variants side by side.
import { random } from '../demo/random.mjs'
import { compressNetworkSync, compressSync, predictSync, trainNetworkSync } from '../dist/index.js'
import { mapped, uniformPoints } from './measure.mjs'
import { cellMeans, clusterCentroids, randomSubset } from './subsets.mjs'

/** The seeds of the parts of a trial. A part stays the same when another one is drawn in another way. */
export function seedsOf(seed, trial) {
  const first = 1e6 * seed + 100 * trial
  const parts = ['target', 'rows', 'network', 'test', 'probe', 'subset', 'batches', 'otherRows', 'otherBatches']
  return Object.fromEntries(parts.map((part, i) => [part, first + i]))
}

/**
 * A network whose parameters are uniform on [-range, range]. Default ranges: those of PyTorch's Linear, 1/sqrt(fan-in).
 *
 * @param {{ inputs?: number, width: number, outputs?: number, activation: string,
 *   ranges?: { hidden?: number, bias?: number, output?: number, outputBias?: number } }} shape
 * @param {number} seed
 */
export function randomNetwork({ inputs = 2, width, outputs = 1, activation, ranges = {} }, seed) {
  const { uniform } = random(seed)
  const first = 1 / Math.sqrt(inputs)
  const second = 1 / Math.sqrt(width)
  const { hidden = first, bias = first, output = second, outputBias = second } = ranges
  const draw = (length, range) => Float64Array.from({ length }, () => range * (2 * uniform() - 1))
  return {
    inputs,
    width,
    outputs,
    activation,
    hidden: draw(width * inputs, hidden),
    bias: draw(width, bias),
    output: draw(width * outputs, output),
    outputBias: draw(outputs, outputBias),
  }
}

const ACTIVATIONS = { relu: (t) => (t > 0 ? t : 0), tanh: Math.tanh }

/** The function of a relu or tanh network with one output, at the point that begins at `points[at]`. */
export function functionOf({ inputs, width, activation, hidden, bias, output, outputBias }) {
  const s = ACTIVATIONS[activation]
  return (points, at) => {
    let sum = outputBias[0]
    for (let j = 0; j < width; j++) {
      let t = bias[j]
      for (let a = 0; a < inputs; a++) t += hidden[j * inputs + a] * points[at + a]
      sum += output[j] * s(t)
    }
    return sum
  }
}

/** The teacher of figures 3 and 5a: 50 neurons, all parameters uniform on [-1, 1]. */
function teacher(seed, activation = 'relu') {
  const ranges = { hidden: 1, bias: 1, output: 1, outputBias: 1 }
  return functionOf(randomNetwork({ width: 50, activation, ranges }, seed))
}

const STUDENT = 50
const NOISE_OF_TEACHER = 3

/**
 * The task of figures 3 and 5a. A teacher gives `rows` rows with noise, and `test` rows without. The student has 50 neurons,
 * the authors' number. `draw` draws other rows.
 */
export function studentTask(seed, trial, { rows, test, activation = 'relu' }) {
  const seeds = seedsOf(seed, trial)
  const target = teacher(seeds.target, activation)
  return {
    seeds,
    draw: (count, seed) => drawRows(target, count, seed, NOISE_OF_TEACHER),
    data: drawRows(target, rows, seeds.rows, NOISE_OF_TEACHER),
    network: randomNetwork({ width: STUDENT, activation }, seeds.network),
    ...rowsWithoutNoise(target, test, seeds),
  }
}

/** One target per activation of the network that learns it. */
const RIPPLES = {
  gelu: { target: [2, 4], noise: 0.1, ranges: { hidden: 1.5, bias: 1.5 } },
  relu: { target: [6, 20], noise: 0.2, ranges: {} },
}

/** The task of figures 4 and 5b: `rows` rows of ripples with noise, `tests` rows without, and a network. */
export function rippleTask(seed, trial, { activation, width, rows, tests }) {
  const seeds = seedsOf(seed, trial)
  const { target, noise, ranges } = RIPPLES[activation]
  const f = ripples(...target)
  return {
    seeds,
    data: drawRows(f, rows, seeds.rows, noise),
    ...rowsWithoutNoise(f, tests, seeds),
    original: randomNetwork({ width, activation, ranges }, seeds.network),
  }
}

/** J_n(steepness r) cos(n theta), r and theta the polar coordinates of a point in the plane. */
export function ripples(n, steepness) {
  return (points, at) => {
    const [x, y] = [points[at], points[at + 1]]
    return besselJ(n, steepness * Math.hypot(x, y)) * Math.cos(n * Math.atan2(y, x))
  }
}

/**
 * J_n(x) = (1/pi) int_0^pi cos(n t - x sin t) dt for whole n and x >= 0, by the trapezoidal rule for a periodic
 * function. With N intervals its error is about J_(2N - n)(x), which is below rounding for the N used here.
 */
export function besselJ(n, x) {
  const intervals = Math.ceil((2 * n + x + 20 + 10 * Math.cbrt(x)) / 2)
  let sum = (1 + Math.cos(n * Math.PI)) / 2
  for (let i = 1; i < intervals; i++) {
    const t = (Math.PI * i) / intervals
    sum += Math.cos(n * t - x * Math.sin(t))
  }
  return sum / intervals
}

/** Rows (x, target(x) + noise times a normal number), x uniform on [-1, 1]^2. */
export function drawRows(target, count, seed, noise = 0) {
  const x = uniformPoints(count, 2, seed)
  const { normal } = random(~seed)
  const y = Float64Array.from({ length: count }, (_, i) => target(x, 2 * i) + (noise > 0 ? noise * normal() : 0))
  return { x, y, inputs: 2, outputs: 1 }
}

const PROBES = 2048

/** Rows without noise: `test` rows for the loss, `count` of them, and fixed ones for the distance of functions. */
export function rowsWithoutNoise(target, count, seeds) {
  return { test: drawRows(target, count, seeds.test), probe: drawRows(target, PROBES, seeds.probe) }
}

/** The paper's subset: the first rows as they are. The rows are in random order, so this is a random subset. */
export function firstRows({ x, y, inputs, outputs }, size) {
  return { x: x.slice(0, size * inputs), y: y.slice(0, size * outputs), inputs, outputs }
}

/** A random subset whose weights add up to the number of rows. */
export function randomRows(data, size, seed) {
  const { points, weights } = randomSubset(joined(data), data.inputs + data.outputs, size, seed)
  return { ...parted(points, data), weights }
}

/** Rows that are not rows of the data: the means of x and y over `size` cells of equal counts, cut along x. */
export function meanRows(data, size) {
  const { points, weights } = cellMeans(joined(data), data.inputs + data.outputs, size, data.inputs)
  return { ...parted(points, data), weights }
}

/** Rows that are not rows of the data: the centroids of `size` clusters of x and y together. */
export function clusterRows(data, size, seed) {
  const { points, weights } = clusterCentroids(joined(data), data.inputs + data.outputs, size, seed)
  return { ...parted(points, data), weights }
}

/** Each row of x, followed by its row of y. */
function joined({ x, y, inputs, outputs }) {
  const dimension = inputs + outputs
  return Float64Array.from({ length: x.length + y.length }, (_, i) => {
    const [row, column] = [Math.floor(i / dimension), i % dimension]
    return column < inputs ? x[row * inputs + column] : y[row * outputs + column - inputs]
  })
}

function parted(points, { inputs, outputs }) {
  const dimension = inputs + outputs
  return {
    x: points.filter((_, i) => i % dimension < inputs),
    y: points.filter((_, i) => i % dimension >= inputs),
    inputs,
    outputs,
  }
}

/** The paper's subnetwork: the first neurons as they are, each with multiplicity 1. */
export function firstNeurons(network, size) {
  return neurons(
    network,
    Uint32Array.from({ length: size }, (_, j) => j),
  )
}

/**
 * A random subset, each neuron with multiplicity width / size. This is the fair comparison: its function has the right
 * mean, and it trains alike.
 */
export function randomNeurons(network, size, seed) {
  const all = Float64Array.from({ length: network.width }, (_, j) => j)
  const { points, weights } = randomSubset(all, 1, size, seed)
  return { ...neurons(network, Uint32Array.from(points)), multiplicity: weights }
}

/**
 * A network, compressions of it, and the networks to compare these with. NAMES of trajectories.mjs says which they are. `orders`:
 * the options of further compressions, by name.
 */
export function rivalsOf(original, { size, threads, seeds, orders }) {
  return {
    original,
    compressed: compressNetworkSync(original, { size, threads }),
    ...mapped(orders, (options) => compressNetworkSync(original, { size, threads, ...options })),
    subset: randomNeurons(original, size, seeds.subset),
    naive: firstNeurons(original, size),
  }
}

/**
 * The paper's compression: a neuron is the point (hidden, bias, output), and the moments of all of these together are
 * kept, by compress(). compressNetwork() keeps the moments that are linear in the output, to a higher order in the
 * rest.
 */
export function compressedNeurons(network, options) {
  const { inputs, width, outputs, hidden, bias, output } = network
  const dimension = inputs + 1 + outputs
  const points = new Float64Array(width * dimension)
  for (let j = 0; j < width; j++) {
    points.set(hidden.subarray(j * inputs, (j + 1) * inputs), j * dimension)
    points[j * dimension + inputs] = bias[j]
    points.set(output.subarray(j * outputs, (j + 1) * outputs), j * dimension + inputs + 1)
  }
  const { indices, weights, order } = compressSync(points, { dimension, ...options })
  return { ...neurons(network, indices), multiplicity: weights, matched: { order } }
}

/** The neurons `indices` of a network without multiplicities. Like compressNetwork(), this returns `indices` as well. */
function neurons(network, indices) {
  const { inputs, outputs, hidden, bias, output } = network
  const rows = (values, columns) =>
    Float64Array.from(
      { length: indices.length * columns },
      (_, i) => values[indices[Math.floor(i / columns)] * columns + (i % columns)],
    )
  return {
    ...network,
    indices,
    width: indices.length,
    hidden: rows(hidden, inputs),
    bias: rows(bias, 1),
    output: rows(output, outputs),
  }
}

/** |a - b| / |y|: the distance of two functions from each other, at points where they have the values a and b. */
export function fDistance(a, b, y) {
  let difference = 0
  let size = 0
  for (let i = 0; i < y.length; i++) {
    difference += (a[i] - b[i]) ** 2
    size += y[i] ** 2
  }
  return Math.sqrt(difference / size)
}

/** The options of every training, as in the paper: float32, and a rate that goes to zero. */
export const TRAINING = { schedule: 'cosine', precision: 'float32' }

/**
 * Trains variants of a network or its data in the same way. The others are compared with the first one.
 *
 * @param {Record<string, { network?: object, data?: object, options?: object }>} variants with options of its own where one has
 *   any; one that has other `epochs` needs an `evaluateEvery` that makes the number of evaluations the same
 * @param {object} options of trainNetwork beside TRAINING, the same for all
 * @param {{ network?: object, data?: object, test: object, probe?: object }} task `network` and `data` of the variants without
 *   their own; rows free of noise: `test` for the loss, and `probe`, or else these, for the distance from the first variant's
 *   function at the same time of the training
 * @param {(part: number) => void} progress
 * @returns per variant { epochs, trainLoss, testLoss, distance }, arrays with one number per evaluated epoch (of the
 *   epochs of `options`, also when a variant has more), the trained `network`, and the `seconds` of the training
 */
export function trainVariants(variants, options, { test, probe = test, ...common }, progress = () => {}) {
  const reference = []
  const list = Object.values(variants).map((one) => ({ ...common, ...one, options: { ...options, ...one.options } }))
  // The time of a training is about proportional to the products of neurons and rows.
  const costs = list.map(({ network, data, options }) => network.width * data.y.length * options.epochs)
  const before = costs.map((_, i) => sum(costs.slice(0, i)))
  const trained = list.map(({ network, data, options: own }, i) => {
    const { epochs } = own
    const distance = []
    const onEpoch = ({ epoch, testLoss, network: now }) => {
      // A network that has diverged has no function.
      const values = Number.isFinite(testLoss) ? predictSync(now, probe.x, { threads: options.threads }) : undefined
      if (i === 0) reference.push(values)
      const first = reference[distance.length]
      distance.push(values && first ? fDistance(values, first, probe.y) : Number.NaN)
      progress((before[i] + (costs[i] * epoch) / epochs) / sum(costs))
    }
    const history = trainNetworkSync(network, data, {
      ...TRAINING,
      ...own,
      test: { x: test.x, y: test.y },
      onEpoch,
    })
    return {
      epochs: Array.from(history.epochs, (epoch) => (epoch * options.epochs) / epochs),
      trainLoss: [...history.trainLoss],
      testLoss: [...history.testLoss],
      distance,
      network: history.network,
      seconds: history.elapsed / 1000,
    }
  })
  return Object.fromEntries(Object.keys(variants).map((name, i) => [name, trained[i]]))
}

const sum = (values) => values.reduce((total, value) => total + value, 0)

/** The part of curves that a record keeps: at most `most` epochs, which are closer together at the beginning. */
function thinned({ epochs, testLoss, distance }, most = 60) {
  const last = epochs.length - 1
  const places = Array.from({ length: most }, (_, i) => Math.round(last * (i / (most - 1)) ** 2))
  const kept = [...new Set(places)]
  const at = (values) => kept.map((place) => values[place])
  return { epochs: at(epochs), testLoss: at(testLoss), distance: at(distance) }
}

/** The record of trained variants. `sets` has the rows of each. */
export function keptOf(trained, sets) {
  return mapped(trained, (curves, name) => ({
    kept: sets[name].y.length,
    ...summary(curves, trained.original),
    curves: thinned(curves),
  }))
}

/** Lines of a CSV file, one for each variant, trial and epoch of such records. All begin with `head`. */
export function curveLines(head, runs) {
  return runs.flatMap((run, trial) =>
    Object.entries(run).flatMap(([variant, { curves }]) =>
      curves.epochs.map((epoch, i) => ({
        ...{ ...head, variant, trial, epoch },
        test_loss: curves.testLoss[i],
        distance: curves.distance[i],
      })),
    ),
  )
}

/** A summary of one variant's curves: loss and distance at the end, and the largest distance from the original. */
function summary({ testLoss, distance }, original) {
  return {
    loss: testLoss.at(-1),
    distance: distance.at(-1),
    farthest: Math.max(...distance),
    deviation: Math.max(...testLoss.map((loss, i) => Math.abs(loss / original.testLoss[i] - 1))),
  }
}
