// The rows of each batch, that the update is that of these rows, and that threads change nothing.
import { describe, expect, it } from 'vitest'
import { type Network, type Optimizer, type TrainSyncOptions, trainNetworkSync } from '../lib/index.js'
import { bytesOf, fill, seeded } from './fixtures.js'
import { batchesOf, difference, network, PARAMETERS, plainTrain, rows } from './plain-training.js'

const sorted = (list: number[]) => list.toSorted((a, b) => a - b)
const range = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('a shuffled epoch', () => {
  it('has every row once, in batches of the size wanted, the last one shorter', () => {
    for (const [count, batchSize, sizes] of [
      [64, 16, [16, 16, 16, 16]],
      [50, 16, [16, 16, 16, 2]],
      [7, 3, [3, 3, 1]],
      [5, 1, [1, 1, 1, 1, 1]],
      [5, 5, [5]],
      [5, 100, [5]],
    ] as const) {
      const batches = batchesOf(count, 0, { batchSize })
      expect(batches.map((batch) => batch.length)).toEqual(sizes)
      expect(sorted(batches.flat())).toEqual(range(count))
    }
  })

  it('is another one for each epoch and each seed, and the same again for the same', () => {
    const seen = new Set<string>()
    for (const seed of [0, 1, 2, 2 ** 53 - 1]) {
      for (const epoch of [0, 1, 2, 1000]) {
        const batches = JSON.stringify(batchesOf(60, epoch, { batchSize: 20, seed }))
        expect(JSON.stringify(batchesOf(60, epoch, { batchSize: 20, seed, threads: 3 }))).toBe(batches)
        seen.add(batches)
      }
    }
    expect(seen.size).toBe(16)
    expect(batchesOf(60, 0, { batchSize: 20 })).toEqual(batchesOf(60, 0, { batchSize: 20, seed: 0 }))
  })

  it('puts each row into each batch equally often', () => {
    // 400 epochs of 20 rows in 4 batches: 100 are expected in each of 80 cells, chi-square with 57 degrees of freedom.
    const counts = new Map<string, number>()
    for (let epoch = 0; epoch < 400; epoch++) {
      for (const [b, batch] of batchesOf(20, epoch, { batchSize: 5 }).entries()) {
        for (const row of batch) counts.set(`${row} ${b}`, (counts.get(`${row} ${b}`) ?? 0) + 1)
      }
    }
    expect(counts.size).toBe(80)
    const chi = [...counts.values()].reduce((sum, seen) => sum + (seen - 100) ** 2 / 100, 0)
    expect(chi).toBeGreaterThan(25)
    expect(chi).toBeLessThan(110) // one in 40,000 is above
  })
})

describe('rows drawn with replacement', () => {
  const weights = fill(32, (i) => (i % 8 === 3 ? 0 : 0.2 + (i % 5) ** 2))
  const total = weights.reduce((sum, w) => sum + w, 0)

  it('come as often as their weight says, and those of weight 0 never', () => {
    const seen = new Float64Array(32)
    const options = { batchSize: 64, batchesPerEpoch: 5, sampling: 'replacement' } as const
    for (let epoch = 0; epoch < 200; epoch++) {
      const batches = batchesOf(32, epoch, options, weights)
      expect(batches.map((batch) => batch.length)).toEqual([64, 64, 64, 64, 64])
      for (const row of batches.flat()) seen[row] += 1
    }
    let chi = 0 // 28 rows with a weight: 27 degrees of freedom
    for (const [i, w] of weights.entries()) {
      const expected = (64_000 * w) / total
      if (w === 0) expect(seen[i]).toBe(0)
      else chi += (seen[i] - expected) ** 2 / expected
    }
    expect(chi).toBeGreaterThan(7)
    expect(chi).toBeLessThan(68) // one in 40,000 is above
  })

  it('come alike without weights', () => {
    const seen = new Float64Array(16)
    for (let epoch = 0; epoch < 100; epoch++) {
      for (const row of batchesOf(16, epoch, { batchSize: 16, sampling: 'replacement' }).flat()) seen[row] += 1
    }
    const chi = seen.reduce((sum, times) => sum + (times - 100) ** 2 / 100, 0)
    expect(chi).toBeGreaterThan(3)
    expect(chi).toBeLessThan(50)
  })

  it('are as many as a shuffled epoch has, rounded up to whole batches, unless it is said', () => {
    const sizes = (options: object) =>
      batchesOf(32, 0, { sampling: 'replacement', ...options }, weights).map((batch) => batch.length)
    expect(sizes({ batchSize: 8 })).toEqual([8, 8, 8, 8])
    expect(sizes({ batchSize: 10 })).toEqual([10, 10, 10, 10])
    expect(sizes({ batchSize: 100 })).toEqual([100])
    expect(sizes({ batchSize: 100, batchesPerEpoch: 3 })).toEqual([100, 100, 100])
    expect(sizes({ batchSize: 8, batchesPerEpoch: 1 })).toEqual([8])
  })

  it('depend on seed and epoch', () => {
    const draws = [0, 1].flatMap((seed) =>
      [0, 1].map((epoch) =>
        JSON.stringify(batchesOf(32, epoch, { batchSize: 16, sampling: 'replacement', seed }, weights)),
      ),
    )
    expect(new Set(draws).size).toBe(4)
  })

  it('are the default for data with weights, and shuffled ones for data without', () => {
    const net = network(3)
    const plain = rows(60)
    const weighted = { ...plain, weights: fill(60, (i) => 1 + (i % 3)) }
    const end = (data: typeof plain, options: Partial<TrainSyncOptions>) =>
      bytesOf(trainNetworkSync(net, data, { epochs: 3, batchSize: 10, ...options }).network.hidden)
    expect(end(weighted, {})).toBe(end(weighted, { sampling: 'replacement' }))
    expect(end(weighted, {})).not.toBe(end(weighted, { sampling: 'shuffle' }))
    expect(end(plain, {})).toBe(end(plain, { sampling: 'shuffle' }))
    expect(end(plain, {})).not.toBe(end(plain, { sampling: 'replacement' }))
  })
})

