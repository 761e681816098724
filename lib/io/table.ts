// The columnar table that every reader fills: numbers as float64, and for each column what else was met and where.
import { describe, plainError, rangeError } from '../errors.js'
import type { FileMeta } from './meta.js'

/** What stands in a cell that is not a finite number. */
export type TroubleKind = 'missing' | 'text' | 'nan' | 'infinite' | 'inexact'

/** A cell that is not a finite number: where it is, and what stands there. */
export interface Trouble {
  kind: TroubleKind
  /** Data row, counted from 0. */
  row: number
  /** Line in the file, counted from 1, where the format has lines. */
  line: number | undefined
  /** What stands there, for texts and for whole numbers that float64 cannot hold. */
  text: string | undefined
}

/**
 * - `number`: a column to compute with; at most half of what stands in it is text
 * - `text`: mostly text
 * - `other`: dates, booleans, lists and whatever else is not a number
 * - `empty`: only missing values
 * - `unread`: left out by `columns`
 */
export type ColumnKind = 'number' | 'text' | 'other' | 'empty' | 'unread'

export interface Column {
  name: string
  kind: ColumnKind
  /** How the file stores it: float32, int64, text, timestamp, ... */
  stored: string
  /** One a row, NaN (or an infinity) where no finite number stands. Only with kind `number`. */
  values: Float64Array | undefined
  missing: number
  texts: number
  /** NaN, infinities, and whole numbers beyond 2^53 that float64 cannot hold. */
  notFinite: number
  /** The first cell that is not a finite number, and the first text. */
  trouble: Trouble | undefined
  text: Trouble | undefined
  /** Texts that are numbers in another writing (1,5 or 12 %): how many, and the first. They are among the texts. */
  unclear?: { count: number; first: Trouble } | undefined
}

export interface Table {
  /** How the file was read: csv, npy, parquet, ... */
  format: string
  rows: number
  columns: Column[]
  /** Whether the names stand in the file; otherwise they are c0, c1, ... */
  named: boolean
  /** What the file says about itself when compress wrote it, where the format has room for that. */
  meta: FileMeta | undefined
  /** Columns that hold weights and source rows and no coordinates, where the file says so. */
  roles?: { weight: string | undefined; row: string | undefined } | undefined
  /** What was recognised and is not plain, a sentence each. */
  notes?: string[] | undefined
}

/** How a text table is written; what is left out is recognised by its first lines. */
export interface TextOptions {
  /** Between the cells: one character, ' ' for any number of blanks. */
  delimiter?: string | undefined
  decimal?: '.' | ',' | undefined
  /** How lines begin that are none of the table's; '' when there are no such lines. */
  comment?: string | undefined
  /** How many lines stand before the table. */
  skip?: number | undefined
}

/** What every reader takes. */
export interface ReadOptions {
  /** Only these are kept in memory; names that the file lacks are ignored here. Default: all. */
  columns?: readonly string[] | undefined
  /** CSV and arrays in JSON: whether the first row has names. Default: by its content. */
  header?: boolean | undefined
  text?: TextOptions | undefined
  /** Numbers and words that stand for a missing value, besides the usual words. */
  missing?: readonly string[] | undefined
  signal?: AbortSignal | undefined
  /** Bytes read of bytes in all. */
  onProgress?: ((done: number, total: number) => void) | undefined
}

// Source rows are returned in a Uint32Array.
const MAX_ROWS = 2 ** 32 - 1
const LONGEST_TEXT = 60
// Small, because a file can have a hundred thousand columns; it doubles as often as it has to.
const FIRST_CAPACITY = 16

/** A growing column. One call a row, in order: number, missing, text, inexact or other. */
export class ColumnBuilder {
  readonly name: string
  readonly stored: string
  length = 0
  #values: Float64Array | undefined
  #expected: number
  #counts = { finite: 0, missing: 0, texts: 0, notFinite: 0, others: 0 }
  #trouble: Trouble | undefined
  #text: Trouble | undefined
  #unclear: { count: number; first: Trouble } | undefined

  /** `expected`: how many rows will come, where that is known and was checked against the file's size. */
  constructor(name: string, stored: string, expected = FIRST_CAPACITY) {
    this.name = name
    this.stored = stored
    this.#expected = Math.max(expected, 1)
  }

