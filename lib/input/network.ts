// Two-layer networks, and the check of a network that is given.
import { describe, rangeError, typeError } from '../errors.js'
import { copyOf } from '../native/memory.js'
import type { Numbers } from '../surface.js'
import { isRecord, oneOf, typedNumbers } from './options.js'
import { checkWeights, ownNumbers } from './points.js'

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

// Neurons and columns are counted in 32-bit integers by the kernel.
const MOST = 2 ** 31 - 1

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
  const inputs = size(given.inputs, `${where}.inputs`)
  const width = size(given.width, `${where}.width`)
  const outputs = size(given.outputs, `${where}.outputs`)
  const result: Network = {
    inputs,
    width,
    outputs,
    activation: oneOf(...ACTIVATIONS)(given.activation, `${where}.activation`),
    hidden: numbers(given.hidden, [width, inputs], `${where}.hidden`),
    bias: numbers(given.bias, [width], `${where}.bias`),
    output: numbers(given.output, [width, outputs], `${where}.output`),
    outputBias: numbers(given.outputBias, [outputs], `${where}.outputBias`),
  }
  const multiplicity = given.multiplicity
  if (multiplicity !== undefined) result.multiplicity = multiplicities(multiplicity, width, `${where}.multiplicity`)
  return result
}

function size(value: unknown, where: string): number {
  if (typeof value !== 'number') throw typeError('ERR_SHAPE', `${where} must be a whole number, got ${describe(value)}`)
  if (!Number.isInteger(value) || value < 1 || value > MOST) {
    throw rangeError('ERR_SHAPE', `${where} must be a whole number from 1 to ${MOST}, got ${describe(value)}`)
  }
  return value
}

/** A copy; its length is right and all its numbers are finite. */
function numbers(value: unknown, shape: [number] | [number, number], where: string): Float64Array {
  const copy = ownCopy(value, where)
  const [rows, columns = 1] = shape
  if (copy.length !== rows * columns) {
    const product = shape.length === 1 ? `${rows}` : `${rows} x ${columns} = ${rows * columns}`
    throw rangeError('ERR_SHAPE', `${where} must have ${product} numbers, got ${copy.length}`)
  }
  const bad = copy.findIndex((number) => !Number.isFinite(number))
  if (bad >= 0) {
    const place = shape.length === 1 ? `[${bad}]` : ` row ${Math.floor(bad / columns)}, column ${bad % columns}`
    throw rangeError('ERR_NOT_FINITE', `${where}${place} is ${copy[bad]}`)
  }
  return copy
}

function multiplicities(value: unknown, width: number, where: string): Float64Array {
  const copy = ownCopy(value, where)
  if (copy.length !== width) {
    throw rangeError('ERR_SHAPE', `${where} must have one number per neuron, ${width} in all, got ${copy.length}`)
  }
  checkWeights(copy, where)
  return copy
}

function ownCopy(value: unknown, where: string): Float64Array {
  const given = typedNumbers(value, where)
  return copyOf(ownNumbers(given, where))
}
