// What openRows() takes and returns, and what the reader of a format gives it.
import type { ReadOptions, Table, Trouble } from '../table.js'

/** What is read of each row. */
export interface RowsOptions extends Pick<ReadOptions, 'header' | 'text' | 'missing' | 'signal'> {
  /** The coordinates by name. Default: all columns of numbers, except weights, source rows, and those of `keep`. */
  columns?: readonly string[] | undefined
  /** The column of weights. Default: the one that the file tells, else all weights are 1. */
  weights?: string | undefined
  /** Other columns, whose values are carried along as they are: numbers, texts, bigints, dates, null. */
  keep?: readonly string[] | undefined
  /** Rows with a value that is not finite in a column that is used: left out (they get weight 0), or an error. */
  dropMissing: boolean
  /** Bytes that the reader may take. Default: no limit. */
  memory?: number | undefined
  /**
   * Where to begin: the `position` of an earlier chunk of the same file, or { row }: then text is read up to there and dropped.
   * Default: at the first row.
   */
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
  /** May be called once. */
  chunks(): AsyncIterable<RowChunk>
  close(): Promise<void>
}

/** The columns that are read, by their positions in the file. */
export interface Use {
  columns: readonly number[]
  weight: number | undefined
  keep: readonly number[]
}

/** Rows as the reader of a format gives them: what is no finite number is NaN or infinite. */
export interface Block extends Omit<RowChunk, 'dropped'> {
  /**
   * What is wrong with a value that is not finite. `row`: in the block. `column`: the position among the coordinates, or
   * their number for the weight.
   */
  why(row: number, column: number): Trouble
}

/** The reader of a format, with a file that is open. */
export interface BlockReader {
  format: string
  /** The first rows, or only the names and kinds of the columns. */
  table: Table
  /** How many first rows the table has; undefined when it has all. */
  part: number | undefined
  rows: number | undefined
  total: number | undefined
  /** The rows from the first one, or from a position of an earlier block. Throws Error ERR_FILE or ERR_MEMORY. */
  blocks(use: Use, from: Position | undefined): AsyncGenerator<Block>
}

const MOST_ROWS = 65_536
const MOST_BYTES = 1 << 22

/** How many rows a block of so many numbers a row has. */
export function rowsPerBlock(width: number): number {
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BYTES / 8 / Math.max(1, width))))
}
