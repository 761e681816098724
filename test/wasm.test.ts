// WebAssembly in Node: its bits, its memory, its workers, its size.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type NativeCompressInput, PACKAGE_ROOT } from '../lib/native/addon.js'
import { compileWasm } from '../lib/wasm/compile.js'
import { copyOfInput } from '../lib/wasm/copy.js'
import { instantiate } from '../lib/wasm/module.js'
import { nativeOf } from '../lib/wasm/node.js'
import { type OpenPort, Session } from '../lib/wasm/session.js'
import { uniform } from './fixtures.js'

const FILE = join(PACKAGE_ROOT, 'dist/wasm/fewpoints.wasm')
const module = await compileWasm(readFileSync(FILE))
const wasm = nativeOf(module)

const pointsOf = (data: Float64Array | Float32Array, dimension: number) => {
  return { data, offset: 0, count: data.length / dimension, dimension, rowStride: dimension, columnStride: 1 }
}
const inputOf = (data: Float64Array | Float32Array, dimension: number): NativeCompressInput => {
  return {
    points: pointsOf(data, dimension),
    order: 2,
    auto: false,
    size: 100,
    best: false,
    threads: 1,
    standardise: true,
  }
}

async function run(program: string, env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...env },
  })
  return stdout
}

describe('the bits', () => {
  // Vectors of two doubles and no fused multiply-add: the arithmetic of level v2 of x86-64. matchMoments goes through
  // products of Eigen and BLAS, whose sums have another sequence.
  it.skipIf(process.arch !== 'x64')('are those of the native build for v2', async () => {
    const program = `
      import { createHash } from 'node:crypto'
      import * as f from './dist/index.js'
      let state = 12345
      const next = () => (state = (state * 48271) % 2147483647) / 2147483647
      const numbers = (length) => Float64Array.from({ length }, () => 4 * next() - 2)
      const hash = (...arrays) => arrays.reduce((h, a) => h.update(a), createHash('sha256')).digest('hex').slice(0, 16)
      const lines = []
      for (let trial = 0; trial < 40; trial++) {
        const m = 1 + Math.floor(5 * next())
        const order = Math.floor((m > 3 ? 4 : 9) * next())
        const count = 50 + Math.floor(5000 * next())
        const points = next() < 0.2 ? Float32Array.from(numbers(count * m)) : numbers(count * m)
        const weights = next() < 0.5 ? numbers(count).map(Math.abs) : undefined
        const least = f.momentCount(m, order)
        const options = { dimension: m, order, weights, size: least * (1 + Math.floor(4 * next())), quality: next() < 0.5 ? 'fast' : 'best', threads: 1 }
        const c = f.compressSync(points, options)
        lines.push(['compress', hash(c.points, c.weights, c.indices), c.residual])
        const free = f.compressSync(points, { ...options, support: 'free' })
        lines.push(['free', hash(free.points, free.weights), free.residual, free.freeCells])
        const v = f.verifySync({ points, weights }, c, { dimension: m, order, threads: 1 })
        lines.push(['verify', v.residual, hash(v.perOrder)])
        lines.push(['moments', hash(f.momentsSync(points, { dimension: m, order, weights, basis: 'legendre', threads: 1 }))])
        const columns = 5 + Math.floor(40 * next())
        const rows = 5 + Math.floor(80 * next())
        const solved = f.nnlsSync(numbers(rows * columns), numbers(rows), { rows, columns, threads: 1 })
        lines.push(['nnls', hash(solved.x), solved.residualNorm])
        const features = numbers(columns * 300)
        for (let i = 0; i < 300; i++) features[i * columns] = 1
        const r = f.recombineSync({ data: features, shape: [300, columns] }, { threads: 1 })
        lines.push(['recombine', hash(r.weights, r.indices), r.rank])
        const [inputs, width, outputs] = [1 + m, 3 + m, 1 + (m % 2)]
        const network = { inputs, width, outputs, activation: ['relu', 'tanh', 'sigmoid'][trial % 3], hidden: numbers(inputs * width), bias: numbers(width), output: numbers(width * outputs), outputBias: numbers(outputs) }
        const t = f.trainNetworkSync(network, { x: numbers(64 * inputs), y: numbers(64 * outputs) }, { epochs: 3, batchSize: 16, precision: trial % 2 ? 'float32' : 'float64', threads: 1, seed: 2 ** 40 + trial })
        lines.push(['train', hash(t.network.hidden, t.network.output, t.trainLoss)])
      }
      console.log(lines.join('\\n'))`
    const [one, two] = await Promise.all([
      run(program, { FEWPOINTS_BACKEND: 'wasm' }),
      run(program, { FEWPOINTS_BACKEND: 'native', FEWPOINTS_ISA: 'v2' }),
    ])
    expect(one.split('\n')).toHaveLength(7 * 40 + 1)
    expect(one).toBe(two)
  })
})

