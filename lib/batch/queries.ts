// Looks at the queries of shards before they are run.
import { plainError } from '../errors.js'
import { fileError } from '../io/bytes.js'
import { listOf } from '../io/text.js'
import { isEmptyInput } from './failure.js'
import type { PlanOptions } from './plan.js'

/** Checks all. Where no columns are given, all must have the same columns of numbers. Throws as below. */
export async function checkQueries(
  queries: readonly string[],
  read: PlanOptions['read'],
  signal: AbortSignal,
): Promise<void> {
  let first: string[] | undefined
  for (const [i, sql] of queries.entries()) {
    const where = queries.length > 1 ? `--sql, query ${i + 1}` : '--sql'
    const numbers = await checkQuery(sql, where, read, signal)
    first ??= numbers
    if (read.columns === undefined && numbers !== undefined && String(numbers) !== String(first)) {
      const differ = `its columns of numbers are ${listOf(numbers)}; those of the first query are ${listOf(first ?? [])}`
      throw fileError(where, `${differ}; --columns chooses columns`)
    }
  }
}

// Numbers, as DuckDB names their types.
const NUMBER = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$|UINTEGER$|FLOAT$|DOUBLE$|DECIMAL)/

/**
 * The columns of numbers of a query; undefined when it has several statements. Throws Error ERR_FILE, with DuckDB's words when it does not understand the query, or when the query lacks a column that is
 * used; ERR_OPTION without DuckDB. DuckDB is asked for the columns alone. Of several statements it is asked for the first rows.
 */
async function checkQuery(
  sql: string,
  where: string,
  read: PlanOptions['read'],
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const { openSql } = await import('../io/duckdb.js')
  const query = sql.trim().replace(/;$/, '')
  if (query.includes(';')) {
    await openSql(sql, { ...read, signal }).then(
      (rows) => rows.close(),
      (error) => {
        signal.throwIfAborted()
        if (!isEmptyInput(error, read.dropMissing)) throw plainError(error.code, `${where}: ${error.message}`, error)
      },
    )
    return undefined
  }
  const found: string[] = []
  const numbers: string[] = []
  try {
    const describe = `select 1 as one, column_name, column_type from (describe\n${query}\n)`
    const keep = ['column_name', 'column_type']
    const rows = await openSql(describe, { columns: ['one'], keep, dropMissing: false, signal })
    for await (const { kept } of rows.chunks()) {
      const [names, types] = kept.map((values) => Array.from(values, String))
      found.push(...names)
      numbers.push(...names.filter((_, i) => NUMBER.test(types[i])))
    }
    await rows.close()
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = error as ReturnType<typeof plainError>
    throw code === undefined ? error : plainError(code, `${where}: ${message}`, error)
  }
  const wanted = [...(read.columns ?? []), ...(read.weights === undefined ? [] : [read.weights])]
  const missing = wanted.filter((name) => !found.includes(name))
  if (missing.length > 0) throw fileError(where, `the query lacks ${listOf(missing)}; it has ${listOf(found)}`)
  return numbers
}
