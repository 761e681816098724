// Thinning of a quadrature rule: few nodes with positive weights that are exact where the rule is, up to an order.
import { describe, typeError } from '../errors.js'
import {
  type AsyncOptions,
  isRecord,
  type OptionValues,
  optionsOf,
  required,
  shared,
  type ThreadOptions,
  wholeOrder,
} from '../input/options.js'
import { type PointsInput, readPoints, readWeights } from '../input/points.js'
import { runJob } from '../native/job.js'
import { memoryToHave } from '../native/memory.js'
import { native } from '../native/native.js'
import type { NativeCompressInput, Numbers } from '../surface.js'
import { type Compressed, type CompressedFree, keepingInput, toCompressed, type WithFreeSupport } from './compress.js'

/** Nodes and weights. */
export interface QuadratureRule {
  /** count x dimension numbers, row-major, or an ndarray-like object. */
  points: PointsInput
  /** One number >= 0 per node. Default: all 1. */
  weights?: Numbers | undefined
  /** Columns, m. May be left out with an ndarray-like object. */
  dimension?: number | undefined
}

/** What quadratureSync() may be told. */
export interface QuadratureSyncOptions extends ThreadOptions {
  /** Up to which degree the result integrates as the rule does. A whole number from 0 to 255. */
  order: number
  /** As in compress(). 'rows' (default): nodes of the rule. 'free': nodes that may lie anywhere within its box. */
  support?: 'rows' | undefined
}

/** What quadrature() may be told: the options of quadratureSync(), and those of a call that does not block. */
export interface QuadratureOptions extends QuadratureSyncOptions, AsyncOptions {}

const table = {
  order: required(wholeOrder, 'the degree up to which the result integrates as the rule does, for example 5'),
  support: shared.support,
  threads: shared.threads,
}
const { read, readSync } = optionsOf('quadrature', table)
type Values = OptionValues<typeof table>

/**
 * Thins a quadrature rule: a tensor product, quasi-Monte Carlo nodes, the rule of a cut cell. The result has positive weights
 * and the same integrals of all polynomials of degree `order` at most. It is compress() with one cell and no more moments
 * than asked for: at most momentCount(m, order) nodes of the rule, the Caratheodory-Tchakaloff points.
 *
 * Cost: as for compress().
 *
 * Rejects as compress() does; the weights of the rule must not be negative.
 */
export function quadrature(rule: QuadratureRule, options: QuadratureOptions): Promise<Compressed>
/**
 * The same with nodes that need not be nodes of the rule: about dimension + 1 times fewer of them, at places within its
 * box. Where there are none, `whyRows` of the result says why (see CompressedFree), and its nodes are nodes of the rule: up to
 * as many as moments.
 */
export function quadrature(rule: QuadratureRule, options: WithFreeSupport<QuadratureOptions>): Promise<CompressedFree>
export async function quadrature(
  rule: QuadratureRule,
  options: QuadratureOptions | WithFreeSupport<QuadratureOptions>,
): Promise<Compressed | CompressedFree> {
  const values = read(options)
  const input = readRule('quadrature', rule, values)
  const output = await runJob((progress) => native().compress(input, progress), values)
  return toCompressed(input, output, values)
}

/** As quadrature(), but blocks until the end and throws the errors with which it rejects. The same bits. */
export function quadratureSync(rule: QuadratureRule, options: QuadratureSyncOptions): Compressed
/** As quadrature() with free support, but blocks until the end. */
export function quadratureSync(rule: QuadratureRule, options: WithFreeSupport<QuadratureSyncOptions>): CompressedFree
export function quadratureSync(
  rule: QuadratureRule,
  options: QuadratureSyncOptions | WithFreeSupport<QuadratureSyncOptions>,
): Compressed | CompressedFree {
  const values = readSync(options)
  const input = readRule('quadratureSync', rule, values)
  return toCompressed(input, native().compressSync(input), values)
}

/** One cell: as many nodes of the rule as moments at most, or as few free ones as there can be. */
function readRule(caller: string, rule: unknown, { order, support, threads }: Values): NativeCompressInput {
  if (!isRecord(rule) || !('points' in rule)) {
    throw typeError('ERR_SHAPE', `${caller}: rule must be { points, weights, dimension }, got ${describe(rule)}`)
  }
  const { points: given, weights } = rule as unknown as QuadratureRule
  const where = { where: `${caller}: rule.points`, dimensionOption: 'rule.dimension' }
  const columns =
    rule.dimension === undefined ? undefined : shared.dimension.check(rule.dimension, `${caller}: rule.dimension`)
  const points = readPoints(given, columns, where)
  const own = readWeights(weights, points.count, `${caller}: rule.weights`)
  const keeping = { order, support, threads, size: undefined, scale: 'standard', quality: 'fast' } as const
  const mostFree = support === 'free' ? native().freePoints({ columns: points.dimension, order }) : 0
  return {
    points,
    ...(own && { weights: own }),
    ...keepingInput(caller, keeping, points.dimension, points.count),
    ...(mostFree > 0 && { mostFree }),
    memory: memoryToHave(),
  }
}
