// Checks the values in a page of a Parquet column before they are decoded. The decoder believes run lengths and block sizes.
// One wrong byte there could keep it busy for minutes, take all memory, or lead it into the next page.
// Format: https://github.com/apache/parquet-format (README, Encodings.md)
import type { Encoding, ParquetType } from 'hyparquet'
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js'
import { viewOf } from './bytes.js'

// Writers use 128. The format has no limit.
const LARGEST_DELTA_BLOCK = 1 << 20
// The decoder shifts packed values in 32 bits, up to 7 of which belong to the value before.
const WIDEST_PACKED = 24
// Bytes of a decimal. The 76 digits that other programs support at most take 32 bytes.
export const LONGEST_DECIMAL = 64
// Bytes of a text, and of the texts of a page that share their beginnings.
export const LONGEST_TEXT = 2 ** 26
const MOST_SHARED = 2 ** 28

const SIZES: Partial<Record<ParquetType, number>> = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8, INT96: 12 }

/** Throws Error when `count` values cannot be decoded from these bytes. Returns how many zeros must follow them. */
export function checkValues(
  bytes: Uint8Array,
  encoding: Encoding | undefined,
  count: number,
  type: ParquetType | undefined,
  typeLength: number,
  longest = LONGEST_DECIMAL,
): number {
  if (type === 'BOOLEAN') return checkBooleans(bytes, encoding, count)
  const size = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : SIZES[type as ParquetType]
  switch (encoding) {
    case 'PLAIN':
      if (size === undefined) checkByteArrays(bytes, count, longest)
      else checkLength(count * size, bytes.length)
      return 0
    case 'BYTE_STREAM_SPLIT':
      if (size === undefined) break
      checkLength(count * size, bytes.length)
      return 0
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      checkLength(bytes[0], 32)
      // The indices into a dictionary of one value have no bits, and there may be no runs.
      return bytes[0] > 0 || bytes.length > 1 ? checkRuns(bytes.subarray(1), bytes[0], count) : 0
    case 'DELTA_BINARY_PACKED':
      if (type !== 'INT32' && type !== 'INT64') break
      checkDelta(bytes, 0, count)
      return 0
    case 'DELTA_LENGTH_BYTE_ARRAY':
    case 'DELTA_BYTE_ARRAY':
      if (size !== undefined && type !== 'FIXED_LEN_BYTE_ARRAY') break
      checkDeltaBytes(bytes, count, encoding === 'DELTA_BYTE_ARRAY', longest)
      return 0
  }
  throw new Error(`it has ${type} values in the encoding ${encoding}, which cannot be read`)
}

/** One bit each, or runs after their length in four bytes. */
function checkBooleans(bytes: Uint8Array, encoding: Encoding | undefined, count: number): number {
  if (encoding === 'PLAIN') {
    checkLength(Math.ceil(count / 8), bytes.length)
    return 0
  }
  if (encoding !== 'RLE') throw new Error(`it has BOOLEAN values in the encoding ${encoding}, which cannot be read`)
  checkLength(4, bytes.length)
  const length = viewOf(bytes).getUint32(0, true)
  checkLength(length, bytes.length - 4)
  return checkRuns(bytes.subarray(4, 4 + length), 1, count)
}

/**
 * Checks runs. A run of equal values is an even number, twice their count, and the value. A run of packed values is an odd
 * number, one more than twice the count of groups of eight, and the bits. The runs have as many values as the page, except
 * that the last packed run is filled up: to a group of eight by most writers, to 256 values by DuckDB. Some writers leave
 * the filling out. Returns how many bytes of it are missing.
 */
export function checkRuns(bytes: Uint8Array, width: number, values: number): number {
  const reader = { bytes, at: 0 }
  for (let seen = 0; seen < values; ) {
    const head = readVarInt(reader)
    const isPacked = head % 2 === 1
    const count = isPacked ? ((head - 1) / 2) * 8 : head / 2
    const rest = values - seen
    if (isPacked) {
      if (width > WIDEST_PACKED) throw new Error(`it has packed values of ${width} bits; ${WIDEST_PACKED} can be read`)
      // All bytes but those of the last group must be there, so the size of the page bounds the count.
      const there = bytes.length - reader.at
      checkLength(count, Math.max(rest + 7, width === 0 ? 0 : Math.floor((8 * there) / width)))
      checkLength(Math.ceil((Math.min(count, rest) * width) / 8), there)
      reader.at += (count / 8) * width
    } else {
      checkLength(count, rest)
      reader.at += Math.ceil(width / 8)
      checkLength(reader.at, bytes.length)
    }
    seen += count
  }
  return Math.max(0, reader.at - bytes.length)
}

