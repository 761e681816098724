// Multiplicities folded into the weights, for programs that know no multiplicities.
import { rangeError } from '../errors.js'
import { checkNetwork, type Network, type NetworkInput } from '../input/network.js'
import { oneOf } from '../input/options.js'

/**
 * A plain network, without multiplicities, that computes the same function: c_j copies of neuron j become one neuron.
 * trainNetwork() does not need it, because it divides each neuron's gradient by its multiplicity. How the result trains
 * in other programs depends on `how`:
 *
 * - 'absorb', any activation: output_j <- c_j output_j. The same function up to rounding, but not the same training:
 *   under gradient descent the output weights would need c_j times the rate, and hidden and bias 1 / c_j times. It is
 *   for inference, and for frameworks whose training differs anyway.
 * - 'split', relu only: (output_j, hidden_j, bias_j) <- sqrt(c_j) (output_j, hidden_j, bias_j). The same function,
 *   because relu(a z) = a relu(z) for a >= 0. It trains exactly as the network of all copies does, at the same rate, under
 *   plain gradient descent, SGD, momentum and Nesterov, with or without weight decay. Reason: the gradient of sqrt(c) p
 *   is sqrt(c) times that of one copy of p, so sqrt(c) p stays sqrt(c) p. This holds up to rounding, as long as no
 *   pre-activation is so near zero that rounding decides its sign. It does not hold under Adam and other rules that
 *   rescale gradients. Momentum from before the folding must be multiplied by sqrt(c_j), too.
 *
 * outputBias stays as it is. A neuron of multiplicity 0 gets output 0 ('absorb') or 0 everywhere ('split'). A network
 * without multiplicities is copied. Blocks for one pass over the weights. Source: arXiv:2510.00504 shows that c equal
 * neurons stay equal, and train as one of them does by the gradient of one copy. The square roots follow as above.
 *
 * Throws ERR_OPTION (another word; 'split' without relu), and for the network ERR_SHAPE, ERR_NOT_FINITE, ERR_WEIGHT,
 * ERR_DETACHED. Throws ERR_MEMORY where there is no room for the copy.
 *
 * @param network its arrays are Float64Array or Float32Array (computed in float64); never written to
 * @param how 'absorb' or 'split'
 */
export function foldMultiplicity(network: NetworkInput, how: 'absorb' | 'split'): Network {
  const { multiplicity, ...plain } = checkNetwork(network, 'foldMultiplicity: network')
  oneOf('absorb', 'split')(how, 'foldMultiplicity: how')
  if (how === 'split' && plain.activation !== 'relu') {
    throw rangeError(
      'ERR_OPTION',
      `foldMultiplicity: 'split' needs relu, because ${plain.activation}(a z) is not a ${plain.activation}(z); use 'absorb', ` +
        `or train with the multiplicities: trainNetwork()`,
    )
  }
  if (multiplicity === undefined) return plain
  const { inputs, outputs } = plain
  for (const [j, c] of multiplicity.entries()) {
    const factor = how === 'absorb' ? c : Math.sqrt(c)
    scale(plain.output, j, outputs, factor)
    if (how === 'absorb') continue
    scale(plain.hidden, j, inputs, factor)
    plain.bias[j] *= factor
  }
  return plain
}

function scale(matrix: Float64Array, row: number, columns: number, factor: number): void {
  for (let a = row * columns; a < (row + 1) * columns; a++) matrix[a] *= factor
}
