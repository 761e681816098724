// Reads the pages of one Parquet column in one group of rows: takes them apart, checks them, and has hyparquet decode
// their values.
// Format: https://github.com/apache/parquet-format (README, Encodings.md)
import { crc32 } from 'node:zlib'
import type { CompressionCodec, Compressors, Encoding } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage, readDataPage } from 'hyparquet/src/datapage.js'
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { viewOf } from './bytes.js'
import { checkLength, checkRuns, checkValues, firstOfDelta } from './parquet-check.js'
import type { ParquetField } from './parquet-footer.js'
import { checkThrift } from './parquet-thrift.js'
import { checkZstdFrame } from './zstd.js'

type PageHeader = ReturnType<typeof parquetHeader>
type PageHead = Parameters<typeof readDataPage>[1]
type Decoder = Parameters<typeof readDataPage>[2]

/** What takes the values of a column, in their order. */
export interface PageTaker {
  number(value: number): void
  bigint(value: bigint): void
  missing(): void
  /** Many numbers at once, all of them there. */
  numbers?(values: Float64Array | Float32Array | Int32Array): void
  /** A value of another kind. */
  other?(value: unknown): void
}

/** The facts about a column that decoding its pages takes. */
export interface PageColumn {
  field: ParquetField
  codec: CompressionCodec
  compressors: Compressors
  /** Turns a stored value (number, bigint or bytes) into the one that it means. Undefined where they are the same. */
  convert: ((stored: unknown) => unknown) | undefined
  /** Bytes of a value at most. Default: those of a decimal. */
  longest?: number | undefined
}

// A page is decoded as a whole. Writers end them at about a megabyte, but one of equal values may have many rows.
const MAX_PAGE_VALUES = 2 ** 26
const LARGEST_PAGE = 2 ** 31 - 1
// The most bytes that one packed byte can become. Snappy copies 64 bytes by 3, deflate 258 bytes by 2 bits, and LZ4 adds 255
// per byte. The other formats have no such bound.
const RATIOS: Partial<Record<CompressionCodec, number>> = {
  UNCOMPRESSED: 1,
  SNAPPY: 24,
  GZIP: 1032,
  LZ4: 256,
  LZ4_RAW: 256,
}
const RATIO_SLACK = 1024

/**
 * Adds the `count` values of a chunk to a column. Its pages begin in the first `size` bytes. Throws Error with the reason
 * when they cannot be read.
 */
export function readPages(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
  count: number,
  column: PageColumn,
  taker: PageTaker,
): void {
  const reader = { view: new DataView(bytes.buffer), offset: 0 }
  let dictionary: unknown[] | undefined
  for (let rest = count; rest > 0; ) {
    if (reader.offset >= size) throw new Error(`column '${column.field.name}' has ${rest} values less than rows`)
    checkThrift(bytes, reader.offset)
    const header = parquetHeader(reader)
    checkLength(header.compressed_page_size, bytes.length - reader.offset)
    const packed = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size)
    reader.offset += header.compressed_page_size
    // The checksum is that of the packed bytes, as a signed number.
    if (header.crc !== undefined && crc32(packed) !== header.crc >>> 0)
      throw new Error('the checksum of a page is wrong')
    if (header.type === 'INDEX_PAGE') continue
    if (header.type === 'DICTIONARY_PAGE') {
      if (dictionary !== undefined) throw new Error('it has two dictionaries for one column')
      dictionary = readDictionary(packed, header, column)
      continue
    }
    const page = header.type === 'DATA_PAGE_V2' ? openV2(packed, header, column) : open(packed, header, column)
    checkLength(page.count, Math.min(rest, MAX_PAGE_VALUES))
    addPage(page, dictionary, column, taker)
    rest -= page.count
  }
}

interface Page {
  /** Values, missing ones included. */
  count: number
  /** How many values are missing, where the page tells it. */
  nulls: number | undefined
  encoding: Encoding | undefined
  /** Which values are there: one bit each, in runs. Empty where all are. */
  levels: Uint8Array
  values: Uint8Array
}

