// compress() with a tolerance: the fewest points that keep the moments to a residual that will do.
import { rangeError } from '../errors.js'
import { runJob } from '../native/job.js'
import { copyOf, copyOfSingles } from '../native/memory.js'
import { native } from '../native/native.js'
import type { NativeCompressed, NativeCompressInput, NativeVerifyInput, Numbers } from '../surface.js'

/** What came of one size. `residual`: that of the moments up to the order that was asked for. */
interface Attempt {
  output: NativeCompressed
  residual: number
}

/**
 * `input.size`: enough points for all moments. `orderFor(size)`: the highest order of one cell of so many points. Rejects
 * with ERR_INFEASIBLE when the residual is above the tolerance even so.
 */
export async function compressToTolerance(
  given: NativeCompressInput,
  tolerance: number,
  orderFor: (size: number) => number,
  signal: AbortSignal | undefined,
): Promise<NativeCompressed> {
  const input = ownCopy(given)
  const watched = { signal, onProgress: undefined }
  const search = fewestPoints('compress', input, tolerance, orderFor)
  let next = search.next()
  while (!next.done) {
    const step = next.value
    const output = await runJob(() => native().compress(step), watched)
    const { residual } = await runJob(() => native().verify(verifyInput(input, output)), watched)
    next = search.next({ output, residual })
  }
  return next.value
}

/** The same, but blocks. */
export function compressToToleranceSync(
  input: NativeCompressInput,
  tolerance: number,
  orderFor: (size: number) => number,
): NativeCompressed {
  const search = fewestPoints('compressSync', input, tolerance, orderFor)
  let next = search.next()
  while (!next.done) {
    const output = native().compressSync(next.value)
    next = search.next({ output, residual: native().verifySync(verifyInput(input, output)).residual })
  }
  return next.value
}

/**
 * Bisection for the least size. With fewer points than moments, those of a lower order are kept, and of the next order as
 * many as there is room for; the others come less and less near. Yields what to compress, and is given what came of it.
 */
function* fewestPoints(
  caller: string,
  input: NativeCompressInput,
  tolerance: number,
  orderFor: (size: number) => number,
): Generator<NativeCompressInput, NativeCompressed, Attempt> {
  const { order, size: most } = input
  // A cell of rows has some moments of the next order besides. Free points have not.
  const withSize = (size: number): NativeCompressInput => ({
    ...input,
    size,
    order: Math.min(order, orderFor(size)),
    best: !input.free,
  })
  let found = yield withSize(most)
  if (!(found.residual <= tolerance)) {
    throw rangeError(
      'ERR_INFEASIBLE',
      `${caller}: the moments up to order ${order} are kept to a residual of ${found.residual.toPrecision(2)}, which is ` +
        `above option 'tolerance', ${tolerance}`,
    )
  }
  for (let tooFew = 0; found.output.weights.length - tooFew > 1; ) {
    const size = Math.floor((tooFew + found.output.weights.length) / 2)
    const attempt = yield withSize(size)
    if (attempt.residual <= tolerance) found = attempt
    else tooFew = size
  }
  return { ...found.output, residual: found.residual }
}

/** Of what the caller may change before the last attempt. */
function ownCopy(input: NativeCompressInput): NativeCompressInput {
  const own = (numbers: Numbers) => (numbers instanceof Float32Array ? copyOfSingles(numbers) : copyOf(numbers))
  const { points, weights } = input
  return { ...input, points: { ...points, data: own(points.data) }, ...(weights && { weights: own(weights) }) }
}

function verifyInput(input: NativeCompressInput, { points, weights }: NativeCompressed): NativeVerifyInput {
  const { order, threads, memory } = input
  const { dimension } = input.points
  return {
    original: input.points,
    ...(input.weights && { originalWeights: input.weights }),
    compressed: { data: points, dimension, count: weights.length, rowStride: dimension, columnStride: 1, offset: 0 },
    compressedWeights: weights,
    order,
    threads,
    ...(memory !== undefined && { memory }),
  }
}
