// The heads of an attention layer, and the check of heads that are given.
import { describe, typeError } from '../errors.js'
import type { Numbers } from '../surface.js'
import { finiteNumbers, multiplicities, sizeOf } from './arrays.js'
import { isRecord } from './options.js'

interface AttentionOf<Array> {
  /** How many heads there are. */
  heads: number
  /** Numbers per query, key and value. */
  headDimension: number
  /** Numbers per token that comes in. */
  inputs: number
  /** Numbers per token that goes out. */
  outputs: number
  /** heads x headDimension x inputs, row-major: number (e, i) of head h is `q[(h * headDimension + e) * inputs + i]`. */
  q: Array
  /** heads x headDimension x inputs, row-major. */
  k: Array
  /** heads x headDimension x inputs, row-major. */
  v: Array
  /** heads x outputs x headDimension, row-major: number (i, e) of head h is `o[(h * outputs + i) * headDimension + e]`. */
  o: Array
  /** Default: none. */
  biases?:
    | {
        /** Of queries: heads x headDimension, row-major. Default: 0. */
        q?: Array | undefined
        /** Of keys: heads x headDimension, row-major. Default: 0. */
        k?: Array | undefined
        /** Of values: heads x headDimension, row-major. Default: 0. */
        v?: Array | undefined
      }
    | undefined
  /** heads: how many equal heads each one stands for, any real number >= 0. Default: all 1. */
  multiplicity?: Array | undefined
}

/**
 * Attention: f = sum over heads h of multiplicity_h o_h (softmax(q_h x . k_h x / sqrt(headDimension)) v_h x), for tokens x,
 * with any mask. What is added once, such as the bias of the output, is no part of it.
 */
export interface Attention extends AttentionOf<Float64Array> {}

/** Heads as they may be given: their arrays may also be Float32Array. */
export interface AttentionInput extends AttentionOf<Numbers> {}

const BIASED = ['q', 'k', 'v'] as const

/**
 * Checks heads and returns a copy of them. Every field is read once, and all arrays are new. The copy has `biases` and
 * `multiplicity` only if they were given.
 *
 * Throws ERR_SHAPE, ERR_DETACHED, ERR_NOT_FINITE (names the array and the place), ERR_WEIGHT.
 */
export function checkAttention(attention: unknown, where: string): Attention {
  if (!isRecord(attention)) {
    throw typeError('ERR_SHAPE', `${where} must be an object { q, k, v, o, heads, ... }, got ${describe(attention)}`)
  }
  const given = attention
  const heads = sizeOf(given.heads, `${where}.heads`)
  const headDimension = sizeOf(given.headDimension, `${where}.headDimension`)
  const inputs = sizeOf(given.inputs, `${where}.inputs`)
  const outputs = sizeOf(given.outputs, `${where}.outputs`)
  const inner = [heads, headDimension, inputs]
  const result: Attention = {
    heads,
    headDimension,
    inputs,
    outputs,
    q: finiteNumbers(given.q, inner, `${where}.q`),
    k: finiteNumbers(given.k, inner, `${where}.k`),
    v: finiteNumbers(given.v, inner, `${where}.v`),
    o: finiteNumbers(given.o, [heads, outputs, headDimension], `${where}.o`),
  }
  const { biases, multiplicity } = given
  if (biases !== undefined) result.biases = checkBiases(biases, [heads, headDimension], `${where}.biases`)
  if (multiplicity !== undefined)
    result.multiplicity = multiplicities(multiplicity, heads, 'head', `${where}.multiplicity`)
  return result
}

function checkBiases(given: unknown, shape: number[], where: string): NonNullable<Attention['biases']> {
  if (!isRecord(given))
    throw typeError('ERR_SHAPE', `${where} must be an object { q?, k?, v? }, got ${describe(given)}`)
  const other = Object.keys(given).find((name) => !BIASED.some((known) => known === name))
  if (other !== undefined) throw typeError('ERR_SHAPE', `${where} has '${other}'; there are biases of q, k and v`)
  const result: NonNullable<Attention['biases']> = {}
  for (const name of BIASED) {
    const value = given[name]
    if (value !== undefined) result[name] = finiteNumbers(value, shape, `${where}.${name}`)
  }
  return result
}
