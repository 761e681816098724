import { describe, expect, it } from 'vitest'
import {
  type CompressDatasetSyncOptions,
  type CompressedDataset,
  compressDataset,
  compressDatasetSync,
  type Dataset,
  momentCount,
  multiIndices,
  type Network,
  type Numbers,
  type Progress,
  verifySync,
} from '../lib/index.js'
import { bytesOf, EPS, expectSubset, fill, RESIDUAL_BOUND, seeded, shuffled, TOTAL_WEIGHT_BOUND } from './fixtures.js'
import { distance, gradientOf, linearResidual } from './linear-moments.js'

interface Set {
  x: Float64Array
  y: Float64Array
  inputs: number
  outputs: number
}

/** Labels whose noise is larger than their signal; x is not uniform. */
function noisy(count: number, inputs: number, outputs: number, seed = 1): Set {
  const random = seeded(seed)
  const x = fill(count * inputs, () => random.next() + 0.3 * random.normal())
  const y = fill(count * outputs, (i) => {
    const row = Math.floor(i / outputs)
    return 20 * (i % outputs) + Math.sin(3 * x[row * inputs]) + 2 * random.normal()
  })
  return { x, y, inputs, outputs }
}

/** One-hot labels of overlapping clouds. */
function classified(count: number, classes: number, seed = 1): Set {
  const random = seeded(seed)
  const x = new Float64Array(2 * count)
  const y = new Float64Array(classes * count)
  for (let i = 0; i < count; i++) {
    const c = Math.floor(classes * random.next() ** 2)
    x[2 * i] = Math.cos(c) + 0.5 * random.normal()
    x[2 * i + 1] = Math.sin(c) + 0.5 * random.normal()
    y[i * classes + c] = 1
  }
  return { x, y, inputs: 2, outputs: classes }
}

const rowsOf = ({ x, inputs }: Set) => x.length / inputs

