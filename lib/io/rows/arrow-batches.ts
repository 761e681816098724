// The record batches of Arrow IPC, one after the other, from files, streams and pipes. Every message is checked before it is
// decoded, and only one of them is in memory, beside the dictionaries.
import { type Table as ArrowTable, tableFromIPC } from '@uwdata/flechette'
import { plainError } from '../../errors.js'
import { checkMemory, uint8s } from '../../native/memory.js'
import { addCodecs } from '../arrow.js'
import {
  type ArrowHead,
  checkArrow,
  checkFooter,
  checkHead,
  checkMessage,
  FILE_END,
  footerLength,
} from '../arrow-check.js'
import { viewOf } from '../bytes.js'
import type { Input } from './input.js'

// The metadata of a message grows with the number of columns.
const LONGEST_METADATA = 1 << 26
const MAGIC = 'ARROW1'
// A file begins with its mark and two bytes. What follows has the form of a stream.
const FILE_START = 8

/** A batch that is decoded. It shares its memory with the next one. */
export interface RecordBatch {
  /** Rows before it. */
  first: number
  rows: number
  table: ArrowTable
}

interface Head extends ArrowHead {
  /** Bytes of the mark, the length and the metadata. */
  length: number
  bytes: Uint8Array
}

export class ArrowBatches {
  readonly #input: Input
  #schema: Uint8Array | undefined
  /** In the order in which they apply. */
  #dictionaries: { id: number; bytes: Uint8Array }[] = []
  /** Where the batches of a file are; undefined for a stream. */
  #places: { offset: number; isDictionary: boolean }[] | undefined
  #at = 0
  #row = 0
  #body: Uint8Array<ArrayBuffer> = new Uint8Array(0)

  private constructor(input: Input) {
    this.#input = input
  }

  /** Throws Error with the reason when the file is damaged. */
  static async open(input: Input): Promise<ArrowBatches> {
    const start = Buffer.from(await input.peek(FILE_START))
    const isFile = start.toString('latin1', 0, MAGIC.length) === MAGIC
    // This explains what else it may be.
    if (!isFile && start.toString('latin1', 0, 4) === 'FEA1') checkArrow(start)
    // The places of the batches are at the end.
    if (isFile && input.isPipe) await input.source('an Arrow file')
    const batches = new ArrowBatches(input)
    await addCodecs()
    if (isFile) await batches.#readFooter()
    await input.seek(isFile ? FILE_START : 0)
    const schema = await batches.#head()
    if (schema?.kind !== 'schema') throw new Error('it does not begin with a schema')
    batches.#schema = await batches.#message(schema)
    return batches
  }

