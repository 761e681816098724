// The rows of a DuckDB query, chunk by chunk as they come. DuckDB is an optional peer.
import { plainError } from '../errors.js'
import { fileError } from './bytes.js'
import type { RowChunk, Rows, RowsOptions } from './rows.js'
import { WEIGHT_NAME } from './table.js'

async function loadDuckDB() {
  try {
    return await import('@duckdb/node-api')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw plainError('ERR_OPTION', 'queries and addresses need DuckDB; npm install @duckdb/node-api', error)
  }
}

/** Throws Error ERR_FILE with what DuckDB says of the query, ERR_OPTION without DuckDB. */
export async function openSql(sql: string, { columns, weights, dropMissing, signal }: RowsOptions): Promise<Rows> {
  const { DuckDBInstance } = await loadDuckDB()
  const path = `query ${sql}`
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const close = async () => connection.closeSync()
  try {
    const result = await connection.stream(sql)
    const all = result.columnNames()
    const weight = weights ?? (all.length > 1 ? all.find((name) => WEIGHT_NAME.test(name)) : undefined)
    const names = columns === undefined ? all.filter((name) => name !== weight) : [...columns]
    const places = [...names, ...(weight === undefined ? [] : [weight])].map((name) => {
      if (!all.includes(name)) throw fileError(path, `has no column '${name}'; it has ${all.join(', ')}`)
      return all.indexOf(name)
    })
    async function* chunks(): AsyncGenerator<RowChunk> {
      for (let first = 0; ; ) {
        signal?.throwIfAborted()
        const chunk = await result.fetchChunk()
        if (chunk === null || chunk.rowCount === 0) return
        const count = chunk.rowCount
        const points = new Float64Array(count * names.length)
        const masses = new Float64Array(count).fill(1)
        let dropped = 0
        const drop = (row: number, name: string, value: unknown) => {
          if (!dropMissing)
            throw fileError(
              path,
              `row ${first + row + 1}, column '${name}' has ${String(value)}; a finite number must be there`,
            )
          if (masses[row] > 0) dropped++
          masses[row] = 0
        }
        for (const [i, place] of places.entries()) {
          const isWeight = i === names.length
          for (const [row, value] of chunk.getColumnValues(place).entries()) {
            const number = value === null ? Number.NaN : Number(value)
            if (!Number.isFinite(number)) drop(row, all[place], value)
            else if (!isWeight) points[row * names.length + i] = number
            else if (masses[row] > 0) masses[row] = number
          }
        }
        const given = weight !== undefined || dropped > 0 ? masses : undefined
        yield { first, count, points, weights: given, dropped, kept: [], position: {}, done: first + count }
        first += count
      }
    }
    const unknown = { order: undefined, rowColumn: undefined, rows: undefined, total: undefined }
    return { path, format: 'query', names, weightColumn: weight ?? null, notes: [], ...unknown, chunks, close }
  } catch (error) {
    await close()
    throw (error as { code?: string }).code === undefined ? fileError(path, (error as Error).message, error) : error
  }
}