/** Checks everything that is promised of a result. */
function expectKept(kept: CompressedDataset, set: Set, size: number, weights?: Numbers): void {
  const { inputs, outputs } = set
  const count = rowsOf(set)
  const dimension = inputs + outputs
  const points = fill(count * dimension, (i) => {
    const [row, column] = [Math.floor(i / dimension), i % dimension]
    return column < inputs ? set.x[row * inputs + column] : set.y[row * outputs + column - inputs]
  })
  expectSubset(kept, { points, dimension, ...(weights && { weights: Float64Array.from(weights) }) }, size)
  for (let i = 0; i < kept.count; i++) {
    const row = kept.points.subarray(i * dimension, (i + 1) * dimension)
    expect([
      ...kept.x.subarray(i * inputs, (i + 1) * inputs),
      ...kept.y.subarray(i * outputs, (i + 1) * outputs),
    ]).toEqual([...row])
  }
  const { order, factors } = kept.matched
  const all = { a: set.x, b: set.y, weights }
  const some = { a: kept.x, b: kept.y, weights: kept.weights }
  expect(linearResidual(all, some, count, order, factors !== 'linear')).toBeLessThanOrEqual(RESIDUAL_BOUND)
  expect(kept.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  const sum = (list: Numbers) => Array.from(list).reduce((total, weight) => total + weight, 0)
  expect(Math.abs(sum(kept.weights) / (weights ? sum(weights) : count) - 1)).toBeLessThanOrEqual(
    TOTAL_WEIGHT_BOUND + (count * EPS) / 4,
  )
  const original = { points, dimension, weights: weights && Float64Array.from(weights) }
  expect(verifySync(original, kept, { order: kept.order }).residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
}

const bitsOf = ({ points, x, y, weights, indices, matched, cells, residual }: CompressedDataset) => ({
  arrays: [points, x, y, weights, indices].map(bytesOf),
  matched,
  cells,
  residual,
})

describe('labels that are numbers', () => {
  it.each<[number, number, CompressDatasetSyncOptions]>([
    [1, 1, { order: 3, size: 100 }],
    [2, 1, { order: 3, size: 300 }],
    [2, 1, { order: 3, size: 300, squares: false }],
    [2, 1, { order: 2, size: 18, squares: true }],
    [3, 1, { order: 2, size: 400, quality: 'fast' }],
    [2, 3, { order: 2, size: 500 }],
    [2, 3, { order: 2, size: 500, squares: false, quality: 'fast' }],
    [2, 1, { size: 400 }],
    [1, 2, { size: 60 }],
    [4, 1, { size: 250, order: 'auto', squares: false }],
    [2, 1, { order: 4 }],
    [2, 1, { order: 0, size: 200 }],
    [2, 1, { order: 3, size: 300, scale: 'none' }],
    [2, 1, { order: 3, size: 300, scale: [0, 1] }],
  ])('%i columns, %i labels, %o', (inputs, outputs, options) => {
    const set = noisy(3000, inputs, outputs)
    const kept = compressDatasetSync(set, options)
    expectKept(kept, set, options.size ?? kept.matched.features)
    expect(kept.matched.factors).toBe(options.squares === false ? 'linear' : 'squares')
    const factors = 1 + (options.squares === false ? 1 : 2) * outputs
    expect(kept.matched.features).toBe(factors * momentCount(inputs, kept.matched.order))
    if (typeof options.order === 'number') expect(kept.matched.order).toBe(options.order)
  })

  it('with weights, in the options or with the data, and twice over', () => {
    const set = noisy(3000, 2, 1)
    const weights = fill(3000, (i) => (i % 5 === 0 ? 0 : 0.25 + (i % 7)))
    const kept = compressDatasetSync(set, { order: 3, size: 300, weights })
    expectKept(kept, set, 300, weights)
    expect(bitsOf(compressDatasetSync({ ...set, weights }, { order: 3, size: 300 }))).toEqual(bitsOf(kept))
    const twice = compressDatasetSync(kept, { order: 3, size: 60 })
    expect(twice.count).toBeLessThanOrEqual(60)
    const some = { a: twice.x, b: twice.y, weights: twice.weights }
    expect(linearResidual({ a: set.x, b: set.y, weights }, some, 3000, 3, true)).toBeLessThanOrEqual(2 * RESIDUAL_BOUND)
  })

  it('as float32, or as ndarray-like objects', () => {
    const set = noisy(2000, 2, 2)
    const x = Float32Array.from(set.x)
    const wide = Float64Array.from(x)
    const kept = compressDatasetSync({ ...set, x }, { order: 2, size: 300 })
    expectKept(kept, { ...set, x: wide }, 300)
    const columns = fill(4000, (i) => wide[(i % 2000) * 2 + Math.floor(i / 2000)])
    const given = { x: { data: columns, shape: [2000, 2], stride: [1, 2000] }, y: set.y }
    expect(bitsOf(compressDatasetSync(given, { order: 2, size: 300 }))).toEqual(bitsOf(kept))
    const y = { data: set.y, shape: [2000, 2] }
    expect(bitsOf(compressDatasetSync({ x, inputs: 2, y }, { order: 2, size: 300 }))).toEqual(bitsOf(kept))
  })

  it('matches squares where two cells have room for them', () => {
    const set = noisy(2000, 2, 1)
    const room = 2 * 3 * momentCount(2, 3)
    const factorsAt = (size: number, order: number | 'auto') =>
      compressDatasetSync(set, { size, order }).matched.factors
    expect(factorsAt(room, 3)).toBe('squares')
    expect(factorsAt(room - 1, 3)).toBe('linear')
    expect(factorsAt(36, 'auto')).toBe('squares')
    expect(factorsAt(35, 'auto')).toBe('linear')
  })

  it('keep all rows when they fit', () => {
    const set = noisy(50, 2, 1)
    const kept = compressDatasetSync(set, { size: 500 })
    expect([...kept.indices]).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(kept.weights.every((weight) => weight === 1)).toBe(true)
  })

  it('that the others determine cost no moments', () => {
    const random = seeded(3)
    const [x, y] = [fill(6000, () => random.normal()), new Float64Array(12_000)]
    for (let i = 0; i < 3000; i++) {
      // Probabilities of three classes, and a constant column.
      const e = [0, 1, 2].map((c) => Math.exp(Math.sin(c + x[2 * i]) + 0.5 * random.normal()))
      const sum = e[0] + e[1] + e[2]
      for (let c = 0; c < 3; c++) y[4 * i + c] = e[c] / sum
      y[4 * i + 3] = -7
    }
    const set = { x, y, inputs: 2, outputs: 4 }
    const kept = compressDatasetSync(set, { order: 3, size: 200, squares: false })
    expect(kept.matched.features).toBe(3 * momentCount(2, 3))
    expectKept(kept, set, 200)
  })

  it('beside constant columns of x', () => {
    const set = noisy(2000, 3, 1)
    for (let i = 0; i < 2000; i++) set.x[3 * i + 1] = 5
    const kept = compressDatasetSync(set, { order: 3, size: 200 })
    expect(kept.matched.features).toBe(3 * momentCount(2, 3))
    expectKept(kept, set, 200)
    const still = { ...set, x: new Float64Array(6000).fill(2) }
    const only = compressDatasetSync(still, { order: 3, size: 20 })
    expectKept(only, still, 20)
    expect(only.matched.order).toBe(3)
  })

  it('with a mean far above their spread, or beyond the squares of doubles', () => {
    for (const [mean, spread] of [
      [1e8, 1],
      [0, 1e200],
      [0, 1e-200],
    ]) {
      const set = noisy(2000, 2, 2)
      set.y.forEach((value, i) => {
        set.y[i] = mean + spread * value
      })
      const kept = compressDatasetSync(set, { order: 2, size: 300 })
      const unit = (y: Float64Array) => y.map((value) => (value - mean) / spread)
      const some = { a: kept.x, b: unit(kept.y), weights: kept.weights }
      expect(linearResidual({ a: set.x, b: unit(set.y) }, some, 2000, 2, true)).toBeLessThanOrEqual(RESIDUAL_BOUND)
    }
  })

  it('of things of many sizes, whose measures are nearly proportional, rounded, and sometimes wrong', () => {
    // Elimination divides by small numbers here. The inverse has errors, and weights that need not change must not.
    const random = seeded(1)
    const [count, inputs] = [4000, 4]
    const x = new Float64Array(count * inputs)
    const y = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      const size = Math.exp(0.6 * random.normal())
      for (let a = 0; a < inputs; a++)
        x[i * inputs + a] = Math.round(100 * size * (1 + a / 10) * (1 + 0.01 * random.normal())) / 100
      y[i] = Math.round(100 * size ** 3 * Math.exp(0.3 * random.normal()))
    }
    for (let a = 0; a < inputs; a++) x[(17 * a + 3) * inputs + a] *= 8
    const set = { x, y, inputs, outputs: 1 }
    const size = 2 * momentCount(inputs, 7)
    const kept = compressDatasetSync(set, { order: 7, size, squares: false, quality: 'fast' })
    expectKept(kept, set, size)
    expect(kept.cells).toBe(1)
  })

  it('are not cut along', () => {
    // The labels are a million times as large as x. The cells must stay small along x.
    const set = noisy(8000, 1, 1)
    set.y.forEach((value, i) => {
      set.y[i] = 1e6 * value
    })
    const kept = compressDatasetSync(set, { order: 2, size: 240, quality: 'fast' })
    const residual = (column: number) =>
      verifySync(
        { points: fill(16_000, (i) => (i % 2 === 0 ? set.x[i / 2] : set.y[(i - 1) / 2])), dimension: 2 },
        kept,
        { order: [{ columns: [column], order: 8 }] },
      ).residual
    expect(residual(0)).toBeLessThan(residual(1) / 10)
  })
})

describe('labels of few values', () => {
  it.each<[number, CompressDatasetSyncOptions]>([
    [2, { order: 3, size: 150 }],
    [3, { order: 2, size: 300 }],
    [5, { size: 400 }],
    [10, { order: 2, size: 300, quality: 'fast' }],
    [4, { order: 3 }],
  ])('%i classes, %o', (classes, options) => {
    const set = classified(5000, classes)
    const kept = compressDatasetSync(set, options)
    expect(kept.matched.factors).toBe('classes')
    expect(kept.matched.features).toBe(classes * momentCount(2, kept.matched.order))
    expectKept(kept, set, options.size ?? kept.matched.features)
    // The mass of every class.
    for (let c = 0; c < classes; c++) {
      const before = set.y.reduce((total, value, i) => (i % classes === c ? total + value : total), 0)
      const after = kept.weights.reduce((total, weight, i) => total + weight * kept.y[i * classes + c], 0)
      expect(Math.abs(after / before - 1)).toBeLessThanOrEqual(RESIDUAL_BOUND)
    }
  })

  it('with weights, some 0, also all of a class', () => {
    const set = classified(5000, 3)
    const weights = fill(5000, (i) => (set.y[3 * i + 1] === 1 ? 0 : i % 4))
    const kept = compressDatasetSync(set, { order: 2, size: 200, weights })
    expect(kept.matched.features).toBe(2 * momentCount(2, 2))
    expectKept(kept, set, 200, weights)
  })

  it('of one column: 0 and 1, a single value, and three values, which are not classes', () => {
    const set = classified(3000, 2)
    const binary = { ...set, y: fill(3000, (i) => set.y[2 * i]), outputs: 1 }
    const kept = compressDatasetSync(binary, { order: 3, size: 100 })
    expect(kept.matched).toEqual({ order: 3, factors: 'classes', features: 2 * momentCount(2, 3) })
    expectKept(kept, binary, 100)
    const one = { ...binary, y: new Float64Array(3000).fill(4) }
    const single = compressDatasetSync(one, { order: 3, size: 100 })
    expect(single.matched).toEqual({ order: 3, factors: 'classes', features: momentCount(2, 3) })
    expectKept(single, one, 100)
    const three = { ...binary, y: fill(3000, (i) => i % 3) }
    expect(compressDatasetSync(three, { order: 3, size: 100 }).matched.factors).toBe('squares')
    expectKept(compressDatasetSync(three, { order: 3, size: 100 }), three, 100)
  })

  it('of two columns, 0 and 1 each: no squares besides, which would be the same again', () => {
    const random = seeded(8)
    const set = { ...noisy(3000, 2, 1), y: fill(6000, () => random.below(2)), outputs: 2 }
    const kept = compressDatasetSync(set, { order: 2, size: 200 })
    expect(kept.matched.features).toBe(3 * momentCount(2, 2))
    expectKept(kept, set, 200)
  })

  it('keeps every row of a class that is too small, within the size', () => {
    const set = classified(4000, 3)
    for (let i = 0; i < 4000; i++) {
      const c = i < 4 ? 2 : i % 2
      for (let o = 0; o < 3; o++) set.y[3 * i + o] = o === c ? 1 : 0
    }
    const kept = compressDatasetSync(set, { order: 2, size: 100 })
    expect([...kept.indices.subarray(0, 4)]).toEqual([0, 1, 2, 3])
    expect([...kept.weights.subarray(0, 4)]).toEqual([1, 1, 1, 1])
    expectKept(kept, set, 100)
    expect(() => compressDatasetSync(set, { order: 2, size: 15 })).toThrow(/least size .* is 16; /)
  })

  it('uses the whole size', () => {
    for (const classes of [2, 3, 7]) {
      const { count } = compressDatasetSync(classified(8000, classes), { size: 500 })
      expect(count).toBeGreaterThan(350)
    }
  })
})

describe('learning from what is kept', () => {
  it('least squares with polynomials has the same solution, and the same loss', () => {
    const set = noisy(4000, 2, 2)
    for (const order of [2, 4, 6]) {
      const kept = compressDatasetSync(set, { order, size: 600 })
      const all = leastSquares(set.x, set.y, undefined, order / 2)
      const few = leastSquares(kept.x, kept.y, kept.weights, order / 2)
      expect(distance(few.coefficients, all.coefficients)).toBeLessThan(1e-11)
      expect(Math.abs(few.loss / all.loss - 1)).toBeLessThan(1e-12)
      // As many random rows do not give that.
      const rows = shuffled(4000, 1).slice(0, 600)
      const some = leastSquares(
        Float64Array.from(rows.flatMap((row) => [set.x[2 * row], set.x[2 * row + 1]])),
        Float64Array.from(rows.flatMap((row) => [set.y[2 * row], set.y[2 * row + 1]])),
        undefined,
        order / 2,
      )
      expect(distance(some.coefficients, all.coefficients)).toBeGreaterThan(1e-4)
    }
  })

  it.each(['tanh', 'relu'] as const)(
    'the gradient of a %s network is far nearer than with random rows',
    (activation) => {
      const set = noisy(4000, 2, 1)
      const random = seeded(4)
      const width = 20
      const network: Network = {
        inputs: 2,
        width,
        outputs: 1,
        activation,
        hidden: fill(2 * width, () => random.normal()),
        bias: fill(width, () => random.normal()),
        output: fill(width, () => 0.3 * random.normal()),
        outputBias: new Float64Array(1),
      }
      const flat = ({ hidden, bias, output }: ReturnType<typeof gradientOf>) => [...hidden, ...bias, ...output]
      const all = flat(gradientOf(network, set.x, set.y))
      const rows = shuffled(4000, 2).slice(0, 400)
      const x = Float64Array.from(rows.flatMap((row) => [set.x[2 * row], set.x[2 * row + 1]]))
      const chance = distance(
        flat(
          gradientOf(
            network,
            x,
            Float64Array.from(rows, (row) => set.y[row]),
          ),
        ),
        all,
      )
      const kept = compressDatasetSync(set, { size: 400 })
      const error = distance(flat(gradientOf(network, kept.x, kept.y, kept.weights)), all)
      expect(error).toBeLessThan(activation === 'tanh' ? chance / 50 : chance / 3)
    },
  )

  it("'best' has a smaller gradient error than 'fast' where the model is smooth", () => {
    const random = seeded(6)
    const planes = Array.from({ length: 20 }, () => [0, 1, 2].map(() => 0.5 * random.normal()))
    const sums = (x: Float64Array, y: Float64Array, weights?: Float64Array) =>
      planes.map(([a, b, c]) =>
        y.reduce(
          (sum, label, i) => sum + (weights?.[i] ?? 1) * label * Math.tanh(a * x[2 * i] + b * x[2 * i + 1] + c),
          0,
        ),
      )
    const gains = [1, 2, 3].map((seed) => {
      const set = noisy(8000, 2, 1, seed)
      const all = sums(set.x, set.y)
      const error = (quality: 'fast' | 'best') => {
        const kept = compressDatasetSync(set, { order: 2, size: 400, quality })
        return distance(sums(kept.x, kept.y, kept.weights), all)
      }
      return error('fast') / error('best')
    })
    expect(gains.sort((a, b) => a - b)[1]).toBeGreaterThan(1.5)
  })

  it("'best' keeps more than was asked for", () => {
    const set = noisy(8000, 2, 1)
    const third = (quality: 'fast' | 'best') => {
      const kept = compressDatasetSync(set, { order: 2, size: 400, quality })
      expect(kept.matched.order).toBe(2)
      return linearResidual({ a: set.x, b: set.y }, { a: kept.x, b: kept.y, weights: kept.weights }, 8000, 3, true)
    }
    expect(third('best')).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expect(third('fast')).toBeGreaterThan(1e-9)
  })
})

/** Normal equations in the monomials of degree <= order of x, by Gauss's elimination; the weighted mean squared error. */
function leastSquares(x: Numbers, y: Numbers, weights: Numbers | undefined, order: number) {
  const list = multiIndices(2, order)
  const N = list.length / 2
  const count = x.length / 2
  const outputs = y.length / count
  const features = (i: number) =>
    Array.from({ length: N }, (_, e) => x[2 * i] ** list[2 * e] * x[2 * i + 1] ** list[2 * e + 1])
  const system = Array.from({ length: N }, () => new Float64Array(N + outputs))
  for (let i = 0; i < count; i++) {
    const phi = features(i)
    const weight = weights?.[i] ?? 1
    for (let e = 0; e < N; e++) {
      for (let f = 0; f < N; f++) system[e][f] += weight * phi[e] * phi[f]
      for (let o = 0; o < outputs; o++) system[e][N + o] += weight * phi[e] * y[i * outputs + o]
    }
  }
  for (let e = 0; e < N; e++) {
    for (let f = 0; f < N; f++) {
      if (f === e) continue
      const factor = system[f][e] / system[e][e]
      for (let g = e; g < N + outputs; g++) system[f][g] -= factor * system[e][g]
    }
  }
  const coefficients = fill(N * outputs, (i) => {
    const [e, o] = [Math.floor(i / outputs), i % outputs]
    return system[e][N + o] / system[e][e]
  })
  let [loss, mass] = [0, 0]
  for (let i = 0; i < count; i++) {
    const phi = features(i)
    const weight = weights?.[i] ?? 1
    mass += weight
    for (let o = 0; o < outputs; o++) {
      let f = 0
      for (let e = 0; e < N; e++) f += phi[e] * coefficients[e * outputs + o]
      loss += weight * (f - y[i * outputs + o]) ** 2
    }
  }
  return { coefficients, loss: loss / mass }
}

describe('the call', () => {
  const set = noisy(4000, 2, 1)
  const classes = classified(4000, 3)

  it('has the same bits in both forms and for any number of threads', async () => {
    for (const data of [set, classes]) {
      const options = { order: 3, size: 400 }
      const one = bitsOf(compressDatasetSync(data, { ...options, threads: 1 }))
      expect(bitsOf(compressDatasetSync(data, { ...options, threads: 3 }))).toEqual(one)
      expect(bitsOf(await compressDataset(data, options))).toEqual(one)
    }
  })

  it('does not write to its input, and copies it before it returns', async () => {
    const x = Float64Array.from(set.x)
    const y = Float64Array.from(set.y)
    const promise = compressDataset({ ...set, x, y }, { order: 3, size: 400 })
    expect(bytesOf(x)).toBe(bytesOf(set.x))
    expect(bytesOf(y)).toBe(bytesOf(set.y))
    structuredClone(x, { transfer: [x.buffer] })
    y.fill(Number.NaN)
    expect(bitsOf(await promise)).toEqual(bitsOf(compressDatasetSync(set, { order: 3, size: 400 })))
  })

  it.each([
    ['numbers', noisy(400_000, 2, 1)],
    ['classes', classified(100_000, 5)],
  ])('tells its progress and can be aborted: %s', async (_, data) => {
    const seen: Progress[] = []
    await compressDataset(data, { order: 5, size: 20_000, onProgress: (progress) => seen.push(progress) })
    expect(seen.length).toBeGreaterThan(0)
    for (const [i, { done, total, stage }] of seen.entries()) {
      expect(done).toBeLessThanOrEqual(total)
      if (i > 0 && stage === seen[i - 1].stage) expect(done).toBeGreaterThanOrEqual(seen[i - 1].done)
    }
    const reason = new Error('enough')
    const controller = new AbortController()
    const promise = compressDataset(data, {
      order: 5,
      size: 20_000,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    })
    await expect(promise).rejects.toBe(reason)
    await expect(compressDataset(data, { size: 100, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it.each<[string, unknown, unknown, string, RegExp]>([
    ['no object', undefined, { size: 100 }, 'ERR_SHAPE', /compressDatasetSync: data must be an object/],
    ['an array', set.x, { size: 100 }, 'ERR_SHAPE', /data must be an object .* got Float64Array/],
    ['no x', { ...set, x: undefined }, { size: 100 }, 'ERR_SHAPE', /compressDatasetSync: x must be a Float64Array/],
    ['no inputs', { ...set, inputs: undefined }, { size: 100 }, 'ERR_OPTION', /x: inputs must be given/],
    [
      'another number of rows',
      { ...set, y: set.y.slice(1) },
      { size: 100 },
      'ERR_SHAPE',
      /x has 4000 rows, y has 3999/,
    ],
    ['labels left over', { x: set.x, inputs: 2, y: set.y.slice(1) }, { size: 100 }, 'ERR_SHAPE', /multiple of 4000/],
    [
      'a NaN in y',
      { ...set, y: set.y.with(7, Number.NaN) },
      { size: 100 },
      'ERR_NOT_FINITE',
      /y, row 7, column 0 is NaN/,
    ],
    [
      'an infinity in x',
      { ...set, x: set.x.with(7, Infinity) },
      { size: 9 },
      'ERR_NOT_FINITE',
      /x, row 3, column 1 is Inf/,
    ],
    ['a negative weight', set, { size: 100, weights: fill(4000, (i) => 5 - i) }, 'ERR_WEIGHT', /weights\[6\] is -1/],
    ['no weight', set, { size: 100, weights: new Float64Array(4000) }, 'ERR_WEIGHT', /all 0/],
    ['weights of another length', set, { size: 100, weights: set.x }, 'ERR_SHAPE', /4000 in all, got 8000/],
    ['no size', set, {}, 'ERR_OPTION', /option 'size' must be given/],
    ['too small a size', set, { order: 3, size: 19 }, 'ERR_SIZE', /least size for order 3 .* is 20; .* size 19 is 2$/],
    ['hardly a size', set, { order: 3, size: 1 }, 'ERR_SIZE', /no order has fewer/],
    ['too small for squares', set, { order: 3, size: 29, squares: true }, 'ERR_SIZE', /is 30; /],
    ['too small for classes', classes, { order: 3, size: 29 }, 'ERR_SIZE', /3 different labels is 30; /],
    ['an order beyond memory', set, { order: 255, size: 5000 }, 'ERR_MEMORY', /bytes/],
    ['an order beyond numbers', { ...noisy(50, 20, 1) }, { order: 200, size: 10 }, 'ERR_SIZE', /2\^53/],
    ['a slip', set, { size: 100, sqares: true }, 'ERR_OPTION', /unknown option 'sqares', did you mean 'squares'/],
    ['blocks', set, { size: 100, order: [] }, 'ERR_OPTION', /whole number or 'auto'/],
    ['a word', set, { size: 100, squares: 'yes' }, 'ERR_OPTION', /'squares' must be true or false/],
    [
      'a scale for y',
      set,
      { size: 100, scale: [1, 1, 1] },
      'ERR_OPTION',
      /one number per column of x, 2 in all, got 3/,
    ],
    ['a signal', set, { size: 100, signal: AbortSignal.abort() }, 'ERR_OPTION', /works with compressDataset\(\) only/],
  ])('refuses %s', (_, data, options, code, message) => {
    const call = () => compressDatasetSync(data as Dataset, options as CompressDatasetSyncOptions)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('rejects with what the other form throws', async () => {
    await expect(compressDataset(set, { order: 3, size: 19 })).rejects.toMatchObject({ code: 'ERR_SIZE' })
    await expect(compressDataset({ ...set, inputs: 0 }, { size: 19 })).rejects.toMatchObject({ code: 'ERR_OPTION' })
  })
})
