import { describe, expect, it } from 'vitest'
import {
  compressDatasetSync,
  compressNetworkSync,
  type EpochReport,
  type History,
  type Network,
  type NetworkInput,
  predictSync,
  selectNeurons,
  type TrainingState,
  type TrainOptions,
  type TrainSyncOptions,
  trainNetwork,
  trainNetworkSync,
} from '../lib/index.js'
import { bytesOf, fill, seeded } from './fixtures.js'
import { difference, network, OPTIMIZERS, PARAMETERS, probabilities, type Rows, rows } from './plain-training.js'

const net = network(20)
const data = rows(100)
const weighted = { ...data, weights: fill(100, (i) => 1 + (i % 4)) }

/** Everything except the time. */
function bitsOf({ network, epochs, trainLoss, testLoss, state }: Omit<History, 'elapsed'>) {
  const numbers = (list?: Pick<Network, (typeof PARAMETERS)[number]>) =>
    list && PARAMETERS.map((name) => bytesOf(list[name]))
  return {
    network: [...(numbers(network) as string[]), network.multiplicity && bytesOf(network.multiplicity)],
    losses: [epochs, trainLoss, testLoss].map((list) => list && bytesOf(list)),
    state: { ...state, first: numbers(state.first), second: numbers(state.second) },
  }
}

describe('the result', () => {
  it('is a network, losses of known epochs, and a state', () => {
    const test = rows(30, 2, 1, 9)
    const history = trainNetworkSync(net, data, { epochs: 7, learningRate: 0.01, test })
    expect(Object.keys(history).sort()).toEqual(['elapsed', 'epochs', 'network', 'state', 'testLoss', 'trainLoss'])
    expect(Object.keys(history.network).sort()).toEqual(Object.keys(net).sort())
    expect(history.epochs).toEqual(Uint32Array.of(0, 1, 2, 3, 4, 5, 6, 7))
    expect(history.elapsed).toBeGreaterThan(0)
    expect(history.state).toMatchObject({ optimizer: 'adam', epoch: 7, step: 7 })
    const mean = (end: NetworkInput, { x, y }: Rows) =>
      predictSync(end, x).reduce((sum, f, i) => sum + (f - y[i]) ** 2, 0) / y.length
    for (const [e, start] of [
      [0, net],
      [7, history.network],
    ] as const) {
      expect(history.trainLoss[e]).toBeCloseTo(mean(start, data), 14)
      expect((history.testLoss as Float64Array)[e]).toBeCloseTo(mean(start, test), 14)
    }
    expect(history.trainLoss[7]).toBeLessThan(history.trainLoss[0])
    expect(trainNetworkSync(net, data, { epochs: 1 }).testLoss).toBeUndefined()
  })

  it('lists the start, every so many epochs, and the end', () => {
    const epochsOf = (epochs: number, evaluateEvery?: number) => [
      ...trainNetworkSync(net, data, { epochs, evaluateEvery }).epochs,
    ]
    expect(epochsOf(3)).toEqual([0, 1, 2, 3])
    expect(epochsOf(7, 3)).toEqual([0, 3, 6, 7])
    expect(epochsOf(6, 3)).toEqual([0, 3, 6])
    expect(epochsOf(2, 100)).toEqual([0, 2])
    expect(epochsOf(1, 1)).toEqual([0, 1])
    expect(epochsOf(0)).toEqual([0])
  })

  it('does not depend on when losses are evaluated, nor on the rows of the test', () => {
    const options: TrainSyncOptions = { epochs: 12, batchSize: 16, schedule: 'cosine' }
    const end = bitsOf(trainNetworkSync(net, weighted, options))
    for (const other of [{ evaluateEvery: 5 }, { evaluateEvery: 12 }, { test: rows(9) }]) {
      const { network, state } = bitsOf(trainNetworkSync(net, weighted, { ...options, ...other }))
      expect({ network, state }).toEqual({ network: end.network, state: end.state })
    }
  })

  it('of no epochs is the network as it was, and a state to begin with', () => {
    const multiplicity = fill(20, (j) => j % 3)
    for (const optimizer of OPTIMIZERS) {
      const { network, state, trainLoss } = trainNetworkSync({ ...net, multiplicity }, data, { optimizer, epochs: 0 })
      expect(network).toEqual({ ...net, multiplicity })
      expect(state).toEqual({ optimizer, epoch: 0, step: 0 })
      expect(trainLoss.length).toBe(1)
    }
  })

  it('has multiplicities if the network had some, the same', () => {
    const multiplicity = fill(20, (j) => 0.5 + (j % 3))
    expect(trainNetworkSync({ ...net, multiplicity }, data, { epochs: 2 }).network.multiplicity).toEqual(multiplicity)
    expect('multiplicity' in trainNetworkSync(net, data, { epochs: 2 }).network).toBe(false)
  })

  it('of a training that diverges has infinities or NaN, and is no error', () => {
    const history = trainNetworkSync({ ...net, activation: 'relu' }, data, {
      optimizer: 'sgd',
      learningRate: 1e6,
      epochs: 200,
      evaluateEvery: 20,
    })
    expect(Number.isFinite(history.trainLoss[0])).toBe(true)
    expect(Number.isFinite(history.trainLoss.at(-1))).toBe(false)
    expect(history.epochs.length).toBe(11)
  })

  it('in float32 holds float32 values, near those of float64', () => {
    const options: TrainSyncOptions = { optimizer: 'adam', epochs: 50 }
    const single = trainNetworkSync(net, data, { ...options, precision: 'float32' })
    const double = trainNetworkSync(net, data, options)
    for (const name of PARAMETERS) {
      for (const list of [single.network, single.state.first, single.state.second]) {
        expect(list?.[name]).toEqual(Float64Array.from(Float32Array.from(list?.[name] ?? [])))
      }
    }
    expect(difference(single.network, double.network)).toBeLessThan(1e-4)
    expect(difference(single.network, double.network)).toBeGreaterThan(0)
  })

  it('trains what compressDataset() and compressNetwork() return', () => {
    const many = rows(2000)
    const few = compressDatasetSync({ ...many, inputs: 2 }, { size: 300 })
    const wide = network(600, {}, 4)
    const narrow = compressNetworkSync(wide, { size: 150 })
    const options: TrainSyncOptions = { optimizer: 'gd', learningRate: 5e-3, epochs: 60, evaluateEvery: 60, test: many }
    const whole = trainNetworkSync(wide, many, options)
    const compressed = trainNetworkSync(narrow, few, options)
    expect(whole.trainLoss[1]).toBeLessThan(0.9 * whole.trainLoss[0])
    expect(compressed.testLoss?.[1]).toBeCloseTo(whole.testLoss?.[1] as number, 2)
    expect(Object.keys(compressed.network)).not.toContain('indices')
  })
})

