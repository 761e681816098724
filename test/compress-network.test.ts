import { describe, expect, it } from 'vitest'
import {
  type CompressedNetwork,
  type CompressNetworkSyncOptions,
  compressNetwork,
  compressNetworkSync,
  foldMultiplicity,
  momentCount,
  type Network,
  type NetworkInput,
} from '../lib/index.js'
import { bytesOf, fill, RESIDUAL_BOUND, seeded, shuffled, TOTAL_WEIGHT_BOUND, uniform } from './fixtures.js'
import { distance, forward, linearResidual, rowsAt } from './linear-moments.js'

/** Uniform weights, as PyTorch draws them except for the range: +-range into the layer, +-1/sqrt(width) out of it. */
function network(width: number, shape: Partial<Network> & { range?: number } = {}, seed = 1): Network {
  const { inputs = 2, outputs = 1, activation = 'tanh', range = 1, ...given } = shape
  const random = seeded(seed)
  const draw = (limit: number) => limit * (2 * random.next() - 1)
  return {
    inputs,
    width,
    outputs,
    activation,
    hidden: fill(width * inputs, () => draw(range)),
    bias: fill(width, () => draw(range)),
    output: fill(width * outputs, () => draw(1 / Math.sqrt(width))),
    outputBias: fill(outputs, () => draw(1)),
    ...given,
  }
}

/** Some of the neurons, each with this multiplicity. */
function some(net: Network, indices: number[], multiplicity: number): Network {
  const pick = (list: Float64Array, width: number) =>
    Float64Array.from(indices.flatMap((j) => [...list.subarray(j * width, (j + 1) * width)]))
  return {
    ...net,
    width: indices.length,
    hidden: pick(net.hidden, net.inputs),
    bias: pick(net.bias, 1),
    output: pick(net.output, net.outputs),
    multiplicity: new Float64Array(indices.length).fill(multiplicity),
  }
}

/** A random subset with multiplicity d / d', for a fair comparison. */
const subset = (net: Network, size: number) => some(net, shuffled(net.width, 7).slice(0, size), net.width / size)

function nonlinear({ inputs, width, hidden, bias }: Network): Float64Array {
  return fill(width * (inputs + 1), (i) => {
    const [j, a] = [Math.floor(i / (inputs + 1)), i % (inputs + 1)]
    return a < inputs ? hidden[j * inputs + a] : bias[j]
  })
}

