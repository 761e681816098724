import { describe, expect, it } from 'vitest'
import { type Compressed, Compressor, compressSync, merge, verifySync } from '../lib/index.js'
import { IS_WASM } from './backend-in-use.js'
import { bytesOf, EPS, fill, normal, seeded, uniform } from './fixtures.js'

const m = 2
const SHARD = 3000

/** Sets apart, and all of their rows together. */
function shards(count: number): { all: Float64Array; weights: Float64Array; sets: Compressed[] } {
  const random = seeded(4)
  const all = normal(count * SHARD, m, 3).map((x, i) => x + Math.floor(i / m / SHARD))
  const weights = fill(count * SHARD, () => 0.5 + random.next())
  const sets = Array.from({ length: count }, (_, i) =>
    compressSync(all.subarray(i * SHARD * m, (i + 1) * SHARD * m), {
      dimension: m,
      order: 4,
      size: 200,
      weights: weights.subarray(i * SHARD, (i + 1) * SHARD),
    }),
  )
  return { all, weights, sets }
}

describe('merge', () => {
  it.each([1, 2, 40])(
    'keeps the moments of all rows of %i sets, and knows where its points come from',
    async (count) => {
      const { all, weights, sets } = shards(count)
      const result = await merge(sets, { size: 300 })
      expect(result.count).toBeLessThanOrEqual(300)
      expect(result.order).toBe(4)
      const original = { points: all, dimension: m, weights }
      expect(verifySync(original, result, { order: 4 }).residual).toBeLessThan(16 * EPS)
      for (let j = 0; j < result.count; j++) {
        const row = result.sets[j] * SHARD + result.indices[j]
        expect([...all.subarray(row * m, (row + 1) * m)]).toEqual([...result.points.subarray(j * m, (j + 1) * m)])
        expect(sets[result.sets[j]].indices).toContain(result.indices[j])
        if (j > 0 && result.sets[j] === result.sets[j - 1])
          expect(result.indices[j]).toBeGreaterThan(result.indices[j - 1])
        else if (j > 0) expect(result.sets[j]).toBeGreaterThan(result.sets[j - 1])
      }
    },
  )

  it('takes any weighted points, float32 and ndarrays too', async () => {
    const { all, weights, sets } = shards(3)
    const columns = fill(SHARD * m, (i) => all[(i % SHARD) * m + Math.floor(i / SHARD)])
    const result = await merge(
      [
        { points: { data: columns, shape: [SHARD, m], stride: [1, SHARD] }, weights: weights.subarray(0, SHARD) },
        { points: Float32Array.from([0, 0, 1, 1]) },
        sets[2],
      ],
      { dimension: m, order: 3, size: 100 },
    )
    expect(result.count).toBeLessThanOrEqual(100)
    expect(result.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(
      weights.subarray(0, SHARD).reduce((sum, weight) => sum + weight, 0) +
        2 +
        weights.subarray(2 * SHARD).reduce((sum, weight) => sum + weight, 0),
      8,
    )
  })

  it('has the same bits for any number of threads, and other bits for another sequence at most', async () => {
    const { all, weights, sets } = shards(5)
    const [one, two] = [await merge(sets, { size: 100, threads: 1 }), await merge(sets, { size: 100, threads: 2 })]
    expect(bytesOf(one.weights)).toEqual(bytesOf(two.weights))
    const other = await merge([...sets].reverse(), { size: 100 })
    const original = { points: all, dimension: m, weights }
    expect(verifySync(original, other, { order: 4 }).residual).toBeLessThan(16 * EPS)
  })

  it('promises no higher order than its sets', async () => {
    const { sets } = shards(3)
    const low = { ...sets[1], order: 2 }
    expect((await merge([sets[0], low], { size: 60 })).order).toBe(2)
    expect((await merge([sets[0], low], { order: 4, size: 60 })).order).toBe(2)
    expect((await merge(sets, { order: 3, size: 60 })).order).toBe(3)
  })

  it('merges summaries as one compressor would, with the error of the last step only', async () => {
    const count = 8
    const all = uniform(count * 20_000, m, 3)
    const options = { dimension: m, order: 3, size: 200 }
    const part = (i: number) => all.subarray(i * 20_000 * m, (i + 1) * 20_000 * m)
    const summaries = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const compressor = new Compressor({ ...options, summary: true })
        await compressor.push(part(i))
        return compressor.finish()
      }),
    )
    expect(summaries.every((set) => set.count > 700 && set.count <= 800)).toBe(true)
    const halves = [
      await merge(summaries.slice(0, 4), { ...options, summary: true }),
      await merge(summaries.slice(4), { ...options, summary: true }),
    ]
    expect(halves.every((set) => set.count > 700 && set.count <= 800)).toBe(true)
    const result = await merge(halves, options)
    expect(result.count).toBeLessThanOrEqual(200)
    // Cells of 200 points in the plane keep order 6, and so do all steps before.
    expect(verifySync({ points: all, dimension: m }, result, { order: 6 }).residual).toBeLessThan(16 * EPS)
  })

  it('takes sets of fewer points than moments, and many of them', async () => {
    const small = [0, 1].map((seed) => compressSync(normal(5, 3, seed), { dimension: 3, order: 3 }))
    expect((await merge(small)).count).toBe(10)
    const count = IS_WASM ? 20_000 : 150_000
    const points = normal(count, 1, 3)
    const many = Array.from({ length: count }, (_, i) => ({ points: points.subarray(i, i + 1), order: 2 }))
    const result = await merge(many, { dimension: 1 })
    expect(verifySync({ points, dimension: 1 }, result, { order: 2 }).residual).toBeLessThan(16 * EPS)
    expect([...result.points]).toEqual([...result.sets].map((set) => points[set]))
  })

  it('refuses sets that it cannot merge', async () => {
    const { sets } = shards(2)
    const rejects = (given: unknown, options: object, code: string, text: string) =>
      expect(merge(given as Compressed[], options)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(text),
      })
    await rejects([], {}, 'ERR_SHAPE', 'at least one set')
    await rejects(sets[0], {}, 'ERR_SHAPE', 'must be a list of sets')
    await rejects([sets[0], 7], {}, 'ERR_SHAPE', 'set 1 must be { points, weights }')
    await rejects([{ points: sets[0].points }], { order: 2 }, 'ERR_OPTION', "'dimension' must be given")
    await rejects([sets[0], { ...sets[1], dimension: 4 }], {}, 'ERR_SHAPE', 'set 1 has 4 columns, and 2 are expected')
    await rejects([{ ...sets[0], indices: [1] }], {}, 'ERR_SHAPE', 'set 0 has 200 points and 1 indices')
    await rejects([{ ...sets[0], indices: sets[0].weights }], {}, 'ERR_SHAPE', 'set 0: indices[0] must be a row number')
    await rejects(sets, null as unknown as object, 'ERR_OPTION', 'options must be an object, got null')
    const bad = sets[1].points.slice()
    bad[3] = Number.NaN
    await rejects([sets[0], { ...sets[1], points: bad }], {}, 'ERR_NOT_FINITE', 'merge: set 1: points, row 1, column 1')
    const negative = sets[1].weights.map((weight) => -weight)
    await rejects([sets[0], { ...sets[1], weights: negative }], {}, 'ERR_WEIGHT', 'merge: set 1: weights[0] is -')
    await rejects(sets, { size: 3 }, 'ERR_SIZE', 'size 3 is too small')
    await rejects(sets, { siz: 3 }, 'ERR_OPTION', "did you mean 'size'?")
    await rejects(sets, { order: 3, dimension: 2, weights: sets[0].weights }, 'ERR_OPTION', "'weights'")
  })
})
