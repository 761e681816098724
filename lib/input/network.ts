// The two-layer networks that are trained and compressed, and the check that every function that takes one makes first.
import { describe, rangeError, typeError } from '../errors.js'
import type { Numbers } from '../native/addon.js'
import { copyOf } from '../native/memory.js'
import { oneOf, typedNumbers } from './options.js'
import { ownNumbers } from './points.js'

/** The activation functions of the hidden layer; 'gelu' is the exact one, x (1 + erf(x / sqrt 2)) / 2. */
export type Activation = 'relu' | 'tanh' | 'sigmoid' | 'gelu' | 'sin'

export const ACTIVATIONS: readonly Activation[] = ['relu', 'tanh', 'sigmoid', 'gelu', 'sin']

interface NetworkOf<Array> {
  /** Numbers a row of x has. */
  inputs: number
  /** Neurons of the hidden layer. */
  width: number
  /** Numbers that come out for a row. */
  outputs: number
  activation: Activation
  /** width x inputs, row-major: what comes into neuron j is `hidden[j * inputs .. j * inputs + inputs - 1]`. */
  hidden: Array
  /** width */
  bias: Array
  /** width x outputs, row-major: what goes out of neuron j. */
  output: Array
  /** outputs */
  outputBias: Array
  /** width: how many equal neurons each neuron stands for, >= 0, any real number. Default: all 1. */
  multiplicity?: Array | undefined
}

/** f(x) = outputBias + sum over neurons j of multiplicity_j output_j s(hidden_j . x + bias_j), s the activation. */
export interface Network extends NetworkOf<Float64Array> {}

/** A network as it may be given: the arrays may be Float32Array as well. */
export interface NetworkInput extends NetworkOf<Numbers> {}

// Neurons and columns are counted in 32-bit integers by the kernel.
const MOST = 2 ** 31 - 1

/**
 * Checks a network and returns a copy of it: every field is read once, all arrays are new, and none is shared with the
 * caller. `multiplicity` is there only if it was given. `where` heads the messages ("compressNetwork: network").
 *
 * Throws ERR_SHAPE (kinds and lengths), ERR_OPTION (the activation), ERR_DETACHED, ERR_NOT_FINITE (names the array and
 * the place), ERR_WEIGHT (a multiplicity that is negative or not finite, or none is positive).
 */
export function checkNetwork(network: unknown, where: string): Network {
  if (typeof network !== 'object' || network === null || ArrayBuffer.isView(network) || Array.isArray(network)) {
    throw typeError('ERR_SHAPE', `${where} must be an object { inputs, width, ... }, got ${describe(network)}`)
  }
  const given = network as Record<string, unknown>
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

/** A copy, of the right length and finite throughout. */
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
    throw rangeError('ERR_SHAPE', `${where} must have one number a neuron, ${width} in all, got ${copy.length}`)
  }
  const bad = copy.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))
  if (bad >= 0) throw rangeError('ERR_WEIGHT', `${where}[${bad}] must be finite and not negative, got ${copy[bad]}`)
  if (!copy.some((weight) => weight > 0)) throw rangeError('ERR_WEIGHT', `${where} must have a positive number`)
  return copy
}

function ownCopy(value: unknown, where: string): Float64Array {
  const given = typedNumbers(value, where)
  return copyOf(ownNumbers(given, where))
}
