// Text tables in many dialects (see dialect.ts). They are read piece by piece into growing typed arrays, which take 8 bytes
// per number.
import { StringDecoder } from 'node:string_decoder'
import { type ByteSource, blocks } from './bytes.js'
import { type addCell, cellAdder, isNumberLike } from './cell.js'
import type { Dialect } from './dialect.js'
import { valueText } from './kept.js'
import { newColumns, type ReadOptions, type Table } from './table.js'
import { numberText, rowTexts } from './text.js'
import { TextRows } from './text-rows.js'

// Pieces of this size keep the parser's rows in the processor's cache. The first piece shows the dialect.
export const BLOCK = 1 << 18

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
  const table = new TextTable(source.path, options, isTabs)
  const decoder = new StringDecoder('utf8')
  for await (const block of blocks(source, 0, source.size, BLOCK, options))
    table.text.push(decoder.write(block as Buffer), false)
  table.text.push(decoder.end(), true)
  table.text.finish()
  return table.table(true)
}

/** The columns of a text table, which takes what is pushed into `text`. */
export class TextTable {
  readonly text: TextRows
  readonly #path: string
  readonly #options: ReadOptions
  #columns = newColumns([], 'text', {})
  #add: typeof addCell = () => {}

  constructor(path: string, options: ReadOptions, isTabs: boolean) {
    this.#path = path
    this.#options = options
    this.text = new TextRows(path, options, isTabs, this)
  }

  begin(dialect: Dialect, names: readonly string[]): void {
    this.#columns = newColumns(names, 'text', this.#options)
    this.#add = cellAdder(dialect.decimal, this.#options.missing)
  }

  row(cells: readonly string[], line: number): void {
    const { builders } = this.#columns
    const add = this.#add
    for (let i = 0; i < builders.length; i++) {
      const builder = builders[i]
      if (builder !== undefined) add(builder, cells[i], line)
    }
  }

  /** The table of the rows so far. `isWhole`: these are all. */
  table(isWhole: boolean): Table {
    const { dialect, comments, rows } = this.text
    const { names, remarks = [], comment } = dialect ?? {}
    const counted = comments === 1 ? '1 comment line' : `${comments} comment lines`
    const what = `${isWhole ? counted : 'comment lines'} (${comment ?? '#'})`
    const facts = [...remarks, ...(comments > 0 ? [what] : [])]
    return {
      format: 'csv',
      rows,
      columns: this.#columns.done(this.#options.columns !== undefined),
      named: names !== undefined,
      meta: undefined,
      notes: facts.length > 0 ? [`${this.#path}: ${facts.join(', ')}`] : [],
    }
  }
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
