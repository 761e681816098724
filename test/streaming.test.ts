// Compressor: rows that come piece by piece. Small blocks (begin() of lib/streaming/compressor.ts) make many steps of few
// rows.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import {
  type Compressed,
  Compressor,
  type CompressorOptions,
  CompressorStream,
  compressSync,
  momentCount,
  verifySync,
} from '../lib/index.js'
import { begin } from '../lib/streaming/compressor.js'
import { bytesOf, EPS, fill, normal, seeded, uniform } from './fixtures.js'

type Streamed = Compressed<Uint32Array | Float64Array>

const BLOCK = 600

/** Pushes the rows in pieces of random length. */
async function streamed(
  points: Float64Array,
  options: CompressorOptions,
  {
    weights,
    blockRows = BLOCK,
    seed = 1,
  }: { weights?: Float64Array | undefined; blockRows?: number; seed?: number } = {},
): Promise<Streamed> {
  const compressor = begin(options, { blockRows })
  await pushAll(compressor, points, options.dimension, weights, seed)
  return compressor.finish()
}

async function pushAll(
  compressor: Compressor,
  points: Float64Array,
  m: number,
  weights: Float64Array | undefined,
  seed: number,
  from = 0,
  to = points.length / m,
): Promise<void> {
  const random = seeded(seed)
  for (let row = from; row < to; ) {
    const end = Math.min(to, row + 1 + random.below(900))
    await compressor.push(points.subarray(row * m, end * m), weights?.subarray(row, end))
    row = end
  }
}

function expectRows(result: Streamed, points: Float64Array, size: number): void {
  const m = result.dimension
  expect(result.count).toBeLessThanOrEqual(size)
  expect(result.count).toBe(result.indices.length)
  expect(result.weights.every((weight) => weight > 0 && weight < Number.POSITIVE_INFINITY)).toBe(true)
  for (let j = 0; j < result.count; j++) {
    if (j > 0) expect(result.indices[j]).toBeGreaterThan(result.indices[j - 1])
    const row = points.subarray(result.indices[j] * m, (result.indices[j] + 1) * m)
    expect([...result.points.subarray(j * m, (j + 1) * m)]).toEqual([...row])
  }
}

/** One block after another goes somewhere else, a million spreads away, and comes back. */
function wandering(count: number, m: number): Float64Array {
  const random = seeded(8)
  return fill(count * m, (i) => {
    const block = Math.floor(i / m / BLOCK)
    return (block % 2 === 0 ? 1e6 : 0) + Math.sin(block) + random.normal() * 10 ** ((block % 7) - 3)
  })
}

