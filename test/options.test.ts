import { availableParallelism } from 'node:os'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type Compressed,
  compress,
  compressSync,
  moments,
  momentsSync,
  predict,
  predictSync,
  recombine,
  recombineSync,
  trainNetwork,
  trainNetworkSync,
  verify,
  verifySync,
} from '../lib/index.js'
import { optional, readOptions, required, wholeNumber, withDefault } from '../lib/input/options.js'
import { IS_WASM } from './backend-in-use.js'
import { bitsOf, normal, uniform } from './fixtures.js'
import { network, rows } from './plain-training.js'

const table = {
  order: required(wholeNumber(0, 10), 'say which'),
  size: optional(wholeNumber(1, 100)),
  threads: withDefault(wholeNumber(1, 8), () => 3),
}

describe('readOptions', () => {
  it('fills in defaults, which undefined asks for as well', () => {
    expect(readOptions('f', { order: 2 }, table)).toEqual({ order: 2, size: undefined, threads: 3 })
    expect(readOptions('f', { order: 2, size: 5, threads: undefined }, table)).toEqual({
      order: 2,
      size: 5,
      threads: 3,
    })
  })

  it('says what must be given', () => {
    const error = { name: 'TypeError', code: 'ERR_OPTION', message: "f: option 'order' must be given: say which" }
    expect(() => readOptions('f', {}, table)).toThrow(expect.objectContaining(error))
    expect(() => readOptions('f', undefined, table)).toThrow(expect.objectContaining(error))
  })

  it('names the right spelling', () => {
    const slips: [string, string][] = [
      ['ordr', 'order'],
      ['Order', 'order'],
      ['oder', 'order'],
      ['rorder', 'order'],
      ['roder', 'order'],
      ['sise', 'size'],
      ['sizes', 'size'],
      ['thread', 'threads'],
      ['treads', 'threads'],
      ['thraeds', 'threads'],
      ['THREADS', 'threads'],
    ]
    for (const [slip, meant] of slips) {
      expect(() => readOptions('f', { order: 2, [slip]: 1 }, table)).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          code: 'ERR_OPTION',
          message: `f: unknown option '${slip}', did you mean '${meant}'? The options are order, size, threads`,
        }),
      )
    }
  })

  it('lists the options where no spelling is near, and does not guess', () => {
    for (const name of ['k', 'verbose', 'maximum', 'toString', '__proto__x', 'hasOwnProperty', '']) {
      expect(() => readOptions('f', { order: 2, [name]: 1 }, table)).toThrow(
        expect.objectContaining({
          code: 'ERR_OPTION',
          message: `f: unknown option '${name}'; the options are order, size, threads`,
        }),
      )
    }
  })

  it('reads an instance with inherited getters, and a Proxy, once', () => {
    const reads: string[] = []
    class Options {
      get order() {
        reads.push('order')
        return 4
      }
    }
    expect(readOptions('f', new Options(), table).order).toBe(4)
    expect(reads).toEqual(['order'])
    const seen: PropertyKey[] = []
    const proxy = new Proxy(
      { order: 1, size: 2 },
      {
        get(target, name, receiver) {
          seen.push(name)
          return Reflect.get(target, name, receiver)
        },
      },
    )
    expect(readOptions('f', proxy, table)).toEqual({ order: 1, size: 2, threads: 3 })
    expect(seen).toEqual(['order', 'size', 'threads'])
  })

  it('takes an object without prototype', () => {
    expect(readOptions('f', Object.assign(Object.create(null), { order: 1 }), table).order).toBe(1)
  })

  it('refuses options that are not an object', () => {
    for (const options of [null, 3, 'order', true, [], new Float64Array(2), () => 1]) {
      expect(() => readOptions('f', options, table)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_OPTION' }),
      )
    }
  })
})

/** An object whose fields are getters that count. */
function counted<T extends object>(fields: T): { object: T; reads: Record<string, number> } {
  const reads: Record<string, number> = {}
  const object = {}
  for (const [name, value] of Object.entries(fields)) {
    reads[name] = 0
    Object.defineProperty(object, name, {
      enumerable: true,
      get() {
        reads[name] += 1
        return value
      },
    })
  }
  return { object: object as T, reads }
}

function allOnce(reads: Record<string, number>): void {
  for (const [name, times] of Object.entries(reads)) expect(`${name} ${times}`).toBe(`${name} 1`)
}

