// What a compression in memory and a streamed one both give, and the reading of columns that are carried along.
import type { Compressed, CompressedFree } from '../index.js'
import type { KeptColumn } from '../io/kept.js'
import { openRows, type RowsOptions } from '../io/rows.js'
import { EXIT, step } from './exit.js'
import type { FileRows } from './row-source.js'

export interface Outcome {
  /** The coordinates by name, and the column of weights. */
  columns: string[]
  weightColumn: string | null
  /** Rows that were used, and rows that were left out because of missing values. */
  count: number
  dropped: number
  totalWeight: number
  /** Undefined for a query. */
  files: FileRows[] | undefined
  result: Compressed<Uint32Array | Float64Array> | CompressedFree
  /** Per point, its row through all files, those that were left out included. Undefined: the points are free. */
  rows: Uint32Array | Float64Array | undefined
  kept: KeptColumn[]
  /** Milliseconds spent on waiting for the reader, and on compressing. */
  milliseconds: { read: number; compress: number }
}

/**
 * The values of `options.keep` in some rows of a file, ascending; its rows are read once more for that. `onChunk`: called
 * after each piece of them.
 */
export async function gatherValues(
  path: string,
  options: RowsOptions,
  rows: ArrayLike<number>,
  onChunk: () => void = () => {},
): Promise<KeptColumn[]> {
  const names = options.keep ?? []
  const columns = names.map((name) => ({ name, values: [] as unknown[] }))
  let at = 0
  const source = await step(EXIT.input, () => openRows(path, options))
  try {
    for await (const { first, count, kept } of source.chunks()) {
      for (; at < rows.length && rows[at] < first + count; at++)
        for (const [c, { values }] of columns.entries()) values.push(kept[c][rows[at] - first])
      if (at === rows.length) break
      onChunk()
    }
  } finally {
    await source.close()
  }
  return columns
}
