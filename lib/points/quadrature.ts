// Thinning of a quadrature rule: few nodes with positive weights that are exact where the rule is, up to an order.
import { type CodedError, describe, typeError } from '../errors.js'
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
import { type PointsInput, readPoints } from '../input/points.js'
import { native } from '../native/native.js'
import type { Numbers } from '../surface.js'
import { type Compressed, type CompressedFree, compress, compressSync, type WithFreeSupport } from './compress.js'

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

const { read, readSync } = optionsOf('quadrature', {
  order: required(wholeOrder, 'the degree up to which the result integrates as the rule does, for example 5'),
  support: shared.support,
  threads: shared.threads,
})

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
 * box. `freeCells` of the result is 0 where there are none for this order (see compress()), and its nodes are nodes of the
 * rule.
 */
export function quadrature(rule: QuadratureRule, options: WithFreeSupport<QuadratureOptions>): Promise<CompressedFree>
export async function quadrature(
  rule: QuadratureRule,
  options: QuadratureOptions | WithFreeSupport<QuadratureOptions>,
): Promise<Compressed | CompressedFree> {
  const values = read(options)
  const { points, given, fewest } = readRule('quadrature', rule, values)
  if (fewest === undefined) return compress(points, given)
  return compress(points, { ...given, size: fewest }).catch((error) => {
    if (hasNoRoomForRows(error)) return compress(points, given)
    throw error
  })
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
  const { points, given, fewest } = readRule('quadratureSync', rule, values)
  if (fewest === undefined) return compressSync(points, given)
  try {
    return compressSync(points, { ...given, size: fewest })
  } catch (error) {
    if (hasNoRoomForRows(error)) return compressSync(points, given)
    throw error
  }
}

/** `fewest`: the free points of one cell. Undefined: as many as moments. */
function readRule<Values extends OptionValues<{ order: typeof shared.order; support: typeof shared.support }>>(
  caller: string,
  rule: unknown,
  values: Values,
) {
  if (!isRecord(rule) || !('points' in rule)) {
    throw typeError('ERR_SHAPE', `${caller}: rule must be { points, weights, dimension }, got ${describe(rule)}`)
  }
  const { points, weights } = rule as unknown as QuadratureRule
  const where = { where: `${caller}: rule.points`, dimensionOption: 'rule.dimension' }
  const columns =
    rule.dimension === undefined ? undefined : shared.dimension.check(rule.dimension, `${caller}: rule.dimension`)
  const { dimension } = readPoints(points, columns, where)
  const given = { ...values, dimension, weights, quality: 'fast' as const }
  const fewest = values.support === 'free' ? native().freePoints({ columns: dimension, order: values.order }) : 0
  return { points, given, fewest: fewest > 0 ? fewest : undefined }
}

/** No free points were found, and there are more moments than free points. */
function hasNoRoomForRows(error: unknown): boolean {
  return (error as Partial<CodedError>).code === 'ERR_SIZE'
}
