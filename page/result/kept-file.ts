// The result as a file, in the forms that the command line writes: the columns, then the weight, then the row.
import { csvText } from '#dist/io/csv.js'
import { npyHeader } from '#dist/io/npy-header.js'
import { uniqueName } from '#dist/io/table.js'
import type { FileFormat } from '../messages.js'
import type { Run } from './run.js'

export function keptFile({ few, rows, selection }: Run, format: FileFormat): Blob {
  const { names } = selection
  const width = names.length
  const points = names.map((_, j) => Float64Array.from(rows, (_, i) => few.points[i * width + j]))
  const columns = [...points, few.weights, Float64Array.from(rows)]
  if (format === 'csv') {
    const taken = new Set(names)
    const all = [...names, uniqueName('weight', taken), uniqueName('row', taken)]
    return new Blob([...csvText(all, columns, ',')], { type: 'text/csv' })
  }
  const numbers = new Float64Array(rows.length * columns.length)
  for (const [j, column] of columns.entries()) {
    for (let i = 0; i < column.length; i++) numbers[i * columns.length + j] = column[i]
  }
  const header = npyHeader('<f8', [rows.length, columns.length]) as Uint8Array<ArrayBuffer>
  return new Blob([header, numbers])
}
