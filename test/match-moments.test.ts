import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ErrorCode,
  matchMoments,
  matchMomentsSync,
  momentCount,
  moments,
  momentsSync,
  multiIndices,
  type Numbers,
  nnlsSync,
} from '../lib/index.js'
import { bytesOf, EPS, fill, normal, seeded, uniform } from './fixtures.js'

// biome-ignore lint/suspicious/noExplicitAny: wrong values are the point of some tests
type Any = any

interface Case {
  points: Numbers
  dimension: number
  order: number
  basis?: 'monomial' | 'legendre'
  weights?: Float64Array
}

/** Legendre polynomial P_j, or the power. */
function one(basis: string | undefined, j: number, x: number): number {
  if (basis !== 'legendre') return x ** j
  let [before, now] = [1, x]
  if (j === 0) return 1
  for (let i = 1; i < j; i++) [before, now] = [now, ((2 * i + 1) * x * now - i * before) / (i + 1)]
  return now
}

function features({ points, dimension, order, basis }: Case): Float64Array[] {
  const rows = multiIndices(dimension, order)
  const count = points.length / dimension
  return Array.from({ length: rows.length / dimension }, (_, e) =>
    fill(count, (i) => {
      let product = 1
      for (let a = 0; a < dimension; a++) product *= one(basis, rows[e * dimension + a], points[i * dimension + a])
      return product
    }),
  )
}

/** The sum of products, compensated for the rounding of the additions (Neumaier). */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): { sum: number; size: number } {
  let sum = 0
  let lost = 0
  let size = 0
  for (let i = 0; i < a.length; i++) {
    const term = a[i] * b[i]
    const next = sum + term
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum
    sum = next
    size += Math.abs(term)
  }
  return { sum: sum + lost, size }
}

/** Checks everything that a result must be, except that it is the nearest. */
function expectMet(
  set: Case,
  target: Numbers,
  result: { weights: Float64Array; residual: number },
  bound = 8 * EPS,
): void {
  expect(result.weights.length).toBe(set.points.length / set.dimension)
  expect(result.weights.every((w) => w >= 0 && w < Number.POSITIVE_INFINITY)).toBe(true)
  expect(result.residual).toBeLessThanOrEqual(bound)
  const worst = Math.max(
    ...features(set).map((phi, e) => {
      const { sum, size } = dot(result.weights, phi)
      return size === 0 ? Math.abs(target[e]) : Math.abs(sum - target[e]) / size
    }),
  )
  // The features in this test are rounded, by a few epsilons each.
  expect(Math.abs(worst - result.residual)).toBeLessThanOrEqual(2 * (set.order + 2) * EPS)
  set.weights?.forEach((w, i) => {
    if (w === 0) expect(result.weights[i]).toBe(0)
  })
}

/**
 * Checks the conditions for the nearest weights: for a polynomial p, w = c (1 + p) where w > 0, and 1 + p <= 0 where
 * w = 0. Weighted least squares find p, in a basis that is orthonormal over the points (modified Gram-Schmidt, twice).
 */
function expectNearest(set: Case, weights: Float64Array, bound = 1e-8): void {
  const c = set.weights ?? new Float64Array(weights.length).fill(1)
  const on = fill(weights.length, (i) => (weights[i] > 0 ? c[i] : 0))
  const over = (a: Float64Array, b: Float64Array) =>
    dot(
      on.map((v, i) => v * a[i]),
      b,
    ).sum
  const basis: Float64Array[] = []
  for (const phi of features(set)) {
    const v = phi.slice()
    const before = Math.sqrt(over(v, v))
    for (let pass = 0; pass < 2; pass++) {
      for (const q of basis) {
        const along = over(q, v)
        for (let i = 0; i < v.length; i++) v[i] -= along * q[i]
      }
    }
    const norm = Math.sqrt(over(v, v))
    if (!(norm > 1e-9 * before)) continue
    basis.push(v.map((x) => x / norm))
  }
  const h = fill(weights.length, (i) => (c[i] > 0 ? weights[i] / c[i] - 1 : 0))
  const p = new Float64Array(weights.length)
  for (const q of basis) {
    const along = over(q, h)
    for (let i = 0; i < p.length; i++) p[i] += along * q[i]
  }
  let worst = 0
  for (let i = 0; i < p.length; i++) {
    if (c[i] === 0) continue
    worst = Math.max(worst, weights[i] > 0 ? Math.abs(h[i] - p[i]) : 1 + p[i])
  }
  expect(worst).toBeLessThanOrEqual(bound)
}

