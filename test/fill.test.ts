// The size is used up, whatever the points are: cells of lower rank keep fewer points, and the set is then divided
// further. Equal points become one before, where they are many.
import { describe, expect, it } from 'vitest'
import {
  type CompressSyncOptions,
  compressDatasetSync,
  compressNetworkSync,
  compressSync,
  momentCount,
  verifySync,
} from '../lib/index.js'
import {
  bitsOf,
  expectSubset,
  fill,
  normal,
  type PointSet,
  RESIDUAL_BOUND,
  rowsOf,
  seeded,
  shuffled,
  TOTAL_WEIGHT_BOUND,
} from './fixtures.js'

/** The share of min(size, distinct rows) that is kept at least. */
const USED = 0.97
const ROWS = 20_000

interface FillCase extends PointSet {
  name: string
  order: number
  sizes: number[]
}

/** The first row of those equal to each row. -0 and 0 are equal. */
function firstEqual({ points, dimension }: PointSet): number[] {
  const seen = new Map<string, number>()
  return Array.from({ length: points.length / dimension }, (_, row) => {
    const key = Array.from(points.subarray(row * dimension, (row + 1) * dimension), (x) => x + 0).join()
    const first = seen.get(key) ?? row
    seen.set(key, first)
    return first
  })
}

const several = (dimension: number, order: number) => [4, 10, 30].map((times) => times * momentCount(dimension, order))

function rows(dimension: number, row: (random: ReturnType<typeof seeded>) => number[], seed = 1): PointSet {
  const random = seeded(seed)
  return { points: rowsOf(ROWS, () => row(random)), dimension }
}

function fillCases(): FillCase[] {
  const someRows = normal(300, 3, 8)
  return [
    {
      name: 'integers',
      ...rows(3, (r) => [r.below(40), r.below(40), r.below(40)]),
      order: 3,
      sizes: several(3, 3),
    },
    {
      name: 'an integer lattice in the plane',
      ...rows(2, (r) => [r.below(60), r.below(60)]),
      order: 3,
      sizes: several(2, 3),
    },
    {
      name: 'few distinct rows',
      ...rows(3, (r) => {
        const row = r.below(300)
        return Array.from(someRows.subarray(3 * row, 3 * row + 3))
      }),
      order: 2,
      sizes: [100, 200, 300, 400],
    },
    {
      name: 'a line in the plane',
      ...rows(2, (r) => {
        const t = r.next()
        return [t, 3 - 2 * t]
      }),
      order: 3,
      sizes: [10 * 4, 100, 300], // the rank is 4
    },
    {
      name: 'a circle',
      ...rows(2, (r) => {
        const t = 2 * Math.PI * r.next()
        return [Math.cos(t), Math.sin(t)]
      }),
      order: 3,
      sizes: several(2, 3),
    },
    {
      name: 'a curve in space',
      ...rows(3, (r) => {
        const t = 2 * r.next() - 1
        return [t, t * t, Math.exp(t)]
      }),
      order: 2,
      sizes: several(3, 2),
    },
    {
      name: 'half zeros',
      ...rows(3, (r) => [r.normal(), r.normal(), r.normal()].map((x) => (r.next() < 0.5 ? 0 : x))),
      order: 3,
      sizes: several(3, 3),
    },
    { name: 'Gaussian', points: normal(ROWS, 3, 3), dimension: 3, order: 3, sizes: several(3, 3) },
    {
      name: 'two columns equal',
      ...rows(3, (r) => {
        const [x, y] = [r.normal(), r.normal()]
        return [x, y, x]
      }),
      order: 3,
      sizes: several(3, 3),
    },
    {
      name: 'Gaussian, uneven weights',
      points: normal(ROWS, 2, 4),
      dimension: 2,
      weights: fill(ROWS, (i) => Math.exp(3 * Math.sin(i))),
      order: 4,
      sizes: several(2, 4),
    },
  ]
}

/** All that is promised of the points and weights. */
function expectGood(set: PointSet, first: number[], options: CompressSyncOptions & { size: number; order: number }) {
  const result = compressSync(set.points, options)
  expectSubset(result, set, options.size)
  const { residual } = verifySync(set, result, { order: options.order })
  expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  const before = set.weights ? set.weights.reduce((sum, w) => sum + w, 0) : set.points.length / set.dimension
  const after = result.weights.reduce((sum, w) => sum + w, 0)
  // Both sums are rounded at every term.
  expect(Math.abs(after / before - 1)).toBeLessThanOrEqual(64 * TOTAL_WEIGHT_BOUND)
  expect(new Set(Array.from(result.indices, (row) => first[row])).size).toBe(result.count)
  return result
}

describe('the size is used up, and never exceeded', () => {
  for (const { name, order, sizes, ...set } of fillCases()) {
    const first = firstEqual(set)
    const distinct = new Set(first).size
    for (const quality of ['fast', 'best'] as const) {
      for (const size of sizes) {
        it(`${name}, quality '${quality}', size ${size}`, () => {
          const { dimension, weights } = set
          const options = { dimension, order, size, quality, ...(weights && { weights }) }
          const result = expectGood(set, first, { ...options, threads: 1 })
          expect(result.count).toBeGreaterThanOrEqual(USED * Math.min(size, distinct))
          const more = compressSync(set.points, { ...options, threads: 3 })
          expect(bitsOf(more)).toEqual(bitsOf(result))
        })
      }
    }
  }
})