describe('every option is read exactly once', () => {
  const points = uniform(60, 2)
  const weights = new Float64Array(60).fill(2)
  const watchers = { signal: new AbortController().signal, onProgress: () => {} }
  const forCompress = { dimension: 2, weights, order: 2, size: 20, threads: 1, scale: [1, 0.5] }
  const forMoments = { dimension: 2, order: 2, weights, basis: 'legendre' as const, threads: 1 }
  const forRecombine = { weights, count: 60, width: 2, threads: 1 }
  const forVerify = { dimension: 2, order: 2, threads: 1 }

  const net = network(3)
  const labelled = rows(20)
  const { state } = trainNetworkSync(net, labelled, { epochs: 1 })
  const forPredict = { precision: 'float32', threads: 1 }
  const forTraining = {
    ...{
      epochs: 2,
      loss: 'mse',
      optimizer: 'adam',
      learningRate: 0.1,
      betas: [0.9, 0.99],
      epsilon: 1e-8,
      weightDecay: 0,
    },
    ...{ schedule: 'cosine', batchSize: 5, sampling: 'replacement', batchesPerEpoch: 3, seed: 1, gradient: 'total' },
    ...{ precision: 'float32', test: labelled, evaluateEvery: 2, state, threads: 1, onEpoch: () => {} },
    ...{
      momentum: undefined,
      alpha: undefined,
      learningRateDecay: undefined,
      factors: undefined,
      stepSizes: undefined,
    },
  }

  // biome-ignore lint/suspicious/noExplicitAny: the options' types differ
  const cases: [string, object, (options: any) => unknown][] = [
    ['compress', { ...forCompress, ...watchers }, (options) => compress(points, options)],
    ['compressSync', forCompress, (options) => compressSync(points, options)],
    ['moments', { ...forMoments, ...watchers }, (options) => moments(points, options)],
    ['momentsSync', forMoments, (options) => momentsSync(points, options)],
    ['recombine', { ...forRecombine, ...watchers }, (options) => recombine(points, options)],
    ['recombineSync', forRecombine, (options) => recombineSync(points, options)],
    ['verify', { ...forVerify, ...watchers }, (options) => verify(points, points, options)],
    ['verifySync', forVerify, (options) => verifySync(points, points, options)],
    ['predict', { ...forPredict, signal: watchers.signal }, (options) => predict(net, points, options)],
    ['predictSync', forPredict, (options) => predictSync(net, points, options)],
    ['trainNetwork', { ...forTraining, signal: watchers.signal }, (options) => trainNetwork(net, labelled, options)],
    ['trainNetworkSync', forTraining, (options) => trainNetworkSync(net, labelled, options)],
  ]
  it.each(cases)('%s', async (_, options, call) => {
    const { object, reads } = counted(options)
    await call(object)
    allOnce(reads)
  })

  it('and every field of an ndarray-like object, and of a set', async () => {
    const view = counted({ data: points, shape: [60, 2], stride: [2, 1], offset: 0 })
    compressSync(view.object, { order: 1 })
    allOnce(view.reads)
    const original = counted({ points, weights, dimension: 2 })
    const compressed = counted({ points, weights, dimension: 2 })
    await verify(original.object, compressed.object, { order: 1 })
    allOnce(original.reads)
    allOnce(compressed.reads)
  })

  it('and every field of a network, of labelled rows, and of a state', async () => {
    const given = counted({ ...net, multiplicity: new Float64Array(3).fill(2) })
    const set = { ...labelled, weights: new Float64Array(20).fill(1), inputs: 2, outputs: 1 }
    const [data, test] = [counted(set), counted(set)]
    const { first, second, ...rest } = state
    const [inFirst, inSecond] = [counted(first as object), counted(second as object)]
    const memory = counted({ ...rest, first: inFirst.object, second: inSecond.object })
    const options = { epochs: 3, test: test.object, state: memory.object } as Parameters<typeof trainNetwork>[2]
    await trainNetwork(given.object, data.object, options)
    for (const { reads } of [given, data, test, memory, inFirst, inSecond]) allOnce(reads)
  })
})

describe('defaults', () => {
  afterEach(() => vi.unstubAllEnvs())

  const points = normal(4000, 2)
  const run = (options: object): Compressed => compressSync(points, { dimension: 2, order: 2, ...options })

  it('size is one cell', () => {
    const result = run({})
    expect(result.cells).toBe(1)
    expect(bitsOf(result)).toEqual(bitsOf(run({ size: 6 })))
  })

  it("scale is 'standard', which equal numbers say as well", () => {
    const standard = bitsOf(run({ size: 200 }))
    expect(bitsOf(run({ size: 200, scale: 'standard' }))).toEqual(standard)
    expect(bitsOf(run({ size: 200, scale: [1, 1] }))).toEqual(standard)
    expect(bitsOf(run({ size: 200, scale: Float32Array.of(1, 1) }))).toEqual(standard)
    expect(bitsOf(run({ size: 200, scale: [0.5, 0.5] }))).toEqual(standard)
  })

  it('threads is OMP_NUM_THREADS, or the cores', () => {
    vi.stubEnv('OMP_NUM_THREADS', undefined)
    const most = run({ size: 400 }).threads
    expect(most).toBeGreaterThanOrEqual(1)
    expect(most).toBeLessThanOrEqual(availableParallelism())
    for (const value of ['1', '1,2', ' 1']) {
      vi.stubEnv('OMP_NUM_THREADS', value)
      expect(run({ size: 400 }).threads).toBe(1)
    }
    for (const value of ['', 'many', '0', '-2']) {
      vi.stubEnv('OMP_NUM_THREADS', value)
      expect(run({ size: 400 }).threads).toBe(most)
    }
    vi.stubEnv('OMP_NUM_THREADS', '1')
    expect(run({ size: 400, threads: 2 }).threads).toBe(IS_WASM ? 1 : 2) // WebAssembly has one thread
  })
})
