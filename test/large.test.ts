// One large cell of many features: its memory grows with their square and not with points times features.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compressSync, momentCount } from '../lib/index.js'
import { bytesOf, normal, RESIDUAL_BOUND, TOTAL_WEIGHT_BOUND, uniform } from './fixtures.js'

describe('one cell of many features', () => {
  it('takes memory for the input, its copy and a few squares of N', () => {
    const [dimension, order, count] = [4, 10, 100_000]
    const program = fileURLToPath(new URL('programs/memory.mjs', import.meta.url))
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [program, ...[dimension, order, count, 2].map(String)],
      { encoding: 'utf8' },
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { before, peak, input, kept, residual } = JSON.parse(stdout)
    const width = momentCount(dimension, order)
    expect(kept).toBeLessThanOrEqual(width)
    expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    // The tableau has 6.3 columns per feature; then there are the features of the support. count x width doubles would
    // be 800 MB.
    const squares = 12
    expect(peak - before).toBeLessThan(2 * input + squares * 8 * width ** 2)
  })

  it.each([
    ['uniform', 4, 8, 20_000],
    ['uniform', 10, 3, 20_000],
    ['normal', 3, 11, 8000],
    ['normal', 30, 2, 6000],
    ['uniform', 2, 24, 1000],
    ['uniform', 2, 24, 340],
  ] as const)('keeps the moments of %s points in %i columns, order %i, %i rows', (kind, dimension, order, count) => {
    const points = (kind === 'uniform' ? uniform : normal)(count, dimension, 3)
    const weights = uniform(count, 1, 4).map((x) => Math.abs(x) + 0.01)
    const one = compressSync(points, { dimension, order, weights, threads: 1 })
    expect(one.cells).toBe(1)
    expect(one.count).toBeLessThanOrEqual(momentCount(dimension, order))
    expect(one.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    const sum = (values: Float64Array) => values.reduce((total, x) => total + x, 0)
    expect(Math.abs(sum(one.weights) / sum(weights) - 1)).toBeLessThanOrEqual(TOTAL_WEIGHT_BOUND + count * 2 ** -53)
    for (const threads of [2, 5]) {
      const other = compressSync(points, { dimension, order, weights, threads })
      expect(bytesOf(other.indices)).toEqual(bytesOf(one.indices))
      expect(bytesOf(other.weights)).toEqual(bytesOf(one.weights))
    }
  })

  it('finds the rank of points on a circle and on a grid', () => {
    const angles = uniform(4000, 1, 5)
    const circle = Float64Array.from({ length: 8000 }, (_, i) =>
      i % 2 === 0 ? Math.cos(3 * angles[i >> 1]) : Math.sin(3 * angles[i >> 1]),
    )
    const round = compressSync(circle, { dimension: 2, order: 23 }) // 300 features, of which 2k + 1 are free
    expect(round.count).toBeLessThanOrEqual(47)
    expect(round.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)

    const grid = uniform(6000, 2, 6).map((x) => Math.floor(7 * x))
    const distinct = new Set(Array.from({ length: 6000 }, (_, i) => `${grid[2 * i]},${grid[2 * i + 1]}`)).size
    const square = compressSync(grid, { dimension: 2, order: 23 })
    expect(square.count).toBeLessThanOrEqual(distinct)
    expect(square.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  })
})
