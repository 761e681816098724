// Zip archives as numpy.savez writes and reads them: stored or deflated entries, with or without the 64-bit extension,
// checked by their CRC. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import { crc32, inflateRaw } from 'node:zlib'
import { type ByteSource, fileError } from './bytes.js'

export interface ZipEntry {
  name: string
  /** 0 stored, 8 deflated. */
  method: number
  crc: number
  compressedSize: number
  size: number
  /** The position of its local header. */
  offset: number
  /** The position of the next entry, or of the list. */
  end: number
  isEncrypted: boolean
}

const END = 0x06054b50
const END_64_LOCATOR = 0x07064b50
const END_64 = 0x06064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const ALL_ONES = 0xffffffff
// The end record has 22 bytes and a comment of at most 65,535.
const LONGEST_END = 22 + 0xffff
const LOCAL_SIZE = 30
// NPZ files have a handful of arrays.
const MAX_ENTRIES = 10_000
// Deflate makes at most 258 bytes from 2 bits. The slack is for the frame of a short entry.
const DEFLATE_RATIO = 1032
const DEFLATE_SLACK = 1024

/**
 * The archive's list. Throws Error ERR_FILE when an entry does not fit into the file, and when entries share bytes: a small
 * archive could unpack to any size that way.
 */
export async function readZipEntries(source: ByteSource): Promise<ZipEntry[]> {
  const { count, start, size } = await readEnd(source)
  if (count > MAX_ENTRIES) throw fileError(source.path, `has ${count} entries; ${MAX_ENTRIES} is the limit`)
  const bytes = await source.read(start, size)
  const view = new DataView(bytes.buffer)
  const entries: ZipEntry[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== CENTRAL) throw damaged(source)
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true)
    if (next > size) throw damaged(source)
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
    const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)]
    const extra = new DataView(bytes.buffer, at + 46 + nameLength, extraLength)
    const [entrySize, compressedSize, offset] = wideSizes(source, sizes, extra) as [number, number, number]
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      compressedSize,
      size: entrySize,
      offset,
      end: start,
      isEncrypted: (view.getUint16(at + 8, true) & 1) === 1,
    })
    at = next
  }
  checkPlaces(source, entries)
  return entries
}

/** Entries lie one after the other before the list. Sets the end of each. */
function checkPlaces(source: ByteSource, entries: readonly ZipEntry[]): void {
  const names = new Set<string>()
  const inOrder = [...entries].sort((a, b) => a.offset - b.offset)
  for (const [i, entry] of inOrder.entries()) {
    if (names.has(entry.name)) throw fileError(source.path, `has '${entry.name}' twice`)
    names.add(entry.name)
    entry.end = inOrder[i + 1]?.offset ?? entry.end
    if (entry.offset + LOCAL_SIZE + entry.compressedSize > entry.end)
      throw fileError(source.path, `has '${entry.name}' in the same bytes as another entry`)
  }
}

/** The content of one entry. Throws Error ERR_FILE, also when the CRC differs. */
export async function readZipEntry(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const { name, method, compressedSize, size } = entry
  if (entry.isEncrypted) throw fileError(source.path, `has '${name}' encrypted`)
  const head = new DataView((await source.read(entry.offset, LOCAL_SIZE)).buffer)
  if (head.getUint32(0, true) !== LOCAL) throw damaged(source)
  const start = entry.offset + LOCAL_SIZE + head.getUint16(26, true) + head.getUint16(28, true)
  const fits = method === 0 ? size === compressedSize : size <= DEFLATE_RATIO * compressedSize + DEFLATE_SLACK
  if (start + compressedSize > entry.end)
    throw fileError(source.path, `has '${name}' in the same bytes as another entry`)
  if (!fits) throw fileError(source.path, `has '${name}' with ${size} bytes from ${compressedSize}: it is damaged`)
  const packed = await source.read(start, compressedSize)
  if (method !== 0 && method !== 8)
    throw fileError(source.path, `has '${name}' packed by method ${method}; deflate can be read`)
  const content = method === 0 ? packed : await inflate(source, entry, packed)
  if (content.length !== size || crc32(content) !== entry.crc) {
    throw fileError(source.path, `has '${name}' damaged: its checksum or its length is wrong`)
  }
  return content
}

