// Files of any size as a sequence of chunks of rows: the coordinates, the weights, and columns that are carried along.
import { fileError } from './bytes.js'
import { readTable } from './read.js'
import type { ReadOptions } from './table.js'

/** What is read of each row. */
export interface RowsOptions extends Pick<ReadOptions, 'header' | 'text' | 'missing' | 'signal'> {
  /** The coordinates by name. Default: all columns of numbers, except weights and source rows. */
  columns?: readonly string[] | undefined
  /** The column of weights. Default: the one that the file tells, else all weights are 1. */
  weights?: string | undefined
  /** Other columns, whose values are carried along as they are: numbers, texts, bigints, dates, null. */
  keep?: readonly string[] | undefined
  /** Rows with a value that is not finite in a column that is used: left out (they get weight 0), or an error. */
  dropMissing: boolean
  /** Bytes that the reader may take. Default: no limit. */
  memory?: number | undefined
  /** Where to begin: the `position` of an earlier chunk of the same file. Default: at the first row. */
  from?: Position | undefined
}

/** A place in a file, as JSON. Its fields are those of the reader. */
export type Position = Record<string, number>

/** Rows of one file. Coordinates and weights are finite. */
export interface RowChunk {
  /** The data row of its first row in the file, from 0. */
  first: number
  count: number
  /** count x columns, row-major. It may be overwritten when the next chunk is asked for. */
  points: Float64Array
  /** Undefined: all are 1. Rows that are left out have weight 0. It may be overwritten as well. */
  weights: Float64Array | undefined
  /** How many rows of the chunk are left out because a value is missing. */
  dropped: number
  /** The values of the columns of `keep`, in their sequence: one list per column. */
  kept: readonly ArrayLike<unknown>[]
  /** The place after this chunk. */
  position: Position
  /** Bytes of the file up to there, or rows of a query. */
  done: number
}

/** An open file. */
export interface Rows {
  path: string
  /** csv, npy, parquet, arrow, ... */
  format: string
  /** The columns that are the coordinates. */
  names: string[]
  /** The column of weights; null when all are 1. */
  weightColumn: string | null
  /** The order that the file says it was compressed with, and the columns of its source rows, where it tells. */
  order: number | undefined
  rowColumn: string | undefined
  /** Remarks for the user, a sentence each. */
  notes: string[]
  /** How many rows there are, where the file tells that at its start. */
  rows: number | undefined
  /** What `done` runs up to; undefined for a pipe. */
  total: number | undefined
  chunks(): AsyncIterable<RowChunk>
  close(): Promise<void>
}

/** Opens a file, or '-' for standard input. Throws Error ERR_FILE, ERR_MEMORY, or the signal's reason. */
// INTERIM: reads the whole file. The helper for readers replaces it.
export async function openRows(path: string, options: RowsOptions): Promise<Rows> {
  const { columns, weights, keep = [], header, text, missing, signal, from } = options
  const table = await readTable(path, { header, text, missing, signal })
  const find = (name: string) => {
    const column = table.columns.find((one) => one.name === name)
    if (column?.values === undefined) throw fileError(path, `has no column of numbers '${name}'`)
    return column
  }
  const used =
    columns?.map(find) ??
    table.columns.filter(({ kind, name }) => kind === 'number' && name !== weights && !keep.includes(name))
  const weight = weights === undefined ? undefined : find(weights)
  const m = used.length
  async function* chunks(): AsyncGenerator<RowChunk> {
    for (let first = from?.row ?? 0; first < table.rows; ) {
      const count = Math.min(10_000, table.rows - first)
      const points = new Float64Array(count * m)
      for (let i = 0; i < count; i++)
        for (let a = 0; a < m; a++) points[i * m + a] = (used[a].values as Float64Array)[first + i]
      const chunk = { first, count, points, weights: weight?.values?.slice(first, first + count), dropped: 0 }
      const kept = keep.map((name) => find(name).values?.slice(first, first + count) ?? [])
      first += count
      yield { ...chunk, kept, position: { row: first }, done: first }
    }
  }
  return {
    path,
    format: table.format,
    names: used.map(({ name }) => name),
    weightColumn: weights ?? null,
    order: table.meta?.order,
    rowColumn: table.meta?.row,
    notes: [],
    rows: table.rows,
    total: table.rows,
    chunks,
    async close() {},
  }
}
