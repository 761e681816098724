// Reads any file into a table. The reader of a format is loaded when it is needed.
import { type ByteSource, withFile } from './bytes.js'
import { type InputFormat, inputFormat } from './format.js'
import { withoutSentinels } from './missing.js'
import type { ReadOptions, Table } from './table.js'

/**
 * Reads CSV, TSV, NPY, NPZ, Parquet, Arrow IPC, JSON rows, GeoJSON, PCD or safetensors into columns of float64. The format is recognised
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
  const reader = await READERS[await inputFormat(source)]()
  const table = await reader(source, options)
  // The reader of text tables has done this cell by cell.
  return options.missing === undefined || table.format === 'csv' ? table : withoutSentinels(table, options.missing)
}

type Reader = (source: ByteSource, options: ReadOptions) => Promise<Table>

const READERS: Record<InputFormat, () => Promise<Reader>> = {
  csv: async () => (await import('./csv.js')).readCsv,
  tsv: async () => (await import('./csv.js')).readTsv,
  npy: async () => (await import('./npy.js')).readNpy,
  npz: async () => (await import('./npz.js')).readNpz,
  parquet: async () => (await import('./parquet.js')).readParquet,
  arrow: async () => (await import('./arrow.js')).readArrow,
  json: async () => (await import('./json.js')).readJson,
  'json-lines': async () => (await import('./json.js')).readJsonLines,
  pcd: async () => (await import('./pcd.js')).readPcd,
  safetensors: async () => (await import('./safetensors.js')).readSafetensors,
}