describe('a training in batches is that of plain JavaScript with the same batches', () => {
  const net = network(3, { multiplicity: Float64Array.of(2, 1, 0.5) })
  const plain = rows(40)
  const weighted = { ...plain, weights: fill(40, (i) => 0.5 + (i % 4)) }
  const rules: [Optimizer, object][] = [
    ['sgd', { learningRate: 0.05 }],
    ['momentum', { learningRate: 0.02, momentum: 0.8 }],
    ['adam', { learningRate: 0.01, betas: [0.9, 0.99], epsilon: 1e-4 }],
    ['rprop', { learningRate: 0.01, factors: [0.5, 1.2], stepSizes: [1e-6, 50] }],
  ]
  it.each(rules)('%s', (optimizer, numbers) => {
    const epochs = 6
    const options = { optimizer, learningRate: 0, ...numbers, epochs, batchSize: 12, seed: 7 } as const
    const cosine = optimizer !== 'rprop'
    for (const sampling of ['shuffle', 'replacement'] as const) {
      for (const data of [plain, weighted]) {
        // A shuffled order does not depend on weights; draws in proportion to them do.
        const weights = sampling === 'replacement' && data === weighted ? weighted.weights : undefined
        const batches = range(epochs).map((epoch) =>
          batchesOf(40, epoch, { batchSize: 12, seed: 7, sampling }, weights),
        )
        const mean = weighted.weights.reduce((sum, w) => sum + w, 0) / 40
        const share = (row: number, size: number) =>
          (sampling === 'shuffle' && data === weighted ? weighted.weights[row] / mean : 1) / size
        const trained = trainNetworkSync(net, data, { ...options, sampling, schedule: 'cosine' })
        const expected = plainTrain(net, plain, { ...options, batches, share, cosine })
        expect(difference(trained.network, expected)).toBeLessThan(1e-13)
        expect(difference(trained.network, net)).toBeGreaterThan(0.01)
        expect(trained.state.step).toBe(4 * epochs)
      }
    }
  })

  it('and networks of other shapes see the same batches', () => {
    // A second neuron, of multiplicity 0, does not change how the first one trains.
    const one = network(1)
    const two: Network = {
      ...one,
      width: 2,
      hidden: Float64Array.of(...one.hidden, 0.3, 0.1),
      bias: Float64Array.of(...one.bias, 0.2),
      output: Float64Array.of(...one.output, 0.7),
      multiplicity: Float64Array.of(1, 0),
    }
    const options: TrainSyncOptions = { epochs: 5, batchSize: 7, learningRate: 0.05 }
    const losses = [one, two].map((start) => trainNetworkSync(start, plain, options).trainLoss)
    for (const [i, loss] of losses[0].entries()) expect(losses[1][i]).toBeCloseTo(loss, 14)
  })
})

describe('the number of threads changes no bit', () => {
  const wide = network(3000, { activation: 'tanh' })
  const several = network(1100, {
    activation: 'gelu',
    inputs: 5,
    outputs: 3,
    multiplicity: fill(1100, (j) => 1 + (j % 3)),
  })
  const random = seeded(1)
  const weights = fill(1500, () => 0.1 + random.next())

  it.each<[string, Network, number, Partial<TrainSyncOptions>]>([
    ['3000 neurons, batches of 512', wide, 1500, { batchSize: 512 }],
    ['in float32', wide, 1500, { batchSize: 512, precision: 'float32', optimizer: 'adamw' }],
    ['all rows at once', wide, 1500, { optimizer: 'rprop' }],
    ['a few rows of many neurons', wide, 40, { batchSize: 20, optimizer: 'momentum' }],
    ['many rows of a few neurons', network(5), 30_000, { optimizer: 'rmsprop' }],
    ['several inputs and outputs', several, 1500, { batchSize: 100, optimizer: 'nesterov' }],
    ['several outputs, all rows, float32', several, 1500, { precision: 'float32', optimizer: 'adagrad' }],
  ])('%s', (_, net, count, options) => {
    const data = { ...rows(count, net.inputs, net.outputs), ...(count === 1500 && { weights }) }
    const all: TrainSyncOptions = {
      learningRate: 1e-4,
      epochs: 3,
      test: rows(777, net.inputs, net.outputs),
      ...options,
    }
    const bits = (threads: number) => {
      const { network, state, trainLoss, testLoss } = trainNetworkSync(net, data, { ...all, threads })
      const arrays = [network, state.first, state.second].flatMap((list) =>
        list ? PARAMETERS.map((name) => bytesOf(list[name])) : [],
      )
      return [...arrays, ...trainLoss, ...(testLoss as Float64Array)]
    }
    const one = bits(1)
    expect(one.every((value) => typeof value === 'string' || Number.isFinite(value))).toBe(true)
    for (const threads of [2, 3, 5]) expect(bits(threads)).toEqual(one)
  })
})
