// One update: its gradient, by differences of the loss, and each rule, by hand and by PyTorch's formulas.
import { describe, expect, it } from 'vitest'
import {
  type Network,
  type Optimizer,
  type RuleOptions,
  type TrainSyncOptions,
  trainNetworkSync,
} from '../lib/index.js'
import { fill, seeded } from './fixtures.js'
import {
  ACTIVATIONS,
  difference,
  network,
  OPTIMIZERS,
  PARAMETERS,
  type Parameters,
  PLAIN,
  type PlainOptions,
  plainGradient,
  plainLoss,
  plainTrain,
  probabilities,
  type Rows,
  type RuleNumbers,
  rows,
} from './plain-training.js'

describe('by hand, one parameter', () => {
  // A relu neuron that is never active, so f is outputBias, b. With the label 0, the loss is b^2 and its gradient 2 b.
  const silent: Network = {
    inputs: 1,
    width: 1,
    outputs: 1,
    activation: 'relu',
    hidden: Float64Array.of(0),
    bias: Float64Array.of(-1),
    output: Float64Array.of(0),
    outputBias: Float64Array.of(1),
  }
  const zero = { x: Float64Array.of(0), y: Float64Array.of(0) }

  it.each<[Optimizer, RuleOptions, number[]]>([
    // 1 - 0.1 * 2 = 0.8; 0.8 - 0.1 * 1.6
    ['gd', { learningRate: 0.1 }, [0.8, 0.64]],
    ['sgd', { learningRate: 0.1 }, [0.8, 0.64]],
    // g = 2 + 0.5; 1.5 + 0.375
    ['sgd', { learningRate: 0.1, weightDecay: 0.5 }, [0.75, 0.5625]],
    // buffer 2, then 0.9 * 2 + 1.6 = 3.4
    ['momentum', { learningRate: 0.1 }, [0.8, 0.46]],
    // buffer 2.5, then 0.5 * 2.5 + 1.5 + 0.375 = 3.125
    ['momentum', { learningRate: 0.1, momentum: 0.5, weightDecay: 0.5 }, [0.75, 0.4375]],
    // step 2 + 0.9 * 2 = 3.8; g = 1.24, buffer 1.8 + 1.24 = 3.04, step 1.24 + 0.9 * 3.04 = 3.976
    ['nesterov', { learningRate: 0.1 }, [0.62, 0.2224]],
    // m = 0.2, v = 0.04, unbiased 2 and 4: 1 - 0.1 * 2 / (2 + 0.5) = 0.92; then g = 1.84, m = 0.364, v = 0.073456,
    // unbiased 0.364 / 0.19 = 1.91578947 and 0.073456 / 0.0199 = 3.69125628, whose root is 1.92126424: 0.92 - 0.1 *
    // 1.91578947 / 2.42126424
    ['adam', { learningRate: 0.1, betas: [0.9, 0.99], epsilon: 0.5 }, [0.92, 0.8408764809009668]],
    // the decay in the gradient: g = 2.5, 1 - 0.1 * 2.5 / (2.5 + 0.5); g = 2.5 * 0.91666667, m = 0.45416667, v =
    // 0.11439236
    [
      'adam',
      { learningRate: 0.1, betas: [0.9, 0.99], epsilon: 0.5, weightDecay: 0.5 },
      [0.9166666666666667, 0.8341717557891087],
    ],
    // the decay apart: 1 * (1 - 0.1 * 0.5) - 0.08 = 0.87; 0.87 * 0.95 - 0.1 (0.354 / 0.19) / (sqrt(0.069876 / 0.0199) +
    // 0.5)
    ['adamw', { learningRate: 0.1, betas: [0.9, 0.99], epsilon: 0.5, weightDecay: 0.5 }, [0.87, 0.748013621435667]],
    // adamw's own decay is 0.01: 1 - 0.1 * 0.01 - 0.1 * 2 / (2 + 0.5)
    ['adamw', { learningRate: 0.1, epsilon: 0.5 }, [0.919]],
    // v = 0.25 * 4 = 1: 1 - 0.1 * 2 / 1.5; then v = 0.75 + 0.25 * 1.7333^2 = 1.50111, root 1.22519840
    ['rmsprop', { learningRate: 0.1, alpha: 0.75, epsilon: 0.5 }, [0.8666666666666667, 0.7661951303658792]],
    // buffer 4/3, then 0.5 * 4/3 + 1.73333333 / 1.72519840
    [
      'rmsprop',
      { learningRate: 0.1, alpha: 0.75, epsilon: 0.5, momentum: 0.5 },
      [0.8666666666666667, 0.6995284636992125],
    ],
    // step 0.1, then 0.12
    ['rprop', { learningRate: 0.1 }, [0.9, 0.78]],
    // 0.7, then 0.84, which goes too far: the step is halved, the gradient is forgotten, and b stays for one update;
    // then a step of 0.42, as nothing is remembered, then 1.2 times as much
    ['rprop', { learningRate: 0.7 }, [0.3, -0.54, -0.54, -0.12, 0.384]],
    // the least and the largest step, also for the first one
    ['rprop', { learningRate: 0.7, stepSizes: [0.001, 0.25] }, [0.75, 0.5, 0.25]],
    ['rprop', { learningRate: 0.1, stepSizes: [0.3, 50], factors: [0.25, 2] }, [0.7, 0.1, -1.1, -1.1, -0.8]],
    // sum 4: 1 - 0.5 * 2 / (2 + 0.5) = 0.6; g = 1.2, sum 5.44, its root 2.33238076, the rate 0.5 / 1.5: 0.6 - (1 / 3) *
    // 1.2 / 2.83238076
    ['adagrad', { learningRate: 0.5, learningRateDecay: 0.5, epsilon: 0.5 }, [0.6, 0.4587760494845379]],
  ])('%s with %o', (optimizer, numbers, expected) => {
    for (const [i, b] of expected.entries()) {
      const { network } = trainNetworkSync(silent, zero, { optimizer, ...numbers, epochs: i + 1 })
      expect(network.outputBias[0]).toBeCloseTo(b, 13)
    }
  })

  it('has the defaults of PyTorch', () => {
    // The first step from g = 2. adam: 2 / (2 + 1e-8); rmsprop: v = 0.01 * 4; adagrad: 2 / (2 + 1e-10).
    const steps: [Optimizer, number][] = [
      ['gd', 1e-3 * 2],
      ['sgd', 1e-3 * 2],
      ['momentum', 1e-3 * 2],
      ['nesterov', 1e-3 * 3.8],
      ['adam', 1e-3 * (2 / (2 + 1e-8))],
      ['adamw', 1e-3 * (2 / (2 + 1e-8)) + 1e-3 * 0.01],
      ['rmsprop', 1e-2 * (2 / (0.2 + 1e-8))],
      ['rprop', 1e-2],
      ['adagrad', 1e-2 * (2 / (2 + 1e-10))],
    ]
    for (const [optimizer, step] of steps) {
      const { network } = trainNetworkSync(silent, zero, { optimizer, epochs: 1 })
      expect(1 - network.outputBias[0]).toBeCloseTo(step, 15)
    }
    expect(trainNetworkSync(silent, zero, { epochs: 1 }).state.optimizer).toBe('adam')
  })
})

