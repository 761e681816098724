// The ladder of native/kernel/compression/ladder.hpp. There is a set that reaches each strategy, and the strategy keeps
// its promises there. Cells of uneven sets never keep less than the enlarged space.
import { describe, expect, it } from 'vitest'
import { hardSets } from '../bench/hard-sets.mjs'
import { type CompressSyncOptions, compressSync, verifySync } from '../lib/index.js'
import { compressCounted } from '../lib/points/compress.js'
import { fill, RESIDUAL_BOUND, rowsOf, seeded, uniform } from './fixtures.js'

interface Reached {
  strategy: string
  points: Float64Array
  options: CompressSyncOptions
}

function hard(name: string, count: number) {
  const set = hardSets().find((one) => one.name === name)
  if (set === undefined) throw new Error(`no hard set is called ${name}`)
  const { points, weights } = set.make(set.rows ?? count)
  return { points, options: { dimension: set.dimension, ...(weights && { weights }) } }
}

function reached(strategy: string, name: string, count: number, options: object): Reached {
  const set = hard(name, count)
  return { strategy, points: set.points, options: { ...set.options, ...options } }
}

function mixture(count: number, dimension: number, seed: number) {
  const random = seeded(seed)
  const centres = fill(4 * dimension, () => 6 * random.next() - 3)
  const widths = fill(4, () => 0.1 + random.next())
  return rowsOf(count, () => {
    const k = Math.floor(4 * random.next())
    return Array.from({ length: dimension }, (_, a) => centres[k * dimension + a] + widths[k] * random.normal())
  })
}

function student(count: number, dimension: number, seed: number) {
  const random = seeded(seed)
  return rowsOf(count, () => {
    const square = random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2
    return Array.from({ length: dimension }, () => random.normal() / Math.sqrt(square / 3))
  })
}

/** Weights over many decades: few points are nearly all of the mass. */
function uneven(count: number, dimension: number, seed: number) {
  const random = seeded(seed)
  const points = rowsOf(count, () => Array.from({ length: dimension }, () => random.normal()))
  return { points, weights: fill(count, () => Math.exp(4 * random.normal())) }
}

const REACHED: Reached[] = [
  { strategy: 'copied', points: uniform(1000, 2), options: { dimension: 2, order: 3, size: 990, quality: 'fast' } },
  { strategy: 'merged', points: fill(200, () => 7), options: { dimension: 2, order: 3, size: 100 } },
  { strategy: 'in cache', points: uniform(1000, 2), options: { dimension: 2, order: 3, size: 100 } },
  reached('streamed', '50, Gaussian', 2000, { order: 1, size: 51, quality: 'fast' }),
  reached('orthonormal', 'in the plane', 2000, { order: 4, size: 200 }),
  reached('orthonormal, requested', 'in the plane', 2000, { order: 10, size: 528 }),
  reached('again', '12 decades', 2000, { order: 12, size: 91, quality: 'fast' }),
  reached('weights together', "Student's t, 2 degrees of freedom", 20_000, { order: 8, size: 45, quality: 'fast' }),
  reached('boxed', 'Gaussian', 20_000, { order: 60, size: 61, quality: 'fast' }),
  reached('again, requested', 'all at the least double', 2000, { order: 0, size: 8 }),
]

describe('every strategy is the answer for some set, and keeps the moments there', () => {
  for (const { strategy, points, options } of REACHED) {
    it(strategy, () => {
      const { result, strategies } = compressCounted(points, options)
      expect(strategies[strategy]).toBeGreaterThan(0)
      const original = { points, dimension: options.dimension, weights: options.weights }
      expect(verifySync(original, result, { order: options.order as number }).residual).toBeLessThan(RESIDUAL_BOUND)
      expect(result.count).toBeLessThanOrEqual(options.size ?? result.count)
      expect(result.cellsKeepingLess).toBe(strategies['orthonormal, requested'] + strategies['again, requested'])
    })
  }

  it('and there are no others', () => {
    const names = Object.keys(compressCounted(uniform(100, 2), { dimension: 2, order: 2 }).strategies)
    expect(names).toEqual(REACHED.map(({ strategy }) => strategy))
  })
})

it('weights over many decades: every reduced cell is answered in cache', () => {
  const { points, weights } = uneven(20_000, 3, 1)
  const { strategies } = compressCounted(points, { dimension: 3, order: 5, size: 280, quality: 'fast', weights })
  const { copied, 'in cache': inCache, ...others } = strategies
  expect(inCache).toBeGreaterThan(0)
  expect(Object.values(others).every((cells) => cells === 0)).toBe(true)
})

// With hundreds of points per kept point and an uneven density, the tableau of a cell runs out of candidates.
describe("quality 'best' keeps the enlarged space in every cell of uneven sets", () => {
  for (const [name, make] of [
    ['mixture of four Gaussians', mixture],
    ["Student's t, 3 degrees of freedom", student],
  ] as const) {
    // enlarged: the whole order above the one asked for that cells of a thousand points keep.
    for (const [dimension, order, enlarged] of [
      [2, 3, 6],
      [2, 5, 8],
      [3, 3, 4],
      [3, 5, 6],
    ]) {
      it(`${name}: ${dimension} columns, order ${order}`, () => {
        for (const seed of [1, 2]) {
          const points = make(100_000, dimension, seed)
          const result = compressSync(points, { dimension, order, size: 1000 })
          expect(result.cellsKeepingLess).toBe(0)
          const { residual } = verifySync({ points, dimension }, result, { order: enlarged })
          expect(residual).toBeLessThan(1e-9)
        }
      })
    }
  }
})
