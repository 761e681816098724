// minimumWeight and tolerance of compress(): larger weights at the same moments, and fewer points for less accuracy.
import { describe, expect, it } from 'vitest'
import { compress, compressSync, momentCount, verifySync } from '../lib/index.js'
import { bitsOf, EPS, expectKept, fill, normal, RESIDUAL_BOUND, seeded, uniform } from './fixtures.js'

const sets = {
  uniform: (count: number, dimension: number) => uniform(count, dimension, 3),
  normal: (count: number, dimension: number) => normal(count, dimension, 3),
}
const KINDS = Object.keys(sets) as (keyof typeof sets)[]

describe('minimumWeight', () => {
  describe.each(KINDS)('of %s points', (kind) => {
    it.each([
      [1, 5],
      [2, 3],
      [2, 5],
      [3, 4],
      [4, 3],
    ])('in %i columns, order %i, is kept to in one cell, with the same moments', (dimension, order) => {
      const points = sets[kind](2000, dimension)
      const size = momentCount(dimension, order)
      const lightest = (minimumWeight: number) => {
        const options = { dimension, order, size, quality: 'fast', minimumWeight } as const
        const result = compressSync(points, options)
        expect(result.cells).toBe(1)
        expectKept(result, { points, dimension }, size)
        return Math.min(...result.weights) / (2000 / result.count)
      }
      expect(lightest(0.02)).toBeGreaterThanOrEqual(0.02)
      expect(lightest(0)).toBeGreaterThan(0)
    })
  })

  it('makes the smallest of many cells larger', () => {
    const points = uniform(20_000, 2, 5)
    const options = { dimension: 2, order: 3, size: 1000, quality: 'fast' } as const
    const [plain, raised] = [0, 0.1].map((minimumWeight) => compressSync(points, { ...options, minimumWeight }))
    // Cells have about as many points each, and so about the same mean.
    expect(Math.min(...plain.weights)).toBeLessThan(0.3)
    expect(Math.min(...raised.weights)).toBeGreaterThan(1)
    expectKept(raised, { points, dimension: 2 }, 1000)
    expect(raised.count).toBe(plain.count)
  })

  it('gives the same bits for any number of threads', async () => {
    const points = normal(30_000, 2, 6)
    const options = { dimension: 2, order: 4, size: 600, minimumWeight: 0.02 }
    const expected = bitsOf(compressSync(points, { ...options, threads: 1 }))
    expect(bitsOf(await compress(points, { ...options, threads: 2 }))).toEqual(expected)
    expect(bitsOf(await compress(points, { ...options, threads: 5 }))).toEqual(expected)
  })

  it('holds for free points, and for the rows of cells that have none', () => {
    const points = normal(20_000, 2, 8)
    const options = { dimension: 2, order: 5, size: 2000, quality: 'fast', support: 'free' } as const
    const [plain, raised] = [0, 0.1].map((minimumWeight) => compressSync(points, { ...options, minimumWeight }))
    expect(raised.freeCells).toBeGreaterThan(100)
    expect(raised.rowCells).toBeGreaterThan(plain.rowCells)
    expect(Math.min(...raised.weights)).toBeGreaterThan(10 * Math.min(...plain.weights))
    expect(verifySync(points, raised, { order: 5, dimension: 2 }).residual).toBeLessThan(RESIDUAL_BOUND)
  })

  it('is refused where it cannot be had', async () => {
    // Two points have the moments of order 1 of these three, and one of them must have nearly all weight.
    const points = Float64Array.of(0, 0, 1)
    const weights = Float64Array.of(1e6, 1e6, 1)
    const options = { dimension: 1, order: 1, size: 2, weights, minimumWeight: 0.5 }
    expect(() => compressSync(points, options)).toThrow(
      expect.objectContaining({ code: 'ERR_INFEASIBLE', message: expect.stringContaining('minimumWeight') }),
    )
    await expect(compress(points, options)).rejects.toMatchObject({ code: 'ERR_INFEASIBLE' })
  })

  it.each([-0.1, 1, Number.NaN, '0.1'])('%s is no share of a mean', (minimumWeight) => {
    expect(() =>
      compressSync(uniform(10, 1), { dimension: 1, order: 1, minimumWeight: minimumWeight as number }),
    ).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

describe('hull', () => {
  const points = uniform(3000, 2, 4)
  const options = { dimension: 2, order: 5, size: 300, quality: 'fast', support: 'free' } as const

  /** Andrew's monotone chain; counterclockwise. */
  function hullOf(rows: [number, number][]): [number, number][] {
    const sorted = rows.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
    const half = (list: [number, number][]) => {
      const chain: [number, number][] = []
      for (const p of list) {
        while (chain.length > 1 && turn(chain[chain.length - 2], chain[chain.length - 1], p) <= 0) chain.pop()
        chain.push(p)
      }
      return chain.slice(0, -1)
    }
    return [...half(sorted), ...half(sorted.toReversed())]
  }
  const turn = (a: [number, number], b: [number, number], c: [number, number]) =>
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

  it('keeps free points of one cell in the convex hull of its points', () => {
    // A ring: its box has corners without points.
    const ring = fill(2 * 400, (i) => {
      const angle = ((i >> 1) * 2.4) % (2 * Math.PI)
      const radius = 1 + 0.2 * Math.sin(7 * (i >> 1))
      return radius * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle))
    })
    const rows = Array.from({ length: 400 }, (_, i): [number, number] => [ring[2 * i], ring[2 * i + 1]])
    const edges = hullOf(rows)
    for (const order of [2, 3, 5, 7]) {
      const result = compressSync(ring, { dimension: 2, order, support: 'free', hull: true })
      for (let j = 0; j < result.count; j++) {
        const p: [number, number] = [result.points[2 * j], result.points[2 * j + 1]]
        edges.forEach((from, i) => {
          expect(turn(from, edges[(i + 1) % edges.length], p)).toBeGreaterThan(-1e-8)
        })
      }
    }
  })

  it('costs some cells their free points, and no moments', () => {
    const [boxed, hulled] = [false, true].map((hull) => compressSync(points, { ...options, hull }))
    expect(hulled.freeCells).toBeGreaterThan(0)
    expect(hulled.freeCells).toBeLessThan(boxed.freeCells)
    expect(hulled.rowCells).toBeGreaterThan(boxed.rowCells)
    for (const result of [boxed, hulled])
      expect(verifySync(points, result, { order: 5, dimension: 2 }).residual).toBeLessThan(RESIDUAL_BOUND)
  })

  it('is for free support', () => {
    expect(() => compressSync(points, { dimension: 2, order: 2, hull: true })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })
})

describe('tolerance', () => {
  const points = normal(3000, 2, 9)
  const weights = fill(3000, (i) => 1 + (i % 5))
  const options = { dimension: 2, order: 8, weights } as const

  it('takes fewer points the more it is, which verify() finds to be within it', () => {
    const counts = [1e-12, 1e-3, 0.05, 0.5].map((tolerance) => {
      const result = compressSync(points, { ...options, tolerance })
      const { residual } = verifySync({ points, weights, dimension: 2 }, result, { order: 8 })
      expect(residual).toBeLessThanOrEqual(tolerance)
      expect(result.residual).toBe(residual)
      expect(Math.min(...result.weights)).toBeGreaterThan(0)
      return result.count
    })
    expect(counts[0]).toBe(momentCount(2, 8))
    expect(counts).toEqual(counts.toSorted((a, b) => b - a))
    expect(counts.at(-1)).toBeLessThan(counts[0] / 2)
  })

  it('is the same in both forms, and the array may change after the call', async () => {
    const own = points.slice()
    const running = compress(own, { ...options, tolerance: 0.01 })
    own.fill(Number.NaN)
    expect(bitsOf(await running)).toEqual(bitsOf(compressSync(points, { ...options, tolerance: 0.01 })))
  })

  it('stops by a signal', async () => {
    const random = seeded(1)
    const many = fill(600_000, () => random.normal())
    const controller = new AbortController()
    const running = compress(many, { dimension: 3, order: 9, tolerance: 1e-3, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })

  it('holds for free points', () => {
    const result = compressSync(points, { dimension: 2, order: 8, tolerance: 0.01, support: 'free' })
    expect(verifySync({ points, dimension: 2 }, result, { order: 8 }).residual).toBeLessThanOrEqual(0.01)
    expect(result.count).toBeLessThan(compressSync(points, { dimension: 2, order: 8, tolerance: 0.01 }).count)
  })

  it('refuses what no set of points has, and an order that is none', () => {
    expect(() => compressSync(points, { ...options, tolerance: EPS / 1e6 })).toThrow(
      expect.objectContaining({ code: 'ERR_INFEASIBLE' }),
    )
    expect(() => compressSync(points, { dimension: 2, size: 30, tolerance: 0.1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
    expect(() => compressSync(points, { ...options, tolerance: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })
})
