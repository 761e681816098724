// Parquet, read by hyparquet and written by hyparquet-writer, one column of one row group at a time.
import { compressors } from 'hyparquet-compressors'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { checkMemory } from '../native/memory.js'
import { type ByteSource, fileError, isCoded } from './bytes.js'
import { bigEndian, decimalToNumber } from './decimal.js'
import { isMissing, kindOf, valueText } from './kept.js'
import { type FileMeta, META_KEY, metaFromText } from './meta.js'
import { fromHalf } from './npy.js'
import { LONGEST_DECIMAL, LONGEST_TEXT } from './parquet-check.js'
import { type ParquetField, type ParquetFooter, readParquetFooter } from './parquet-footer.js'
import { type PageColumn, type PageTaker, readPages } from './parquet-pages.js'
import { carriedBytes } from './parquet-sizes.js'
import { valueConverter } from './parquet-values.js'
import { type Column, ColumnBuilder, keeps, type ReadOptions, type Table, uniqueNames, unread } from './table.js'

// Some old writers do not count the header of the dictionary in a chunk's size.
const CHUNK_SLACK = 128

/** How a column is stored, and how a stored value becomes a number. */
export interface Described {
  kind: Column['kind']
  stored: string
  convert?: ((stored: unknown) => number | bigint) | undefined
}

/**
 * Reads the flat columns of numbers of a Parquet file. Nested columns, texts, dates and booleans are listed but not decoded.
 * Null is a missing value, and a decimal becomes the nearest float64. Throws Error ERR_FILE or ERR_MEMORY.
 */
export async function readParquet(source: ByteSource, options: ReadOptions): Promise<Table> {
  try {
    return await readColumns(source, options)
  } catch (error) {
    if (isCoded(error) || options.signal?.aborted) throw error
    // The library's own errors about a damaged file: RangeError of a DataView, Error of a decoder.
    throw fileError(source.path, `is a Parquet file that cannot be read: ${(error as Error).message}`, error)
  }
}

async function readColumns(source: ByteSource, options: ReadOptions): Promise<Table> {
  const { names, described, groups, rows, meta, readColumn } = await openParquet(source)
  const wanted = keeps(options)
  const keep = (name: string) => wanted(name) || name === meta?.weight
  const kept = described.filter(({ kind }, i) => kind === 'number' && keep(names[i])).length
  checkMemory(source.path, `${rows} rows of ${kept} numbers`, 8 * rows * kept)

  const columns: Column[] = []
  for (const [i, { kind, stored }] of described.entries()) {
    const name = names[i]
    if (kind !== 'number') {
      columns.push({ ...unread(name, stored), kind: keep(name) ? kind : 'unread' })
    } else if (!keep(name)) {
      columns.push(unread(name, stored))
    } else {
      const builder = new ColumnBuilder(name, stored)
      for (const group of groups.keys()) {
        options.signal?.throwIfAborted()
        await readColumn(group, i, builder)
      }
      columns.push(builder.done())
    }
    options.onProgress?.(i + 1, described.length)
  }
  return { format: 'parquet', rows, columns, named: true, meta, roles: meta }
}

/** A file whose footer is read. Columns are identified by their position, since two may have one name. */
export interface ParquetTable {
  names: string[]
  described: Described[]
  groups: readonly { rows: number }[]
  rows: number
  meta: FileMeta | undefined
  /** Whether the statistics of a column say that all its values are missing. */
  isEmpty(column: number): boolean
  /** Adds one column of numbers of one row group. */
  readColumn(group: number, column: number, taker: PageTaker): Promise<void>
  /** About how many bytes readValues() takes at most. */
  carriedBytes(group: number, column: number): number
  /** One column of one row group, of any flat kind: numbers, bigints, texts, booleans, dates, null. */
  readValues(group: number, column: number): Promise<unknown[]>
}

/** Throws Error ERR_FILE, or a plain Error when the metadata is damaged. */
export async function openParquet(source: ByteSource): Promise<ParquetTable> {
  const { fields, groups, keyValues } = await readParquetFooter(source)
  const names = uniqueNames(fields.map(({ name }) => name))
  const rows = groups.reduce((sum, group) => sum + group.rows, 0)
  if (rows === 0) throw fileError(source.path, 'has no rows')
  if (fields.length === 0) throw fileError(source.path, 'has no columns')
  const text = keyValues.get(META_KEY)
  const meta = text === undefined ? undefined : metaFromText(text)
  const described = fields.map(describeField)
  const readColumn = (group: number, column: number, taker: PageTaker) =>
    readChunk(source, groups[group], fields[column], described[column].convert, taker)
  const readValues = async (group: number, column: number) => {
    const { kind, convert: toNumber } = described[column]
    const convert = kind === 'number' ? toNumber : valueConverter(source.path, fields[column])
    const values: unknown[] = []
    const take = (value: unknown) => values.push(value)
    const taker = { number: take, bigint: take, missing: () => take(null), other: take }
    await readChunk(source, groups[group], fields[column], convert, taker, LONGEST_TEXT)
    return values
  }
  const isEmpty = (column: number) =>
    groups.every(({ rows, chunks }) => {
      const chunk = chunks[fields[column].index]
      return rows === 0 || (typeof chunk === 'object' && chunk.nulls === rows)
    })
  const bytesOf = (group: number, column: number) => carriedBytes(groups[group], fields[column])
  return { names, described, groups, rows, meta, isEmpty, readColumn, carriedBytes: bytesOf, readValues }
}

