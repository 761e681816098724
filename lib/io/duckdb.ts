// The rows of a query, by DuckDB: over Parquet, CSV and JSON files, many at once, packed, or in object stores. DuckDB is an
// optional peer dependency. Its chunks of 2048 rows are fetched one by one, so a result of any size takes bounded memory.
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBResult } from '@duckdb/node-api'
import { plainError } from '../errors.js'
import { fileError } from './bytes.js'
import { describeColumn, numbersIn, type SqlColumn, valuesIn } from './duckdb-values.js'
import { rowsOf } from './rows/rows-of.js'
import type { Block, BlockReader, Position, Rows, RowsOptions, Use } from './rows/types.js'
import { rowsPerBlock } from './rows/types.js'
import { troubleOf } from './rows/views.js'
import { newColumns, uniqueNames, unread } from './table.js'

export interface SqlOptions extends Omit<RowsOptions, 'header' | 'text'> {
  /** Threads of DuckDB. Default: all of the machine. The rows are the same for any number. */
  threads?: number | undefined
}

/** The package and the version that this was tested with. */
const PACKAGE = '@duckdb/node-api'
const VERSION = '1.5.5-r.5'
/** Milliseconds from one interrupt to the next. */
const INTERRUPT_EVERY = 20
/** The name of a query in messages. */
const QUERY = 'the query'

/**
 * Runs a query that returns rows, to be read once, in chunks. `memory` is DuckDB's own limit, beside which its process takes
 * some 250 MB. `from` runs the query again and passes over the rows before: it needs a query whose rows have an order.
 *
 * Throws Error ERR_OPTION when DuckDB is not installed, ERR_FILE with DuckDB's words for a query that fails, ERR_MEMORY, or
 * the signal's reason. chunks() throws as that of openRows().
 */
export async function openSql(sql: string, options: SqlOptions): Promise<Rows> {
  options.signal?.throwIfAborted()
  const query = await Query.start(sql, options)
  try {
    return rowsOf(QUERY, await openReader(query), options, () => query.close())
  } catch (error) {
    await query.close()
    throw error
  }
}

/** Throws Error ERR_OPTION. */
async function loadDuckDB(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api')
  } catch (cause) {
    const help = `npm install ${PACKAGE}@${VERSION}`
    throw plainError('ERR_OPTION', `a query needs DuckDB, which is not installed here or does not load: ${help}`, cause)
  }
}

