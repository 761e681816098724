// Free support: points that may lie anywhere in the box of their cell. The kernel's own tests are in native/test.
import { describe, expect, expectTypeOf, it } from 'vitest'
import { compensatedSum } from '../lib/compensated-sum.js'
import {
  type Activation,
  type Compressed,
  type CompressedFree,
  type CompressOptions,
  Compressor,
  type CompressorOptions,
  compress,
  compressDataset,
  compressDatasetSync,
  compressNetwork,
  compressNetworkSync,
  compressSync,
  merge,
  momentCount,
  type Network,
  predictSync,
  type QuadratureRule,
  quadrature,
  quadratureSync,
  type Support,
  verifySync,
} from '../lib/index.js'
import { begin } from '../lib/streaming/compressor.js'
import {
  bitsOf,
  bytesOf,
  fill,
  normal,
  RESIDUAL_BOUND,
  rowsOf,
  seeded,
  TOTAL_WEIGHT_BOUND,
  uniform,
} from './fixtures.js'

/** What is promised of every result. */
function expectFree(
  original: { points: Float64Array; dimension: number; weights?: Float64Array },
  result: CompressedFree,
  order: number,
) {
  const { points, weights, dimension, count } = result
  const set = { points, weights, dimension }
  expect(weights).toHaveLength(count)
  expect(points).toHaveLength(count * dimension)
  expect(weights.every((weight) => weight > 0 && weight < Infinity)).toBe(true)
  const total = original.weights ? compensatedSum(original.weights) : original.points.length / dimension
  expect(Math.abs(compensatedSum(weights) - total)).toBeLessThanOrEqual(TOTAL_WEIGHT_BOUND * total)
  expect(verifySync(original, set, { order }).residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  for (let a = 0; a < dimension; a++) {
    const column = (of: Float64Array) => of.filter((_, i) => i % dimension === a)
    const own = column(original.points)
    const low = own.reduce((least, x) => Math.min(least, x))
    const high = own.reduce((most, x) => Math.max(most, x))
    expect(column(points).every((x) => x >= low && x <= high)).toBe(true)
  }
}

const rowKey = (row: Float64Array) => row.join()
const rowsIn = (points: Float64Array, m: number) =>
  Array.from({ length: points.length / m }, (_, i) => rowKey(points.subarray(i * m, (i + 1) * m)))

describe('compress with free support', () => {
  it('returns exactly the fields that are documented', async () => {
    const options = { dimension: 2, order: 3, size: 100 } as const
    const rows = await compress(uniform(1000, 2), options)
    const free = await compress(uniform(1000, 2), { ...options, support: 'free' })
    expect(Object.keys(free).sort()).toEqual([...Object.keys(rows), 'freeCells', 'rowCells', 'whyRows'].sort())
    expect(free.indices).toBeUndefined()
    expectTypeOf(rows).toEqualTypeOf<Compressed>()
    expectTypeOf(free).toEqualTypeOf<CompressedFree>()
    expectTypeOf(compress).toBeCallableWith(uniform(10, 2), options as CompressOptions)
    const chosen: Support = 'rows' as Support
    expectTypeOf(await compress(uniform(1000, 2), { ...options, support: chosen })).toEqualTypeOf<
      Compressed | CompressedFree
    >()
  })

  it.each([
    [1, 7],
    [2, 5],
    [3, 4],
    [4, 3],
    [5, 2],
  ])('keeps all moments in %i columns up to order %i, with weights', (dimension, order) => {
    const count = 4000
    const random = seeded(7)
    const original = {
      points: normal(count, dimension, 3),
      dimension,
      weights: fill(count, () => 0.5 + random.next()),
    }
    for (const quality of ['fast', 'best'] as const) {
      const size = 6 * momentCount(dimension, order)
      const options = { dimension, order, size, quality, weights: original.weights, support: 'free' } as const
      const result = compressSync(original.points, options)
      expect(result.count).toBeLessThanOrEqual(size)
      expect(result.freeCells).toBeGreaterThan(0)
      expect(result.whyRows).toBeUndefined()
      expect(result.order).toBe(order)
      expectFree(original, result, order)
      expect(bitsOf(compressSync(original.points, { ...options, threads: 3 }))).toEqual(bitsOf(result))
    }
  })

  it('has fewer points per cell than moments', () => {
    const points = uniform(3000, 3)
    const options = { dimension: 3, order: 4, quality: 'fast', size: 350 } as const
    const rows = compressSync(points, options)
    const free = compressSync(points, { ...options, support: 'free' })
    expect(rows.cells).toBeLessThanOrEqual(10)
    expect(free.cells).toBeGreaterThanOrEqual(30)
  })

  it('goes down to the free points of one cell', () => {
    const points = uniform(2000, 2)
    const result = compressSync(points, { dimension: 2, order: 10, size: 26, support: 'free' })
    expect(result).toMatchObject({ count: 26, cells: 1, freeCells: 1, rowCells: 0 })
    expectFree({ points, dimension: 2 }, result, 10)
    expect(() => compressSync(points, { dimension: 2, order: 10, size: 25, support: 'free' })).toThrow(
      expect.objectContaining({ code: 'ERR_SIZE', message: expect.stringContaining('is 26') }),
    )
    expect(() => compressSync(points, { dimension: 2, order: 10, size: 26 })).toThrow(
      expect.objectContaining({ code: 'ERR_SIZE', message: expect.stringContaining('is 66') }),
    )
  })

  it("chooses an order for 'auto'", () => {
    const points = uniform(5000, 2)
    const result = compressSync(points, { dimension: 2, size: 200, support: 'free' })
    expect(result.order).toBeGreaterThan(4)
    expectFree({ points, dimension: 2 }, result, result.order as number)
  })

  it.each([
    [3, 5],
    [4, 68],
    [5, 108],
  ])("gives 'auto' the order of rows where all points are rows: %i columns, size %i", (dimension, size) => {
    const points = uniform(4000, dimension).map((x) => 1e9 + x)
    const result = compressSync(points, { dimension, size, support: 'free' })
    const rows = compressSync(points, { dimension, size })
    expect(result).toMatchObject({ freeCells: 0, rowCells: 0, whyRows: 'precision', order: rows.order })
    expect(result.count).toBeLessThanOrEqual(size)
    expectFree({ points, dimension }, result, result.order as number)
    expect(result.points).toEqual(rows.points)
  })

  it('keeps rows where no free points can be found, and says why', () => {
    const sets = {
      'on a curve': { points: rowsOf(3000, (i) => [Math.cos(i / 500), Math.sin(i / 500)]), whyRows: 'cells' },
      'on a lattice': { points: rowsOf(2500, (i) => [i % 20, Math.floor(i / 20) % 20]), whyRows: 'cells' },
      'with few different ones': { points: rowsOf(2500, (i) => [i % 5, Math.floor(i / 5) % 5]), whyRows: 'whole' },
      'far from the origin': { points: uniform(3000, 2).map((x) => 1e9 + x), whyRows: 'precision' },
    }
    for (const [name, { points, whyRows }] of Object.entries(sets)) {
      const result = compressSync(points, { dimension: 2, order: 4, size: 150, support: 'free' })
      expect(result, name).toMatchObject({ freeCells: 0, rowCells: 0, whyRows, indices: undefined })
      const rows = compressSync(points, { dimension: 2, order: 4, size: 150 })
      expect(result.points, name).toEqual(rows.points)
      expect(result.weights, name).toEqual(rows.weights)
    }
    const far = sets['far from the origin'].points
    expect(() => compressSync(far, { dimension: 2, order: 4, size: 6, support: 'free' })).toThrow(
      expect.objectContaining({ code: 'ERR_SIZE', message: expect.stringMatching(/rounded to doubles.* 15 rows/) }),
    )
    const high = compressSync(uniform(3000, 2), { dimension: 2, order: 21, support: 'free' })
    expect(high).toMatchObject({ freeCells: 0, rowCells: 0, whyRows: 'order', count: momentCount(2, 21) })
  })

  it('does not end where one cell can keep neither free points nor rows', () => {
    let kept = 0
    let keptWithRows = 0
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed)
      const points = fill(1500, () => 10 ** (9 * random.normal()))
      const weights = fill(500, () => 10 ** (10 * random.normal()))
      const options = { dimension: 3, order: 4, size: 70, weights } as const
      const isKept = (support: Support) => {
        try {
          return compressSync(points, { ...options, support }).count <= 70
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_INFEASIBLE' })
          return false
        }
      }
      keptWithRows += Number(isKept('rows'))
      kept += Number(isKept('free'))
    }
    expect(keptWithRows).toBeGreaterThan(5)
    expect(kept).toBeGreaterThan(0.6 * keptWithRows)
  })

  it('keeps sets whole that are no larger than the size', () => {
    const points = uniform(50, 3)
    const result = compressSync(points, { dimension: 3, order: 4, size: 60, support: 'free' })
    expect(rowsIn(result.points, 3).sort()).toEqual(rowsIn(points, 3).sort())
    expect(result.whyRows).toBe('whole')
  })

  it.each([
    [1, 5, 10],
    [2, 5, 21],
    [3, 4, 40],
    [4, 4, 60],
  ])('may have equal weights: %i columns, order %i, %i points', (dimension, order, size) => {
    for (const weights of [undefined, Float64Array.from({ length: 4000 }, (_, i) => 1 + (i % 7) / 3)]) {
      const points = Float64Array.from(uniform(4000, dimension), (x) => 3 * x + 5)
      const options = { dimension, order, size, weights, support: 'free', equalWeights: true } as const
      const [result, again] = [1, 2].map((threads) => compressSync(points, { ...options, threads }))
      expect(result).toMatchObject({ count: size, cells: 1, freeCells: 1, rowCells: 0, order })
      expect(new Set(result.weights).size).toBe(1)
      expectFree({ points, dimension, ...(weights && { weights }) }, result, order)
      expect(bitsOf(again)).toEqual(bitsOf(result))
    }
  })

  it('says where there are no points of equal weight', () => {
    const points = uniform(2000, 2)
    const equal = { dimension: 2, support: 'free', equalWeights: true } as const
    expect(compressSync(points, { ...equal, order: 3, size: 2000 })).toMatchObject({ count: 2000, whyRows: 'whole' })
    expect(compressSync(points, { ...equal, size: 200 }).order).toBe(
      compressSync(points, { dimension: 2, size: 200 }).order,
    )
    const fails = (options: object, code: string, text: string) =>
      expect(() => compressSync(points, { ...equal, ...options })).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining(text) }),
      )
    fails({ order: 5, size: 9 }, 'ERR_SIZE', 'at least 10 points')
    const weights = Float64Array.from({ length: 20 }, (_, i) => 1 + i)
    const more = compressSync(points.subarray(0, 40), { ...equal, order: 2, size: 60, weights })
    expect(more).toMatchObject({ count: 60, freeCells: 1 })
    expect(more.weights).toEqual(new Float64Array(60).fill(210 / 60))
    const heavy = Float64Array.from(points, (x) => 1 / (x + 1.0001) ** 2)
    expect(() => compressSync(heavy, { ...equal, order: 5, size: 30 })).toThrow(
      expect.objectContaining({ code: 'ERR_INFEASIBLE', message: expect.stringContaining('of equal weight') }),
    )
    fails({ order: 2, size: 10, support: 'rows' }, 'ERR_OPTION', "is for support 'free'")
    fails({ order: 2, size: 10, hull: true }, 'ERR_OPTION', "'equalWeights' and 'hull' exclude each other")
    fails({ order: 2, tolerance: 1e-3 }, 'ERR_OPTION', "'equalWeights' and 'tolerance' exclude each other")
  })

  it('refuses what it cannot do', () => {
    const points = uniform(100, 2)
    const blocks = [
      { columns: [0], order: 3 },
      { columns: [1], order: 1 },
    ]
    for (const support of ['Free', 1, true]) {
      const options = { dimension: 2, order: 2, support } as unknown as CompressOptions
      expect(() => compressSync(points, options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
    expect(() => compressSync(points, { dimension: 2, order: blocks, support: 'free' })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('list of blocks') }),
    )
  })
})

