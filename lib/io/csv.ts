// Text tables in many dialects (see dialect.ts). They are read piece by piece into growing typed arrays, which take 8 bytes
// per number.
import { StringDecoder } from 'node:string_decoder'
import Papa from 'papaparse'
import { type ByteSource, blocks, fileError } from './bytes.js'
import { type addCell, cellAdder, isNumber, isNumberLike } from './cell.js'
import { type Dialect, recognise } from './dialect.js'
import { valueText } from './kept.js'
import { beginsWith, parseBlanks } from './sample.js'
import { newColumns, positionNames, type ReadOptions, type Table, uniqueNames } from './table.js'
import { numberText, rowTexts } from './text.js'

// Pieces of this size keep the parser's rows in the processor's cache. The first piece shows the dialect.
const BLOCK = 1 << 18
// A longer row is taken for a quote that was never closed. Without a bound, all text would be searched again for each piece.
const LONGEST_ROW = 1 << 24
// A row of another width among so many first rows suggests a dialect that was not recognised.
const EARLY = 100

type Newline = '\n' | '\r'

/** The result of Papa.Parser for a piece of text: whole rows, and where they end. */
interface Parsed {
  data: string[][]
  errors: { code: string; row: number }[]
  meta: { cursor: number }
}

/**
 * Reads a text table in UTF-8, with or without byte order mark. Its dialect is recognised from its first lines, or given by
 * `options.text`. Blank lines are passed over.
 *
 * Throws Error ERR_FILE with the line: rows of different length, quotes that are not closed, no rows.
 */
export function readCsv(source: ByteSource, options: ReadOptions): Promise<Table> {
  return readText(source, options, false)
}

/** As readCsv(), for a file whose name says that tabs separate the cells. */
export function readTsv(source: ByteSource, options: ReadOptions): Promise<Table> {
  return readText(source, options, true)
}

async function readText(source: ByteSource, options: ReadOptions, isTabs: boolean): Promise<Table> {
  const reader = new RowReader(source.path, options, isTabs)
  const decoder = new StringDecoder('utf8')
  for await (const block of blocks(source, 0, source.size, BLOCK, options))
    reader.push(decoder.write(block as Buffer), false)
  reader.push(decoder.end(), true)
  return reader.table()
}

class RowReader {
  readonly #path: string
  readonly #options: ReadOptions
  readonly #isTabs: boolean
  #newline: Newline | undefined
  #dialect: Dialect | undefined
  #parse: (text: string, isLast: boolean) => Parsed = () => ({ data: [], errors: [], meta: { cursor: 0 } })
  #rest = ''
  #columns = newColumns([], 'text', {})
  #add: typeof addCell = () => {}
  /** Lines to pass over. */
  #skip = 0
  /** Rows to pass over: names and units. */
  #heads = 0
  #rows = 0
  #line = 1
  #comments = 0

  constructor(path: string, options: ReadOptions, isTabs: boolean) {
    this.#path = path
    this.#options = options
    this.#isTabs = isTabs
    this.#skip = options.text?.skip ?? 0
  }

