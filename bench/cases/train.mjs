// How fast networks are trained: forward, backward and update of two inputs, a wide layer, one output, in batches of 512, as
// neurons times rows a second. Beside it TensorFlow.js, the same parameters, rows and steps, where it is installed
// (bench/tensorflow.mjs). In each trial all of them follow each other, so that a busy moment meets all.
import { random } from '../../demo/random.mjs'
import { trainNetworkSync } from '../../dist/index.js'
import { median, timed } from '../measure.mjs'
import { tableOf } from '../table.mjs'
import { tensorflow, trainer } from '../tensorflow.mjs'

export const title = 'Throughput of trainNetworkSync: 2 inputs, 1 output, SGD, batches of 512'
export const seed = 1

// Neuron-samples a second of an earlier prototype, float32, one core, AVX-512; its gelu was that of tanh.
const PROTOTYPE = { relu: 1.15e10, tanh: 2.4e9, gelu: 1.4e9, sin: 2.6e9 }
const INPUTS = 2
const BATCH = 512
const RATE = 1e-5
// Steps after which the losses of all methods are compared.
const FIRST_STEPS = 5
const BACKENDS = ['wasm', 'cpu']

export function cases({ small, threads, cores }) {
  const teams = threads === undefined ? [...new Set([1, cores])] : [threads]
  const width = small ? 1000 : 10_000
  return Object.keys(PROTOTYPE).map((activation) => ({ activation, width, teams, seconds: small ? 0.05 : 0.3 }))
}

export async function run({ activation, width, teams, seconds }, trials) {
  const network = initialNetwork(width, activation)
  const rows = waves(BATCH)
  const methods = teams.flatMap((threads) =>
    ['float32', 'float64'].map((precision) => ours(network, rows, precision, threads)),
  )
  const tf = tensorflow()
  if (tf !== undefined) for (const backend of BACKENDS) methods.push(await theirs(tf, backend, network, rows))

  for (const method of methods) {
    await method.prepare?.()
    method.loss = method.lossAfter(FIRST_STEPS)
    method.steps = Math.ceil((1e3 * seconds * method.probe) / timed(() => method.train(method.probe)).wall)
    method.times = []
  }
  for (let trial = 0; trial < trials; trial++) {
    for (const method of methods) {
      await method.prepare?.()
      method.times.push(timed(() => method.train(method.steps)))
    }
  }
  return {
    isInstalled: tf !== undefined,
    methods: methods.map(({ name, precision, threads, loss, steps, times }) => ({
      ...{ name, precision, threads, loss, steps },
      wall: median(times.map(({ wall }) => wall)) / steps,
      fastest: Math.min(...times.map(({ wall }) => wall)) / steps,
      cpu: median(times.map(({ user, system }) => user + system)) / steps,
    })),
  }
}

/** A call is one native call for all its epochs, each of them one batch; the losses at both ends are part of it. */
function ours(network, rows, precision, threads) {
  const train = (epochs) =>
    trainNetworkSync(network, rows, {
      ...{ epochs, precision, threads, optimizer: 'sgd', learningRate: RATE, batchSize: BATCH },
      evaluateEvery: Math.max(1, epochs),
    })
  const lossAfter = (steps) => train(steps).trainLoss.at(-1)
  return { name: 'fewpoints', precision, threads, probe: 20, train, lossAfter }
}

async function theirs(tf, backend, network, rows) {
  const prepare = () => tf.setBackend(backend)
  await prepare()
  const { step, loss } = trainer(tf, network, rows, RATE)
  const train = (steps) => {
    for (let i = 0; i < steps; i++) step()
  }
  const lossAfter = (steps) => {
    train(steps)
    return loss()
  }
  return { name: `TensorFlow.js ${backend}`, precision: 'float32', threads: 1, probe: 1, prepare, train, lossAfter }
}

function initialNetwork(width, activation) {
  const { uniform } = random(seed)
  const draw = (count, limit) => Float64Array.from({ length: count }, () => limit * (2 * uniform() - 1))
  return {
    inputs: INPUTS,
    width,
    outputs: 1,
    activation,
    hidden: draw(width * INPUTS, 1),
    bias: draw(width, 1),
    output: draw(width, 1 / Math.sqrt(width)),
    outputBias: new Float64Array(1),
  }
}

function waves(count) {
  const { uniform, normal } = random(seed + 1)
  const x = Float64Array.from({ length: INPUTS * count }, () => 2 * uniform() - 1)
  const y = Float64Array.from({ length: count }, (_, i) => Math.sin(3 * x[2 * i]) * Math.cos(2 * x[2 * i + 1]))
  return { x, y: y.map((value) => value + 0.1 * normal()), inputs: INPUTS, outputs: 1 }
}

export function report(results) {
  const all = results.flatMap(({ activation, width, methods }) =>
    methods.map((method, i) => ({
      ...method,
      activation: i === 0 ? activation : '',
      rate: (milliseconds) => (width * BATCH) / (milliseconds / 1e3),
      ours: methods[0],
      prototype: i === 0 && method.threads === 1 ? PROTOTYPE[activation] : undefined,
    })),
  )
  const apart = results.map(({ methods }) =>
    Math.max(...methods.map(({ loss }) => Math.abs(loss / methods[0].loss - 1))),
  )
  const { threads } = results[0].methods[0]
  return [
    tableOf(all, [
      ['', ({ activation, name }) => `${activation.padEnd(6)}${name}`],
      ['precision', ({ precision }) => precision],
      ['threads', ({ threads }) => threads],
      ['neuron-samples/s', ({ rate, wall }) => rate(wall).toExponential(2)],
      ['fastest', ({ rate, fastest }) => rate(fastest).toExponential(2)],
      ['a CPU second', ({ rate, cpu }) => rate(cpu).toExponential(2)],
      ['ms a step', ({ wall }) => wall.toPrecision(3)],
      ['CPU / ours', ({ name, cpu, ours }) => (name === 'fewpoints' ? '' : (cpu / ours.cpu).toPrecision(3))],
      ['prototype', ({ prototype }) => prototype?.toExponential(2)],
      ['of it', ({ rate, cpu, prototype }) => prototype && (rate(cpu) / prototype).toFixed(2)],
    ]),
    '',
    `neuron-samples/s: width × rows / time of a step, width ${results[0].width}; medians of wall clock and of processor time`,
    results.every(({ isInstalled }) => isInstalled)
      ? `CPU / ours: processor time of a step, fewpoints with float32 and ${threads} thread${threads === 1 ? '' : 's'} being 1`
      : 'TensorFlow.js is left out: it is not installed (cd examples/tensorflow && npm install)',
    `losses after ${FIRST_STEPS} steps: all the same within ${Math.max(...apart).toExponential(0)}`,
    'prototype: an earlier one in processor time, float32, one core, AVX-512, of another machine; its gelu had the tanh form',
  ].join('\n')
}
