// Text tables: comma, semicolon, tab or bar between the cells, quotes where needed. Read piece by piece into growing
// typed arrays, so that memory is 8 bytes a number and not an object a row.
import { StringDecoder } from 'node:string_decoder'
import Papa from 'papaparse'
import { type ByteSource, blocks, fileError } from './bytes.js'
import { addCell, isNumber, isNumberLike } from './cell.js'
import {
  type Column,
  ColumnBuilder,
  keeps,
  positionNames,
  type ReadOptions,
  type Table,
  uniqueNames,
  unread,
} from './table.js'

// Pieces of this size keep the parser's rows in the processor's cache.
const BLOCK = 1 << 18
// A row longer than this is a quote that was never closed; without a bound each piece would be searched again and again.
const LONGEST_ROW = 1 << 24
const DELIMITERS = [',', ';', '\t', '|']

/** What Papa.Parser gives back for a piece of text: whole rows, and how far they reach. */
interface Parsed {
  data: string[][]
  errors: { code: string; row: number }[]
  meta: { cursor: number }
}

/**
 * Reads a text table. The delimiter is the one that is most frequent in the first line (`delimiter` settles it); the
 * first row is taken for names when all its cells are texts, or when a number stands below a text; blank lines are
 * passed over. UTF-8 with or without byte order mark.
 *
 * Throws Error ERR_FILE with the line: rows of different length, quotes that are not closed, no rows.
 */
export async function readCsv(source: ByteSource, options: ReadOptions, delimiter?: string): Promise<Table> {
  const reader = new RowReader(source.path, options, delimiter)
  const decoder = new StringDecoder('utf8')
  for await (const block of blocks(source, 0, source.size, BLOCK, options))
    reader.push(decoder.write(block as Buffer), false)
  reader.push(decoder.end(), true)
  return reader.table()
}

class RowReader {
  readonly #path: string
  readonly #options: ReadOptions
  readonly #delimiter: string | undefined
  #parser: { parse(text: string, base: number, ignoreLast: boolean): Parsed } | undefined
  #rest = ''
  /** Rows met before it is known whether the first one has names. */
  #first: { cells: string[]; line: number } | undefined
  #names: string[] | undefined
  #named = false
  #builders: (ColumnBuilder | undefined)[] = []
  #rows = 0
  #line = 1

  constructor(path: string, options: ReadOptions, delimiter: string | undefined) {
    this.#path = path
    this.#options = options
    this.#delimiter = delimiter
  }

