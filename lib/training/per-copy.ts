// Training with multiplicities in any framework: the gradient of one copy of each part, and the norm of all copies together.
import { rangeError, typeError } from '../errors.js'
import { isNumbers } from '../input/points.js'
import type { Numbers } from '../surface.js'

/** The gradient of one array of parameters. */
export interface PartGradient<Numbered extends Numbers = Numbers> {
  /** As automatic differentiation gives it, or of one copy. */
  gradient: Numbered
  /** One number > 0 per part: how many copies it stands for. Left out for parameters that are not of the parts. */
  multiplicity?: ArrayLike<number> | undefined
  /**
   * How many numbers in sequence belong to one part. Default: as many as each part has, where the parts are the first axis
   * (parts x ...). 1 where they are the last one (... x parts).
   */
  inner?: number | undefined
}

/** The same in tensors. */
export interface TensorGradient<Tensor> {
  /** As automatic differentiation gives it, or of one copy. */
  gradient: Tensor
  /** Of a shape that divides the gradient: [parts, 1] for parts x columns. Left out for parameters that are not of the parts. */
  multiplicity?: Tensor | undefined
}

/** What is taken of a library of tensors. TensorFlow.js is one: `tf`. */
export interface TensorOps<Tensor> {
  /** a / b, entry by entry. */
  div(a: Tensor | number, b: Tensor): Tensor
  /** a b, entry by entry. */
  mul(a: Tensor, b: Tensor): Tensor
  /** a^2, entry by entry. */
  square(a: Tensor): Tensor
  /** The sum of all entries. */
  sum(a: Tensor): Tensor
  /** The sum of tensors of one shape. */
  addN(list: Tensor[]): Tensor
  /** The square root, entry by entry. */
  sqrt(a: Tensor): Tensor
  /** The smaller of a and b, entry by entry. */
  minimum(a: Tensor | number, b: Tensor): Tensor
}

/**
 * The gradients that the optimiser is to get: that of a single copy of each part, dL/dp_j / c_j. Automatic differentiation of
 * sum_j c_j g(p_j) gives that of all c_j copies together. With the division every rule (SGD, momentum, Adam, ...) moves a
 * part as it would move each of c_j equal ones, whatever the parts are: neurons, heads, components, experts. Without it
 * rules that rescale gradients do something else, and SGD moves a part c_j times too far.
 *
 * The arrays given are not written to. Takes one pass over them. Throws TypeError or RangeError ERR_SHAPE (arrays that do not
 * fit together), RangeError ERR_WEIGHT (a multiplicity is not a number > 0). Source: arXiv:2510.00504.
 *
 * @param gradients one per array of parameters, as automatic differentiation gives them
 * @returns new arrays of the same kinds, in the same sequence
 */
export function perCopyGradients<Numbered extends Numbers>(gradients: readonly PartGradient<Numbered>[]): Numbered[]
/** The same in tensors, by the operations of their library: `perCopyGradients(list, tf)`. Nothing is checked. */
export function perCopyGradients<Tensor>(gradients: readonly TensorGradient<Tensor>[], ops: TensorOps<Tensor>): Tensor[]
export function perCopyGradients<Tensor>(
  gradients: readonly PartGradient[] | readonly TensorGradient<Tensor>[],
  ops?: TensorOps<Tensor>,
): Numbers[] | Tensor[] {
  if (ops !== undefined) {
    return (gradients as readonly TensorGradient<Tensor>[]).map(({ gradient, multiplicity }) =>
      multiplicity === undefined ? gradient : ops.div(gradient, multiplicity),
    )
  }
  return (gradients as readonly PartGradient[]).map((entry, i) => {
    const copies = copiesOf(entry, `perCopyGradients: gradients[${i}]`)
    return entry.gradient.map((value, at) => value / copies(at))
  })
}

/**
 * Scales gradients so that their global norm is at most `limit`, as with all copies there: the squared norm is the sum of
 * c_j |g_j|^2 over the parts, g_j the gradient of one copy, and of |g|^2 over all other parameters.
 *
 * To be called with what perCopyGradients() returned, before the optimiser. The arrays given are not written to. Throws as
 * perCopyGradients() does, and RangeError ERR_OPTION for a limit that is not > 0.
 *
 * @param gradients one per array of parameters, those of a single copy
 * @param limit the largest norm, > 0
 * @returns new arrays of the same kinds, in the same sequence
 */
export function clipByGlobalNorm<Numbered extends Numbers>(
  gradients: readonly PartGradient<Numbered>[],
  limit: number,
): Numbered[]
/** The same in tensors, by the operations of their library: `clipByGlobalNorm(list, 1, tf)`. */
export function clipByGlobalNorm<Tensor>(
  gradients: readonly TensorGradient<Tensor>[],
  limit: number,
  ops: TensorOps<Tensor>,
): Tensor[]
export function clipByGlobalNorm<Tensor>(
  gradients: readonly PartGradient[] | readonly TensorGradient<Tensor>[],
  limit: number,
  ops?: TensorOps<Tensor>,
): Numbers[] | Tensor[] {
  if (!(limit > 0)) throw rangeError('ERR_OPTION', `clipByGlobalNorm: limit must be a number above 0, got ${limit}`)
  if (ops !== undefined) return clipTensors(gradients as readonly TensorGradient<Tensor>[], limit, ops)
  let sum = 0
  for (const [i, entry] of (gradients as readonly PartGradient[]).entries()) {
    const copies = copiesOf(entry, `clipByGlobalNorm: gradients[${i}]`)
    for (const [at, value] of entry.gradient.entries()) sum += copies(at) * value * value
  }
  const factor = Math.min(1, limit / Math.sqrt(sum))
  return (gradients as readonly PartGradient[]).map(({ gradient }) => gradient.map((value) => value * factor))
}

function clipTensors<Tensor>(
  gradients: readonly TensorGradient<Tensor>[],
  limit: number,
  ops: TensorOps<Tensor>,
): Tensor[] {
  const squares = gradients.map(({ gradient, multiplicity }) => {
    const square = ops.square(gradient)
    return ops.sum(multiplicity === undefined ? square : ops.mul(square, multiplicity))
  })
  const factor = ops.minimum(1, ops.div(limit, ops.sqrt(ops.addN(squares))))
  return gradients.map(({ gradient }) => ops.mul(gradient, factor))
}

/** The number of copies that each number of a gradient belongs to. */
function copiesOf({ gradient, multiplicity, inner: given }: PartGradient, where: string): (at: number) => number {
  if (!isNumbers(gradient)) throw typeError('ERR_SHAPE', `${where}.gradient must be a Float64Array or Float32Array`)
  if (multiplicity === undefined) return () => 1
  const parts = multiplicity.length
  const inner = given ?? gradient.length / parts
  if (!(Number.isSafeInteger(inner) && inner > 0 && gradient.length % (parts * inner) === 0)) {
    const each = given === undefined ? '' : ` with ${given} in sequence`
    throw rangeError('ERR_SHAPE', `${where}: ${gradient.length} numbers cannot belong to ${parts} parts${each}`)
  }
  const bad = Array.from(multiplicity).findIndex((copies) => !(copies > 0 && copies < Number.POSITIVE_INFINITY))
  if (bad >= 0)
    throw rangeError(
      'ERR_WEIGHT',
      `${where}.multiplicity[${bad}] is ${multiplicity[bad]}; expected a finite number > 0`,
    )
  return (at) => multiplicity[Math.floor(at / inner) % parts]
}
