// Neurons as rows of numbers.

import type { Network } from '../input/network.js'
import { float64s } from '../native/memory.js'

/** width x (inputs + 1 + outputs), row-major: hidden, bias and output of each neuron. */
export function neuronRows({ inputs, width, outputs, hidden, bias, output }: Network): Float64Array {
  const columns = inputs + 1 + outputs
  const rows = float64s(width * columns)
  for (let j = 0; j < width; j++) {
    const row = rows.subarray(j * columns, (j + 1) * columns)
    row.set(hidden.subarray(j * inputs, (j + 1) * inputs))
    row[inputs] = bias[j]
    row.set(output.subarray(j * outputs, (j + 1) * outputs), inputs + 1)
  }
  return rows
}
