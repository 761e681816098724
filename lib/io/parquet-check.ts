// A check of the pages of a Parquet column before they are decoded. The decoder believes page headers and run lengths, and
// one wrong byte there could keep it busy for minutes or take all memory.
// Format: https://github.com/apache/parquet-format (README, Encodings.md)
import type { ColumnMetaData, Compressors } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage } from 'hyparquet/src/datapage.js'

// Writers use 128; the format has no limit.
const LARGEST_DELTA_BLOCK = 1 << 20

type PageHeader = ReturnType<typeof parquetHeader>

/** What a page needs to know about its column. */
export interface PageColumn {
  codec: ColumnMetaData['codec']
  compressors: Compressors
  /** Whether values may be null; then each page begins with a bit a value, run-length encoded. */
  optional: boolean
}

/** Checks all pages of a flat column with `count` values. Throws Error. Costs the unpacking, a second time. */
export function checkPages(bytes: Uint8Array<ArrayBuffer>, count: number, column: PageColumn): void {
  const reader = { view: new DataView(bytes.buffer), offset: 0 }
  let rest = count
  while (rest > 0 && reader.offset < bytes.length) {
    const header = parquetHeader(reader)
    checkLength(header.compressed_page_size, bytes.length - reader.offset)
    checkLength(header.uncompressed_page_size, 2 ** 31)
    const packed = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size)
    if (header.type === 'DICTIONARY_PAGE') {
      // Values have at least one byte each.
      checkLength(header.dictionary_page_header?.num_values, header.uncompressed_page_size)
    } else {
      const page = header.data_page_header ?? header.data_page_header_v2
      checkLength(page?.num_values, rest)
      const values = page?.num_values as number
      if (header.data_page_header_v2 === undefined) checkPage(packed, header, values, column)
      else checkPageV2(packed, header, values, column)
      rest -= values
    }
    reader.offset += header.compressed_page_size
  }
}

function checkPage(packed: Uint8Array, header: PageHeader, values: number, column: PageColumn): void {
  const { codec, compressors, optional } = column
  const page = decompressPage(packed, header.uncompressed_page_size, codec, compressors)
  const { encoding } = header.data_page_header as NonNullable<PageHeader['data_page_header']>
  if (!optional) {
    checkValues(page, encoding, values)
    return
  }
  const length = viewOf(page).getUint32(0, true)
  checkLength(length, page.length - 4)
  const present = checkRuns(page.subarray(4, 4 + length), 1, values)
  checkValues(page.subarray(4 + length), encoding, present)
}

/** In version 2 the levels stand in front, not packed. */
function checkPageV2(packed: Uint8Array, header: PageHeader, values: number, column: PageColumn): void {
  const { codec, compressors, optional } = column
  const page = header.data_page_header_v2 as NonNullable<PageHeader['data_page_header_v2']>
  checkLength(page.num_nulls, values)
  checkLength(page.num_rows, values)
  checkLength(page.repetition_levels_byte_length, packed.length)
  checkLength(page.definition_levels_byte_length, packed.length - page.repetition_levels_byte_length)
  const start = page.repetition_levels_byte_length + page.definition_levels_byte_length
  const levels = packed.subarray(page.repetition_levels_byte_length, start)
  const present = optional ? checkRuns(levels, 1, values) : values
  if (present !== values - page.num_nulls) throw new Error('a page has another number of nulls than it says')
  const size = header.uncompressed_page_size - start
  const rest = packed.subarray(start)
  const unpacked = page.is_compressed === false ? rest : decompressPage(rest, size, codec, compressors)
  checkValues(unpacked, page.encoding, present)
}

/** Plain values and split bytes take bytes, so the decoder comes to an end with them; runs and blocks do not. */
function checkValues(bytes: Uint8Array, encoding: string | undefined, values: number): void {
  if (values === 0) return
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    checkLength(bytes[0], 32)
    // Where the dictionary has one value, indices have no bits, and there may be no runs either.
    if (bytes[0] > 0 || bytes.length > 1) checkRuns(bytes.subarray(1), bytes[0], values)
  } else if (encoding === 'DELTA_BINARY_PACKED') {
    const reader = { view: viewOf(bytes), at: 0 }
    const blockSize = readVarInt(reader)
    const miniBlocks = readVarInt(reader)
    checkLength(blockSize, LARGEST_DELTA_BLOCK)
    checkLength(miniBlocks, blockSize)
    if (miniBlocks === 0 || blockSize % miniBlocks !== 0) throw new Error('a page has blocks that cannot be divided')
  }
}

/**
 * Runs of equal values (an even number: twice their count; then the value) and of packed values (an odd number: twice the
 * count of groups of eight, and one; then the bits). Together they are as many as the page has values, but for the filling
 * of the last group. Returns how many of the values are 1, which is asked for where their width is 1.
 */
function checkRuns(bytes: Uint8Array, width: number, values: number): number {
  const reader = { view: viewOf(bytes), at: 0 }
  let seen = 0
  let ones = 0
  while (seen < values) {
    const head = readVarInt(reader)
    const isPacked = head % 2 === 1
    const count = isPacked ? ((head - 1) / 2) * 8 : head / 2
    const rest = values - seen
    checkLength(count, rest + (isPacked ? 7 : 0))
    const start = reader.at
    reader.at += isPacked ? (count / 8) * width : Math.ceil(width / 8)
    // Some writers leave the filling of the last group out.
    checkLength(isPacked ? start + Math.ceil((Math.min(count, rest) * width) / 8) : reader.at, bytes.length)
    if (!isPacked) ones += bytes[start] === 1 ? count : 0
    else for (let i = 0; i < Math.min(count, rest); i++) ones += (bytes[start + (i >> 3)] >> (i & 7)) & 1
    seen += count
  }
  return ones
}

/** Seven bits a byte, the lowest first. */
function readVarInt(reader: { view: DataView; at: number }): number {
  let value = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.view.getUint8(reader.at++)
    value += (byte & 127) * factor
    if (byte < 128) return value
  }
}

/** A length that a file says: a whole number from 0 to `most`. */
function checkLength(length: number | undefined, most: number): void {
  if (length === undefined || !Number.isInteger(length) || length < 0 || length > most) {
    throw new Error(`a page says ${length} where at most ${most} is possible`)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
