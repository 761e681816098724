// Options as data: one table per function, one line per option. `readOptions` reads every option exactly once, so a getter
// or a Proxy cannot show one value to the check and another to the computation.
import { usualThreads } from '#platform'
import { describe, rangeError, typeError } from '../errors.js'
import type { Progress } from '../native/job.js'
import { nearest } from '../nearest.js'
import type { Numbers } from '../surface.js'
import { MAX_ORDER } from './multi-index.js'
import { isNumbers } from './points.js'

/** One option: the check of its value, and its default. */
export interface Option<T> {
  /** Returns the value to use. Throws when it is wrong; the message begins with `where` ("compress: option 'order'"). */
  check(value: unknown, where: string): T
  /** The value of an option that is left out or undefined. Throws when it must be given. */
  missing(where: string): T
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds options of any type
export type OptionTable = Record<string, Option<any>>
export type OptionValues<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never
}

/** Options that every asynchronous function takes. */
export interface AsyncOptions {
  /** Aborting it rejects the promise with exactly `signal.reason`, after at most about 20 ms of work. */
  signal?: AbortSignal | undefined
  /**
   * Called with the progress when a stage begins, and at most once per 50 ms after that. An error that it throws cancels the
   * computation and rejects the promise.
   */
  onProgress?: ((progress: Progress) => void) | undefined
}

/** Options that every heavy function takes. */
export interface ThreadOptions {
  /**
   * How many threads may be used, 1 to 1024. Default: OMP_NUM_THREADS when it is set, else os.availableParallelism().
   * The result is the same for every number, bit for bit.
   */
  threads?: number | undefined
}

/**
 * Reads the options of `caller` by its table. Unknown names are refused: a misspelled option that is silently ignored is
 * the hardest mistake to find. `elsewhere` has a reason for each name that only another form of the function takes.
 */
