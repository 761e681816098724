// One training as its caller sees it. The kernel's trainer owns rows, network and state, and runs a stretch of epochs per
// call, up to the next evaluation. What goes on between the calls is here.
import { rangeError } from '../errors.js'
import { type Dataset, type LabelledRows, readLabelledRows } from '../input/labelled-rows.js'
import { checkNetwork, type Network, type NetworkInput } from '../input/network.js'
import { copyOf } from '../native/memory.js'
import { native } from '../native/native.js'
import type { NativeLosses, NativePoints, NativeTrainer } from '../surface.js'
import type { EpochReport, ReadOptions } from './options.js'
import { checkState, type TrainingState } from './state.js'

/** The result of a training. */
export interface History {
  /** The network at the end. It has multiplicities if the given one has, and the same ones. */
  network: Network
  /** The numbers of epochs after which losses were evaluated. With option `state` only those after it. */
  epochs: Uint32Array
  /** The loss of all rows at these epochs: the mean, weighted for data with weights, without weight decay. */
  trainLoss: Float64Array
  /** The loss of the rows of option `test`; only with that option. */
  testLoss?: Float64Array
  /** To go on from the end. */
  state: TrainingState
  /** Milliseconds, those in onEpoch() included. */
  elapsed: number
}

// Labels for a cross-entropy are probabilities up to the rounding of float32.
const MAX_OFF_ONE = 1e-6

export class Training {
  /** Whoever makes a Training frees it. */
  readonly trainer: NativeTrainer
  readonly #started = performance.now()
  readonly #options: ReadOptions
  readonly #network: Network // as it was at the beginning
  #epoch: number
  readonly #epochs: number[] = []
  readonly #trainLoss: number[] = []
  readonly #testLoss: number[] = []

  /** Checks and copies everything. Throws as trainNetwork() says. */
  constructor(caller: string, network: NetworkInput, data: Dataset, options: ReadOptions) {
    this.#network = checkNetwork(network, `${caller}: network`)
    const { inputs, width, outputs, activation, multiplicity, ...parameters } = this.#network
    const { epochs, loss, rule, batchSize, precision, threads } = options
    if (loss === 'cross-entropy' && outputs < 2) {
      throw rangeError(
        'ERR_OPTION',
        `${caller}: loss 'cross-entropy' needs a network of at least 2 outputs, one per class`,
      )
    }
    const read = (given: unknown, name: string, path: string): LabelledRows => {
      const rows = readLabelledRows(given, { caller, name, path }, { network: this.#network })
      if (loss === 'cross-entropy') checkProbabilities(rows.y, `${caller}: ${path}y`)
      return rows
    }
    const rows = read(data, 'data', '')
    const test = options.test === undefined ? undefined : read(options.test, "option 'test'", 'test.')
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
    this.#epoch = state?.epoch ?? 0
    this.trainer = native().trainer({
      where: `${caller}: `,
      inputs,
      width,
      outputs,
      activation,
      parameters,
      ...(multiplicity && { multiplicity }),
      ...rule.rule,
      ...(state?.memory ?? { step: 0 }),
      loss,
      schedule: options.schedule,
      sampling,
      epochs,
      begin: this.#epoch,
      rows,
      ...(test && { test }),
      batch: batchSize ?? 0,
      batches: options.batchesPerEpoch ?? 0,
      seed: options.seed,
      perCopy: options.gradient === 'per-copy',
      single: precision === 'float32',
      threads,
    })
  }

  /** How many epochs to run up to each evaluation that is still to come. The first number may be 0. */
  *stretches(): Generator<number> {
    const { epochs, evaluateEvery, state } = this.#options
    if (state === undefined || this.#epoch === epochs) yield 0
    while (this.#epoch < epochs) {
      yield Math.min(evaluateEvery - (this.#epoch % evaluateEvery), epochs - this.#epoch)
    }
  }

  /** Takes in the losses after so many epochs more. */
  add(epochs: number, { trainLoss, testLoss }: NativeLosses): void {
    this.#epoch += epochs
    this.#epochs.push(this.#epoch)
    this.#trainLoss.push(trainLoss)
    if (testLoss !== undefined) this.#testLoss.push(testLoss)
  }

  /** The present, as copies that the caller may change. */
  report(): EpochReport {
    return {
      epoch: this.#epoch,
      trainLoss: this.#trainLoss.at(-1) as number,
      ...(this.#testLoss.length > 0 && { testLoss: this.#testLoss.at(-1) }),
      ...this.#now(),
    }
  }

  history(): History {
    return {
      ...this.#now(),
      epochs: Uint32Array.from(this.#epochs),
      trainLoss: Float64Array.from(this.#trainLoss),
      ...(this.#testLoss.length > 0 && { testLoss: Float64Array.from(this.#testLoss) }),
      elapsed: performance.now() - this.#started,
    }
  }

  #now(): { network: Network; state: TrainingState } {
    const { inputs, width, outputs, activation, multiplicity } = this.#network
    const { optimizer, rule } = this.#options
    const { parameters, step, ...lists } = this.trainer.state()
    const state: TrainingState = { optimizer, epoch: this.#epoch, step }
    // Before the first update there is nothing to remember.
    for (const name of step > 0 ? rule.remembers : []) state[name] = lists[name]
    return {
      network: {
        ...{ inputs, width, outputs, activation },
        ...parameters,
        ...(multiplicity && { multiplicity: copyOf(multiplicity) }),
      },
      state,
    }
  }
}

/** Leaves numbers that are not finite to the kernel, which says where they are. */
function checkProbabilities(y: NativePoints, where: string): void {
  for (let i = 0; i < y.count; i++) {
    let sum = 0
    let least = 0
    for (let o = 0; o < y.dimension; o++) {
      const p = y.data[y.offset + i * y.rowStride + o * y.columnStride]
      if (!Number.isFinite(p)) return
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
