// Text tables of what was measured.
import { textTable } from '../demo/table.mjs'

/**
 * A table with a line for each record.
 *
 * @template T
 * @param {T[]} records
 * @param {[head: string, cell: (record: T, i: number) => string | number | undefined][]} columns undefined is an empty cell
 */
export function tableOf(records, columns) {
  return textTable(
    columns.map(([head]) => head),
    records.map((record, i) => columns.map(([, cell]) => String(cell(record, i) ?? ''))),
  )
}
