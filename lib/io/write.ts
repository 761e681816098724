// Writes a compressed set: its points, their new weights, their rows in the source, and columns that are carried along.
import { type Target, writeAtomically } from './atomic.js'
import type { OutputFormat } from './format.js'
import { evenKinds, type KeptColumn } from './kept.js'
import { type FileMeta, META_KEY, metaToText } from './meta.js'
import { uniqueName } from './table.js'

export interface CompressedSet {
  /** Names of the point columns. */
  names: readonly string[]
  /** count x names.length, row-major. */
  points: Float64Array
  weights: Float64Array
  /**
   * The data rows of the source, counted from 0 through all its files, rows that were left out included. Undefined: the
   * points are free, and no rows.
   */
  rows: Uint32Array | Float64Array | undefined
  /** Columns that are carried along. NPY has no room for them. */
  kept?: readonly KeptColumn[] | undefined
}

/** Facts that the metadata records, where the format has room for it. */
export type SourceFacts = Pick<FileMeta, 'order' | 'blocks' | 'sourceWeight' | 'dropMissing'>

/** The columns of the file. */
interface OutputColumns {
  names: string[]
  /** The points, the weights and, where there are any, the rows, all as float64. */
  columns: Float64Array[]
  weight: string
  row: string | null
  /** With names that none of the others has. They come after these. */
  kept: KeptColumn[]
}

/**
 * Writes the set in one of these forms. All numbers read back bit for bit. Returns the bytes written.
 *
 * - CSV, TSV, JSON rows: the columns, then `weight`, then `row`, then what is carried along
 * - Parquet: the same, `row` as int64, with a line of metadata (see FileMeta)
 * - NPZ: `points` (float64, count x m), `weights` (float64), `indices` (int64), `columns` (names), one array per column that
 *   is carried along, and the metadata
 * - safetensors: a tensor per column, or per group of columns name.0, name.1, ... (float32 where all its numbers are, else
 *   float64), `weights` (float64), `indices` (int64), and the metadata under `__metadata__`
 * - NPY: one float64 array, count x (m + 2): the columns, then the weight, then the row
 *
 * Free points are no rows: then there is no `row` and no `indices`.
 *
 * `weight` and `row` become `weight_2`, ... when a point column has that name, and so do columns that are carried along.
 * Throws Error ERR_FILE or the signal's reason, and then leaves nothing.
 */
export function writeCompressed(
  target: Target,
  format: OutputFormat,
  set: CompressedSet,
  facts: SourceFacts,
  signal?: AbortSignal,
): Promise<number> {
  return compressedPieces(format, set, facts).then((content) => writeAtomically(target, content, signal))
}

/** The content of the file, piece by piece. */
export async function compressedPieces(
  format: OutputFormat,
  set: CompressedSet,
  facts: SourceFacts,
): Promise<Iterable<Uint8Array | string>> {
  switch (format) {
    case 'csv':
    case 'tsv': {
      const { csvText } = await import('./csv.js')
      const { names, values } = allColumns(set)
      return csvText(names, values, format === 'csv' ? ',' : '\t')
    }
    case 'json':
    case 'json-lines': {
      const { jsonText } = await import('./json.js')
      const { names, values } = allColumns(set)
      return jsonText(names, values, format === 'json-lines')
    }
    case 'parquet': {
      const { parquetBytes } = await import('./parquet.js')
      const { names, columns, weight, row, kept } = outputColumns(set)
      const content = columns.map((values, i) => ({
        name: names[i],
        values: set.rows !== undefined && names[i] === row ? BigInt64Array.from(set.rows, BigInt) : values,
      }))
      return [parquetBytes([...content, ...kept], metaText(set, facts, weight, row, kept))]
    }
    case 'npz':
      return npzPieces(set, facts)
    case 'safetensors':
      return safetensorsFile(set, facts)
    case 'npy': {
      const { npyNumbers } = await import('./npy.js')
      const { names, columns } = outputColumns(set)
      const count = set.weights.length
      const values = new Float64Array(names.length * count)
      for (const [i, column] of columns.entries())
        for (let j = 0; j < count; j++) values[j * names.length + i] = column[j]
      return [npyNumbers(values, [count, names.length])]
    }
    default:
      throw new TypeError(`no such format: ${format satisfies never}`)
  }
}

