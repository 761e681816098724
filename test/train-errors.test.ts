// The input that trainNetwork() refuses, and its messages.
import { describe, expect, it } from 'vitest'
import {
  type Dataset,
  type NetworkInput,
  selectNeurons,
  type TrainingState,
  type TrainSyncOptions,
  trainNetwork,
  trainNetworkSync,
} from '../lib/index.js'
import { fill } from './fixtures.js'
import { network, probabilities, rows } from './plain-training.js'

const net = network(20)
const data = rows(100)

describe('is refused', () => {
  // biome-ignore lint/suspicious/noExplicitAny: wrong values are the point
  type Any = any
  const epochs = { epochs: 2 }
  const gone = data.y.slice()
  structuredClone(gone, { transfer: [gone.buffer] })
  const entropy = { ...epochs, loss: 'cross-entropy' }
  const two = network(5, { outputs: 2 })
  const labels = { x: data.x, y: probabilities(100, 2) }

  const shapes: [string, Any, Any, Any, string, RegExp][] = [
    ['no network', 3, data, epochs, 'ERR_SHAPE', /network must be an object/],
    [
      'a network with a NaN',
      { ...net, bias: net.bias.with(0, Number.NaN) },
      data,
      epochs,
      'ERR_NOT_FINITE',
      /bias\[0\]/,
    ],
    ['no data', net, undefined, epochs, 'ERR_SHAPE', /data must be an object \{ x, y \}, got undefined/],
    ['data that is x alone', net, data.x, epochs, 'ERR_SHAPE', /data must be an object .* got Float64Array/],
    ['no y', net, { x: data.x }, epochs, 'ERR_SHAPE', /: y must be a Float64Array.* got undefined/],
    [
      'x of no whole rows',
      net,
      { ...data, x: data.x.slice(1) },
      epochs,
      'ERR_SHAPE',
      /x must have a multiple of 2 .*network's inputs/,
    ],
    ['y of other rows', net, { ...data, y: data.y.slice(1) }, epochs, 'ERR_SHAPE', /x has 100 rows, y has 99/],
    [
      'inputs of another network',
      net,
      { ...data, inputs: 4 },
      epochs,
      'ERR_SHAPE',
      /inputs is 4, but the network has 2/,
    ],
    [
      'outputs of another network',
      net,
      { ...data, outputs: 2 },
      epochs,
      'ERR_SHAPE',
      /outputs is 2, but the network has 1/,
    ],
    ['a detached y', net, { ...data, y: gone }, epochs, 'ERR_DETACHED', /y: the array's buffer/],
    [
      'a NaN in x',
      net,
      { ...data, x: data.x.with(7, Number.NaN) },
      epochs,
      'ERR_NOT_FINITE',
      /: x, row 3, column 1 is NaN/,
    ],
    [
      'an infinity in y',
      net,
      { ...data, y: data.y.with(7, Infinity) },
      epochs,
      'ERR_NOT_FINITE',
      /: y, row 7, column 0 is Inf/,
    ],
    [
      'a negative weight',
      net,
      { ...data, weights: fill(100, (i) => 2 - i) },
      epochs,
      'ERR_WEIGHT',
      /weights\[3\] is -1/,
    ],
    [
      'no weight at all',
      net,
      { ...data, weights: new Float64Array(100) },
      epochs,
      'ERR_WEIGHT',
      /at least one positive/,
    ],
    [
      'too few weights',
      net,
      { ...data, weights: new Float64Array(9) },
      epochs,
      'ERR_SHAPE',
      /weights must have one number per row, 100/,
    ],
    [
      'a test that is an array',
      net,
      data,
      { ...epochs, test: data.x },
      'ERR_SHAPE',
      /option 'test' must be an object \{ x, y \}/,
    ],
    [
      'a test without labels',
      net,
      data,
      { ...epochs, test: { ...data, y: undefined } },
      'ERR_SHAPE',
      /test\.y must be/,
    ],
    [
      'a NaN in the test',
      net,
      data,
      { ...epochs, test: { ...data, y: data.y.with(5, Number.NaN) } },
      'ERR_NOT_FINITE',
      /test\.y, row 5/,
    ],
    [
      'weights of the test',
      net,
      data,
      { ...epochs, test: { ...data, weights: new Float64Array(3) } },
      'ERR_SHAPE',
      /test\.weights must/,
    ],
    ['one output', net, data, entropy, 'ERR_OPTION', /'cross-entropy' needs a network of at least 2 outputs/],
    [
      'labels below 0',
      two,
      { ...labels, y: labels.y.with(6, -0.5).with(7, 1.5) },
      entropy,
      'ERR_OPTION',
      /: y, row 3 has -0\.5 in it/,
    ],
    [
      'labels of sum 1.00001',
      two,
      { ...labels, y: labels.y.with(6, 1.00001).with(7, 0) },
      entropy,
      'ERR_OPTION',
      /: y, row 3 sums to 1\.00001/,
    ],
    [
      'labels of a test',
      two,
      labels,
      { ...entropy, test: { ...labels, y: labels.y.map((p) => 2 * p) } },
      'ERR_OPTION',
      /test\.y, row 0 sums to 2/,
    ],
  ]
  const options: [Any, RegExp][] = [
    [undefined, /'epochs' must be given/],
    [{}, /'epochs' must be given/],
    [{ epochs: -1 }, /'epochs' must be a whole number from 0 to 4294967295, got -1/],
    [{ epochs: 1.5 }, /'epochs' must be a whole number/],
    [{ epochs: '3' }, /'epochs' must be a whole number, got a string '3'/],
    [{ ...epochs, loss: 'hinge' }, /'loss' must be 'mse' or 'cross-entropy'/],
    [{ ...epochs, optimizer: 'lion' }, /'optimizer' must be 'gd' or 'sgd'/],
    [{ ...epochs, learningRate: -1 }, /'learningRate' must be a finite number >= 0, got -1/],
    [{ ...epochs, learningRate: Number.NaN }, /'learningRate' must be a finite number >= 0, got NaN/],
    [{ ...epochs, learningRate: '0.1' }, /'learningRate' must be a number, got a string/],
    [
      { ...epochs, momentum: 0.9 },
      /'momentum' makes no sense with optimizer 'adam'; it is for momentum, nesterov, rmsprop$/,
    ],
    [
      { ...epochs, optimizer: 'sgd', betas: [0.9, 0.99] },
      /'betas' makes no sense with optimizer 'sgd'; it is for adam, adamw$/,
    ],
    [{ ...epochs, alpha: 0.9 }, /'alpha' makes no sense .* for rmsprop$/],
    [{ ...epochs, optimizer: 'rprop', epsilon: 0 }, /'epsilon' makes no sense .* adam, adamw, rmsprop, adagrad$/],
    [{ ...epochs, optimizer: 'rprop', weightDecay: 0 }, /'weightDecay' makes no sense with optimizer 'rprop'/],
    [{ ...epochs, learningRateDecay: 0.1 }, /'learningRateDecay' makes no sense .* for adagrad$/],
    [{ ...epochs, factors: [0.5, 1.2] }, /'factors' makes no sense .* for rprop$/],
    [{ ...epochs, optimizer: 'sgd', stepSizes: [1, 2] }, /'stepSizes' makes no sense .* for rprop$/],
    [{ ...epochs, betas: [0.9, 1] }, /'betas'\[1\] must be a finite number >= 0 and < 1, got 1/],
    [{ ...epochs, betas: 0.9 }, /'betas' must be an array of two numbers, got 0\.9/],
    [{ ...epochs, betas: [0.9] }, /'betas' must be an array of two numbers, got 1/],
    [{ ...epochs, optimizer: 'rprop', factors: [1.2, 0.5] }, /'factors'\[0\] must be a finite number >= 0 and < 1/],
    [
      { ...epochs, optimizer: 'rprop', factors: [0, 1.2] },
      /'factors' must be one number between 0 and 1 and one above 1/,
    ],
    [
      { ...epochs, optimizer: 'rprop', stepSizes: [2, 1] },
      /'stepSizes' must be the least step, above 0, and the largest/,
    ],
    [{ ...epochs, weightDecay: -0.1 }, /'weightDecay' must be a finite number >= 0/],
    [{ ...epochs, schedule: 'linear' }, /'schedule' must be 'constant' or 'cosine'/],
    [{ ...epochs, batchSize: 0 }, /'batchSize' must be a whole number from 1/],
    [
      { ...epochs, optimizer: 'gd', batchSize: 10 },
      /'batchSize' makes no sense with optimizer 'gd'.*'sgd' takes batches/,
    ],
    [{ ...epochs, sampling: 'shuffle' }, /'sampling' says how batches are drawn, and needs option 'batchSize'/],
    [{ ...epochs, batchSize: 10, sampling: 'random' }, /'sampling' must be 'shuffle' or 'replacement'/],
    [{ ...epochs, batchesPerEpoch: 3 }, /'batchesPerEpoch' needs option 'batchSize' and sampling 'replacement'/],
    [
      { ...epochs, batchSize: 10, sampling: 'shuffle', batchesPerEpoch: 3 },
      /'batchesPerEpoch' needs sampling 'replacement'/,
    ],
    [
      { ...epochs, batchSize: 10, batchesPerEpoch: 3 },
      /needs sampling 'replacement', and the default for data without/,
    ],
    [{ ...epochs, seed: -1 }, /'seed' must be a whole number from 0/],
    [{ ...epochs, seed: 2 ** 53 }, /'seed' must be a whole number from 0/],
    [{ ...epochs, gradient: 'copy' }, /'gradient' must be 'per-copy' or 'total'/],
    [{ ...epochs, precision: 'double' }, /'precision' must be 'float64' or 'float32'/],
    [{ ...epochs, evaluateEvery: 0 }, /'evaluateEvery' must be a whole number from 1/],
    [{ ...epochs, onEpoch: 3 }, /'onEpoch' must be a function/],
    [{ ...epochs, onProgress: () => {} }, /'onProgress' is called onEpoch here/],
    [{ ...epochs, batchsize: 3 }, /did you mean 'batchSize'/],
    [{ ...epochs, lr: 3 }, /unknown option 'lr'/],
  ]
  const trained = trainNetworkSync(net, data, { epochs: 1 }).state
  const first = trained.first as NonNullable<TrainingState['first']>
  const { second: _, ...half } = trained
  const states: [Any, Any, string, RegExp][] = [
    [{}, 'state', 'ERR_SHAPE', /'state' must be an object \{ optimizer, epoch, step/],
    [{ optimizer: 'adamw' }, trained, 'ERR_OPTION', /'state' is that of optimizer 'adam', not of 'adamw'/],
    [{ epochs: 0 }, trained, 'ERR_OPTION', /'state' is that of epoch 1, but option 'epochs', .* is 0/],
    [{}, half, 'ERR_SHAPE', /'state'\.second is missing: .* 'adam' remembers 'first' and 'second'/],
    [
      {},
      selectNeurons(trained, [1, 2]),
      'ERR_SHAPE',
      /'state'\.first\.hidden must have 40 numbers as the network has, got 4/,
    ],
    [
      {},
      { ...trained, first: { ...first, output: null } },
      'ERR_SHAPE',
      /'state'\.first\.output must be a Float64Array/,
    ],
    [{}, { ...trained, first: [] }, 'ERR_SHAPE', /'state'\.first must be an object \{ hidden, bias/],
    [
      { optimizer: 'sgd' },
      { ...trained, optimizer: 'sgd' },
      'ERR_SHAPE',
      /'state'\.first is given, but .* remembers neither/,
    ],
    [
      { optimizer: 'rmsprop', momentum: 0.5 },
      { ...trained, optimizer: 'rmsprop', first: undefined },
      'ERR_SHAPE',
      /first is missing/,
    ],
    [
      { optimizer: 'rmsprop' },
      { ...trained, optimizer: 'rmsprop' },
      'ERR_SHAPE',
      /first is given, but with these options/,
    ],
    [{}, { ...trained, epoch: -1 }, 'ERR_OPTION', /'state'\.epoch must be a whole number/],
    [{}, { ...trained, step: '1' }, 'ERR_OPTION', /'state'\.step must be a whole number, got a string/],
  ]
  const cases: [string, Any, Any, Any, string, RegExp][] = [
    ...shapes,
    ...options.map(([given, message]): Any => [JSON.stringify(given), net, data, given, 'ERR_OPTION', message]),
    ...states.map(
      ([given, state, code, message]): Any => [
        `state: ${message.source}`,
        net,
        data,
        { ...epochs, ...given, state },
        code,
        message,
      ],
    ),
  ]
  it.each(cases)('%s', async (_, given, set, option, code, message) => {
    const sync = () => trainNetworkSync(given as NetworkInput, set as Dataset, option as TrainSyncOptions)
    const expected = expect.objectContaining({ code, message: expect.stringMatching(message) })
    expect(sync).toThrow(expected)
    const text = expect.stringMatching(/^trainNetwork: /)
    await expect(trainNetwork(given, set, option)).rejects.toMatchObject({ code, message: text })
  })

  it('a signal in the Sync form', () => {
    const wrong = { epochs: 1, signal: AbortSignal.abort() } as TrainSyncOptions
    expect(() => trainNetworkSync(net, data, wrong)).toThrow(/'signal' works with trainNetwork\(\) only/)
  })
})
