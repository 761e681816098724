// The values of a network on rows.
import { bothForms } from '../input/both-forms.js'
import { checkNetwork, type NetworkInput } from '../input/network.js'
import { oneOf, shared, type ThreadOptions, withDefault } from '../input/options.js'
import { type PointsInput, readPoints } from '../input/points.js'

/** What predictSync() may be told. */
export interface PredictSyncOptions extends ThreadOptions {
  /** The type of the computation. Default 'float64', the more accurate. With 'float32' the result holds float32 values. */
  precision?: 'float64' | 'float32' | undefined
}

/** What predict() may be told: the options of predictSync(), and those of a call that does not block. */
export interface PredictOptions extends PredictSyncOptions {
  /** Aborting rejects the promise with exactly `signal.reason`, within about 20 ms of work. */
  signal?: AbortSignal | undefined
}

const table = {
  precision: withDefault(oneOf('float64', 'float32'), () => 'float64' as const),
  threads: shared.threads,
}
const forms = bothForms(
  'predict',
  table,
  (caller, { precision, threads }, network: unknown, x: unknown) => {
    const { inputs, width, outputs, activation, multiplicity, ...parameters } = checkNetwork(
      network,
      `${caller}: network`,
    )
    return {
      ...{ inputs, width, outputs, activation },
      parameters,
      ...(multiplicity && { multiplicity }),
      x: readPoints(x, inputs, { where: `${caller}: x`, dimensionOption: "the network's inputs" }),
      single: precision === 'float32',
      threads,
    }
  },
  { signal: shared.signal },
)

/**
 * f(x) = outputBias + sum_j multiplicity_j output_j s(hidden_j . x + bias_j) for every row of x, as trainNetwork()
 * computes it. The result is d x outputs numbers, row-major, without softmax. Time is about
 * d x width x (inputs + outputs). Memory: two copies of x.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_NOT_FINITE (names the array and the place), ERR_WEIGHT,
 * ERR_MEMORY, ERR_NO_BINARY, or with the reason of the signal.
 *
 * @param network its arrays are Float64Array or Float32Array; never written to
 * @param x d x inputs numbers, row-major, or ndarray-like; never written to. Everything is copied before this returns.
 */
export async function predict(
  network: NetworkInput,
  x: PointsInput,
  options: PredictOptions = {},
): Promise<Float64Array> {
  return forms.run(options, network, x)
}

/** As predict(), but blocks until the result is there, and throws instead of rejecting. The same result, bit for bit. */
export function predictSync(network: NetworkInput, x: PointsInput, options: PredictSyncOptions = {}): Float64Array {
  return forms.runSync(options, network, x)
}
