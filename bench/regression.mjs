// Models that learn one number from rows with weights. Each is fitted to rows { x, y, inputs, weights? } and gives the function of
// rows of x. A row of weight w counts as w rows, in every model.
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { random } from '../demo/random.mjs'
import { momentCount, multiIndices, predictSync, trainNetworkSync } from '../dist/index.js'
import { randomNetwork } from './networks.mjs'
import { boostedTrees } from './trees.mjs'

// In units of the squared error of one row. All sets of rows weigh the same together, so it means the same for all.
const RIDGE = 1
const WAVES = 200
const TREES = 100
const NETWORK = { width: 64, batchSize: 256, batchesPerEpoch: 250, epochs: 20 }
// Rows whose features are held at a time.
const CHUNK = 64

export const MODELS = {
  linear: 'linear',
  quadratic: 'quadratic',
  cubic: 'cubic',
  kernel: 'kernel ridge',
  network: 'network',
  trees: 'boosted trees',
}

/** How many numbers a model learns; undefined for trees, which grow as many leaves as the rows allow. */
export function parametersOf(model, inputs) {
  const polynomials = { linear: 1, quadratic: 2, cubic: 3 }
  if (model in polynomials) return momentCount(inputs, polynomials[model])
  return { kernel: WAVES + 1, network: NETWORK.width * (inputs + 2) + 1 }[model]
}

/**
 * The models, as functions that fit them.
 *
 * @param {object} train all rows, which scale the monomials
 * @param {{ seed: number, effort?: number, threads: number }} options the seed of the kernel's waves, of the network and its
 *   batches; with less `effort` than 1, fewer epochs and trees
 */
export function models(train, { seed, threads, effort = 1 }) {
  return {
    linear: polynomial(train, 1),
    quadratic: polynomial(train, 2),
    cubic: polynomial(train, 3),
    kernel: randomWaves(train.inputs, seed),
    network: (rows) => network(rows, { seed, threads, epochs: Math.ceil(effort * NETWORK.epochs) }),
    trees: (rows) => boostedTrees(rows, { trees: Math.ceil(effort * TREES) }),
  }
}

/** Ridge regression with all monomials of at most this degree, each of mean square 1 over `train`. */
export function polynomial(train, degree) {
  const features = monomials(train.inputs, degree)
  const scales = new Float64Array(features.count)
  const out = new Float64Array(features.count)
  for (let at = 0; at < train.x.length; at += train.inputs) {
    features.fill(out, train.x, at)
    for (let k = 0; k < out.length; k++) scales[k] += out[k] ** 2
  }
  for (let k = 0; k < scales.length; k++) scales[k] = 1 / Math.sqrt(scales[k] / train.y.length || 1)
  const fill = (out, x, at) => {
    features.fill(out, x, at)
    for (let k = 0; k < out.length; k++) out[k] *= scales[k]
  }
  return (rows) => ridge(rows, { count: features.count, fill })
}

/** Each monomial is one of a lower degree times a column. */
function monomials(inputs, degree) {
  const exponents = multiIndices(inputs, degree)
  const count = exponents.length / inputs
  const places = new Map()
  const steps = Array.from({ length: count }, (_, k) => {
    const own = [...exponents.subarray(k * inputs, (k + 1) * inputs)]
    places.set(own.join(), k)
    const column = own.findIndex((power) => power > 0)
    if (column >= 0) own[column]--
    return { column, of: places.get(own.join()) }
  })
  const columns = Int32Array.from(steps, ({ column }) => column)
  const factors = Int32Array.from(steps, ({ of }) => of)
  const fill = (out, x, at) => {
    out[0] = 1
    for (let k = 1; k < count; k++) out[k] = out[factors[k]] * x[at + columns[k]]
  }
  return { count, fill }
}

/**
 * Kernel ridge regression with the kernel exp(-|x - x'|^2 / (2 l^2)), l^2 = inputs / 4, by random Fourier features (Rahimi &
 * Recht). Without them it takes a matrix of rows by rows, which 40,000 rows have no room for.
 */
