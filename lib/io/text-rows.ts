// The rows of a text table in any dialect (see dialect.ts), piece by piece: comments, blank lines, quotes, rows of a wrong
// width.
import Papa from 'papaparse'
import { fileError } from './bytes.js'
import { isNumber } from './cell.js'
import { type Dialect, recognise } from './dialect.js'
import { beginsWith, parseBlanks } from './sample.js'
import { positionNames, type ReadOptions, uniqueNames } from './table.js'

// A longer row is taken for a quote that was never closed. Without a bound, all text would be searched again for each piece.
export const LONGEST_ROW = 1 << 24
// A row of another width among so many first rows suggests a dialect that was not recognised.
const EARLY = 100

export type Newline = '\n' | '\r'

/** The result of Papa.Parser for a piece of text: whole rows, and where they end. */
interface Parsed {
  data: string[][]
  errors: { code: string; row: number }[]
  meta: { cursor: number }
}

/** Who takes the rows. */
export interface RowTaker {
  /** Called once, before the first row. `names`: of the columns, each of them once. */
  begin(dialect: Dialect, names: readonly string[]): void
  /** A row: a cell per column, and perhaps an empty one after the last delimiter. `line`: from 1. `row`: from 0. */
  row(cells: readonly string[], line: number, row: number): void
}

/** A place between two rows. */
export interface TextPlace {
  /** Rows before it. */
  rows: number
  /** The line there, from 1. */
  line: number
}

/**
 * Takes a text in pieces. Its dialect is recognised from its first lines, or given by `options.text`. Throws Error ERR_FILE
 * with the line: rows of different length, quotes that are not closed.
 */
export class TextRows {
  readonly #path: string
  readonly #options: ReadOptions
  readonly #isTabs: boolean
  #taker: RowTaker
  #newline: Newline | undefined
  #dialect: Dialect | undefined
  #parse: (text: string, isLast: boolean) => Parsed = () => ({ data: [], errors: [], meta: { cursor: 0 } })
  #rest = ''
  /** Cells per row. */
  #width = 0
  /** Lines to pass over. */
  #skip = 0
  /** Rows to pass over: names and units. */
  #heads = 0
  #rows = 0
  #line = 1
  #comments = 0

  constructor(path: string, options: ReadOptions, isTabs: boolean, taker: RowTaker) {
    this.#path = path
    this.#options = options
    this.#isTabs = isTabs
    this.#taker = taker
    this.#skip = options.text?.skip ?? 0
  }

  /** Undefined until it is recognised. */
  get dialect(): Dialect | undefined {
    return this.#dialect
  }

  get newline(): Newline | undefined {
    return this.#newline
  }

  get rows(): number {
    return this.#rows
  }

  get line(): number {
    return this.#line
  }

  /** How many lines were comments. */
  get comments(): number {
    return this.#comments
  }

  /** The same dialect for text from the beginning of another row. `heads`: rows to pass over there, of names and units. */
  at(place: TextPlace, heads: number, taker: RowTaker): TextRows {
    const other = new TextRows(this.#path, this.#options, this.#isTabs, taker)
    other.#newline = this.#newline
    other.#dialect = this.#dialect
    other.#parse = this.#parse
    other.#width = this.#width
    other.#skip = 0
    other.#heads = heads
    other.move(place)
    return other
  }

  /** Says that the next text begins at this place. */
  move({ rows, line }: TextPlace): void {
    this.#rows = rows
    this.#line = line
  }

  /** Whether the next row is one of names or units. */
  get isAtHead(): boolean {
    return this.#heads > 0
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
    if (this.#dialect !== undefined && this.#skip === 0) this.#rest = this.read(text, isLast)
    if (this.#rest.length > LONGEST_ROW) throw this.openQuote()
  }

  /** The end of the text: checks how many rows there are. */
  finish(): void {
    const { names, promised } = this.#dialect ?? {}
    if (this.#rows === 0) {
      throw fileError(this.#path, names === undefined || names.length === 0 ? 'is empty' : 'has names but no rows')
    }
    if (promised !== undefined && promised !== this.#rows) {
      const what = `its first line is ${promised} alone, and ${this.#rows} rows follow`
      throw fileError(this.#path, `${what}; --skip says how many lines stand before the table`)
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
    this.#heads = headsOf(dialect)
    const unique = names === undefined ? positionNames(width) : uniqueNames(names)
    this.#width = unique.length
    this.#taker.begin(dialect, unique)
    if (delimiter === ' ') this.#parse = (text, isLast) => parseBlanks(text, newline, isLast)
    else {
      const parser = new Papa.Parser({ delimiter, newline, quoteChar: '"', escapeChar: '"' })
      this.#parse = (text, isLast) => parser.parse(text, 0, !isLast)
    }
  }

  /**
   * Takes the whole rows at the beginning of a text that begins with a row. `isLast`: whether the text ends the file. Returns
   * the rest of the text, where comments have become empty lines.
   */
  read(given: string, isLast: boolean): string {
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
    return text.slice(meta.cursor)
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
    if (cells.length !== this.#width && !this.#endsInDelimiter(cells)) throw this.#wrongWidth(cells)
    this.#taker.row(cells, this.#line, this.#rows)
    this.#rows++
  }

  #endsInDelimiter(cells: string[]): boolean {
    const width = this.#width
    return this.#dialect?.isTrailing === true && cells.length === width + 1 && cells[width].trim() === ''
  }

  #wrongWidth(cells: string[]): Error {
    const expected = `expected ${this.#width} as in the first row`
    const { delimiter, decimal } = this.#dialect as Dialect
    let help = ''
    if (/^\s*(#|%|\/\/|!)/.test(cells[0])) help = '; --comment passes over lines that begin so'
    else if (delimiter === ',' && decimal === '.' && cells.every((cell) => isNumber(cell)))
      help = '; --decimal , reads decimal commas'
    else if (this.#rows < EARLY)
      help = '; --skip passes over lines before the table, --delimiter says what stands between cells'
    return fileError(
      this.#path,
      `line ${this.#line} has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} (${cellsText(cells)}), ${expected}${help}`,
    )
  }

  /** The error for a row that does not end. */
  openQuote(): Error {
    return this.#brokenQuotes('MissingQuotes')
  }

  #brokenQuotes(code: string): Error {
    const what = code === 'MissingQuotes' ? 'a quote that is never closed' : 'text after a closing quote'
    return fileError(this.#path, `line ${this.#line} has ${what}`)
  }
}

/** How many rows before the first one have names or units. */
export function headsOf({ namesInRow, hasUnits }: Dialect): number {
  return (namesInRow ? 1 : 0) + (hasUnits ? 1 : 0)
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
