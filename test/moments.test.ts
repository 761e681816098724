import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { momentCount, moments, momentsSync, multiIndices } from '../lib/index.js'
import { bytesOf, EPS, fill, normal, seeded, uniform } from './fixtures.js'

describe('momentCount', () => {
  it('is C(m + k, k)', () => {
    const known: [number, number, number][] = [
      [1, 0, 1],
      [1, 7, 8],
      [2, 3, 10],
      [2, 5, 21],
      [3, 5, 56],
      [4, 4, 70],
      [7, 0, 1],
      [10, 10, 184756],
      [100, 3, 176851],
      [3, 100, 176851],
      [1, 2 ** 53 - 2, 2 ** 53 - 1],
      [28, 28, 7648690600760440],
    ]
    for (const [dimension, order, count] of known) expect(momentCount(dimension, order)).toBe(count)
  })

  it('is symmetric and follows Pascal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 1, max: 20 }), (m, k) => {
        expect(momentCount(m, k)).toBe(momentCount(k, m))
        expect(momentCount(m, k)).toBe(momentCount(m - 1, k) + momentCount(m, k - 1))
      }),
    )
  })

  it('refuses what is beyond 2^53, at once', () => {
    for (const [dimension, order] of [
      [30, 30],
      [300, 30],
      [1, 2 ** 53 - 1],
      [1e9, 1e9],
      [2, 1e12],
    ]) {
      expect(() => momentCount(dimension, order)).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'ERR_SIZE' }),
      )
    }
  })

  it('refuses what is not a whole number', () => {
    const wrong = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', null, undefined, 2n, [2], 2 ** 60]
    for (const value of wrong) {
      const name = typeof value === 'number' ? 'RangeError' : 'TypeError'
      const error = expect.objectContaining({ name, code: 'ERR_OPTION' })
      expect(() => momentCount(value as number, 2)).toThrow(error)
      if (value !== 0) expect(() => momentCount(2, value as number)).toThrow(error)
    }
  })
})

describe('multiIndices', () => {
  it('goes 1, x, y, x^2, xy, y^2, x^3, ...', () => {
    expect(Array.from(multiIndices(2, 3))).toEqual(
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [2, 0],
        [1, 1],
        [0, 2],
        [3, 0],
        [2, 1],
        [1, 2],
        [0, 3],
      ].flat(),
    )
    expect(Array.from(multiIndices(3, 1))).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1])
    expect(Array.from(multiIndices(1, 4))).toEqual([0, 1, 2, 3, 4])
    expect(Array.from(multiIndices(4, 0))).toEqual([0, 0, 0, 0])
    expect(multiIndices(1, 255).at(-1)).toBe(255)
  })

  it('lists every monomial once: degree ascending, then lexicographically descending', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 6 }), (m, k) => {
        const list = multiIndices(m, k)
        expect(list.length).toBe(momentCount(m, k) * m)
        let before: number[] | undefined
        for (let j = 0; j < list.length; j += m) {
          const now = Array.from(list.subarray(j, j + m))
          const key = [sum(now), ...now.map((exponent) => -exponent)]
          expect(key[0]).toBeLessThanOrEqual(k)
          if (before) expect(firstDifference(before, key)).toBeGreaterThan(0)
          before = key
        }
      }),
      { numRuns: 40, seed: 3 },
    )
  })

  it('of many columns, and of many degrees', () => {
    const list = multiIndices(5000, 1)
    expect(list.length).toBe(5001 * 5000)
    for (let j = 0; j <= 5000; j += 625) {
      const row = list.subarray(j * 5000, (j + 1) * 5000)
      expect([row.reduce((sum, e) => sum + e, 0), row.indexOf(1)]).toEqual([j === 0 ? 0 : 1, j - 1])
    }
    expect(Array.from(multiIndices(1, 255))).toEqual(Array.from({ length: 256 }, (_, k) => k))
  })

  it('refuses exponents that do not fit a byte, and endless lists', () => {
    expect(() => multiIndices(1, 256)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_OPTION' }))
    expect(() => multiIndices(40, 11)).toThrow(expect.objectContaining({ name: 'Error', code: 'ERR_MEMORY' }))
    expect(() => multiIndices(300, 30)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_SIZE' }))
  })
})

