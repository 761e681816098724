import { describe, expect, it } from 'vitest'
import { type Compressed, compress, compressSync, momentCount, verifySync } from '../lib/index.js'
import {
  bitsOf,
  bytesOf,
  EPS,
  expectKept,
  fill,
  normal,
  type PointSet,
  rowsOf,
  seeded,
  truthOf,
  uniform,
} from './fixtures.js'

describe('compress', () => {
  it('returns exactly the fields that are documented', async () => {
    const result = await compress(uniform(1000, 2), { dimension: 2, order: 3, size: 100 })
    expect(Object.keys(result).sort()).toEqual([
      'cells',
      'cellsKeepingLess',
      'count',
      'dimension',
      'elapsed',
      'indices',
      'order',
      'points',
      'residual',
      'threads',
      'weights',
    ])
    expect(result.points).toBeInstanceOf(Float64Array)
    expect(result.weights).toBeInstanceOf(Float64Array)
    expect(result.indices).toBeInstanceOf(Uint32Array)
    expect(result).toMatchObject({ dimension: 2, order: 3 })
    expect(result.cells).toBeGreaterThan(1)
    expect(Object.keys(result.elapsed).sort()).toEqual(['partition', 'recombine', 'total'])
    for (const time of Object.values(result.elapsed)) expect(time).toBeGreaterThanOrEqual(0)
    for (const array of [result.points, result.weights, result.indices]) {
      expect(array.byteOffset).toBe(0)
      expect(array.buffer.byteLength).toBe(array.byteLength)
    }
  })

  const orders: [number, number][] = [
    [1, 0],
    [1, 1],
    [1, 3],
    [1, 8],
    [1, 15],
    [2, 0],
    [2, 1],
    [2, 3],
    [2, 5],
    [2, 8],
    [3, 1],
    [3, 2],
    [3, 5],
    [4, 2],
    [4, 4],
    [6, 3],
    [10, 2],
  ]
  it.each(orders)('keeps the moments of %i columns to order %i, one cell and many', (dimension, order) => {
    const count = 5000
    const moments = momentCount(dimension, order)
    for (const points of [uniform(count, dimension, 3), normal(count, dimension, 4)]) {
      const set = { points, dimension }
      const truth = truthOf(set, order)
      const one = compressSync(points, { dimension, order })
      expect(one.cells).toBe(1)
      expect(one.count).toBe(moments)
      expectKept(one, set, moments, truth)
      const size = Math.min(count - 1, moments * 7 + 3)
      const many = compressSync(points, { dimension, order, size })
      expectKept(many, set, size, truth)
      expect(many.cells).toBeGreaterThan(1)
      expect(many.count).toBeGreaterThan(moments)
    }
  })

  it('keeps the mean of any function better, the more cells there are', () => {
    const points = normal(100_000, 2, 8)
    const mean = (set: { points: Float64Array; weights?: Float64Array }) => {
      let sum = 0
      for (let i = 0; i < set.points.length / 2; i++) {
        sum += (set.weights?.[i] ?? 1) / (1 + Math.exp(-3 * set.points[2 * i] + set.points[2 * i + 1]))
      }
      return sum / 100_000
    }
    const truth = mean({ points })
    const errors = [100, 1000, 10_000].map((size) =>
      Math.abs(mean(compressSync(points, { dimension: 2, order: 3, size })) - truth),
    )
    expect(errors[1]).toBeLessThan(errors[0])
    expect(errors[2]).toBeLessThan(errors[1])
    // A random sample of 10,000 has about 5e-3.
    expect(errors[2]).toBeLessThan(1e-6)
  })

  it('gives the same bits in both forms and for any number of threads', async () => {
    for (const [dimension, order, size] of [
      [1, 3, 400],
      [2, 5, 3000],
      [3, 3, 5000],
      [3, 4, 35],
      [4, 4, 2000],
    ]) {
      const points = normal(30_000, dimension, order)
      const weights = uniform(30_000, 1, 2).map(Math.abs)
      const options = { dimension, order, size, weights }
      const expected = bitsOf(compressSync(points, { ...options, threads: 1 }))
      for (const threads of [1, 2, 3, 4]) {
        expect(bitsOf(compressSync(points, { ...options, threads }))).toEqual(expected)
        expect(bitsOf(await compress(points, { ...options, threads }))).toEqual(expected)
      }
    }
  })

  it('gives the same bits to calls that run at the same time', async () => {
    const sets = [1, 2, 3, 4, 5, 6].map((seed) => normal(20_000, 2, seed))
    const options = { dimension: 2, order: 4, size: 1000 }
    const expected = sets.map((points) => bitsOf(compressSync(points, options)))
    const together = await Promise.all(sets.map((points) => compress(points, options)))
    expect(together.map(bitsOf)).toEqual(expected)
  })

  it('takes float32 as the float64 of the same values, and strides as contiguous', () => {
    const single = Float32Array.from(normal(2000, 3))
    const singleWeights = Float32Array.from(uniform(2000, 1)).map(Math.abs)
    const double = Float64Array.from(single)
    const options = { dimension: 3, order: 3, size: 300, weights: Float64Array.from(singleWeights) }
    const expected = bitsOf(compressSync(double, options))
    expect(bitsOf(compressSync(single, { ...options, weights: singleWeights }))).toEqual(expected)
    const columns = fill(6000, (i) => double[(i % 2000) * 3 + Math.floor(i / 2000)])
    const view = { data: columns, shape: [2000, 3], stride: [1, 2000] }
    expect(bitsOf(compressSync(view, { ...options, dimension: undefined }))).toEqual(expected)
    // Every other row and three of the five columns of a larger table, in reverse.
    const wide = new Float64Array(2000 * 2 * 5).fill(Number.NaN)
    for (let i = 0; i < 2000; i++) for (let a = 0; a < 3; a++) wide[(1999 - i) * 10 + 4 - a] = double[i * 3 + a]
    const part = { data: wide, shape: [2000, 3], stride: [-10, -1], offset: 1999 * 10 + 4 }
    expect(bitsOf(compressSync(part, { ...options, dimension: undefined }))).toEqual(expected)
  })

  it('never writes to its input', async () => {
    const points = normal(3000, 2)
    const weights = uniform(3000, 1).map(Math.abs)
    const scale = [1, 0.2]
    const before = [bytesOf(points), bytesOf(weights)]
    await compress(points, { dimension: 2, order: 3, size: 100, weights, scale })
    compressSync(points, { dimension: 2, order: 3, size: 100, weights, scale })
    compressSync({ data: points, shape: [2000, 3], stride: [-3, -1], offset: 5999 }, { order: 2 })
    expect([bytesOf(points), bytesOf(weights)]).toEqual(before)
    expect(scale).toEqual([1, 0.2])
  })

  it('takes up to `size` points, and all points when there are fewer', () => {
    const points = normal(300, 2)
    const set = { points, dimension: 2 }
    for (const size of [10, 11, 19, 20, 60, 150, 299]) {
      const result = compressSync(points, { dimension: 2, order: 3, size })
      expectKept(result, set, size)
      expect(result.count).toBeGreaterThanOrEqual(Math.min(10, size))
    }
    for (const size of [300, 301, 10_000, 2 ** 40]) {
      const all = compressSync(points, { dimension: 2, order: 3, size })
      expectKept(all, set, size)
      expect(all.count).toBe(300)
    }
  })

  describe('order 0', () => {
    it('keeps the total weight with one point per cell', () => {
      const points = normal(1000, 2)
      const one = compressSync(points, { dimension: 2, order: 0 })
      expect(one).toMatchObject({ count: 1, cells: 1, order: 0 })
      expect(one.weights[0]).toBe(1000)
      const many = compressSync(points, { dimension: 2, order: 0, size: 64 })
      expectKept(many, { points, dimension: 2 }, 64)
      expect(many.count).toBeGreaterThan(32)
    })
  })

  describe('scale', () => {
    const random = seeded(21)
    const points = rowsOf(20_000, () => [random.normal(), 1000 * random.normal()])
    const kept = (scale: 'standard' | 'none' | number[]) =>
      compressSync(points, { dimension: 2, order: 2, size: 600, scale })
    /** The error of the mean of f over the points, with the second column in its own standard unit. */
    const error = (result: Compressed, f: (x: number, y: number) => number) => {
      let sum = 0
      for (let i = 0; i < 20_000; i++) sum -= f(points[2 * i], points[2 * i + 1] / 1000)
      for (let i = 0; i < result.count; i++) {
        sum += result.weights[i] * f(result.points[2 * i], result.points[2 * i + 1] / 1000)
      }
      return Math.abs(sum) / 20_000
    }

    it('keeps the same moments whatever it is', () => {
      const truth = truthOf({ points, dimension: 2 }, 2)
      for (const scale of ['standard', 'none', [1, 0], [0, 1], [3, 1]] as const) {
        expectKept(kept(scale as 'none' | number[]), { points, dimension: 2 }, 600, truth)
      }
    })

    it('cuts finer along a column of larger scale', () => {
      const alongX = (x: number) => Math.abs(x - 0.3)
      const alongY = (_: number, y: number) => Math.abs(y - 0.3)
      expect(error(kept([1, 0]), alongX)).toBeLessThan(error(kept([0, 1]), alongX))
      expect(error(kept([0, 1]), alongY)).toBeLessThan(error(kept([1, 0]), alongY))
      // Without scaling, the second column is a thousand times longer, and nearly all cuts are along it.
      expect(error(kept('standard'), alongX)).toBeLessThan(error(kept('none'), alongX))
    })
  })
})