function targetOf(set: Case, weights: Float64Array): Float64Array {
  const { points, dimension, order, basis } = set
  return momentsSync(points, { dimension, order, basis, weights })
}

function match(set: Case, target: Numbers) {
  const { points, dimension, order, basis, weights } = set
  return matchMomentsSync(points, target, { dimension, order, basis, weights })
}

describe('matchMoments', () => {
  it.each([
    [1, 0],
    [1, 1],
    [1, 6],
    [2, 3],
    [2, 5],
    [3, 4],
    [5, 2],
    [10, 1],
  ])('m = %i, order %i: met and nearest, in both bases', (dimension, order) => {
    const count = 20 * momentCount(dimension, order)
    const points = uniform(count, dimension, 3)
    const draw = seeded(4)
    for (const basis of ['monomial', 'legendre'] as const) {
      const set = { points, dimension, order, basis }
      for (const wanted of [
        fill(count, () => 0.5 + draw.next()),
        fill(count, (i) => (points[i * dimension] > 0 ? 1 : 0.01)),
        fill(count, () => draw.next() ** 6),
      ]) {
        const target = targetOf(set, wanted)
        const result = match(set, target)
        expectMet(set, target, result)
        expectNearest(set, result.weights)
        const weights = fill(count, (i) => (i % 5 === 0 ? 0 : 10 ** (4 * draw.next() - 2)))
        const own = { ...set, weights }
        const reachable = targetOf(
          set,
          wanted.map((w, i) => (weights[i] > 0 ? w : 0)),
        )
        const other = match(own, reachable)
        expectMet(own, reachable, other)
        expectNearest(own, other.weights)
      }
    }
  })

  it('the target of the given weights: they come back', () => {
    const points = uniform(300, 2)
    const weights = fill(300, (i) => 1 + (i % 7))
    const target = momentsSync(points, { dimension: 2, order: 4, weights })
    const result = matchMomentsSync(points, target, { dimension: 2, order: 4, weights })
    result.weights.forEach((w, i) => {
      expect(Math.abs(w - weights[i])).toBeLessThanOrEqual(1e-12 * weights[i])
    })
  })

  it('the same weights as nnls with equality constraints', () => {
    const count = 60
    const points = uniform(count, 2, 5)
    const weights = fill(count, (i) => 1 + (i % 3))
    const set: Case = { points, dimension: 2, order: 2, basis: 'legendre', weights }
    const target = targetOf(
      set,
      fill(count, (i) => (points[2 * i] > 0.2 ? 3 : 0)),
    )
    const result = match(set, target)
    expect(result.weights.some((w) => w === 0)).toBe(true)
    const diagonal = fill(count * count, (at) => (at % (count + 1) === 0 ? 1 / Math.sqrt(weights[at % count]) : 0))
    const { x } = nnlsSync(diagonal, weights.map(Math.sqrt), {
      columns: count,
      equality: { matrix: Float64Array.from(features(set).flatMap((phi) => [...phi])), rhs: target },
    })
    x.forEach((w, i) => {
      expect(Math.abs(w - result.weights[i])).toBeLessThanOrEqual(1e-9)
    })
  })

  const shapes: [string, number, (i: number, a: number, value: number) => number][] = [
    ['a lattice', 2, (i, a) => Math.floor(i / 5 ** a) % 5],
    ['a line', 2, (i, a) => (a + 1) * Math.sqrt(i + 2)],
    ['a circle', 2, (i, a) => (a === 0 ? Math.cos(i) : Math.sin(i))],
    ['a constant column', 3, (_, a, v) => (a === 1 ? 0.3 : v)],
    ['two equal columns', 3, (i, a, v) => (a === 1 ? v : Math.sin(i))],
    ['nearly collinear columns', 2, (i, a, v) => Math.sin(i) + (a === 0 ? 0 : 1e-5 * v)],
    ['all points equal', 2, (_, a) => a + 0.1],
    ['columns of very different units', 3, (_, a, v) => v * 10 ** (8 * a - 8)],
    ['heavy tails', 2, (i, _, v) => v / (0.01 + Math.abs(Math.sin(i * i)))],
    ['an offset', 2, (_, a, v) => 1000 * (a + 1) + v],
  ]
  it.each(shapes)('on %s', (_, dimension, value) => {
    const count = 400
    const draws = uniform(count, dimension, 8)
    const points = fill(count * dimension, (at) => value(Math.floor(at / dimension), at % dimension, draws[at]))
    for (const order of [1, 2, 3]) {
      const set = { points, dimension, order }
      for (const wanted of [fill(count, (i) => 1 + (i % 4)), fill(count, (i) => (i % 3 === 0 ? 1 : 0))]) {
        const target = targetOf(set, wanted)
        expectMet(set, target, match(set, target))
      }
    }
  })

  it('monomials of 1000 +- 1: met as far as they tell, in every order', () => {
    for (const dimension of [1, 2]) {
      const points = uniform(2000, dimension, 9).map((x) => 1000 + x)
      for (const order of [1, 2, 3, 4, 5]) {
        const set = { points, dimension, order }
        for (const wanted of [
          fill(2000, (i) => 1 + (i % 4)),
          fill(2000, (i) => (points[i * dimension] > 1000 ? 1 : 0)),
        ]) {
          const target = targetOf(set, wanted)
          const result = match(set, target)
          expect(result.weights.every((w) => w >= 0)).toBe(true)
          // The rounding of the target alone is half an epsilon. At higher orders it is that of 2^order terms.
          expect(result.residual).toBeLessThanOrEqual((order <= 3 ? 2 : 50) * EPS)
          if (order > 2) continue
          // The central moments agree as well, as far as the target holds them: to 10^6 epsilons at order 2.
          const mean =
            result.weights.reduce((s, w, i) => s + w * (points[i * dimension] - 1000), 0) /
            dot(result.weights, new Float64Array(2000).fill(1)).sum
          const truth =
            wanted.reduce((s, w, i) => s + w * (points[i * dimension] - 1000), 0) / wanted.reduce((s, w) => s + w)
          expect(Math.abs(mean - truth)).toBeLessThanOrEqual(1e-9)
        }
      }
    }
  })

  it('high orders', () => {
    const line = uniform(3000, 1, 2)
    const plane = uniform(4000, 2, 2)
    for (const set of [
      { points: line, dimension: 1, order: 40, basis: 'legendre' as const },
      { points: line, dimension: 1, order: 20 },
      { points: plane, dimension: 2, order: 12, basis: 'legendre' as const },
      { points: plane, dimension: 2, order: 10 },
    ]) {
      const target = targetOf(
        set,
        fill(set.points.length / set.dimension, (i) => 0.5 + ((i * 7) % 10) / 10),
      )
      const result = match(set, target)
      expect(result.residual).toBeLessThanOrEqual(8 * EPS)
    }
  })

  describe('where little or nothing is left to choose', () => {
    it('one point alone has the target', () => {
      const points = normal(500, 2, 4)
      const wanted = fill(500, (i) => (i === 17 ? 3 : 0))
      for (const order of [2, 4, 5]) {
        const { weights } = match({ points, dimension: 2, order }, targetOf({ points, dimension: 2, order }, wanted))
        expect(Math.abs(weights[17] - 3)).toBeLessThanOrEqual(1e-10)
        expect(dot(weights, new Float64Array(500).fill(1)).sum - weights[17]).toBeLessThanOrEqual(1e-8)
      }
    })

    it('the points of one edge of a lattice: nearest among those', () => {
      const points = fill(2 * 400, (at) => (at % 2 === 0 ? Math.floor(at / 2) % 20 : Math.floor(at / 40)) / 19)
      const wanted = fill(400, (i) => (i >= 380 ? 0.5 + ((i * 7) % 10) / 10 : 0))
      for (const order of [1, 2, 4]) {
        const set = { points, dimension: 2, order }
        const target = targetOf(set, wanted)
        const { weights, residual } = match(set, target)
        expect(residual).toBeLessThanOrEqual(2 ** -40)
        const edge = { points: fill(20, (i) => i / 19), dimension: 1, order }
        const nearest = match(edge, targetOf(edge, wanted.slice(380)))
        weights.forEach((w, i) => {
          expect(Math.abs(w - (i >= 380 ? nearest.weights[i - 380] : 0))).toBeLessThanOrEqual(1e-6)
        })
      }
    })

    it('as many points as moments, and fewer', () => {
      for (const count of [1, 2, 5, 10]) {
        const set = { points: uniform(count, 2, 6), dimension: 2, order: 3 }
        const wanted = fill(count, (i) => i + 1)
        const target = targetOf(set, wanted)
        const result = match(set, target)
        expectMet(set, target, result)
        result.weights.forEach((w, i) => {
          expect(Math.abs(w - wanted[i])).toBeLessThanOrEqual(1e-9)
        })
      }
    })

    it('the target 0: all weights 0', () => {
      const { weights, residual } = matchMomentsSync(uniform(40, 2), new Float64Array(6), { dimension: 2, order: 2 })
      expect(weights).toEqual(new Float64Array(40))
      expect(residual).toBe(0)
    })
  })

  it('property: scaling by powers of two scales the weights, and moves nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: -40, max: 40 }), (seed, power) => {
        const points = normal(150, 2, seed)
        const set = { points, dimension: 2, order: 3 }
        const wanted = uniform(150, 1, seed).map(Math.abs)
        const plain = match(set, targetOf(set, wanted))
        const factor = 2 ** power
        const moved = { ...set, points: points.map((x) => x * factor) }
        const same = match(moved, targetOf(moved, wanted))
        const heavy = { ...set, weights: new Float64Array(150).fill(factor) }
        const scaled = match(
          heavy,
          targetOf(
            set,
            wanted.map((w) => w * factor),
          ),
        )
        plain.weights.forEach((w, i) => {
          expect(Math.abs(same.weights[i] - w)).toBeLessThanOrEqual(1e-9)
          expect(Math.abs(scaled.weights[i] / factor - w)).toBeLessThanOrEqual(1e-9)
        })
      }),
      { numRuns: 40 },
    )
  })

  it('a point of weight 2 is two points of weight 1', () => {
    const points = uniform(100, 2, 3)
    const set = { points, dimension: 2, order: 3, weights: fill(100, (i) => (i < 50 ? 2 : 1)) }
    const target = targetOf(
      set,
      fill(100, (i) => (points[2 * i] > 0 ? 2 : 0)),
    )
    const once = match(set, target)
    const twice = match(
      { points: Float64Array.from([...points, ...points.subarray(0, 100)]), dimension: 2, order: 3 },
      target,
    )
    once.weights.forEach((w, i) => {
      const other = i < 50 ? twice.weights[i] + twice.weights[100 + i] : twice.weights[i]
      expect(Math.abs(w - other)).toBeLessThanOrEqual(1e-9)
    })
  })

  it('the same bits with and without Sync, for any number of threads, every kind of array', async () => {
    const points = normal(30_000, 2, 5)
    const target = momentsSync(points, { dimension: 2, order: 4, weights: uniform(30_000, 1).map(Math.abs) })
    const now = matchMomentsSync(points, target, { dimension: 2, order: 4, threads: 1 })
    for (const threads of [1, 2, 3]) {
      const later = await matchMoments(points, target, { dimension: 2, order: 4, threads })
      expect(bytesOf(later.weights)).toBe(bytesOf(now.weights))
      expect(later.residual).toBe(now.residual)
    }
    const turned = fill(60_000, (at) => points[(at % 30_000) * 2 + Math.floor(at / 30_000)])
    const view = { data: turned, shape: [30_000, 2], stride: [1, 30_000] }
    expect(bytesOf(matchMomentsSync(view, target, { order: 4 }).weights)).toBe(bytesOf(now.weights))
  })

  it('writes to nothing that it was given, and copies before it returns', async () => {
    const points = uniform(500, 2)
    const weights = uniform(500, 1).map(Math.abs)
    const target = await moments(points, { dimension: 2, order: 2 })
    const kept = [points.slice(), weights.slice(), target.slice()]
    const options = { dimension: 2, order: 2, weights }
    const expected = matchMomentsSync(points, target, options)
    expect([points, weights, target]).toEqual(kept)
    const later = matchMoments(points, target, options)
    points.fill(Number.NaN)
    weights.fill(-1)
    structuredClone(target.buffer, { transfer: [target.buffer as ArrayBuffer] })
    expect(await later).toEqual(expected)
  })

  it('an abort, before and during; progress', async () => {
    const reason = new Error('enough')
    const points = uniform(200_000, 2, 3)
    const weights = fill(200_000, (i) => (points[2 * i] > 0.3 ? 1 : 0.01))
    const target = momentsSync(points, { dimension: 2, order: 6, weights })
    const options = { dimension: 2, order: 6, threads: 1 }
    await expect(matchMoments(points, target, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const promise = matchMoments(points, target, { ...options, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 30)
    await expect(promise).rejects.toBe(reason)
    const stages = new Set<string>()
    await matchMoments(points, target, { ...options, onProgress: ({ stage }) => stages.add(stage) })
    expect(stages.has('solve')).toBe(true)
  })

  describe('ERR_INFEASIBLE, with the moment, its target and what the points allow', () => {
    const points = uniform(300, 2, 7)
    const set = { points, dimension: 2, order: 2 }
    const change = (at: number, value: number) => {
      const target = targetOf(set, new Float64Array(300).fill(1))
      target[at] = value
      return target
    }
    const cases: [string, Numbers, RegExp][] = [
      ['a negative total', change(0, -1), /target\[0\], the total weight, is -1 and cannot be below 0$/],
      ['a mean outside of the points', change(1, 400), /target\[1\], .*\[1, 0\], is 400, .* no more than 29\d\.\d+$/],
      ['a negative square', change(3, -1), /target\[3\], .*\[2, 0\], is -1, .* no less than 0\.0\d+$/],
      ['no variance, but a mean between the points', change(3, 0), /target\[3\], .*\[2, 0\], is 0, .* no less than/],
      ['a square beyond the largest', change(5, 301), /target\[5\], .*\[0, 2\], is 301, .* no more than 29\d/],
      ['a product beyond the largest', change(4, 290), /target\[4\], .*\[1, 1\], is 290, .* no more than 28\d/],
    ]
    it.each(cases)('%s', async (_, target, says) => {
      const expected = { code: 'ERR_INFEASIBLE', message: expect.stringMatching(says) }
      expect(() => match(set, target)).toThrow(expect.objectContaining(expected))
      await expect(matchMoments(points, target, { dimension: 2, order: 2 })).rejects.toMatchObject(expected)
    })

    it('a total that does not go with a constant column', () => {
      const flat = fill(200, (at) => (at % 2 === 0 ? Math.sin(at) : 2))
      const target = targetOf({ points: flat, dimension: 2, order: 1 }, new Float64Array(100).fill(1))
      target[2] = 201
      expect(() => match({ points: flat, dimension: 2, order: 1 }, target)).toThrow(
        /target\[2\], .*\[0, 1\], is 201, but its function is 2 on every point .* total weight of 100 it can only be 200$/,
      )
    })

    it('a function that is 0 on every point, in few columns and in many', () => {
      const empty = fill(300, (at) => (at % 3 === 2 ? 0 : Math.sin(at)))
      const target = targetOf({ points: empty, dimension: 3, order: 2 }, new Float64Array(100).fill(1))
      target[3] = 50
      expect(() => match({ points: empty, dimension: 3, order: 2 }, target)).toThrow(
        /target\[3\], the moment of exponents \[0, 0, 1\], is 50, but its function is 0 on every point/,
      )
      const wide = fill(40 * 20, (at) => (at % 20 === 15 ? 0 : Math.sin(at)))
      const other = targetOf({ points: wide, dimension: 20, order: 1 }, new Float64Array(40).fill(1))
      other[16] = 1
      expect(() => match({ points: wide, dimension: 20, order: 1 }, other)).toThrow(
        /target\[16\], the moment of exponents 1 in column 15, is 1, but its function is 0 on every point/,
      )
    })

    it('moments that can be met one by one only: which is furthest off, and how far', () => {
      const line = Float64Array.of(0, 0.25, 0.5, 0.75, 1)
      // Mean 1/2, mean square 0.1: below the square of the mean.
      expect(() => match({ points: line, dimension: 1, order: 2 }, Float64Array.of(1, 0.5, 0.1))).toThrow(
        /not all together; .*target\[\d\], .*, which is [\d.]+ and comes to [\d.]+, a relative residual of [\de.-]+$/,
      )
    })

    it('property: no message has an infinity or a NaN, and each names a moment', () => {
      const draw = seeded(8)
      for (let trial = 0; trial < 40; trial++) {
        const [m, order] = [1 + draw.below(3), 1 + draw.below(3)]
        const scale = 10 ** (40 * draw.next() - 20)
        const points = uniform(20 * m, 1, trial + 1).map((x, i) => (i % m === draw.below(4) ? 0 : x * scale))
        const some = { points, dimension: m, order }
        const target = targetOf(some, new Float64Array(20).fill(1))
        target[1 + draw.below(target.length - 1)] = 10 ** (80 * draw.next() - 40) * draw.normal()
        try {
          match(some, target)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_INFEASIBLE', message: expect.stringMatching(/target\[\d+\]/) })
          expect((error as Error).message).not.toMatch(/\b(inf|infinity|nan)\b/i)
        }
      }
    })

    it('only the points of weight 0 could do it', () => {
      const weights = fill(300, (i) => (points[2 * i] > 0 ? 0 : 1))
      const target = targetOf(
        set,
        fill(300, (i) => (points[2 * i] > 0 ? 1 : 0)),
      )
      expect(() => match({ ...set, weights }, target)).toThrow(expect.objectContaining({ code: 'ERR_INFEASIBLE' }))
      expectMet(set, target, match(set, target))
    })

    it('property: refused exactly when nnls cannot meet it either', () => {
      const draw = seeded(3)
      const seen = { met: 0, refused: 0 }
      for (let trial = 0; trial < 60; trial++) {
        const some = { points: uniform(12, 1, trial + 1), dimension: 1, order: 3 }
        const target = targetOf(some, uniform(12, 1, trial).map(Math.abs))
        target[1 + draw.below(3)] *= 1 + draw.normal()
        const matrix = Float64Array.from(features(some).flatMap((phi) => [...phi]))
        const { residualNorm } = nnlsSync(matrix, target, { columns: 12 })
        if (residualNorm < 1e-12) {
          seen.met++
          expectMet(some, target, match(some, target), 64 * EPS)
        } else if (residualNorm > 1e-8) {
          seen.refused++
          expect(() => match(some, target)).toThrow(expect.objectContaining({ code: 'ERR_INFEASIBLE' }))
        }
      }
      expect(Math.min(seen.met, seen.refused)).toBeGreaterThan(5)
    })
  })
})

describe('matchMoments refuses', () => {
  const points = uniform(50, 2)
  const target = momentsSync(points, { dimension: 2, order: 2 })
  const good = { dimension: 2, order: 2 }
  const spoiled = (array: Float64Array, at: number, value: number) => array.map((v, i) => (i === at ? value : v))
  const transferred = (array: Float64Array) => {
    const copy = array.slice()
    structuredClone(copy.buffer, { transfer: [copy.buffer] })
    return copy
  }
  const cases: [string, string, ErrorCode, RegExp, Any, Any, Any][] = [
    ['plain points', 'TypeError', 'ERR_SHAPE', /points.*Float64Array\.from/, [1, 2], target, good],
    ['99 numbers', 'RangeError', 'ERR_SHAPE', /points.*multiple of 2/, points.subarray(1), target, good],
    ['a plain target', 'TypeError', 'ERR_SHAPE', /target must be.*Float64Array\.from/, points, [1, 2], good],
    ['no target', 'TypeError', 'ERR_SHAPE', /target.*got undefined/, points, undefined, good],
    [
      'a short target',
      'RangeError',
      'ERR_SHAPE',
      /one number per moment, 6 of order 2 in 2 columns, got 5/,
      points,
      target.subarray(1),
      good,
    ],
    [
      'weights of another length',
      'RangeError',
      'ERR_SHAPE',
      /'weights'.*50 in all, got 49/,
      points,
      target,
      { ...good, weights: new Float64Array(49) },
    ],
    [
      'a NaN',
      'RangeError',
      'ERR_NOT_FINITE',
      /points, row 8, column 1 is NaN/,
      spoiled(points, 17, Number.NaN),
      target,
      good,
    ],
    [
      'an infinite target',
      'RangeError',
      'ERR_NOT_FINITE',
      /target, row 3, column 0 is Infinity/,
      points,
      spoiled(target, 3, 1 / 0),
      good,
    ],
    [
      'a negative weight',
      'RangeError',
      'ERR_WEIGHT',
      /weights\[3\] is -1/,
      points,
      target,
      { ...good, weights: spoiled(new Float64Array(50).fill(1), 3, -1) },
    ],
    [
      'no positive weight',
      'RangeError',
      'ERR_WEIGHT',
      /all weights are 0/,
      points,
      target,
      { ...good, weights: new Float64Array(50) },
    ],
    ['transferred points', 'TypeError', 'ERR_DETACHED', /points/, transferred(points), target, good],
    ['a transferred target', 'TypeError', 'ERR_DETACHED', /target/, points, transferred(target), good],
    ['no dimension', 'TypeError', 'ERR_OPTION', /'dimension' must be given/, points, target, { order: 2 }],
    ['no order', 'TypeError', 'ERR_OPTION', /'order' must be given/, points, target, { dimension: 2 }],
    ['order 256', 'RangeError', 'ERR_OPTION', /'order'.*from 0 to 255/, points, target, { dimension: 2, order: 256 }],
    ['half an order', 'RangeError', 'ERR_OPTION', /'order'.*2\.5/, points, target, { dimension: 2, order: 2.5 }],
    [
      'an unknown basis',
      'RangeError',
      'ERR_OPTION',
      /'monomial' or 'legendre'/,
      points,
      target,
      { ...good, basis: 'chebyshev' },
    ],
    [
      'a slip',
      'TypeError',
      'ERR_OPTION',
      /'weigths', did you mean 'weights'/,
      points,
      target,
      { ...good, weigths: target },
    ],
    [
      'too many moments',
      'RangeError',
      'ERR_SIZE',
      /more than 2\^53/,
      uniform(2, 50),
      target,
      { dimension: 50, order: 200 },
    ],
    [
      'too many features',
      'Error',
      'ERR_MEMORY',
      /46340 is the limit/,
      uniform(10, 10),
      target,
      { dimension: 10, order: 20 },
    ],
  ]
  it.each(cases)('%s: %s %s', async (_, kind, code, says, given, moments_, options) => {
    const expected = { name: kind, code, message: expect.stringMatching(says) }
    expect(() => matchMomentsSync(given, moments_, options)).toThrow(expect.objectContaining(expected))
    await expect(matchMoments(given, moments_, options)).rejects.toMatchObject(expected)
  })

  it('signal and onProgress in the Sync form', () => {
    for (const option of [{ signal: new AbortController().signal }, { onProgress: () => {} }]) {
      expect(() => matchMomentsSync(points, target, { ...good, ...option } as Any)).toThrow(
        /works with matchMoments\(\) only/,
      )
    }
  })

  it('reads every option once', () => {
    const reads: string[] = []
    const options = new Proxy(
      { ...good, weights: new Float64Array(50).fill(1), basis: 'monomial' as const },
      {
        get(object, name, receiver) {
          reads.push(String(name))
          return Reflect.get(object, name, receiver)
        },
      },
    )
    matchMomentsSync(points, target, options)
    expect(reads.toSorted()).toEqual(['basis', 'dimension', 'order', 'threads', 'weights'])
  })
})