  push(piece: string, isLast: boolean): void {
    let text = this.#rest + piece
    if (this.#newline === undefined) {
      if (text === '' && !isLast) return
      text = this.#begin(text)
    }
    const newline = this.#newline as Newline
    if (this.#dialect === undefined) {
      text = this.#pass(text, newline)
      if (this.#skip === 0 && (isLast || isEnough(text, newline))) this.#recognise(text, newline, isLast)
    }
    text = this.#pass(text, newline)
    this.#rest = text
    if (this.#dialect !== undefined && this.#skip === 0) this.#read(text, isLast)
    if (this.#rest.length > LONGEST_ROW) throw this.#brokenQuotes('MissingQuotes')
  }

  table(): Table {
    const { names, promised, remarks = [], comment } = this.#dialect ?? {}
    if (this.#rows === 0) {
      throw fileError(this.#path, names === undefined || names.length === 0 ? 'is empty' : 'has names but no rows')
    }
    if (promised !== undefined && promised !== this.#rows) {
      const what = `its first line is ${promised} alone, and ${this.#rows} rows follow`
      throw fileError(this.#path, `${what}; --skip says how many lines stand before the table`)
    }
    const comments = this.#comments === 1 ? '1 comment line' : `${this.#comments} comment lines`
    const facts = [...remarks, ...(this.#comments > 0 ? [`${comments} (${comment ?? '#'})`] : [])]
    return {
      format: 'csv',
      rows: this.#rows,
      columns: this.#columns.done(this.#options.columns !== undefined),
      named: names !== undefined,
      meta: undefined,
      notes: facts.length > 0 ? [`${this.#path}: ${facts.join(', ')}`] : [],
    }
  }

  /** Finds out how lines end. Returns the text without byte order mark. */
  #begin(text: string): string {
    if (text.includes('\0')) {
      throw fileError(this.#path, 'is not a text file in UTF-8 (it has NUL bytes); save it as UTF-8 and try again')
    }
    // '\n' also suits '\r\n': the '\r' is white space at the end of a line. Only old files have '\r' alone.
    this.#newline = text.includes('\n') || !text.includes('\r') ? '\n' : '\r'
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  }

  /** Passes over the lines before the table. */
  #pass(text: string, newline: string): string {
    let at = 0
    while (this.#skip > 0) {
      const end = text.indexOf(newline, at)
      if (end === -1) break
      if (beginsWith(text.slice(at, end), this.#dialect?.leading)) this.#comments++
      at = end + newline.length
      this.#skip--
      this.#line++
    }
    return at === 0 ? text : text.slice(at)
  }

  #recognise(text: string, newline: Newline, isLast: boolean): void {
    const lines = text.split(newline, 1000).map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    // The last line may go on in the next piece.
    if (!isLast && lines.length > 1) lines.pop()
    const dialect = recognise(this.#path, lines, this.#line, this.#options, this.#isTabs)
    const { delimiter, names, width } = dialect
    this.#dialect = dialect
    this.#skip = dialect.skip
    this.#heads = (dialect.namesInRow ? 1 : 0) + (dialect.hasUnits ? 1 : 0)
    const unique = names === undefined ? positionNames(width) : uniqueNames(names)
    this.#columns = newColumns(unique, 'text', this.#options)
    this.#add = cellAdder(dialect.decimal, this.#options.missing)
    if (delimiter === ' ') this.#parse = (text, isLast) => parseBlanks(text, newline, isLast)
    else {
      const parser = new Papa.Parser({ delimiter, newline, quoteChar: '"', escapeChar: '"' })
      this.#parse = (text, isLast) => parser.parse(text, 0, !isLast)
    }
  }

  #read(given: string, isLast: boolean): void {
    const comment = this.#dialect?.comment
    const text = comment === undefined ? given : this.#withoutComments(given, comment, isLast)
    const { data, errors, meta } = this.#parse(text, isLast)
    // The parser also reports on an incomplete last row, which comes again with the next piece.
    const broken = errors.find((error) => error.row < data.length)
    const quoted = text.includes('"')
    for (const [index, row] of data.entries()) {
      if (broken?.row === index) throw this.#brokenQuotes(broken.code)
      this.#row(row)
      this.#line += 1 + (quoted ? newlines(row) : 0)
    }
    this.#rest = text.slice(meta.cursor)
  }

  /** Turns comments into blank lines, so that lines keep their numbers. A line inside a quoted cell is no comment. */
  #withoutComments(text: string, comment: string, isLast: boolean): string {
    if (!text.includes(comment)) return text
    const newline = this.#newline as string
    const lines = text.split(newline)
    let isOpen = false
    for (let i = 0; i < lines.length - (isLast ? 0 : 1); i++) {
      if (!isOpen && beginsWith(lines[i], comment)) {
        lines[i] = ''
        this.#comments++
      } else if (quotes(lines[i]) % 2 === 1) isOpen = !isOpen
    }
    return lines.join(newline)
  }

  #row(cells: string[]): void {
    if (cells.length === 1 && cells[0].trim() === '') return
    if (this.#heads > 0) {
      this.#heads--
      return
    }
    const { builders } = this.#columns
    const line = this.#line
    if (cells.length !== builders.length && !this.#endsInDelimiter(cells)) throw this.#wrongWidth(cells)
    const add = this.#add
    for (let i = 0; i < builders.length; i++) {
      const builder = builders[i]
      if (builder !== undefined) add(builder, cells[i], line)
    }
    this.#rows++
  }

  #endsInDelimiter(cells: string[]): boolean {
    const width = this.#columns.builders.length
    return this.#dialect?.isTrailing === true && cells.length === width + 1 && cells[width].trim() === ''
  }

  #wrongWidth(cells: string[]): Error {
    const expected = `expected ${this.#columns.builders.length} as in the first row`
    const { delimiter, decimal } = this.#dialect as Dialect
    let help = ''
    if (/^\s*(#|%|\/\/|!)/.test(cells[0])) help = '; --comment passes over lines that begin so'
    else if (delimiter === ',' && decimal === '.' && cells.every((cell) => isNumber(cell)))
      help = '; --decimal , reads decimal commas'
    else if (this.#rows < EARLY)
      help = '; --skip passes over lines before the table, --delimiter says what stands between cells'
    return fileError(
      this.#path,
      `line ${this.#line} has ${cells.length} cells, ${expected} (${cellsText(cells)})${help}`,
    )
  }

  #brokenQuotes(code: string): Error {
    const what = code === 'MissingQuotes' ? 'a quote that is never closed' : 'text after a closing quote'
    return fileError(this.#path, `line ${this.#line} has ${what}`)
  }
}

/** Whether the text is enough to recognise the dialect: twenty lines, or as much as twenty very long ones. */
function isEnough(text: string, newline: string): boolean {
  return text.length >= LONGEST_ROW / 2 || text.split(newline, 21).length > 20
}

function quotes(line: string): number {
  let count = 0
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) count++
  return count
}

function cellsText(cells: string[]): string {
  const text = cells.join(' | ')
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}

/** Lines inside quoted cells. */
function newlines(cells: string[]): number {
  let count = 0
  for (const cell of cells) {
    for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count++
  }
  return count
}

// ---- writing

/**
 * A line of names, then the rows. Numbers are the shortest text that reads back bit for bit. A missing value is an empty
 * cell, an empty text is "".
 */
export function* csvText(
  names: readonly string[],
  columns: readonly ArrayLike<unknown>[],
  delimiter: string,
): Generator<string> {
  yield `${names.map((name) => quoted(name, delimiter)).join(delimiter)}\n`
  const rows = columns[0]?.length ?? 0
  const cell = (value: unknown) => (typeof value === 'number' ? numberText(value) : cellText(value, delimiter))
  yield* rowTexts(rows, (row) => `${columns.map((column) => cell(column[row])).join(delimiter)}\n`)
}

function cellText(value: unknown, delimiter: string): string {
  const text = valueText(value)
  const isPlain = text === '' ? value !== '' : !/["\n\r]|^\s|\s$/.test(text) && !text.includes(delimiter)
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`
}

function quoted(name: string, delimiter: string): string {
  // A name that begins like a comment or like JSON would be taken for one, and a number for a row.
  const isOther = /["\n\r]|^\s|\s$|^[#%!/[{]|^sep=/i.test(name)
  const isPlain = !isOther && !isNumberLike(name) && !isNumberLike(name, ',') && !name.includes(delimiter)
  return isPlain ? name : `"${name.replaceAll('"', '""')}"`
}