function inflate(source: ByteSource, { name, size }: ZipEntry, packed: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    inflateRaw(packed, { maxOutputLength: Math.max(size, 1) }, (error, content) => {
      if (error) reject(fileError(source.path, `has '${name}' damaged: ${error.message}`, error))
      else resolve(content)
    })
  })
}

async function readEnd(source: ByteSource): Promise<{ count: number; start: number; size: number }> {
  const tailStart = Math.max(0, source.size - LONGEST_END)
  const tail = new DataView((await source.read(tailStart, source.size - tailStart)).buffer)
  const isEnd = (at: number) => tail.getUint32(at, true) === END
  let at = tail.byteLength - 22
  // A comment may contain the mark. Where the length of the comment is right, there is no doubt.
  while (at >= 0 && !(isEnd(at) && at + 22 + tail.getUint16(at + 20, true) === tail.byteLength)) at--
  if (at < 0) throw fileError(source.path, 'is a zip archive that is cut short: its list is missing')
  const short = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  }
  const isWide = short.count === 0xffff || short.size === ALL_ONES || short.start === ALL_ONES
  if (!isWide || at < 20 || tail.getUint32(at - 20, true) !== END_64_LOCATOR) return short
  const wide = new DataView((await source.read(toNumber(source, tail.getBigUint64(at - 12, true)), 56)).buffer)
  if (wide.getUint32(0, true) !== END_64) throw damaged(source)
  const [count, size, start] = [32, 40, 48].map((position) => toNumber(source, wide.getBigUint64(position, true)))
  return { count, size, start } as { count: number; size: number; start: number }
}

/** Sizes that do not fit into 32 bits are in the extra field 1, in the same sequence; the field has no others. */
function wideSizes(source: ByteSource, sizes: number[], extra: DataView): number[] {
  if (!sizes.includes(ALL_ONES)) return sizes
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const id = extra.getUint16(at, true)
    const end = at + 4 + extra.getUint16(at + 2, true)
    let position = at + 4
    if (id === 1 && end <= extra.byteLength) {
      return sizes.map((size) => {
        if (size !== ALL_ONES) return size
        if (position + 8 > end) throw damaged(source)
        position += 8
        return toNumber(source, extra.getBigUint64(position - 8, true))
      })
    }
    at = end
  }
  throw damaged(source)
}

function toNumber(source: ByteSource, value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw damaged(source)
  return number
}

function damaged(source: ByteSource): Error {
  return fileError(source.path, 'is a zip archive that is damaged: its list cannot be read')
}

// ---- writing

// 1 January 1980, 0:00, the earliest date of zip. A fixed date makes equal files of equal content.
const DATE = 0x21

/** An archive of stored entries. It must stay below 4 GiB, as every compressed set does. */
export function* zipStored(files: readonly { name: string; content: Uint8Array }[]): Generator<Uint8Array> {
  const central: Uint8Array[] = []
  let offset = 0
  for (const { name, content } of files) {
    const nameBytes = new TextEncoder().encode(name)
    const fields = entryFields(content, nameBytes.length)
    const local = Buffer.concat([littleEndian([LOCAL, 4], [20, 2]), fields, nameBytes])
    const place = littleEndian([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4])
    central.push(Buffer.concat([littleEndian([CENTRAL, 4], [20, 2], [20, 2]), fields, place, nameBytes]))
    yield local
    yield content
    offset += local.length + content.length
  }
  const list = Buffer.concat(central)
  if (offset + list.length >= ALL_ONES) throw new RangeError(`an archive of ${offset} bytes needs 64-bit sizes`)
  yield list
  yield littleEndian(
    [END, 4],
    [0, 2],
    [0, 2],
    [files.length, 2],
    [files.length, 2],
    [list.length, 4],
    [offset, 4],
    [0, 2],
  )
}

/** The common part of local and central headers. Flag 0x800 means that names are UTF-8. */
function entryFields(content: Uint8Array, nameLength: number): Uint8Array {
  const { length } = content
  return littleEndian(
    [0x800, 2],
    [0, 2],
    [0, 2],
    [DATE, 2],
    [crc32(content), 4],
    [length, 4],
    [length, 4],
    [nameLength, 2],
    [0, 2],
  )
}

function littleEndian(...fields: [value: number, size: 2 | 4][]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [, size]) => sum + size, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [value, size] of fields) {
    if (size === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
    at += size
  }
  return bytes
}
