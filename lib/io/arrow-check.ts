// Checks the metadata of Arrow IPC before it is decoded. The metadata is flatbuffers, whose vectors announce their own
// length. The decoder believes them, and one wrong byte could keep it busy for hours. So every table, vector and text must
// lie inside its message, and every buffer inside its body. The rules are those of flatbuffers' own verifier.
// Formats: https://github.com/apache/arrow/tree/main/format (File.fbs, Message.fbs, Schema.fbs)
import { viewOf } from './bytes.js'

/** The content of a slot of a table: a number of some bytes, a text, a table, or a vector of one of these. */
type Field = { scalar: number } | { table: () => Layout } | { tables: () => Layout } | { structs: number } | 'text'
/** Per slot; slots are offsets into the vtable: 4, 6, 8, ... */
type Layout = Record<number, Field>

const keyValue: Layout = { 4: 'text', 6: 'text' }
// Types: units and widths are numbers. Slot 6 has a time zone or a list of type ids.
const plainType: Layout = { 4: { scalar: 1 } }
const zoned: Layout = { 4: { scalar: 2 }, 6: 'text' }
const decimal: Layout = { 4: { scalar: 4 }, 6: { scalar: 4 }, 8: { scalar: 4 } }
const union: Layout = { 4: { scalar: 2 }, 6: { structs: 4 } }
const dictionary: Layout = { 4: { scalar: 8 }, 6: { table: () => plainType } }
const field: Layout = {
  4: 'text',
  8: { scalar: 1 },
  12: { table: () => dictionary },
  14: { tables: () => field },
  16: { tables: () => keyValue },
}
const schema: Layout = { 4: { scalar: 2 }, 6: { tables: () => field }, 8: { tables: () => keyValue } }
const compression: Layout = { 4: { scalar: 1 }, 6: { scalar: 1 } }
const recordBatch: Layout = {
  4: { scalar: 8 },
  6: { structs: 16 },
  8: { structs: 16 },
  10: { table: () => compression },
  12: { structs: 8 },
}
const dictionaryBatch: Layout = { 4: { scalar: 8 }, 6: { table: () => recordBatch }, 8: { scalar: 1 } }
const message: Layout = { 4: { scalar: 2 }, 6: { scalar: 1 }, 10: { scalar: 8 } }
const footer: Layout = {
  4: { scalar: 2 },
  6: { table: () => schema },
  8: { structs: 24 },
  10: { structs: 24 },
  12: { tables: () => keyValue },
}

const HEADERS: Record<number, Layout> = { 1: schema, 2: dictionaryBatch, 3: recordBatch }
const TYPE_DECIMAL = 7
const TYPE_TIMESTAMP = 10
const TYPE_UNION = 14
const MAGIC = 'ARROW1'
const OLD_FEATHER = 'FEA1'
// Tables may be shared, so their number needs a bound beside that of the bytes.
const MAX_TABLES = 100_000
const DEEPEST = 64
// Decimals have at most 76 digits. The decoder computes 10 to the scale as a bigint, without a bound of its own.
const MAX_DIGITS = 76

export interface ArrowMessage {
  start: number
  /** Where its numbers begin. */
  body: number
  next: number
  /** The bytes of its buffers when they are unpacked. */
  unpacked: number
}

/**
 * Returns the messages of all batches. Throws Error with the reason when the file is damaged. Time: the size of the
 * metadata.
 */
export function checkArrow(bytes: Uint8Array): { isFile: boolean; messages: ArrowMessage[] } {
  if (String.fromCharCode(...bytes.subarray(0, 4)) === OLD_FEATHER)
    throw new Error('it is Feather of version 1; version 2 is Arrow and can be read')
  const isFile = bytes.length >= 6 && String.fromCharCode(...bytes.subarray(0, 6)) === MAGIC
  return { isFile, messages: isFile ? checkFile(bytes) : checkStream(bytes) }
}

function checkFile(bytes: Uint8Array): ArrowMessage[] {
  const end = bytes.length - FILE_END
  const length = footerLength(bytes.subarray(Math.max(0, end)), bytes.length)
  const { dictionaries, records } = checkFooter(bytes.subarray(end - length, end), bytes.length)
  return [...dictionaries, ...records].flatMap((offset) => checkMessage(bytes, offset) ?? [])
}

/** How many bytes at the end of a file say where its footer is. */
export const FILE_END = MAGIC.length + 4

/** The length of the footer of a file of `size` bytes, from its last bytes. It comes before these. */
export function footerLength(last: Uint8Array, size: number): number {
  const end = size - FILE_END
  if (end < 8 || String.fromCharCode(...last.subarray(4)) !== MAGIC) throw new Error('it is cut short')
  const length = viewOf(last).getInt32(0, true)
  if (length <= 0 || length > end - 8) throw new Error('its footer is larger than the file')
  return length
}

