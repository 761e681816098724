// Looks at the query of a shard before it is run.
import { plainError } from '../errors.js'
import { fileError } from '../io/bytes.js'
import { listOf } from '../io/text.js'
import { isEmptyInput } from './failure.js'
import type { PlanOptions } from './plan.js'

/**
 * Throws Error ERR_FILE, with DuckDB's words when it does not understand the query, or when the query lacks a column that is
 * used; ERR_OPTION without DuckDB. DuckDB is asked for the columns alone. Of several statements it is asked for the first rows.
 */
export async function checkQuery(
  sql: string,
  where: string,
  read: PlanOptions['read'],
  signal: AbortSignal,
): Promise<void> {
  const { openSql } = await import('../io/duckdb.js')
  const query = sql.trim().replace(/;$/, '')
  if (query.includes(';')) {
    await openSql(sql, { ...read, signal }).then(
      (rows) => rows.close(),
      (error) => {
        if (!isEmptyInput(error, read.dropMissing)) throw plainError(error.code, `${where}: ${error.message}`, error)
      },
    )
    return
  }
  const found: unknown[] = []
  try {
    const describe = `select 1 as one, column_name from (describe\n${query}\n)`
    const rows = await openSql(describe, { columns: ['one'], keep: ['column_name'], dropMissing: false, signal })
    for await (const { kept } of rows.chunks()) found.push(...Array.from(kept[0]))
    await rows.close()
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = error as ReturnType<typeof plainError>
    throw code === undefined ? error : plainError(code, `${where}: ${message}`, error)
  }
  const wanted = [...(read.columns ?? []), ...(read.weights === undefined ? [] : [read.weights])]
  const missing = wanted.filter((name) => !found.includes(name))
  if (missing.length > 0)
    throw fileError(where, `the query lacks ${listOf(missing)}; it has ${listOf(found.map(String))}`)
}
