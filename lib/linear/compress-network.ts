// Many neurons of a hidden layer replaced by a few of them, each standing for several.

import { checkNetwork, type Network, type NetworkInput } from '../input/network.js'
import {
  type AsyncOptions,
  type OptionValues,
  oneOf,
  onlyAsync,
  optional,
  readOptions,
  shared,
  type ThreadOptions,
  trueOrFalse,
  withDefault,
} from '../input/options.js'
import { wholeOrderOrAuto } from '../input/order.js'
import { float64s } from '../native/memory.js'
import type { Matched, Plan } from './plan.js'
import { planRows } from './plan-rows.js'
import { type Chosen, runPlan, runPlanSync } from './run-plan.js'

export interface CompressNetworkSyncOptions extends ThreadOptions {
  /** The most neurons in the result. Must be given unless `order` is a number; then the default is the least, one cell. */
  size?: number | undefined
  /**
   * The highest degree in a neuron's (hidden, bias) of the moments that are kept. 'auto' (default): for smooth
   * activations the highest for which two cells fit into the size, at most 256 moments a cell and degree 16; for relu
   * at most 2, because behind a kink higher degrees buy nothing, and more cells do. Measured, |f - f'| / |y| of 4000
   * gelu neurons made 800: degree 1 0.09, 2 0.022, 3 0.014, 5 0.008 to 0.014, 7 and 8 0.005; all moments of degree 5 of
   * (hidden, bias, output), without regard to the structure: 0.016 to 0.029. Relu, |f - f'| / |f|: degree 1 0.05, 2
   * 0.04, 3 0.05, 5 0.06. A relu network that is to be trained for long ends nearer with degree 1, whose multiplicities
   * are more even: AdamW over 3000 epochs, 10,000 neurons made 1000, ends at 1.2 times the original's loss, with degree
   * 2 at 1.3 to 1.4 (`npm run bench -- fig4`). Where nothing but the function counts, and it is smooth, the highest
   * degree that fits into one cell keeps it best (`npm run bench -- smooth`).
   */
  order?: number | 'auto' | undefined
  /**
   * Whether the squares of the outputs are matched as well, output_a^2 of each times all that is matched of (hidden,
   * bias). The function does not need them, its training does: how it moves when hidden and bias are trained is a sum
   * over c_j output_j^2. Default false: where outputs are small beside the activations, as usual initialisations have
   * them, that part is small. In the mean-field scale (outputs of order 1, multiplicities 1/d) it is large: without
   * the squares a training goes astray at once, with them it keeps as close as a random subset does, and what keeps
   * closer is compress() of the neurons as points (hidden, bias, output) (`npm run bench -- fig5b`). Costs up to twice
   * the moments, hence fewer cells or a lower degree.
   */
  squares?: boolean | undefined
  /**
   * 'best': cells keep a higher degree than `order`, as far as size and time allow. 'fast': they do not. Default:
   * 'best', but 'fast' for relu.
   */
  quality?: 'fast' | 'best' | undefined
}

export interface CompressNetworkOptions extends CompressNetworkSyncOptions, AsyncOptions {}

/** A network of fewer neurons, all of them of the original one. */
export interface CompressedNetwork extends Network {
  /** width: how many neurons of the original each one stands for. The sum is what it was. */
  multiplicity: Float64Array
  /** Which neurons these are, ascending: for keepNeurons(), to take along what an optimiser remembers of each. */
  indices: Uint32Array
  /** The degree, what it was multiplied with ('linear': 1 and each output; see Matched), and the number of moments. */
  matched: Matched
  /** How many cells the neurons were cut into. */
  cells: number
  /** As that of compress(), over all moments matched; for relu those of the neurons of length 1. */
  residual: number
  /** Milliseconds. */
  elapsed: { partition: number; recombine: number; total: number }
}

const table = {
  size: shared.size,
  squares: withDefault(trueOrFalse, () => false),
  order: withDefault(wholeOrderOrAuto, () => 'auto' as const),
  quality: optional(oneOf('fast', 'best')),
  threads: shared.threads,
}
const asyncTable = { ...table, signal: shared.signal, onProgress: shared.onProgress }

const MAX_ORDER_OF_KINKS = 2