/** The places of the batches in a file of `size` bytes. */
export function checkFooter(bytes: Uint8Array, size: number): { dictionaries: number[]; records: number[] } {
  const check = new Checker(bytes)
  const table = check.root(footer)
  if (check.slot(table, 6) === 0) throw new Error('it has no schema')
  checkEndianness(check, check.inner(table, 6))
  const [dictionaries, records] = [8, 10].map((slot) =>
    Array.from(check.structs(table, slot, 24), (at) => {
      const offset = check.int64(at)
      if (!(offset >= 0 && offset < size)) throw new Error('a block lies outside of the file')
      return offset
    }),
  )
  return { dictionaries, records }
}

function checkStream(bytes: Uint8Array): ArrowMessage[] {
  const messages: ArrowMessage[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const message = checkMessage(bytes, offset)
    if (message === undefined) break
    messages.push(message)
    offset = message.next
  }
  if (messages.length === 0) throw new Error('it has no messages')
  return messages
}

/**
 * Undefined at the end of the stream. A message begins with its length, and a stream ends with a length of 0. Since Arrow
 * 0.15 a mark of four bytes comes before the length.
 */
export function checkMessage(bytes: Uint8Array, offset: number): ArrowMessage | undefined {
  const view = viewOf(bytes)
  if (offset + 4 > bytes.length) throw new Error('it is cut short')
  let length = view.getInt32(offset, true)
  let start = offset + 4
  if (length === -1) {
    if (offset + 8 > bytes.length) throw new Error('it is cut short')
    length = view.getInt32(start, true)
    start += 4
  }
  if (length === 0) return undefined
  if (length < 0 || start + length > bytes.length) throw new Error('a message is longer than the file')
  const check = new Checker(bytes.subarray(start, start + length))
  const table = check.root(message)
  const body = check.int64In(table, 10)
  if (!(body >= 0 && start + length + body <= bytes.length)) throw new Error('it is cut short inside the numbers')
  const type = check.uint8In(table, 6)
  const layout = HEADERS[type]
  if (layout === undefined) throw new Error(`it has a message of type ${type}`)
  const version = check.uint8In(table, 4)
  const headerSlot = check.slot(table, 8)
  const next = start + length + body
  const place = { start: offset, body: start + length, next }
  if (headerSlot === 0) return { ...place, unpacked: 0 }
  const header = check.table(headerSlot, layout, 0)
  if (layout === schema) {
    checkEndianness(check, header)
    return { ...place, unpacked: 0 }
  }
  const isDictionary = layout === dictionaryBatch
  const batch = isDictionary ? check.inner(header, 6) : header
  const unpacked = checkBuffers(check, batch, bytes.subarray(start + length, next), version, isDictionary)
  return { ...place, unpacked }
}

/** What a message is, from its metadata alone. */
export interface ArrowHead {
  kind: 'schema' | 'dictionary' | 'records' | 'nothing'
  /** Bytes after the metadata. */
  body: number
  /** Of a batch of records. */
  rows: number
  /** Of a batch of a dictionary: which one, and whether its values come behind those that are there. */
  id: number
  isDelta: boolean
}

/** Checks the metadata of a message, without the mark and the length before it. */
export function checkHead(bytes: Uint8Array): ArrowHead {
  const check = new Checker(bytes)
  const table = check.root(message)
  const body = check.int64In(table, 10)
  if (!(body >= 0)) throw new Error('it is cut short inside the numbers')
  const type = check.uint8In(table, 6)
  const layout = HEADERS[type]
  if (layout === undefined) throw new Error(`it has a message of type ${type}`)
  const slot = check.slot(table, 8)
  const head: ArrowHead = { kind: 'nothing', body, rows: 0, id: 0, isDelta: false }
  if (slot === 0) return head
  const header = check.table(slot, layout, 0)
  if (layout === schema) return { ...head, kind: 'schema' }
  const first = check.int64In(header, 4)
  if (layout === dictionaryBatch)
    return { ...head, kind: 'dictionary', id: first, isDelta: check.uint8In(header, 8) !== 0 }
  if (!(first >= 0)) throw new Error('a batch has a negative length')
  return { ...head, kind: 'records', rows: first }
}

function checkEndianness(check: Checker, table: number): void {
  if (check.uint8In(table, 4) !== 0) throw new Error('its numbers are big-endian')
}

/**
 * Checks that every buffer lies inside the body. Before version V4 a page number of eight bytes came before each.
 * Returns the length of the unpacked buffers. A packed buffer has it in its first eight bytes, or -1 when its bytes are
 * not packed.
 */
function checkBuffers(check: Checker, batch: number, body: Uint8Array, version: number, isDictionary: boolean): number {
  const skip = version < 3 ? 8 : 0
  const isPacked = check.slot(batch, 10) !== 0
  const view = viewOf(body)
  let unpacked = 0
  for (const at of check.structs(batch, 8, 16 + skip)) {
    const offset = check.int64(at + skip)
    const length = check.int64(at + skip + 8)
    if (!(offset >= 0 && length >= 0 && offset + length <= body.length))
      throw new Error('a buffer lies outside of its message')
    if (!isPacked || length === 0) {
      unpacked += length
      continue
    }
    if (length < 8) throw new Error('a packed buffer is cut short')
    const size = Number(view.getBigInt64(offset, true))
    if (size < -1) throw new Error('a packed buffer has a negative length')
    unpacked += size === -1 ? length - 8 : size
  }
  for (const at of check.structs(batch, 6, 16)) {
    const length = check.int64(at)
    if (!(length >= 0)) throw new Error('a column has a negative length')
    // The decoder lists all values of a dictionary. A value takes one bit at least.
    if (isDictionary && length > 8 * unpacked) throw new Error('a dictionary has more values than bytes for them')
  }
  return unpacked
}

