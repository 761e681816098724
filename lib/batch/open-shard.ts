// Opens the rows of a shard: a file by our own readers, an address or a query by DuckDB.
import { openRows, type Rows, type RowsOptions } from '../io/rows.js'
import { isRemote, type Shard } from './plan.js'
import { openQuery } from './query.js'

export function openShard({ uri, sql, rows }: Shard, options: RowsOptions): Promise<Rows> {
  if (uri !== undefined && !isRemote(uri)) return openRows(uri, { ...options, range: rows })
  return openQuery(sql ?? `from '${uri?.replaceAll("'", "''")}'`, options)
}
