// The sets of `npm run bench -- hard`, which break solvers of moment problems. Their moments are kept, or they are
// refused; no result is ever wrong. A set that is kept must not become refused.
import { describe, expect, it } from 'vitest'
import { faultOf, hardSets, sizesFor } from '../bench/hard-sets.mjs'
import { type Compressed, compressSync, momentCount, type Numbers, verifySync } from '../lib/index.js'
import { EPS, RESIDUAL_BOUND, residualOf, TOTAL_WEIGHT_BOUND, truthOf } from './fixtures.js'

const POINTS = 1200
/** With more features than this, the sets are smaller, and the independent residual is computed for other sets only. */
const MANY = 300
/** At an order at which a set may be refused, its moments may be kept to this instead. */
const KEPT_LOOSELY = 1e-9

/**
 * Multiplies each column, or the weights, by a power of two, so that the products of the tests' own path neither
 * overflow nor vanish. No digit changes, and neither does a residual. In a column of very different magnitudes, the
 * large ones stay exact.
 */
function inRange<T extends Numbers>(values: T, width: number, exponents: number[]): Float64Array {
  return Float64Array.from(values, (x, i) => {
    let e = exponents[i % width]
    let y = x
    for (; e > 1000; e -= 1000) y *= 2 ** 1000
    for (; e < -1000; e += 1000) y *= 2 ** -1000
    return y * 2 ** e
  })
}

function exponentsFor(values: Numbers, width: number): number[] {
  return Array.from({ length: width }, (_, a) => {
    let most = 0
    for (let i = a; i < values.length; i += width) most = Math.max(most, Math.abs(values[i]))
    return most > 0 ? -Math.floor(Math.log2(most)) : 0
  })
}

for (const kind of new Set(hardSets().map((set) => set.kind))) {
  describe(kind, () => {
    const sets = hardSets().filter((set) => set.kind === kind)
    it.each(sets.map((set) => [set.name, set] as const))(
      '%s',
      (_, { dimension, orders, rank, rows, mayRefuse, make }) => {
        for (const order of orders) {
          const features = momentCount(dimension, order)
          const may = mayRefuse?.(order) ?? false
          const bound = may ? KEPT_LOOSELY : RESIDUAL_BOUND
          const { points, weights } = make(rows ?? (features > MANY ? 2 * features + 100 : POINTS))
          const count = points.length / dimension
          const exponents = exponentsFor(points, dimension)
          const weightExponents = weights ? exponentsFor(weights, 1) : [0]
          const independent = features <= MANY
          const truth = truthOf(
            {
              points: inRange(points, dimension, exponents),
              dimension,
              weights: weights && inRange(weights, 1, weightExponents),
            },
            independent ? order : 0,
          )
          for (const size of sizesFor(count, features)) {
            for (const quality of ['fast', 'best'] as const) {
              const what = `order ${order}, size ${size}, ${quality}`
              let result: Compressed
              try {
                result = compressSync(points, { dimension, order, size, quality, weights })
              } catch (error) {
                if (!may) throw error
                expect(error, what).toMatchObject({ code: expect.stringMatching(/^ERR_(INFEASIBLE|WEIGHT)$/) })
                continue
              }
              expect(faultOf(result, { points, weights }, dimension, size), what).toBe('')
              const { residual, perOrder } = verifySync({ points, weights, dimension }, result, { order })
              expect(Math.abs(result.residual - residual), what).toBeLessThanOrEqual(EPS)
              expect(residual, what).toBeLessThanOrEqual(bound)
              expect(perOrder[0], what).toBeLessThanOrEqual(may ? KEPT_LOOSELY : TOTAL_WEIGHT_BOUND)
              // With room for more than one cell of the moments asked for, the size is used up.
              if (rank && size === features) expect(result.count, what).toBeLessThanOrEqual(rank(order))
              if (!independent) continue
              const own = residualOf(truth, {
                points: inRange(result.points, dimension, exponents),
                weights: inRange(result.weights, 1, weightExponents),
              })
              expect(own.residual, what).toBeLessThanOrEqual(bound)
            }
          }
        }
      },
    )
  })
}