describe('few points', () => {
  it('keeps one point as it is', async () => {
    for (const weight of [1, 0.1, 2 ** -40, 3e12]) {
      const result = await compress(Float64Array.of(0.1, -7), {
        dimension: 2,
        order: 3,
        weights: Float64Array.of(weight),
      })
      expect(result).toMatchObject({ count: 1, cells: 1, residual: 0 })
      expect(Array.from(result.points)).toEqual([0.1, -7])
      expect(Array.from(result.weights)).toEqual([weight])
      expect(Array.from(result.indices)).toEqual([0])
    }
  })

  it('keeps up to N points in general position, with their weights', () => {
    for (const count of [2, 3, 7, 19, 20]) {
      const points = normal(count, 3, count)
      const weights = uniform(count, 1, 5).map((w) => w + 1.5)
      const result = compressSync(points, { dimension: 3, order: 3, weights })
      expectKept(result, { points, dimension: 3, weights }, 20)
      expect(result.count).toBe(count)
      result.weights.forEach((weight, i) => {
        expect(Math.abs(weight - weights[i])).toBeLessThanOrEqual(1e-9 * weights[i])
      })
    }
  })

  it('takes one point more than N', () => {
    for (const [dimension, order] of [
      [1, 3],
      [2, 3],
      [3, 2],
      [2, 6],
    ]) {
      const moments = momentCount(dimension, order)
      const points = normal(moments + 1, dimension, 3)
      const result = compressSync(points, { dimension, order })
      expectKept(result, { points, dimension }, moments)
      expect(result.count).toBe(moments)
    }
  })
})

