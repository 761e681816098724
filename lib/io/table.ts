// The table that every reader fills, column by column: numbers as float64, and per column the cells that are no numbers.
import { rangeError } from '../errors.js'
import { float64s } from '../native/memory.js'
import type { FileMeta } from './meta.js'

/** The kinds of cell that is not a finite number. */
export type TroubleKind = 'missing' | 'text' | 'nan' | 'infinite' | 'inexact'

/** A cell that is not a finite number: its place and its content. */
export interface Trouble {
  kind: TroubleKind
  /** Data row, counted from 0. */
  row: number
  /** Line in the file, counted from 1, where the format has lines. */
  line: number | undefined
  /** Its content, for texts and for whole numbers that float64 cannot hold. */
  text: string | undefined
}

/**
 * - `number`: a column to compute with; at most half of its cells that are not missing are texts
 * - `text`: a column of mostly texts
 * - `other`: dates, booleans, lists and other things that are no numbers
 * - `empty`: only missing values
 * - `unread`: not asked for by `columns`
 */
export type ColumnKind = 'number' | 'text' | 'other' | 'empty' | 'unread'

export interface Column {
  name: string
  kind: ColumnKind
  /** How the file stores it: float32, int64, text, timestamp, ... */
  stored: string
  /** One number per row; NaN or an infinity where there is no finite number. Only with kind `number`. */
  values: Float64Array | undefined
  missing: number
  texts: number
  /** NaN, infinities, and whole numbers beyond 2^53 that float64 cannot hold. */
  notFinite: number
  /** The first cell that is not a finite number, and the first text. */
  trouble: Trouble | undefined
  text: Trouble | undefined
  /** Texts that are numbers in another notation (1,5 or 12 %): how many, and the first. `texts` counts them as well. */
  unclear?: { count: number; first: Trouble } | undefined
  /** The values as they are in the file, of a column of `keep`. */
  raw?: unknown[] | undefined
}

export interface Table {
  /** How the file was read: csv, npy, parquet, ... */
  format: string
  rows: number
  columns: Column[]
  /** Whether the file has the names. Otherwise they are c0, c1, ... */
  named: boolean
  /** The metadata that compress wrote into the file, where the format has room for it. */
  meta: FileMeta | undefined
  /** The columns of weights and source rows, where the file tells them. They are no coordinates. */
  roles?: { weight: string | undefined; row: string | null | undefined } | undefined
  /** Remarks on unusual things in the file, a sentence each. */
  notes?: string[] | undefined
}

/** How a text table is written. Options that are left out are recognised from its first lines. */
export interface TextOptions {
  /** The character between cells; ' ' for any number of blanks. */
  delimiter?: string | undefined
  decimal?: '.' | ',' | undefined
  /** How lines begin that are comments; '' when there are none. */
  comment?: string | undefined
  /** How many lines come before the table. */
  skip?: number | undefined
}

/** The options of every reader. */
export interface ReadOptions {
  /** Only these columns are kept in memory. Names that the file lacks are ignored here. Default: all. */
  columns?: readonly string[] | undefined
  /** Columns whose values are kept as they are as well, of any kind: see Column.raw. NPZ, JSON and PCD only. */
  keep?: readonly string[] | undefined
  /** CSV and arrays in JSON: whether the first row has names. Default: recognised from its content. */
  header?: boolean | undefined
  text?: TextOptions | undefined
  /** Numbers and words that mean a missing value, beside the usual words. */
  missing?: readonly string[] | undefined
  signal?: AbortSignal | undefined
  /** Called with the bytes read and the bytes in all. */
  onProgress?: ((done: number, total: number) => void) | undefined
}

// Row numbers are returned in a Uint32Array.
const MAX_ROWS = 2 ** 32 - 1
const LONGEST_TEXT = 60
// Small, because a file can have a hundred thousand columns. It doubles as often as needed.
const FIRST_CAPACITY = 16

