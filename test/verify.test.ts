import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compressSync, momentCount, verify, verifySync } from '../lib/index.js'
import { bytesOf, EPS, fill, normal, residualOf, seeded, truthOf, uniform } from './fixtures.js'

describe('verify', () => {
  it('finds nothing between a set and itself', async () => {
    const points = normal(1000, 3)
    const result = await verify(points, points, { dimension: 3, order: 4 })
    expect(result.residual).toBe(0)
    expect(Array.from(result.perOrder)).toEqual([0, 0, 0, 0, 0])
    expect(Object.keys(result).sort()).toEqual(['perOrder', 'residual'])
  })

  it('equals a residual that is computed independently, good or bad', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 2, max: 150 }),
        (seed, dimension, order, count) => {
          const random = seeded(seed)
          const points = fill(count * dimension, () => random.normal() * 3 + 100)
          const weights = fill(count, () => random.next() + 0.01)
          const other = weights.map((weight) => weight * (1 + 1e-6 * random.normal()))
          const truth = truthOf({ points, dimension, weights }, order)
          const expected = residualOf(truth, { points, weights: other })
          const got = verifySync({ points, weights, dimension }, { points, weights: other, dimension }, { order })
          expect(got.perOrder.length).toBe(order + 1)
          expect(got.residual).toBe(Math.max(...got.perOrder))
          expect(Math.abs(got.residual - expected.residual)).toBeLessThanOrEqual(1e-9 * expected.residual + EPS)
          expect(Math.abs(got.perOrder[0] - expected.mass)).toBeLessThanOrEqual(1e-9 * expected.mass + EPS)
        },
      ),
      { numRuns: 40, seed: 3 },
    )
  })

  it('takes a Compressed with its own dimension and weights, and reports the same residual', () => {
    const points = normal(5000, 2)
    const compressed = compressSync(points, { dimension: 2, order: 3, size: 200 })
    const { residual } = verifySync(points, compressed, { order: 3 })
    // The same sums, in another order and in double-double.
    expect(Math.abs(residual - compressed.residual)).toBeLessThanOrEqual(EPS / 1000)
    expect(verifySync({ points }, compressed, { dimension: 2, order: 3 }).residual).toBe(residual)
    const strided = { data: points, shape: [5000, 2] }
    expect(verifySync(strided, compressed, { order: 3 }).residual).toBe(residual)
    expect(
      verifySync({ points: strided, weights: new Float64Array(5000).fill(1) }, compressed, { order: 3 }).residual,
    ).toBe(residual)
  })

  it('sees the degree in which a set is wrong', () => {
    const points = uniform(2000, 2)
    const compressed = compressSync(points, { dimension: 2, order: 3 })
    expect(compressed.count).toBe(momentCount(2, 3))
    const { perOrder } = verifySync(points, compressed, { order: 5 })
    for (const degree of [0, 1, 2, 3]) expect(perOrder[degree]).toBeLessThanOrEqual(50 * EPS)
    for (const degree of [4, 5]) expect(perOrder[degree]).toBeGreaterThan(1e-6)
  })

  it('sees one weight that is off by a thousand epsilons', () => {
    const points = normal(3000, 2, 9)
    const compressed = compressSync(points, { dimension: 2, order: 2 })
    const heaviest = compressed.weights.indexOf(Math.max(...compressed.weights))
    const weights = compressed.weights.map((weight, i) => (i === heaviest ? weight * (1 + 2000 * EPS) : weight))
    const { residual } = verifySync(points, { ...compressed, weights }, { order: 2 })
    expect(residual).toBeGreaterThan(50 * EPS)
  })

  it('does not care for units and offsets', () => {
    const random = seeded(5)
    const points = fill(2000, () => Math.round(random.normal() * 2 ** 12))
    const moved = points.map((x, i) => (i % 2 === 0 ? x * 2 ** 30 : x + 2 ** 30))
    const half = fill(500, (i) => points[i])
    const movedHalf = fill(500, (i) => moved[i])
    const expected = verifySync(points, half, { dimension: 2, order: 3 }).residual
    expect(expected).toBeGreaterThan(0.01)
    const got = verifySync(moved, movedHalf, { dimension: 2, order: 3 }).residual
    expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-6 * expected)
  })

  it('gives the same bits for any number of threads and in both forms', async () => {
    const points = normal(30_000, 3, 2)
    const sample = points.subarray(0, 3000)
    const weights = new Float64Array(1000).fill(30)
    const bits = ({ residual, perOrder }: { residual: number; perOrder: Float64Array }) => [residual, bytesOf(perOrder)]
    const set = { points: sample, weights }
    const expected = bits(verifySync(points, set, { dimension: 3, order: 4, threads: 1 }))
    for (const threads of [1, 2, 3, 4]) {
      expect(bits(verifySync(points, set, { dimension: 3, order: 4, threads }))).toEqual(expected)
      expect(bits(await verify(points, set, { dimension: 3, order: 4, threads }))).toEqual(expected)
    }
  })
})

it('sees a set that lies elsewhere, also where its numbers overflow in the units of the original', () => {
  const original = new Float64Array(37).fill(3e-322)
  const { residual, perOrder } = verifySync(
    { data: original, shape: [37, 1] },
    { points: Float64Array.of(0.77), weights: Float64Array.of(37) },
    { order: 2, dimension: 1 },
  )
  expect(residual).toBe(Number.POSITIVE_INFINITY)
  expect(perOrder[0]).toBe(0)
})