function open(packed: Uint8Array, header: PageHeader, column: PageColumn): Page {
  const { data_page_header: head } = header
  if (header.type !== 'DATA_PAGE' || head === undefined) throw new Error(`it has a page of type ${header.type}`)
  const page = unpack(packed, header.uncompressed_page_size, column)
  const { num_values: count, encoding } = head
  const rest = { count, encoding, nulls: undefined }
  if (!column.field.optional) return { ...rest, levels: page.subarray(0, 0), values: page }
  if (head.definition_level_encoding === 'BIT_PACKED')
    throw new Error('it has missing values in the encoding BIT_PACKED, which is out of use since 2013')
  checkLength(4, page.length)
  const length = viewOf(page).getUint32(0, true)
  checkLength(length, page.length - 4)
  return { ...rest, levels: page.subarray(4, 4 + length), values: page.subarray(4 + length) }
}

/** In version 2 the levels come first and are not packed. */
function openV2(packed: Uint8Array, header: PageHeader, column: PageColumn): Page {
  const { data_page_header_v2: head } = header
  if (head === undefined) throw new Error('it has a page without a header')
  const { num_values: count, num_nulls: nulls, encoding } = head
  checkLength(nulls, count)
  checkLength(head.repetition_levels_byte_length, packed.length)
  checkLength(head.definition_levels_byte_length, packed.length - head.repetition_levels_byte_length)
  const start = head.repetition_levels_byte_length + head.definition_levels_byte_length
  const levels = packed.subarray(head.repetition_levels_byte_length, start)
  const rest = packed.subarray(start)
  const size = header.uncompressed_page_size - start
  const values = head.is_compressed === false || size === 0 ? rest : unpack(rest, size, column)
  if (!column.field.optional && nulls > 0) throw new Error('a page lacks values in a column that must have all')
  return { count, nulls, encoding, levels: column.field.optional ? levels : levels.subarray(0, 0), values }
}

function unpack(packed: Uint8Array, size: number, { codec, compressors }: PageColumn): Uint8Array {
  const ratio = RATIOS[codec]
  const most = ratio === undefined ? LARGEST_PAGE : Math.min(LARGEST_PAGE, ratio * packed.length + RATIO_SLACK)
  checkLength(size, most)
  if (codec === 'LZ4') checkFrames(packed)
  if (codec === 'ZSTD') checkZstdFrame(packed, size)
  return decompressPage(packed, size, codec, compressors)
}

/**
 * LZ4 in Hadoop's frames: the unpacked length, the packed length, and the packed bytes. hyparquet-compressors 1.1 reads the
 * lengths as signed numbers, and never ends when an empty frame has a negative one.
 */
function checkFrames(packed: Uint8Array): void {
  const view = viewOf(packed)
  for (let at = 0; at < packed.length - 8; ) {
    const [unpacked, length] = [view.getInt32(at), view.getInt32(at + 4)]
    at += 8
    if (unpacked === 0 && length < 0) throw new Error('its LZ4 frames are damaged')
    if (length < 0 || length > packed.length - at) return // no Hadoop frames
    at += length
  }
}

function readDictionary(packed: Uint8Array, header: PageHeader, column: PageColumn): unknown[] {
  const { type, typeLength } = column.field
  const count = header.dictionary_page_header?.num_values
  const encoding = header.dictionary_page_header?.encoding
  checkLength(count, MAX_PAGE_VALUES)
  if (encoding !== 'PLAIN' && encoding !== 'PLAIN_DICTIONARY')
    throw new Error(`it has a dictionary in the encoding ${encoding}`)
  const page = unpack(packed, header.uncompressed_page_size, column)
  checkValues(page, 'PLAIN', count as number, type, typeLength)
  if (type === undefined) throw new Error('it has a column without a type')
  const stored = readPlain({ view: viewOf(page), offset: 0 }, type, count as number, typeLength)
  const { convert } = column
  return Array.from(stored as ArrayLike<unknown>, (value) => (convert === undefined ? value : convert(value)))
}