function randomWaves(inputs, seed) {
  const { normal, uniform } = random(~seed)
  const width = Math.sqrt(inputs) / 2
  const frequencies = Float64Array.from({ length: WAVES * inputs }, () => normal() / width)
  const phases = Float64Array.from({ length: WAVES }, () => 2 * Math.PI * uniform())
  const height = Math.sqrt(2 / WAVES)
  const fill = (out, x, at) => {
    out[WAVES] = 1
    for (let k = 0; k < WAVES; k++) {
      let t = phases[k]
      for (let a = 0; a < inputs; a++) t += frequencies[k * inputs + a] * x[at + a]
      out[k] = height * Math.cos(t)
    }
  }
  return (rows) => ridge(rows, { count: WAVES + 1, fill })
}

/** Weighted least squares with a penalty on the squares of the coefficients, by the normal equations. */
function ridge({ x, y, inputs, weights }, { count, fill }) {
  // A feature that is always 0 makes their number even.
  const width = count + (count % 2)
  const gram = new Float64Array(width * width)
  const right = new Float64Array(width)
  const out = new Float64Array(width)
  const chunk = new Float64Array(width * CHUNK)
  for (let from = 0; from < y.length; from += CHUNK) {
    const length = Math.min(CHUNK, y.length - from)
    for (let r = 0; r < length; r++) {
      const root = Math.sqrt(weights?.[from + r] ?? 1)
      fill(out, x, (from + r) * inputs)
      for (let k = 0; k < count; k++) {
        chunk[k * CHUNK + r] = root * out[k]
        right[k] += root * root * out[k] * y[from + r]
      }
    }
    addProducts(gram, chunk, width, length)
  }
  const matrix = new Matrix(width, width)
  for (let k = 0; k < width; k++) {
    for (let l = 0; l < width; l++)
      matrix.set(k, l, gram[Math.max(k, l) * width + Math.min(k, l)] + (k === l ? RIDGE : 0))
  }
  const coefficients = new CholeskyDecomposition(matrix).solve(Matrix.columnVector(right)).to1DArray()
  return (points) => {
    const values = new Float64Array(points.length / inputs)
    for (let i = 0; i < values.length; i++) {
      fill(out, points, i * inputs)
      for (let k = 0; k < count; k++) values[i] += coefficients[k] * out[k]
    }
    return values
  }
}

/** Adds the products of the features of `length` rows, on and below the diagonal, in blocks of 2 by 2. */
function addProducts(gram, chunk, width, length) {
  for (let k = 0; k < width; k += 2) {
    for (let l = 0; l <= k; l += 2) {
      let [s00, s01, s10, s11] = [0, 0, 0, 0]
      for (let a = k * CHUNK, b = l * CHUNK; a < k * CHUNK + length; a++, b++) {
        const [a0, a1, b0, b1] = [chunk[a], chunk[a + CHUNK], chunk[b], chunk[b + CHUNK]]
        s00 += a0 * b0
        s01 += a0 * b1
        s10 += a1 * b0
        s11 += a1 * b1
      }
      gram[k * width + l] += s00
      gram[k * width + l + 1] += s01
      gram[(k + 1) * width + l] += s10
      gram[(k + 1) * width + l + 1] += s11
    }
  }
}

/** A tanh layer, trained with Adam; as many steps for any number of rows. */
function network(rows, { seed, threads, epochs }) {
  const { width, batchSize, batchesPerEpoch } = NETWORK
  const initial = randomNetwork({ inputs: rows.inputs, width, activation: 'tanh' }, seed)
  const { network: trained } = trainNetworkSync(initial, rows, {
    epochs,
    batchesPerEpoch,
    batchSize: Math.min(batchSize, rows.y.length),
    sampling: 'replacement',
    learningRate: 5e-3,
    schedule: 'cosine',
    precision: 'float32',
    evaluateEvery: epochs,
    seed,
    threads,
  })
  return (points) => predictSync(trained, points, { threads })
}
