import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Recombined, recombine, recombineSync } from '../lib/index.js'
import { bytesOf, EPS, fill, fixedPoint, normal, RESIDUAL_BOUND, rowsOf, seeded, uniform } from './fixtures.js'

/** The largest over columns of |sum w' f - sum w f| / sum w |f|, in exact arithmetic. */
function columnResidual(
  features: Float64Array,
  width: number,
  weights: Float64Array,
  result: Recombined,
  bits = 120,
): number {
  const exact = (value: number) => fixedPoint(value, bits)
  let largest = 0
  for (let j = 0; j < width; j++) {
    let before = 0n
    let size = 0n
    let after = 0n
    for (let i = 0; i < weights.length; i++) {
      const term = exact(weights[i]) * exact(features[i * width + j])
      before += term
      size += term < 0n ? -term : term
    }
    result.indices.forEach((row, i) => {
      after += exact(result.weights[i]) * exact(features[row * width + j])
    })
    // The quotient in 60 bits: the numbers themselves may be beyond doubles.
    const off = after > before ? after - before : before - after
    if (size > 0n) largest = Math.max(largest, Number((off << 60n) / size) / 2 ** 60)
  }
  return largest
}

function expectRecombined(features: Float64Array, width: number, weights: Float64Array, result: Recombined): void {
  expect(result.indices.length).toBe(result.weights.length)
  expect(result.indices.length).toBeGreaterThan(0)
  expect(result.indices.length).toBeLessThanOrEqual(result.rank)
  expect(result.rank).toBeLessThanOrEqual(Math.min(width, weights.length))
  result.indices.forEach((row, i) => {
    expect(row).toBeLessThan(weights.length)
    if (i > 0) expect(row).toBeGreaterThan(result.indices[i - 1])
    expect(weights[row]).toBeGreaterThan(0)
    expect(result.weights[i]).toBeGreaterThan(0)
    expect(result.weights[i]).toBeLessThan(Number.POSITIVE_INFINITY)
  })
  const residual = columnResidual(features, width, weights, result)
  expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  expect(Math.abs(result.residual - residual)).toBeLessThanOrEqual(EPS)
}

/** A column of ones first, so that the total weight is kept. */
function withOnes(count: number, width: number, value: (row: number, column: number) => number): Float64Array {
  return fill(count * width, (i) => (i % width === 0 ? 1 : value(Math.floor(i / width), i % width)))
}

