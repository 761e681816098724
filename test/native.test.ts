// The addon as lib/native/addon.ts declares it: its surface, its behaviour on arrays and numbers that TypeScript would
// refuse (memory must stay safe for any caller), and its builds for different processors.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  loadNative,
  NATIVE_FUNCTIONS,
  type NativeCompressInput,
  type NativePoints,
  type NativeTrainerInput,
  native,
  PACKAGE_ROOT,
} from '../lib/native/addon.js'
import { IS_WASM } from './backend-in-use.js'
import { uniform } from './fixtures.js'
import { network } from './plain-training.js'

// Whether the kernels were taken out of a static OpenBLAS (native/openblas.cmake), as where Debian's is installed.
const SLIM = native().info().blas.includes('SINGLE_THREADED')
const COUNT = 400
const DIMENSION = 2

function points(data: Float64Array | Float32Array): NativePoints {
  return { data, offset: 0, count: COUNT, dimension: DIMENSION, rowStride: DIMENSION, columnStride: 1 }
}
function input(changes: Partial<NativePoints> = {}): NativeCompressInput {
  const all = { ...points(uniform(COUNT, DIMENSION)), ...changes }
  return { points: all, order: 3, auto: false, size: 10, best: true, threads: 1, standardise: true }
}

/** The error that compressSync throws. Checks that compress returns a promise that rejects with the same error. */
async function refusal(given: unknown): Promise<{ name: string; code: unknown }> {
  const { promise } = native().compress(given as NativeCompressInput)
  const rejected = await promise.then(
    () => expect.fail('accepted'),
    (error: unknown) => error as Error & { code: unknown },
  )
  expect(() => native().compressSync(given as NativeCompressInput)).toThrow(rejected.message)
  return { name: rejected.name, code: rejected.code }
}

describe('the surface', () => {
  it('is what is declared, no more and no less', () => {
    expect(Object.keys(IS_WASM ? native() : loadNative(PACKAGE_ROOT)).sort()).toEqual([...NATIVE_FUNCTIONS].sort())
  })

  it('says what the addon was built with, and that BLAS has one thread', () => {
    const info = native().info()
    expect(info.backend).toBe(IS_WASM ? 'wasm' : 'native')
    expect(info.instructionSet).toMatch(IS_WASM ? /^wasm$/ : /^(v2|v3|v4|plain)$/)
    const [, pinned] = /EIGEN_PINNED (\S+)\)/.exec(readFileSync(join(PACKAGE_ROOT, 'native/eigen.cmake'), 'utf8')) ?? []
    expect(pinned).toMatch(/^\d+\.\d+\.\d+-\d+$/)
    if (info.eigen !== pinned.split('-')[0]) {
      expect(info.eigen).toMatch(new RegExp(`^\\d+\\.\\d+\\.\\d+, not the pinned ${pinned}$`))
      console.warn(`tested with Eigen ${info.eigen}`)
    }
    if (IS_WASM) expect(info).toMatchObject({ openmp: 0, blasThreads: 0 })
    else expect(info.openmp).toBeGreaterThan(201000)
    expect(info.compiler).not.toBe('')
    if (info.blas.includes('OpenBLAS')) expect(info.blasThreads).toBe(1)
    if (SLIM) expect(info.blas).toContain(` ${info.blasCore} SINGLE_THREADED`)
  })
})

describe('the times of the parts of a call', () => {
  it('add up to no more than the call, and begin anew when they are taken', () => {
    const data = uniform(200_000, DIMENSION)
    const large = { ...input({ data, count: 200_000 }), size: 5000, threads: 2 }
    native().partTimes()
    const start = performance.now()
    native().compressSync(large)
    const passed = performance.now() - start
    const times = native().partTimes()
    expect(Object.keys(times)).toEqual([
      ...['copy', 'verify', 'top splits', 'splits', 'cut', 'cells', 'gathering', 'row order', 'output'],
    ])
    let sum = 0
    for (const [name, { wall, loops, alone, idle }] of Object.entries(times)) {
      sum += wall
      expect(loops, name).toBeGreaterThanOrEqual(0)
      expect(wall - loops, name).toBeGreaterThanOrEqual(0)
      expect(alone, name).toBeGreaterThan(0)
      expect(alone, name).toBeLessThanOrEqual(wall - loops + 0.5) // two clocks
      expect(idle, name).toBeLessThanOrEqual(2 * loops)
    }
    expect(sum).toBeGreaterThan(passed / 2)
    expect(sum).toBeLessThanOrEqual(passed)
    for (const { wall } of Object.values(native().partTimes())) expect(wall).toBe(0)
  })
})