/**
 * Keeps at most `size` neurons of a network's hidden layer and gives them multiplicities, so that the function stays
 * nearly the same, and its training, too, when the gradient of each neuron's parameters is divided by its multiplicity
 * before the optimiser sees it: that is the gradient of one copy. trainNetwork() does so.
 *
 * f(x) = outputBias + sum_j multiplicity_j output_j s(hidden_j . x + bias_j) is linear in output_j in R^q and a
 * function of (hidden_j, bias_j) in R^(inputs + 1), so the moments {1, output_1 .. output_q} (x) P_k(hidden, bias)
 * are matched and cells are cut along (hidden, bias): (1 + q) N(inputs + 1, k) moments, with squares (1 + 2 q)
 * N(inputs + 1, k), N(m, k) = momentCount(m, k). A relu neuron is the same function when (hidden_j, bias_j) is divided
 * by its length and output_j multiplied with it: relu neurons are compressed in that form, which halves the error. The
 * neurons are not changed, outputBias is not touched, and multiplicities of the given network are its neurons' weights:
 * compressing twice is fine. At any time in a training, too; keepNeurons() takes the optimiser's rows `indices` along.
 *
 * Cells are cut in units of each column's standard deviation, so the units of the inputs do not matter; measured (gelu,
 * tanh, relu, before and after training), the error is 0.9 to 1.0 of that with raw coordinates, 0.6 to 1.1 where inputs
 * are in units of a tenth.
 *
 * A layer of a deeper network is compressed as if it were a network: `inputs` the width of the layer before, `hidden`
 * and `bias` the layer's own weights and biases, `output` the transpose of the next layer's weights (width x outputs,
 * row-major), `outputBias` the next layer's biases; the result's multiplicities are then absorbed into the next layer
 * by foldMultiplicity(), or kept for training. Layers one after another: each is a network of its own.
 *
 * What to expect, |f - f'| / |f| at once, 4000 neurons to 800, weights uniform on [-1, 1], medians of 5 seeds (a
 * random subset weighted with d / d' has 1.1 to 2.7 throughout). One output, tanh (relu): 1 input 8e-7 (0.001), 2
 * inputs 0.01 (0.04), 4 inputs 0.12 (0.19), 6 inputs 0.4 (0.2), 10 inputs 0.6 (0.3), 30 inputs 1.1 (1.0), 100 inputs
 * 1.6 (1.5). Two inputs, relu, 4 outputs 0.05, 16 outputs 0.15, 64 outputs 1.0. So it is for few inputs or few outputs:
 * the moments grow like inputs^k and with every output, and where `size` holds degree 1 or less, hardly anything is
 * gained. Smooth activations keep their advantage over the random subset in training; with relu it shrinks as
 * training goes on.
 *
 * @param network its arrays are Float64Array or Float32Array; never written to, and copied before this returns
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_SIZE (`size` below the moments and the width), ERR_NOT_FINITE
 * (names the array), ERR_WEIGHT, ERR_INFEASIBLE, ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason. Method:
 * arXiv:2510.00504; features linear in the outgoing weights in place of all monomials.
 */
export async function compressNetwork(
  network: NetworkInput,
  options: CompressNetworkOptions,
): Promise<CompressedNetwork> {
  const start = performance.now()
  const values = readOptions('compressNetwork', options, asyncTable)
  const { given, plan } = readInput('compressNetwork', network, values)
  return toNetwork(given, plan, await runPlan(plan, values), start)
}

/** As compressNetwork(), but blocks until all is done and throws what that rejects with. The same result, bit for bit. */
export function compressNetworkSync(network: NetworkInput, options: CompressNetworkSyncOptions): CompressedNetwork {
  const start = performance.now()
  const values = readOptions('compressNetworkSync', options, table, onlyAsync('compressNetwork'))
  const { given, plan } = readInput('compressNetworkSync', network, values)
  return toNetwork(given, plan, runPlanSync(plan), start)
}

function readInput(caller: string, network: unknown, options: OptionValues<typeof table>) {
  const given = checkNetwork(network, `${caller}: network`)
  const { inputs, width, outputs, hidden, bias, output, multiplicity } = given
  const columns = inputs + 1 + outputs
  const hasKinks = given.activation === 'relu'
  const data = float64s(width * columns)
  for (let j = 0; j < width; j++) {
    const row = data.subarray(j * columns, (j + 1) * columns)
    row.set(hidden.subarray(j * inputs, (j + 1) * inputs))
    row[inputs] = bias[j]
    row.set(output.subarray(j * outputs, (j + 1) * outputs), inputs + 1)
    if (hasKinks) toUnitLength(row, inputs + 1)
  }
  const rows = { data, count: width, polynomial: inputs + 1, linear: outputs, weights: multiplicity }
  const plan = planRows(caller, rows, {
    order: options.order,
    maxOrder: hasKinks ? MAX_ORDER_OF_KINKS : undefined,
    size: options.size,
    squares: options.squares,
    best: (options.quality ?? (hasKinks ? 'fast' : 'best')) === 'best',
    threads: options.threads,
    scale: 'standard',
  })
  return { given, plan }
}

/**
 * The same neuron with (hidden, bias), the first `size` numbers, of length 1: output relu(hidden . x + bias) is
 * homogeneous in them. One dimension less to compress, and no higher degrees are spent on the length.
 */
function toUnitLength(row: Float64Array, size: number): void {
  // Not Math.hypot(): neurons that are multiples of each other by a power of two shall have the same bits.
  const incoming = row.subarray(0, size)
  const largest = incoming.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (largest === 0) return
  const length = largest * Math.sqrt(incoming.reduce((sum, value) => sum + (value / largest) ** 2, 0))
  for (let a = 0; a < row.length; a++) row[a] = a < size ? row[a] / length : row[a] * length
}

function toNetwork(given: Network, { matched }: Plan, chosen: Chosen, start: number): CompressedNetwork {
  const { inputs, outputs, activation, outputBias } = given
  const { indices, weights, cells, residual, partition, recombine } = chosen
  const width = indices.length
  const hidden = float64s(width * inputs)
  const output = float64s(width * outputs)
  for (const [j, from] of indices.entries()) {
    hidden.set(given.hidden.subarray(from * inputs, (from + 1) * inputs), j * inputs)
    output.set(given.output.subarray(from * outputs, (from + 1) * outputs), j * outputs)
  }
  return {
    inputs,
    width,
    outputs,
    activation,
    hidden,
    bias: Float64Array.from(indices, (from) => given.bias[from]),
    output,
    outputBias,
    multiplicity: weights,
    indices,
    matched,
    cells,
    residual,
    elapsed: { partition, recombine, total: performance.now() - start },
  }
}