/** A running query. One chunk is fetched at a time, and nothing is closed meanwhile. */
class Query {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  readonly #signal: AbortSignal | undefined
  #result: DuckDBResult | undefined
  #pending: Promise<unknown> = Promise.resolve()
  #isClosed = false
  readonly #stop = () => void this.#interrupt()

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, signal: AbortSignal | undefined) {
    this.#instance = instance
    this.#connection = connection
    this.#signal = signal
    signal?.addEventListener('abort', this.#stop, { once: true })
  }

  static async start(sql: string, { threads, memory, signal }: SqlOptions): Promise<Query> {
    const { DuckDBInstance } = await loadDuckDB()
    const config = {
      ...(threads === undefined ? {} : { threads: String(threads) }),
      ...(memory === undefined ? {} : { memory_limit: `${Math.floor(memory)}B` }),
    }
    const instance = await DuckDBInstance.create(':memory:', config)
    const query = new Query(instance, await instance.connect(), signal)
    try {
      query.#result = await query.#run(() => query.#start(sql))
      return query
    } catch (error) {
      await query.close()
      throw error
    }
  }

  /** One statement that returns rows: others may write, and only the rows of the last one would be read. */
  async #start(sql: string): Promise<DuckDBResult> {
    const { StatementType } = await loadDuckDB()
    const statements = sql.trim() === '' ? undefined : await this.#connection.extractStatements(sql)
    const count = statements?.count ?? 0
    if (statements === undefined || count !== 1) throw new Error(`must be one SELECT, got ${count} statements`)
    const statement = await statements.prepare(0)
    const { statementType } = statement
    if (statementType !== StatementType.SELECT) {
      throw new Error(`must be a SELECT, got a statement of type ${StatementType[statementType]}`)
    }
    return statement.stream()
  }

  async columns(): Promise<SqlColumn[]> {
    const { DuckDBTypeId } = await loadDuckDB()
    const result = this.#result as DuckDBResult
    const names = uniqueNames(result.columnNames())
    return names.map((name, i) =>
      describeColumn(name, DuckDBTypeId[result.columnTypeId(i)], String(result.columnType(i))),
    )
  }

  /** Undefined at the end. */
  async fetch(): Promise<DuckDBDataChunk | undefined> {
    const chunk = await this.#run(() => (this.#result as DuckDBResult).fetchChunk())
    return chunk === null || chunk.rowCount === 0 ? undefined : chunk
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#signal?.removeEventListener('abort', this.#stop)
    await this.#interrupt()
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  /** Ends what runs. DuckDB forgets an interrupt that comes before a statement has begun, so it is repeated. */
  async #interrupt(): Promise<void> {
    const timer = setInterval(() => this.#connection.interrupt(), INTERRUPT_EVERY)
    this.#connection.interrupt()
    await this.#pending
    clearInterval(timer)
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted()
    if (this.#isClosed) throw fileError(QUERY, 'is closed')
    const running = work()
    this.#pending = running.catch(() => {})
    try {
      return await running
    } catch (error) {
      this.#signal?.throwIfAborted()
      const [message] = (error as Error).message.split('\n')
      if (/^Out of Memory/i.test(message)) throw plainError('ERR_MEMORY', `${QUERY}: ${message}`, error)
      throw fileError(QUERY, message, error)
    }
  }
}

async function openReader(query: Query): Promise<BlockReader> {
  const columns = await query.columns()
  const first = await query.fetch()
  if (first === undefined) throw fileError(QUERY, 'has no rows')
  const names = columns.map(({ name }) => name)
  const stored = columns.map(({ stored }) => stored)
  const rows = first.rowCount
  const { builders, done } = newColumns(names, stored, {}, rows)
  for (const [i, { kind }] of columns.entries()) {
    if (kind !== 'number') continue
    const numbers = numbersIn(columns[i], first.getColumnVector(i))
    for (let row = 0; row < rows; row++) builders[i]?.any(numbers.at(row))
  }
  const sampled = done().map((column, i) =>
    columns[i].kind === 'number' ? column : { ...unread(names[i], stored[i]), kind: columns[i].kind },
  )
  return {
    format: 'sql',
    table: { format: 'sql', rows, columns: sampled, named: true, meta: undefined },
    part: rows,
    rows: undefined,
    total: undefined,
    blocks: (use, from) => blocksOf(query, columns, first, use, from),
  }
}

/** Rows of a chunk that are in a block. */
interface Part {
  /** The first of them in the block, and in the chunk. */
  start: number
  offset: number
  numbers: ReturnType<typeof numbersIn>[]
}

async function* blocksOf(
  query: Query,
  columns: readonly SqlColumn[],
  firstChunk: DuckDBDataChunk,
  use: Use,
  from: Position | undefined,
): AsyncGenerator<Block> {
  const m = use.columns.length
  const wanted = [...use.columns, ...(use.weight === undefined ? [] : [use.weight])]
  const size = rowsPerBlock(m + use.keep.length)
  const points = new Float64Array(size * m)
  const weights = use.weight === undefined ? undefined : new Float64Array(size)
  let chunk: DuckDBDataChunk | undefined = firstChunk
  let row = 0
  let offset = 0
  for (const begin = from?.row ?? 0; chunk !== undefined && row < begin; ) {
    const passed = Math.min(chunk.rowCount, begin - row)
    row += passed
    offset = passed
    if (offset === chunk.rowCount) {
      chunk = await query.fetch()
      offset = 0
    }
  }
  while (chunk !== undefined) {
    const first = row
    let count = 0
    const kept: unknown[][] = use.keep.map(() => [])
    const parts: Part[] = []
    while (chunk !== undefined && count < size) {
      const taken = Math.min(size - count, chunk.rowCount - offset)
      const current: DuckDBDataChunk = chunk
      const numbers = wanted.map((i) => numbersIn(columns[i], current.getColumnVector(i)))
      for (let a = 0; a < m; a++) numbers[a].into(offset, taken, points, count * m + a, m)
      if (weights !== undefined) numbers[m].into(offset, taken, weights, count, 1)
      for (const [k, i] of use.keep.entries()) {
        const valueAt = valuesIn(QUERY, columns[i], current.getColumnVector(i))
        for (let j = 0; j < taken; j++) kept[k].push(valueAt(offset + j))
      }
      parts.push({ start: count, offset, numbers })
      count += taken
      offset += taken
      if (offset === chunk.rowCount) {
        chunk = await query.fetch()
        offset = 0
      }
    }
    row += count
    yield {
      first,
      count,
      points: points.subarray(0, count * m),
      weights: weights?.subarray(0, count),
      kept,
      position: { row },
      done: row,
      why: (i, column) => {
        const part = parts.findLast(({ start }) => start <= i) as Part
        return troubleOf(part.numbers[column].at(part.offset + i - part.start), first + i)
      },
    }
  }
}
