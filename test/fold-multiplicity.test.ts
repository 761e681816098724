import { describe, expect, it } from 'vitest'
import { foldMultiplicity, type Network } from '../lib/index.js'
import { bytesOf, fill, seeded, uniform } from './fixtures.js'
import { distance, forward, gradientOf } from './linear-moments.js'

function network(activation: Network['activation'], seed = 1): Network {
  const random = seeded(seed)
  const [inputs, width, outputs] = [2, 30, 2]
  return {
    inputs,
    width,
    outputs,
    activation,
    hidden: fill(width * inputs, () => random.normal()),
    bias: fill(width, () => random.normal()),
    output: fill(width * outputs, () => 0.2 * random.normal()),
    outputBias: fill(outputs, () => random.normal()),
    multiplicity: fill(width, (j) => (j === 3 ? 0 : 0.05 + 4 * random.next() ** 2)),
  }
}

const x = uniform(60, 2, 3)
const y = fill(120, (i) => Math.sin(2 * x[i - (i % 2)]) * (i % 2 === 0 ? 1 : x[i]))

interface Rule {
  rate: number
  momentum: number
  nesterov?: boolean
  decay?: number
}

/** Gradient descent with PyTorch's momentum, on the gradient of one copy of each neuron. */
function train(start: Network, { rate, momentum, nesterov, decay = 0 }: Rule, steps: number): Network {
  const net = { ...start }
  const names = ['hidden', 'bias', 'output', 'outputBias'] as const
  for (const name of names) net[name] = Float64Array.from(net[name])
  const buffers = names.map((name) => new Float64Array(net[name].length))
  for (let step = 0; step < steps; step++) {
    const gradient = gradientOf(net, x, y)
    for (const [i, name] of names.entries()) {
      for (let k = 0; k < buffers[i].length; k++) {
        const g = gradient[name][k] + decay * net[name][k]
        buffers[i][k] = momentum * buffers[i][k] + g
        net[name][k] -= rate * (nesterov ? g + momentum * buffers[i][k] : buffers[i][k])
      }
    }
  }
  return net
}

describe("'absorb'", () => {
  it.each(['relu', 'tanh', 'sin'] as const)('is the same function without multiplicities: %s', (activation) => {
    const net = network(activation)
    const plain = foldMultiplicity(net, 'absorb')
    expect('multiplicity' in plain).toBe(false)
    expect(distance(forward(plain, x), forward(net, x))).toBeLessThan(1e-15)
    expect(plain.hidden).toEqual(net.hidden)
    expect(plain.bias).toEqual(net.bias)
    expect(plain.outputBias).toEqual(net.outputBias)
  })

  it('does not train alike', () => {
    const net = network('relu')
    const rule = { rate: 0.02, momentum: 0.5 }
    const weighted = forward(train(net, rule, 20), x)
    const absorbed = forward(train(foldMultiplicity(net, 'absorb'), rule, 20), x)
    expect(distance(absorbed, weighted)).toBeGreaterThan(1e-3)
  })
})

describe("'split'", () => {
  const net = network('relu')

  it('is the same function without multiplicities', () => {
    const plain = foldMultiplicity(net, 'split')
    expect('multiplicity' in plain).toBe(false)
    expect(distance(forward(plain, x), forward(net, x))).toBeLessThan(1e-15)
  })

  it.each<[string, Rule]>([
    ['gradient descent', { rate: 0.02, momentum: 0 }],
    ['momentum', { rate: 0.005, momentum: 0.9 }],
    ['Nesterov', { rate: 0.005, momentum: 0.9, nesterov: true }],
    ['weight decay', { rate: 0.01, momentum: 0.5, decay: 0.01 }],
  ])('trains exactly alike under plain %s', (_, rule) => {
    const weighted = train(net, rule, 60)
    const plain = train(foldMultiplicity(net, 'split'), rule, 60)
    const before = forward(net, x)
    const after = forward(weighted, x)
    expect(distance(after, before)).toBeGreaterThan(0.1) // it did train
    expect(distance(forward(plain, x), after)).toBeLessThan(1e-12)
    // Each neuron is that of the weighted network times the square root of its multiplicity.
    const folded = foldMultiplicity(weighted, 'split')
    for (const name of ['hidden', 'bias', 'output', 'outputBias'] as const) {
      expect(distance(plain[name], folded[name])).toBeLessThan(1e-12)
    }
  })

  it('the same training as with the copies themselves', () => {
    const copies = fill(30, (j) => j % 4)
    const repeated = (list: Float64Array, width: number) =>
      Float64Array.from(
        [...copies].flatMap((c, j) =>
          Array(c)
            .fill([...list.subarray(j * width, (j + 1) * width)])
            .flat(),
        ),
      )
    const { multiplicity: _, ...plain } = net
    const many: Network = {
      ...plain,
      width: copies.reduce((sum, c) => sum + c, 0),
      hidden: repeated(net.hidden, 2),
      bias: repeated(net.bias, 1),
      output: repeated(net.output, 2),
    }
    const rule = { rate: 0.01, momentum: 0.5 }
    const split = foldMultiplicity({ ...net, multiplicity: copies }, 'split')
    expect(distance(forward(train(split, rule, 40), x), forward(train(many, rule, 40), x))).toBeLessThan(1e-12)
  })

  it.each(['tanh', 'sigmoid', 'gelu', 'sin'] as const)('is refused for %s', (activation) => {
    const call = () => foldMultiplicity(network(activation), 'split')
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('relu') }))
  })
})

describe('the call', () => {
  it('copies a network without multiplicities', () => {
    const { multiplicity: _, ...plain } = network('tanh')
    const folded = foldMultiplicity(plain, 'absorb')
    expect(folded).toEqual(plain)
    expect(folded.hidden.buffer).not.toBe(plain.hidden.buffer)
  })

  it('does not write to its input, and takes float32', () => {
    const net = network('relu')
    const before = [net.hidden, net.bias, net.output].map(bytesOf)
    foldMultiplicity(net, 'split')
    expect([net.hidden, net.bias, net.output].map(bytesOf)).toEqual(before)
    const single = { ...net, output: Float32Array.from(net.output) }
    const wide = { ...net, output: Float64Array.from(single.output) }
    expect(foldMultiplicity(single, 'split')).toEqual(foldMultiplicity(wide, 'split'))
  })

  it.each([
    [undefined, TypeError],
    ['merge', RangeError],
    [1, TypeError],
  ])('refuses %s', (how, kind) => {
    const call = () => foldMultiplicity(network('relu'), how as 'absorb')
    expect(call).toThrow(kind)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining("'absorb'") }))
  })

  it('refuses an object that is not a network', () => {
    const call = () => foldMultiplicity({ ...network('relu'), bias: new Float64Array(3) }, 'absorb')
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_SHAPE' }))
  })
})
