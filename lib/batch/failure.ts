// Why a task failed, as plain data that goes between processes.
import { type CodedError, type ErrorCode, plainError } from '../errors.js'

/** The output of a task cannot be written. */
export class OutputError extends Error {
  readonly code = 'ERR_FILE'
}

export interface Failure {
  message: string
  /** Undefined when no error of this package ended it: its process was killed, say. */
  code?: ErrorCode | undefined
  /** Whether it will fail in the same way again. */
  isFixed: boolean
  /** Whether it was the output that could not be written. */
  atOutput: boolean
}

const FIXED = new Set<string | undefined>([
  'ERR_FILE',
  'ERR_NOT_FINITE',
  'ERR_WEIGHT',
  'ERR_OPTION',
  'ERR_SIZE',
  'ERR_NO_BINARY',
] satisfies ErrorCode[])

/** Of the errors of the system, those that do not go away by themselves. */
const FIXED_BY_SYSTEM = ['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR']

export function failureOf(error: unknown): Failure {
  const { message, code, cause } = error as CodedError
  const systemCode = (cause as NodeJS.ErrnoException | undefined)?.syscall && (cause as NodeJS.ErrnoException).code
  const mayGoAway = systemCode !== undefined && systemCode !== '' && !FIXED_BY_SYSTEM.includes(systemCode)
  const atOutput = error instanceof OutputError
  return { message, code, isFixed: FIXED.has(code) && !mayGoAway && !atOutput, atOutput }
}

/** An error with this message that says what the failure says. */
export function errorOf({ code, atOutput }: Failure, message: string): Error {
  if (atOutput) return new OutputError(message)
  return code === undefined ? new Error(message) : plainError(code, message)
}

/** The first of several, and how many there are besides. */
export function andMore(message: string, count: number): string {
  return count > 1 ? `${message}; and ${(count - 1).toLocaleString('en')} more` : message
}

/**
 * Whether an error of a reader says that there is nothing to read. The readers have no code of its own for that. With
 * `dropMissing`, a column without any number leaves no row.
 */
export function isEmptyInput(error: unknown, dropMissing: boolean): boolean {
  const { code, message } = error as CodedError
  if (code !== 'ERR_FILE') return false
  if (/\b(?:has|but) no rows$|has no numbers: its shape is \(0\b/.test(message)) return true
  return dropMissing && message.endsWith('has no numbers: all its values are missing')
}
