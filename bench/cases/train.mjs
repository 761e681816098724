// How fast networks are trained: forward, backward and update of two inputs, a wide layer, one output, in batches of 512, as
// neurons times rows a second. `peers` has TensorFlow.js and PyTorch beside it.
import { tableOf } from '../table.mjs'
import {
  initialNetwork,
  linesOf,
  lossesApart,
  measureTraining,
  neuronSamples,
  ourTraining,
  SEED,
  trainingCases,
  waves,
} from '../training-speed.mjs'

export const title = 'Throughput of trainNetworkSync: 2 inputs, 1 output, SGD, batches of 512'
export const seed = SEED

// Neuron-samples a second of an earlier prototype, float32, one core, AVX-512; its gelu was that of tanh.
const PROTOTYPE = { relu: 1.15e10, tanh: 2.4e9, gelu: 1.4e9, sin: 2.6e9 }

export const cases = trainingCases

export async function run({ activation, width, teams, seconds }, trials) {
  const network = initialNetwork(width, activation)
  const rows = waves()
  const methods = teams.flatMap((threads) =>
    ['float32', 'float64'].map((precision) => ourTraining(network, rows, precision, threads)),
  )
  return { methods: await measureTraining(methods, seconds, trials) }
}

export function report(results) {
  const all = linesOf(results, ({ threads }, i, { activation }) => ({
    prototype: i === 0 && threads === 1 ? PROTOTYPE[activation] : undefined,
  }))
  return [
    tableOf(all, [
      ['', ({ activation }) => activation],
      ['precision', ({ precision }) => precision],
      ['threads', ({ threads }) => threads],
      ['neuron-samples/s', ({ width, wall }) => neuronSamples(width, wall).toExponential(2)],
      ['fastest', ({ width, fastest }) => neuronSamples(width, fastest).toExponential(2)],
      ['a CPU second', ({ width, cpu }) => neuronSamples(width, cpu).toExponential(2)],
      ['ms a step', ({ wall }) => wall.toPrecision(3)],
      ['prototype', ({ prototype }) => prototype?.toExponential(2)],
      ['of it', ({ width, cpu, prototype }) => prototype && (neuronSamples(width, cpu) / prototype).toFixed(2)],
    ]),
    '',
    `neuron-samples/s: width × rows / time of a step, width ${results[0].width}; medians of wall clock and of processor time`,
    lossesApart(results),
    'prototype: an earlier one in processor time, float32, one core, AVX-512, of another machine; its gelu had the tanh form',
  ].join('\n')
}