describe('moments', () => {
  it('sums weight times monomial', async () => {
    const points = Float64Array.of(1, 2, 3, 5)
    const weights = Float64Array.of(10, 100)
    const expected = [110, 310, 520, 910, 1520, 2540]
    expect(Array.from(await moments(points, { dimension: 2, order: 2, weights }))).toEqual(expected)
    expect(Array.from(momentsSync(points, { dimension: 2, order: 2, weights }))).toEqual(expected)
    expect(Array.from(momentsSync(points, { dimension: 2, order: 1 }))).toEqual([2, 4, 7])
    expect(Array.from(momentsSync(points, { dimension: 2, order: 0 }))).toEqual([2])
  })

  it('has the right value in every degree up to the highest', () => {
    const points = Float64Array.of(-1, 0.5, 1)
    const got = momentsSync(points, { dimension: 1, order: 255 })
    expect(got.length).toBe(256)
    got.forEach((value, k) => {
      const expected = (k % 2 === 0 ? 2 : 0) + 2 ** -k
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(expected * EPS + 3 * 2 ** -94) // three products, at most 1
    })
  })

  it('of thousands of columns, blocks of them as well', () => {
    const [m, d] = [4000, 6]
    const points = fill(d * m, (at) => ((at * 7919) % 101) - 50)
    const sums = momentsSync(points, { dimension: m, order: 1 })
    const expected = fill(m + 1, (e) => {
      let sum = e === 0 ? d : 0
      for (let i = 0; i < d && e > 0; i++) sum += points[i * m + e - 1]
      return sum
    })
    expect(sums).toEqual(expected)
  })

  it('sums products of Legendre polynomials', () => {
    const x = [0.25, -0.5]
    const y = [0.75, 1]
    const weights = Float64Array.of(2, 3)
    const p2 = (t: number) => (3 * t * t - 1) / 2
    const p3 = (t: number) => (5 * t ** 3 - 3 * t) / 2
    const total = (f: (x: number, y: number) => number) => 2 * f(x[0], y[0]) + 3 * f(x[1], y[1])
    const expected = [
      total(() => 1),
      total((x) => x),
      total((_, y) => y),
      total((x) => p2(x)),
      total((x, y) => x * y),
      total((_, y) => p2(y)),
      total((x) => p3(x)),
      total((x, y) => p2(x) * y),
      total((x, y) => x * p2(y)),
      total((_, y) => p3(y)),
    ]
    const got = momentsSync(Float64Array.of(x[0], y[0], x[1], y[1]), {
      dimension: 2,
      order: 3,
      weights,
      basis: 'legendre',
    })
    expect(got.length).toBe(expected.length)
    got.forEach((value, j) => {
      expect(Math.abs(value - expected[j])).toBeLessThanOrEqual(8 * EPS)
    })
  })

  it('rounds once: equals the exact rational sum', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 200 }),
        (seed, m, k, n) => {
          // Multiples of 2^-20. BigInt adds their fifth powers times the weight without rounding.
          const random = seeded(seed)
          const integers = Array.from({ length: n * m }, () => random.below(2 ** 21) - 2 ** 20)
          const weights = Array.from({ length: n }, () => random.below(2 ** 20))
          weights[0] += 1
          const got = momentsSync(
            fill(n * m, (i) => integers[i] / 2 ** 20),
            { dimension: m, order: k, weights: Float64Array.from(weights) },
          )
          const indices = multiIndices(m, k)
          for (let j = 0; j < got.length; j++) {
            let exact = 0n
            let degree = 0
            for (let i = 0; i < n; i++) {
              let term = BigInt(weights[i])
              for (let a = 0; a < m; a++) term *= BigInt(integers[i * m + a]) ** BigInt(indices[j * m + a])
              exact += term
            }
            for (let a = 0; a < m; a++) degree += indices[j * m + a]
            // Number(bigint) rounds to nearest even. A sum that is rounded twice may differ in the last bit.
            const expected = Number(exact) / 2 ** (20 * degree)
            expect(Math.abs(got[j] - expected)).toBeLessThanOrEqual(Math.abs(expected) * EPS)
          }
        },
      ),
      { numRuns: 30, seed: 3 },
    )
  })

  it('gives the same bits for any number of threads, in both forms, for float32 and strides', async () => {
    const points = normal(20_000, 3)
    const weights = uniform(20_000, 1, 5).map(Math.abs)
    const options = { dimension: 3, order: 4, weights }
    for (const basis of ['monomial', 'legendre'] as const) {
      const expected = bytesOf(momentsSync(points, { ...options, basis, threads: 1 }))
      for (const threads of [1, 2, 3, 4]) {
        expect(bytesOf(momentsSync(points, { ...options, basis, threads }))).toBe(expected)
        expect(bytesOf(await moments(points, { ...options, basis, threads }))).toBe(expected)
      }
    }
    const single = Float32Array.from(points)
    expect(bytesOf(momentsSync(single, options))).toBe(bytesOf(momentsSync(Float64Array.from(single), options)))
    const columns = fill(60_000, (i) => points[(i % 20_000) * 3 + Math.floor(i / 20_000)])
    const transposed = { data: columns, shape: [20_000, 3], stride: [1, 20_000] }
    expect(bytesOf(momentsSync(transposed, { order: 4, weights }))).toBe(bytesOf(momentsSync(points, options)))
  })

  it('gives the same bits for any order of the rows', () => {
    const random = seeded(11)
    const count = 20_000
    // Tails over many decades, some values that cancel, and weights over 30 decades.
    const points = fill(count * 2, (i) => (i % 5 === 0 ? Math.round(random.normal() * 8) : random.normal() ** 9))
    const weights = fill(count, () => 10 ** (30 * random.next() - 15))
    const order = Array.from({ length: count }, (_, i) => i)
    for (let i = count - 1; i > 0; i--) {
      const j = random.below(i + 1)
      const other = order[i]
      order[i] = order[j]
      order[j] = other
    }
    const shuffled = fill(count * 2, (i) => points[2 * order[i >> 1] + (i & 1)])
    const shuffledWeights = fill(count, (i) => weights[order[i]])
    for (const basis of ['monomial', 'legendre'] as const)
      for (const degree of [1, 4, 7]) {
        const options = { dimension: 2, order: degree, basis }
        expect(bytesOf(momentsSync(shuffled, options))).toBe(bytesOf(momentsSync(points, options)))
        expect(bytesOf(momentsSync(shuffled, { ...options, weights: shuffledWeights }))).toBe(
          bytesOf(momentsSync(points, { ...options, weights })),
        )
      }
  })
})

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Positive when b comes after a. */
function firstDifference(a: number[], b: number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return b[i] - a[i]
  return 0
}
