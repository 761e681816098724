// Parquet, by hyparquet and hyparquet-writer, one column of one row group at a time.
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { type ByteSource, fileError, isCoded } from './bytes.js'
import { META_KEY, metaFromText } from './meta.js'
import { checkPages } from './parquet-check.js'
import {
  type Column,
  ColumnBuilder,
  type ColumnKind,
  keeps,
  type ReadOptions,
  type Table,
  uniqueNames,
  unread,
} from './table.js'

// A row group is decoded as a whole; the largest that are written in practice have some ten million rows.
const MOST_GROUP_ROWS = 2 ** 27

/**
 * Reads the flat columns of a Parquet file; nested ones, texts, dates and booleans are listed but not decoded. Null is a
 * missing value. Throws Error ERR_FILE.
 */
export async function readParquet(source: ByteSource, options: ReadOptions): Promise<Table> {
  try {
    return await readColumns(source, options)
  } catch (error) {
    if (isCoded(error) || options.signal?.aborted) throw error
    // Whatever the library meets in a damaged file: RangeError of a DataView, Error of a decoder.
    throw fileError(source.path, `is a Parquet file that cannot be read: ${(error as Error).message}`, error)
  }
}

async function readColumns(source: ByteSource, options: ReadOptions): Promise<Table> {
  const file = asyncBuffer(source)
  const metadata = await parquetMetadataAsync(file)
  const fields = parquetSchema(metadata).children
  const names = uniqueNames(fields.map(({ element }) => element.name))
  const groups = metadata.row_groups.map((group) => checkGroup(source, group))
  const rows = groups.reduce((sum, { count }) => sum + count, 0)
  if (rows === 0) throw fileError(source.path, 'has no rows')
  const text = metadata.key_value_metadata?.find(({ key }) => key === META_KEY)?.value
  const meta = text === undefined ? undefined : metaFromText(text)
  const wanted = keeps(options)
  const keep = (name: string) => wanted(name) || name === meta?.weight

  const columns: Column[] = []
  for (const [i, field] of fields.entries()) {
    const name = names[i]
    const { kind, stored } = describeField(field)
    if (kind !== 'number') {
      columns.push({ ...unread(name, stored), kind: keep(name) ? kind : 'unread' })
    } else if (!keep(name)) {
      columns.push(unread(name, stored))
    } else {
      const builder = new ColumnBuilder(name, stored)
      let start = 0
      for (const { group, count } of groups) {
        options.signal?.throwIfAborted()
        await readChunk(source, metadata, group, field, start, count, builder)
        start += count
      }
      columns.push(builder.done())
    }
    options.onProgress?.(i + 1, fields.length)
  }
  return { format: 'parquet', rows, columns, named: true, meta, roles: meta }
}

/** Decodes one column of one row group, after a look at its page headers, and adds it to the column. */
async function readChunk(
  source: ByteSource,
  metadata: FileMetaData,
  group: RowGroup,
  field: SchemaTree,
  rowStart: number,
  count: number,
  builder: ColumnBuilder,
): Promise<void> {
  const { name } = field.element
  const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)?.meta_data
  if (chunk === undefined) throw fileError(source.path, `has a row group without the column '${name}'`)
  const first = Number(chunk.dictionary_page_offset || chunk.data_page_offset)
  const start = Math.min(first, Number(chunk.data_page_offset))
  const bytes = await source.read(start, Number(chunk.total_compressed_size))
  checkPages(bytes, count, { codec: chunk.codec, compressors, optional: field.element.repetition_type !== 'REQUIRED' })
  const decoded: ArrayLike<unknown>[] = []
  await parquetRead({
    file: cached(asyncBuffer(source), start, bytes),
    metadata,
    columns: [name],
    rowStart,
    rowEnd: rowStart + count,
    compressors,
    geoparquet: false,
    onChunk: ({ columnData }) => decoded.push(columnData),
  })
  const length = decoded.reduce((sum, values) => sum + values.length, 0)
  if (length !== count)
    throw fileError(source.path, `is damaged: column '${name}' has ${length} values in a group of ${count} rows`)
  for (const values of decoded) for (let i = 0; i < values.length; i++) builder.any(values[i])
}

function checkGroup(source: ByteSource, group: RowGroup): { group: RowGroup; count: number } {
  const count = Number(group.num_rows)
  if (!(count >= 0 && count <= MOST_GROUP_ROWS)) {
    throw fileError(source.path, `has a row group of ${count} rows; ${MOST_GROUP_ROWS} is the limit`)
  }
  return { group, count }
}

function describeField({ element, children }: SchemaTree): { kind: ColumnKind; stored: string } {
  if (children.length > 0 || element.repetition_type === 'REPEATED') return { kind: 'other', stored: 'nested' }
  const { type, converted_type: converted, logical_type: logical } = element
  const kind = logical?.type ?? converted
  if (kind === 'DECIMAL') return { kind: 'number', stored: 'decimal' }
  if (kind === 'FLOAT16') return { kind: 'number', stored: 'float16' }
  const isInteger = kind === undefined || kind === 'INTEGER' || /^U?INT_/.test(kind)
  if (type === 'DOUBLE') return { kind: 'number', stored: 'float64' }
  if (type === 'FLOAT') return { kind: 'number', stored: 'float32' }
  if ((type === 'INT32' || type === 'INT64') && isInteger) {
    if (logical?.type === 'INTEGER')
      return { kind: 'number', stored: `${logical.isSigned ? '' : 'u'}int${logical.bitWidth}` }
    return { kind: 'number', stored: (converted ?? type).toLowerCase().replace('_', '') }
  }
  if (type === 'BYTE_ARRAY' && (kind === undefined || kind === 'UTF8' || kind === 'STRING' || kind === 'ENUM')) {
    return { kind: 'text', stored: 'text' }
  }
  return { kind: 'other', stored: (kind ?? type ?? 'unknown').toLowerCase().replace(/_(milli|micro)s$/, '') }
}

function asyncBuffer(source: ByteSource): AsyncBuffer {
  return {
    byteLength: source.size,
    slice: async (start, end = source.size) => (await source.read(start, end - start)).buffer,
  }
}

/** A file of which one part is in memory. */
function cached(file: AsyncBuffer, from: number, bytes: Uint8Array<ArrayBuffer>): AsyncBuffer {
  return {
    byteLength: file.byteLength,
    slice: (start, end = file.byteLength) => {
      const isThere = start >= from && end <= from + bytes.length
      return isThere ? bytes.buffer.slice(start - from, end - from) : file.slice(start, end)
    },
  }
}

// ---- writing

/** A whole Parquet file of float64 columns and one of row numbers (int64), with a line of metadata. */
export function parquetBytes(
  columns: readonly { name: string; values: Float64Array | BigInt64Array }[],
  meta: string,
): Uint8Array {
  const columnData = columns.map(({ name, values }): ColumnSource => {
    const type = values instanceof Float64Array ? 'DOUBLE' : 'INT64'
    // Not dictionaries: they are looked up by ===, for which 0 and -0 are the same.
    return { name, data: values, type, nullable: false, encoding: 'PLAIN' }
  })
  return new Uint8Array(
    parquetWriteBuffer({ columnData, kvMetadata: [{ key: META_KEY, value: meta }], createdBy: 'fewpoints' }),
  )
}