describe('few rows of many columns', () => {
  const [d, m] = [60, 3000]
  const points = uniform(d, m)

  it('are all kept, in time and memory that grow with the columns and not with their square', () => {
    const seconds = (columns: number) => {
      const some = uniform(d, columns)
      const before = process.cpuUsage()
      const kept = compressSync(some, { dimension: columns, order: 1, threads: 1 })
      const { user, system } = process.cpuUsage(before)
      expect(kept.count).toBe(d)
      const { residual } = verifySync(some, kept, { dimension: columns, order: 1 })
      expect(residual).toBeLessThan(50 * Number.EPSILON)
      return (user + system) / 1e6
    }
    seconds(100)
    // Ten times the columns take ten times as long. If time grew with their square, it would be a hundred times: 18 s.
    expect(seconds(10_000)).toBeLessThan(40 * Math.max(seconds(1000), 0.02))
  })

  it('are brought down to their rank', () => {
    // Twenty rows, and forty combinations of them with coefficients of sum 1.
    const random = seeded(4)
    const dependent = points.slice()
    for (let i = 20; i < d; i++) {
      const share = random.next()
      for (let a = 0; a < m; a++) {
        dependent[i * m + a] = share * points[(i % 20) * m + a] + (1 - share) * points[((i + 7) % 20) * m + a]
      }
    }
    const kept = compressSync(dependent, { dimension: m, order: 1 })
    expect(kept.count).toBeLessThanOrEqual(20)
    expectKept(kept, { points: dependent, dimension: m }, 20)
  })

  it('are merged when they are equal, also where finding the rank would take minutes', () => {
    // 10,626 moments and 3000 rows would take 10^11 operations. The last thousand rows repeat the first thousand.
    const rows = uniform(2000, 4)
    const doubled = Float64Array.from([...rows, ...rows.subarray(0, 4000)])
    const weights = fill(3000, (i) => 1 + (i % 5))
    const kept = compressSync(doubled, { dimension: 4, order: 20, weights })
    expect(kept.count).toBe(2000)
    expect(Array.from(kept.indices)).toEqual(Array.from({ length: 2000 }, (_, i) => i))
    expect(Array.from(kept.weights)).toEqual(
      Array.from({ length: 2000 }, (_, i) => weights[i] + (i < 1000 ? weights[2000 + i] : 0)),
    )
    expect(kept.residual).toBeLessThanOrEqual(8 * EPS)
  })
})