/** Every rule, with all its options. */
const rules: [Optimizer, RuleNumbers & RuleOptions][] = [
  ['gd', { learningRate: 0.05 }],
  ['sgd', { learningRate: 0.05, weightDecay: 0.02 }],
  ['momentum', { learningRate: 0.02, momentum: 0.8 }],
  ['momentum', { learningRate: 0.02, momentum: 0.8, weightDecay: 0.02 }],
  ['nesterov', { learningRate: 0.02, momentum: 0.8, weightDecay: 0.02 }],
  ['adam', { learningRate: 0.01, betas: [0.8, 0.95], epsilon: 1e-4 }],
  ['adam', { learningRate: 0.01, betas: [0.8, 0.95], epsilon: 1e-4, weightDecay: 0.02 }],
  ['adamw', { learningRate: 0.01, betas: [0.8, 0.95], epsilon: 1e-4, weightDecay: 0.2 }],
  ['rmsprop', { learningRate: 0.003, alpha: 0.9, epsilon: 1e-4 }],
  ['rmsprop', { learningRate: 0.003, alpha: 0.9, epsilon: 1e-4, momentum: 0.5, weightDecay: 0.02 }],
  ['rprop', { learningRate: 0.01, factors: [0.4, 1.3], stepSizes: [1e-4, 0.1] }],
  ['adagrad', { learningRate: 0.05, learningRateDecay: 0.1, epsilon: 1e-6, weightDecay: 0.02 }],
]

