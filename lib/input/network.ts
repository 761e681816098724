// Two-layer networks, and the check of a network that is given.
import { describe, typeError } from '../errors.js'
import type { Numbers } from '../surface.js'
import { finiteNumbers, multiplicities, sizeOf } from './arrays.js'
import { isRecord, oneOf } from './options.js'

/** The activation functions of the hidden layer; 'gelu' is the exact one, x (1 + erf(x / sqrt 2)) / 2. */
export type Activation = 'relu' | 'tanh' | 'sigmoid' | 'gelu' | 'sin'

export const ACTIVATIONS: readonly Activation[] = ['relu', 'tanh', 'sigmoid', 'gelu', 'sin']

interface NetworkOf<Array> {
  /** Columns of the data x. */
  inputs: number
  /** Neurons of the hidden layer. */
  width: number
  /** Numbers that come out per row of x. */
  outputs: number
  /** The function s of the hidden layer. */
  activation: Activation
  /** width x inputs, row-major: the incoming weights of neuron j are `hidden[j * inputs .. j * inputs + inputs - 1]`. */
  hidden: Array
  /** width: one bias per neuron. */
  bias: Array
  /** width x outputs, row-major: the outgoing weights of neuron j are `output[j * outputs .. j * outputs + outputs - 1]`. */
  output: Array
  /** outputs: the constant of each output. */
  outputBias: Array
  /** width: how many equal neurons each neuron stands for, any real number >= 0. Default: all 1. */
  multiplicity?: Array | undefined
}

/** f(x) = outputBias + sum over neurons j of multiplicity_j output_j s(hidden_j . x + bias_j), s the activation. */
export interface Network extends NetworkOf<Float64Array> {}

/** A network as it may be given: its arrays may also be Float32Array. */
export interface NetworkInput extends NetworkOf<Numbers> {}

/**
 * Checks a network and returns a copy of it. Every field is read once, and all arrays are new. The copy has a
 * `multiplicity` only if one was given. Messages begin with `where` ("compressNetwork: network").
 *
 * Throws ERR_SHAPE (kinds and lengths), ERR_OPTION (the activation), ERR_DETACHED, ERR_NOT_FINITE (names the array and
 * the place), ERR_WEIGHT (a multiplicity is negative or not finite, or none is positive).
 */
export function checkNetwork(network: unknown, where: string): Network {
  if (!isRecord(network)) {
    throw typeError('ERR_SHAPE', `${where} must be an object { inputs, width, ... }, got ${describe(network)}`)
  }
  const given = network
  const inputs = sizeOf(given.inputs, `${where}.inputs`)
  const width = sizeOf(given.width, `${where}.width`)
  const outputs = sizeOf(given.outputs, `${where}.outputs`)
  const result: Network = {
    inputs,
    width,
    outputs,
    activation: oneOf(...ACTIVATIONS)(given.activation, `${where}.activation`),
    hidden: finiteNumbers(given.hidden, [width, inputs], `${where}.hidden`),
    bias: finiteNumbers(given.bias, [width], `${where}.bias`),
    output: finiteNumbers(given.output, [width, outputs], `${where}.output`),
    outputBias: finiteNumbers(given.outputBias, [outputs], `${where}.outputBias`),
  }
  const multiplicity = given.multiplicity
  if (multiplicity !== undefined)
    result.multiplicity = multiplicities(multiplicity, width, 'neuron', `${where}.multiplicity`)
  return result
}