describe('a loss', () => {
  it("of 'cross-entropy' separates two clouds", () => {
    const random = seeded(5)
    const count = 400
    const x = fill(2 * count, (i) => random.normal() + (i % 4 < 2 ? 1.5 : -1.5))
    const y = fill(2 * count, (i) => Number(i % 4 === 0 || i % 4 === 3))
    const start = network(10, { outputs: 2 })
    const options: TrainSyncOptions = { loss: 'cross-entropy', epochs: 60, batchSize: 40, learningRate: 0.01 }
    const { network: end, trainLoss } = trainNetworkSync(start, { x, y }, options)
    const f = predictSync(end, x)
    let right = 0
    for (let i = 0; i < count; i++) right += Number(f[2 * i] > f[2 * i + 1] === (y[2 * i] === 1))
    expect(right).toBeGreaterThan(0.97 * count)
    expect(trainLoss.at(-1)).toBeLessThan(0.1)
  })

  it("of 'cross-entropy' does not overflow, and no class at all costs nothing", () => {
    const far = { ...network(1, { outputs: 2, activation: 'relu' }), outputBias: Float64Array.of(1e4, -1e4) }
    const one = { x: Float64Array.of(0, 0), y: Float64Array.of(0, 1) }
    expect(trainNetworkSync(far, one, { loss: 'cross-entropy', epochs: 0 }).trainLoss[0]).toBeCloseTo(2e4, 0)
    const other = { ...one, y: Float64Array.of(1, 0) }
    expect(trainNetworkSync(far, other, { loss: 'cross-entropy', epochs: 0 }).trainLoss[0]).toBe(0)
  })

  it("takes labels that are probabilities to float32's rounding", () => {
    const start = network(5, { outputs: 3 })
    const y = Float32Array.from(probabilities(100, 3))
    expect(trainNetworkSync(start, { x: data.x, y }, { loss: 'cross-entropy', epochs: 2 }).trainLoss.length).toBe(3)
  })
})