describe('a stream of many blocks', () => {
  const sets: [string, (count: number, m: number) => Float64Array][] = [
    ['uniform', (count, m) => uniform(count, m, 5)],
    ['normal', (count, m) => normal(count, m, 6)],
    ['sorted', (count, m) => fill(count * m, (i) => (i % m === 0 ? i / count : Math.sin(i * i)))],
    ['wandering', wandering],
    ['lattice', (count, m) => fill(count * m, (i) => Math.floor(((i * 7919) % 1000) / 100))],
    ['constant, then normal', (count, m) => normal(count, m, 7).map((x, i) => (i < (count * m) / 2 ? 3 : x))],
    ['an outlier', (count, m) => normal(count, m, 9).map((x, i) => (i === 40 ? 1e12 : x))],
    ['far from 0', (count, m) => normal(count, m, 9).map((x) => 1.7e12 + x)],
    ['tiny', (count, m) => normal(count, m, 9).map((x) => x * 1e-290)],
    ['huge, later', (count, m) => normal(count, m, 9).map((x, i) => x * (i > 20_000 ? 1e150 : 1))],
  ]
  it.each(sets)('keeps all moments of rows that are %s', async (_, make) => {
    for (const [m, order, size] of [
      [2, 3, 60],
      [3, 2, 10],
      [1, 5, 20],
    ]) {
      const count = 15_000
      const points = make(count, m)
      const result = await streamed(points, { dimension: m, order, size })
      expectRows(result, points, size)
      const { residual } = verifySync({ points, dimension: m }, result, { order })
      expect(residual).toBeLessThan(16 * EPS)
      // What it says is what verify() finds, up to the frames in which both measure.
      expect(Math.abs(result.residual - residual)).toBeLessThan(2 * EPS)
    }
  })

  it('keeps the moments of weighted rows, and never a row of weight 0', async () => {
    const random = seeded(3)
    const points = normal(20_000, 2, 4)
    const weights = fill(20_000, (i) => (i % 3 === 0 || (i > 3000 && i < 6000) ? 0 : 10 ** (8 * random.next() - 4)))
    const result = await streamed(points, { dimension: 2, order: 3, size: 80 }, { weights })
    expectRows(result, points, 80)
    expect([...result.indices].every((row) => weights[row] > 0)).toBe(true)
    expect(verifySync({ points, dimension: 2, weights }, result, { order: 3 }).residual).toBeLessThan(16 * EPS)
  })

  it('takes weights beyond 2^300, in some pieces only', async () => {
    const points = normal(9000, 2, 4)
    const weights = fill(9000, (i) => (i < 4500 ? 1 : 2 ** 400))
    const compressor = begin({ dimension: 2, order: 2, size: 30 }, { blockRows: 500 })
    await compressor.push(points.subarray(0, 9000))
    await compressor.push(points.subarray(9000), weights.subarray(4500))
    const result = await compressor.finish()
    expect(verifySync({ points, dimension: 2, weights }, result, { order: 2 }).residual).toBeLessThan(16 * EPS)
  })

  it('keeps the moments of blocks of columns', async () => {
    const points = uniform(12_000, 3, 2)
    const order = [
      { columns: [0, 1], order: 3 },
      { columns: [2], order: 1 },
    ]
    const result = await streamed(points, { dimension: 3, order, size: 100 })
    expectRows(result, points, 100)
    expect(result.order).toEqual(order)
    expect(verifySync({ points, dimension: 3 }, result, { order }).residual).toBeLessThan(16 * EPS)
  })

  it("says with order 'auto' which moments of the whole it keeps", async () => {
    for (const [m, order] of [
      [1, 24],
      [2, 8],
      [3, 6],
      [4, 4],
    ]) {
      const points = uniform(20_000, m, 3)
      const result = await streamed(points, { dimension: m, size: 400 }, { blockRows: 4000 })
      expect(result.order).toBe(order)
      expectRows(result, points, 400)
      expect(verifySync({ points, dimension: m }, result, { order }).residual).toBeLessThan(16 * EPS)
    }
  })

  it('keeps in a summary what the last step would keep', async () => {
    const points = uniform(20_000, 2, 3)
    const options = { dimension: 2, order: 3, size: 200 }
    const summary = await streamed(points, { ...options, summary: true })
    expectRows(summary, points, 800)
    expect(summary.count).toBeGreaterThan(700)
    expect(verifySync({ points, dimension: 2 }, summary, { order: 6 }).residual).toBeLessThan(16 * EPS)
    const last = await streamed(points, options)
    expect(verifySync({ points, dimension: 2 }, last, { order: 6 }).residual).toBeLessThan(16 * EPS)
  })

  it('keeps only the moments asked for with quality fast', async () => {
    const points = normal(20_000, 2, 3)
    const result = await streamed(points, { dimension: 2, order: 3, size: 200, quality: 'fast' })
    expect(verifySync({ points, dimension: 2 }, result, { order: 3 }).residual).toBeLessThan(16 * EPS)
    expect(verifySync({ points, dimension: 2 }, result, { order: 4 }).residual).toBeGreaterThan(1e-12)
  })
})

