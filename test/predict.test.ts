import { describe, expect, it } from 'vitest'
import { type Network, predict, predictSync } from '../lib/index.js'
import { bytesOf, EPS, fill, seeded, uniform } from './fixtures.js'
import { ACTIVATIONS, network, normalBelow, PLAIN, plainPredict } from './plain-training.js'

describe('the plain normal distribution that gelu is compared with', () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1, 0.15865525393145705],
    [-2, 0.02275013194817921],
    [-5, 2.866515718791939e-7],
    [-10, 7.619853024160527e-24],
  ])('below %f', (z, expected) => {
    expect(Math.abs(normalBelow(z) / expected - 1)).toBeLessThan(4 * EPS)
  })
})

/** One neuron whose pre-activation is the input, and whose output is the result. */
function only(activation: Network['activation']): Network {
  const one = Float64Array.of(1)
  const zero = Float64Array.of(0)
  return { inputs: 1, width: 1, outputs: 1, activation, hidden: one, bias: zero, output: one, outputBias: zero }
}

describe('an activation', () => {
  // Near 0, in the middle, and far out. Multiples of 1/8, which plain JavaScript squares exactly for the tail of gelu.
  const random = seeded(1)
  const z = Float64Array.from([
    ...[0, 1e-300, 1e-20, 1e-8, 1e-4],
    ...Array.from({ length: 2000 }, () => 3 * random.next()),
    ...Array.from({ length: 300 }, (_, i) => (i + 1) / 8),
    ...[50, 100, 700, 1000, 1e5],
  ]).map((value, i) => (i % 2 === 0 ? value : -value))

  it.each(ACTIVATIONS)('%s', (activation) => {
    const got = predictSync(only(activation), z)
    for (const [i, value] of got.entries()) {
      const plain = PLAIN[activation].value(z[i])
      // The error of sin is relative to 1, because near a multiple of pi it is small by cancellation.
      const size = activation === 'sin' ? Math.min(1, Math.abs(z[i])) : Math.abs(plain)
      const error = Math.abs(value - plain)
      if (!(error <= 1e-14 * size || error < 1e-300)) expect(`${value} at ${z[i]}`).toBe(`${plain} at ${z[i]}`)
    }
  })

  it.each(ACTIVATIONS)('%s in float32', (activation) => {
    const got = predictSync(only(activation), z, { precision: 'float32' })
    for (const [i, value] of got.entries()) {
      const single = Math.fround(z[i])
      const plain = PLAIN[activation].value(single)
      const size = activation === 'sin' ? 1 : Math.abs(plain)
      const error = Math.abs(value - plain)
      // Below -13, gelu is less than 1e-38 of z.
      if (!(error <= 1e-6 * size || error < 1e-37 * Math.abs(single)))
        expect(`${value} at ${single}`).toBe(`${plain} at ${single}`)
      expect(Math.fround(value)).toBe(value)
    }
  })
})

describe('the function', () => {
  it.each(ACTIVATIONS)('of %s networks', (activation) => {
    for (const [inputs, width, outputs, count] of [
      [1, 1, 1, 1],
      [2, 7, 1, 100],
      [2, 300, 3, 1],
      [5, 33, 2, 1000],
      [17, 64, 10, 65],
      [100, 3, 1, 20],
    ]) {
      const random = seeded(width)
      for (const multiplicity of [undefined, fill(width, () => 3 * random.next() + 1e-3)]) {
        const net = network(width, { inputs, outputs, activation, multiplicity })
        const x = uniform(count, inputs, 5)
        const plain = plainPredict(net, x)
        const got = predictSync(net, x)
        expect(got.length).toBe(count * outputs)
        const size = plain.reduce((most, f) => Math.max(most, Math.abs(f)), 1)
        expect(got.every((f, i) => Math.abs(f - plain[i]) <= 1e-14 * size)).toBe(true)
        const single = predictSync(net, x, { precision: 'float32' })
        expect(single.every((f, i) => Math.abs(f - plain[i]) <= 1e-5 * size)).toBe(true)
      }
    }
  })

  it('overflows as numbers do', () => {
    const net = { ...only('relu'), output: Float64Array.of(1e308) }
    expect([...predictSync(net, Float64Array.of(1e10, -1e10))]).toEqual([Number.POSITIVE_INFINITY, 0])
  })
})

