// What the benchmarks of training time share: the network, its rows, trainNetworkSync, and how methods are measured: the
// same parameters, rows and steps for all. In each trial all of them follow each other, so that a busy moment meets all.
import { random } from '../demo/random.mjs'
import { trainNetworkSync } from '../dist/index.js'
import { median, timed } from './measure.mjs'

export const ACTIVATIONS = ['relu', 'tanh', 'gelu', 'sin']
export const INPUTS = 2
export const BATCH = 512
export const RATE = 1e-5
export const SEED = 1
// Steps after which the losses of all methods are compared.
export const FIRST_STEPS = 5

/** A case for each activation: its width, the numbers of threads, and how long a trial takes. */
export function trainingCases({ small, threads, cores }) {
  const teams = threads === undefined ? [...new Set([1, cores])] : [threads]
  const width = small ? 1000 : 10_000
  return ACTIVATIONS.map((activation) => ({ activation, width, teams, seconds: small ? 0.05 : 0.3 }))
}

/**
 * A method is { name, precision, threads, probe, prepare?, train(steps), lossAfter(steps) }. `probe` steps tell how many fit
 * into `seconds`. Returns milliseconds per step, and the loss after FIRST_STEPS.
 */
export async function measureTraining(methods, seconds, trials) {
  const measured = []
  for (const method of methods) {
    await method.prepare?.()
    const loss = method.lossAfter(FIRST_STEPS)
    const steps = Math.ceil((1e3 * seconds * method.probe) / timed(() => method.train(method.probe)).wall)
    measured.push({ method, loss, steps, times: [] })
  }
  for (let trial = 0; trial < trials; trial++) {
    for (const { method, steps, times } of measured) {
      await method.prepare?.()
      times.push(timed(() => method.train(steps)))
    }
  }
  return measured.map(({ method: { name, precision, threads }, loss, steps, times }) => ({
    ...{ name, precision, threads, loss, steps },
    wall: median(times.map(({ wall }) => wall)) / steps,
    fastest: Math.min(...times.map(({ wall }) => wall)) / steps,
    cpu: median(times.map(({ user, system }) => user + system)) / steps,
  }))
}

/** A call is one native call for all its epochs, each of them one batch; the losses at both ends are part of it. */
export function ourTraining(network, rows, precision, threads) {
  const train = (epochs) =>
    trainNetworkSync(network, rows, {
      ...{ epochs, precision, threads, optimizer: 'sgd', learningRate: RATE, batchSize: BATCH },
      evaluateEvery: Math.max(1, epochs),
    })
  const lossAfter = (steps) => train(steps).trainLoss.at(-1)
  return { name: 'fewpoints', precision, threads, probe: 20, train, lossAfter }
}

export function initialNetwork(width, activation) {
  const { uniform } = random(SEED)
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

/** One batch of rows: labels of waves, with noise. */
export function waves() {
  const { uniform, normal } = random(SEED + 1)
  const x = Float64Array.from({ length: INPUTS * BATCH }, () => 2 * uniform() - 1)
  const y = Float64Array.from({ length: BATCH }, (_, i) => Math.sin(3 * x[2 * i]) * Math.cos(2 * x[2 * i + 1]))
  return { x, y: y.map((value) => value + 0.1 * normal()), inputs: INPUTS, outputs: 1 }
}

/** The lines of a table: every method of every result, with what more(method, its place, the result) adds. */
export function linesOf(results, more) {
  return results.flatMap((result) =>
    result.methods.map((method, i) => ({
      ...method,
      activation: i === 0 ? result.activation : '',
      width: result.width,
      ...more(method, i, result),
    })),
  )
}

/** Neuron-samples a second, of milliseconds per step. */
export function neuronSamples(width, milliseconds) {
  return (width * BATCH) / (milliseconds / 1e3)
}

/** How far the losses of the methods are from those of the first one, at most, in words. */
export function lossesApart(results) {
  const apart = results.flatMap(({ methods }) => methods.map(({ loss }) => Math.abs(loss / methods[0].loss - 1)))
  return `losses after ${FIRST_STEPS} steps: all the same within ${Math.max(...apart).toExponential(0)}`
}
