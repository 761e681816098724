// From the blocks of a reader to checked chunks of the columns that are wanted.
import { rangeError } from '../../errors.js'
import { missingNumbers } from '../cell.js'
import { chooseColumns, columnFinder } from '../choose.js'
import { withoutSentinels } from '../missing.js'
import { checkedChunk, type Facts } from './check.js'
import type { BlockReader, RowChunk, Rows, RowsOptions, Use } from './types.js'

/** Chooses the columns, and checks the rows of the reader. `close` frees it. Throws Error ERR_FILE or ERR_OPTION. */
export function rowsOf(path: string, reader: BlockReader, options: RowsOptions, close: () => Promise<void>): Rows {
  const { weights, keep = [], missing = [], dropMissing } = options
  const isText = reader.table.format === 'csv'
  const table = isText ? reader.table : withoutSentinels(reader.table, missing)
  const choice = chooseColumns(path, table, { columns: options.columns, weights, others: keep, part: reader.part })
  const find = columnFinder(path, table)
  const places = new Map(table.columns.map(({ name }, i) => [name, i]))
  const indexOf = (name: string) => places.get(name) as number
  const names = choice.columns.map(({ name }) => name)
  const weightName = choice.weights?.name
  const use: Use = {
    columns: names.map(indexOf),
    weight: weightName === undefined ? undefined : indexOf(weightName),
    keep: keep.map((name) => indexOf(find(name).name)),
  }
  const sentinels = new Set(isText ? [] : missingNumbers(missing))
  const facts: Facts = { path, names, weightName, dropMissing, sentinels }
  let isUsed = false
  async function* chunks(): AsyncGenerator<RowChunk> {
    if (isUsed) throw rangeError('ERR_OPTION', `${path}: chunks() can be called once`)
    isUsed = true
    try {
      for await (const block of reader.blocks(use, options.from)) {
        options.signal?.throwIfAborted()
        yield checkedChunk(block, facts)
      }
    } finally {
      await close()
    }
  }
  return {
    path,
    format: reader.format,
    names,
    weightColumn: weightName ?? null,
    order: table.meta?.order,
    rowColumn: choice.roles?.row,
    notes: choice.notes,
    rows: reader.rows,
    total: reader.total,
    chunks,
    close,
  }
}
