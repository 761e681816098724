// Large sets, which all threads copy, check and write: the bits, the errors and the promises are those of one thread.
import { describe, expect, it } from 'vitest'
import { compress, compressSync, type PointsInput, recombine, verifySync } from '../lib/index.js'
import type { Numbers } from '../lib/native/addon.js'
import { bitsOf, fill, seeded, uniform } from './fixtures.js'

const COUNT = 150_001 // ten chunks of 16384 rows, the last one short
const DIMENSION = 2
const TEAMS = [1, 2, 3, 7]
const job = { order: 3, size: 5000, quality: 'fast' } as const

const points = uniform(COUNT, DIMENSION, 11)
const random = seeded(12)
const someZero = fill(COUNT, () => (random.next() < 0.4 ? 0 : random.next()))

describe('the bits of a large set are the same for any number of threads', () => {
  const single = Float32Array.from(points)
  const reversed = { data: points, shape: [COUNT, DIMENSION], stride: [-DIMENSION, 1], offset: (COUNT - 1) * DIMENSION }
  const sets: [string, PointsInput, Numbers | undefined][] = [
    ['float64', points, undefined],
    ['float32', single, undefined],
    ['rows backwards', reversed, undefined],
    ['column by column', { data: points, shape: [COUNT, DIMENSION], stride: [1, COUNT] }, undefined],
    ['weights of which some are 0', points, someZero],
    ['weights in float32', single, Float32Array.from(someZero)],
    ['weights of 1 and 0', points, someZero.map((w) => Math.ceil(w))],
    ['no weight for whole chunks', points, someZero.map((w, i) => (i % 50_000 < 33_000 ? 0 : w))],
    ['huge weights', points, someZero.map((w) => w * 1e300)],
    ['tiny weights, some too tiny', points, someZero.map((w, i) => (i % 3 === 0 ? 5e-324 : w * 1e-301))],
    ['huge columns with tiny numbers', points.map((x, i) => (i % 2 === 0 ? x * (i % 7 ? 1e305 : 1e-20) : x)), someZero],
  ]
  it.each(sets)('%s', (_, data, weights) => {
    const options = data instanceof Float64Array || data instanceof Float32Array ? { dimension: DIMENSION } : {}
    const [expected, ...others] = TEAMS.map((threads) =>
      bitsOf(compressSync(data, { ...options, ...job, weights, threads })),
    )
    for (const bits of others) expect(bits).toEqual(expected)
  })

  it('rows without weight might as well not be there', () => {
    const rows = Array.from(someZero.keys()).filter((i) => someZero[i] > 0)
    const left = fill(
      rows.length * DIMENSION,
      (i) => points[rows[Math.floor(i / DIMENSION)] * DIMENSION + (i % DIMENSION)],
    )
    const weights = fill(rows.length, (i) => someZero[rows[i]])
    const expected = compressSync(left, { dimension: DIMENSION, ...job, weights, threads: 1 })
    const { indices, ...rest } = compressSync(points, { dimension: DIMENSION, ...job, weights: someZero, threads: 3 })
    expect(bitsOf({ ...rest, indices: expected.indices })).toEqual(bitsOf(expected))
    expect(Array.from(indices)).toEqual(Array.from(expected.indices, (i) => rows[i]))
  })

  it('verify', () => {
    const kept = compressSync(points, { dimension: DIMENSION, ...job, weights: someZero, threads: 1 })
    const original = { points, dimension: DIMENSION, weights: someZero }
    const [expected, ...others] = TEAMS.map((threads) => verifySync(original, kept, { order: 4, threads }))
    for (const result of others) expect(result).toEqual(expected)
  })
})

describe('the first number that is not allowed is named', () => {
  const rows = [0, 1, 16_383, 16_384, 40_000, COUNT - 1]
  const cases = rows.flatMap((row) => TEAMS.map((threads) => [row, threads] as const))

  it.each(cases)('row %i, %i threads', (row, threads) => {
    const options = { dimension: DIMENSION, ...job, threads }
    const bad = points.slice()
    bad[row * DIMENSION + 1] = Number.NaN
    for (let later = row + 1; later < COUNT; later += 9973) bad[later * DIMENSION + 1] = Number.POSITIVE_INFINITY
    const named = `row ${row}, column 1 is NaN`
    expect(() => compressSync(bad, options)).toThrow(named)
    // also where the row has no weight, and before anything is said about weights
    const weights = someZero.slice()
    weights[row] = 0
    expect(() => compressSync(bad, { ...options, weights })).toThrow(named)
    weights[0] = -1
    expect(() => compressSync(bad, { ...options, weights })).toThrow(named)
    bad[(COUNT - 1) * DIMENSION] = Number.NEGATIVE_INFINITY // the first column comes first
    expect(() => compressSync(bad, { ...options, weights })).toThrow(`row ${COUNT - 1}, column 0 is -Infinity`)
  })

  it.each(cases)('weight %i, %i threads', (row, threads) => {
    for (const [value, shown] of [
      [-1, '-1'],
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
    ] as const) {
      const weights = someZero.slice()
      weights[row] = value
      for (let later = row + 1; later < COUNT; later += 9973) weights[later] = -2
      expect(() => compressSync(points, { dimension: DIMENSION, ...job, weights, threads })).toThrow(
        `weights[${row}] is ${shown};`,
      )
    }
  })
})

describe('a large input', () => {
  it('may be changed as soon as the call has returned', async () => {
    const options = { dimension: DIMENSION, ...job, threads: 3 }
    const expected = bitsOf(compressSync(points, { ...options, weights: someZero }))
    const [changing, changingWeights] = [points.slice(), someZero.slice()]
    const calls = [1, 2, 3].map(() => {
      const call = compress(changing, { ...options, weights: changingWeights })
      return call
    })
    changing.fill(Number.NaN)
    changingWeights.fill(-1)
    for (const result of await Promise.all(calls)) expect(bitsOf(result)).toEqual(expected)
  })

  it('is copied while another job runs', async () => {
    const width = 400
    const features = uniform(8000, width, 13)
    let ended = false
    const start = performance.now()
    const long = recombine(features, { width }).then(() => {
      ended = true
      return performance.now() - start
    })
    while (performance.now() - start < 50) await new Promise((resolve) => setTimeout(resolve, 5)) // now it runs
    expect(ended).toBe(false)
    const before = performance.now()
    const call = compress(points, { dimension: DIMENSION, ...job, threads: 3 })
    const copied = performance.now() - before
    const lasted = await long
    expect(copied).toBeLessThan(lasted / 4)
    expect(bitsOf(await call)).toEqual(bitsOf(compressSync(points, { dimension: DIMENSION, ...job, threads: 1 })))
  })
})
