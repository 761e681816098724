import { describe, expect, it } from 'vitest'
import {
  type Attention,
  type CompressedHeads,
  type CompressHeadsSyncOptions,
  compressHeads,
  compressHeadsSync,
  compressObjectsSync,
  momentCount,
  type OrderBlock,
  verifySync,
} from '../lib/index.js'
import { automaticBlocks, type HeadBlock, type HeadPart } from '../lib/linear/heads-order.js'
import { bytesOf, fill, RESIDUAL_BOUND, seeded, shuffled, TOTAL_WEIGHT_BOUND } from './fixtures.js'
import { distance } from './linear-moments.js'

const HEADS = 1200

function randomHeads(shape: Partial<Attention> = {}, seed = 1): Attention {
  const { heads = HEADS, headDimension = 2, inputs = 1, outputs = 1, ...given } = shape
  const random = seeded(seed)
  const draw = (size: number) => fill(heads * size, () => 2 * random.next() - 1)
  const inner = headDimension * inputs
  const arrays = { q: draw(inner), k: draw(inner), v: draw(inner), o: draw(outputs * headDimension) }
  return { heads, headDimension, inputs, outputs, ...arrays, ...given }
}

const PARTS: HeadPart[] = ['q', 'k', 'v', 'o']

/** All numbers of the heads as rows, and the columns of each part. */
function rowsOf({ heads, biases = {}, ...arrays }: Attention) {
  const columns: Record<HeadPart, number[]> = { q: [], k: [], v: [], o: [] }
  const pieces = PARTS.flatMap((part) => {
    const bias = part === 'o' ? undefined : biases[part]
    return [arrays[part], ...(bias ? [bias] : [])].map((array) => ({ part, array, size: array.length / heads }))
  })
  const owners = pieces.flatMap(({ part, array, size }) =>
    Array.from({ length: size }, (_, a) => ({ part, array, size, a })),
  )
  for (const [column, { part }] of owners.entries()) columns[part].push(column)
  const dimension = owners.length
  const points = fill(heads * dimension, (i) => {
    const { array, size, a } = owners[i % dimension]
    return array[Math.floor(i / dimension) * size + a]
  })
  return { points, dimension, columns }
}