describe('weights', () => {
  it('of zero keep a point out, whatever it is', () => {
    const random = seeded(3)
    const points = normal(5000, 2, 6)
    const weights = fill(5000, () => (random.next() < 0.5 ? 0 : random.next()))
    for (const size of [10, 200, 2500, 5000]) {
      const result = compressSync(points, { dimension: 2, order: 3, weights, size })
      expectKept(result, { points, dimension: 2, weights }, size)
    }
    // Far away and of weight 0: it must not stretch any cell.
    const outlier = points.slice()
    outlier[20] = 1e200
    const withOutlier = weights.slice()
    withOutlier[10] = 0
    const result = compressSync(outlier, { dimension: 2, order: 3, weights: withOutlier, size: 200 })
    expectKept(result, { points: outlier, dimension: 2, weights: withOutlier }, 200)
  })

  it('of zero for all but one leave that one', () => {
    const weights = new Float64Array(100)
    weights[42] = 5
    const result = compressSync(normal(100, 3), { dimension: 3, order: 2, weights })
    expect(Array.from(result.indices)).toEqual([42])
    expect(Array.from(result.weights)).toEqual([5])
  })

  it('over many decades', () => {
    const random = seeded(8)
    const points = normal(4000, 2, 9)
    const weights = fill(4000, () => 10 ** (16 * random.next() - 8))
    for (const size of [21, 500]) {
      const result = compressSync(points, { dimension: 2, order: 5, weights, size })
      expectKept(result, { points, dimension: 2, weights }, size)
    }
  })
})

describe('degenerate sets keep at most as many points as their features have rank', () => {
  const random = seeded(31)
  const turn = Math.SQRT1_2
  interface Degenerate extends PointSet {
    order: number
    rank: number
  }
  const sets: Record<string, Degenerate> = {
    'all equal': { points: rowsOf(500, () => [0.1, 1e6, -3]), dimension: 3, order: 3, rank: 1 },
    'all zero': { points: new Float64Array(600), dimension: 2, order: 4, rank: 1 },
    'two places': { points: rowsOf(500, (i) => (i % 3 ? [1, 2] : [3, 5])), dimension: 2, order: 3, rank: 2 },
    'seven places, many copies': {
      points: (() => {
        const places = normal(7, 3, 1)
        return rowsOf(700, (i) => Array.from(places.subarray((i % 7) * 3, (i % 7) * 3 + 3)))
      })(),
      dimension: 3,
      order: 4,
      rank: 7,
    },
    'a line along an axis': { points: rowsOf(400, () => [random.normal(), 2, 3]), dimension: 3, order: 4, rank: 5 },
    'a line on integers': {
      points: rowsOf(400, () => {
        const t = random.below(1000)
        return [t, 3 * t + 7, 11 - 2 * t]
      }),
      dimension: 3,
      order: 4,
      rank: 5,
    },
    'a slanted line, rounded': {
      points: rowsOf(400, () => {
        const t = random.normal()
        return [0.1 * t + 0.3, 0.7 * t - 5, t / 3]
      }),
      dimension: 3,
      order: 3,
      rank: 4,
    },
    'a plane in space': {
      points: rowsOf(600, () => {
        const [s, t] = [random.below(512), random.below(512)]
        return [s, t, s - 2 * t]
      }),
      dimension: 3,
      order: 3,
      rank: 10,
    },
    'a circle': {
      points: rowsOf(800, () => {
        const t = 2 * Math.PI * random.next()
        return [Math.cos(t), Math.sin(t)]
      }),
      dimension: 2,
      order: 3,
      rank: 7,
    },
    'a tilted circle': {
      points: rowsOf(800, () => {
        const t = 2 * Math.PI * random.next()
        return [turn * Math.cos(t), -turn * Math.cos(t), Math.sin(t)]
      }),
      dimension: 3,
      order: 2,
      rank: 5,
    },
    'a parabola': {
      points: rowsOf(500, () => {
        const t = random.below(64) - 32
        return [t, t * t]
      }),
      dimension: 2,
      order: 3,
      rank: 7,
    },
    'the corners of a cube': {
      points: rowsOf(512, (i) => [i & 1, (i >> 1) & 1, (i >> 2) & 1]),
      dimension: 3,
      order: 3,
      rank: 8,
    },
    'a 3 x 3 lattice': { points: rowsOf(900, (i) => [i % 3, Math.floor(i / 3) % 3]), dimension: 2, order: 5, rank: 9 },
    'a column of two values': {
      points: rowsOf(600, (i) => [random.normal(), i % 2]),
      dimension: 2,
      order: 3,
      rank: 7,
    },
    'a column twice': {
      points: rowsOf(600, () => {
        const x = random.normal()
        return [x, random.normal(), x]
      }),
      dimension: 3,
      order: 3,
      rank: 10,
    },
  }
  it.each(Object.entries(sets))('%s', (_, { points, dimension, order, rank }) => {
    const count = points.length / dimension
    const weights = uniform(count, 1, 77).map((w) => w + 1.25)
    for (const set of [
      { points, dimension },
      { points, dimension, weights },
    ]) {
      const truth = truthOf(set, order)
      const given = 'weights' in set ? { weights } : {}
      const one = compressSync(points, { dimension, order, ...given })
      expectKept(one, set, momentCount(dimension, order), truth)
      expect(one.count).toBeLessThanOrEqual(rank)
      const size = momentCount(dimension, order) * 4
      const many = compressSync(points, { dimension, order, size, ...given })
      expectKept(many, set, size, truth)
    }
  })

  it('one point is left of equal points, with all the weight', () => {
    const weights = fill(300, (i) => i + 1)
    const result = compressSync(new Float64Array(900).fill(0.1), { dimension: 3, order: 4, weights })
    expect(result.count).toBe(1)
    expect(result.weights[0]).toBe(45150)
    expect(result.residual).toBe(0)
  })
})

