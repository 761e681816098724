// The options of trainNetwork(): their meaning, their defaults, and which go together.
import { rangeError } from '../errors.js'
import type { Dataset } from '../input/labelled-rows.js'
import type { Network } from '../input/network.js'
import {
  callback,
  type OptionValues,
  oneOf,
  onlyAsync,
  optional,
  readOptions,
  required,
  shared,
  type ThreadOptions,
  wholeNumber,
  withDefault,
} from '../input/options.js'
import { MAX_EPOCHS, type TrainingState } from './state.js'
import { type ReadRule, type RuleOptions, readRule, ruleTable } from './update-rules.js'

/** The argument of `onEpoch`. All of it is a copy. */
export interface EpochReport {
  /** Epochs done. */
  epoch: number
  /** As in History. */
  trainLoss: number
  /** Only with option `test`. */
  testLoss?: number
  /** The network after this epoch. */
  network: Network
  /** For option `state`, to go on from here. */
  state: TrainingState
}

interface CommonOptions extends RuleOptions, ThreadOptions {
  /** The epochs of the whole training, a whole number >= 0. With `state`, the epochs before it are included. */
  epochs: number
  /**
   * 'mse' (default): the mean over rows and outputs of (f - y)^2. 'cross-entropy': the mean over rows of
   * -sum_o y_o log softmax(f)_o, for two outputs or more, with labels that are one-hot or probabilities. They are
   * PyTorch's MSELoss and CrossEntropyLoss.
   */
  loss?: 'mse' | 'cross-entropy' | undefined
  /**
   * 'constant' (default), or 'cosine': epoch e = 0, 1, .. of E has the rate learningRate (1 + cos(pi e / E)) / 2. It
   * makes no difference to rprop, which reads the rate before its first step only.
   */
  schedule?: 'constant' | 'cosine' | undefined
  /** Rows per batch. Each batch makes one update. Default: all rows, one update per epoch. Not with 'gd'. */
  batchSize?: number | undefined
  /**
   * How batches are drawn; only with `batchSize`. 'shuffle': each epoch goes through a new permutation of all rows. Its
   * last batch may be shorter. With weights the loss of a batch is the mean of (w_i / mean w) loss_i. 'replacement':
   * each row of a batch is drawn from all, with probability proportional to its weight, and the loss is the plain mean.
   * Both gradients are right on average. Default: 'shuffle' for data without weights, 'replacement' for data with
   * weights, as in arXiv:2510.00504.
   */
  sampling?: 'shuffle' | 'replacement' | undefined
  /**
   * Only with sampling 'replacement'. Default: ceil(rows / batchSize), so that an epoch costs the same as with
   * 'shuffle'.
   */
  batchesPerEpoch?: number | undefined
  /**
   * A whole number >= 0, default 0. Batches depend on the seed, the epoch's number, the number of rows, their weights
   * and the options of batches alone. So networks of any width see the same batches with the same seed.
   */
  seed?: number | undefined
  /**
   * 'per-copy' (default): the gradient of neuron j is dL/dp_j / multiplicity_j, that of one of its copies, so that it
   * trains as the network of all copies does. 'total': dL/dp_j itself, for comparison. Both are the same where all
   * multiplicities are 1.
   */
  gradient?: 'per-copy' | 'total' | undefined
  /** The type of the computation. Default 'float64', the more accurate. 'float32' results are float32 values, in Float64Arrays. */
  precision?: 'float64' | 'float32' | undefined
  /** Rows { x, y, weights? } whose loss is reported, too, for instance rows that are not trained on. */
  test?: Dataset | undefined
  /** Losses are evaluated before the first epoch, after every so many epochs, and at the end. Default 1: after each. */
  evaluateEvery?: number | undefined
  /**
   * The state of History or EpochReport, to go on from there with the network of the same moment. With the same network,
   * data and options the bits are the same as without the cut. selectNeurons() makes it the state of a compressed
   * network.
   */
  state?: TrainingState | undefined
}