describe('the bits of a stream', () => {
  const m = 2
  const options = { dimension: m, order: 4, size: 50 }
  const points = normal(16_000, m, 11)

  it('do not depend on the pieces nor on the number of threads', async () => {
    const expected = bytesOf((await streamed(points, { ...options, threads: 1 })).weights)
    for (const seed of [2, 3]) {
      const result = await streamed(points, { ...options, threads: seed }, { seed })
      expect(bytesOf(result.weights)).toEqual(expected)
    }
    const whole = begin(options, { blockRows: BLOCK })
    const fortran = fill(points.length, (i) => points[(i % 16_000) * m + Math.floor(i / 16_000)])
    await whole.push({ data: fortran, shape: [16_000, m], stride: [1, 16_000] }, new Float64Array(16_000).fill(1))
    expect(bytesOf((await whole.finish()).weights)).toEqual(expected)
  })

  it('do not depend on whether the work went on from a saved state', async () => {
    const expected = await streamed(points, options)
    for (const stop of [0, 1, 599, 600, 601, 5400, 5999, 6007, 15_999, 16_000]) {
      const first = begin(options, { blockRows: BLOCK })
      await pushAll(first, points, m, undefined, 5, 0, stop)
      const state = structuredClone(await first.save())
      const second = begin(state.options, { blockRows: BLOCK, state: state.stream })
      expect(second.rows).toBe(stop)
      await pushAll(second, points, m, undefined, 6, stop)
      const result = await second.finish()
      expect(bytesOf(result.weights)).toEqual(bytesOf(expected.weights))
      expect(result.indices).toEqual(expected.indices)
      expect(result.residual).toBe(expected.residual)
    }
  })

  it('are those of compress() for a stream of one block', async () => {
    for (const set of [points, points.subarray(0, 100), points.subarray(0, 2)]) {
      const compressor = begin(options, { blockRows: Math.max(1, set.length / m) }) // the block is full, and no more comes
      await compressor.push(set)
      const { elapsed, ...result } = await compressor.finish()
      const { elapsed: _, ...expected } = compressSync(set, options)
      expect(result).toEqual(expected)
    }
  })

  it('are the same for real blocks, and the residual is that of verify()', async () => {
    const large = uniform(700_000, m, 12)
    const results = []
    for (const piece of [700_000, 99_991]) {
      const compressor = new Compressor({ dimension: m, order: 3, size: 300 })
      for (let row = 0; row < 700_000; row += piece)
        await compressor.push(large.subarray(row * m, Math.min(700_000, row + piece) * m))
      results.push(await compressor.finish())
    }
    expect(bytesOf(results[0].weights)).toEqual(bytesOf(results[1].weights))
    expectRows(results[0], large, 300)
    const { residual } = verifySync({ points: large, dimension: m }, results[0], { order: 3 })
    expect(Math.abs(results[0].residual - residual)).toBeLessThan(EPS)
    expect(residual).toBeLessThan(16 * EPS)
  })
})

describe('heldRows', () => {
  it('lists all rows that the result has, and few others', async () => {
    const points = normal(30_000, 2, 13)
    const compressor = begin({ dimension: 2, order: 2, size: 12 }, { blockRows: BLOCK })
    let held: Float64Array | undefined
    for (let row = 0; row < 30_000; row += 1000) {
      await compressor.push(points.subarray(row * 2, (row + 1000) * 2))
      const next = await compressor.heldRows()
      // A row that was let go does not come back.
      const before = new Set(held)
      expect([...next].filter((one) => one < row && !before.has(one))).toEqual([])
      expect(next.length).toBeLessThanOrEqual(10 * 48 + 2 * BLOCK)
      held = next
    }
    const there = new Set(held)
    expect([...(await compressor.finish()).indices].every((row) => there.has(row))).toBe(true)
  })
})