  number(value: number, line?: number): void {
    if (this.#values === undefined || this.length === this.#values.length) this.#grow()
    ;(this.#values as Float64Array)[this.length] = value
    // An infinity minus itself is NaN: one comparison finds everything that is not finite.
    if (value - value === 0) this.#counts.finite++
    else {
      this.#counts.notFinite++
      this.#note(Number.isNaN(value) ? 'nan' : 'infinite', undefined, line)
    }
    this.length++
  }

  missing(line?: number): void {
    this.#counts.missing++
    this.#note('missing', undefined, line)
    this.#skip()
  }

  text(text: string, line?: number): void {
    this.#counts.texts++
    this.#note('text', text, line)
    this.#skip()
  }

  /** A text that is a number, but not in the writing that was expected. */
  unclear(text: string, line?: number): void {
    if (this.#unclear !== undefined) this.#unclear.count++
    else this.#unclear = { count: 1, first: { kind: 'text', row: this.length, line, text: shortened(text) } }
    this.text(text, line)
  }

  /** A 64-bit whole number; beyond 2^53 only those that float64 holds are numbers. */
  bigint(value: bigint, line?: number): void {
    const number = Number(value)
    if (Number.isSafeInteger(number) || (Number.isFinite(number) && BigInt(number) === value)) {
      this.number(number, line)
      return
    }
    this.#counts.notFinite++
    this.#note('inexact', String(value), line)
    this.#skip()
  }

  /** A date, a boolean, a list: there, but not a number. */
  other(): void {
    this.#counts.others++
    this.#skip()
  }

  /** Whatever a decoder gives: numbers, bigints, null, or something else. */
  any(value: unknown, line?: number): void {
    if (typeof value === 'number') this.number(value, line)
    else if (typeof value === 'bigint') this.bigint(value, line)
    else if (value === null || value === undefined) this.missing(line)
    else if (typeof value === 'string') this.text(value, line)
    else this.other()
  }

  /** With `isAsked`, a column that was asked for by name, one number makes it a column of numbers. */
  done(isAsked = false): Column {
    const { finite, missing, texts, notFinite, others } = this.#counts
    const numbers = finite + notFinite
    let kind: ColumnKind = 'number'
    if (others > 0) kind = 'other'
    else if (texts > numbers && !(isAsked && finite > 0)) kind = 'text'
    else if (numbers === 0) kind = 'empty'
    const values = kind === 'number' ? this.#whole() : undefined
    const { name, stored } = this
    const [trouble, text, unclear] = [this.#trouble, this.#text, this.#unclear]
    return { name, kind, stored, values, missing, texts, notFinite, trouble, text, unclear }
  }

  /** Room is made at the first number, so that a column of text takes no memory. */
  #skip(): void {
    if (this.#values !== undefined) {
      if (this.length === this.#values.length) this.#grow()
      this.#values[this.length] = Number.NaN
    }
    this.length++
  }

  #grow(): void {
    if (this.length >= MAX_ROWS) {
      throw rangeError('ERR_SHAPE', `a file can have at most ${MAX_ROWS} rows (rows are numbered in 32 bits)`)
    }
    const before = this.#values
    const capacity = Math.max(this.#expected, before === undefined ? this.length + 1 : 2 * before.length)
    const after = allocate(capacity)
    if (before === undefined) after.fill(Number.NaN, 0, this.length)
    else after.set(before)
    this.#values = after
  }

  /** A column that begins with a number and ends with missing values has no room for the last of them yet. */
  #whole(): Float64Array {
    if (this.#values === undefined || this.#values.length < this.length) this.#grow()
    return (this.#values as Float64Array).subarray(0, this.length)
  }

  #note(kind: TroubleKind, text: string | undefined, line: number | undefined): void {
    if (this.#trouble !== undefined && (kind !== 'text' || this.#text !== undefined)) return
    const trouble = { kind, row: this.length, line, text: text && shortened(text) }
    this.#trouble ??= trouble
    if (kind === 'text') this.#text ??= trouble
  }
}

function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text
}

/** A column that is there but was not asked for. */
export function unread(name: string, stored: string): Column {
  const counts = { missing: 0, texts: 0, notFinite: 0 }
  return { name, kind: 'unread', stored, values: undefined, ...counts, trouble: undefined, text: undefined }
}

/** Names without doubles and without empty ones: c0, c1, ... by position, and `_2`, `_3` behind a name that is taken. */
export function uniqueNames(given: readonly string[]): string[] {
  const taken = new Set<string>()
  const counts = new Map<string, number>()
  return given.map((text, position) => {
    const name = uniqueName(text.trim() || `c${position}`, taken, counts)
    taken.add(name)
    return name
  })
}

/**
 * `name`, or with the first of `_2`, `_3`, ... that is free. `counts` remembers where the last search for a name ended, so
 * that thousands of equal names take no time that grows like their square.
 */
export function uniqueName(name: string, taken: ReadonlySet<string>, counts?: Map<string, number>): string {
  if (!taken.has(name)) return name
  let count = counts?.get(name) ?? 2
  while (taken.has(`${name}_${count}`)) count++
  counts?.set(name, count)
  return `${name}_${count}`
}

/** c0, c1, ... for files that have no names. */
export function positionNames(count: number): string[] {
  return Array.from({ length: count }, (_, position) => `c${position}`)
}

// The columns that compress writes besides the points; write.ts has their names.
export const WEIGHT_NAME = /^weights?(_\d+)?$/
export const ROW_NAME = /^(row|indices)(_\d+)?$/

/**
 * Which columns are kept, as a question to ask once a column: those asked for, and what may be the weights and the source
 * rows, which are needed to know a file that compress wrote.
 */
export function keeps({ columns }: ReadOptions): (name: string) => boolean {
  if (columns === undefined) return () => true
  const wanted = new Set(columns)
  return (name) => wanted.has(name) || WEIGHT_NAME.test(name) || ROW_NAME.test(name)
}

/** Throws Error ERR_MEMORY with the bytes. */
function allocate(length: number): Float64Array {
  try {
    return new Float64Array(length)
  } catch (cause) {
    throw plainError('ERR_MEMORY', `a column of ${describe(length)} numbers needs ${8 * length} bytes`, cause)
  }
}