  push(piece: string, last: boolean): void {
    let text = this.#rest + piece
    if (this.#parser === undefined) {
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
      this.#parser = this.#makeParser(text)
    }
    const { data, errors, meta } = this.#parser.parse(text, 0, !last)
    // The parser also reports on the row that is not complete yet; that one comes again with the next piece.
    const broken = errors.find((error) => error.row < data.length)
    const quoted = text.includes('"')
    for (const [index, row] of data.entries()) {
      if (broken?.row === index) throw this.#brokenQuotes(broken.code)
      this.#row(row)
      this.#line += 1 + (quoted ? newlines(row) : 0)
    }
    this.#rest = text.slice(meta.cursor)
    if (this.#rest.length > LONGEST_ROW) throw this.#brokenQuotes('MissingQuotes')
  }

  table(): Table {
    if (this.#names === undefined && this.#first !== undefined) this.#begin(this.#first.cells, undefined)
    if (this.#rows === 0) throw fileError(this.#path, this.#names === undefined ? 'is empty' : 'has names but no rows')
    const names = this.#names as string[]
    const columns = names.map((name, i): Column => this.#builders[i]?.done() ?? unread(name, 'text'))
    return { format: 'csv', rows: this.#rows, columns, named: this.#named, meta: undefined }
  }

  #makeParser(text: string) {
    if (text.includes('\0')) {
      throw fileError(this.#path, 'is not a text file in UTF-8 (it has NUL bytes); save it as UTF-8 and try again')
    }
    // '\n' also suits '\r\n': what is left of the line's end is white space. Only old files have '\r' alone.
    const newline = text.includes('\n') || !text.includes('\r') ? '\n' : '\r'
    const delimiter = this.#delimiter ?? likelyDelimiter(text, newline)
    return new Papa.Parser({ delimiter, newline, quoteChar: '"', escapeChar: '"' })
  }

  #row(cells: string[]): void {
    if (cells.length === 1 && cells[0].trim() === '') return
    if (this.#names !== undefined) this.#add(cells, this.#line)
    else if (this.#first === undefined) this.#first = { cells, line: this.#line }
    else {
      this.#begin(this.#first.cells, cells)
      this.#add(cells, this.#line)
    }
  }

  /** Names and columns, from the first row and the one below it. */
  #begin(first: string[], second: string[] | undefined): void {
    this.#named = this.#options.header ?? looksLikeNames(first, second)
    this.#names = this.#named ? uniqueNames(first) : positionNames(first.length)
    const keep = keeps(this.#options)
    this.#builders = this.#names.map((name) => (keep(name) ? new ColumnBuilder(name, 'text') : undefined))
    if (!this.#named) this.#add(first, this.#first?.line ?? 1)
  }

  #add(cells: string[], line: number): void {
    const builders = this.#builders
    if (cells.length !== builders.length) {
      const expected = `expected ${builders.length} as in the first row`
      throw fileError(this.#path, `line ${line} has ${cells.length} cells, ${expected} (${cellsText(cells)})`)
    }
    for (let i = 0; i < builders.length; i++) {
      const builder = builders[i]
      if (builder !== undefined) addCell(builder, cells[i], line)
    }
    this.#rows++
  }

  #brokenQuotes(code: string): Error {
    const what = code === 'MissingQuotes' ? 'a quote that is never closed' : 'text behind a closing quote'
    return fileError(this.#path, `line ${this.#line} has ${what}`)
  }
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

/** The candidate that is most frequent in the first line outside of quotes; a comma when there is none. */
function likelyDelimiter(text: string, newline: string): string {
  const counts = new Map(DELIMITERS.map((delimiter) => [delimiter, 0]))
  let inQuotes = false
  let seen = false
  for (const character of text.slice(0, BLOCK)) {
    if (character === '"') inQuotes = !inQuotes
    else if (character === newline && !inQuotes && seen) break
    else if (!inQuotes && counts.has(character)) counts.set(character, (counts.get(character) as number) + 1)
    seen ||= character.trim() !== ''
  }
  let best = ','
  for (const [delimiter, count] of counts) if (count > (counts.get(best) as number)) best = delimiter
  return best
}

function looksLikeNames(first: string[], second: string[] | undefined): boolean {
  if (!first.some(isNumber) && first.some((cell) => !isNumberLike(cell))) return true
  return second?.some((cell, i) => isNumber(cell) && !isNumberLike(first[i] ?? '')) ?? false
}

// ---- writing

const ROWS_A_PIECE = 4096

/** Names and rows as text, a few thousand rows a piece. Numbers are the shortest text that reads back bit for bit. */
export function* csvText(
  names: readonly string[],
  columns: readonly ArrayLike<number>[],
  delimiter: string,
): Generator<string> {
  yield `${names.map((name) => quoted(name, delimiter)).join(delimiter)}\n`
  const rows = columns[0]?.length ?? 0
  for (let start = 0; start < rows; start += ROWS_A_PIECE) {
    let text = ''
    for (let row = start; row < Math.min(start + ROWS_A_PIECE, rows); row++) {
      text += `${columns.map((column) => numberText(column[row])).join(delimiter)}\n`
    }
    yield text
  }
}

/** JavaScript writes -0 as 0, everything else so that it reads back as the same float64. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function quoted(name: string, delimiter: string): string {
  const isPlain = !name.includes(delimiter) && !/["\n\r]|^\s|\s$/.test(name)
  return isPlain ? name : `"${name.replaceAll('"', '""')}"`
}