describe('words that it does not know', () => {
  it('are refused', async () => {
    const option = { name: 'RangeError', code: 'ERR_OPTION' }
    for (const basis of ['hermite', '', undefined, 1]) {
      const { points, order, threads } = input()
      expect(() => native().momentsSync({ points, order, threads, basis: basis as 'monomial' })).toThrow(
        expect.objectContaining(option),
      )
    }
  })
})

describe('constructors of typed arrays that were replaced', () => {
  it('on the global object make no difference', async () => {
    const program = `
      globalThis.Float64Array = class extends Float32Array {}
      const { native } = await import(process.argv[1])
      const data = new Float32Array([1, 2, 3, 4])
      const points = { data, offset: 0, count: 4, dimension: 1, rowStride: 1, columnStride: 1 }
      console.log(String(native().momentsSync({ points, order: 1, threads: 1, basis: 'monomial' })))`
    const url = new URL('../dist/native/addon.js', import.meta.url).href
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, url])
    // The module's memory is seen through the global constructors: an error, and nothing is written.
    if (IS_WASM) await expect(run).rejects.toThrow('the constructor of typed arrays was replaced')
    else expect((await run).stdout).toBe('4,10\n')
  })

  // An environment asks for the constructors once, when it loads the addon. So these run in processes of their own.
  it.each([
    ['makes another kind of array', 'function () { return new Float32Array(2) }', 'TypeError undefined'],
    ['makes a shorter array', 'function (n) { return new Real(n - 1) }', 'TypeError undefined'],
    ['makes no array', 'function () { return {} }', 'TypeError undefined'],
    ['throws', "function () { throw new Error('mine') }", 'Error mine'],
    ['finds no memory', "function () { throw new RangeError('Array buffer allocation failed') }", 'Error ERR_MEMORY'],
  ])('on the prototype by one that %s: an error, and nothing is written', async (_, replacement, expected) => {
    const program = `
      const Real = Float64Array
      const data = new Real([1, 2, 3, 4])
      Real.prototype.constructor = ${replacement}
      const { native } = await import(process.argv[1])
      const points = { data, offset: 0, count: 4, dimension: 1, rowStride: 1, columnStride: 1 }
      const call = { points, order: 1, threads: 1, basis: 'monomial' }
      const show = ({ name, code, message }) => console.log(name, message === 'mine' ? message : code)
      try { native().momentsSync(call) } catch (error) { show(error) }
      await native().moments(call).promise.catch(show)`
    const url = new URL('../dist/native/addon.js', import.meta.url).href
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, url])
    // In WebAssembly the second call computes in a worker, which has constructors of its own.
    expect(stdout).toBe(IS_WASM ? `${expected}\n` : `${expected}\n${expected}\n`)
  })
})

