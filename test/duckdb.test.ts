// Queries by DuckDB: the rows of a query are those of the file, numbers of every type are exact or refused, and every failure is
// one sentence with a code.
import { mkdirSync, readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { tableFromArrays, tableToIPC } from '@uwdata/flechette'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { openSql, type SqlOptions } from '../lib/io/duckdb.js'
import { openRows, type Rows } from '../lib/io/rows.js'
import { temporaryFolder } from './io-files.js'

const folder = temporaryFolder()

async function collect(rows: Rows) {
  const points: number[] = []
  const weights: number[] = []
  const kept: unknown[][] = []
  const positions: Record<string, number>[] = []
  let dropped = 0
  for await (const chunk of rows.chunks()) {
    for (const value of chunk.points) points.push(value)
    for (let i = 0; i < chunk.count; i++) weights.push(chunk.weights?.[i] ?? 1)
    for (const [k, values] of chunk.kept.entries()) kept[k] = [...(kept[k] ?? []), ...Array.from(values)]
    positions.push(chunk.position)
    dropped += chunk.dropped
  }
  const { names, weightColumn, notes } = rows
  return { names, weightColumn, notes, points, weights, kept, positions, dropped }
}

const query = async (sql: string, options: Partial<SqlOptions> = {}) =>
  collect(await openSql(sql, { dropMissing: false, ...options }))

describe('openSql', () => {
  const count = 150_000
  const columns = { x: 1, y: 2, w: 3 }
  const data = Object.entries(columns).map(([name, a]) => ({
    name,
    data: Float64Array.from({ length: count }, (_, i) => (a === 3 ? i % 4 : Math.sin(i * a))),
    type: 'DOUBLE' as const,
    nullable: a === 1,
  }))
  const file = folder.write(
    'rows.parquet',
    new Uint8Array(parquetWriteBuffer({ columnData: data, rowGroupSize: 40_000 })),
  )

  it('gives the rows of the file, in their order, for any number of threads', async () => {
    const expected = await collect(await openRows(file, { dropMissing: false, weights: 'w' }))
    for (const threads of [1, 4]) {
      const found = await query(`select * from '${file}'`, { weights: 'w', threads })
      expect(found.names).toEqual(['x', 'y'])
      expect(found.points).toEqual(expected.points)
      expect(found.weights).toEqual(expected.weights)
    }
  })

  it('goes on from every position', async () => {
    const sql = `select x, y from '${file}'`
    const all = await query(sql)
    expect(all.positions.length).toBeGreaterThan(2)
    for (const from of [...all.positions, { row: 1 }, { row: 2048 }, { row: count }]) {
      const rest = await query(sql, { from })
      expect(rest.points).toEqual(all.points.slice(2 * from.row))
    }
  })

  it('reads numbers of every type', async () => {
    const types = [
      'tinyint',
      'smallint',
      'integer',
      'bigint',
      'utinyint',
      'usmallint',
      'uinteger',
      'ubigint',
      'hugeint',
    ]
    const all = [
      ...types,
      'uhugeint',
      'float',
      'double',
      'decimal(4,1)',
      'decimal(9,2)',
      'decimal(18,4)',
      'decimal(38,20)',
    ]
    const list = all.map((type, i) => `cast(v as ${type}) as c${i}`).join(', ')
    const { names, points } = await query(`select ${list} from (values (1), (7), (100)) t(v)`)
    expect(names).toEqual(all.map((_, i) => `c${i}`))
    expect(points).toEqual([1, 7, 100].flatMap((v) => all.map(() => v)))
    expect((await query("select '0.1'::decimal(38,20) as a, '-123.4567'::decimal(10,4) as b")).points).toEqual([
      0.1, -123.4567,
    ])
  })

  it('refuses what float64 does not hold, and what is missing', async () => {
    await expect(query('select (1::hugeint << 70) + 1 as h')).rejects.toThrow(
      /row 0, column 'h': 1180591620717411303425 is beyond/,
    )
    expect((await query('select 1::hugeint << 70 as h')).points).toEqual([2 ** 70])
    const sql = "select case when i = 5000 then null else i end as x, 'nan'::double as n from range(10000) t(i)"
    await expect(query(sql, { columns: ['x'] })).rejects.toThrow(
      /row 5000, column 'x': the value is missing; --drop-missing/,
    )
    await expect(query(sql, { columns: ['n'] })).rejects.toThrow(/row 0, column 'n': the value is NaN/)
    const { dropped, weights, points } = await query(sql, { columns: ['x'], dropMissing: true })
    expect([dropped, weights[5000], points[5000], points[5001]]).toEqual([1, 0, 0, 5001])
    await expect(query('select 1 as x, -1 as w', { weights: 'w' })).rejects.toThrow(
      /row 0, column 'w': the weight is -1/,
    )
  })

  it('carries other columns along', async () => {
    const moment = "timestamp '2024-05-01 12:00:00.123456'"
    const list = [
      "'a' || i as text",
      'i % 2 = 0 as flag',
      "date '2024-05-01' as day",
      `${moment} as micro`,
      `cast(${moment} as timestamp_ms) as milli`,
      `cast(${moment} as timestamp_s) as second`,
      `cast(${moment} as timestamp_ns) as nano`,
      "time '01:02:03.5' as clock",
      '9223372036854775807 as big',
      'null as nothing',
      "cast('up' as enum('up', 'down')) as way",
      "uuid '12345678-1234-1234-1234-123456789abc' as id",
    ]
    const keep = list.map((text) => text.split(' ').at(-1) as string)
    const { names, kept } = await query(`select i as x, ${list.join(', ')} from range(2) t(i)`, { keep })
    expect(names).toEqual(['x'])
    expect(kept.map(([first]) => first)).toEqual([
      'a0',
      true,
      new Date('2024-05-01'),
      '2024-05-01T12:00:00.123456',
      new Date('2024-05-01T12:00:00.123Z'),
      new Date('2024-05-01T12:00:00Z'),
      '2024-05-01T12:00:00.123456000',
      '01:02:03.500000',
      9223372036854775807n,
      null,
      'up',
      '12345678-1234-1234-1234-123456789abc',
    ])
    await expect(query('select 1 as x, [1] as l', { keep: ['l'] })).rejects.toThrow(/column 'l' is integer\[\]/)
    expect((await query('select 1 as x, [1] as l')).notes).toEqual(['the query: left out, no numbers: l (integer[])'])
  })

  it('recognises weights and source rows that fewpoints wrote', async () => {
    const few = folder.write('few.csv', 'x,weight,row\n1,0.3333333333333333,7\n2,1.25,9\n')
    const { names, weightColumn } = await query(`select * from '${few}'`)
    expect([names, weightColumn]).toEqual([['x'], 'weight'])
  })

  it.each([
    ['select * from nothing', 'the query: Catalog Error: Table with name nothing does not exist!'],
    ['select 1 as x where false', 'the query: has no rows'],
    ["select 'a' as t", 'the query: has no column of numbers; its columns are t (text)'],
    [
      "select * from 'no-such-file.parquet'",
      'the query: IO Error: No files found that match the pattern "no-such-file.parquet"',
    ],
    [
      "select cast(t as integer) as x from (values ('1'), ('b')) v(t)",
      "the query: Conversion Error: Could not convert string 'b' to INT32",
    ],
  ])('%s: %s', async (sql, message) => {
    const error = await query(sql).then(undefined, (reason) => reason)
    expect(error).toMatchObject({ code: 'ERR_FILE' })
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('\n')
  })

  it('says so when the memory does not suffice', async () => {
    const sql = 'select i as x from range(20000000) t(i) order by hash(i)'
    await expect(query(`${sql} limit 10000000`, { memory: 2e6 })).rejects.toMatchObject({ code: 'ERR_MEMORY' })
  })

  it.each([
    ['', 'got 0 statements'],
    ['select 1 as x; select 2 as x', 'got 2 statements'],
    ["copy (select 1 as x) to 'never.csv'", 'of type COPY'],
    ['selec', 'syntax error'],
  ])('refuses %j, which is no single SELECT', async (sql, text) => {
    await expect(openSql(sql, { dropMissing: false })).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining(text),
    })
  })

  // Also a signal that comes between two steps of the start, when nothing runs that could be interrupted.
  it.each([0, 1, 2, 5, 10, 20, 50])('ends soon after a signal that comes %d ms after the start', async (delay) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const running = openSql('select sum(a.i * b.i)::double as s from range(1000000) a(i), range(1000000) b(i)', {
      dropMissing: false,
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(reason), delay)
    await expect(running).rejects.toBe(reason)
  })

  it('may be closed at any time', async () => {
    const rows = await openSql('select i as x from range(10000000) t(i)', { dropMissing: false })
    const chunks = rows.chunks()[Symbol.asyncIterator]()
    await chunks.next()
    await rows.close()
    await rows.close()
    await expect(chunks.next()).rejects.toMatchObject({ code: 'ERR_FILE' })
  })

  it('reads Arrow and CSV files that the package reads, too', async () => {
    const csv = folder.write('rows.csv', 'x,y\n1,2\n3,4.5\n')
    const arrow = folder.write(
      'rows.arrows',
      tableToIPC(tableFromArrays({ x: [1, 3], y: [2, 4.5] }), { format: 'stream' }) as Uint8Array,
    )
    const expected = await collect(await openRows(arrow, { dropMissing: false }))
    expect((await query(`select * from '${csv}'`)).points).toEqual(expected.points)
  })

  it('runs every query of the documents', async () => {
    mkdirSync(folder.path('big'))
    const numbers = (a: number) => Float64Array.from({ length: 500 }, (_, i) => Math.sin(i * a))
    const columnData = [
      ...['x', 'y', 'w'].map((name, a) => ({ name, data: numbers(a + 1), type: 'DOUBLE' as const })),
      { name: 'id', data: Int32Array.from({ length: 500 }, (_, i) => i % 40), type: 'INT32' as const },
      {
        name: 'day',
        data: Array.from({ length: 500 }, (_, i) => new Date(i * 86_400_000)),
        type: 'TIMESTAMP' as const,
      },
    ]
    folder.write('big/one-group.parquet', new Uint8Array(parquetWriteBuffer({ columnData })))
    const text = readFileSync(new URL('../docs/duckdb-and-parquet.md', import.meta.url), 'utf8')
    const of = (command: RegExp) =>
      [...text.matchAll(command)].map(([, sql]) => sql.replaceAll("'big/", `'${folder.path('big')}/`))
    const [copies, queries] = [of(/duckdb -c "([^"]+)"/g), of(/--sql "([^"]+)"/g)]
    expect(copies.length).toBeGreaterThan(0)
    expect(queries.length).toBeGreaterThan(3)
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    for (const sql of copies) await connection.run(sql)
    connection.closeSync()
    for (const sql of queries) {
      const rows = await openSql(sql, { dropMissing: false })
      let count = 0
      for await (const chunk of rows.chunks()) count += chunk.count
      expect(count, sql).toBeGreaterThan(0)
    }
  })
})