describe('the call', () => {
  const net = network(500, { outputs: 2 })
  const x = uniform(5000, 2)

  it('has the same bits in both forms and for any number of threads', async () => {
    const expected = bytesOf(predictSync(net, x, { threads: 1 }))
    for (const threads of [2, 3, 5]) expect(bytesOf(predictSync(net, x, { threads }))).toBe(expected)
    expect(bytesOf(await predict(net, x))).toBe(expected)
  })

  it('and for a row alone as among others', () => {
    const all = predictSync(net, x)
    for (const i of [0, 1, 4999]) {
      expect(bytesOf(predictSync(net, x.slice(2 * i, 2 * i + 2)))).toBe(bytesOf(all.slice(2 * i, 2 * i + 2)))
    }
  })

  it('takes float32 and ndarray-like rows, and what compressNetwork() returns', () => {
    const single = Float32Array.from(x)
    const expected = bytesOf(predictSync(net, Float64Array.from(single)))
    expect(bytesOf(predictSync(net, single))).toBe(expected)
    const columns = { data: new Float64Array(10_000), shape: [5000, 2], stride: [1, 5000] }
    for (let i = 0; i < 10_000; i++) columns.data[(i % 2) * 5000 + Math.floor(i / 2)] = single[i]
    expect(bytesOf(predictSync(net, columns))).toBe(expected)
    const more = { ...net, indices: new Uint32Array(3), cells: 1 }
    expect(bytesOf(predictSync(more, single))).toBe(expected)
  })

  it('never writes to its input, and copies it before it returns', async () => {
    const expected = bytesOf(predictSync(net, x))
    const given = x.slice()
    const hidden = net.hidden.slice()
    const promise = predict({ ...net, hidden }, given)
    expect(bytesOf(given)).toBe(bytesOf(x))
    expect(bytesOf(hidden)).toBe(bytesOf(net.hidden))
    structuredClone(given, { transfer: [given.buffer] })
    hidden.fill(Number.NaN)
    expect(bytesOf(await promise)).toBe(expected)
  })

  it('can be aborted', async () => {
    const reason = { enough: true }
    await expect(predict(net, x, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const wide = network(20_000)
    const promise = predict(wide, uniform(100_000, 2), { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 20)
    await expect(promise).rejects.toBe(reason)
  })

  const gone = new Float64Array(4)
  structuredClone(gone, { transfer: [gone.buffer] })
  it.each<[string, unknown, unknown, unknown, string, RegExp]>([
    ['no network', null, x, {}, 'ERR_SHAPE', /predictSync: network must be an object/],
    [
      'a network of too few numbers',
      { ...net, output: net.output.slice(1) },
      x,
      {},
      'ERR_SHAPE',
      /output must have 500/,
    ],
    [
      'a network with a NaN',
      { ...net, bias: net.bias.with(7, Number.NaN) },
      x,
      {},
      'ERR_NOT_FINITE',
      /bias\[7\] is NaN/,
    ],
    [
      'an odd number of numbers',
      net,
      x.slice(1),
      {},
      'ERR_SHAPE',
      /x must have a multiple of 2 .*the network's inputs/,
    ],
    [
      'rows of three columns',
      net,
      { data: x, shape: [9, 3] },
      {},
      'ERR_SHAPE',
      /3 columns .* the network's inputs is 2/,
    ],
    ['no rows', net, new Float64Array(0), {}, 'ERR_SHAPE', /at least one row/],
    ['plain arrays', net, [1, 2], {}, 'ERR_SHAPE', /Float64Array\.from/],
    ['detached rows', net, gone, {}, 'ERR_DETACHED', /x: the array's buffer/],
    ['rows with a NaN', net, x.with(3, Number.NaN), {}, 'ERR_NOT_FINITE', /x, row 1, column 1 is NaN/],
    ['another precision', net, x, { precision: 'float16' }, 'ERR_OPTION', /'precision' must be 'float64' or 'float32'/],
    ['a slip', net, x, { thread: 1 }, 'ERR_OPTION', /did you mean 'threads'/],
    ['a signal', net, x, { signal: AbortSignal.abort() }, 'ERR_OPTION', /works with predict\(\) only/],
  ])('refuses %s', async (_, given, rows, options, code, message) => {
    // biome-ignore lint/suspicious/noExplicitAny: wrong values are the point
    const wrong = [given, rows, options] as any[]
    const [first, second, third] = wrong
    expect(() => predictSync(first, second, third)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
    if (third.signal === undefined) await expect(predict(first, second, third)).rejects.toMatchObject({ code })
  })
})
