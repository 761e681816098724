// One training as its caller sees it: the kernel is called once for each stretch of epochs between two evaluations, and
// what goes on between the calls is here.
import { rangeError } from '../errors.js'
import { copyRows, type Dataset, type LabelledRows, readLabelledRows } from '../input/labelled-rows.js'
import { checkNetwork, type Network, type NetworkInput } from '../input/network.js'
import type { NativeMemory, NativeParameters, NativePoints, NativeTrained, NativeTrainInput } from '../native/addon.js'
import { copyOf } from '../native/memory.js'
import type { EpochReport, ReadOptions } from './options.js'
import { checkState, copyArrays, type TrainingState } from './state.js'

/** What a training has led to. */
export interface History {
  /** The network at the end. It has multiplicities if and only if the given one has, and the same. */
  network: Network
  /** When losses were evaluated: after so many epochs. With option `state` only what came after it. */
  epochs: Uint32Array
  /** The loss of all rows at these times, the weighted mean for data with weights; without the weight decay. */
  trainLoss: Float64Array
  /** The same of the rows of option `test`; only with it. */
  testLoss?: Float64Array
  /** To go on from the end. */
  state: TrainingState
  /** Milliseconds, those of onEpoch() included. */
  elapsed: number
}

// Labels of a cross-entropy are probabilities up to the rounding of float32.
const MAX_OFF_ONE = 1e-6

export class Training {
  readonly #started = performance.now()
  readonly #options: ReadOptions
  readonly #network: Network // its numbers are those of the beginning
  readonly #input: Omit<NativeTrainInput, 'begin' | 'end' | 'parameters' | keyof NativeMemory>
  #parameters: NativeTrainInput['parameters']
  #memory: NativeMemory
  #epoch: number
  readonly #epochs: number[] = []
  readonly #trainLoss: number[] = []
  readonly #testLoss: number[] = []