describe('arrays that do not hold what is said', () => {
  const shape = { name: 'RangeError', code: 'ERR_SHAPE' }
  const option = { name: 'RangeError', code: 'ERR_OPTION' }
  it.each<[string, Partial<NativePoints>, object]>([
    ['one row too many', { count: COUNT + 1 }, shape],
    ['an offset beyond the end', { offset: 1 }, shape],
    ['a stride that goes before the start', { rowStride: -DIMENSION }, shape],
    ['a stride that goes beyond the end', { columnStride: 3 }, shape],
    [
      'products beyond 64 bits',
      { count: 2 ** 32 - 1, rowStride: 2 ** 53, columnStride: -(2 ** 53) },
      IS_WASM ? { name: 'Error', code: 'ERR_MEMORY' } : shape, // 32 bits do not address so many rows
    ],
    ['no row', { count: 0 }, option],
    ['2^32 + 5 rows', { count: 2 ** 32 + 5 }, option],
    ['half a row', { count: 1.5 }, option],
    ['NaN rows', { count: Number.NaN }, option],
    ['a negative offset', { offset: -1 }, option],
    ['an infinite stride', { rowStride: Number.POSITIVE_INFINITY }, option],
    ['2^31 columns', { dimension: 2 ** 31 }, option],
  ])('%s', async (_, changes, expected) => {
    expect(await refusal(input(changes))).toEqual(expected)
  })

  it('something else instead of the array, or of everything', async () => {
    const expected = { name: 'TypeError', code: 'ERR_SHAPE' }
    for (const data of [[1, 2], new Int32Array(4), new DataView(new ArrayBuffer(8)), null, undefined, 'text']) {
      expect(await refusal(input({ data: data as unknown as Float64Array }))).toEqual(expected)
    }
    for (const given of [undefined, null, 1, {}, { points: 1 }]) expect(await refusal(given)).toEqual(expected)
  })

  it('weights and scales of another length', async () => {
    expect(await refusal({ ...input(), weights: new Float64Array(COUNT - 1) })).toEqual(shape)
    expect(await refusal({ ...input(), scales: new Float64Array(DIMENSION + 1) })).toEqual(shape)
  })

  it('orders and threads beyond all bounds', async () => {
    for (const order of [-1, 1e6, 2 ** 31, 0.5]) {
      expect((await refusal({ ...input(), order })).code).toMatch(/^ERR_(OPTION|SIZE)$/)
    }
    const [few, target] = [points(uniform(COUNT, DIMENSION)), new Float64Array(66)]
    for (const order of [-1, 256, 1000, 65_535, 65_536, 2 ** 31, 0.5, Number.NaN]) {
      const part = { points: few, order, threads: 1, basis: 'monomial' as const }
      const calls = [
        () => native().compressSync({ ...input(), order }),
        () => native().momentsSync(part),
        () => native().matchMomentsSync({ ...part, target }),
        () => native().verifySync({ ...part, original: few, compressed: few }),
        () => {
          const blocks = { blockOf: Float64Array.of(0, 1), blockOrders: Float64Array.of(1, order) }
          return native().verifySync({ ...part, order: 1, ...blocks, original: few, compressed: few })
        },
      ]
      for (const call of calls) expect(call).toThrow(expect.objectContaining(option))
    }
    for (const threads of [0, 1e9, Number.NaN]) expect(await refusal({ ...input(), threads })).toEqual(option)
  })
})

describe('arrays whose memory is special', () => {
  const data = uniform(COUNT, DIMENSION)
  const expected = native().compressSync(input({ data }))

  it('a transferred one is refused, also when it goes away while it is being read', async () => {
    const gone = data.slice()
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    expect(await refusal(input({ data: gone }))).toEqual({ name: 'TypeError', code: 'ERR_DETACHED' })

    const going = data.slice()
    const given = input({ data: going })
    Object.defineProperty(given, 'threads', {
      get() {
        structuredClone(going.buffer, { transfer: [going.buffer] })
        return 1
      },
    })
    expect(() => native().compressSync(given)).toThrow('transferred')
  })

  it('a shared one is copied', () => {
    const shared = new Float64Array(new SharedArrayBuffer(data.byteLength))
    shared.set(data)
    expect(native().compressSync(input({ data: shared })).indices).toEqual(expected.indices)
  })

  it('a resizable one is copied as long as it is long enough', async () => {
    // TypeScript's ES2023 does not know resizable buffers yet; Node 20 does.
    type Resizable = ArrayBuffer & { resize(bytes: number): void }
    const Buffer = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => Resizable
    const buffer = new Buffer(data.byteLength, { maxByteLength: 2 * data.byteLength })
    for (const view of [new Float64Array(buffer), new Float64Array(buffer, 0, data.length)]) {
      buffer.resize(data.byteLength)
      view.set(data)
      expect(native().compressSync(input({ data: view })).indices).toEqual(expected.indices)
      buffer.resize(data.byteLength - 8)
      expect(await refusal(input({ data: view }))).toEqual({ name: 'RangeError', code: 'ERR_SHAPE' })
    }
  })

  it('results are ordinary arrays that can be transferred', () => {
    const { points, weights, indices } = native().compressSync(input({ data }))
    const buffers = [points.buffer, weights.buffer, indices.buffer] as ArrayBuffer[]
    const [first] = structuredClone(buffers, { transfer: buffers })
    expect(new Float64Array(first)).toEqual(expected.points)
    expect(points.length).toBe(0)
  })
})