/**
 * Checks differences in blocks: the least difference, a width per small block, then the packed rest. Walks over all blocks
 * up to the last value. Returns where they end.
 */
function checkDelta(bytes: Uint8Array, start: number, count: number): number {
  const reader = { bytes, at: start }
  const blockSize = readVarInt(reader)
  const miniBlocks = readVarInt(reader)
  checkLength(blockSize, LARGEST_DELTA_BLOCK)
  checkLength(miniBlocks, blockSize)
  // The decoder reads whole words. A small block has whole words when its length is a multiple of 32 values.
  if (miniBlocks === 0 || blockSize === 0 || blockSize % (32 * miniBlocks) !== 0)
    throw new Error(`a page has blocks of ${blockSize} values in ${miniBlocks} parts`)
  const announced = readVarInt(reader)
  if (announced !== count) throw new Error(`a page has ${announced} differences where ${count} values are expected`)
  readVarInt(reader)
  const size = blockSize / miniBlocks
  for (let seen = 1; seen < count; ) {
    readVarInt(reader)
    const widths = reader.at
    reader.at += miniBlocks
    for (let i = 0; i < miniBlocks && seen < count; i++, seen += size) {
      checkLength(bytes[widths + i], 64)
      reader.at += (size * bytes[widths + i]) / 8
    }
    checkLength(reader.at, bytes.length)
  }
  return reader.at
}

/**
 * The value before the first difference, modulo 2^32. It is written with its sign in the lowest bit. The decoder takes 32
 * bits of that, but an unsigned number from 2^31 on has 33.
 */
export function firstOfDelta(bytes: Uint8Array): number {
  const reader = { bytes, at: 0 }
  for (let i = 0; i < 3; i++) readVarInt(reader)
  const folded = readVarInt(reader)
  if (folded >= 2 ** 33) throw new Error('it has a number of more than 32 bits where 32 are stored')
  return (folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2) | 0
}

/** Checks lengths as differences, then the bytes. With DELTA_BYTE_ARRAY the lengths of the prefixes shared with the value
 * before come first. */
function checkDeltaBytes(bytes: Uint8Array, count: number, hasPrefixes: boolean, longest: number): void {
  let at = 0
  const lengths = () => {
    const end = checkDelta(bytes, at, count)
    const output = new Int32Array(count)
    deltaBinaryUnpack({ view: viewOf(bytes), offset: at }, count, output)
    at = end
    return output
  }
  const prefixes = hasPrefixes ? lengths() : undefined
  let before = 0
  let total = 0
  let whole = 0
  for (const [i, length] of lengths().entries()) {
    const prefix = prefixes?.[i] ?? 0
    checkLength(prefix, before)
    checkLength(length, longest - prefix)
    before = prefix + length
    whole += before
    checkLength(whole, Math.max(MOST_SHARED, count * LONGEST_DECIMAL))
    total += length
  }
  checkLength(total, bytes.length - at)
}

function checkByteArrays(bytes: Uint8Array, count: number, longest: number): void {
  const view = viewOf(bytes)
  let at = 0
  for (let i = 0; i < count; i++) {
    checkLength(at + 4, bytes.length)
    const length = view.getUint32(at, true)
    checkLength(length, longest)
    at += 4 + length
  }
  checkLength(at, bytes.length)
}

/** Seven bits per byte, the lowest first; at most 64 in all. */
function readVarInt(reader: { bytes: Uint8Array; at: number }): number {
  let value = 0
  for (let i = 0; i < 10; i++) {
    if (reader.at >= reader.bytes.length) throw new Error('a page is cut short')
    const byte = reader.bytes[reader.at++]
    value += (byte & 127) * 128 ** i
    if (byte < 128) return value
  }
  throw new Error('a page has a number of more than 64 bits')
}

/** Throws Error unless a length that a file announces is a whole number from 0 to `max`. */
export function checkLength(length: number | undefined, max: number): void {
  if (length === undefined || !Number.isInteger(length) || length < 0 || length > max) {
    throw new Error(`a page says ${length} where at most ${max} is possible`)
  }
}