describe('sources of rows', () => {
  const options = { dimension: 2, order: 2, size: 20 }
  const points = uniform(3000, 2, 3)
  const weights = fill(3000, (i) => 1 + (i % 5))
  const expected = compressSync(points, { ...options, weights }).weights
  const pieces = () =>
    [0, 1, 2].map((i) => ({
      points: points.subarray(i * 2000, (i + 1) * 2000),
      weights: weights.subarray(i * 1000, (i + 1) * 1000),
    }))

  it('are iterables, async iterables, Node streams and web streams', async () => {
    const sources = [pieces(), asyncOf(pieces()), Readable.from(pieces()), Readable.toWeb(Readable.from(pieces()))]
    for (const source of sources) {
      const compressor = new Compressor(options)
      await compressor.consume(source as AsyncIterable<{ points: Float64Array }>)
      expect((await compressor.finish()).weights).toEqual(expected)
    }
    const compressor = new Compressor(options)
    await pipeline(Readable.from(pieces()), (source) => compressor.consume(source))
    expect((await compressor.finish()).weights).toEqual(expected)
  })

  it('flow through a web TransformStream', async () => {
    const source = Readable.toWeb(Readable.from(pieces())) as ReadableStream<{ points: Float64Array }>
    const results = []
    for await (const result of source.pipeThrough(new CompressorStream(options))) results.push(result)
    expect(results.map((result) => result.weights)).toEqual([expected])
  })

  it('end a web stream with the error of a wrong piece', async () => {
    const source = Readable.toWeb(Readable.from([points, 'text'])) as ReadableStream<Float64Array>
    const reader = source.pipeThrough(new CompressorStream(options)).getReader()
    await expect(reader.read()).rejects.toMatchObject({ code: 'ERR_SHAPE' })
  })

  it('pass their own errors on', async () => {
    const compressor = new Compressor(options)
    const source = (async function* () {
      yield points
      throw new Error('the disk is gone')
    })()
    await expect(compressor.consume(source)).rejects.toThrow('the disk is gone')
    expect(compressor.rows).toBe(3000) // and the compressor can still be used
    expect((await compressor.finish()).count).toBeGreaterThan(0)
  })
})

async function* asyncOf<T>(values: T[]): AsyncGenerator<T> {
  for (const value of values) yield value
}