describe('the memory', () => {
  it('does not grow from call to call', async () => {
    const instance = instantiate(module)
    const call = () => instance.native.compressSync(inputOf(uniform(262_144, 3), 3))
    for (let i = 0; i < 3; i++) call()
    const bytes = instance.bytes()
    for (let i = 0; i < 30; i++) call()
    expect(instance.bytes()).toBe(bytes)
    expect(bytes).toBeLessThan(64e6) // the input, its copy, and as much again
  })

  it('is refused in a sentence when it is more than can be addressed, before the work', async () => {
    const huge = { ...inputOf(Float64Array.of(1), 1), points: { ...pointsOf(Float64Array.of(1), 1), count: 2 ** 31 } }
    huge.points.rowStride = 0
    const expected = {
      code: 'ERR_MEMORY',
      message: expect.stringMatching(
        /^compress: 2147483648 points with \d+ moments need about \d+ bytes .* and 4294967296 can be addressed here/,
      ),
    }
    expect(() => wasm.compressSync(huge)).toThrow(expect.objectContaining(expected))
    await expect(wasm.compress(huge).promise).rejects.toMatchObject(expected)
  })

  it('ERR_MEMORY when it ends during the work, and the next call works', async () => {
    const size = 20_000
    const matrix = { ...pointsOf(Float64Array.of(1), 1), count: size, dimension: size, rowStride: 0, columnStride: 0 }
    const input = { columns: size, matrix, rhs: new Float64Array(size), threads: 1 }
    const expected = {
      name: 'Error',
      code: 'ERR_MEMORY',
      message: expect.stringMatching(/not enough memory.* \d{10} bytes/),
    }
    expect(() => wasm.nnlsSync(input)).toThrow(expect.objectContaining(expected))
    await expect(wasm.nnls(input).promise).rejects.toMatchObject(expected)
    expect(wasm.compressSync(inputOf(uniform(400, 2), 2)).weights).toHaveLength(100)
    await expect(wasm.compress(inputOf(uniform(400, 2), 2)).promise).resolves.toMatchObject({ threads: 1 })
  })

  it('of an input goes to the worker as far as it is used', () => {
    const data = Float64Array.from({ length: 100 }, (_, i) => i)
    const used = { data, offset: 50, count: 3, dimension: 2, rowStride: -4, columnStride: 1 }
    const { value, buffers } = copyOfInput('call', { points: used, weights: data.subarray(3, 6), size: 7 })
    expect(value.points).toEqual({ ...used, data: data.slice(42, 52), offset: 8 })
    expect(value.weights).toEqual(data.slice(3, 6))
    expect(buffers.map(({ byteLength }) => byteLength)).toEqual([80, 24])
    expect(() => structuredClone(value, { transfer: buffers })).not.toThrow()
    expect(data).toHaveLength(100)
  })
})