describe('the schedule', () => {
  it("'cosine' begins at the rate, ends next to 0, and belongs to the whole training", () => {
    // The gradient is nearly constant, so steps are proportional to the rates, (1 + cos(pi e / 10)) / 2.
    const slow: Float64Array[] = []
    trainNetworkSync(net, data, {
      optimizer: 'sgd',
      learningRate: 1e-7,
      schedule: 'cosine',
      epochs: 10,
      onEpoch: ({ network }) => void slow.push(network.bias),
    })
    const step = (e: number) => slow[e + 1][3] - slow[e][3]
    for (let e = 0; e < 10; e++) expect(step(e) / step(0)).toBeCloseTo((1 + Math.cos((Math.PI * e) / 10)) / 2, 4)
  })

  it('makes no difference to rprop', () => {
    const options: TrainSyncOptions = { optimizer: 'rprop', epochs: 20 }
    const constant = trainNetworkSync(net, data, options)
    expect(bitsOf(trainNetworkSync(net, data, { ...options, schedule: 'cosine' }))).toEqual(bitsOf(constant))
  })
})

describe('a training that is cut', () => {
  it.each(OPTIMIZERS)('by its state at any epoch has the same bits: %s', (optimizer) => {
    const options: TrainSyncOptions = {
      optimizer,
      epochs: 12,
      test: rows(20),
      ...(optimizer === 'gd' ? {} : { batchSize: 30 }),
      ...(optimizer === 'rmsprop' && { momentum: 0.5 }),
      ...(optimizer === 'adam' && { precision: 'float32' as const }),
    }
    const whole = trainNetworkSync(net, weighted, options)
    for (const at of [0, 1, 5, 11, 12]) {
      const first = trainNetworkSync(net, weighted, { ...options, epochs: at })
      const rest = trainNetworkSync(first.network, weighted, { ...options, state: structuredClone(first.state) })
      const { network, state } = bitsOf(rest)
      expect({ network, state }).toEqual({ network: bitsOf(whole).network, state: bitsOf(whole).state })
      const join = (a: Float64Array, b: Float64Array) => (at === 12 ? a : Float64Array.of(...a, ...b))
      expect(join(first.trainLoss, rest.trainLoss)).toEqual(whole.trainLoss)
      expect([...rest.epochs]).toEqual(at === 12 ? [12] : Array.from({ length: 12 - at }, (_, i) => at + 1 + i))
    }
  })

  it('by the report of any epoch as well, also with a cosine', async () => {
    const options: TrainOptions = { epochs: 10, batchSize: 30, schedule: 'cosine', optimizer: 'momentum' }
    const whole = bitsOf(await trainNetwork(net, data, options))
    const seen: EpochReport[] = []
    await trainNetwork(net, data, { ...options, onEpoch: (report) => void seen.push(report) })
    for (const { network, state } of seen) {
      const rest = bitsOf(await trainNetwork(network, data, { ...options, state }))
      expect({ network: rest.network, state: rest.state }).toEqual({ network: whole.network, state: whole.state })
    }
  })

  it('keeps to the epochs that are evaluated', () => {
    const options: TrainSyncOptions = { epochs: 10, evaluateEvery: 4 }
    const { network, state } = trainNetworkSync(net, data, { ...options, epochs: 3 })
    expect([...trainNetworkSync(network, data, { ...options, state }).epochs]).toEqual([4, 8, 10])
  })

  it('writes to no state', () => {
    const { network, state } = trainNetworkSync(net, data, { epochs: 3 })
    const before = bitsOf({ network, state, epochs: new Uint32Array(), trainLoss: new Float64Array() })
    trainNetworkSync(network, data, { epochs: 9, state })
    selectNeurons(state, [1, 2])
    expect(bitsOf({ network, state, epochs: new Uint32Array(), trainLoss: new Float64Array() })).toEqual(before)
  })
})

