// Compression of a hidden layer: few of its neurons, each standing for several.

import { rowsAt } from '../input/arrays.js'
import { checkNetwork, type Network, type NetworkInput } from '../input/network.js'
import {
  type AsyncOptions,
  oneOf,
  optional,
  optionsOf,
  shared,
  type ThreadOptions,
  trueOrFalse,
  withDefault,
} from '../input/options.js'
import { wholeOrderOrAuto } from '../input/order.js'
import { runJob } from '../native/job.js'
import { native } from '../native/native.js'
import type { WithFreeSupport } from '../points/compress.js'
import { type CompressedFreeNetwork, freeNetworkOf, freeNeuronsInput } from './free-neurons.js'
import { neuronRows } from './neuron-rows.js'
import type { Matched, Plan } from './plan.js'
import { planRows } from './plan-rows.js'
import { type Chosen, runPlan, runPlanSync } from './run-plan.js'

/** What compressNetworkSync() may be told. */
export interface CompressNetworkSyncOptions extends ThreadOptions {
  /**
   * The most neurons in the result. Must be given unless `order` is a number; then the default is the least size, one
   * cell.
   */
  size?: number | undefined
  /**
   * The highest degree in a neuron's (hidden, bias) of the moments that are kept, a whole number from 0 to 255. 'auto'
   * (default): the highest order with which two cells fit into the size, of at most 256 moments per cell, and at most order
   * 16. For relu, where more cells help and higher orders do not: order 1 for one input, or two inputs and one output, and at
   * most order 2 for others.
   *
   * Measured, gelu, 4000 neurons to 800, |f - f'| / |y|: order 1 0.09, 2 0.022, 3 0.014, 5 0.008 to 0.014, 7 and 8
   * 0.005. All moments of order 5 of (hidden, bias, output), without regard to the structure, give 0.016 to 0.029.
   * Relu: all orders from 1 on are as near (`npm run bench -- neurons`), but after a long training the network of order 1 is
   * nearer to the original, because its multiplicities are more even (`npm run bench -- fig4`).
   *
   * Where only a smooth function counts, the highest order that fits into one cell keeps it best (`npm run bench -- smooth`).
   */
  order?: number | 'auto' | undefined
  /**
   * Whether the square output_a^2 of each output is matched as well, times every monomial in (hidden, bias). The
   * function does not need the squares, but its training does: its change when hidden and bias are trained is a sum
   * over c_j output_j^2. They cost up to twice the moments, hence fewer cells or a lower order.
   *
   * Default: false. With usual initialisations the outputs are small beside the activations, and so is that sum. In the
   * mean-field scale (outputs of size 1, multiplicities 1/d) it is large. There a training without the squares goes
   * astray at once. With them it stays as close as a random subset does. compress() of the neurons as points (hidden,
   * bias, output) stays closer (`npm run bench -- fig5b`).
   */
  squares?: boolean | undefined
  /**
   * As in compress(). 'best': cells keep a higher order than `order`, as far as size and time allow. 'fast': they do not.
   * Default: 'fast' for relu with support 'rows', else 'best'.
   */
  quality?: 'fast' | 'best' | undefined
  /**
   * 'rows' (default): the neurons of the result are neurons of the original. 'free': they have weights of their own, as
   * points with free support do. See compressNetwork().
   */
  support?: 'rows' | undefined
}

/** What compressNetwork() may be told: the options of compressNetworkSync(), and those of a call that does not block. */
export interface CompressNetworkOptions extends CompressNetworkSyncOptions, AsyncOptions {}

/** A network of some of the original's neurons. */
export interface CompressedNetwork extends Network {
  /** width: how many neurons of the original each neuron stands for, all positive. Their sum is that of the original. */
  multiplicity: Float64Array
  /** Which neurons of the original these are, ascending. selectNeurons() selects their part of an optimiser's state. */
  indices: Uint32Array
  /** The order in (hidden, bias), the factors ('linear': 1 and each output; see Matched), and the number of moments. */
  matched: Matched
  /** How many cells the neurons were cut into. */
  cells: number
  /** As in compress(), over all moments matched; for relu the moments of the neurons scaled to length 1. */
  residual: number
  /** As that of compress(). */
  cellsKeepingLess: number
  /** Milliseconds. */
  elapsed: {
    /** Cutting the neurons into cells. */
    partition: number
    /** Choosing neurons and multiplicities in all cells. */
    recombine: number
    /** The whole call. */
    total: number
  }
}

const { read, readSync } = optionsOf('compressNetwork', {
  size: shared.size,
  squares: withDefault(trueOrFalse, () => false),
  order: withDefault(wholeOrderOrAuto, () => 'auto' as const),
  quality: optional(oneOf('fast', 'best')),
  support: shared.support,
  threads: shared.threads,
})
type Values = ReturnType<typeof readSync>

