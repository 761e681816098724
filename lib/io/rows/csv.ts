// Text tables in blocks. The first lines tell the dialect and the columns, as for a whole table. Rows of plain numbers are
// read from their bytes by the addon, all others by the reader of whole tables. Both give the same numbers.
import { StringDecoder } from 'node:string_decoder'
import { native } from '../../native/addon.js'
import { cellValue, missingNumbers } from '../cell.js'
import { BLOCK, TextTable } from '../csv.js'
import type { Dialect } from '../dialect.js'
import type { Column, ReadOptions } from '../table.js'
import { headsOf, LONGEST_ROW, type TextRows } from '../text-rows.js'
import type { Input } from './input.js'
import { EndOfBlock, RowSink } from './row-sink.js'
import { fromRow } from './skip.js'
import { type Block, type BlockReader, type Position, rowsPerBlock, type Use } from './types.js'
import { troubleOf } from './views.js'

// Bytes that are read at once.
const PIECE = 1 << 19
// Bytes that the reader of whole tables gets at once: little after rows of plain numbers, then twice as much each time.
const LEAST_SLOW = 1 << 8
const MOST_SLOW = 1 << 16
// After so many rows of plain numbers, the next other row is likely to be alone.
const MANY = 64

export interface TextOptions extends ReadOptions {
  dropMissing: boolean
}

/** Throws Error ERR_FILE. */
export async function openTextRows(input: Input, options: TextOptions, isTabs: boolean): Promise<BlockReader> {
  const sample = new TextTable(input.path, options, isTabs)
  const { text } = sample
  const decoder = new StringDecoder('utf8')
  let isWhole = false
  for (let fed = 0; !isWhole && text.rows === 0; ) {
    const wanted = fed === 0 ? BLOCK : 2 * fed
    const bytes = await input.peek(wanted)
    isWhole = bytes.length < wanted || bytes.length === input.size
    text.push(decoder.write(Buffer.from(bytes.subarray(fed))), false)
    if (isWhole) text.push(decoder.end(), true)
    fed = bytes.length
  }
  if (isWhole) text.finish()
  const table = sample.table(isWhole)
  return {
    format: 'csv',
    table,
    part: isWhole ? undefined : table.rows,
    rows: isWhole ? table.rows : undefined,
    total: input.size,
    blocks: (use, from) => {
      const blocks = new TextBlocks(input, options, text, table.columns, use)
      return from === undefined || from.byte !== undefined
        ? blocks.read(from)
        : fromRow(blocks.read(undefined), from.row, use.columns.length)
    },
  }
}

class TextBlocks {
  readonly #input: Input
  readonly #newline: number
  readonly #sink: RowSink
  readonly #skip: number
  #text: TextRows
  #fast: FastRows | undefined
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(PIECE)
  /** The bytes to read lie between these; the first of them is byte `base` + `begin` of the file. */
  #begin = 0
  #end = 0
  #base = 0
  #isEnd = false
  #slow = LEAST_SLOW

  constructor(input: Input, options: TextOptions, text: TextRows, columns: readonly Column[], use: Use) {
    const dialect = text.dialect as Dialect
    this.#input = input
    this.#newline = (text.newline as string).charCodeAt(0)
    this.#skip = (options.text?.skip ?? 0) + dialect.skip
    this.#sink = new RowSink(input.path, options, dialect, columns, use)
    this.#text = text.at({ rows: 0, line: 1 }, headsOf(dialect), this.#sink)
    this.#fast = FastRows.for(dialect, this.#newline, columns, use, options)
  }

