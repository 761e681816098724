import { describe, expect, it } from 'vitest'
import {
  compress,
  compressDatasetSync,
  compressNetworkSync,
  compressSync,
  matchMomentsSync,
  momentCount,
  moments,
  momentsSync,
  type OrderBlock,
  verifySync,
} from '../lib/index.js'
import { bitsOf, EPS, expectSubset, fill, normal, RESIDUAL_BOUND, rowsOf, seeded, uniform } from './fixtures.js'
import { network } from './plain-training.js'

/** The relative error of the sum of f over the kept points. */
function errorOf(
  points: Float64Array,
  dimension: number,
  kept: ReturnType<typeof compressSync>,
  f: (x: Float64Array) => number,
) {
  let all = 0
  let some = 0
  for (let i = 0; i < points.length; i += dimension) all += f(points.subarray(i, i + dimension))
  for (let i = 0; i < kept.count; i++) {
    some += kept.weights[i] * f(kept.points.subarray(i * dimension, (i + 1) * dimension))
  }
  return Math.abs(some / all - 1)
}

describe("order 'auto'", () => {
  it.each([
    [1, 16],
    [1, 100],
    [2, 60],
    [2, 500],
    [3, 300],
    [5, 200],
    [8, 400],
    [10, 150],
  ])('in %i columns keeps the moments of the order that it chose within %i points', (dimension, size) => {
    const points = uniform(4000, dimension)
    const kept = compressSync(points, { dimension, order: 'auto', size })
    expect(kept.count).toBeLessThanOrEqual(size)
    expect(momentCount(dimension, kept.order as number)).toBeLessThanOrEqual(size)
    expect(verifySync({ points, dimension }, kept, { order: kept.order }).residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expectSubset(kept, { points, dimension }, size)
  })

  it('in one column keeps no fewer moments when there is room for a few points more', () => {
    const points = uniform(4000, 1)
    for (let size = 16; size <= 25; size++) {
      const kept = compressSync(points, { dimension: 1, order: 'auto', size })
      expect(verifySync({ points, dimension: 1 }, kept, { order: size - 1 }).residual).toBeLessThanOrEqual(
        RESIDUAL_BOUND,
      )
    }
  })

  it('is what holds when no order is given', () => {
    const points = normal(3000, 2)
    const kept = compressSync(points, { dimension: 2, size: 200 })
    expect(bitsOf(kept)).toEqual(bitsOf(compressSync(points, { dimension: 2, order: 'auto', size: 200 })))
  })

  it('grows with the size, and is the same for any weights', () => {
    const points = uniform(3000, 2)
    const orders = [1, 4, 12, 40, 150, 500].map(
      (size) => compressSync(points, { dimension: 2, order: 'auto', size }).order as number,
    )
    for (let i = 1; i < orders.length; i++) expect(orders[i]).toBeGreaterThanOrEqual(orders[i - 1])
    expect(orders.at(-1)).toBeGreaterThan(orders[0])
    const weights = fill(3000, (i) => 1 + (i % 7))
    expect(compressSync(points, { dimension: 2, order: 'auto', size: 150, weights }).order).toBe(orders[4])
  })

  it('keeps all points when they fit', () => {
    const points = uniform(50, 3)
    const kept = compressSync(points, { dimension: 3, order: 'auto', size: 500 })
    expect([...kept.indices]).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(kept.weights.every((weight) => weight === 1)).toBe(true)
  })

  it('has a far smaller error than a low order on a smooth function', () => {
    const points = uniform(20_000, 2)
    const f = (x: Float64Array) => 1 / (1 + Math.exp(x[0] - 0.5 * x[1]))
    const auto = errorOf(points, 2, compressSync(points, { dimension: 2, order: 'auto', size: 300 }), f)
    const low = errorOf(points, 2, compressSync(points, { dimension: 2, order: 2, size: 300, quality: 'fast' }), f)
    expect(auto).toBeLessThan(low / 100)
  })
})

describe('order as blocks of columns', () => {
  const random = seeded(5)
  // The last two columns are a label, and a column that is in no block.
  const points = rowsOf(6000, () => {
    const [x, y] = [2 * random.next() - 1, random.normal()]
    return [x, y, Math.sin(3 * x) + 0.3 * random.normal(), random.next()]
  })
  const order: OrderBlock[] = [
    { columns: [0, 1], order: 3 },
    { columns: [2], order: 2 },
  ]
  const features = momentCount(2, 3) * momentCount(1, 2)

  it.each([features, 3 * features, 900])('keeps every product of a monomial of each within %i points', (size) => {
    const kept = compressSync(points, { dimension: 4, order, size })
    expect(kept.count).toBeLessThanOrEqual(size)
    expect(kept.order).toEqual(order)
    expectSubset(kept, { points, dimension: 4 }, size)
    const { residual, perOrder } = verifySync({ points, dimension: 4 }, kept, { order })
    expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expect(perOrder.length).toBe(3 + 2 + 1)
    // Without verify(): compares the sums themselves, relative to their own magnitude.
    for (let a = 0; a <= 3; a++) {
      for (let b = 0; a + b <= 3; b++) {
        for (let c = 0; c <= 2; c++) {
          let [sum, magnitude] = [0, 0]
          const add = (set: Float64Array, i: number, weight: number) => {
            const term = weight * set[4 * i] ** a * set[4 * i + 1] ** b * set[4 * i + 2] ** c
            sum += term
            magnitude += Math.abs(term)
          }
          for (let i = 0; i < 6000; i++) add(points, i, 1)
          for (let i = 0; i < kept.count; i++) add(kept.points, i, -kept.weights[i])
          expect(Math.abs(sum)).toBeLessThanOrEqual(1e-12 * magnitude)
        }
      }
    }
  })

  it('leaves columns that are in no product free', () => {
    const kept = compressSync(points, { dimension: 4, order, size: features })
    expect(verifySync({ points, dimension: 4 }, kept, { order: 1 }).residual).toBeGreaterThan(1e-6) // the last column
  })

  it('is the order itself when one block has all columns', () => {
    const set = normal(3000, 2)
    const block = compressSync(set, { dimension: 2, order: [{ columns: [1, 0], order: 4 }], size: 90 })
    expect(bitsOf({ ...block, order: 4 })).toEqual(bitsOf(compressSync(set, { dimension: 2, order: 4, size: 90 })))
  })

  it('cuts along the first block only', () => {
    const set = rowsOf(8000, () => [random.next(), 1000 * random.next()])
    const blocks = [
      { columns: [0], order: 2 },
      { columns: [1], order: 1 },
    ]
    const kept = compressSync(set, { dimension: 2, order: blocks, size: 240 })
    // With cells along x alone, moments of high degree in x are close, and those in y are not.
    const degrees = (column: number) => [{ columns: [column], order: 8 }]
    const along = verifySync({ points: set, dimension: 2 }, kept, { order: degrees(0) }).residual
    const across = verifySync({ points: set, dimension: 2 }, kept, { order: degrees(1) }).residual
    expect(along).toBeLessThan(across / 10)
  })

  it('has the same bits for any number of threads, and in both forms', async () => {
    const options = { dimension: 4, order, size: 500 }
    const [one, three] = [1, 3].map((threads) => bitsOf(compressSync(points, { ...options, threads })))
    expect(three).toEqual(one)
    expect(bitsOf(await compress(points, options))).toEqual(one)
  })
})

describe('the highest order', () => {
  const points = normal(300, 2)
  const data = { x: points, y: uniform(300, 1), inputs: 2, outputs: 1 }
  const order = 256
  const blocks = [
    { columns: [0], order },
    { columns: [1], order: 1 },
  ]
  const refused: [string, () => unknown][] = [
    ['compress', () => compressSync(points, { dimension: 2, order })],
    ['compress, blocks', () => compressSync(points, { dimension: 2, order: blocks })],
    ['verify', () => verifySync(points, points, { dimension: 2, order })],
    ['verify, blocks', () => verifySync(points, points, { dimension: 2, order: blocks })],
    ['moments', () => momentsSync(points, { dimension: 2, order })],
    ['matchMoments', () => matchMomentsSync(points, points, { dimension: 2, order })],
    ['compressDataset', () => compressDatasetSync(data, { order, size: 100 })],
    ['compressNetwork', () => compressNetworkSync(network(20), { order, size: 10 })],
  ]
  it.each(refused)('is 255 for %s', (_, call) => {
    expect(call).toThrow(
      expect.objectContaining({
        name: 'RangeError',
        code: 'ERR_OPTION',
        message: expect.stringMatching(/must be a whole number from 0 to 255, got 256$/),
      }),
    )
  })

  it('works, and so does order 0', () => {
    const line = uniform(400, 1)
    const kept = compressSync(line, { dimension: 1, order: 255 })
    expect(kept.count).toBeLessThanOrEqual(256)
    expect(verifySync({ points: line, dimension: 1 }, kept, { order: 255 }).perOrder.length).toBe(256)
    const one = compressSync(points, { dimension: 2, order: 0 })
    expect([one.count, one.weights[0]]).toEqual([1, 300])
    expect(verifySync({ points, dimension: 2 }, one, { order: 0 }).residual).toBe(0)
    expect(Array.from(momentsSync(points, { dimension: 2, order: 0 }))).toEqual([300])
  })
})

describe('quality', () => {
  const points = uniform(20_000, 3)
  const options = { dimension: 3, order: 2, size: 1000 } as const

  it("'best' keeps the moments asked for, and more of them", () => {
    const best = compressSync(points, options)
    const fast = compressSync(points, { ...options, quality: 'fast' })
    for (const kept of [best, fast]) {
      expect(kept.count).toBeLessThanOrEqual(1000)
      expect(verifySync({ points, dimension: 3 }, kept, { order: 2 }).residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    }
    const third = (kept: typeof best) => verifySync({ points, dimension: 3 }, kept, { order: 3 }).residual
    expect(third(best)).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expect(third(fast)).toBeGreaterThan(1e-9)
  })

  it("'best' has a smaller error on smooth functions", () => {
    let gain = 0 // over several sets, because a single error may be small by chance
    for (const seed of [1, 2, 3, 4, 5]) {
      const set = uniform(20_000, 3, seed)
      const f = (x: Float64Array) => Math.exp(0.7 * x[0] - 0.4 * x[1] + 0.5 * x[2])
      const error = (quality: 'fast' | 'best') => errorOf(set, 3, compressSync(set, { ...options, quality }), f)
      gain += Math.log10(error('fast') / error('best')) / 5
    }
    expect(gain).toBeGreaterThan(0.5)
  })

  it('makes no difference when there is room for the moments only', () => {
    const room = { ...options, size: momentCount(3, 2) }
    expect(bitsOf(compressSync(points, room))).toEqual(bitsOf(compressSync(points, { ...room, quality: 'fast' })))
  })

  it('keeps the total weight', async () => {
    const weights = fill(20_000, (i) => 1 + (i % 3))
    const kept = await compress(points, { ...options, weights })
    const [before] = await moments(points, { dimension: 3, order: 0, weights })
    const [after] = await moments(kept.points, { dimension: 3, order: 0, weights: kept.weights })
    expect(Math.abs(after / before - 1)).toBeLessThanOrEqual(16 * EPS)
  })
})