describe('hard sets keep their moments', () => {
  const random = seeded(41)
  const sets: Record<string, PointSet & { order: number }> = {
    'an offset of 30,000 standard deviations': {
      points: rowsOf(5000, () => [4e5 + 13 * random.normal(), 5e6 + 40 * random.normal(), random.normal()]),
      dimension: 3,
      order: 3,
    },
    'units that differ by 1e24': {
      points: rowsOf(5000, () => [1e12 * random.normal(), 1e-12 * random.normal()]),
      dimension: 2,
      order: 5,
    },
    'a lognormal tail': {
      points: rowsOf(5000, () => [Math.exp(1.5 * random.normal()), Math.exp(random.normal())]),
      dimension: 2,
      order: 4,
    },
    'a Cauchy tail': {
      points: rowsOf(5000, () => [Math.tan(Math.PI * (random.next() - 0.5)), random.normal()]),
      dimension: 2,
      order: 3,
    },
    'one outlier at 1e9': {
      points: rowsOf(5000, (i) => (i === 77 ? [1e9, 1e9] : [random.normal(), random.normal()])),
      dimension: 2,
      order: 3,
    },
    'columns correlated to 1e-6': {
      points: rowsOf(5000, () => {
        const x = random.normal()
        return [x, x + 1e-6 * random.normal(), random.normal()]
      }),
      dimension: 3,
      order: 3,
    },
    'rounded to halves, with copies': {
      points: rowsOf(5000, () => [Math.round(4 * random.normal()) / 2, Math.round(4 * random.normal()) / 2]),
      dimension: 2,
      order: 5,
    },
    'two clusters 1e6 apart': {
      points: rowsOf(5000, (i) => [random.normal() + (i % 2) * 1e6, random.normal()]),
      dimension: 2,
      order: 4,
    },
    // The plane's rounding is 1e-14 of the circle: too much to be ignored, too little to count as a third dimension.
    'a tilted circle far away': {
      points: rowsOf(800, () => {
        const t = 2 * Math.PI * random.next()
        return [100 + Math.SQRT1_2 * Math.cos(t), 50 - Math.SQRT1_2 * Math.cos(t), 7 + Math.sin(t)]
      }),
      dimension: 3,
      order: 2,
    },
    'huge and tiny numbers': {
      points: rowsOf(3000, () => [1e150 * random.normal(), 1e-150 * random.normal()]),
      dimension: 2,
      order: 3,
    },
  }
  it.each(Object.entries(sets))('%s', (_, { points, dimension, order }) => {
    const set = { points, dimension }
    const truth = truthOf(set, order)
    const moments = momentCount(dimension, order)
    for (const size of [moments, moments * 3, moments * 20]) {
      expectKept(compressSync(points, { dimension, order, size }), set, size, truth)
    }
  })

  it('compresses its own result again', () => {
    const points = normal(50_000, 2, 12)
    const once = compressSync(points, { dimension: 2, order: 4, size: 2000 })
    const twice = compressSync(once.points, { dimension: 2, order: 4, size: 100, weights: once.weights })
    expectKept(twice, { points: once.points, dimension: 2, weights: once.weights }, 100)
    expect(verifySync(points, twice, { order: 4 }).residual).toBeLessThanOrEqual(100 * EPS)
  })
})