describe('recombine', () => {
  it('keeps the column sums with at most rank rows', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 24 }),
        fc.boolean(),
        (seed, count, width, zeros) => {
          const random = seeded(seed)
          const features = withOnes(count, width, () => random.normal())
          const weights = fill(count, () => (zeros && random.next() < 0.3 ? 0 : random.next() + 2 ** -10))
          weights[random.below(count)] = 1
          expectRecombined(features, width, weights, recombineSync(features, { width, count, weights }))
        },
      ),
      { numRuns: 60, seed: 7 },
    )
  })

  it('takes weights over many decades', () => {
    const random = seeded(7)
    const features = withOnes(500, 12, () => random.normal())
    const weights = fill(500, () => 10 ** (10 * random.next() - 5))
    expectRecombined(features, 12, weights, recombineSync(features, { width: 12, weights }))
  })

  it('finds the rank of dependent columns', () => {
    const random = seeded(11)
    // Columns 0 to 4 are random; columns 5 to 9 are differences of two of them.
    const rows = rowsOf(200, () => {
      const free = [1, ...Array.from({ length: 4 }, () => random.normal())]
      return [...free, ...free.map((value, a) => value - free[(a + 1) % 5])]
    })
    const weights = new Float64Array(200).fill(1)
    const result = recombineSync(rows, { width: 10, weights })
    expect(result.rank).toBe(5)
    expectRecombined(rows, 10, weights, result)
  })

  it('merges equal rows, and returns one row when all are equal', () => {
    const features = rowsOf(100, (i) => [1, i % 3, (i % 3) ** 2, (i % 3) ** 3])
    const weights = new Float64Array(100).fill(1)
    const three = recombineSync(features, { width: 4, weights })
    expect(three.rank).toBe(3)
    expectRecombined(features, 4, weights, three)

    const equal = rowsOf(50, () => [1, 2.5, -3])
    const one = recombineSync(equal, { width: 3 })
    expect(one.rank).toBe(1)
    expect(one.indices.length).toBe(1)
    expect(one.weights[0]).toBe(50)
  })

  it.each([1e-252, 1e252])('keeps columns whose products with weights of %d leave the range of doubles', (size) => {
    const [count, width] = [60, 3]
    const random = seeded(8)
    // The sums are in units of size, because size * size is 0 or infinite.
    const units = Array.from({ length: count }, () => [1, random.next() - 0.5, random.next()])
    const features = Float64Array.from(units.flatMap(([one, a, b]) => [one, a * (size < 1 ? size : 1), b]))
    const weights = Float64Array.from(units, () => size)
    const few = recombineSync(features, { width, weights })
    for (const column of [0, 1, 2]) {
      const all = units.reduce((sum, row) => sum + row[column], 0)
      let some = 0
      few.indices.forEach((row, i) => {
        some += (few.weights[i] / size) * units[row][column]
      })
      expect(Math.abs(some - all)).toBeLessThan(1e-13 * count)
    }
    expect(few.residual).toBeLessThan(50 * Number.EPSILON)
  })

  it('keeps a single row as it is', () => {
    const result = recombineSync(Float64Array.of(1, 2, 3), { width: 3, weights: Float64Array.of(0.75) })
    expect(result).toMatchObject({ indices: Uint32Array.of(0), weights: Float64Array.of(0.75), residual: 0, rank: 1 })
  })

  it('keeps at most N rows as they are rather than lose a column', () => {
    const random = seeded(40)
    const powers = rowsOf(27, () => {
      const t = random.normal()
      return Array.from({ length: 27 }, (_, j) => t ** j)
    })
    const weights = new Float64Array(27).fill(1)
    expectRecombined(powers, 27, weights, recombineSync(powers, { width: 27, weights }))
  })

  it.each([15, 29, 40])('keeps the raw powers up to degree %i', (degree) => {
    const points = uniform(3000, 1, degree)
    const powers = rowsOf(3000, (i) => Array.from({ length: degree + 1 }, (_, j) => points[i] ** j))
    const result = recombineSync(powers, { width: degree + 1 })
    expectRecombined(powers, degree + 1, new Float64Array(3000).fill(1), result)
  })

  it('gives the same bits in both forms, for any number of threads, float32 and strides', async () => {
    const features = withOnes(3000, 30, () => 0)
    const random = normal(3000 * 30, 1, 3)
    for (let i = 0; i < features.length; i++) if (i % 30 !== 0) features[i] = random[i]
    const weights = uniform(3000, 1, 4).map(Math.abs)
    const bits = (result: Recombined) => [
      bytesOf(result.indices),
      bytesOf(result.weights),
      result.residual,
      result.rank,
    ]
    const expected = bits(recombineSync(features, { width: 30, weights, threads: 1 }))
    for (const threads of [1, 2, 3, 4]) {
      expect(bits(await recombine(features, { width: 30, weights, threads }))).toEqual(expected)
      expect(bits(recombineSync(features, { width: 30, weights, threads }))).toEqual(expected)
    }
    // Columns are reversed twice: in memory, and by a negative stride.
    const reversed = fill(features.length, (i) => features[i - (i % 30) + 29 - (i % 30)])
    const view = { data: reversed, shape: [3000, 30], stride: [30, -1], offset: 29 }
    expect(bits(recombineSync(view, { weights }))).toEqual(expected)
    const single = Float32Array.from(features)
    expect(bits(recombineSync(single, { width: 30, weights }))).toEqual(
      bits(recombineSync(Float64Array.from(single), { width: 30, weights })),
    )
  })

  it.each([
    [4000, 300],
    [1500, 700],
  ])('keeps the sums of %i rows of %i columns, with the same bits for any number of threads', (count, width) => {
    const random = seeded(width)
    const features = withOnes(count, width, () => random.normal())
    const weights = fill(count, () => random.next() + 0.01)
    const result = recombineSync(features, { width, weights, threads: 1 })
    expect(result.rank).toBe(width)
    expectRecombined(features, width, weights, result)
    for (const threads of [2, 5]) {
      const other = recombineSync(features, { width, weights, threads })
      expect(bytesOf(other.indices)).toEqual(bytesOf(result.indices))
      expect(bytesOf(other.weights)).toEqual(bytesOf(result.weights))
    }
  })

  it.each([
    ['combinations of others', 300, 250],
    ['combinations of others', 500, 420],
  ])('finds the rank of many columns that are %s: %i columns of rank %i', (_, width, rank) => {
    const random = seeded(rank)
    const count = 5 * width
    const mix = fill(rank * (width - rank), () => random.normal() / Math.sqrt(rank))
    const features = new Float64Array(count * width)
    for (let i = 0; i < count; i++) {
      const row = features.subarray(i * width, (i + 1) * width)
      row[0] = 1
      for (let j = 1; j < rank; j++) row[j] = random.normal()
      for (let j = rank; j < width; j++) for (let e = 0; e < rank; e++) row[j] += row[e] * mix[(j - rank) * rank + e]
    }
    const weights = new Float64Array(count).fill(1)
    const result = recombineSync(features, { width, weights })
    expect(result.rank).toBe(rank)
    expectRecombined(features, width, weights, result)
  })

  it('needs no row twice when a few distinct rows are repeated many times', () => {
    const random = seeded(21)
    const width = 300
    const distinct = rowsOf(40, () => [1, ...Array.from({ length: width - 1 }, () => random.normal())])
    const count = 3000
    const features = fill(count * width, (i) => distinct[(Math.floor(i / width) % 40) * width + (i % width)])
    const weights = fill(count, () => random.next() + 0.1)
    const result = recombineSync(features, { width, weights })
    expect(result.rank).toBe(40)
    expectRecombined(features, width, weights, result)
  })

  it('finds the few rows of positive weight among many of weight zero', () => {
    const random = seeded(5)
    const features = withOnes(5000, 12, () => random.normal())
    const weights = new Float64Array(5000)
    for (let i = 0; i < 30; i++) weights[random.below(5000)] = random.next() + 0.1
    expectRecombined(features, 12, weights, recombineSync(features, { width: 12, weights }))
  })

  it('refuses a number that is not finite in a row of weight zero, too, in place and in a copy', async () => {
    const features = uniform(3000, 4)
    features[2001 * 4 + 3] = Number.NaN
    const weights = new Float64Array(3000).fill(1)
    weights[2001] = 0
    const expected = { code: 'ERR_NOT_FINITE', message: expect.stringMatching(/row 2001, column 3/) }
    expect(() => recombineSync(features, { width: 4, weights })).toThrow(expect.objectContaining(expected))
    await expect(recombine(features, { width: 4, weights })).rejects.toMatchObject(expected)
  })

  it('refuses a number that is not finite in a row of weight zero where there are fewer rows than columns', () => {
    const features = uniform(3, 8)
    features[7] = Number.POSITIVE_INFINITY
    const call = () => recombineSync(features, { width: 8, weights: Float64Array.of(0, 1, 1) })
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_NOT_FINITE' }))
  })

  // What is beyond doubles in between must not be lost without a word. Found by random input.
  it.each<[string, number, number[], number[]]>([
    ['weights over 1600 powers of two', 2, [1, 2 ** -937, -3, 2 ** 432, 5, 2 ** 318], [2 ** 867, 2 ** -372, 2 ** -791]],
    [
      'products below the least double',
      2,
      [1, 2 ** -967, 2, 2 ** -965, 3, -(2 ** -966), 4, 2 ** -967],
      [3, 4, 5, 6].map((w) => w * 2 ** -136),
    ],
    ['subnormal weights', 1, [-22, 19, 18, 116], [3, 5, 1, 16].map((w) => w * 4096 * Number.MIN_VALUE)],
    [
      'one column over all doubles',
      1,
      [-(2 ** 761), 3, 2 ** -957, -(2 ** -1002), -(2 ** 1016), 2 ** 740, -(2 ** -1009)],
      [1, 2, 3, 4, 5, 6, 7],
    ],
  ])('is right or refuses: %s', (_, width, numbers, list) => {
    const [features, weights] = [Float64Array.from(numbers), Float64Array.from(list)]
    let result: Recombined | undefined
    try {
      result = recombineSync(features, { width, weights })
    } catch (error) {
      expect((error as { code: string }).code).toMatch(/^ERR_(INFEASIBLE|WEIGHT)$/)
    }
    if (result) {
      const residual = columnResidual(features, width, weights, result, 1100)
      expect(residual).toBeLessThanOrEqual(4 * result.residual + RESIDUAL_BOUND)
      expect(result.residual).toBeLessThan(2 ** -26)
    }
  })

  it('is not disturbed by what happens to the features after an asynchronous call', async () => {
    const random = seeded(6)
    const features = withOnes(20000, 30, () => random.normal())
    const expected = recombineSync(features, { width: 30 })
    const before = features.slice()
    const promise = recombine(features, { width: 30 })
    features.fill(Number.NaN)
    const result = await promise
    expect(bytesOf(result.indices)).toEqual(bytesOf(expected.indices))
    expect(bytesOf(result.weights)).toEqual(bytesOf(expected.weights))
    expect(recombineSync(before, { width: 30 }).residual).toBe(expected.residual)
  })

  it('returns exactly the fields that are documented', async () => {
    const result = await recombine(uniform(40, 3), { width: 3, count: 40 })
    expect(Object.keys(result).sort()).toEqual(['indices', 'rank', 'residual', 'weights'])
    expect(result.indices).toBeInstanceOf(Uint32Array)
    expect(result.weights).toBeInstanceOf(Float64Array)
  })
})
