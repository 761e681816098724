// Reads any file into a table. The reader of a format is loaded when it is needed.
import { type ByteSource, fileError, withFile } from './bytes.js'
import { inputFormat } from './format.js'
import { withoutSentinels } from './missing.js'
import type { ReadOptions, Table } from './table.js'

/**
 * Reads CSV, TSV, NPY, NPZ, Parquet, Arrow IPC, JSON rows, GeoJSON or PCD into columns of float64. The format is recognised
 * from the first bytes. '-' is standard input. Takes 8 bytes per number; Arrow, NPZ and JSON files are in memory as a whole
 * as well.
 *
 * Throws Error ERR_FILE, ERR_MEMORY, or the signal's reason.
 */
export function readTable(path: string, options: ReadOptions = {}): Promise<Table> {
  return withFile(path, (source) => readSource(source, options), options.signal)
}

/** As readTable(), from any source of bytes. The ending is that of the source's path. */
export async function readSource(source: ByteSource, options: ReadOptions = {}): Promise<Table> {
  options.signal?.throwIfAborted()
  const table = await read(source, options)
  // The reader of text tables has done this cell by cell.
  return options.missing === undefined || table.format === 'csv' ? table : withoutSentinels(table, options.missing)
}

async function read(source: ByteSource, options: ReadOptions): Promise<Table> {
  const format = await inputFormat(source)
  switch (format) {
    case 'csv':
    case 'tsv': {
      const { readCsv } = await import('./csv.js')
      return readCsv(source, options, format === 'tsv')
    }
    case 'npy':
      return (await import('./npy.js')).readNpy(source, options)
    case 'npz':
      return (await import('./npz.js')).readNpz(source, options)
    case 'parquet':
      return (await import('./parquet.js')).readParquet(source, options)
    case 'arrow':
      return (await import('./arrow.js')).readArrow(source, options)
    case 'json':
      return (await import('./json.js')).readJson(source, options)
    case 'json-lines':
      return (await import('./json.js')).readJsonLines(source, options)
    case 'pcd':
      return (await import('./pcd.js')).readPcd(source, options)
    default:
      throw fileError(source.path, `has the format ${format satisfies never}`)
  }
}