describe('selectNeurons', () => {
  it('takes the rows of the neurons, and all else as it is', () => {
    const { state } = trainNetworkSync(network(4, { inputs: 2, outputs: 3 }), rows(10, 2, 3), { epochs: 3 })
    const kept = selectNeurons(state, Uint32Array.of(3, 1))
    expect(kept).toMatchObject({ optimizer: 'adam', epoch: 3, step: 3 })
    for (const name of ['first', 'second'] as const) {
      const [from, to] = [state[name], kept[name]]
      expect(to?.hidden).toEqual(
        Float64Array.of(...(from?.hidden.slice(6, 8) ?? []), ...(from?.hidden.slice(2, 4) ?? [])),
      )
      expect(to?.bias).toEqual(Float64Array.of(from?.bias[3] ?? 0, from?.bias[1] ?? 0))
      expect(to?.output).toEqual(
        Float64Array.of(...(from?.output.slice(9, 12) ?? []), ...(from?.output.slice(3, 6) ?? [])),
      )
      expect(to?.outputBias).toEqual(from?.outputBias)
      expect(to?.outputBias).not.toBe(from?.outputBias)
    }
    const plain = trainNetworkSync(net, data, { epochs: 3, optimizer: 'sgd' }).state
    expect(selectNeurons(plain, [5])).toEqual({ optimizer: 'sgd', epoch: 3, step: 3 })
  })

  const { state } = trainNetworkSync(net, data, { epochs: 1, optimizer: 'momentum' })
  const first = state.first as NonNullable<TrainingState['first']>
  it.each<[string, unknown, unknown, string, RegExp]>([
    ['no state', undefined, [0], 'ERR_SHAPE', /state must be an object/],
    ['a wrong optimizer', { ...state, optimizer: 'lion' }, [0], 'ERR_OPTION', /state\.optimizer must be 'gd' or/],
    ['half an epoch', { ...state, epoch: 0.5 }, [0], 'ERR_OPTION', /state\.epoch must be a whole number/],
    ['a negative step', { ...state, step: -1 }, [0], 'ERR_OPTION', /state\.step must be a whole number/],
    ['an index too large', state, [0, 20], 'ERR_OPTION', /indices\[1\] is 20, but the state has 20 neurons/],
    ['half an index', state, [0.5], 'ERR_OPTION', /indices\[0\] must be a whole number/],
    ['no list', state, 3, 'ERR_SHAPE', /indices must be a list/],
    [
      'plain arrays',
      { ...state, first: { ...first, bias: [1] } },
      [0],
      'ERR_SHAPE',
      /first\.bias must be a Float64Array/,
    ],
    [
      'lists that do not fit together',
      { ...state, first: { ...first, hidden: first.hidden.slice(1) } },
      [0],
      'ERR_SHAPE',
      /first\.hidden must have as many numbers for each of 20 neurons, got 39/,
    ],
  ])('refuses %s', (_, given, indices, code, message) => {
    expect(() => selectNeurons(given as TrainingState, indices as number[])).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })
})

describe('the call', () => {
  const options = { epochs: 6, batchSize: 30, evaluateEvery: 2, test: rows(20) } as const

  it('has the same bits in both forms', async () => {
    expect(bitsOf(await trainNetwork(net, weighted, options))).toEqual(bitsOf(trainNetworkSync(net, weighted, options)))
  })

  it('takes float32, ndarray-like rows, and inputs and outputs that are right', () => {
    const single = {
      x: Float32Array.from(data.x),
      y: Float32Array.from(data.y),
      weights: Float32Array.from(weighted.weights),
    }
    const double = { x: Float64Array.from(single.x), y: Float64Array.from(single.y), weights: weighted.weights }
    const expected = bitsOf(trainNetworkSync(net, double, options))
    expect(bitsOf(trainNetworkSync(net, single, options))).toEqual(expected)
    expect(bitsOf(trainNetworkSync(net, { ...double, inputs: 2, outputs: 1 }, options))).toEqual(expected)
    const columns = {
      data: fill(200, (i) => double.x[(i % 100) * 2 + Math.floor(i / 100)]),
      shape: [100, 2],
      stride: [1, 100],
    }
    const reversed = { data: double.y.toReversed(), shape: [100, 1], stride: [-1, 1], offset: 99 }
    expect(bitsOf(trainNetworkSync(net, { ...double, x: columns, y: reversed }, options))).toEqual(expected)
    const singleNet = { ...net, hidden: Float32Array.from(net.hidden) }
    const rounded = { ...net, hidden: Float64Array.from(singleNet.hidden) }
    expect(bitsOf(trainNetworkSync(singleNet, data, options))).toEqual(bitsOf(trainNetworkSync(rounded, data, options)))
  })

  it('never writes to its input, and copies it before it returns', async () => {
    const given = structuredClone({ net, data: weighted, test: options.test })
    const expected = bitsOf(trainNetworkSync(net, weighted, options))
    const promise = trainNetwork(given.net, given.data, { ...options, test: given.test })
    expect(given).toEqual({ net, data: weighted, test: options.test })
    for (const array of [given.net.hidden, given.data.x, given.data.weights, given.test.y]) {
      structuredClone(array, { transfer: [array.buffer as ArrayBuffer] })
    }
    for (const array of [given.net.bias, given.data.y, given.test.x]) array.fill(Number.NaN)
    expect(bitsOf(await promise)).toEqual(expected)
  })

  it('gives copies to onEpoch, in which anything may be written', async () => {
    const spoil = ({ network, state }: EpochReport) => {
      for (const list of [network, state.first, state.second]) {
        for (const name of PARAMETERS) list?.[name].fill(Number.NaN)
      }
    }
    const expected = bitsOf(trainNetworkSync(net, data, options))
    expect(bitsOf(trainNetworkSync(net, data, { ...options, onEpoch: spoil }))).toEqual(expected)
    expect(bitsOf(await trainNetwork(net, data, { ...options, onEpoch: spoil }))).toEqual(expected)
  })
})
