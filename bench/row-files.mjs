// Big files of three columns in several formats, and the cost of reading them. Each of these runs in a process of its own:
//   node bench/row-files.mjs make KIND ROWS FILE      writes a file of KIND
//   node bench/row-files.mjs read KIND FILE           reads it with openRows, or with openSql
//   node bench/row-files.mjs compress KIND FILE       the same, and compresses the rows to 1000 points
// They print a line of JSON.

import { once } from 'node:events'
import { appendFileSync, createWriteStream, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { random } from '../demo/random.mjs'

export const PROGRAM = fileURLToPath(import.meta.url)
export const SIZE = 1000
export const ORDER = 3
const COLUMNS = ['x', 'y', 'z']
const PIECE = 65_536
// The row groups that DuckDB writes.
const GROUP = 122_880

/** Kinds of file. `sql`: read by DuckDB. */
export const KINDS = {
  npy: { title: 'NPY', ending: 'npy' },
  arrow: { title: 'Arrow stream', ending: 'arrows' },
  'parquet-required': { title: 'Parquet, required columns', ending: 'parquet' },
  'parquet-optional': { title: 'Parquet, optional columns', ending: 'parquet' },
  'parquet-zstd': { title: 'Parquet, optional, ZSTD', ending: 'parquet' },
  'parquet-sql': { title: 'the same with optional columns, by DuckDB', ending: 'parquet', sql: true },
  'csv-4': { title: 'CSV, 4 decimals', ending: 'csv' },
  'csv-17': { title: 'CSV, 16 to 17 digits', ending: 'csv' },
}

/** Rows of a mixture of four normal distributions, `count` of them, from row `first` on. */
function rowsFrom(first, count) {
  const { uniform, normal } = random(first + 1)
  const rows = new Float64Array(count * COLUMNS.length)
  for (let i = 0; i < rows.length; i += COLUMNS.length) {
    const k = Math.floor(4 * uniform())
    for (let a = 0; a < COLUMNS.length; a++) rows[i + a] = 3 * Math.cos(1 + k * (a + 2)) + normal() * (0.3 + 0.2 * k)
  }
  return rows
}

function* pieces(rows, size = PIECE) {
  for (let first = 0; first < rows; first += size) yield rowsFrom(first, Math.min(size, rows - first))
}

const columnOf = (rows, a) =>
  Float64Array.from({ length: rows.length / COLUMNS.length }, (_, i) => rows[i * COLUMNS.length + a])

const MAKERS = {
  async npy(count, file) {
    const { npyHeader } = await import('../dist/io/npy-header.js')
    await write(file, [npyHeader('<f8', [count, COLUMNS.length])], pieces(count), (rows) => new Uint8Array(rows.buffer))
  },
  async arrow(count, file) {
    const { tableFromArrays, tableToIPC } = await import('@uwdata/flechette')
    const stream = (rows) =>
      tableToIPC(tableFromArrays(Object.fromEntries(COLUMNS.map((name, a) => [name, columnOf(rows, a)]))), {
        format: 'stream',
      })
    // A stream is a schema, batches, and a mark of 8 bytes.
    const schema = 8 + Buffer.from(stream(rowsFrom(0, 1))).readInt32LE(4)
    const head = stream(rowsFrom(0, 1)).slice(0, schema)
    await write(file, [head], pieces(count), (rows) => stream(rows).slice(schema, -8), [
      Buffer.from('ffffffff00000000', 'hex'),
    ])
  },
  async 'parquet-required'(count, file) {
    const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
    const schema = [
      { name: 'root', num_children: COLUMNS.length },
      ...COLUMNS.map((name) => ({ name, type: 'DOUBLE', repetition_type: 'REQUIRED' })),
    ]
    writeFileSync(file, '')
    const writer = new ByteWriter()
    const flush = () => {
      appendFileSync(file, new Uint8Array(writer.buffer, 0, writer.index))
      writer.index = 0
    }
    const parquet = new ParquetWriter({ writer, schema, codec: 'SNAPPY' })
    for (const rows of pieces(count, GROUP)) {
      const columnData = COLUMNS.map((name, a) => ({
        name,
        data: columnOf(rows, a),
        type: 'DOUBLE',
        nullable: false,
        encoding: 'PLAIN',
      }))
      parquet.write({ columnData, rowGroupSize: GROUP })
      flush()
    }
    parquet.finish()
    flush()
  },
  'parquet-optional': (count, file) => byDuckDB(count, file, 'snappy'),
  'parquet-zstd': (count, file) => byDuckDB(count, file, 'zstd'),
  'parquet-sql': (count, file) => byDuckDB(count, file, 'snappy'),
  'csv-4': (count, file) => writeText(count, file, (value) => value.toFixed(4)),
  'csv-17': (count, file) => writeText(count, file, String),
}

/** Normal numbers by the method of Box and Muller from hashes of the row number. */
async function byDuckDB(count, file, codec) {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const unit = (seed) => `((hash(i * 8 + ${seed}) % 4294967296 + 1) / 4294967297.0::DOUBLE)`
  const columns = COLUMNS.map(
    (name, a) => `sqrt(-2 * ln(${unit(2 * a)})) * cos(2 * pi() * ${unit(2 * a + 1)}) as ${name}`,
  )
  await connection.run(
    `copy (select ${columns.join(', ')} from range(${count}) t(i)) to '${file}' (format parquet, codec '${codec}', row_group_size ${GROUP})`,
  )
  connection.closeSync()
}

const writeText = (count, file, textOf) =>
  write(file, [`${COLUMNS.join(',')}\n`], pieces(count), (rows) => {
    let text = ''
    for (let i = 0; i < rows.length; i += 3)
      text += `${textOf(rows[i])},${textOf(rows[i + 1])},${textOf(rows[i + 2])}\n`
    return text
  })

async function write(file, head, rows, bytesOf, end = []) {
  const stream = createWriteStream(file)
  const put = async (bytes) => stream.write(bytes) || once(stream, 'drain')
  for (const bytes of head) await put(bytes)
  for (const piece of rows) await put(bytesOf(piece))
  for (const bytes of end) await put(bytes)
  stream.end()
  await once(stream, 'finish')
}

/** Reads all rows, and compresses them if that is asked for. CPU time is that of all threads. */
async function read(kind, file, compresses) {
  const { openRows } = await import('../dist/io/rows.js')
  const { openSql } = await import('../dist/io/duckdb.js')
  const { Compressor } = await import('../dist/streaming/compressor.js')
  const start = performance.now()
  const before = process.cpuUsage()
  const rows = KINDS[kind].sql
    ? await openSql(`select x, y, z from '${file}'`, { dropMissing: false, threads: 1 })
    : await openRows(file, { dropMissing: false })
  const compressor = compresses
    ? new Compressor({ dimension: rows.names.length, size: SIZE, order: ORDER, threads: 1 })
    : undefined
  let count = 0
  for await (const chunk of rows.chunks()) {
    await compressor?.push(chunk.points, chunk.weights)
    count += chunk.count
  }
  const result = await compressor?.finish()
  const { user, system } = process.cpuUsage(before)
  return {
    rows: count,
    wall: (performance.now() - start) / 1e3,
    cpu: (user + system) / 1e6,
    peak: process.resourceUsage().maxRSS * 1024,
    residual: (result?.residual ?? 0) / 2 ** -52,
  }
}

if (process.argv[1] === PROGRAM) {
  const [task, kind, ...rest] = process.argv.slice(2)
  const result =
    task === 'make' ? await MAKERS[kind](Number(rest[0]), rest[1]) : await read(kind, rest[0], task === 'compress')
  process.stdout.write(`${JSON.stringify(result ?? {})}\n`)
}