describe('by the formulas, all parameters', () => {
  it.each(rules)('%s with %o', (optimizer, numbers) => {
    expect(OPTIMIZERS).toContain(optimizer)
    const net = network(2, { multiplicity: Float64Array.of(1, 2.5) })
    const data = { ...rows(20), weights: fill(20, (i) => 0.5 + (i % 3)) }
    for (const schedule of ['constant', 'cosine'] as const) {
      const options: TrainSyncOptions & PlainOptions = { optimizer, ...numbers, epochs: 60 }
      const trained = trainNetworkSync(net, data, { ...options, schedule }).network
      // Rprop reads the rate before its first step only, and there the cosine is 1.
      const plain = plainTrain(net, data, { ...options, cosine: schedule === 'cosine' && optimizer !== 'rprop' })
      expect(difference(trained, plain)).toBeLessThan(1e-12)
      expect(difference(trained, net)).toBeGreaterThan(0.01)
    }
  })

  it('each rule is its own', () => {
    const net = network(3)
    const ends = OPTIMIZERS.filter((optimizer) => optimizer !== 'gd').map((optimizer) => {
      return trainNetworkSync(net, rows(20), { optimizer, learningRate: 0.01, epochs: 5 }).network
    })
    for (const [i, one] of ends.entries()) {
      for (const other of ends.slice(i + 1)) expect(difference(one, other)).toBeGreaterThan(1e-6)
    }
  })
})

// ---- the gradient

/** The gradient as p - (p - g): one step of rate 1 subtracts it. */
function gradientOf(net: Network, data: Rows, options: Partial<TrainSyncOptions>): Parameters {
  const after = trainNetworkSync(net, data, { ...options, optimizer: 'gd', learningRate: 1, epochs: 1 }).network
  const taken = (name: (typeof PARAMETERS)[number]) => fill(net[name].length, (i) => net[name][i] - after[name][i])
  return { hidden: taken('hidden'), bias: taken('bias'), output: taken('output'), outputBias: taken('outputBias') }
}

/** (8 (L(p + h) - L(p - h)) - (L(p + 2h) - L(p - 2h))) / 12 h, with losses as the package reports them. */
function slopeAt(net: Network, data: Rows, loss: 'mse' | 'cross-entropy', name: keyof Parameters, i: number): number {
  const h = 1e-3
  const at = (shift: number) => {
    const moved = structuredClone(net)
    moved[name][i] += shift
    return trainNetworkSync(moved, data, { loss, epochs: 0 }).trainLoss[0]
  }
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
}