function addPage(page: Page, dictionary: unknown[] | undefined, column: PageColumn, taker: PageTaker): void {
  const { count, nulls, encoding } = page
  const levels = readLevels(page, column.field.optional)
  let present = count
  if (levels !== undefined) {
    present = 0
    for (const level of levels) if (level === 1) present++
  }
  if (nulls !== undefined && present !== count - nulls)
    throw new Error(`a page lacks ${count - present} values and announces ${nulls}`)
  const values = present === 0 ? [] : readValues(page, present, column)
  if (values.length !== present) throw new Error(`a page has ${values.length} values instead of ${present}`)

  const isIndexed = encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY'
  if (isIndexed && present > 0 && dictionary === undefined) throw new Error('it has no dictionary')
  const { convert } = column
  const add = (stored: unknown) => {
    let value = stored
    if (isIndexed) {
      const found = dictionary?.[stored as number]
      if (found === undefined) throw new Error(`it has an entry ${stored} in a dictionary of ${dictionary?.length}`)
      value = found
    } else if (convert !== undefined) {
      value = convert(stored)
    }
    if (typeof value === 'number') taker.number(value)
    else if (typeof value === 'bigint') taker.bigint(value)
    else taker.other?.(value)
  }
  const isPlain = present === count && !isIndexed && convert === undefined
  if (isPlain && taker.numbers !== undefined && isNumbers(values)) {
    taker.numbers(values)
    return
  }
  if (present === count) {
    for (let i = 0; i < count; i++) add(values[i])
    return
  }
  let next = 0
  for (let i = 0; i < count; i++) {
    if (levels?.[i] === 1) add(values[next++])
    else taker.missing()
  }
}

function isNumbers(values: unknown): values is Float64Array | Float32Array | Int32Array {
  return values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array
}

/** 1 where there is a value. Undefined where there are all. */
function readLevels({ count, levels, nulls }: Page, optional: boolean): Uint8Array | undefined {
  if (!optional || (levels.length === 0 && nulls === 0)) return undefined
  const missing = checkRuns(levels, 1, count)
  if (isOneRun(levels, count)) return undefined
  const output = new Uint8Array(count)
  const bytes = padded(levels, missing)
  readRleBitPackedHybrid({ view: viewOf(bytes), offset: 0 }, 1, output, bytes.length)
  return output
}

/** Whether these runs are a single one, of `count` ones: most pages lack nothing. */
function isOneRun(levels: Uint8Array, count: number): boolean {
  let head = 0
  let at = 0
  do head += (levels[at] & 127) * 128 ** at
  while (levels[at++] >= 128)
  return head === 2 * count && levels[at] === 1
}

function readValues({ values, encoding }: Page, present: number, { field, longest }: PageColumn): ArrayLike<unknown> {
  const { type, typeLength } = field
  const missing = checkValues(values, encoding, present, type, typeLength, longest)
  // Without a path in the schema, readDataPage() expects no levels. They are not in these bytes.
  const decoder = { type, element: { type_length: typeLength }, schemaPath: [] }
  const head = { num_values: present, encoding }
  const { dataPage } = readDataPage(padded(values, missing), head as PageHead, decoder as unknown as Decoder)
  if (encoding === 'DELTA_BINARY_PACKED' && dataPage instanceof Int32Array) {
    // Sums are modulo 2^32, so all values lack the same amount as the first one.
    const lacking = firstOfDelta(values) - dataPage[0]
    if (lacking !== 0) for (let i = 0; i < dataPage.length; i++) dataPage[i] += lacking
  }
  return dataPage
}

/** The bytes, followed by `missing` zeros. */
function padded(bytes: Uint8Array, missing: number): Uint8Array {
  if (missing === 0) return bytes
  const longer = new Uint8Array(bytes.length + missing)
  longer.set(bytes)
  return longer
}
