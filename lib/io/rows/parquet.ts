// Parquet in blocks: one row group at a time, and of it one column at a time.
import { plainError } from '../../errors.js'
import { fileError, isCoded } from '../bytes.js'
import { openParquet, type ParquetTable } from '../parquet.js'
import { ColumnBuilder, type ReadOptions, ROW_NAME, unread, WEIGHT_NAME } from '../table.js'
import type { Input } from './input.js'
import { type Block, type BlockReader, type Position, rowsPerBlock, type Use } from './types.js'
import { gather, troubleOf } from './views.js'

// A column of a group is in memory as its page, as decoded values, and as float64.
const COPIES = 3

/** Throws Error ERR_FILE. */
export async function openParquetRows(input: Input, options: ReadOptions): Promise<BlockReader> {
  const source = await input.source('a Parquet file')
  const table = await guarded(source.path, options, () => openParquet(source))
  const { names, described, rows, meta } = table
  const columns = described.map(({ kind, stored }, i) => {
    const isEmpty = kind === 'number' && table.isEmpty(i)
    return { ...unread(names[i], stored), kind: isEmpty ? ('empty' as const) : kind, missing: isEmpty ? rows : 0 }
  })
  // Without metadata, weights and source rows are recognised by their values.
  const last = names.length - 2
  if (meta === undefined && last > 0 && WEIGHT_NAME.test(names[last]) && ROW_NAME.test(names[last + 1])) {
    const group = table.groups.findIndex((one) => one.rows > 0)
    for (const i of [last, last + 1]) {
      if (described[i].kind !== 'number') continue
      const builder = new ColumnBuilder(names[i], described[i].stored)
      await guarded(source.path, options, () => table.readColumn(group, i, builder))
      columns[i] = builder.done()
    }
  }
  return {
    format: 'parquet',
    table: { format: 'parquet', rows, columns, named: true, meta, roles: meta },
    part: rows,
    rows,
    total: source.size,
    blocks: (use, from) => {
      checkGroups(source.path, table, use, input.left)
      return blocksOf(table, source.path, source.size, options, use, from)
    },
  }
}

async function* blocksOf(
  table: ParquetTable,
  path: string,
  total: number,
  options: ReadOptions,
  use: Use,
  from: Position | undefined,
): AsyncGenerator<Block> {
  const { groups, rows } = table
  const m = use.columns.length
  const wanted = [...use.columns, ...(use.weight === undefined ? [] : [use.weight])]
  const size = rowsPerBlock(m + use.keep.length)
  const points = new Float64Array(size * m)
  const begin = from?.row ?? 0
  let before = 0
  for (const [g, group] of groups.entries()) {
    const start = before
    before += group.rows
    if (before <= begin) continue
    const { columns, kept } = await guarded(path, options, () => readGroup(table, g, wanted, use.keep, options))
    for (let at = Math.max(0, begin - start); at < group.rows; at += size) {
      const first = start + at
      const offset = at
      const count = Math.min(size, group.rows - at)
      for (let a = 0; a < m; a++) gather({ values: columns[a].values, offset, stride: 1 }, count, points, a, m)
      yield {
        first,
        count,
        points: points.subarray(0, count * m),
        weights: columns[m]?.values.slice(offset, offset + count),
        kept: kept.map((values) => values.slice(offset, offset + count)),
        position: { row: first + count },
        done: Math.round((total * (first + count)) / rows),
        why: (row, column) => {
          const { values, trouble } = columns[column]
          // The first wrong value of the group is the first that is asked for.
          return trouble === undefined ? troubleOf(values[offset + row], first + row) : { ...trouble, row: first + row }
        },
      }
    }
  }
}

interface GroupColumn {
  values: Float64Array
  trouble: ReturnType<ColumnBuilder['done']>['trouble']
}

async function readGroup(
  table: ParquetTable,
  group: number,
  wanted: readonly number[],
  keep: readonly number[],
  { signal }: ReadOptions,
): Promise<{ columns: GroupColumn[]; kept: unknown[][] }> {
  const { rows } = table.groups[group]
  const read = new Map<number, GroupColumn>()
  for (const column of wanted) {
    if (read.has(column)) continue
    signal?.throwIfAborted()
    const builder = new ColumnBuilder(table.names[column], table.described[column].stored, rows)
    await table.readColumn(group, column, builder)
    const { values = new Float64Array(rows).fill(Number.NaN), trouble } = builder.done(true)
    read.set(column, { values, trouble })
  }
  const kept: unknown[][] = []
  for (const column of keep) kept.push(await table.readValues(group, column))
  return { columns: wanted.map((column) => read.get(column) as GroupColumn), kept }
}

/** Throws Error ERR_MEMORY when a row group does not fit. */
function checkGroups(path: string, table: ParquetTable, { columns, weight, keep }: Use, memory: number): void {
  const numbers = new Set(weight === undefined ? columns : [...columns, weight]).size
  const needs = table.groups.map(({ rows }, group) =>
    keep.reduce((sum, column) => sum + table.carriedBytes(group, column), rows * numbers * 8 * COPIES),
  )
  const largest = needs.reduce((most, need, group) => (need > needs[most] ? group : most), 0)
  const needed = needs[largest]
  if (needed <= memory) return
  const what = `its largest row group has ${table.groups[largest].rows} rows, which need ${needed} bytes of memory, and ${memory} may be taken`
  throw plainError('ERR_MEMORY', `${path}: ${what}; write smaller row groups, or read it with --sql (DuckDB)`)
}

/** The library's own errors about a damaged file: RangeError of a DataView, Error of a decoder. */
async function guarded<T>(path: string, { signal }: ReadOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isCoded(error) || signal?.aborted) throw error
    throw fileError(path, `is a Parquet file that cannot be read: ${(error as Error).message}`, error)
  }
}
