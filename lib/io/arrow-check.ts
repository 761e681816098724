// A check of Arrow IPC metadata before it is decoded. The metadata is flatbuffers, whose vectors say their own length;
// the decoder believes that, and one wrong byte could keep it busy for hours. So every table, vector and text has to lie
// inside of its message first, and every buffer inside of its body. The rules are those of flatbuffers' own verifier.
// Formats: https://github.com/apache/arrow/tree/main/format (File.fbs, Message.fbs, Schema.fbs)

/** What stands in a slot of a table: a number of so many bytes, a text, a table, or a vector of one of these. */
type Field = { scalar: number } | { table: () => Layout } | { tables: () => Layout } | { structs: number } | 'text'
/** By slot, as offsets into the vtable: 4, 6, 8, ... */
type Layout = Record<number, Field>

const keyValue: Layout = { 4: 'text', 6: 'text' }
// The fields of all types in one: units and widths are numbers; a time zone or a list of type ids stands in slot 6.
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
// Tables may be shared, so their number, and not only the bytes, needs a bound.
const MAX_TABLES = 100_000
const DEEPEST = 64
// Decimals have at most 76 digits; the decoder raises 10 to the scale in whole numbers of any length.
const MAX_DIGITS = 76

export interface ArrowMessage {
  start: number
  /** Where its numbers begin. */
  body: number
  next: number
  /** The bytes of its buffers when they are unpacked. */
  unpacked: number
}

/** Throws Error saying what is wrong. Returns the messages of all batches. Cost: the size of the metadata. */
export function checkArrow(bytes: Uint8Array): { isFile: boolean; messages: ArrowMessage[] } {
  if (String.fromCharCode(...bytes.subarray(0, 4)) === OLD_FEATHER)
    throw new Error('it is Feather of version 1; version 2 is Arrow and can be read')
  const isFile = bytes.length >= 6 && String.fromCharCode(...bytes.subarray(0, 6)) === MAGIC
  return { isFile, messages: isFile ? checkFile(bytes) : checkStream(bytes) }
}

function checkFile(bytes: Uint8Array): ArrowMessage[] {
  const view = viewOf(bytes)
  const end = bytes.length - MAGIC.length - 4
  if (end < 8 || String.fromCharCode(...bytes.subarray(end + 4)) !== MAGIC) throw new Error('it is cut short')
  const length = view.getInt32(end, true)
  if (length <= 0 || length > end - 8) throw new Error('its footer is larger than the file')
  const check = new Checker(bytes.subarray(end - length, end))
  const table = check.root(footer)
  if (check.slot(table, 6) === 0) throw new Error('it has no schema')
  checkEndianness(check, check.inner(table, 6))
  const messages: ArrowMessage[] = []
  for (const slot of [8, 10]) {
    for (const at of check.structs(table, slot, 24)) {
      const offset = check.int64(at)
      if (!(offset >= 0 && offset < bytes.length)) throw new Error('a block lies outside of the file')
      const message = checkMessage(bytes, offset)
      if (message !== undefined) messages.push(message)
    }
  }
  return messages
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
 * Undefined at the end-of-stream mark. Before Arrow 0.15 a message began with its length and a stream ended with a length of 0; since then there is a mark
 * of four bytes before either.
 */
function checkMessage(bytes: Uint8Array, offset: number): ArrowMessage | undefined {
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
  const bodySlot = check.slot(table, 10)
  const body = bodySlot === 0 ? 0 : check.int64(bodySlot)
  if (!(body >= 0 && start + length + body <= bytes.length)) throw new Error('it is cut short inside of the numbers')
  const typeSlot = check.slot(table, 6)
  const type = typeSlot === 0 ? 0 : check.uint8(typeSlot)
  const layout = HEADERS[type]
  if (layout === undefined) throw new Error(`it has a message of type ${type}`)
  const versionSlot = check.slot(table, 4)
  const version = versionSlot === 0 ? 0 : check.uint8(versionSlot)
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

function checkEndianness(check: Checker, table: number): void {
  const slot = check.slot(table, 4)
  if (slot !== 0 && check.uint8(slot) !== 0) throw new Error('its numbers are big-endian')
}

/**
 * Every buffer lies inside of the body. Before version V4 each had a page number in front, eight bytes more. Returns their
 * length when they are unpacked, which stands in the first eight bytes of one that is packed; -1 there is for as it stands.
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
    // The decoder makes a list of all values of a dictionary, each of which has a bit at least.
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

  /** Follows the offset at `at` to a table and checks it with all that it holds. Returns the table's position. */
  table(at: number, layout: Layout, depth: number): number {
    if (++this.#tables > MAX_TABLES || depth > DEEPEST) throw new Error('its metadata is nested too deeply')
    const table = this.#follow(at)
    const vtable = table - this.#view.getInt32(table, true)
    this.#inside(vtable, 4)
    const size = this.#view.getUint16(vtable, true)
    // Readers differ in what they take for the last slot when half of it is there.
    if (size < 4 || size % 2 !== 0) throw new Error('its metadata is damaged')
    this.#inside(vtable, size)
    this.#inside(table, this.#view.getUint16(vtable + 2, true))
    for (const [slot, field] of Object.entries(layout)) this.#field(this.slot(table, Number(slot)), field, depth)
    if (layout === field) this.#type(table, depth)
    return table
  }

  /** Where the value of a slot stands; 0 when it is left out. */
  slot(table: number, slot: number): number {
    const vtable = table - this.#view.getInt32(table, true)
    if (slot + 2 > this.#view.getUint16(vtable, true)) return 0
    const offset = this.#view.getUint16(vtable + slot, true)
    return offset === 0 ? 0 : table + offset
  }

  /** The table that a slot refers to, which was checked before. */
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

  uint8(at: number): number {
    return this.#view.getUint8(at)
  }

  int64(at: number): number {
    return Number(this.#view.getBigInt64(at, true))
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

  /** A column's type is a union: which table stands in slot 10 depends on the number in slot 8. */
  #type(table: number, depth: number): void {
    const at = this.slot(table, 10)
    if (at === 0) return
    const kindSlot = this.slot(table, 8)
    const kind = kindSlot === 0 ? 0 : this.uint8(kindSlot)
    const layouts: Record<number, Layout> = { [TYPE_DECIMAL]: decimal, [TYPE_TIMESTAMP]: zoned, [TYPE_UNION]: union }
    const type = this.table(at, layouts[kind] ?? plainType, depth + 1)
    if (kind !== TYPE_DECIMAL) return
    const scaleSlot = this.slot(type, 6)
    const scale = scaleSlot === 0 ? 0 : this.#view.getInt32(scaleSlot, true)
    if (!(scale >= 0 && scale <= MAX_DIGITS)) throw new Error(`it has decimals with ${scale} digits behind the point`)
  }

  #vector(at: number, size: number): [start: number, count: number] {
    const start = this.#follow(at)
    const count = this.#view.getUint32(start, true)
    this.#inside(start + 4, count * size)
    return [start + 4, count]
  }

  /** Offsets are unsigned, so they only lead forward and never in a circle. */
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

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