async function npzPieces(set: CompressedSet, facts: SourceFacts): Promise<Iterable<Uint8Array>> {
  const { npyNumbers, npyTexts, npyValues } = await import('./npy.js')
  const { zipStored } = await import('./zip.js')
  const taken = new Set(set.names)
  const weight = uniqueName('weights', taken)
  const row = set.rows === undefined ? null : uniqueName('indices', taken)
  // The arrays of the file have names of their own.
  const kept = renamed(set.kept, new Set([...taken, weight, ...(row ? [row] : []), 'points', 'columns', META_KEY]))
  const count = set.weights.length
  const arrays: Record<string, Uint8Array> = {
    points: npyNumbers(set.points, [count, set.names.length]),
    weights: npyNumbers(set.weights, [count]),
    ...(set.rows && { indices: npyNumbers(BigInt64Array.from(set.rows, BigInt), [count]) }),
    columns: npyTexts(set.names),
    [META_KEY]: npyTexts(metaText(set, facts, weight, row, kept)),
  }
  for (const { name, values } of kept) arrays[name] = npyValues(values)
  return zipStored(Object.entries(arrays).map(([name, content]) => ({ name: `${name}.npy`, content })))
}

async function safetensorsFile(set: CompressedSet, facts: SourceFacts): Promise<Iterable<Uint8Array>> {
  const { tensorsOf } = await import('./safetensors.js')
  const { safetensorsPieces } = await import('./safetensors-header.js')
  const count = set.weights.length
  const points = tensorsOf(set.names, set.points, count)
  const taken = new Set([...set.names, ...points.map(({ name }) => name)])
  const weight = uniqueName('weights', taken)
  const row = set.rows === undefined ? null : uniqueName('indices', taken)
  const tensors = [...points, { name: weight, shape: [count], values: set.weights }]
  if (set.rows !== undefined && row !== null)
    tensors.push({ name: row, shape: [count], values: BigInt64Array.from(set.rows, BigInt) })
  return safetensorsPieces(tensors, { [META_KEY]: metaText(set, facts, weight, row, []) })
}

function allColumns(set: CompressedSet): { names: string[]; values: ArrayLike<unknown>[] } {
  const { names, columns, kept } = outputColumns(set)
  return {
    names: [...names, ...kept.map(({ name }) => name)],
    values: [...columns, ...kept.map(({ values }) => values)],
  }
}

function outputColumns({ names, points, weights, rows, kept }: CompressedSet): OutputColumns {
  const taken = new Set(names)
  const weight = uniqueName('weight', taken)
  const width = names.length
  const columns = names.map((_, i) => Float64Array.from(weights, (_, j) => points[j * width + i]))
  const all = { names: [...names, weight], columns: [...columns, weights] }
  if (rows === undefined) return { ...all, weight, row: null, kept: renamed(kept, new Set([...taken, weight])) }
  const row = uniqueName('row', taken)
  return {
    names: [...all.names, row],
    columns: [...all.columns, Float64Array.from(rows)],
    weight,
    row,
    kept: renamed(kept, new Set([...taken, weight, row])),
  }
}

/** The same columns under names that are free, each with values of one kind as far as they are. */
function renamed(kept: readonly KeptColumn[] = [], taken: Set<string>): KeptColumn[] {
  return kept.map(({ name, values }) => {
    const free = uniqueName(name, taken)
    taken.add(free)
    return { name: free, values: evenKinds(values) }
  })
}

function metaText(
  { names }: CompressedSet,
  facts: SourceFacts,
  weight: string,
  row: string | null,
  kept: readonly KeptColumn[],
): string {
  const carried = kept.length === 0 ? undefined : kept.map(({ name }) => name)
  return metaToText({ version: 1, columns: [...names], weight, row, ...facts, kept: carried })
}