function expectKept(few: CompressedHeads, all: Attention, size: number): void {
  const { headDimension, inputs, outputs } = all
  expect(few).toMatchObject({ headDimension, inputs, outputs })
  expect(few.heads).toBeLessThanOrEqual(size)
  expect([few.indices.length, few.multiplicity.length]).toEqual([few.heads, few.heads])
  expect(few.multiplicity.every((c) => c > 0)).toBe(true)
  const [before, after] = [rowsOf(all), rowsOf(few)]
  const { dimension } = before
  // Heads of the input, bit for bit.
  expect(bytesOf(after.points)).toBe(
    bytesOf(
      fill(
        few.heads * dimension,
        (i) => before.points[few.indices[Math.floor(i / dimension)] * dimension + (i % dimension)],
      ),
    ),
  )
  const order: OrderBlock[] = few.matched.blocks.map(({ parts, order }) => ({
    columns: parts.flatMap((part) => before.columns[part]),
    order,
  }))
  const original = { points: before.points, dimension, weights: all.multiplicity }
  const { residual, perOrder } = verifySync(original, { ...after, weights: few.multiplicity }, { order })
  expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  expect(few.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  expect(perOrder[0]).toBeLessThanOrEqual(4 * TOTAL_WEIGHT_BOUND)
}

/** A causal layer on sequences of tokens; x is sequences x tokens x inputs. */
function attend(heads: Attention, x: Float64Array, tokens: number): Float64Array {
  const { headDimension: e, inputs: n, outputs, biases = {} } = heads
  const sequences = x.length / (tokens * n)
  const y = new Float64Array(sequences * tokens * outputs)
  const at = (matrix: Float64Array, bias: Float64Array | undefined, row: number, token: number) => {
    let sum = bias?.[row] ?? 0
    for (let a = 0; a < n; a++) sum += matrix[row * n + a] * x[token * n + a]
    return sum
  }
  for (let h = 0; h < heads.heads; h++) {
    const c = heads.multiplicity?.[h] ?? 1
    for (let token = 0; token < sequences * tokens; token++) {
      const first = token - (token % tokens)
      const range = Array.from({ length: e }, (_, i) => h * e + i)
      const query = range.map((row) => at(heads.q, biases.q, row, token))
      const sums = new Float64Array(e)
      let total = 0
      for (let other = first; other <= token; other++) {
        const key = range.map((row) => at(heads.k, biases.k, row, other))
        const weight = Math.exp(key.reduce((sum, number, i) => sum + number * query[i], 0) / Math.sqrt(e))
        total += weight
        for (const [i, row] of range.entries()) sums[i] += weight * at(heads.v, biases.v, row, other)
      }
      for (let out = 0; out < outputs; out++)
        for (let i = 0; i < e; i++)
          y[token * outputs + out] += (c * heads.o[(h * outputs + out) * e + i] * sums[i]) / total
    }
  }
  return y
}

function some(all: Attention, indices: number[], multiplicity: number): Attention {
  const pick = (array: Float64Array) => {
    const size = array.length / all.heads
    return Float64Array.from(indices.flatMap((h) => [...array.subarray(h * size, (h + 1) * size)]))
  }
  const arrays = { q: pick(all.q), k: pick(all.k), v: pick(all.v), o: pick(all.o) }
  return { ...all, heads: indices.length, ...arrays, multiplicity: new Float64Array(indices.length).fill(multiplicity) }
}

const bitsOf = ({ q, k, v, o, multiplicity, indices, matched, residual }: CompressedHeads) => ({
  arrays: [q, k, v, o, multiplicity, indices].map(bytesOf),
  matched,
  residual,
})

const two = (first: number, second: number): HeadBlock[] => [
  { parts: ['q', 'k'], order: first },
  { parts: ['v', 'o'], order: second },
]
const all = (order: number): HeadBlock[] => [{ parts: PARTS, order }]

describe('the heads kept', () => {
  it.each<[Partial<Attention>, CompressHeadsSyncOptions, HeadBlock[]]>([
    [{ inputs: 2, headDimension: 1 }, { size: 300 }, two(2, 2)],
    [{ inputs: 2, headDimension: 1 }, { size: 140 }, all(2)],
    [{}, { order: 3, size: 250 }, all(3)],
    [{}, { order: 2 }, all(2)],
    [{ inputs: 2, outputs: 3 }, { size: 300 }, all(2)],
    [{ headDimension: 1, outputs: 2 }, { size: 200 }, two(3, 2)],
    [{}, { blocks: two(1, 2), size: 100, quality: 'fast' }, two(1, 2)],
    [
      {},
      {
        blocks: [
          { parts: ['q', 'k', 'v'], order: 3 },
          { parts: ['o'], order: 1 },
        ],
        size: 260,
      },
      [],
    ],
  ])('of %o with %o', (shape, options, blocks) => {
    const heads = randomHeads(shape)
    const few = compressHeadsSync(heads, options)
    const { matched } = few
    expect(matched.blocks).toEqual(options.blocks ?? blocks)
    const { columns } = rowsOf(heads)
    const counts = matched.blocks.map(({ parts, order }) => {
      return momentCount(
        parts.reduce((sum, part) => sum + columns[part].length, 0),
        order,
      )
    })
    expect(matched.features).toBe(counts.reduce((product, count) => product * count, 1))
    expectKept(few, heads, options.size ?? matched.features)
  })

  it('have the biases of their own, which belong to their part and cost nothing where they are the same', () => {
    const random = seeded(4)
    const draw = () => fill(2 * HEADS, () => random.next())
    const biased = randomHeads({ biases: { q: draw(), v: draw() } })
    const few = compressHeadsSync(biased, { blocks: two(1, 1), size: 100 })
    expect(few.matched.features).toBe(7 * 7)
    expectKept(few, biased, 100)
    expect(few.biases?.k).toBeUndefined()
    const zeros = randomHeads({ biases: { q: new Float64Array(2 * HEADS), k: new Float64Array(2 * HEADS) } })
    const same = compressHeadsSync(zeros, { size: 300 })
    expect(same.matched).toEqual({ of: 'invariants', blocks: all(5), features: momentCount(4, 5) })
    const { biases, ...plain } = zeros
    expect(bitsOf(same)).toEqual(bitsOf(compressHeadsSync(plain, { size: 300 })))
    expect(same.biases).toEqual({ q: new Float64Array(2 * same.heads), k: new Float64Array(2 * same.heads) })
  })

  it('keep the total multiplicity, and can be compressed again', () => {
    const heads = randomHeads({ multiplicity: fill(HEADS, (h) => (h % 3) / 2) })
    const few = compressHeadsSync(heads, { size: 300, order: 2 })
    expectKept(few, heads, 300)
    expect(few.indices.every((h) => h % 3 !== 0)).toBe(true)
    expectKept(compressHeadsSync(few, { size: 60, order: 2 }), few, 60)
  })

  it('are all when they fit, and equal ones become one', () => {
    const heads = randomHeads({ heads: 40 })
    const few = compressHeadsSync(heads, { size: 50 })
    expect([few.heads, few.multiplicity]).toEqual([40, new Float64Array(40).fill(1)])
    const twice = some(heads, [...Array(40).keys(), ...Array(40).keys()], 1)
    expect(compressHeadsSync(twice, { size: 50 }).heads).toBe(40)
  })

  it('are those of compressObjects() for the same rows and blocks', () => {
    const heads = randomHeads()
    const { points, dimension, columns } = rowsOf(heads)
    const blocks = [
      { columns: [...columns.q, ...columns.k], order: 2 },
      { columns: [...columns.v, ...columns.o], order: 2 },
    ]
    const objects = compressObjectsSync(points, { dimension, blocks, size: 500 })
    const few = compressHeadsSync(heads, { size: 500, blocks: two(2, 2) })
    expect(bytesOf(few.indices)).toBe(bytesOf(objects.indices))
    expect(bytesOf(few.multiplicity)).toBe(bytesOf(objects.weights))
  })
})

describe('the rule for the moments', () => {
  it.each<[number, [number, number], HeadBlock[]]>([
    [800, [4, 4], two(2, 2)],
    [225, [4, 4], two(2, 2)],
    [224, [4, 4], all(2)],
    [44, [4, 4], two(0, 2)],
    [14, [4, 4], all(1)],
    [1050, [4, 4], two(3, 2)],
    [1e9, [4, 4], two(3, 2)],
    [800, [2, 2], two(5, 4)],
    [800, [8, 8], all(2)],
    [100, [8, 8], two(0, 2)],
    [800, [0, 0], two(16, 16)],
    [20, [100, 100], all(1)],
  ])('size %i, columns %j', (size, columns, blocks) => {
    expect(automaticBlocks(size, columns)).toEqual(blocks)
  })
})

describe('the function', () => {
  const random = seeded(8)
  const x = fill(60, () => 2 * random.next() - 1)

  it('of the heads kept is far nearer than that of a random subset, with biases as well', () => {
    const ratios = [1, 2, 3].map((seed) => {
      const draw = seeded(seed + 50)
      const biases = seed === 3 ? { k: fill(2 * HEADS, () => draw.next() / 5) } : undefined
      const heads = randomHeads({ biases }, seed)
      const f = attend(heads, x, 6)
      const few = compressHeadsSync(heads, seed === 3 ? { size: 450, blocks: two(2, 2) } : { size: 300 })
      const subset = some(heads, shuffled(HEADS, seed).slice(0, few.heads), HEADS / few.heads)
      const rival = {
        ...subset,
        biases: biases && { k: some({ ...heads, q: biases.k }, shuffled(HEADS, seed).slice(0, few.heads), 1).q },
      }
      return distance(attend(rival, x, 6), f) / distance(attend(few, x, 6), f)
    })
    expect(Math.min(...ratios)).toBeGreaterThan(8)
  })

  it('of heads of one input is kept by four numbers of each, far nearer than by all of them', () => {
    for (const headDimension of [1, 2, 3]) {
      const heads = randomHeads({ headDimension }, headDimension)
      const few = compressHeadsSync(heads, { size: 300 })
      const { of, features } = few.matched
      expect([of, features]).toEqual(['invariants', 126]) // order 5
      const invariants = ({ q, k, v, o, heads: count }: Attention) =>
        fill(4 * count, (i) => {
          const [a, b] = i % 4 < 2 ? [q, k] : [v, o]
          const range = Array.from({ length: headDimension }, (_, j) => Math.floor(i / 4) * headDimension + j)
          return range.reduce((sum, j) => sum + (i % 2 === 0 ? a[j] * b[j] : a[j] ** 2 + b[j] ** 2), 0)
        })
      const set = { points: invariants(few), dimension: 4, weights: few.multiplicity }
      const { residual } = verifySync({ points: invariants(heads), dimension: 4 }, set, { order: 5 })
      expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
      const error = (other: Attention) => distance(attend(other, x, 6), attend(heads, x, 6))
      const byNumbers = compressHeadsSync(heads, { size: 300, order: headDimension === 3 ? 2 : 3 })
      expect(error(few)).toBeLessThan(error(byNumbers) / 20)
    }
  })

  it('of even attention is exact with order 2 in v and o', () => {
    const heads = randomHeads({ headDimension: 3, outputs: 2, q: new Float64Array(3 * HEADS) })
    const few = compressHeadsSync(heads, { order: 2, size: 120 })
    expect(distance(attend(few, x, 5), attend(heads, x, 5))).toBeLessThan(1e-12)
  })
})

describe('the call', () => {
  const heads = randomHeads()

  it('has the same bits in both forms and for any number of threads', async () => {
    const one = bitsOf(compressHeadsSync(heads, { size: 300, threads: 1 }))
    expect(bitsOf(await compressHeads(heads, { size: 300, threads: 3 }))).toEqual(one)
  })

  it('takes float32, copies its input before it returns, and can be aborted', async () => {
    const single = { ...heads, q: Float32Array.from(heads.q), o: Float32Array.from(heads.o) }
    const wide = { ...heads, q: Float64Array.from(single.q), o: Float64Array.from(single.o) }
    const expected = bitsOf(compressHeadsSync(wide, { size: 300 }))
    const promise = compressHeads(single, { size: 300 })
    structuredClone(single.q, { transfer: [single.q.buffer] })
    single.o.fill(Number.NaN)
    expect(bitsOf(await promise)).toEqual(expected)
    const reason = new Error('enough')
    await expect(compressHeads(heads, { size: 300, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  const short = two(1, 1).slice(0, 1)
  it.each<[string, unknown, unknown, string, RegExp]>([
    ['no heads', undefined, { size: 100 }, 'ERR_SHAPE', /compressHeadsSync: attention must be an object/],
    [
      'a short array',
      { ...heads, k: heads.k.slice(1) },
      { size: 100 },
      'ERR_SHAPE',
      /\.k must have 1200 x 2 x 1 = 2400/,
    ],
    [
      'half a head',
      { ...heads, headDimension: 0.5 },
      { size: 100 },
      'ERR_SHAPE',
      /headDimension must be a whole number/,
    ],
    [
      'a NaN',
      { ...heads, o: heads.o.with(5, Number.NaN) },
      { size: 100 },
      'ERR_NOT_FINITE',
      /attention\.o\[2, 0, 1\] is NaN/,
    ],
    [
      'a bias of o',
      { ...heads, biases: { o: heads.o } },
      { size: 100 },
      'ERR_SHAPE',
      /biases has 'o'; there are biases of q/,
    ],
    [
      'a short bias',
      { ...heads, biases: { q: heads.q.slice(1) } },
      { size: 100 },
      'ERR_SHAPE',
      /biases\.q must have 1200 x 2/,
    ],
    [
      'a negative one',
      { ...heads, multiplicity: fill(HEADS, (h) => 3 - h) },
      { size: 9 },
      'ERR_WEIGHT',
      /multiplicity\[4\]/,
    ],
    ['no size', heads, {}, 'ERR_OPTION', /option 'size' must be given/],
    [
      'a small size',
      heads,
      { size: 8, order: 1 },
      'ERR_SIZE',
      /least size for order 1 in 8 columns is 9; .* size 8 is 0$/,
    ],
    ['a small size for blocks', heads, { size: 80, blocks: two(2, 2) }, 'ERR_SIZE', /blocks in 8 columns is 225/],
    ['order and blocks', heads, { size: 80, order: 1, blocks: two(1, 1) }, 'ERR_OPTION', /takes the place of 'order'/],
    ['too few parts', heads, { size: 80, blocks: short }, 'ERR_OPTION', /'blocks' lacks 'v'/],
    ['a part twice', heads, { size: 80, blocks: [...all(1), ...short] }, 'ERR_OPTION', /'blocks' has 'q' twice/],
    ['another part', heads, { size: 80, blocks: [{ parts: ['w'], order: 1 }] }, 'ERR_OPTION', /parts\[0\] must be 'q'/],
    ['columns', heads, { size: 80, blocks: [{ columns: [1], order: 1 }] }, 'ERR_OPTION', /unknown property 'columns'/],
    ['a slip', heads, { sise: 100 }, 'ERR_OPTION', /unknown option 'sise', did you mean 'size'/],
  ])('refuses %s', async (_, given, options, code, message) => {
    const call = () => compressHeadsSync(given as Attention, options as CompressHeadsSyncOptions)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})
