// Opens the rows of a shard: a file by our own readers, an address or a query by DuckDB.
import { openRows, type Rows, type RowsOptions } from '../io/rows.js'
import { isRemote, type Shard } from './plan.js'

/** The rows may begin before the shard's first one and go on after its last one. */
export async function openShard({ uri, sql, rows }: Shard, options: RowsOptions): Promise<Rows> {
  if (uri !== undefined && !isRemote(uri)) return openRows(uri, { ...options, from: rows && { row: rows[0] } })
  const { openSql } = await import('../io/duckdb.js')
  return openSql(sql ?? `from '${uri?.replaceAll("'", "''")}'`, options)
}