class Checker {
  readonly #view: DataView
  #tables = 0

  constructor(bytes: Uint8Array) {
    this.#view = viewOf(bytes)
  }

  root(layout: Layout): number {
    return this.table(0, layout, 0)
  }

  /** Follows the offset at `at` to a table and checks it with its whole content. Returns the table's position. */
  table(at: number, layout: Layout, depth: number): number {
    if (++this.#tables > MAX_TABLES || depth > DEEPEST) throw new Error('its metadata is nested too deeply')
    const table = this.#follow(at)
    const vtable = table - this.#view.getInt32(table, true)
    this.#inside(vtable, 4)
    const size = this.#view.getUint16(vtable, true)
    // Readers disagree about the last slot when only half of it is there.
    if (size < 4 || size % 2 !== 0) throw new Error('its metadata is damaged')
    this.#inside(vtable, size)
    this.#inside(table, this.#view.getUint16(vtable + 2, true))
    for (const [slot, field] of Object.entries(layout)) this.#field(this.slot(table, Number(slot)), field, depth)
    if (layout === field) this.#type(table, depth)
    return table
  }

  /** The position of a slot's value; 0 when it is left out. */
  slot(table: number, slot: number): number {
    const vtable = table - this.#view.getInt32(table, true)
    if (slot + 2 > this.#view.getUint16(vtable, true)) return 0
    const offset = this.#view.getUint16(vtable + slot, true)
    return offset === 0 ? 0 : table + offset
  }

  /** The position of the table that a slot refers to; it is checked already. */
  inner(table: number, slot: number): number {
    const at = this.slot(table, slot)
    if (at === 0) throw new Error('a dictionary has no values')
    return this.#follow(at)
  }

  /** The positions of a vector's elements. */
  *structs(table: number, slot: number, size: number): Generator<number> {
    const at = this.slot(table, slot)
    if (at === 0) return
    const [start, count] = this.#vector(at, size)
    for (let i = 0; i < count; i++) yield start + i * size
  }

  int64(at: number): number {
    return Number(this.#view.getBigInt64(at, true))
  }

  /** The number in a slot; 0 when it is left out. */
  int64In(table: number, slot: number): number {
    const at = this.slot(table, slot)
    return at === 0 ? 0 : this.int64(at)
  }

  /** The number in a slot; 0 when it is left out. */
  uint8In(table: number, slot: number): number {
    const at = this.slot(table, slot)
    return at === 0 ? 0 : this.#view.getUint8(at)
  }

  #field(at: number, field: Field, depth: number): void {
    if (at === 0) return
    if (field === 'text') this.#vector(at, 1)
    else if ('scalar' in field) this.#inside(at, field.scalar)
    else if ('structs' in field) this.#vector(at, field.structs)
    else if ('table' in field) this.table(at, field.table(), depth + 1)
    else {
      const [start, count] = this.#vector(at, 4)
      for (let i = 0; i < count; i++) this.table(start + 4 * i, field.tables(), depth + 1)
    }
  }

  /** A column's type is a union: the number in slot 8 tells the kind of the table in slot 10. */
  #type(table: number, depth: number): void {
    const at = this.slot(table, 10)
    if (at === 0) return
    const kind = this.uint8In(table, 8)
    const layouts: Record<number, Layout> = { [TYPE_DECIMAL]: decimal, [TYPE_TIMESTAMP]: zoned, [TYPE_UNION]: union }
    const type = this.table(at, layouts[kind] ?? plainType, depth + 1)
    if (kind !== TYPE_DECIMAL) return
    const scaleSlot = this.slot(type, 6)
    const scale = scaleSlot === 0 ? 0 : this.#view.getInt32(scaleSlot, true)
    if (!(scale >= 0 && scale <= MAX_DIGITS)) throw new Error(`it has decimals with ${scale} digits after the point`)
  }

  #vector(at: number, size: number): [start: number, count: number] {
    const start = this.#follow(at)
    const count = this.#view.getUint32(start, true)
    this.#inside(start + 4, count * size)
    return [start + 4, count]
  }

  /** Offsets are unsigned, so they lead forward and never in a circle. */
  #follow(at: number): number {
    this.#inside(at, 4)
    const target = at + this.#view.getUint32(at, true)
    this.#inside(target, 4)
    return target
  }

  #inside(at: number, length: number): void {
    if (!(at >= 0 && at + length <= this.#view.byteLength)) throw new Error('its metadata is damaged')
  }
}