describe('streams with free support', () => {
  const dimension = 2
  const points = normal(30000, dimension, 5)

  it('have free points in the last step only', async () => {
    const compressor = new Compressor({ dimension, order: 4, size: 200, support: 'free' })
    await compressor.push(points.subarray(0, 20000))
    expect((await compressor.heldRows()).length).toBeGreaterThan(0)
    await compressor.push(points.subarray(20000))
    const result = await compressor.finish()
    expectTypeOf(result).toEqualTypeOf<CompressedFree>()
    expect(bitsOf(result)).toEqual(bitsOf(compressSync(points, { dimension, order: 4, size: 200, support: 'free' })))
  })

  it('go on from a saved state', async () => {
    const options = { dimension, order: 4, size: 200, support: 'free' } as const
    const first = new Compressor(options)
    await first.push(points.subarray(0, 20000))
    const second = Compressor.restore(structuredClone(await first.save()))
    for (const compressor of [first, second]) await compressor.push(points.subarray(20000))
    expect(bitsOf(await second.finish())).toEqual(bitsOf(await first.finish()))
  })

  it.each([4, 'auto'] as const)('keep the moments of many blocks, order %s', async (order) => {
    const results = []
    for (const [rows, threads] of [
      [30000, 1],
      [777, 3],
    ]) {
      const options = { dimension, order, size: 300, support: 'free', threads } as const
      const compressor = begin<'free'>(options, { blockRows: 2500 })
      for (let first = 0; first < 30000; first += rows)
        await compressor.push(points.subarray(first * dimension, (first + rows) * dimension))
      results.push(await compressor.finish())
    }
    const [result, other] = results
    expect(result.count).toBeLessThanOrEqual(300)
    expect(result.freeCells).toBeGreaterThan(0)
    if (order !== 'auto') expect(result.order).toBe(order)
    expectFree({ points, dimension }, result, result.order as number)
    expect(bitsOf(other)).toEqual(bitsOf(result))
  })

  it('keep rows with the moments of all blocks where there are no free points', async () => {
    const column = uniform(20000, 1).map((x) => 1e9 + x)
    const options = { dimension: 1, size: 100, quality: 'fast', support: 'free' } as const
    const compressor = begin<'free'>(options, { blockRows: 2500 })
    await compressor.push(column)
    const result = await compressor.finish()
    expect(result.whyRows).toBe('precision')
    // Each cell keeps all moments.
    expect(result.cells * momentCount(1, result.order as number)).toBeLessThanOrEqual(options.size)
    expectFree({ points: column, dimension: 1 }, result, result.order as number)
  })

  it('are no summaries', () => {
    const options = { dimension, order: 4, size: 200, support: 'free', summary: true } as CompressorOptions<'free'>
    expect(() => new Compressor(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('are merged', async () => {
    const third = points.length / 3
    const parts = [0, 1, 2].map((i) =>
      compressSync(points.subarray(i * third, (i + 1) * third), { dimension, order: 4, size: 400, quality: 'fast' }),
    )
    const result = await merge(parts, { size: 150, support: 'free' })
    expect(result.freeCells).toBeGreaterThan(0)
    expect(result).not.toHaveProperty('sets')
    expectFree({ points, dimension }, result, 4)
    const again = await merge([result, { points: uniform(500, dimension), dimension }], { size: 150 })
    expect(again.sets).toHaveLength(again.count)
  })
})

describe('compressDataset with free support', () => {
  const count = 6000
  const random = seeded(9)
  const x = fill(count * 2, () => random.normal())
  const y = fill(count, (i) => (x[2 * i] + 0.3 * random.normal() > 0 ? 1 : 0))
  const data = { x, y, inputs: 2, outputs: 1 }

  it('keeps the moments of each class, and its label', async () => {
    const result = await compressDataset(data, { order: 4, size: 200, support: 'free' })
    expect(result.indices).toBeUndefined()
    expect(result.freeCells).toBeGreaterThan(0)
    expect(result.count).toBeLessThanOrEqual(200)
    for (const label of [0, 1]) {
      const rows = (labels: Float64Array) => [...labels.keys()].filter((i) => labels[i] === label)
      const pick = (points: Float64Array, own: number[]) =>
        Float64Array.from(own.flatMap((i) => [...points.subarray(2 * i, 2 * i + 2)]))
      const kept = rows(result.y)
      expectFree(
        { points: pick(x, rows(y)), dimension: 2 },
        {
          ...result,
          points: pick(result.x, kept),
          weights: Float64Array.from(kept, (i) => result.weights[i]),
          dimension: 2,
          count: kept.length,
        },
        4,
      )
    }
    expect(bitsOf(compressDatasetSync(data, { order: 4, size: 200, support: 'free' }))).toEqual(bitsOf(result))
  })

  const measured = { ...data, y: fill(count, (i) => x[2 * i] ** 2) }

  it('of labels that are no classes is the means of cells, which are cut along x alone', async () => {
    const weights = fill(count, (i) => (i % 3 === 0 ? 0 : 1 + (i % 5)))
    const result = await compressDataset(measured, { size: 200, weights, support: 'free' })
    expect(result).toMatchObject({ count: 200, cells: 200, indices: undefined, rowCells: 0 })
    expect(result.matched).toEqual({ order: 1, factors: 'all', features: 4 })
    const points = fill(3 * count, (i) =>
      i % 3 < 2 ? x[2 * Math.floor(i / 3) + (i % 3)] : measured.y[Math.floor(i / 3)],
    )
    expectFree({ points, dimension: 3, weights }, result, 1)
    expect(verifySync({ points, dimension: 3, weights }, result, { order: result.order }).residual).toBeLessThan(1e-14)
    // The mean of a square is above the square of the mean, by the variance of x in the cell.
    for (const [i, label] of result.y.entries()) expect(label).toBeGreaterThanOrEqual(result.x[2 * i] ** 2 - 1e-12)
    const larger = { ...measured, y: measured.y.map((label) => 2 ** 20 * label) }
    const other = compressDatasetSync(larger, { order: 1, size: 200, weights, support: 'free', threads: 1 })
    expect(bytesOf(other.x)).toEqual(bytesOf(result.x))
    expect(bytesOf(other.weights)).toEqual(bytesOf(result.weights))
    const unscaled = compressDatasetSync(measured, { size: 200, scale: [1, 0], support: 'free' })
    expect(bytesOf(unscaled.x)).not.toEqual(bytesOf(result.x))
  })

  it.each([1, 7, 12])('is the means of cells of any number of columns, for any number of threads: %i', (inputs) => {
    const rows = 2000
    const columns = normal(rows, inputs + 1, 5)
    const take = (own: (a: number) => boolean) => columns.filter((_, i) => own(i % (inputs + 1)))
    const set = { x: take((a) => a < inputs), y: take((a) => a === inputs), inputs, outputs: 1 }
    const original = { points: columns, dimension: inputs + 1, weights: fill(rows, (i) => 1 + (i % 4)) }
    const options = { weights: original.weights, support: 'free' } as const
    const result = compressDatasetSync(set, { size: 50, ...options })
    expect(result).toMatchObject({ count: 50, cells: 50 })
    expectFree(original, { ...result, order: 1 }, 1)
    expect(bitsOf(compressDatasetSync(set, { size: 50, ...options, threads: 3 }))).toEqual(bitsOf(result))
    // All in one: the mean.
    const one = compressDatasetSync(set, { order: 1, ...options })
    expect(one.count).toBe(1)
    expectFree(original, { ...one, order: 1 }, 1)
    const all = compressDatasetSync(set, { size: rows, ...options })
    expect(all).toMatchObject({ count: rows, whyRows: 'whole' })
  })

  it('of labels that are no classes refuses other orders, and squares', async () => {
    for (const options of [{ order: 0 }, { order: 3 }, { squares: true }]) {
      await expect(compressDataset(measured, { size: 200, ...options, support: 'free' })).rejects.toMatchObject({
        code: 'ERR_OPTION',
        message: expect.stringMatching(/'(order|squares)' must be .* classes/),
      })
    }
  })
})

describe('compressNetwork with free support', () => {
  const WIDTH = 900
  const layer = (activation: Activation, outputs: number): Network => ({
    ...{ inputs: 2, width: WIDTH, outputs, activation },
    ...{
      hidden: uniform(WIDTH, 2),
      bias: uniform(WIDTH, 1, 2),
      output: uniform(WIDTH, outputs, 3),
      outputBias: uniform(outputs, 1, 4),
    },
  })

  it.each([1, 2])(
    'has neurons of its own with the moments of all, and the same function: %i outputs',
    async (outputs) => {
      const network = layer('tanh', outputs)
      const options = { size: 200, order: 4, support: 'free' } as const
      const few = await compressNetwork(network, options)
      expect(few.width).toBeLessThanOrEqual(200)
      expect(few).toMatchObject({ outputs, indices: undefined, whyRows: undefined })
      expect(few.outputBias).toEqual(network.outputBias)
      expect(few.freeCells).toBeGreaterThan(0)
      const dimension = 3 + outputs
      expect(few.matched).toEqual({ order: 4, factors: 'all', features: momentCount(dimension, 4) })
      const rows = ({ width, hidden, bias, output }: Network) =>
        rowsOf(width, (j) => [
          ...hidden.subarray(2 * j, 2 * j + 2),
          bias[j],
          ...output.subarray(j * outputs, (j + 1) * outputs),
        ])
      const set = { points: rows(few), weights: few.multiplicity, dimension }
      expect(verifySync({ points: rows(network), dimension }, set, { order: 4 }).residual).toBeLessThanOrEqual(
        RESIDUAL_BOUND,
      )
      const x = uniform(300, 2)
      const distance = (other: Network) => {
        const [all, own] = [network, other].map((one) => predictSync(one, x))
        return Math.sqrt(all.reduce((sum, f, i) => sum + (f - own[i]) ** 2, 0) / all.reduce((sum, f) => sum + f * f, 0))
      }
      const subset = compressNetworkSync(network, { size: 200, order: 1, quality: 'fast' })
      expect(distance(few)).toBeLessThan(distance(subset) / 2)
      expect(compressNetworkSync(network, options).hidden).toEqual(few.hidden)
      const again = compressNetworkSync(few, { ...options, size: 60 })
      expect(compensatedSum(again.multiplicity)).toBeCloseTo(WIDTH, 8)
    },
  )

  it('keeps rows where there is no rule, and refuses sizes without room', () => {
    const network = layer('tanh', 6)
    const free = (options: object) => () => compressNetworkSync(network, { ...options, support: 'free' })
    expect(free({ size: 300, order: 2 })()).toMatchObject({ whyRows: 'order', freeCells: 0 })
    expect(free({ order: 'auto' })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(free({ order: 2, size: 4 })).toThrow(expect.objectContaining({ code: 'ERR_SIZE' }))
  })
})

describe('quadrature', () => {
  /** Gauss's rule of n nodes on [-1, 1], and its tensor product in the plane. */
  function tensorGauss(n: number): { points: Float64Array; weights: Float64Array; dimension: number } {
    const nodes: number[] = []
    const weights: number[] = []
    for (let i = 0; i < n; i++) {
      let t = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
      let slope = 0
      for (let step = 0; step < 100; step++) {
        let [before, value] = [1, t]
        for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * t * value - (k - 1) * before) / k]
        slope = (n * (t * value - before)) / (t * t - 1)
        const next = t - value / slope
        if (next === t) break
        t = next
      }
      nodes.push(t)
      weights.push(1 / ((1 - t * t) * slope * slope))
    }
    return {
      points: rowsOf(n * n, (i) => [nodes[Math.floor(i / n)], nodes[i % n]]),
      weights: fill(n * n, (i) => weights[Math.floor(i / n)] * weights[i % n]),
      dimension: 2,
    }
  }

  it('thins a tensor product of Gauss rules to its Caratheodory points, or to free ones', async () => {
    const rule = tensorGauss(20)
    const order = 16
    const rows = await quadrature(rule, { order })
    expect(rows.count).toBeLessThanOrEqual(momentCount(2, order))
    expect(verifySync(rule, rows, { order }).residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    for (let j = 0; j < rows.count; j++)
      expect([...rows.points.subarray(2 * j, 2 * j + 2)]).toEqual([
        ...rule.points.subarray(2 * rows.indices[j], 2 * rows.indices[j] + 2),
      ])
    const free = await quadrature(rule, { order, support: 'free' })
    expect(free.freeCells).toBe(1)
    expect(free.count).toBeLessThanOrEqual(56)
    expectFree(rule, free, order)
    // exp(x + y / 2) over the square
    const integral = free.weights.reduce(
      (sum, weight, j) => sum + weight * Math.exp(free.points[2 * j] + free.points[2 * j + 1] / 2),
      0,
    )
    expect(integral).toBeCloseTo(Math.sinh(1) * Math.sinh(0.5) * 2, 14)
    expect(bitsOf(quadratureSync(rule, { order, support: 'free' }))).toEqual(bitsOf(free))
    expect(bitsOf(quadratureSync(rule, { order }))).toEqual(bitsOf(rows))
  })

  it('has nodes of the rule where there are no free ones', async () => {
    const rule = tensorGauss(20)
    const high = await quadrature(rule, { order: 22, support: 'free' })
    expect(high.freeCells).toBe(0)
    expect(high.count).toBeLessThanOrEqual(momentCount(2, 22))
    expect(bitsOf({ ...(await quadrature(rule, { order: 22 })), indices: undefined })).toEqual(bitsOf(high))
    const line = { points: rowsOf(1000, (i) => [i, 2 * i]), dimension: 2 }
    const few = quadratureSync(line, { order: 6, support: 'free' })
    expect(few.freeCells).toBe(0)
    expect(few.count).toBeLessThanOrEqual(momentCount(2, 6))
    expect(verifySync(line, few, { order: 6 }).residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  })

  it('copies the rule before it returns', async () => {
    for (const points of [rowsOf(1000, (i) => [i, 2 * i]), uniform(1000, 2)]) {
      const rule = { points, weights: fill(1000, (i) => 1 + (i % 3)), dimension: 2 }
      const wanted = quadratureSync(rule, { order: 6, support: 'free' })
      const pending = quadrature(rule, { order: 6, support: 'free' })
      points.fill(Number.NaN)
      structuredClone(rule.weights.buffer, { transfer: [rule.weights.buffer as ArrayBuffer] })
      expect(bitsOf(await pending)).toEqual(bitsOf(wanted))
    }
  })

  it('has free nodes of a rule that has fewer nodes than moments', async () => {
    const rule = tensorGauss(10)
    const free = await quadrature(rule, { order: 13, support: 'free' })
    expect(free).toMatchObject({ count: 39, freeCells: 1 })
    expectFree(rule, free, 13)
  })

  it('refuses what is no rule', async () => {
    for (const rule of [undefined, [], new Float64Array(4), {}, { points: new Float64Array(4), dimension: 1.5 }])
      await expect(quadrature(rule as unknown as QuadratureRule, { order: 2 })).rejects.toHaveProperty('code')
    const negative = { points: uniform(10, 2), weights: fill(10, () => -1), dimension: 2 }
    await expect(quadrature(negative, { order: 2 })).rejects.toMatchObject({ code: 'ERR_WEIGHT' })
    const cut = { points: new Float64Array(20), weights: new Float64Array(3), dimension: 2 }
    await expect(quadrature(cut, { order: 2 })).rejects.toThrow('quadrature: rule.weights')
    const wide = { points: new Float64Array(200), dimension: 100 }
    for (const support of ['rows', 'free'] as const)
      expect(() => quadratureSync(wide, { order: 50, support } as { order: number })).toThrow(/^quadratureSync: /)
    await expect(quadrature(tensorGauss(3), {} as { order: number })).rejects.toMatchObject({ code: 'ERR_OPTION' })
  })
})
