// trainNetworkSync with float32 beside TensorFlow.js (bench/tensorflow.mjs) and PyTorch on the processor (bench/peers.py), each
// where it is installed: the parameters, rows and steps of `train`, as neurons times rows a second. PyTorch is timed inside
// Python, after the others.
import { fileURLToPath } from 'node:url'
import { inPython } from '../python.mjs'
import { tableOf } from '../table.mjs'
import { tensorflow, trainer } from '../tensorflow.mjs'
import {
  FIRST_STEPS,
  initialNetwork,
  linesOf,
  lossesApart,
  measureTraining,
  neuronSamples,
  ourTraining,
  RATE,
  SEED,
  trainingCases,
  waves,
} from '../training-speed.mjs'

export const title = 'Training beside TensorFlow.js and PyTorch: 2 inputs, 1 output, SGD, batches of 512, float32'
export const seed = SEED

const BACKENDS = ['wasm', 'cpu']

/** Compiling takes PyTorch about half a minute for each activation. */
export function cases(options) {
  return trainingCases(options).map((parameters) => ({ ...parameters, compiled: !options.small }))
}

export async function run({ activation, width, teams, seconds, compiled }, trials) {
  const network = initialNetwork(width, activation)
  const rows = waves()
  const methods = teams.map((threads) => ourTraining(network, rows, 'float32', threads))
  const tf = tensorflow()
  if (tf !== undefined) for (const backend of BACKENDS) methods.push(await inTensorFlow(tf, backend, network, rows))
  const measured = await measureTraining(methods, seconds, trials)
  const torch = inPyTorch(network, rows, { teams, seconds, compiled, trials })
  return {
    hasTensorFlow: tf !== undefined,
    torch: torch && { version: torch.version, remarks: torch.remarks },
    methods: [...measured, ...(torch?.methods ?? [])],
  }
}

async function inTensorFlow(tf, backend, network, rows) {
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

/** What peers.py prints, or undefined when there is no Python with PyTorch. */
function inPyTorch({ activation, hidden, bias, output, outputBias }, { x, y }, { teams, seconds, compiled, trials }) {
  const script = fileURLToPath(new URL('../peers.py', import.meta.url))
  const parameters = [activation, RATE, FIRST_STEPS, seconds, trials, teams.join(','), compiled ? 'compiled' : '']
  return inPython([script], { hidden, bias, output, outputBias, x, y }, parameters, JSON.parse, {
    modules: 'torch',
    threads: Math.max(...teams),
  })
}

export function report(results) {
  const all = linesOf(results, ({ threads }, _, { methods }) => ({
    // With as many threads, of those that were measured.
    ours: methods.find((method) => method.name === 'fewpoints' && method.threads === threads) ?? methods[0],
  }))
  const torch = results[0].torch
  return [
    tableOf(all, [
      ['', ({ activation, name }) => `${activation.padEnd(6)}${name}`],
      ['threads', ({ threads }) => threads],
      ['neuron-samples/s', ({ width, wall }) => neuronSamples(width, wall).toExponential(2)],
      ['fastest', ({ width, fastest }) => neuronSamples(width, fastest).toExponential(2)],
      ['a CPU second', ({ width, cpu }) => neuronSamples(width, cpu).toExponential(2)],
      ['ms a step', ({ wall }) => wall.toPrecision(3)],
      ['time / ours', ({ name, wall, ours }) => (name === 'fewpoints' ? '' : (wall / ours.wall).toPrecision(3))],
      ['CPU / ours', ({ name, cpu, ours }) => (name === 'fewpoints' ? '' : (cpu / ours.cpu).toPrecision(3))],
    ]),
    '',
    `neuron-samples/s: width × rows / time of a step, width ${results[0].width}; medians of wall clock and of processor time`,
    'time / ours, CPU / ours: wall clock and processor time of a step, fewpoints with as many threads being 1',
    results.every(({ hasTensorFlow }) => hasTensorFlow)
      ? 'TensorFlow.js has one thread in Node'
      : 'TensorFlow.js is left out: it is not installed (cd examples/tensorflow && npm install)',
    torch ? `PyTorch ${torch.version}` : 'PyTorch is left out: python3 has no module torch',
    ...new Set(results.flatMap(({ torch }) => torch?.remarks ?? [])),
    lossesApart(results),
  ].join('\n')
}