  /** Checks and copies everything. Throws what trainNetwork() says. */
  constructor(caller: string, network: NetworkInput, data: Dataset, options: ReadOptions) {
    this.#network = checkNetwork(network, `${caller}: network`)
    const { inputs, width, outputs, activation, multiplicity, ...parameters } = this.#network
    const { epochs, loss, rule, batchSize, precision, threads } = options
    if (loss === 'cross-entropy' && outputs < 2) {
      throw rangeError(
        'ERR_OPTION',
        `${caller}: loss 'cross-entropy' needs a network of at least 2 outputs, one a class`,
      )
    }
    const known = { network: this.#network }
    const rows = ownRows(readLabelledRows(data, { caller, name: 'data', path: '' }, known), `${caller}: `, loss)
    const testNames = { caller, name: "option 'test'", path: 'test.' }
    const test =
      options.test === undefined
        ? undefined
        : ownRows(readLabelledRows(options.test, testNames, known), `${caller}: test.`, loss)
    const sampling = options.sampling ?? (rows.weights === undefined ? 'shuffle' : 'replacement')
    if (options.batchesPerEpoch !== undefined && sampling === 'shuffle') {
      throw rangeError(
        'ERR_OPTION',
        `${caller}: option 'batchesPerEpoch' needs sampling 'replacement', and the default for data without weights is 'shuffle'`,
      )
    }
    const where = `${caller}: option 'state'`
    const state = options.state === undefined ? undefined : checkState(options.state, this.#network, rule, where)
    if (state && state.epoch > epochs) {
      throw rangeError(
        'ERR_OPTION',
        `${where} is that of epoch ${state.epoch}, but option 'epochs', which counts from the first, is ${epochs}`,
      )
    }
    this.#options = options
    this.#parameters = parameters
    this.#epoch = state?.epoch ?? 0
    this.#memory = state?.memory ?? { step: 0 }
    this.#input = {
      inputs,
      width,
      outputs,
      activation,
      ...(multiplicity && { multiplicity }),
      ...rule.rule,
      loss,
      schedule: options.schedule,
      sampling,
      epochs,
      x: rows.x,
      y: rows.y,
      ...(rows.weights && { weights: rows.weights }),
      ...(test && { testX: test.x, testY: test.y }),
      ...(test?.weights && { testWeights: test.weights }),
      batch: batchSize ?? 0,
      batches: options.batchesPerEpoch ?? 0,
      seed: options.seed,
      perCopy: options.gradient === 'per-copy',
      single: precision === 'float32',
      threads,
    }
  }

  /** The next stretch, undefined after the last one: up to the next evaluation. The first may be no epoch at all. */
  next(): NativeTrainInput | undefined {
    const { epochs, evaluateEvery } = this.#options
    const begin = this.#epoch
    const isFirst = this.#epochs.length === 0
    if (begin === epochs && !isFirst) return undefined
    const evaluatesStart = isFirst && (this.#options.state === undefined || begin === epochs)
    const end = evaluatesStart ? begin : Math.min((Math.floor(begin / evaluateEvery) + 1) * evaluateEvery, epochs)
    return { ...this.#input, begin, end, parameters: this.#parameters, ...this.#memory }
  }

  /** Takes in what came of a stretch that ended with epoch `end`. */
  add(end: number, trained: NativeTrained): void {
    this.#epoch = end
    this.#parameters = trained.parameters
    this.#memory = this.#memoryOf(trained)
    this.#epochs.push(end)
    this.#trainLoss.push(trained.trainLoss)
    if (trained.testLoss !== undefined) this.#testLoss.push(trained.testLoss)
  }

  /** The present, as copies: the caller may do with it what he likes. */
  report(): EpochReport {
    return {
      epoch: this.#epoch,
      trainLoss: this.#trainLoss.at(-1) as number,
      ...(this.#testLoss.length > 0 && { testLoss: this.#testLoss.at(-1) }),
      network: this.#networkNow(),
      state: this.#stateNow(),
    }
  }

  history(): History {
    return {
      network: this.#networkNow(),
      epochs: Uint32Array.from(this.#epochs),
      trainLoss: Float64Array.from(this.#trainLoss),
      ...(this.#testLoss.length > 0 && { testLoss: Float64Array.from(this.#testLoss) }),
      state: this.#stateNow(),
      elapsed: performance.now() - this.#started,
    }
  }

  /** What the rule needs to go on: nothing before the first update. */
  #memoryOf({ step, ...lists }: NativeTrained): NativeMemory {
    const memory: NativeMemory = { step }
    for (const name of step > 0 ? this.#options.rule.remembers : []) memory[name] = lists[name] as NativeParameters
    return memory
  }

  #networkNow(): Network {
    const { inputs, width, outputs, activation, multiplicity } = this.#network
    return {
      inputs,
      width,
      outputs,
      activation,
      ...copyArrays(this.#parameters),
      ...(multiplicity && { multiplicity: copyOf(multiplicity) }),
    }
  }

  #stateNow(): TrainingState {
    const { step, first, second } = this.#memory
    return {
      optimizer: this.#options.optimizer,
      epoch: this.#epoch,
      step,
      ...(first && { first: copyArrays(first) }),
      ...(second && { second: copyArrays(second) }),
    }
  }
}

function ownRows({ x, y, weights }: LabelledRows, where: string, loss: ReadOptions['loss']): LabelledRows {
  const rows = { x: copyRows(x, `${where}x`), y: copyRows(y, `${where}y`), weights: weights && nearOne(weights) }
  if (loss === 'cross-entropy') checkProbabilities(rows.y, `${where}y`)
  return rows
}

/** Times a power of two: only their ratios count, and so their sum is no infinity, nor their mean 0. */
function nearOne(weights: Float64Array): Float64Array {
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0)
  const unit = 2 ** Math.min(Math.floor(Math.log2(largest)), 1023)
  return weights.map((weight) => weight / unit)
}

function checkProbabilities({ data, count, dimension }: NativePoints, where: string): void {
  for (let i = 0; i < count; i++) {
    let sum = 0
    let least = 0
    for (let o = 0; o < dimension; o++) {
      const p = data[i * dimension + o]
      sum += p
      least = Math.min(least, p)
    }
    if (least >= 0 && Math.abs(sum - 1) <= MAX_OFF_ONE) continue
    const fault = least < 0 ? `has ${least} in it` : `sums to ${sum}`
    throw rangeError(
      'ERR_OPTION',
      `${where}, row ${i} ${fault}: loss 'cross-entropy' needs labels that are one-hot or probabilities, >= 0 and of sum 1`,
    )
  }
}