  /** The columns, without rows. */
  empty(): ArrowTable {
    return tableFromIPC([this.#schema as Uint8Array])
  }

  /**
   * The next batch with rows. Batches that end at `from` or before are passed over; their numbers are not read. Undefined at
   * the end.
   */
  async next(from = 0): Promise<RecordBatch | undefined> {
    for (let head = await this.#nextHead(); head !== undefined; head = await this.#nextHead()) {
      if (head.kind === 'dictionary') this.#keep(head, await this.#message(head))
      else if (head.kind === 'records') {
        const first = this.#row
        this.#row += head.rows
        if (head.rows === 0 || this.#row <= from) await this.#input.seek(this.#input.position + head.body)
        else return { first, rows: head.rows, table: this.#decode(await this.#message(head, true)) }
      } else await this.#input.seek(this.#input.position + head.body)
    }
    return undefined
  }

  #decode(records: Uint8Array): ArrowTable {
    const messages = [this.#schema as Uint8Array, ...this.#dictionaries.map(({ bytes }) => bytes), records]
    const table = tableFromIPC(messages, { useBigInt: true, useDecimalInt: true })
    for (let i = 0; i < table.numCols; i++) {
      const { length, name } = { length: table.getChildAt(i).length, name: table.schema.fields[i].name }
      if (length !== table.numRows) throw new Error(`column '${name}' has ${length} values in ${table.numRows} rows`)
    }
    return table
  }

  /** A dictionary takes the place of the one before it, unless it adds to that. */
  #keep({ id, isDelta }: Head, bytes: Uint8Array): void {
    if (!isDelta) this.#dictionaries = this.#dictionaries.filter((one) => one.id !== id)
    this.#dictionaries.push({ id, bytes })
  }

  async #readFooter(): Promise<void> {
    const { size = 0 } = this.#input
    const end = size - FILE_END
    if (end < FILE_START) throw new Error('it is cut short')
    const length = footerLength(await this.#bytesAt(end, FILE_END), size)
    const { dictionaries, records } = checkFooter(await this.#bytesAt(end - length, length), size)
    let taken = 0
    this.#places = records.flatMap((offset) => {
      // A dictionary holds for the batches behind it.
      const before = dictionaries.filter((one, i) => i >= taken && one < offset)
      taken = dictionaries.findIndex((one, i) => i >= taken && one >= offset)
      if (taken === -1) taken = dictionaries.length
      return [...before.map((one) => ({ offset: one, isDictionary: true })), { offset, isDictionary: false }]
    })
  }

  async #bytesAt(position: number, length: number): Promise<Uint8Array> {
    const bytes = uint8s(length)
    await this.#input.seek(position)
    if ((await this.#input.fill(bytes)) < length) throw new Error('it is cut short')
    return bytes
  }

  async #nextHead(): Promise<Head | undefined> {
    if (this.#places === undefined) return this.#head()
    for (;;) {
      const place = this.#places[this.#at++]
      if (place === undefined) return undefined
      await this.#input.seek(place.offset)
      const head = await this.#head()
      if (head !== undefined) return head
    }
  }

  /**
   * The metadata of the message that begins here. A message begins with its length, and a stream ends with a length of 0.
   * Since Arrow 0.15 a mark of four bytes comes before the length.
   */
  async #head(): Promise<Head | undefined> {
    const start = new Uint8Array(8)
    const got = await this.#input.fill(start.subarray(0, 4))
    if (got === 0) return undefined
    if (got < 4) throw new Error('it is cut short')
    const view = viewOf(start)
    let prefix = 4
    let length = view.getInt32(0, true)
    if (length === -1) {
      if ((await this.#input.fill(start.subarray(4))) < 4) throw new Error('it is cut short')
      length = view.getInt32(4, true)
      prefix = 8
    }
    if (length === 0) return undefined
    const { size = Number.POSITIVE_INFINITY, position } = this.#input
    if (length < 0 || length > LONGEST_METADATA || position + length > size)
      throw new Error('a message is longer than the file')
    const bytes = uint8s(prefix + length)
    bytes.set(start.subarray(0, prefix))
    if ((await this.#input.fill(bytes.subarray(prefix))) < length) throw new Error('it is cut short')
    const head = checkHead(bytes.subarray(prefix))
    if (this.#input.position + head.body > size) throw new Error('it is cut short inside the numbers')
    return { ...head, length: prefix + length, bytes }
  }

  /** The whole message, checked. Its numbers begin at a multiple of 8. `isShared`: in memory that the next one reuses. */
  async #message(head: Head, isShared = false): Promise<Uint8Array> {
    const { length, body, bytes } = head
    const { path } = this.#input
    const before = (8 - (length % 8)) % 8
    const needed = before + length + body
    this.#checkRoom(needed)
    checkMemory(path, 'a batch of it', needed)
    if (!isShared || this.#body.length < needed) {
      const made = uint8s(needed)
      if (isShared) this.#body = made
      else return this.#filled(made.subarray(before), bytes, body)
    }
    return this.#filled(this.#body.subarray(before, needed), bytes, body)
  }

  async #filled(message: Uint8Array, head: Uint8Array, body: number): Promise<Uint8Array> {
    message.set(head)
    if ((await this.#input.fill(message.subarray(head.length))) < body)
      throw new Error('it is cut short inside the numbers')
    const unpacked = checkMessage(message, 0)?.unpacked ?? 0
    this.#checkRoom(message.length + unpacked)
    checkMemory(this.#input.path, 'its buffers', unpacked)
    return message
  }

  /** Throws Error ERR_MEMORY. */
  #checkRoom(bytes: number): void {
    const { left } = this.#input
    if (bytes <= left) return
    const what = `a batch of records needs ${bytes} bytes of memory, and ${left} may be taken`
    throw plainError('ERR_MEMORY', `${this.#input.path}: ${what}; write smaller batches`)
  }
}
