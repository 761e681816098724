// Multiplicities turned into plain weights, for programs that know nothing of them.
import { rangeError } from '../errors.js'
import { checkNetwork, type Network, type NetworkInput } from '../input/network.js'
import { oneOf } from '../input/options.js'

/**
 * A plain network, without multiplicities, that computes the same function as one with them: c_j copies of neuron j
 * become one neuron. trainNetwork() needs none of it: it divides each neuron's gradient by its multiplicity. Elsewhere,
 * how the result trains depends on the way:
 *
 * - 'absorb': output_j <- c_j output_j; any activation. The same function to rounding, but not the same training: under
 *   gradient descent the output weights would need c_j times the rate, and hidden and bias 1 / c_j times. For
 *   inference, and for frameworks that go on training differently anyway.
 * - 'split', relu only: (output_j, hidden_j, bias_j) <- sqrt(c_j) (output_j, hidden_j, bias_j). The same function,
 *   because relu(a z) = a relu(z) for a >= 0. Under unmodified gradient descent, SGD, momentum and Nesterov, with or
 *   without weight decay, at the same rate, it trains exactly as the network of c_j copies does: the gradient of
 *   sqrt(c) p is sqrt(c) times that of one copy of p, hence sqrt(c) p stays sqrt(c) p. Equal up to rounding, as long as
 *   no pre-activation is so near zero that rounding decides its sign. Not under Adam and others that rescale each
 *   gradient, and not with momentum that was gathered before the folding, unless that is multiplied by sqrt(c_j) as well.
 *
 * outputBias stays as it is. A neuron of multiplicity 0 becomes one of output 0 ('absorb') or all 0 ('split'). Without
 * multiplicities the result is a copy. Blocks for one pass over the weights. That c equal neurons stay equal, and train
 * as one of them does by the gradient of one copy, is arXiv:2510.00504's; the square roots follow from it as above.
 *
 * @param network its arrays are Float64Array or Float32Array (computed in float64); never written to
 * @param how 'absorb' or 'split'
 *
 * Throws ERR_OPTION (neither word; 'split' of another activation than relu), and ERR_SHAPE, ERR_NOT_FINITE, ERR_WEIGHT,
 * ERR_DETACHED for the network.
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