describe('the gradient', () => {
  const cases = ACTIVATIONS.flatMap((activation) =>
    ([1, 2, 5, 17] as const).flatMap((inputs) => [
      [activation, inputs, 1, 'mse'] as const,
      [activation, inputs, 3, 'mse'] as const,
      [activation, inputs, 3, 'cross-entropy'] as const,
    ]),
  )

  it.each(cases)('%s, %i inputs, %i outputs, %s', (activation, inputs, outputs, loss) => {
    const width = 5
    const net = network(width, {
      inputs,
      outputs,
      activation,
      multiplicity: Float64Array.of(1, 0.5, 3, 2, 1.25),
    })
    // Across a kink, differences do not give the derivative. Rows that are too near to one are left out.
    const all = rows(40, inputs, outputs)
    const labels = loss === 'mse' ? all.y : probabilities(40, outputs)
    const far = Array.from({ length: 40 }, (_, i) => i).filter((i) => {
      const x = all.x.subarray(i * inputs, (i + 1) * inputs)
      const z = Array.from(net.bias, (bias, j) => x.reduce((sum, v, a) => sum + v * net.hidden[j * inputs + a], bias))
      return z.every((value) => Math.abs(value) > 0.01)
    })
    const pick = (list: Float64Array, columns: number) =>
      Float64Array.from(far.flatMap((i) => [...list.subarray(i * columns, (i + 1) * columns)]))
    const data = { x: pick(all.x, inputs), y: pick(labels, outputs), weights: fill(far.length, (i) => 0.25 + (i % 4)) }
    expect(far.length).toBeGreaterThan(30)

    expect(trainNetworkSync(net, data, { loss, epochs: 0 }).trainLoss[0]).toBeCloseTo(
      plainLoss({ net, data, loss }),
      13,
    )
    const mass = data.weights.reduce((sum, w) => sum + w, 0)
    const plain = plainGradient(
      { net, data, loss },
      fill(far.length, (i) => data.weights[i] / mass),
    )
    const perCopy = gradientOf(net, data, { loss })
    expect(difference(perCopy, plain)).toBeLessThan(1e-14)
    const total = gradientOf(net, data, { loss, gradient: 'total' })
    const random = seeded(inputs)
    for (const name of PARAMETERS) {
      const columns = net[name].length / width
      for (let n = 0; n < 3; n++) {
        const i = random.below(net[name].length)
        expect(total[name][i]).toBeCloseTo(slopeAt(net, data, loss, name, i), 9)
        if (name !== 'outputBias') {
          const copies = (net.multiplicity as Float64Array)[Math.floor(i / columns)]
          expect(total[name][i]).toBeCloseTo(copies * perCopy[name][i], 14)
        }
      }
    }
  })

  it('of neurons far from 0, where activations have hardly a slope', () => {
    for (const activation of ACTIVATIONS) {
      const net = network(6, { activation, inputs: 1, bias: Float64Array.of(-40, -9, -3, 3, 9, 40) })
      const data = rows(30, 1)
      const plain = plainGradient({ net, data }, new Float64Array(30).fill(1 / 30))
      expect(difference(gradientOf(net, data, {}), plain)).toBeLessThan(1e-14)
    }
  })

  it('of a neuron of multiplicity 0 is that of one copy, which changes nothing', () => {
    const net = network(2, { multiplicity: Float64Array.of(1, 0) })
    const one = { ...net, width: 1, hidden: net.hidden.slice(0, 2), bias: net.bias.slice(0, 1) }
    const alone = { ...one, output: net.output.slice(0, 1), multiplicity: Float64Array.of(1) }
    const both = trainNetworkSync(net, rows(20), { epochs: 20 })
    const single = trainNetworkSync(alone, rows(20), { epochs: 20 })
    expect(both.trainLoss.every((loss, i) => Math.abs(loss / single.trainLoss[i] - 1) < 1e-12)).toBe(true)
    expect(both.network.bias[1]).not.toBe(net.bias[1])
    expect(Number.isFinite(both.network.bias[1])).toBe(true)
  })

  it('of relu at 0 is 0', () => {
    const net = network(1, { activation: 'relu', hidden: Float64Array.of(1, 1), bias: Float64Array.of(0) })
    const { hidden, bias, output } = gradientOf(net, { x: Float64Array.of(0, 0), y: Float64Array.of(1) }, {})
    expect([...hidden, ...bias, ...output]).toEqual([0, 0, 0, 0])
    expect(PLAIN.relu.slope(0)).toBe(0)
  })
})