function expectKept(kept: CompressedNetwork, net: Network, size: number): void {
  const { inputs, outputs, width } = net
  expect(kept).toMatchObject({ inputs, outputs, activation: net.activation })
  expect(kept.outputBias).toEqual(net.outputBias)
  expect(kept.width).toBeLessThanOrEqual(Math.min(size, width))
  expect(kept.indices.length).toBe(kept.width)
  expect(kept.multiplicity.length).toBe(kept.width)
  expect(kept.multiplicity.every((c) => c > 0)).toBe(true)
  expect(kept.indices.every((j, i) => j < width && (i === 0 || j > kept.indices[i - 1]))).toBe(true)
  const all = { a: nonlinear(net), b: net.output, weights: net.multiplicity }
  const few = { a: nonlinear(kept), b: kept.output, weights: kept.multiplicity }
  // Neurons of the input, bit for bit.
  const rows = rowsAt(all, kept.indices, kept.multiplicity, width)
  expect(bytesOf(few.a)).toBe(bytesOf(rows.a))
  expect(bytesOf(few.b)).toBe(bytesOf(rows.b))
  expect(matchedResidual(net, kept)).toBeLessThanOrEqual(RESIDUAL_BOUND)
  expect(kept.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
  const sum = (list: Float64Array) => list.reduce((total, c) => total + c, 0)
  const before = net.multiplicity ? sum(net.multiplicity) : width
  expect(Math.abs(sum(kept.multiplicity) / before - 1)).toBeLessThanOrEqual(4 * TOTAL_WEIGHT_BOUND)
}

/** The residual of the matched moments, by the test's own path. Relu neurons are first scaled to length 1. */
function matchedResidual(net: Network, kept: CompressedNetwork): number {
  const objects = ({ width, output, ...rest }: Network, weights?: Float64Array) => {
    const a = nonlinear({ width, output, ...rest })
    const columns = a.length / width
    const lengths = fill(width, (j) => {
      return net.activation === 'relu' ? Math.hypot(...a.subarray(j * columns, (j + 1) * columns)) : 1
    })
    return {
      a: a.map((value, i) => value / (lengths[Math.floor(i / columns)] || 1)),
      b: output.map((value, i) => value * lengths[Math.floor((i * width) / output.length)]),
      weights,
    }
  }
  const [before, after] = [objects(net, net.multiplicity), objects(kept, kept.multiplicity)]
  return linearResidual(before, after, net.width, kept.matched.order, kept.matched.factors === 'squares')
}

const bitsOf = ({ hidden, bias, output, multiplicity, indices, matched, residual }: CompressedNetwork) => ({
  arrays: [hidden, bias, output, multiplicity, indices].map(bytesOf),
  matched,
  residual,
})

describe('the neurons kept', () => {
  it.each<[Partial<Network>, CompressNetworkSyncOptions]>([
    [{}, { order: 3, size: 300 }],
    [{}, { size: 300 }],
    [{ activation: 'relu' }, { size: 300 }],
    [{ activation: 'relu' }, { size: 300, order: 3, quality: 'best' }],
    [{ activation: 'gelu', inputs: 1 }, { size: 100 }],
    [{ activation: 'sin', inputs: 5 }, { size: 400 }],
    [
      { activation: 'sigmoid', outputs: 3 },
      { order: 2, size: 200 },
    ],
    [{ outputs: 10 }, { order: 1, size: 200, quality: 'fast' }],
    [{ activation: 'relu', outputs: 2, inputs: 3 }, { size: 300 }],
    [{ activation: 'relu', outputs: 3, inputs: 1 }, { size: 300 }],
    [{ outputs: 2 }, { order: 2, size: 200, squares: true }],
    [{}, { order: 4 }],
    [{}, { order: 0, size: 50 }],
  ])('of %o with %o', (shape, options) => {
    const net = network(2000, shape)
    const kept = compressNetworkSync(net, options)
    const { order, factors, features } = kept.matched
    expectKept(kept, net, options.size ?? features)
    expect(factors).toBe(options.squares ? 'squares' : 'linear')
    expect(features).toBe((1 + (options.squares ? 2 : 1) * net.outputs) * momentCount(net.inputs + 1, order))
    if (typeof options.order === 'number') expect(order).toBe(options.order)
    else if (net.activation === 'relu') expect(order).toBe(net.inputs === 1 || net.inputs + net.outputs === 3 ? 1 : 2)
    else expect(2 * features).toBeLessThanOrEqual(options.size as number)
  })

  it('keep the total multiplicity, and neurons of multiplicity 0 are never chosen', () => {
    const net = network(2000, { multiplicity: fill(2000, (j) => (j % 3) * 1.5) })
    const kept = compressNetworkSync(net, { order: 3, size: 300 })
    expectKept(kept, net, 300)
    expect(kept.indices.every((j) => j % 3 !== 0)).toBe(true)
    // Compressed again: now the network itself has multiplicities.
    const twice = compressNetworkSync(kept, { order: 3, size: 100 })
    expectKept(twice, kept, 100)
  })

  it('are all when they fit', () => {
    const net = network(40)
    const kept = compressNetworkSync(net, { size: 100 })
    expect(kept.multiplicity).toEqual(new Float64Array(40).fill(1))
    expect(kept.hidden).toEqual(net.hidden)
  })

  it('of outputs +1 and -1: each sign on its own', () => {
    const net = network(2000, { output: fill(2000, (j) => (j % 2 === 0 ? 1 : -1)) })
    const kept = compressNetworkSync(net, { order: 4, size: 200 })
    expect(kept.matched).toEqual({ order: 4, factors: 'classes', features: 2 * momentCount(3, 4) })
    expectKept(kept, net, 200)
  })

  it('of a layer without biases: that column costs nothing', () => {
    const net = network(2000, { bias: new Float64Array(2000) })
    const kept = compressNetworkSync(net, { order: 3, size: 200 })
    expect(kept.matched.features).toBe(2 * momentCount(2, 3))
    expectKept(kept, net, 200)
  })

  it('merges equal neurons: twice of each, a size for each once', () => {
    const half = network(100)
    const twice = (list: Float64Array) => Float64Array.from([...list, ...list])
    const { hidden, bias, output } = half
    const net = { ...half, width: 200, hidden: twice(hidden), bias: twice(bias), output: twice(output) }
    const kept = compressNetworkSync(net, { order: 2, size: 100 })
    expectKept(kept, net, 100)
  })
})

describe('relu neurons', () => {
  it('are chosen alike when they are stretched, and their outputs shrunk: the same function', () => {
    const net = network(1000, { activation: 'relu' })
    const factor = (j: number) => 2 ** ((j % 7) - 3)
    const stretched = {
      ...net,
      hidden: net.hidden.map((v, i) => v * factor(Math.floor(i / 2))),
      bias: net.bias.map((v, j) => v * factor(j)),
      output: net.output.map((v, j) => v / factor(j)),
    }
    const [one, other] = [net, stretched].map((each) => compressNetworkSync(each, { size: 100 }))
    expect(bytesOf(other.indices)).toBe(bytesOf(one.indices))
    expect(bytesOf(other.multiplicity)).toBe(bytesOf(one.multiplicity))
    expectKept(other, stretched, 100)
  })

  it('of all zeros do no harm', () => {
    const net = network(500, { activation: 'relu' })
    net.hidden.fill(0, 0, 20)
    net.bias.fill(0, 0, 10)
    expectKept(compressNetworkSync(net, { size: 100 }), net, 100)
  })
})

describe('the function', () => {
  const x = uniform(300, 2, 9)

  // gain: how many times nearer than the random subset, at least. Measured: 30, 142 and 13.
  it.each<[Network['activation'], number, number]>([
    ['tanh', 200, 10],
    ['sin', 200, 40],
    ['relu', 200, 4],
  ])('of %s is kept by %i of 2000 neurons', (activation, size, gain) => {
    const ratios = [1, 2, 3].map((seed) => {
      const net = network(2000, { activation }, seed)
      const f = forward(net, x)
      const kept = compressNetworkSync(net, { size })
      return distance(forward(subset(net, size), x), f) / distance(forward(kept, x), f)
    })
    expect(ratios.sort((a, b) => a - b)[1]).toBeGreaterThan(gain)
  })

  it('of several outputs', () => {
    const net = network(2000, { outputs: 3 })
    const f = forward(net, x)
    const kept = compressNetworkSync(net, { size: 400 })
    expect(distance(forward(kept, x), f)).toBeLessThan(distance(forward(subset(net, 400), x), f) / 20)
  })

  it('of a polynomial activation would be exact: the moments themselves', () => {
    // sum c_j v_j (w . x + b)^3 for any x, of order 3
    const net = network(1500)
    const kept = compressNetworkSync(net, { order: 3, size: 80, quality: 'fast' })
    const cubes = ({ width, hidden, bias, output, multiplicity }: Network) =>
      Array.from({ length: 100 }, (_, i) => {
        let sum = 0
        for (let j = 0; j < width; j++) {
          const z = hidden[2 * j] * x[2 * i] + hidden[2 * j + 1] * x[2 * i + 1] + bias[j]
          sum += (multiplicity?.[j] ?? 1) * output[j] * z ** 3
        }
        return sum
      })
    expect(distance(cubes(kept), cubes(net))).toBeLessThan(1e-12)
  })
})

describe('layers of a deeper network', () => {
  // x -> first (2 to 4) -> second (4 to 1500) -> 1, tanh between.
  const [n1, n2] = [4, 1500]
  const random = seeded(11)
  const draw = (length: number, limit: number) => fill(length, () => limit * (2 * random.next() - 1))
  const [W1, b1] = [draw(n1 * 2, 1), draw(n1, 1)]
  const [W2, b2] = [draw(n2 * n1, 1), draw(n2, 0.5)]
  const [W3, b3] = [draw(n2, 1 / Math.sqrt(n2)), draw(1, 1)] // 1 x n2, as PyTorch has it

  /** A plain multi-layer perceptron; weights are out x in, row-major. */
  function perceptron(layers: { weights: Float64Array; biases: Float64Array }[], x: Float64Array): number[] {
    const outputs: number[] = []
    for (let i = 0; i < x.length; i += 2) {
      let a: number[] = [...x.subarray(i, i + 2)]
      for (const [l, { weights, biases }] of layers.entries()) {
        const inner = a
        a = Array.from(biases, (bias, o) => inner.reduce((z, h, k) => z + weights[o * inner.length + k] * h, bias))
        if (l < layers.length - 1) a = a.map(Math.tanh)
      }
      outputs.push(a[0])
    }
    return outputs
  }
  const x = uniform(200, 2, 5)
  const first = { weights: W1, biases: b1 }
  const whole = perceptron([first, { weights: W2, biases: b2 }, { weights: W3, biases: b3 }], x)
  const second: Network = {
    inputs: n1,
    width: n2,
    outputs: 1,
    activation: 'tanh',
    hidden: W2,
    bias: b2,
    output: W3,
    outputBias: b3,
  }
  const distanceOf = (layer: NetworkInput) => {
    const { hidden, bias, output, outputBias } = foldMultiplicity(layer, 'absorb')
    return distance(
      perceptron([first, { weights: hidden, biases: bias }, { weights: output, biases: outputBias }], x),
      whole,
    )
  }

  it('are passed one at a time: the second hidden layer', () => {
    const kept = compressNetworkSync(second, { size: 300 })
    expectKept(kept, second, 300)
    expect(distanceOf(kept)).toBeLessThan(distanceOf(subset(second, 300)) / 6)
  })

  it('the first one, whose outputs are the inputs of the second', () => {
    const wide = 1500
    const [V1, c1, V2, c2] = [draw(wide * 2, 1), draw(wide, 1), draw(n1 * wide, 1 / Math.sqrt(wide)), draw(n1, 1)]
    const V3 = draw(n1, 1)
    const layers = [
      { weights: V1, biases: c1 },
      { weights: V2, biases: c2 },
      { weights: V3, biases: b3 },
    ]
    // `output` is width x outputs: the transpose of the next layer's weights, which are outputs x width.
    const transposed = (matrix: Float64Array, rows: number) =>
      fill(matrix.length, (i) => matrix[(i % rows) * (matrix.length / rows) + Math.floor(i / rows)])
    const layer: Network = {
      inputs: 2,
      width: wide,
      outputs: n1,
      activation: 'tanh',
      hidden: V1,
      bias: c1,
      output: transposed(V2, n1),
      outputBias: c2,
    }
    const distanceFrom = (changed: NetworkInput) => {
      const { width, hidden, bias, output, outputBias } = foldMultiplicity(changed, 'absorb')
      const next = { weights: transposed(output, width), biases: outputBias }
      return distance(perceptron([{ weights: hidden, biases: bias }, next, layers[2]], x), perceptron(layers, x))
    }
    expect(distanceFrom(layer)).toBe(0)
    const kept = compressNetworkSync(layer, { size: 400 })
    expect(kept.matched.features).toBe((1 + n1) * momentCount(3, kept.matched.order))
    expect(distanceFrom(kept)).toBeLessThan(distanceFrom(subset(layer, 400)) / 20)
  })
})

describe('the call', () => {
  const net = network(2000)

  it('has the same bits in both forms and for any number of threads', async () => {
    const one = bitsOf(compressNetworkSync(net, { size: 300, threads: 1 }))
    expect(bitsOf(compressNetworkSync(net, { size: 300, threads: 3 }))).toEqual(one)
    expect(bitsOf(await compressNetwork(net, { size: 300 }))).toEqual(one)
  })

  it('takes float32, does not write to its input, and copies it before it returns', async () => {
    const single = { ...net, hidden: Float32Array.from(net.hidden), output: Float32Array.from(net.output) }
    const wide = { ...net, hidden: Float64Array.from(single.hidden), output: Float64Array.from(single.output) }
    const expected = bitsOf(compressNetworkSync(wide, { size: 300 }))
    const before = bytesOf(single.hidden)
    const promise = compressNetwork(single, { size: 300 })
    expect(bytesOf(single.hidden)).toBe(before)
    structuredClone(single.hidden, { transfer: [single.hidden.buffer] })
    single.output.fill(Number.NaN)
    expect(bitsOf(await promise)).toEqual(expected)
  })

  it('can be aborted', async () => {
    const reason = new Error('enough')
    await expect(compressNetwork(net, { size: 300, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it.each<[string, unknown, unknown, string, RegExp]>([
    ['no network', undefined, { size: 100 }, 'ERR_SHAPE', /compressNetworkSync: network must be an object/],
    ['a short array', { ...net, bias: net.bias.slice(1) }, { size: 100 }, 'ERR_SHAPE', /network\.bias must have 2000/],
    [
      'a NaN',
      { ...net, hidden: net.hidden.with(5, Number.NaN) },
      { size: 9 },
      'ERR_NOT_FINITE',
      /hidden row 2, column 1/,
    ],
    [
      'a negative one',
      { ...net, multiplicity: fill(2000, (j) => 3 - j) },
      { size: 9 },
      'ERR_WEIGHT',
      /multiplicity\[4\]/,
    ],
    ['another activation', { ...net, activation: 'step' }, { size: 100 }, 'ERR_OPTION', /activation must be 'relu'/],
    ['no size', net, {}, 'ERR_OPTION', /option 'size' must be given/],
    ['too small a size', net, { order: 3, size: 39 }, 'ERR_SIZE', /least size for order 3 .* is 40; .* size 39 is 2$/],
    ['a slip', net, { sise: 100 }, 'ERR_OPTION', /unknown option 'sise', did you mean 'size'/],
    ['blocks', net, { size: 100, order: [] }, 'ERR_OPTION', /whole number or 'auto'/],
    ['a signal', net, { size: 100, signal: AbortSignal.abort() }, 'ERR_OPTION', /works with compressNetwork\(\) only/],
  ])('refuses %s', async (_, given, options, code, message) => {
    const call = () => compressNetworkSync(given as Network, options as CompressNetworkSyncOptions)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('rejects with what the other form throws', async () => {
    await expect(compressNetwork(net, { order: 3, size: 39 })).rejects.toMatchObject({ code: 'ERR_SIZE' })
  })
})