describe('errors of a stream', () => {
  const options = { dimension: 2, order: 2, size: 20 }

  it('of numbers leave the compressor as it was', async () => {
    const compressor = begin(options, { blockRows: 500 })
    const points = normal(2000, 2, 3)
    await compressor.push(points.subarray(0, 1000))
    const bad = points.slice(1000)
    bad[2501] = Number.NaN
    await expect(compressor.push(bad)).rejects.toMatchObject({
      code: 'ERR_NOT_FINITE',
      message: expect.stringContaining('row 1250, column 1 is NaN'),
    })
    const weights = new Float64Array(1500).fill(1)
    weights[7] = -1
    await expect(compressor.push(points.subarray(1000), weights)).rejects.toMatchObject({
      code: 'ERR_WEIGHT',
      message: expect.stringContaining('weights[7] is -1'),
    })
    await expect(compressor.push(points.subarray(0, 3))).rejects.toMatchObject({ code: 'ERR_SHAPE' })
    await expect(compressor.push(points, weights.subarray(1))).rejects.toMatchObject({ code: 'ERR_SHAPE' })
    expect(compressor.rows).toBe(500)
    await compressor.push(points.subarray(1000))
    const expected = await streamed(points, options, { blockRows: 500 })
    expect((await compressor.finish()).weights).toEqual(expected.weights)
  })

  it('of options are thrown at once', () => {
    const make = (wrong: object) => () => new Compressor({ ...options, ...wrong })
    expect(make({ dimension: undefined })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(make({ sizes: 3 })).toThrow("did you mean 'size'?")
    expect(make({ size: 5 })).toThrow(expect.objectContaining({ code: 'ERR_SIZE' }))
    expect(make({ order: 'auto', size: undefined })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(make({ memory: 1e6 })).toThrow(expect.objectContaining({ code: 'ERR_MEMORY' }))
    expect(make({ memory: 1e8 })).not.toThrow()
    expect(make({ size: Number.MAX_SAFE_INTEGER })).not.toThrow() // nothing is taken before rows come
    expect(make({ scale: [1] })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('are those of an empty stream, of weights that are all 0, and of a second end', async () => {
    const empty = new Compressor(options)
    await expect(empty.finish()).rejects.toMatchObject({ code: 'ERR_SHAPE' })
    for (const count of [100, 2000]) {
      const zeros = begin(options, { blockRows: 500 })
      await zeros.push(normal(count, 2, 1), new Float64Array(count))
      await expect(zeros.finish()).rejects.toMatchObject({ code: 'ERR_WEIGHT' })
    }
    const compressor = new Compressor(options)
    await compressor.push(normal(100, 2, 1))
    await compressor.finish()
    await expect(compressor.finish()).rejects.toMatchObject({ code: 'ERR_FINISHED' })
    await expect(compressor.push(normal(1, 2, 1))).rejects.toMatchObject({ code: 'ERR_FINISHED' })
  })

  it('are those of a state that is none', async () => {
    const compressor = new Compressor(options)
    await compressor.push(normal(100, 2, 1))
    const state = await compressor.save()
    const wrong: unknown[] = [
      undefined,
      {},
      { ...state, version: 2 },
      { ...state, stream: { ...state.stream, points: new Float64Array(3) } },
      { ...state, stream: { ...state.stream, pool: [{ rows: new Float64Array(2) }] } },
      { ...state, stream: { ...state.stream, moments: { ...state.stream.moments, high: new Float64Array(6) } } },
      { ...state, stream: { ...state.stream, rows: 99 } },
    ]
    const long = begin(options, { blockRows: 500 })
    await long.push(normal(3000, 2, 1))
    const later = await long.save()
    const [set] = later.stream.pool
    const withSet = (change: object) => ({ ...later, stream: { ...later.stream, pool: [{ ...set, ...change }] } })
    const withMoments = (change: object) => ({
      ...later,
      stream: { ...later.stream, moments: { ...later.stream.moments, ...change } },
    })
    const first = (list: Float64Array, value: number) => list.map((x, i) => (i === 0 ? value : x))
    wrong.push(
      ...[-5, 1e300, Number.NaN, 3000, 0.5].map((row) => withSet({ rows: first(set.rows, row) })),
      withSet({ rows: new Float64Array(0), points: new Float64Array(0), weights: new Float64Array(0) }),
      withSet({ points: first(set.points, Number.NaN) }),
      withSet({ weights: first(set.weights, -1) }),
      withMoments({ exponent: Float64Array.of(5000, 0) }),
      withMoments({ exponent: Float64Array.of(1e300, 0) }),
      withMoments({ reach: Float64Array.of(Number.POSITIVE_INFINITY, 1) }),
      withMoments({ high: first(later.stream.moments.high, 0) }),
    )
    for (const one of wrong) {
      expect(() => Compressor.restore(one as typeof state)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
    expect(() => Compressor.restore(state, { size: 3 } as object)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
    expect((await Compressor.restore(state, { threads: 1 }).finish()).count).toBeGreaterThan(0)
  })

  it('end a compressor whose rows are changed while it waits', async () => {
    const compressor = begin(options, { blockRows: 500 })
    const rows = normal(20_000, 2, 1)
    const push = compressor.push(rows)
    await new Promise((resolve) => setImmediate(resolve))
    structuredClone(rows, { transfer: [rows.buffer as ArrayBuffer] })
    await expect(push).rejects.toMatchObject({ code: 'ERR_DETACHED' })
    await expect(compressor.finish()).rejects.toMatchObject({ code: 'ERR_DETACHED' })
  })

  it('is the reason of an abort', async () => {
    const controller = new AbortController()
    const compressor = begin({ ...options, signal: controller.signal }, { blockRows: 500 })
    await compressor.push(normal(2000, 2, 1))
    controller.abort(new Error('enough'))
    await expect(compressor.push(normal(2000, 2, 1))).rejects.toThrow('enough')
    await expect(compressor.finish()).rejects.toThrow('enough')
  })
})

describe('calls that do not wait for one another', () => {
  it('take their turn', async () => {
    const points = normal(6000, 2, 2)
    const options = { dimension: 2, order: 2, size: 20 }
    const compressor = begin(options, { blockRows: BLOCK })
    const all = Promise.all([0, 1, 2].map((i) => compressor.push(points.subarray(i * 4000, (i + 1) * 4000))))
    const [held, result] = await Promise.all([compressor.heldRows(), compressor.finish(), all])
    expect(held.length).toBeGreaterThan(result.count)
    expect(result.weights).toEqual((await streamed(points, options)).weights)
  })
})

it('momentCount bounds the smallest stream', async () => {
  const points = uniform(5000, 3, 3)
  const result = await streamed(points, { dimension: 3, order: 2 })
  expect(result.count).toBe(momentCount(3, 2))
})
