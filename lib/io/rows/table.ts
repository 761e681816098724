// Formats that are read as a whole, in blocks: NPZ, JSON, PCD, safetensors.
import { plainError } from '../../errors.js'
import type { InputFormat } from '../format.js'
import { readSource } from '../read.js'
import type { Column, ReadOptions } from '../table.js'
import type { Input } from './input.js'
import { type Block, type BlockReader, type Position, rowsPerBlock, type Use } from './types.js'
import { gather, troubleOf } from './views.js'

// Bytes in memory per byte of the file, at most: the text and its values, or the arrays and their columns as float64.
const EXPANSION: Partial<Record<InputFormat, number>> = { json: 12, npz: 3, pcd: 4, safetensors: 8 }

/** Throws Error ERR_FILE, or ERR_MEMORY when the table would take more than may be taken. */
export async function openTableRows(input: Input, format: InputFormat, options: ReadOptions): Promise<BlockReader> {
  const { memory } = input
  const source = await input.source(`a ${format.toUpperCase()} file`)
  const needed = source.size * (EXPANSION[format] ?? 3)
  if (needed > memory) {
    const what = `is read as a whole, which takes up to ${needed} bytes, and ${memory} may be taken`
    throw plainError('ERR_MEMORY', `${source.path}: ${what}; CSV, NPY, Arrow and Parquet are read in pieces`)
  }
  const table = await readSource(source, options)
  return {
    format: table.format,
    table,
    part: undefined,
    rows: table.rows,
    total: source.size,
    blocks: (use, from) => blocksOf(table.columns, table.rows, source.size, use, from),
  }
}

async function* blocksOf(
  columns: readonly Column[],
  rows: number,
  total: number,
  use: Use,
  from: Position | undefined,
): AsyncGenerator<Block> {
  const m = use.columns.length
  const size = rowsPerBlock(m)
  const wanted = [...use.columns, ...(use.weight === undefined ? [] : [use.weight])].map((i) => columns[i])
  const valuesOf = (column: Column, first: number, count: number) =>
    column.raw?.slice(first, first + count) ?? column.values?.slice(first, first + count) ?? new Array(count).fill(null)
  for (let first = from?.row ?? 0; first < rows; first += size) {
    const begin = first
    const count = Math.min(size, rows - first)
    const points = new Float64Array(count * m)
    for (let a = 0; a < m; a++)
      gather({ values: wanted[a].values as Float64Array, offset: first, stride: 1 }, count, points, a, m)
    yield {
      first,
      count,
      points,
      weights: use.weight === undefined ? undefined : columns[use.weight].values?.slice(first, first + count),
      kept: use.keep.map((i) => valuesOf(columns[i], begin, count)),
      position: { row: first + count },
      done: Math.round((total * (first + count)) / rows),
      why: (row, column) => {
        const { values, trouble } = wanted[column]
        return trouble?.row === begin + row ? trouble : troubleOf(values?.[begin + row], begin + row)
      },
    }
  }
}