describe('one cell of the moments asked for is brought to its rank', () => {
  for (const order of [1, 3, 6]) {
    it(`a line in the plane, order ${order}`, () => {
      const random = seeded(5)
      const points = rowsOf(5000, () => {
        const t = random.next()
        return [t, 0.5 * t]
      })
      const size = momentCount(2, order)
      const set = { points, dimension: 2 }
      const result = expectGood(set, firstEqual(set), { dimension: 2, order, size })
      expect(result.count).toBeLessThanOrEqual(order + 1)
    })
  }
})

describe('equal points become one', () => {
  const distinct = 2000
  const base = normal(distinct, 2, 6)
  const order = shuffled(6 * distinct, 7)
  const points = rowsOf(6 * distinct, (i) => {
    const row = order[i] % distinct
    return [base[2 * row], base[2 * row + 1]]
  })
  const set = { points, dimension: 2 }
  const first = firstEqual(set)
  const random = seeded(9)
  const whole = fill(6 * distinct, () => 1 + random.below(1000))

  for (const [name, weights] of [
    ['without weights', undefined],
    ['with whole weights', whole],
  ] as const) {
    it(`${name}: with room for all distinct points, their weights are exact sums`, () => {
      const sums = new Map<number, number>()
      for (const [i, row] of first.entries()) sums.set(row, (sums.get(row) ?? 0) + (weights?.[i] ?? 1))
      const size = distinct + 500
      const result = compressSync(points, { dimension: 2, order: 3, size, ...(weights && { weights }) })
      expect(Array.from(result.indices)).toEqual([...sums.keys()].sort((a, b) => a - b))
      expect(Array.from(result.weights)).toEqual(Array.from(result.indices, (row) => sums.get(row)))
    })

    it(`${name}: fewer points are kept by their first rows`, () => {
      for (const quality of ['fast', 'best'] as const) {
        const options = { dimension: 2, order: 3, size: 300, quality, ...(weights && { weights }) }
        const result = expectGood({ ...set, ...(weights && { weights }) }, first, options)
        expect(Array.from(result.indices)).toEqual(Array.from(result.indices, (row) => first[row]))
        expect(result.count).toBeGreaterThanOrEqual(USED * 300)
        expect(bitsOf(compressSync(points, { ...options, threads: 3 }))).toEqual(bitsOf(result))
      }
    })
  }

  it('a first row of weight zero stands for none of the others', () => {
    const weights = Float64Array.from(first, (row, i) => (row === i ? 0 : 1))
    const result = compressSync(points, { dimension: 2, order: 3, size: distinct + 500, weights })
    expectSubset(result, { ...set, weights }, distinct + 500)
    expect(result.count).toBe(distinct)
    expect(result.weights.every((w) => w === 5)).toBe(true)
  })

  it('-0 equals 0', () => {
    const grid = rowsOf(4000, (i) => {
      const x = i % 10
      const y = Math.floor(i / 10) % 10
      const negative = i >= 2000
      return [x === 0 && negative ? -0 : x, y === 0 && negative ? -0 : y]
    })
    const result = compressSync(grid, { dimension: 2, order: 2, size: 150 })
    expect(Array.from(result.indices)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(result.weights.every((w) => w === 40)).toBe(true)
  })
})

describe('networks and data sets use their size up as well', () => {
  it('1000 relu neurons become at least 194 of 200', () => {
    const random = seeded(11)
    const width = 1000
    const draw = (limit: number) => limit * (2 * random.next() - 1)
    for (const inputs of [1, 2, 5]) {
      const net = {
        inputs,
        width,
        outputs: 1,
        activation: 'relu' as const,
        hidden: fill(width * inputs, () => draw(1)),
        bias: fill(width, () => draw(1)),
        output: fill(width, () => draw(1 / Math.sqrt(width))),
        outputBias: fill(1, () => draw(1)),
      }
      const kept = compressNetworkSync(net, { size: 200 })
      expect(kept.width).toBeLessThanOrEqual(200)
      expect(kept.width).toBeGreaterThanOrEqual(194)
      expect(kept.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    }
  })

  it('data sets, with labels that are numbers and one-hot', () => {
    const random = seeded(12)
    const count = 10_000
    const x = fill(2 * count, () => random.normal())
    const number = fill(count, (i) => Math.sin(x[2 * i]) + 0.1 * random.normal())
    const oneHot = fill(3 * count, () => 0)
    for (let i = 0; i < count; i++) oneHot[3 * i + random.below(3)] = 1
    for (const y of [number, oneHot]) {
      for (const size of [200, 500]) {
        const kept = compressDatasetSync({ x, y, inputs: 2, outputs: y.length / count }, { size })
        expect(kept.count).toBeLessThanOrEqual(size)
        expect(kept.count).toBeGreaterThanOrEqual(USED * size)
        expect(kept.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
      }
    }
  })
})
