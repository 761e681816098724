// Files of any size as a sequence of chunks of rows: the coordinates, the weights, and columns that are carried along.
import { memorySource } from './bytes.js'
import { type InputFormat, inputFormat } from './format.js'
import { Input } from './rows/input.js'
import { rowsOf } from './rows/rows-of.js'
import type { BlockReader, Rows, RowsOptions } from './rows/types.js'
import type { ReadOptions } from './table.js'

export type { Position, RowChunk, Rows, RowsOptions } from './rows/types.js'

/** Enough of a file to recognise its format. */
const MARK = 512

/**
 * Opens a file, or '-' for standard input, to be read once, in chunks.
 *
 * CSV, NPY, Arrow and JSON lines are read in pieces, also from a pipe; Parquet a row group at a time. NPZ, JSON, PCD and
 * safetensors are read as a whole first. What can only be read from any place is held in memory when it comes through a pipe: Parquet, Arrow
 * files, NPY in column-major order. Beside a row group or a record batch, a reader holds some 30 MB. Which columns are the coordinates
 * is decided by the schema, or by the first rows as readTable() does by all.
 *
 * Throws Error ERR_FILE, ERR_OPTION for names that the file lacks, ERR_MEMORY, or the signal's reason. chunks() throws
 * ERR_FILE for a wrong value, with row, line, column and a remedy.
 */
export async function openRows(path: string, options: RowsOptions): Promise<Rows> {
  const input = await Input.open(path, options.signal, options.memory)
  try {
    const format = await inputFormat(memorySource(input.path, await input.peek(MARK)))
    const reader = await openReader(input, format, options)
    return { ...rowsOf(input.path, reader, options, () => input.close()), path }
  } catch (error) {
    await input.close()
    throw error
  }
}

/** What the readers take for the options of readTable(). */
function readOptions({ columns, weights, keep, header, text, missing, signal }: RowsOptions): ReadOptions {
  const wanted = columns && [...columns, ...(weights === undefined ? [] : [weights]), ...(keep ?? [])]
  return { columns: wanted, keep, header, text, missing, signal }
}

async function openReader(input: Input, format: InputFormat, options: RowsOptions): Promise<BlockReader> {
  const own = { ...readOptions(options), dropMissing: options.dropMissing }
  switch (format) {
    case 'csv':
    case 'tsv':
      return (await import('./rows/csv.js')).openTextRows(input, own, format === 'tsv')
    case 'parquet':
      return (await import('./rows/parquet.js')).openParquetRows(input, own)
    case 'arrow':
      return (await import('./rows/arrow.js')).openArrowRows(input, own)
    case 'npy':
      return (await import('./rows/npy.js')).openNpyRows(input, own)
    case 'json':
    case 'json-lines': {
      const { isLines, openLinesRows } = await import('./rows/json-lines.js')
      if (format === 'json-lines' || (await isLines(input))) return openLinesRows(input, own)
      return (await import('./rows/table.js')).openTableRows(input, format, own)
    }
    default:
      return (await import('./rows/table.js')).openTableRows(input, format, own)
  }
}
