// JSON rows: an array of objects or of arrays, one object or array per line, or a GeoJSON collection of points.
import { constants } from 'node:buffer'
import { StringDecoder } from 'node:string_decoder'
import { type ByteSource, blocks, fileError, readWhole } from './bytes.js'
import { isMark, numberOfMark, parseJson } from './json-parse.js'
import { jsonValue } from './kept.js'
import {
  type Column,
  type ColumnBuilder,
  keeps,
  newBuilder,
  positionNames,
  type ReadOptions,
  type Table,
  uniqueNames,
  unread,
} from './table.js'
import { rowTexts } from './text.js'

const BLOCK = 1 << 20
export const LONGEST_LINE = 1 << 24
// The names of a point's coordinates. The third is the height or, for earthquakes, the depth: GeoJSON leaves it open.
const COORDINATES = ['longitude', 'latitude', 'elevation']
const COORDINATE_NAME = /^(longitude|latitude|elevation)(?:_([2-9]|[1-9]\d+))?$/
// Rows may lack names, but a table has one cell per name and row. In a file without gaps a cell takes six bytes or more.
const FREE_CELLS = 1 << 21
const CELLS_PER_BYTE = 8

/**
 * Reads one JSON value: an array of rows or a FeatureCollection. Where that fails and the first line is a value of its own,
 * it reads one row per line. NaN, Infinity and -Infinity are numbers, as Python writes them; null is a missing value; texts
 * are not read as numbers.
 *
 * Throws Error ERR_FILE. Above 512 MiB, the limit of one text, rows must be one per line.
 */
export async function readJson(source: ByteSource, options: ReadOptions): Promise<Table> {
  if (source.size > constants.MAX_STRING_LENGTH) {
    throw fileError(
      source.path,
      `has ${source.size} bytes; beyond ${constants.MAX_STRING_LENGTH} write one row per line (.ndjson)`,
    )
  }
  const text = new TextDecoder().decode(await readWhole(source, options))
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    if (hasRowPerLine(text)) return readJsonLines(source, options)
    throw fileError(source.path, `is not JSON: ${firstLine(error)}`, error)
  }
  const reader = new JsonRows(source, options)
  for (const row of rowsOf(source.path, value)) reader.push(row)
  return reader.table()
}

/** Reads one row per line, in pieces. Throws Error ERR_FILE with the line. */
export async function readJsonLines(source: ByteSource, options: ReadOptions): Promise<Table> {
  const reader = new JsonLines(source, options)
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const block of blocks(source, 0, source.size, BLOCK, options)) {
    const lines = (rest + decoder.write(block as Buffer)).split('\n')
    rest = lines.pop() as string
    for (const text of lines) reader.push(text)
    if (rest.length > LONGEST_LINE) throw reader.tooLong()
  }
  reader.push(rest + decoder.end())
  return reader.table()
}

/** Rows that come as lines. */
export class JsonLines {
  readonly #path: string
  readonly #rows: JsonRows
  /** The line of names, when rows before these have had it. */
  readonly #head: number | undefined
  line: number

  /** `before`: the rows before these, whose columns these have as well. `line`: lines before. */
  constructor(source: Pick<ByteSource, 'path' | 'size'>, options: ReadOptions, before?: JsonLines, line = 0) {
    this.#path = source.path
    this.#rows = new JsonRows(source, options, before === undefined ? undefined : before.#rows)
    this.#head = before === undefined ? undefined : before.#rows.headLine
    this.line = line
  }

  get rows(): number {
    return this.#rows.count
  }

