// How much memory the columns of a Parquet file take that are carried along, as its footer tells.
import type { ParquetField, ParquetFooter } from './parquet-footer.js'

type Group = ParquetFooter['groups'][number]

/** A value with its place in a list that grows: a short text, a date, a bigint. */
const BYTES_PER_VALUE = 64

/** About how many bytes one column of one row group takes at most: its pages packed and unpacked, and its values. */
export function carriedBytes({ rows, chunks }: Group, field: ParquetField): number {
  const chunk = chunks[field.index]
  if (typeof chunk !== 'object') return 0 // it cannot be read
  return BYTES_PER_VALUE * rows + chunk.size + (isText(field) ? 2 : 1) * chunk.unpacked
}

/** Bytes of its texts per row, in the row group where they are the longest. Rows with one entry of a dictionary share it. */
export function textBytesPerRow(groups: readonly Group[], field: ParquetField): number {
  if (!isText(field)) return 0
  return groups.reduce((most, { rows, chunks }) => {
    const chunk = chunks[field.index]
    return rows === 0 || typeof chunk !== 'object' ? most : Math.max(most, chunk.unpacked / rows)
  }, 0)
}

function isText({ type }: ParquetField): boolean {
  return type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY'
}
