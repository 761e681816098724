// Arrow IPC in blocks: one record batch at a time.
import type { Table as ArrowTable } from '@uwdata/flechette'
import { type ArrowType, addNumbers, type Batch, describeField, isDirect, nullsOf, numbersOf } from '../arrow.js'
import { valuesOf } from '../arrow-values.js'
import { fileError, isCoded } from '../bytes.js'
import { newColumns, type ReadOptions, uniqueNames, unread } from '../table.js'
import { ArrowBatches, type RecordBatch } from './arrow-batches.js'
import type { Input } from './input.js'
import { type Block, type BlockReader, type Position, rowsPerBlock, type Use } from './types.js'
import { exact, gather, troubleOf } from './views.js'

const SAMPLE_ROWS = 10_000

/** Throws Error ERR_FILE or ERR_MEMORY. */
export async function openArrowRows(input: Input, options: ReadOptions): Promise<BlockReader> {
  const { path } = input
  const batches = await guarded(path, options, () => ArrowBatches.open(input))
  const first = await guarded(path, options, () => batches.next())
  if (first === undefined) throw fileError(path, 'is an Arrow file that cannot be read: it has no rows')
  const { fields } = first.table.schema
  if (fields.length === 0) throw fileError(path, 'is an Arrow file that cannot be read: it has no columns')
  const names = uniqueNames(fields.map(({ name }) => name ?? ''))
  const described = fields.map(describeField)
  const sampled = Math.min(first.rows, SAMPLE_ROWS, rowsPerBlock(names.length))
  const { builders, done } = newColumns(
    names,
    described.map(({ stored }) => stored),
    options,
  )
  await guarded(path, options, async () => {
    for (const [i, { kind }] of described.entries()) {
      const builder = builders[i]
      if (builder !== undefined && kind === 'number')
        addNumbers(builder, names[i], fields[i].type as ArrowType, batchOf(first.table, i), sampled)
    }
  })
  const columns = done().map((column, i) => {
    const { kind, stored } = described[i]
    return column.kind === 'unread' || kind === 'number' ? column : { ...unread(names[i], stored), kind }
  })
  return {
    format: 'arrow',
    table: { format: 'arrow', rows: sampled, columns, named: true, meta: undefined },
    part: sampled,
    rows: undefined,
    total: input.size,
    blocks: (use, from) => blocksOf(input, batches, first, names, options, use, from),
  }
}

async function* blocksOf(
  input: Input,
  batches: ArrowBatches,
  first: RecordBatch,
  names: readonly string[],
  options: ReadOptions,
  use: Use,
  from: Position | undefined,
): AsyncGenerator<Block> {
  const { path } = input
  const { columns, weight, keep } = use
  const m = columns.length
  const wanted = [...columns, ...(weight === undefined ? [] : [weight])]
  const size = rowsPerBlock(m + keep.length)
  const points = new Float64Array(size * m)
  const weights = weight === undefined ? undefined : new Float64Array(size)
  const begin = from?.row ?? 0
  const next = () => guarded(path, options, () => batches.next(begin))
  let current: RecordBatch | undefined = first
  if (first.first + first.rows <= begin) current = await next()
  for (; current !== undefined; current = await next()) {
    const { table, rows, first: start } = current
    const done = input.position
    const { numbers, values } = await guarded(path, options, async () => ({
      numbers: wanted.map((i) => numbersIn(names[i], table, i)),
      values: keep.map((i) => valuesOf(path, names[i], table.schema.fields[i], batchOf(table, i))),
    }))
    for (let at = Math.max(0, begin - start); at < rows; at += size) {
      const offset = at
      const count = Math.min(size, rows - at)
      const kept = await guarded(path, options, async () => {
        for (let a = 0; a < m; a++) numbers[a].into(offset, count, points, a, m)
        if (weights !== undefined) numbers[m].into(offset, count, weights, 0, 1)
        return values.map((valueAt) => Array.from({ length: count }, (_, i) => valueAt(offset + i)))
      })
      yield {
        first: start + at,
        count,
        points: points.subarray(0, count * m),
        weights: weights?.subarray(0, count),
        kept,
        position: { row: start + at + count },
        done,
        why: (row, column) => troubleOf(numbers[column].at(offset + row), start + offset + row),
      }
    }
  }
}

interface Numbers {
  at(row: number): unknown
  /** Writes numbers at equal distances, NaN where there is none. */
  into(row: number, count: number, to: Float64Array, offset: number, stride: number): void
}

function numbersIn(name: string, table: ArrowTable, column: number): Numbers {
  const type = table.schema.fields[column].type as ArrowType
  const batch = batchOf(table, column)
  const at = numbersOf(name, type, batch)
  const { values } = batch
  if (values !== undefined && isDirect(type) && nullsOf(name, batch) === undefined)
    return { at, into: (row, count, to, o, s) => gather({ values, offset: row, stride: 1 }, count, to, o, s) }
  const into: Numbers['into'] = (row, count, to, offset, stride) => {
    for (let i = 0; i < count; i++) {
      const value = at(row + i)
      to[offset + i * stride] =
        typeof value === 'number' ? value : typeof value === 'bigint' ? exact(value) : Number.NaN
    }
  }
  return { at, into }
}

/** The only batch of a column. */
function batchOf(table: ArrowTable, column: number): Batch {
  return table.getChildAt(column).data[0] as unknown as Batch
}

async function guarded<T>(path: string, { signal }: ReadOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isCoded(error) || signal?.aborted) throw error
    throw fileError(path, `is an Arrow file that cannot be read: ${(error as Error).message}`, error)
  }
}
