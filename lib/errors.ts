// Every error of the package: a TypeError (wrong kind of value), RangeError (wrong value) or Error (files, memory, the
// binary), with a `code` that stays the same between releases. Messages may change.

/**
 * The stable codes.
 *
 * - `ERR_SHAPE`: an array has the wrong kind, length or shape
 * - `ERR_NOT_FINITE`: a number is NaN or infinite; the message names its row and column
 * - `ERR_WEIGHT`: a weight is negative or not finite, or none is positive
 * - `ERR_DETACHED`: the array's buffer was transferred away
 * - `ERR_OPTION`: an option is unknown, misspelled or missing, or its value is wrong
 * - `ERR_SIZE`: `size` is below the number of moments to keep, or that number is beyond 2^53
 * - `ERR_INFEASIBLE`: no non-negative solution meets the conditions
 * - `ERR_MEMORY`: there is not enough memory; the message has the bytes needed
 * - `ERR_FILE`: a file cannot be read or written
 * - `ERR_FINISHED`: a Compressor was used after its finish()
 * - `ERR_NO_BINARY`: neither a native binary nor WebAssembly works here; the message says what was tried
 */
export type ErrorCode =
  | 'ERR_SHAPE'
  | 'ERR_NOT_FINITE'
  | 'ERR_WEIGHT'
  | 'ERR_DETACHED'
  | 'ERR_OPTION'
  | 'ERR_SIZE'
  | 'ERR_INFEASIBLE'
  | 'ERR_MEMORY'
  | 'ERR_FILE'
  | 'ERR_FINISHED'
  | 'ERR_NO_BINARY'

/** An error of this package. Programs should check its `code`, not its message. */
export type CodedError = Error & {
  /** What went wrong. It stays the same between releases. */
  code: ErrorCode
}

/** A value of the wrong kind. */
export function typeError(code: ErrorCode, message: string): TypeError & CodedError {
  return Object.assign(new TypeError(message), { code })
}

/** A value of the right kind that is out of range. */
export function rangeError(code: ErrorCode, message: string): RangeError & CodedError {
  return Object.assign(new RangeError(message), { code })
}

/** An error about a file, memory or the binary. `cause` is the original error. */
export function plainError(code: ErrorCode, message: string, cause?: unknown): CodedError {
  return Object.assign(cause === undefined ? new Error(message) : new Error(message, { cause }), { code })
}

const LONGEST_TEXT = 40

/** A few words for a value, for the end of a message: `a string 'abc'`, `Float32Array of length 6`, `-1`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number') {
    return Object.is(value, -0) ? '-0' : String(value)
  }
  if (typeof value === 'bigint') return `a bigint ${value}n`
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'string') {
    return `a string '${value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}...` : value}'`
  }
  if (Array.isArray(value)) return `a plain array of length ${value.length}`
  if (value instanceof Promise) return 'a Promise (is an await missing?)'
  if (ArrayBuffer.isView(value)) {
    const view = value as ArrayBufferView & { length?: number }
    return `${kindOf(value)} of length ${view.length ?? view.byteLength}`
  }
  const kind = kindOf(value)
  return kind === 'Object' ? 'an object' : `an object of kind ${kind}`
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