/** What trainNetworkSync() may be told. */
export interface TrainSyncOptions extends CommonOptions {
  /** Called after each evaluation. An error that it throws ends the training and is thrown. */
  onEpoch?: ((report: EpochReport) => void) | undefined
}

/** What trainNetwork() may be told. */
export interface TrainOptions extends CommonOptions {
  /**
   * Called after each evaluation, and awaited. An error that it throws, or rejects with, ends the training and rejects
   * the promise.
   */
  onEpoch?: ((report: EpochReport) => void | Promise<void>) | undefined
  /**
   * Aborting rejects the promise with exactly `signal.reason`, within about 20 ms of work (with thousands of inputs: some
   * tenths of a second), or when onEpoch() is done.
   */
  signal?: AbortSignal | undefined
}

const isCount = wholeNumber(1, Number.MAX_SAFE_INTEGER)
const table = {
  epochs: required(wholeNumber(0, MAX_EPOCHS), 'how many times the rows are gone through, for example 100'),
  loss: withDefault(oneOf('mse', 'cross-entropy'), () => 'mse' as const),
  ...ruleTable,
  schedule: withDefault(oneOf('constant', 'cosine'), () => 'constant' as const),
  batchSize: optional(isCount),
  sampling: optional(oneOf('shuffle', 'replacement')),
  batchesPerEpoch: optional(isCount),
  seed: withDefault(wholeNumber(0, Number.MAX_SAFE_INTEGER), () => 0),
  gradient: withDefault(oneOf('per-copy', 'total'), () => 'per-copy' as const),
  precision: withDefault(oneOf('float64', 'float32'), () => 'float64' as const),
  test: optional((value: unknown) => value),
  evaluateEvery: withDefault(isCount, () => 1),
  state: optional((value: unknown) => value),
  threads: shared.threads,
  onEpoch: optional(callback<(report: EpochReport) => unknown>),
}
const asyncTable = { ...table, signal: shared.signal }
const ELSEWHERE = { onProgress: 'is called onEpoch here, and reports losses' }

export interface ReadOptions extends OptionValues<typeof table> {
  rule: ReadRule
}

/** Throws ERR_OPTION. */
export function readTrainOptions(caller: 'trainNetwork', options: unknown): ReadOptions & { signal?: AbortSignal } {
  return checked(caller, readOptions(caller, options, asyncTable, ELSEWHERE))
}

/** As readTrainOptions(), for the Sync form. */
export function readTrainSyncOptions(caller: 'trainNetworkSync', options: unknown): ReadOptions {
  return checked(caller, readOptions(caller, options, table, { ...onlyAsync('trainNetwork'), ...ELSEWHERE }))
}

function checked<Values extends OptionValues<typeof table>>(
  caller: string,
  values: Values,
): Values & { rule: ReadRule } {
  const { optimizer, batchSize, sampling, batchesPerEpoch } = values
  const refuse = (name: string, reason: string) => {
    throw rangeError('ERR_OPTION', `${caller}: option '${name}' ${reason}`)
  }
  if (optimizer === 'gd' && batchSize !== undefined) {
    refuse('batchSize', "makes no sense with optimizer 'gd', which takes all rows at each update; 'sgd' takes batches")
  }
  if (sampling !== undefined && batchSize === undefined) {
    refuse('sampling', "says how batches are drawn, and needs option 'batchSize'")
  }
  if (batchesPerEpoch !== undefined && sampling === 'shuffle') {
    refuse('batchesPerEpoch', "needs sampling 'replacement': with 'shuffle' an epoch is all rows once")
  }
  if (batchesPerEpoch !== undefined && batchSize === undefined) {
    refuse('batchesPerEpoch', "needs option 'batchSize' and sampling 'replacement'")
  }
  return { ...values, rule: readRule(caller, values) }
}