/**
 * The highest order of 'auto' for activations with a kink. Higher orders do not help there, but more cells do: so order 1,
 * unless there are so many inputs and outputs that cells of order 1 are large as well (`npm run bench -- neurons`).
 */
function mostOrderOfKinks({ inputs, outputs }: Network): number {
  return inputs === 1 || (inputs === 2 && outputs === 1) ? 1 : 2
}

/**
 * Prunes a hidden layer: keeps at most `size` of its neurons and gives each a multiplicity, so that the function stays
 * nearly the same. Its training stays nearly the same, too, when the gradient of each neuron's parameters is divided by
 * the multiplicity before the optimiser gets it, which makes it the gradient of one copy. trainNetwork() does so.
 *
 * f(x) = outputBias + sum_j multiplicity_j output_j s(hidden_j . x + bias_j) is linear in output_j in R^q. So the moments
 * {1, output_1 .. output_q} (x) P_k(hidden, bias) are matched, and cells are cut along (hidden, bias). With
 * N = momentCount(inputs + 1, k) there are (1 + q) N moments, with squares (1 + 2 q) N.
 *
 * A relu neuron stays the same function when (hidden_j, bias_j) is divided by its length and output_j multiplied by it. Relu
 * neurons are compressed in that form, which halves the error. The neurons in the result are as they were, and outputBias is
 * not touched.
 *
 * The multiplicities of the given network are the weights of its neurons, so a network can be compressed again. It can also
 * be compressed in the middle of a training: selectNeurons() selects the rows `indices` of the optimiser's state.
 *
 * Cells are cut in units of each column's standard deviation, so the units of the inputs do not matter. Measured (gelu,
 * tanh, relu, before and after training), the error is 0.9 to 1.0 times that with raw coordinates, and 0.6 to 1.1 times
 * where inputs are in units of a tenth.
 *
 * A layer of a deeper network is compressed as a network of its own: `inputs` is the width of the layer before, `hidden` and
 * `bias` are the layer's weights and biases, `output` is the transpose of the next layer's weights (width x outputs,
 * row-major), `outputBias` the next layer's biases. Then foldMultiplicity() absorbs the multiplicities into the next layer,
 * or they are kept for training. Several layers are compressed one after another.
 *
 * Results to expect: |f - f'| / |f| before any training, 4000 neurons to 800, weights uniform on [-1, 1], medians of 5
 * seeds (`npm run bench -- neurons`). A random subset weighted with d / d' has 1.5 to 2.7 throughout.
 *
 * | inputs (one output) | 1 | 2 | 4 | 6 | 10 | 30 | 100 |
 * |---|---|---|---|---|---|---|---|
 * | tanh | 4e-7 | 0.004 | 0.08 | 0.3 | 0.7 | 1.2 | 1.4 |
 * | relu | 0.0008 | 0.03 | 0.2 | 0.4 | 0.4 | 1.3 | 1.2 |
 *
 * Two inputs, tanh: 4 outputs 0.02, 16 outputs 0.12; one input, relu: 4 outputs 0.004, 64 outputs 0.12. So it is for few
 * inputs or few outputs: the moments grow like inputs^k and with every output. Where `size` holds only order 1 or less,
 * hardly anything is gained.
 * In training, smooth activations keep their advantage over the random subset. With relu it shrinks as training goes
 * on.
 *
 * Cost: time about linear in the width, for a given number of moments.
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below both the moments and the width), ERR_NOT_FINITE
 * (names the array), ERR_WEIGHT, ERR_INFEASIBLE, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 *
 * Source: arXiv:2510.00504, with moments linear in the outgoing weights in place of all moments.
 *
 * @param network its arrays are Float64Array or Float32Array
 */
export function compressNetwork(network: NetworkInput, options: CompressNetworkOptions): Promise<CompressedNetwork>
/**
 * The same with neurons that have weights of their own (free support): free points of (hidden, bias, output), with all
 * moments up to `order` of these columns together. There are inputs + 1 + outputs columns, and the orders are those of compress()
 * with free support. With more than eight columns, or where none are found, neurons of the original are kept, and `whyRows`
 * says why. The result is a network like any other, and trains like any other. An
 * optimiser's state of the original has no part for its neurons. `squares` means nothing, because they are among the
 * moments.
 *
 * Measured, 4000 gelu neurons to 800: half as far from the original's function on the path of a training as with support
 * 'rows' (0.0013 to 0.0023 in place of 0.003 to 0.006), and compressed after it 0.004 in place of 0.0065; 10,000 to 100 end at
 * 1.5 times the original's loss in place of 5 times. With relu they are as far, and farther when compressed after the
 * training (`npm run bench -- smooth` and `widths`).
 */