describe('jobs', () => {
  it('cancelled ones reject with ABORT_ERR, in the queue and while they run; cancelling twice or late does nothing', async () => {
    const jobs = Array.from({ length: 5 }, () => native().compress(input()))
    for (const { cancel } of jobs.slice(1)) {
      cancel()
      cancel()
    }
    const [first, ...others] = await Promise.allSettled(jobs.map(({ promise }) => promise))
    expect(first.status).toBe('fulfilled')
    for (const other of others) expect(other).toMatchObject({ status: 'rejected', reason: { code: 'ABORT_ERR' } })
    for (const { cancel } of jobs) cancel()
  })

  it('are refused with ERR_MEMORY, the bytes and what is free before they begin', async () => {
    const many = { ...points(uniform(COUNT, DIMENSION)), dimension: 2 }
    const order = 25 // 351 moments
    const calls = (memory: number) => [
      () => native().compressSync({ ...input(), order, size: 351, memory }),
      () => native().recombineSync({ features: { ...many, count: 2, dimension: COUNT }, threads: 1, memory }),
      () => native().momentsSync({ points: many, order, threads: 1, basis: 'monomial', memory }),
      () => native().verifySync({ original: many, compressed: many, order, threads: 1, memory }),
    ]
    for (const call of calls(1000)) {
      expect(call).toThrow(
        expect.objectContaining({
          code: 'ERR_MEMORY',
          message: expect.stringMatching(/: \d+ points with \d+ moments need about \d{4,} bytes .*, and 1000 are free/),
        }),
      )
    }
    for (const call of calls(2 ** 30)) expect(call).not.toThrow()
  })

  it('reject with ERR_MEMORY and the bytes when memory runs out, and the next one works', async () => {
    // 2^32 - 1 rows, all of them the same element, in 4 GB of address space.
    const program = `
      import { compress } from './dist/index.js'
      const shape = [2 ** 32 - 1, 2]
      const huge = compress({ data: Float64Array.of(1), shape, stride: [0, 0] }, { order: 1 })
      const error = await huge.catch((error) => error)
      const { weights } = await compress(Float64Array.of(1, 2, 3), { dimension: 1, order: 0 })
      console.log(JSON.stringify([error.name, error.code, error.message, weights]))`
    // WebAssembly addresses no more by itself, and reserves more address space than it uses.
    const limit = IS_WASM ? '' : 'ulimit -v 4000000 && '
    const limited = ['-c', `${limit}exec "$0" --input-type=module --eval "$1"`, process.execPath, program]
    const { stdout } = await promisify(execFile)('sh', limited, { cwd: PACKAGE_ROOT })
    const [name, code, message, weights] = JSON.parse(stdout)
    expect({ name, code, weights }).toEqual({ name: 'Error', code: 'ERR_MEMORY', weights: { 0: 3 } })
    expect(message).toContain(String((2 ** 32 - 1) * 2 * 8))
  })
})

