import { describe, expect, it } from 'vitest'
import {
  type Compressed,
  type CompressObjectsSyncOptions,
  compressNetworkSync,
  compressObjects,
  compressObjectsSync,
  compressSync,
  momentCount,
  verifySync,
} from '../lib/index.js'
import { bytesOf, fill, RESIDUAL_BOUND, seeded, TOTAL_WEIGHT_BOUND, uniform } from './fixtures.js'
import { distance, linearResidual, rowsAt } from './linear-moments.js'

const COUNT = 3000
const rows = uniform(COUNT, 4)

const bitsOf = ({ points, weights, indices, order, residual }: Compressed) => ({
  arrays: [points, weights, indices].map(bytesOf),
  order,
  residual,
})

/** Columns of row-major rows. */
function columnsOf(points: Float64Array, dimension: number, columns: number[]): Float64Array {
  const { length } = columns
  return fill((points.length / dimension) * length, (i) => {
    return points[Math.floor(i / length) * dimension + columns[i % length]]
  })
}

function expectParts(few: Compressed, all: Float64Array, weights?: Float64Array): void {
  const { dimension, count, indices } = few
  expect(few.weights.every((c) => c > 0)).toBe(true)
  expect(indices.every((j, i) => i === 0 || j > indices[i - 1])).toBe(true)
  const own = rowsAt({ a: all, b: all, weights }, indices, few.weights, all.length / dimension)
  expect(bytesOf(few.points)).toBe(bytesOf(own.a))
  expect([few.weights.length, indices.length]).toEqual([count, count])
  const sum = (list: Float64Array) => list.reduce((total, c) => total + c, 0)
  const before = weights === undefined ? all.length / dimension : sum(weights)
  expect(Math.abs(sum(few.weights) / before - 1)).toBeLessThanOrEqual(4 * TOTAL_WEIGHT_BOUND)
  expect(few.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
}

describe('the moments kept', () => {
  it.each<[number[], CompressObjectsSyncOptions]>([
    [[3], { order: 3, size: 300 }],
    [[0], { order: 2, size: 100 }],
    [[2, 1], { order: 3 }],
    [[1, 3], { size: 200, quality: 'fast' }],
    [[0, 1, 2, 3], { size: 50, order: 1 }],
  ])('with columns %j linear, %o', (linear, options) => {
    const weights = fill(COUNT, (i) => (i % 5) / 2)
    const few = compressObjectsSync(rows, { dimension: 4, linear, weights, ...options })
    expectParts(few, rows, weights)
    const others = [0, 1, 2, 3].filter((a) => !linear.includes(a))
    const blocks = few.order as { columns: number[]; order: number }[]
    expect(blocks.at(-1)).toEqual({ columns: linear, order: 1 })
    const order = others.length === 0 ? 0 : blocks[0].order
    if (typeof options.order === 'number' && others.length > 0) expect(order).toBe(options.order)
    const least = (1 + linear.length) * (others.length === 0 ? 1 : momentCount(others.length, order))
    expect(few.count).toBeLessThanOrEqual(options.size ?? least)
    if (options.size === undefined) expect(few.cells).toBe(1)
    expect(few.indices.every((j) => j % 5 !== 0)).toBe(true)
    const part = (points: Float64Array, columns: number[]) =>
      columns.length === 0 ? new Float64Array(points.length / 4) : columnsOf(points, 4, columns)
    const before = { a: part(rows, others), b: part(rows, linear), weights }
    const after = { a: part(few.points, others), b: part(few.points, linear), weights: few.weights }
    expect(linearResidual(before, after, COUNT, order)).toBeLessThanOrEqual(RESIDUAL_BOUND)
    const { residual } = verifySync({ points: rows, dimension: 4, weights }, few, { order: few.order })
    expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  })

  it('with blocks and a linear column are the product of all', () => {
    const blocks = [
      { columns: [3, 0], order: 2 },
      { columns: [2], order: 3 },
    ]
    const few = compressObjectsSync(rows, { dimension: 4, linear: [1], blocks, size: 200 })
    expectParts(few, rows)
    expect(few.order).toEqual([...blocks, { columns: [1], order: 1 }])
    expect(few.cells).toBeGreaterThanOrEqual(2)
    expect(verifySync({ points: rows, dimension: 4 }, few, { order: few.order }).residual).toBeLessThan(RESIDUAL_BOUND)
    // One more factor of a column that is linear is not kept.
    const more = [...blocks, { columns: [1], order: 2 }]
    expect(verifySync({ points: rows, dimension: 4 }, few, { order: more }).residual).toBeGreaterThan(1e-6)
  })

  it('are those of compress() for orders, order auto and blocks', () => {
    const blocks = [
      { columns: [1, 2], order: 3 },
      { columns: [0], order: 1 },
    ]
    for (const [order, own] of [
      [3, { order: 3 }],
      ['auto', {}],
      ['auto', { order: 'auto' }],
      [blocks, { blocks }],
    ] as const) {
      const expected = compressSync(rows, { dimension: 4, size: 300, order: order as number })
      const few = compressObjectsSync(rows, { dimension: 4, size: 300, ...own } as CompressObjectsSyncOptions)
      expect(bitsOf(few)).toEqual(bitsOf(expected))
    }
  })

  it('are those of compressNetwork() for neurons', () => {
    const random = seeded(3)
    const draw = (length: number) => fill(length, () => 2 * random.next() - 1)
    const [hidden, bias, output] = [draw(2000), draw(1000), draw(1000)]
    const layer = { inputs: 2, width: 1000, outputs: 1, activation: 'gelu' as const, outputBias: draw(1) }
    const network = compressNetworkSync({ ...layer, hidden, bias, output }, { size: 200 })
    // The outgoing weight may be any column.
    const neurons = fill(
      4000,
      (i) => [output[i >> 2], hidden[(i >> 2) * 2], hidden[(i >> 2) * 2 + 1], bias[i >> 2]][i % 4],
    )
    const few = compressObjectsSync(neurons, { dimension: 4, linear: [0], size: 200 })
    expect(bytesOf(few.indices)).toBe(bytesOf(network.indices))
    expect(bytesOf(few.weights)).toBe(bytesOf(network.multiplicity))
    expect(few.order).toEqual([
      { columns: [1, 2, 3], order: network.matched.order },
      { columns: [0], order: 1 },
    ])
  })

  it('cost nothing for columns that are the same in all parts', () => {
    const constant = rows.map((value, i) => (i % 4 === 2 ? 7 : value))
    const blocks = [
      { columns: [0, 2], order: 2 },
      { columns: [1], order: 2 },
    ]
    const few = compressObjectsSync(constant, { dimension: 4, blocks, linear: [3] })
    expect(few.count).toBeLessThanOrEqual(3 * 3 * 2)
    expect(verifySync({ points: constant, dimension: 4 }, few, { order: few.order }).residual).toBeLessThan(
      RESIDUAL_BOUND,
    )
    const all = compressObjectsSync(new Float64Array(40).fill(2), { dimension: 4, order: 2, size: 3 })
    expect([all.count, all.weights[0]]).toEqual([1, 10])
  })

  it('of a column that is linear and has two values are kept class by class', () => {
    const signs = rows.map((value, i) => (i % 4 === 0 ? Math.sign(value) : value))
    const few = compressObjectsSync(signs, { dimension: 4, linear: [0], order: 2, size: 60 })
    expectParts(few, signs)
    const positive = (points: Float64Array, weights?: Float64Array) =>
      fill(points.length / 4, (i) => (points[4 * i] > 0 ? (weights?.[i] ?? 1) : 0))
    const [before, after] = [positive(signs), positive(few.points, few.weights)]
    const part = (points: Float64Array, weights: Float64Array) => ({ points, dimension: 4, weights })
    const order = [{ columns: [1, 2, 3], order: 2 }]
    expect(verifySync(part(signs, before), part(few.points, after), { order }).residual).toBeLessThan(RESIDUAL_BOUND)
  })
})

describe('a sum over parts', () => {
  it('that is linear in one column is nearer with that said', () => {
    // A mixture: centres in the plane, a width, and the height, in which each part is linear.
    const x = uniform(200, 2, 5)
    const mixture = (points: Float64Array, weights?: Float64Array) =>
      fill(200, (i) => {
        let sum = 0
        for (let j = 0; j < points.length / 4; j++) {
          const [a, b, width, height] = points.subarray(4 * j, 4 * j + 4)
          const far = (x[2 * i] - a) ** 2 + (x[2 * i + 1] - b) ** 2
          sum += (weights?.[j] ?? 1) * height * Math.exp(-far / (2 + width))
        }
        return sum
      })
    const f = mixture(rows)
    const [linear, without] = [{ linear: [3] }, {}].map((own) => {
      const few = compressObjectsSync(rows, { dimension: 4, size: 300, quality: 'fast', ...own })
      return distance(mixture(few.points, few.weights), f)
    })
    expect(linear).toBeLessThan(without / 2)
    expect(linear).toBeLessThan(0.02)
  })
})

describe('the call', () => {
  const options = { dimension: 4, linear: [3], size: 200 }

  it('has the same bits in both forms, for any number of threads and for other strides', async () => {
    const one = bitsOf(compressObjectsSync(rows, { ...options, threads: 1 }))
    expect(bitsOf(await compressObjects(rows, { ...options, threads: 3 }))).toEqual(one)
    const turned = fill(rows.length, (i) => rows[(i % COUNT) * 4 + Math.floor(i / COUNT)])
    const array = { data: turned, shape: [COUNT, 4], stride: [1, COUNT] }
    expect(bitsOf(compressObjectsSync(array, { linear: [3], size: 200 }))).toEqual(one)
  })

  it('copies its input before it returns, and can be aborted', async () => {
    const expected = bitsOf(compressObjectsSync(rows, options))
    const own = rows.slice()
    const promise = compressObjects(own, options)
    own.fill(Number.NaN)
    expect(bitsOf(await promise)).toEqual(expected)
    const reason = new Error('enough')
    await expect(compressObjects(rows, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('cuts in the units of scale, one per column of the rows', () => {
    const scaled = { ...options, order: 1 }
    const one = bitsOf(compressObjectsSync(rows, { ...scaled, scale: [0, 1, 0, 5] }))
    expect(bitsOf(compressObjectsSync(rows, { ...scaled, scale: [0, 2, 0, 0] }))).toEqual(one)
    expect(bitsOf(compressObjectsSync(rows, { ...scaled, scale: [1, 0, 0, 0] }))).not.toEqual(one)
  })

  const blocks = [{ columns: [0, 1], order: 1 }]
  it.each<[string, unknown, unknown, string, RegExp]>([
    ['no dimension', rows, { size: 100 }, 'ERR_OPTION', /option 'dimension' must be given/],
    ['a NaN', rows.with(9, Number.NaN), options, 'ERR_NOT_FINITE', /rows, row 2, column 1 is NaN/],
    [
      'a negative weight',
      rows,
      { ...options, weights: fill(COUNT, (i) => 2 - i) },
      'ERR_WEIGHT',
      /'weights'\[3\] is -1/,
    ],
    [
      'too few weights',
      rows,
      { ...options, weights: fill(9, () => 1) },
      'ERR_SHAPE',
      /one number per row, 3000 in all/,
    ],
    ['no size', rows, { dimension: 4 }, 'ERR_OPTION', /'size' must be given/],
    [
      'a small size',
      rows,
      { ...options, order: 2, size: 9 },
      'ERR_SIZE',
      /least size for order 2 .* with 2 factors.* is 20/,
    ],
    [
      'a small size, no labels',
      rows,
      { dimension: 4, order: 2, size: 9 },
      'ERR_SIZE',
      /order 2 in 4 columns is 15; .* is 1$/,
    ],
    ['a small size for blocks', rows, { ...options, size: 5, blocks }, 'ERR_SIZE', /these blocks in 3 columns is 6/],
    ['order and blocks', rows, { ...options, order: 2, blocks }, 'ERR_OPTION', /takes the place of 'order'/],
    ['blocks as order', rows, { ...options, order: blocks }, 'ERR_OPTION', /'order' must be a whole number or 'auto'/],
    ['no blocks', rows, { ...options, blocks: [] }, 'ERR_OPTION', /at least one block/],
    ['a number of blocks', rows, { ...options, blocks: 3 }, 'ERR_OPTION', /must be a list of blocks, got 3/],
    ['a far column', rows, { ...options, linear: [4] }, 'ERR_OPTION', /'linear' has 4, but there are 4 columns/],
    ['a column twice', rows, { ...options, linear: [1, 1] }, 'ERR_OPTION', /'linear' has column 1 twice/],
    ['a column in both', rows, { ...options, linear: [1], blocks }, 'ERR_OPTION', /column 1, which is in a block/],
    [
      'a far block',
      rows,
      { ...options, blocks: [{ columns: [9], order: 1 }] },
      'ERR_OPTION',
      /'blocks'\[0\]\.columns has 9/,
    ],
    ['names of columns', rows, { ...options, linear: ['x'] }, 'ERR_OPTION', /'linear'\[0\] must be a column number/],
    ['another scale', rows, { ...options, scale: [1, 2] }, 'ERR_OPTION', /'scale' must have one number per column, 4/],
    ['a slip', rows, { ...options, lineer: [1] }, 'ERR_OPTION', /did you mean 'linear'/],
    [
      'a signal',
      rows,
      { ...options, signal: AbortSignal.abort() },
      'ERR_OPTION',
      /works with compressObjects\(\) only/,
    ],
  ])('refuses %s', async (_, given, wrong, code, message) => {
    const call = () => compressObjectsSync(given as Float64Array, wrong as CompressObjectsSyncOptions)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})