export function compressNetwork(
  network: NetworkInput,
  options: WithFreeSupport<CompressNetworkOptions>,
): Promise<CompressedFreeNetwork>
export function compressNetwork(
  network: NetworkInput,
  options: CompressNetworkOptions | WithFreeSupport<CompressNetworkOptions>,
): Promise<CompressedNetwork | CompressedFreeNetwork>
export async function compressNetwork(
  network: NetworkInput,
  options: CompressNetworkOptions | WithFreeSupport<CompressNetworkOptions>,
): Promise<CompressedNetwork | CompressedFreeNetwork> {
  const start = performance.now()
  const values = read(options)
  const given = checkNetwork(network, 'compressNetwork: network')
  if (values.support === 'free') {
    const input = freeNeuronsInput('compressNetwork', given, values)
    const output = await runJob((progress) => native().compress(input, progress), values)
    return freeNetworkOf(given, input, output, values.order, start)
  }
  const plan = planOf('compressNetwork', given, values)
  return toNetwork(given, plan, await runPlan(plan, values), start)
}

/** As compressNetwork(), but blocks until the end and throws the errors with which it rejects. The same bits. */
export function compressNetworkSync(network: NetworkInput, options: CompressNetworkSyncOptions): CompressedNetwork
/** As compressNetwork() with free support, but blocks until the end. */
export function compressNetworkSync(
  network: NetworkInput,
  options: WithFreeSupport<CompressNetworkSyncOptions>,
): CompressedFreeNetwork
export function compressNetworkSync(
  network: NetworkInput,
  options: CompressNetworkSyncOptions | WithFreeSupport<CompressNetworkSyncOptions>,
): CompressedNetwork | CompressedFreeNetwork
export function compressNetworkSync(
  network: NetworkInput,
  options: CompressNetworkSyncOptions | WithFreeSupport<CompressNetworkSyncOptions>,
): CompressedNetwork | CompressedFreeNetwork {
  const start = performance.now()
  const values = readSync(options)
  const given = checkNetwork(network, 'compressNetworkSync: network')
  if (values.support === 'free') {
    const input = freeNeuronsInput('compressNetworkSync', given, values)
    return freeNetworkOf(given, input, native().compressSync(input), values.order, start)
  }
  const plan = planOf('compressNetworkSync', given, values)
  return toNetwork(given, plan, runPlanSync(plan), start)
}

function planOf(caller: string, given: Network, options: Values): Plan {
  const { inputs, width, outputs, multiplicity } = given
  const columns = inputs + 1 + outputs
  const hasKinks = given.activation === 'relu'
  const data = neuronRows(given)
  for (let j = 0; hasKinks && j < width; j++) toUnitLength(data.subarray(j * columns, (j + 1) * columns), inputs + 1)
  const rows = { data, count: width, polynomial: inputs + 1, linear: outputs, weights: multiplicity }
  return planRows(caller, rows, {
    order: options.order,
    maxOrder: hasKinks ? mostOrderOfKinks(given) : undefined,
    size: options.size,
    squares: options.squares,
    best: (options.quality ?? (hasKinks ? 'fast' : 'best')) === 'best',
    threads: options.threads,
    scale: 'standard',
  })
}

/**
 * Scales a relu neuron so that (hidden, bias), its first `size` numbers, have length 1. The function stays the same, because
 * output relu(hidden . x + bias) is homogeneous in them. There is one dimension less to compress, and no moments are spent
 * on the length.
 */
function toUnitLength(row: Float64Array, size: number): void {
  // No Math.hypot(): neurons that are multiples of each other by a power of two must get the same bits.
  const incoming = row.subarray(0, size)
  const largest = incoming.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (largest === 0) return void row.fill(0) // it adds nothing, whatever its output
  const length = largest * Math.sqrt(incoming.reduce((sum, value) => sum + (value / largest) ** 2, 0))
  for (let a = 0; a < row.length; a++) row[a] = a < size ? row[a] / length : row[a] * length
}

function toNetwork(given: Network, { matched }: Plan, chosen: Chosen, start: number): CompressedNetwork {
  const { inputs, outputs, activation, outputBias } = given
  const { indices, weights, cells, residual, cellsKeepingLess, partition, recombine } = chosen
  const width = indices.length
  return {
    inputs,
    width,
    outputs,
    activation,
    hidden: rowsAt(given.hidden, indices, inputs),
    bias: rowsAt(given.bias, indices, 1),
    output: rowsAt(given.output, indices, outputs),
    outputBias,
    multiplicity: weights,
    indices,
    matched,
    cells,
    residual,
    cellsKeepingLess,
    elapsed: { partition, recombine, total: performance.now() - start },
  }
}