  async *read(from: Position | undefined): AsyncGenerator<Block> {
    if (from === undefined) await this.#passHead()
    else {
      await this.#input.seek(from.byte)
      this.#base = from.byte
      this.#text = this.#text.at({ rows: from.row, line: from.line }, 0, this.#sink)
    }
    for (let isDone = false; !isDone; ) {
      const first = this.#text.rows
      isDone = await this.#fill()
      const { rows: row, line } = this.#text
      if (row > first) {
        const position = { byte: this.#base + this.#begin, row, line }
        const why: Block['why'] = (i) => troubleOf(Number.NaN, first + i)
        yield { first, ...this.#sink.block(), position, done: position.byte, why }
      }
      if (this.#sink.refusal !== undefined) throw this.#sink.refusal
    }
    if (from === undefined) this.#text.finish()
  }

  /** Passes over a byte order mark and the lines before the table. */
  async #passHead(): Promise<void> {
    await this.#more()
    const [a, b, c] = this.#bytes
    if (this.#end >= 3 && a === 0xef && b === 0xbb && c === 0xbf) this.#begin = 3
    for (let skip = this.#skip; skip > 0; skip--) {
      let at = this.#lineEnd(this.#begin)
      while (at === -1 && !this.#isEnd) {
        await this.#more()
        at = this.#lineEnd(this.#begin)
      }
      this.#begin = at === -1 ? this.#end : at
    }
    this.#text.move({ rows: 0, line: 1 + this.#skip })
  }

  /** Reads rows until the block is full. Returns true at the end of the file, and where a row is refused. */
  async #fill(): Promise<boolean> {
    const sink = this.#sink
    sink.clear()
    while (sink.room > 0) {
      if (this.#begin === this.#end && !this.#isEnd) await this.#more()
      if (this.#begin === this.#end && this.#isEnd) return true
      const stop = this.#fast === undefined || this.#text.isAtHead ? 'other' : this.#readFast(this.#fast)
      if (stop === 'more') await this.#more()
      else if (stop === 'other' && !(await this.#readSlow())) return true
    }
    return false
  }

  #readFast(fast: FastRows): 'full' | 'more' | 'other' {
    const { rows, line } = this.#text
    const read = fast.read(this.#bytes, this.#begin, this.#end, this.#isEnd, this.#sink)
    this.#begin = read.end
    this.#text.move({ rows: rows + read.rows, line: line + read.lines })
    if (read.rows >= MANY) this.#slow = LEAST_SLOW
    return read.stop
  }

  /** Reads some rows in the way of whole tables. Returns false where a row is refused. */
  async #readSlow(): Promise<boolean> {
    this.#slow = Math.min(2 * this.#slow, MOST_SLOW)
    let room = this.#sink.room
    for (let wanted = this.#slow; ; wanted *= 2) {
      const end = await this.#rangeOf(wanted, room)
      const isLast = this.#isEnd && end === this.#end
      const bytes = Buffer.from(this.#bytes.buffer, this.#begin, end - this.#begin)
      let rest: string
      try {
        rest = this.#text.read(bytes.toString('utf8'), isLast)
      } catch (error) {
        if (!(error instanceof EndOfBlock)) this.#sink.refusal = error
        return false
      }
      if (isLast) {
        this.#begin = end
        return true
      }
      // What is left begins with a row that goes on after it.
      const before = this.#begin
      this.#begin = this.#startOf(rest, end)
      if (this.#begin > before) return true
      // The lines of one row may be more than the rows of a block.
      room = Number.POSITIVE_INFINITY
      if (end - this.#begin > LONGEST_ROW) {
        this.#sink.refusal = this.#text.openQuote()
        return false
      }
    }
  }

  /** The end of the lines from `begin` on that have `wanted` bytes, at most `room` lines. */
  async #rangeOf(wanted: number, room: number): Promise<number> {
    let end = this.#begin
    for (let rows = 0; rows < room && end - this.#begin < wanted; rows++) {
      const next = this.#lineEnd(end)
      if (next === -1 && this.#end - end > LONGEST_ROW) throw this.#text.openQuote()
      if (next !== -1) end = next
      else if (this.#isEnd) return this.#end
      else {
        const length = end - this.#begin
        await this.#more()
        end = this.#begin + length
        rows--
      }
    }
    return end
  }

  /** Where the text `rest` begins among the bytes that end at `end`. Both have the same lines. */
  #startOf(rest: string, end: number): number {
    if (rest === '') return end
    const newline = String.fromCharCode(this.#newline)
    let lines = 0
    for (let at = rest.indexOf(newline); at !== -1; at = rest.indexOf(newline, at + 1)) lines++
    // The range ends with the end of a line.
    let start = end - 1
    for (let i = 0; i < lines; i++) start = this.#bytes.lastIndexOf(this.#newline, start - 1)
    return start === -1 ? 0 : start + 1
  }

  /** The place after the end of the line at `from`; -1 when it is not there. */
  #lineEnd(from: number): number {
    const at = this.#bytes.indexOf(this.#newline, from)
    return at === -1 || at >= this.#end ? -1 : at + 1
  }

  /** Reads the next bytes behind those that are left. */
  async #more(): Promise<void> {
    const left = this.#end - this.#begin
    // The slower way says what is wrong with such a row.
    if (left > LONGEST_ROW) this.#fast = undefined
    let into = this.#bytes
    if (left + PIECE / 2 > into.length) into = new Uint8Array(2 * into.length)
    if (into !== this.#bytes) into.set(this.#bytes.subarray(this.#begin, this.#end))
    else into.copyWithin(0, this.#begin, this.#end)
    this.#bytes = into
    this.#base += this.#begin
    this.#begin = 0
    const done = await this.#input.fill(into.subarray(left))
    this.#end = left + done
    this.#isEnd = this.#end < into.length
  }
}

/** Rows of plain numbers, read by the addon. */
class FastRows {
  readonly #input: Omit<Parameters<ReturnType<typeof native>['numberRows']>[0], 'bytes' | 'points' | 'weights'>
  readonly #kept: readonly { decimal: '.'; isNumber: boolean }[]

  /** Undefined for a dialect whose rows are never plain. */
  static for(
    dialect: Dialect,
    newline: number,
    columns: readonly Column[],
    use: Use,
    options: ReadOptions,
  ): FastRows | undefined {
    const { delimiter, decimal } = dialect
    // These may be part of a number.
    if (decimal !== '.' || /^["\w+\-.]$/.test(delimiter) || delimiter.charCodeAt(0) > 126) return undefined
    // A column may be wanted in one place only.
    const wanted = [...use.columns, ...(use.weight === undefined ? [] : [use.weight])]
    if (new Set(wanted).size < wanted.length || new Set(use.keep).size < use.keep.length) return undefined
    return new FastRows(dialect, newline, columns, use, options)
  }

  private constructor(
    { delimiter, comment, isTrailing }: Dialect,
    newline: number,
    columns: readonly Column[],
    { columns: points, weight, keep }: Use,
    options: ReadOptions,
  ) {
    this.#kept = keep.map((i) => ({ decimal: '.', isNumber: columns[i].kind === 'number' }))
    this.#input = {
      begin: 0,
      end: 0,
      last: false,
      newline,
      delimiter: delimiter.charCodeAt(0),
      comment: comment?.charCodeAt(0) ?? 0,
      trailing: isTrailing,
      width: points.length,
      slots: placesOf(weight === undefined ? points : [...points, weight], columns.length),
      keep: placesOf(keep, columns.length),
      kept: keep.length,
      missing: Float64Array.from(missingNumbers(options.missing ?? [])),
      most: 0,
      row: 0,
      spans: new Uint32Array(2 * keep.length * rowsPerBlock(points.length + keep.length)),
    }
  }

  read(bytes: Uint8Array<ArrayBuffer>, begin: number, end: number, last: boolean, sink: RowSink) {
    const { points, weights = new Float64Array(0), count: row, most } = sink
    const read = native().numberRows({ ...this.#input, bytes, points, weights, begin, end, last, row, most })
    const { spans } = this.#input
    const text = Buffer.from(bytes.buffer)
    for (let i = 0, at = 0; i < read.rows; i++) {
      for (const [k, { decimal, isNumber }] of this.#kept.entries()) {
        sink.kept[k].push(cellValue(text.toString('utf8', spans[at], spans[at + 1]), decimal, isNumber))
        at += 2
      }
    }
    sink.count += read.rows
    return read
  }
}

/** Per column, its place in a list, or -1. */
function placesOf(list: readonly number[], columns: number): Int32Array<ArrayBuffer> {
  const places = new Int32Array(columns).fill(-1)
  for (const [place, column] of list.entries()) places[column] = place
  return places
}