describe('workers', () => {
  const long = () => ({ ...inputOf(uniform(300_000, 3), 3), order: 6, size: 40_000, best: true })

  it('end with the computation that is cancelled, and what waits goes on', async () => {
    const [running, waiting, dropped] = [
      wasm.compress(long()),
      wasm.compress(inputOf(uniform(500, 2), 2)),
      wasm.compress(long()),
    ]
    await new Promise((resolve) => setTimeout(resolve, 100))
    running.cancel()
    dropped.cancel()
    const [first, second, third] = await Promise.allSettled([running.promise, waiting.promise, dropped.promise])
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'ABORT_ERR', message: 'compress: aborted' } })
    expect(third).toMatchObject({ status: 'rejected', reason: { code: 'ABORT_ERR' } })
    expect((second as PromiseFulfilledResult<{ indices: Uint32Array }>).value.indices).toEqual(
      wasm.compressSync(inputOf(uniform(500, 2), 2)).indices,
    )
  })

  it('keep the process alive while they compute, and no longer', async () => {
    const program = `
      import { compress } from './dist/index.js'
      const points = Float64Array.from({ length: 60000 }, (_, i) => Math.sin(i * i))
      compress(points, { dimension: 2, order: 3, size: 100 }).then(({ count }) => console.log(count))`
    const begin = performance.now()
    expect(await run(program, { FEWPOINTS_BACKEND: 'wasm' })).toBe('100\n')
    expect(performance.now() - begin).toBeLessThan(20_000)
  })

  it('lose nothing of a stream: each step has the state of the step before', async () => {
    const { points: _, ...options } = { ...inputOf(new Float64Array(0), 2), dimension: 2, blockRows: 2000 }
    const data = uniform(7000, 2)
    const points = pointsOf(data, 2)
    const compressor = wasm.compressor(options)
    for (let first = 0; first < 7000; ) {
      first += compressor.take({ points, first })
      if (first % 2000 === 0) await compressor.reduce().promise
    }
    const held = [...compressor.heldRows()]
    const state = compressor.state()
    expect(state.rows).toBe(7000)
    expect(held.slice(-1000)).toEqual(Array.from({ length: 1000 }, (_, i) => 6000 + i))
    expect(state.points).toEqual(data.subarray(2 * 6000))
    const { weights, rows } = await compressor.finish({ summary: false }).promise
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(7000, 8)
    expect([...rows].filter((row) => !held.includes(row))).toEqual([])
    compressor.free()
  })

  it('that cannot be started, or end, are ERR_NO_BINARY, and no memory ERR_MEMORY', async () => {
    const refusalOf = (open: OpenPort) => {
      const session = new Session(open, module, false)
      return session.run('compress', inputOf(uniform(400, 2), 2), [], undefined).catch((error) => error)
    }
    const failing = (message: string): OpenPort => {
      return ({ onFailure }) => ({ post: () => setTimeout(() => onFailure(new Error(message))), hold() {}, end() {} })
    }
    const forbidden: OpenPort = () => {
      throw new Error('a policy forbids it')
    }
    expect(await refusalOf(forbidden)).toMatchObject({
      code: 'ERR_NO_BINARY',
      message: 'the worker that computes does not work: a policy forbids it',
    })
    expect(await refusalOf(failing('its exit code is 1'))).toMatchObject({ code: 'ERR_NO_BINARY' })
    expect(await refusalOf(failing('Out of memory'))).toMatchObject({ code: 'ERR_MEMORY' })
  })
})

describe('the size', () => {
  it('of the module is at most 2.7 MB, and 0.78 MB gzipped', () => {
    const bytes = readFileSync(FILE)
    expect(bytes.length).toBeLessThan(2.7e6)
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThan(0.78e6)
  })

  it('of the worker is at most 40 kB gzipped', () => {
    expect(gzipSync(readFileSync(join(PACKAGE_ROOT, 'dist/wasm/worker-source.js')), { level: 9 }).length).toBeLessThan(
      40e3,
    )
  })
})