export function readOptions<Table extends OptionTable>(
  caller: string,
  options: unknown,
  table: Table,
  elsewhere: Record<string, string> = {},
): OptionValues<Table> {
  if (options === undefined) options = {}
  if (!isRecord(options)) {
    throw typeError('ERR_OPTION', `${caller}: options must be an object, got ${describe(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(table, name)) throw unknownOption(caller, name, Object.keys(table), elsewhere)
  }
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(table)) {
    const value = options[name]
    const where = `${caller}: option '${name}'`
    values[name] = value === undefined ? option.missing(where) : option.check(value, where)
  }
  return values as OptionValues<Table>
}

/** An object with named fields: no array, no typed array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function unknownOption(caller: string, name: string, known: string[], elsewhere: Record<string, string>): Error {
  if (Object.hasOwn(elsewhere, name)) return typeError('ERR_OPTION', `${caller}: option '${name}' ${elsewhere[name]}`)
  const meant = nearest(name, known)
  const list = known.join(', ')
  return typeError(
    'ERR_OPTION',
    meant === undefined
      ? `${caller}: unknown option '${name}'; the options are ${list}`
      : `${caller}: unknown option '${name}', did you mean '${meant}'? The options are ${list}`,
  )
}

// ---- the kinds of option

/** May be left out. It is undefined then. */
export function optional<T>(check: Option<T>['check']): Option<T | undefined> {
  return { check, missing: () => undefined }
}

/** May be left out. It is `value()` then. */
export function withDefault<T>(check: Option<T>['check'], value: () => T): Option<T> {
  return { check, missing: value }
}

/** Must be given; `hint` says what to give. */
export function required<T>(check: Option<T>['check'], hint: string): Option<T> {
  return {
    check,
    missing: (where) => {
      throw typeError('ERR_OPTION', `${where} must be given: ${hint}`)
    },
  }
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): Option<number>['check'] {
  return (value, where) => {
    if (typeof value !== 'number') {
      throw typeError('ERR_OPTION', `${where} must be a whole number, got ${describe(value)}`)
    }
    if (!Number.isInteger(value) || value < min || value > max) {
      throw rangeError('ERR_OPTION', `${where} must be a whole number from ${min} to ${max}, got ${describe(value)}`)
    }
    return value + 0 // -0 becomes 0
  }
}

/** A finite number >= `min` and < `below`. */
export function realNumber(min: number, below: number = Number.POSITIVE_INFINITY): Option<number>['check'] {
  const range = below === Number.POSITIVE_INFINITY ? `>= ${min}` : `>= ${min} and < ${below}`
  return (value, where) => {
    if (typeof value !== 'number') throw typeError('ERR_OPTION', `${where} must be a number, got ${describe(value)}`)
    if (!(value >= min && value < below)) {
      throw rangeError('ERR_OPTION', `${where} must be a finite number ${range}, got ${describe(value)}`)
    }
    return value
  }
}

/** Two numbers, each with a check of its own. */
export function pair(
  first: Option<number>['check'],
  second: Option<number>['check'],
): Option<[number, number]>['check'] {
  return (value, where) => {
    if (!Array.isArray(value) && !isNumbers(value)) {
      throw typeError('ERR_OPTION', `${where} must be an array of two numbers, got ${describe(value)}`)
    }
    const [one, two]: unknown[] = Array.from(value)
    if (value.length !== 2) {
      throw rangeError('ERR_OPTION', `${where} must be an array of two numbers, got ${value.length}`)
    }
    return [first(one, `${where}[0]`), second(two, `${where}[1]`)]
  }
}

/** Any function. */
export function callback<F>(value: unknown, where: string): F {
  if (typeof value === 'function') return value as F
  throw typeError('ERR_OPTION', `${where} must be a function, got ${describe(value)}`)
}

/** One of a few words. */
export function oneOf<Word extends string>(...words: Word[]): Option<Word>['check'] {
  return (value, where) => {
    if (words.includes(value as Word)) return value as Word
    const make = typeof value === 'string' ? rangeError : typeError
    throw make(
      'ERR_OPTION',
      `${where} must be ${words.map((word) => `'${word}'`).join(' or ')}, got ${describe(value)}`,
    )
  }
}

/** true or false, and nothing that merely resembles one. */
export function trueOrFalse(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw typeError('ERR_OPTION', `${where} must be true or false, got ${describe(value)}`)
}

/** A Float64Array or Float32Array. Its length and its values are checked later, where their meaning is known. */
export function typedNumbers(value: unknown, where: string): Numbers {
  if (isNumbers(value)) return value
  const hint = Array.isArray(value) || ArrayBuffer.isView(value) ? ' (Float64Array.from makes one)' : ''
  throw typeError('ERR_SHAPE', `${where} must be a Float64Array or Float32Array${hint}, got ${describe(value)}`)
}

/** 'standard', 'none', or one factor per column on the unit in which cells are cut. */
function scale(value: unknown, where: string): 'standard' | 'none' | Float64Array {
  if (value === 'standard' || value === 'none') return value
  const isList = Array.isArray(value) || isNumbers(value)
  if (!isList) {
    const make = typeof value === 'string' ? rangeError : typeError
    throw make('ERR_OPTION', `${where} must be 'standard', 'none' or one number per column, got ${describe(value)}`)
  }
  const list: unknown[] = Array.from(value as ArrayLike<unknown>)
  list.forEach((factor, column) => {
    if (typeof factor !== 'number') {
      throw typeError('ERR_OPTION', `${where}[${column}] must be a number, got ${describe(factor)}`)
    }
    if (!(factor >= 0 && factor < Number.POSITIVE_INFINITY)) {
      throw rangeError('ERR_OPTION', `${where}[${column}] must be finite and not negative, got ${describe(factor)}`)
    }
  })
  if (!list.some((factor) => (factor as number) > 0)) {
    throw rangeError('ERR_OPTION', `${where} must leave at least one column to cut along, got only zeros`)
  }
  return Float64Array.from(list as number[])
}

// Duck-typed, so that a signal of another realm or of a polyfill is accepted.
function signal(value: unknown, where: string): AbortSignal {
  const candidate = value as Partial<AbortSignal> | null
  const isSignal =
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.aborted === 'boolean' &&
    typeof candidate.addEventListener === 'function' &&
    typeof candidate.removeEventListener === 'function'
  if (!isSignal) throw typeError('ERR_OPTION', `${where} must be an AbortSignal, got ${describe(value)}`)
  return value as AbortSignal
}

// The kernel counts columns and threads in 32-bit integers. More than a thousand threads are a slip.
const MAX_INT32 = 2 ** 31 - 1
const MAX_THREADS = 1024

const defaultThreads = () => Math.min(usualThreads(), MAX_THREADS)

export const wholeOrder: Option<number>['check'] = wholeNumber(0, MAX_ORDER)

/** Options that several tables share. */
export const shared = {
  dimension: optional(wholeNumber(1, MAX_INT32)),
  weights: optional(typedNumbers),
  order: required(wholeOrder, 'the highest degree of the moments, for example 3'),
  threads: withDefault(wholeNumber(1, MAX_THREADS), defaultThreads),
  size: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
  quality: withDefault(oneOf('fast', 'best'), () => 'best' as const),
  support: withDefault(oneOf('rows', 'free'), () => 'rows' as const),
  scale: withDefault<'standard' | 'none' | Float64Array>(scale, () => 'standard'),
  signal: optional(signal),
  onProgress: optional(callback<(progress: Progress) => void>),
}

/** The size for order 'auto', which must be given: no order tells it. */
export function sizeForAuto(size: number | undefined, caller: string): number {
  if (size !== undefined) return size
  throw typeError('ERR_OPTION', `${caller}: option 'size' must be given when 'order' is 'auto' or left out`)
}

/** Option 'scale', when it is numbers, must have one per column. `column` is the name of a column in the message. */
export function checkScale(scale: string | Float64Array, columns: number, caller: string, column = 'column'): void {
  if (typeof scale === 'string' || scale.length === columns) return
  throw rangeError(
    'ERR_OPTION',
    `${caller}: option 'scale' must have one number per ${column}, ${columns} in all, got ${scale.length}`,
  )
}

const watching = { signal: shared.signal, onProgress: shared.onProgress }

/** Reads the options of function `name` and of its Sync form, which has none of `watch`: `signal` and `onProgress`. */
export function optionsOf<Table extends OptionTable, Watch extends OptionTable = typeof watching>(
  name: string,
  table: Table,
  watch: Watch | undefined = watching as unknown as Watch,
) {
  const asyncTable = { ...table, ...watch }
  const elsewhere = onlyAsync(name)
  return {
    read: (options: unknown) => readOptions(name, options, asyncTable),
    readSync: (options: unknown) => readOptions(`${name}Sync`, options, table, elsewhere),
  }
}

/** For the Sync forms: the reasons against options that only the asynchronous form has. */
export function onlyAsync(name: string): Record<string, string> {
  const reason = `works with ${name}() only: the Sync form returns when all is done`
  return { signal: reason, onProgress: reason }
}