describe('the builds for different processors', () => {
  it('give a right answer each', async () => {
    const program = `
      import { native } from './dist/native/addon.js'
      import { compressSync, matchMomentsSync, momentsSync, nnlsSync } from './dist/index.js'
      const data = Float64Array.from({ length: 60000 }, (_, i) => Math.sin(i * i))
      const { residual, count } = compressSync(data, { dimension: 3, order: 3, size: 1000 })
      const { instructionSet, blasCore } = native().info()
      const target = momentsSync(data, { dimension: 3, order: 3, weights: data.subarray(0, 20000).map((v) => 1.5 + v) })
      const tall = Float64Array.from({ length: 20 * 60000 }, (_, i) => Math.cos(i * i))
      const [matched, solved] = [1, 2].map((threads) => [
        matchMomentsSync(data, target, { dimension: 3, order: 3, threads }),
        nnlsSync(tall, data, { rows: 60000, columns: 20, threads }),
      ]).reduce(([m1, n1], [m2, n2]) => [
        m1.weights.every((w, i) => w === m2.weights[i]) && m1.residual,
        n1.x.every((x, i) => x === n2.x[i]) && n1.residualNorm,
      ])
      console.log(JSON.stringify([instructionSet, residual, count, blasCore, matched, solved]))`
    const best = native().info().instructionSet
    const all = ['v2', 'v3', 'v4']
    const levels = best === 'plain' || IS_WASM ? [best] : all.filter((level) => level <= best)
    const cores = { v2: 'NEHALEM', v3: 'HASWELL', v4: 'SKYLAKEX' }
    const norms: number[] = []
    for (const level of levels) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: PACKAGE_ROOT,
        // The kernels of BLAS are those of the level, whatever OpenBLAS's own variable says.
        env: { ...process.env, FEWPOINTS_ISA: level, OPENBLAS_CORETYPE: 'Cooperlake' },
      })
      const [used, residual, count, core, matched, norm] = JSON.parse(stdout)
      expect(used).toBe(level)
      expect(residual).toBeLessThan(50 * 2 ** -52)
      expect(count).toBeGreaterThan(900)
      expect(count).toBeLessThanOrEqual(1000)
      if (SLIM && level in cores) expect(core).toBe(cores[level as keyof typeof cores])
      // Both would be false if one and two threads gave other bits.
      expect(matched).toBeLessThan(4 * 2 ** -52)
      expect(matched).not.toBe(false)
      norms.push(norm)
    }
    for (const norm of norms) expect(norm / norms[0]).toBeCloseTo(1, 12)
  })

  it.each(['', 'avx2', 'V3', 'v33', 'v5'])('are not chosen by an unknown name: %j', async (level) => {
    const program = `
      const { compressSync } = await import('./dist/index.js')
      const caught = []
      for (let i = 0; i < 2; i++) {
        try {
          compressSync(new Float64Array(60), { dimension: 1, order: 3, size: 10 })
        } catch (error) {
          caught.push([error.name, error.code, error.message])
        }
      }
      console.log(JSON.stringify(caught))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: PACKAGE_ROOT,
      env: { ...process.env, FEWPOINTS_ISA: level },
    })
    const caught: [string, string, string][] = JSON.parse(stdout)
    expect(caught).toHaveLength(IS_WASM ? 0 : 2) // WebAssembly has one build, and does not ask
    for (const [name, code, message] of caught) {
      expect([name, code]).toEqual(['RangeError', 'ERR_OPTION'])
      expect(message).toContain(`got '${level}'`)
      expect(message).toMatch(native().info().instructionSet)
    }
  })
})

describe('training', () => {
  const { inputs, width, outputs, activation, ...parameters } = network(5)
  const view = (data: Float64Array, dimension: number): NativePoints => {
    return { data, offset: 0, count: data.length / dimension, dimension, rowStride: dimension, columnStride: 1 }
  }
  const rows = { x: view(uniform(10, 2), 2), y: view(uniform(10, 1), 1) }
  const good: NativeTrainerInput = {
    ...{ where: 'here: ', inputs, width, outputs, activation, parameters, step: 0, rows },
    ...{ rule: 'adam', learningRate: 0.1, momentum: 0, beta1: 0.9, beta2: 0.9, alpha: 0, epsilon: 0.1, weightDecay: 0 },
    ...{ learningRateDecay: 0, shrink: 0.5, grow: 1.2, minStep: 0.1, maxStep: 1 },
    ...{ loss: 'mse', schedule: 'constant', sampling: 'shuffle', epochs: 3, begin: 1, batch: 0, batches: 0, seed: 0 },
    ...{ perCopy: true, single: false, threads: 1 },
  }
  const busy = expect.objectContaining({ code: 'ERR_OPTION', message: 'the trainer is busy' })

  it.each<[string, object, string]>([
    ['parameters that are too few', { parameters: { ...parameters, hidden: new Float64Array(9) } }, 'ERR_SHAPE'],
    ['parameters that are absent', { parameters: { ...parameters, bias: undefined } }, 'ERR_SHAPE'],
    ['no parameters', { parameters: 3 }, 'ERR_SHAPE'],
    ['another width', { width: 6 }, 'ERR_SHAPE'],
    ['2^31 neurons', { width: 2 ** 31 }, 'ERR_OPTION'],
    ['multiplicities that are too many', { multiplicity: new Float64Array(6) }, 'ERR_SHAPE'],
    ['a memory of another shape', { first: { ...parameters, output: new Float64Array(4) } }, 'ERR_SHAPE'],
    ['x of other columns', { rows: { ...rows, x: view(uniform(10, 1), 1) } }, 'ERR_SHAPE'],
    ['y of other columns', { rows: { ...rows, y: view(uniform(10, 3), 3) } }, 'ERR_SHAPE'],
    ['y of other rows', { rows: { ...rows, y: view(uniform(9, 1), 1) } }, 'ERR_SHAPE'],
    [
      'x that reaches beyond its array',
      { rows: { ...rows, x: { ...view(uniform(10, 2), 2), offset: 1 } } },
      'ERR_SHAPE',
    ],
    ['weights of other rows', { rows: { ...rows, weights: new Float64Array(9).fill(1) } }, 'ERR_SHAPE'],
    ['no rows', { rows: undefined }, 'ERR_SHAPE'],
    ['a test without y', { test: { x: view(uniform(3, 2), 2) } }, 'ERR_SHAPE'],
    ['a test of other columns', { test: { x: view(uniform(3, 1), 1), y: view(uniform(3, 1), 1) } }, 'ERR_SHAPE'],
    ['a NaN', { rows: { ...rows, x: view(new Float64Array(20).fill(Number.NaN), 2) } }, 'ERR_NOT_FINITE'],
    ['an unknown activation', { activation: 'step' }, 'ERR_OPTION'],
    ['an unknown rule', { rule: 7 }, 'ERR_OPTION'],
    ['an unknown loss', { loss: undefined }, 'ERR_OPTION'],
    ['a rate that is none', { learningRate: Number.NaN }, 'ERR_OPTION'],
    ['a beginning beyond the epochs', { begin: 4 }, 'ERR_OPTION'],
    ['a batch of half a row', { batch: 0.5 }, 'ERR_OPTION'],
    ['batches beyond all memory', { batch: 2 ** 52, batches: 2 ** 52, sampling: 'replacement' }, 'ERR_MEMORY'],
    ['a batch beyond all memory', { batch: 2 ** 50, sampling: 'replacement' }, 'ERR_MEMORY'],
    ['no threads', { threads: 0 }, 'ERR_OPTION'],
  ])('refuses %s', (_, changes, code) => {
    const wrong = { ...good, ...changes } as NativeTrainerInput
    expect(() => native().trainer(wrong)).toThrow(expect.objectContaining({ code }))
  })

  it('goes on from call to call, up to the last epoch', async () => {
    const trainer = native().trainer(good)
    expect(trainer.state()).toMatchObject({ step: 0, parameters })
    const { trainLoss, ...rest } = await trainer.run({ epochs: 0 }).promise
    expect(rest).toEqual({})
    expect((await trainer.run({ epochs: 1 }).promise).trainLoss).toBeLessThan(trainLoss)
    for (const epochs of [-1, 0.5, 2]) {
      await expect(trainer.run({ epochs }).promise).rejects.toMatchObject({ code: 'ERR_OPTION' })
    }
    const { trainLoss: last } = await trainer.run({ epochs: 1 }).promise
    expect(trainer.state().step).toBe(2)
    const another = native().trainer(good)
    another.runSync({ epochs: 1 })
    expect(() => another.runSync({ epochs: 2 })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(another.runSync({ epochs: 1 }).trainLoss).toBe(last)
    expect(another.state()).toEqual(trainer.state())
  })

  it('goes on in the other form, but in WebAssembly, where a worker has the rows or has not', async () => {
    const trainers = [native().trainer(good), native().trainer(good)]
    await trainers[0].run({ epochs: 1 }).promise
    trainers[1].runSync({ epochs: 1 })
    const after = await Promise.allSettled([
      (async () => trainers[0].runSync({ epochs: 1 }))(),
      trainers[1].run({ epochs: 1 }).promise,
    ])
    const refused = { status: 'rejected', reason: { code: 'ERR_OPTION' } }
    for (const one of after) expect(one).toMatchObject(IS_WASM ? refused : { status: 'fulfilled' })
    if (!IS_WASM) expect(trainers[0].state()).toEqual(trainers[1].state())
  })

  it('belongs to one call at a time', async () => {
    const trainer = native().trainer(good)
    const job = trainer.run({ epochs: 1 })
    for (const call of [() => trainer.runSync({ epochs: 1 }), () => trainer.state(), () => trainer.free()]) {
      expect(call).toThrow(busy)
    }
    await expect(trainer.run({ epochs: 1 }).promise).rejects.toEqual(busy)
    await job.promise
    const cancelled = trainer.run({ epochs: 1 })
    cancelled.cancel()
    await expect(cancelled.promise).rejects.toMatchObject({ code: 'ABORT_ERR' })
    trainer.free()
    trainer.free()
    expect(() => trainer.state()).toThrow('the trainer was freed')
    expect(() => trainer.runSync({ epochs: 0 })).toThrow('the trainer was freed')
  })
})
