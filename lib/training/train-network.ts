// Training of a two-layer network, with or without multiplicities, on rows with or without weights.
import { typeError } from '../errors.js'
import type { Dataset } from '../input/labelled-rows.js'
import type { NetworkInput } from '../input/network.js'
import { runJob } from '../native/job.js'
import type { NativeProgress } from '../surface.js'
import { readTrainOptions, readTrainSyncOptions, type TrainOptions, type TrainSyncOptions } from './options.js'
import { type History, Training } from './training.js'

/**
 * Trains f(x) = outputBias + sum_j multiplicity_j output_j s(hidden_j . x + bias_j). hidden, bias, output and
 * outputBias follow the gradient of the loss; multiplicities stay. Results of compressDataset() and compressNetwork()
 * can be passed as they are.
 *
 * A neuron of multiplicity c trains as each of c equal neurons would: its gradient, dL/dp_j, is divided by c_j before
 * the update rule sees it. So every rule, with either kind of weight decay and any schedule, treats few neurons with
 * multiplicities exactly as it treats the network of all copies. Without the division SGD would take steps c_j times too
 * large, and Adam's epsilon would mean something else for each neuron. A mean-field network f = (1/d) sum_j with rate d
 * is one whose multiplicities are all 1/d.
 *
 * A row of weight w counts as w equal rows: in the mean when all rows are taken at once, or by being drawn more often
 * (`sampling`).
 *
 * Update rules, their defaults and the losses are those of PyTorch. Gradients are exact, sums have a fixed order, and
 * the number of threads does not change a bit of the result. A training that diverges ends with losses of NaN or
 * Infinity; that is no error.
 *
 * Time is about epochs x rows x width x (inputs + outputs). An evaluation costs a third of an epoch, and as much per
 * row of `test`; `evaluateEvery` makes evaluations rarer. Each report to onEpoch() copies the network and the state.
 * Memory: one copy of the rows, and a second one while they are read. With b rows per batch (default: all) also
 * b x outputs x width / 1024 numbers, and b / 4096 numbers per parameter (1 to 64 of them), which is the most where
 * inputs and neurons are many.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION (also labels that do not suit the loss, and a state of another
 * optimizer), ERR_NOT_FINITE (names the array and the place), ERR_WEIGHT, ERR_MEMORY, ERR_NO_BINARY, with the reason of
 * the signal, or with what onEpoch() threw. Sources: arXiv:2510.00504 for the gradient of one copy, torch.optim for the
 * update rules.
 *
 * @param network its arrays are Float64Array or Float32Array; never written to
 * @param data rows { x, y, weights? }: x is d x inputs, y is d x outputs, row-major or ndarray-like; never written to.
 *   Everything is copied before this returns.
 * @param options `epochs` must be given
 */
export async function trainNetwork(network: NetworkInput, data: Dataset, options: TrainOptions): Promise<History> {
  const values = readTrainOptions('trainNetwork', options)
  const { signal, onEpoch } = values
  const training = new Training('trainNetwork', network, data, values)
  try {
    for (const epochs of training.stretches()) {
      const start = (progress?: NativeProgress) => training.trainer.run({ epochs }, progress)
      training.add(epochs, await runJob(start, { signal, onProgress: undefined }))
      if (onEpoch) await onEpoch(training.report())
      if (signal?.aborted) throw signal.reason
    }
    return training.history()
  } finally {
    training.trainer.free()
  }
}

/**
 * As trainNetwork(), but blocks until the result is there, and throws instead of rejecting. The same result, bit for
 * bit. onEpoch() must not be async: nobody would wait for it.
 */
export function trainNetworkSync(network: NetworkInput, data: Dataset, options: TrainSyncOptions): History {
  const values = readTrainSyncOptions('trainNetworkSync', options)
  const { onEpoch } = values
  const training = new Training('trainNetworkSync', network, data, values)
  try {
    for (const epochs of training.stretches()) {
      training.add(epochs, training.trainer.runSync({ epochs }))
      const returned = onEpoch?.(training.report()) as { then?: unknown } | undefined
      if (typeof returned?.then === 'function') {
        Promise.resolve(returned).catch(() => {}) // nobody waits for what it rejects with
        throw typeError(
          'ERR_OPTION',
          "trainNetworkSync: option 'onEpoch' returned a Promise; trainNetwork() waits for it",
        )
      }
    }
    return training.history()
  } finally {
    training.trainer.free()
  }
}