/**
 * A growing column. Takes one call per row, in order: number(), missing(), text(), unclear(), bigint(), other() or
 * any().
 */
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

  /** `expected`: the number of rows, where it is known and was checked against the file's size. */
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

  /** As number() for each of them. */
  numbers(values: Float64Array | Float32Array | Int32Array): void {
    let sum = 0
    for (const value of values) sum += value - value
    const end = this.length + values.length
    if (sum !== 0 || end > MAX_ROWS) {
      for (const value of values) this.number(value)
      return
    }
    while (this.#values === undefined || this.#values.length < end) this.#grow()
    this.#values.set(values, this.length)
    this.#counts.finite += values.length
    this.length = end
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

  /** A text that is a number in another notation than expected. */
  unclear(text: string, line?: number): void {
    if (this.#unclear !== undefined) this.#unclear.count++
    else this.#unclear = { count: 1, first: { kind: 'text', row: this.length, line, text: shortened(text) } }
    this.text(text, line)
  }

  /** A 64-bit whole number. Beyond 2^53 it counts as a number only where float64 holds it exactly. */
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

  /** A date, a boolean, a list: a value that is not a number. */
  other(): void {
    this.#counts.others++
    this.#skip()
  }

  /** Any value from a decoder: a number, a bigint, a text, null, or something else. */
  any(value: unknown, line?: number): void {
    if (typeof value === 'number') this.number(value, line)
    else if (typeof value === 'bigint') this.bigint(value, line)
    else if (value === null || value === undefined) this.missing(line)
    else if (typeof value === 'string') this.text(value, line)
    else this.other()
  }

  /** `isAsked`: the column was asked for by name. Then one number is enough to make it a column of numbers. */
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

  /** Memory is taken at the first number, so a column of texts takes none. */
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
    const after = float64s(capacity)
    if (before === undefined) after.fill(Number.NaN, 0, this.length)
    else after.set(before)
    this.#values = after
  }

  /** All values. A column may lack room for the missing values at its end. */
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

/** A builder that keeps all values as they came, too. */
class KeepingBuilder extends ColumnBuilder {
  #raw: unknown[] = []

  override number(value: number, line?: number): void {
    this.#keep(value)
    super.number(value, line)
  }

  override numbers(values: Float64Array | Float32Array | Int32Array): void {
    for (const value of values) this.number(value)
  }

  override missing(line?: number): void {
    this.#keep(null)
    super.missing(line)
  }

  override text(text: string, line?: number): void {
    this.#keep(text)
    super.text(text, line)
  }

  override bigint(value: bigint, line?: number): void {
    this.#keep(value)
    super.bigint(value, line)
  }

  override any(value: unknown, line?: number): void {
    this.#keep(value ?? null)
    super.any(value, line)
  }

  override done(isAsked = false): Column {
    return { ...super.done(isAsked), raw: this.#raw }
  }

  /** One of these functions may call another one. */
  #keep(value: unknown): void {
    if (this.#raw.length === this.length) this.#raw.push(value)
  }
}

/** The builder of a column; with `keep`, one that keeps the values as well. */
export function newBuilder(name: string, stored: string, { keep }: ReadOptions, expected?: number): ColumnBuilder {
  return keep?.includes(name) ? new KeepingBuilder(name, stored, expected) : new ColumnBuilder(name, stored, expected)
}

/** A text for a message. */
export function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text
}

/**
 * A column per name, with a builder where it is kept. `stored`: how the file stores it, or each of them; `expected`: as for
 * the builder. `done()` returns the columns when all builders have their rows.
 */
export function newColumns(
  names: readonly string[],
  stored: string | readonly string[],
  options: ReadOptions,
  expected?: number,
): { builders: (ColumnBuilder | undefined)[]; done(isAsked?: boolean): Column[] } {
  const keep = keeps(options)
  const storedAt = (i: number) => (typeof stored === 'string' ? stored : stored[i])
  const builders = names.map((name, i) => (keep(name) ? newBuilder(name, storedAt(i), options, expected) : undefined))
  const done = (isAsked?: boolean) => names.map((name, i) => builders[i]?.done(isAsked) ?? unread(name, storedAt(i)))
  return { builders, done }
}

/** A column of the file that was not asked for. */
export function unread(name: string, stored: string): Column {
  const counts = { missing: 0, texts: 0, notFinite: 0 }
  return { name, kind: 'unread', stored, values: undefined, ...counts, trouble: undefined, text: undefined }
}

/** Makes names unique: an empty one becomes c0, c1, ... by its position, and one that is taken gets `_2`, `_3`, ... */
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
 * `name`, or `name` with the first suffix of `_2`, `_3`, ... that is free. `counts` remembers where the last search for a
 * name ended, so that thousands of equal names do not take quadratic time.
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

// The columns that compress writes beside the points (see write.ts).
export const WEIGHT_NAME = /^weights?(_\d+)?$/
export const ROW_NAME = /^(row|indices)(_\d+)?$/

/**
 * Returns a function that tells whether a column is kept: one that was asked for, or one that may be the weights or the
 * source rows of a file that compress wrote.
 */
export function keeps({ columns, keep = [] }: ReadOptions): (name: string) => boolean {
  if (columns === undefined) return () => true
  const wanted = new Set([...columns, ...keep])
  return (name) => wanted.has(name) || WEIGHT_NAME.test(name) || ROW_NAME.test(name)
}
