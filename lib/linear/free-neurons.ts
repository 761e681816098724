// Neurons that are none of the original: free points of (hidden, bias, output).

import { momentCount } from '../input/multi-index.js'
import type { Network } from '../input/network.js'
import { memoryToHave } from '../native/memory.js'
import { type CompressedFree, keepingInput, toCompressed } from '../points/compress.js'
import type { NativeCompressed, NativeCompressInput } from '../surface.js'
import { neuronRows } from './neuron-rows.js'
import type { Matched } from './plan.js'

type Report = 'cells' | 'freeCells' | 'rowCells' | 'whyRows' | 'residual' | 'cellsKeepingLess' | 'elapsed'

/** A network of new neurons. */
export interface CompressedFreeNetwork extends Network, Pick<CompressedFree, Report> {
  /** width: how many neurons of the original each neuron stands for, all positive. Their sum is that of the original. */
  multiplicity: Float64Array
  /** Free neurons are none of the original. Where there are none, all are of the original; see `whyRows`. */
  indices: undefined
  /** The order in (hidden, bias, output) together; `factors` is 'all'. */
  matched: Matched
}

interface Wanted {
  order: number | 'auto'
  size: number | undefined
  quality: 'fast' | 'best' | undefined
  threads: number
}

const support = 'free'

/** The native call. Cells are cut along hidden and bias: the function is linear in the outputs. */
export function freeNeuronsInput(caller: string, network: Network, wanted: Wanted): NativeCompressInput {
  const { inputs, width, outputs, multiplicity } = network
  const dimension = inputs + 1 + outputs
  const data = neuronRows(network)
  const scale = Float64Array.from({ length: dimension }, (_, a) => (a <= inputs ? 1 : 0))
  const options = { ...wanted, quality: wanted.quality ?? 'best', scale, support } as const
  return {
    ...keepingInput(caller, options, dimension, width),
    points: { data, offset: 0, count: width, dimension, rowStride: dimension, columnStride: 1 },
    ...(multiplicity && { weights: multiplicity }),
    memory: memoryToHave(),
  }
}

export function freeNetworkOf(
  network: Network,
  input: NativeCompressInput,
  output: NativeCompressed,
  order: number | 'auto',
  start: number,
): CompressedFreeNetwork {
  const { inputs, outputs, activation, outputBias } = network
  const found = toCompressed(input, output, { order, support })
  const { points, count, dimension, weights, cells, residual, cellsKeepingLess, elapsed } = found
  const columns = (first: number, many: number) =>
    Float64Array.from({ length: count * many }, (_, i) => points[Math.floor(i / many) * dimension + first + (i % many)])
  const kept = found.order as number
  return {
    inputs,
    width: count,
    outputs,
    activation,
    hidden: columns(0, inputs),
    bias: columns(inputs, 1),
    output: columns(inputs + 1, outputs),
    outputBias,
    multiplicity: weights,
    indices: undefined,
    matched: { order: kept, factors: 'all', features: momentCount(dimension, kept) },
    cells,
    freeCells: output.freeCells,
    rowCells: output.rowCells,
    whyRows: output.whyRows,
    residual,
    cellsKeepingLess,
    elapsed: { ...elapsed, total: performance.now() - start },
  }
}
