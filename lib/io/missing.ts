// Numbers that mean a missing value, such as -9999, in formats without words for it.
import { missingNumbers } from './cell.js'
import type { Column, Table } from './table.js'

/** The table, with these numbers turned into missing values. */
export function withoutSentinels(table: Table, words: readonly string[]): Table {
  const sentinels = new Set(missingNumbers(words))
  if (sentinels.size === 0) return table
  return { ...table, columns: table.columns.map((column) => without(column, sentinels)) }
}

function without(column: Column, sentinels: ReadonlySet<number>): Column {
  const { values } = column
  if (values === undefined) return column
  let count = 0
  let first = -1
  for (let row = 0; row < values.length; row++) {
    if (!sentinels.has(values[row])) continue
    values[row] = Number.NaN
    if (count++ === 0) first = row
  }
  if (count === 0) return column
  const before = column.trouble
  const trouble =
    before !== undefined && before.row < first
      ? before
      : { kind: 'missing' as const, row: first, line: undefined, text: undefined }
  const missing = column.missing + count
  if (missing === values.length) return { ...column, kind: 'empty', values: undefined, missing, trouble }
  return { ...column, missing, trouble }
}