/** Adds one column of one row group. */
async function readChunk(
  source: ByteSource,
  { rows, chunks }: ParquetFooter['groups'][number],
  field: ParquetField,
  convert: PageColumn['convert'],
  taker: PageTaker,
  longest?: number,
): Promise<void> {
  const { path, size } = source
  const chunk = chunks[field.index]
  if (rows === 0) return
  if (chunk === undefined) throw fileError(path, `has a row group without the column '${field.name}'`)
  if (typeof chunk === 'string') throw fileError(path, `has a column '${field.name}' that ${chunk}`)
  if (chunk.path.length !== 1 || chunk.path[0] !== field.name || chunk.type !== field.type)
    throw fileError(path, `is damaged: where column '${field.name}' should be, there is '${chunk.path.join('.')}'`)
  if (chunk.codec === undefined) throw fileError(path, `has the column '${field.name}' packed in an unknown way`)
  if (chunk.start + chunk.size > size) throw fileError(path, `is cut short: column '${field.name}' is not all there`)
  // The values are in the first `chunk.size` bytes, or a few bytes later (see CHUNK_SLACK).
  const bytes = await source.read(chunk.start, Math.min(chunk.size + CHUNK_SLACK, size - chunk.start))
  readPages(bytes, chunk.size, rows, { field, codec: chunk.codec, compressors, convert, longest }, taker)
}

function describeField(field: ParquetField): Described {
  const { isFlat, type, typeLength, converted, logical, scale } = field
  if (!isFlat) return { kind: 'other', stored: 'nested' }
  const kind = logical?.name ?? converted
  const isInteger = kind === undefined || kind === 'INTEGER' || /^U?INT_/.test(kind)
  if (kind === 'DECIMAL') return describeDecimal(type, typeLength, scale)
  if (kind === 'FLOAT16' && type === 'FIXED_LEN_BYTE_ARRAY' && typeLength === 2) {
    return { kind: 'number', stored: 'float16', convert: (stored) => halfOf(stored as Uint8Array) }
  }
  if (type === 'DOUBLE' && kind === undefined) return { kind: 'number', stored: 'float64' }
  if (type === 'FLOAT' && kind === undefined) return { kind: 'number', stored: 'float32' }
  if ((type === 'INT32' || type === 'INT64') && isInteger) {
    const isLogical = logical?.name === 'INTEGER'
    const isUnsigned = isLogical ? logical.isSigned === false : (converted ?? '').startsWith('U')
    const stored = isLogical
      ? `${isUnsigned ? 'u' : ''}int${logical.bitWidth}`
      : (converted ?? type).toLowerCase().replace('_', '')
    if (!isUnsigned) return { kind: 'number', stored }
    // Unsigned numbers are stored in the bits of signed ones.
    const convert = (stored: unknown) =>
      typeof stored === 'bigint' ? BigInt.asUintN(64, stored) : (stored as number) >>> 0
    return { kind: 'number', stored, convert }
  }
  if (type === 'BYTE_ARRAY' && (kind === undefined || kind === 'UTF8' || kind === 'STRING' || kind === 'ENUM')) {
    return { kind: 'text', stored: 'text' }
  }
  return { kind: 'other', stored: (kind ?? type ?? 'unknown').toLowerCase().replace(/_(milli|micro)s$/, '') }
}

/** Decimals are stored as whole numbers, or as the bytes of one, the highest first. */
function describeDecimal(type: ParquetField['type'], typeLength: number, scale: number): Described {
  const stored = 'decimal'
  if (type === 'INT32' || type === 'INT64') {
    return { kind: 'number', stored, convert: (value) => decimalToNumber(value as number | bigint, scale) }
  }
  const isBytes = type === 'BYTE_ARRAY' || (type === 'FIXED_LEN_BYTE_ARRAY' && typeLength > 0)
  if (!isBytes || typeLength > LONGEST_DECIMAL) return { kind: 'other', stored }
  return { kind: 'number', stored, convert: (bytes) => decimalToNumber(bigEndian(bytes as Uint8Array), scale) }
}

function halfOf(bytes: Uint8Array): number {
  return fromHalf(bytes[0] | (bytes[1] << 8))
}

// ---- writing

/**
 * A whole Parquet file with a line of metadata. Columns of float64 and int64 are written as such; lists of other values as
 * their kind says, and as texts where kinds are mixed.
 */
export function parquetBytes(
  columns: readonly { name: string; values: Float64Array | BigInt64Array | ArrayLike<unknown> }[],
  meta: string,
): Uint8Array {
  const columnData = columns.map(({ name, values }): ColumnSource => {
    // No dictionaries: the writer looks values up by ===, for which 0 and -0 are the same.
    const encoding = 'PLAIN'
    if (values instanceof Float64Array) return { name, data: values, type: 'DOUBLE', nullable: false, encoding }
    if (values instanceof BigInt64Array) return { name, data: values, type: 'INT64', nullable: false, encoding }
    return { name, ...keptData(values), encoding }
  })
  return new Uint8Array(
    parquetWriteBuffer({ columnData, kvMetadata: [{ key: META_KEY, value: meta }], createdBy: 'fewpoints' }),
  )
}

const TYPES = { number: 'DOUBLE', bigint: 'INT64', boolean: 'BOOLEAN', date: 'TIMESTAMP' } as const

function keptData(values: ArrayLike<unknown>): Pick<ColumnSource, 'data' | 'type' | 'nullable'> {
  const kind = kindOf(values)
  const fits = kind !== 'bigint' || Array.from(values).every((value) => isMissing(value) || isInt64(value as bigint))
  const type = fits && kind in TYPES ? TYPES[kind as keyof typeof TYPES] : 'STRING'
  const data = Array.from(values, (value) => {
    if (isMissing(value)) return null
    return type === 'STRING' ? valueText(value) : value
  })
  return { data, type, nullable: data.includes(null) }
}

function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}