  push(text: string): void {
    const line = ++this.line
    if (text.trim() === '' || line === this.#head) return
    let row: unknown
    try {
      row = parseJson(line === 1 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
    } catch (error) {
      throw fileError(this.#path, `line ${line} is not JSON: ${firstLine(error)}`, error)
    }
    this.#rows.push(row, line)
  }

  /** The error for a line that does not end. */
  tooLong(): Error {
    return fileError(this.#path, `line ${this.line + 1} is longer than ${LONGEST_LINE} characters`)
  }

  table(): Table {
    return this.#rows.table()
  }
}

class JsonRows {
  readonly #path: string
  readonly #options: ReadOptions
  readonly #keep: (name: string) => boolean
  readonly #header: boolean | undefined
  readonly #isAsked: boolean
  readonly #maxCells: number
  /** Texts that mean a missing value. */
  readonly #missing: ReadonlySet<string>
  /** Of a row of names, where rows are lines. */
  headLine: number | undefined
  /** In the sequence in which the names were met. */
  #builders = new Map<string, ColumnBuilder | undefined>()
  #kind: 'object' | 'array' | undefined
  #names: string[] | undefined
  #named = true
  #isGeo = false
  #rows = 0

  /** `before`: rows before these, whose columns these have as well. */
  constructor({ path, size }: Pick<ByteSource, 'path' | 'size'>, options: ReadOptions, before?: JsonRows) {
    this.#path = path
    this.#maxCells = FREE_CELLS + CELLS_PER_BYTE * size
    this.#options = options
    this.#keep = keeps(options)
    this.#header = options.header
    this.#isAsked = options.columns !== undefined
    this.#missing = new Set(options.missing?.map((word) => word.trim().toLowerCase()))
    if (before === undefined) return
    this.#kind = before.#kind
    this.#names = before.#names
    this.#named = before.#named
    this.#isGeo = before.#isGeo
    for (const name of before.#builders.keys()) this.#add(name)
  }

  get count(): number {
    return this.#rows
  }

  push(row: unknown, line?: number): void {
    const isRow = !isMark(row)
    const kind =
      isRow && Array.isArray(row) ? 'array' : isRow && typeof row === 'object' && row !== null ? 'object' : undefined
    if (kind === undefined || (this.#kind !== undefined && this.#kind !== kind)) {
      const what = kind === undefined ? 'neither an object nor an array' : `an ${kind}, unlike the rows before`
      throw fileError(this.#path, `${this.#place(line)} is ${what}`)
    }
    this.#kind = kind
    if (kind === 'object') this.#pushObject(row as Record<string, unknown>, line)
    else this.#pushArray(row as unknown[], line)
  }

  table(): Table {
    if (this.#rows === 0) throw fileError(this.#path, 'has no rows')
    if (this.#builders.size === 0) throw fileError(this.#path, 'has rows without anything in them')
    const columns = [...this.#builders].map(
      ([name, builder]): Column => builder?.done(this.#isAsked) ?? unread(name, 'json'),
    )
    return { format: this.#isGeo ? 'geojson' : 'json', rows: this.#rows, columns, named: this.#named, meta: undefined }
  }

  #pushObject(row: Record<string, unknown>, line: number | undefined): void {
    const isFeature = row.type === 'Feature' && 'geometry' in row
    this.#isGeo ||= isFeature
    for (const [name, value] of isFeature ? this.#feature(row, line) : Object.entries(row)) {
      if (!this.#builders.has(name)) this.#add(name)
      this.#value(name, value, line)
    }
    this.#endRow(line)
  }

  #pushArray(row: unknown[], line: number | undefined): void {
    if (this.#names === undefined) {
      this.#named = this.#header ?? (row.length > 0 && row.every((value) => typeof value === 'string'))
      this.#names = this.#named ? uniqueNames(row.map(nameOf)) : positionNames(row.length)
      for (const name of this.#names) this.#add(name)
      this.headLine = this.#named ? line : undefined
      if (this.#named) return
    }
    if (row.length !== this.#names.length) {
      throw fileError(
        this.#path,
        `${this.#place(line)} has ${row.length} values, expected ${this.#names.length} as in the first`,
      )
    }
    for (const [i, value] of row.entries()) this.#value(this.#names[i], value, line)
    this.#endRow(line)
  }

  #value(name: string, value: unknown, line: number | undefined): void {
    const builder = this.#builders.get(name)
    if (builder === undefined) return
    if (typeof value === 'string' && this.#missing.has(value.trim().toLowerCase())) builder.missing(line)
    else builder.any(isMark(value) ? numberOfMark(value) : value, line)
  }

  /** The coordinates of a point, and its properties. */
  *#feature(feature: Record<string, unknown>, line: number | undefined): Generator<[string, unknown]> {
    const geometry = feature.geometry as { type?: unknown; coordinates?: unknown } | null
    if (
      geometry !== null &&
      (geometry.type !== 'Point' || !Array.isArray(geometry.coordinates) || isMark(geometry.coordinates))
    ) {
      const kind = typeof geometry.type === 'string' ? `a ${geometry.type}` : 'no geometry'
      throw fileError(this.#path, `${this.#place(line)} is ${kind}; only points can be read`)
    }
    const coordinates = (geometry?.coordinates ?? [null, null]) as unknown[]
    for (const [i, name] of COORDINATES.entries()) {
      if (i < coordinates.length) yield [name, coordinates[i]]
    }
    for (const [name, value] of Object.entries((feature.properties ?? {}) as object)) yield [propertyName(name), value]
  }

  /** A name that comes late is missing in the rows before. */
  #add(name: string): void {
    const builder = this.#keep(name) ? newBuilder(name, 'json', this.#options) : undefined
    for (let row = 0; row < this.#rows; row++) builder?.missing()
    this.#builders.set(name, builder)
    this.#checkCells()
  }

  /** A name that few rows have takes a number in all of them. Thousands of such names would fill any memory. */
  #checkCells(): void {
    const names = this.#builders.size
    if (names * this.#rows <= this.#maxCells) return
    throw fileError(this.#path, `has ${names} names in ${this.#rows} rows, most of which are missing in most rows`)
  }

  #endRow(line: number | undefined): void {
    this.#rows++
    this.#checkCells()
    for (const builder of this.#builders.values()) {
      if (builder !== undefined && builder.length < this.#rows) builder.missing(line)
    }
  }

  #place(line: number | undefined): string {
    return line === undefined ? `row ${this.#rows}` : `line ${line}`
  }
}

function rowsOf(path: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  const { type, features } = (typeof value === 'object' && value !== null ? value : {}) as {
    type?: unknown
    features?: unknown
  }
  if (type === 'FeatureCollection' && Array.isArray(features)) return features
  throw fileError(path, 'is JSON, but neither an array of rows nor a GeoJSON FeatureCollection')
}

/**
 * A property with the name of a coordinate gets the suffix `_2`, and one that ends in `_2` already gets `_3`. So a property
 * has the same name in every row, and no two properties share one.
 */
function propertyName(name: string): string {
  const found = COORDINATE_NAME.exec(name)
  return found === null ? name : `${found[1]}_${BigInt(found[2] ?? 1) + 1n}`
}

/** A value in the row of names. An object is no name. */
function nameOf(value: unknown): string {
  if (isMark(value)) return String(numberOfMark(value))
  return typeof value === 'object' ? '' : String(value)
}

/** Whether the first line is a row of its own. */
export function hasRowPerLine(text: string): boolean {
  const end = text.indexOf('\n')
  if (end === -1) return false
  try {
    const value: unknown = parseJson(text.slice(0, end))
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]
}

// ---- writing

/** An array of objects, one per line; with `lines`, only the objects, one per line. */
export function* jsonText(
  names: readonly string[],
  columns: readonly ArrayLike<unknown>[],
  lines: boolean,
): Generator<string> {
  const keys = names.map((name) => `${JSON.stringify(name)}:`)
  const rows = columns[0]?.length ?? 0
  if (!lines) yield '[\n'
  yield* rowTexts(rows, (row) => {
    const fields = columns.map((column, i) => keys[i] + jsonValue(column[row])).join(',')
    return `{${fields}}${lines || row === rows - 1 ? '' : ','}\n`
  })
  if (!lines) yield ']\n'
}
