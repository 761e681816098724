// Memory for what is as long as somebody's input. Without room for an array JavaScript throws a RangeError that has no code
// and does not say how much was wanted.
import { freemem, totalmem } from 'node:os'
import { plainError } from '../errors.js'
import type { Numbers } from './addon.js'

/** Zeros. Throws Error ERR_MEMORY with the bytes. */
export function float64s(length: number): Float64Array<ArrayBuffer> {
  return made(length, 8, () => new Float64Array(length))
}

/** Zeros. Throws Error ERR_MEMORY with the bytes. */
export function uint32s(length: number): Uint32Array<ArrayBuffer> {
  return made(length, 4, () => new Uint32Array(length))
}

/** Zeros. Throws Error ERR_MEMORY with the bytes. */
export function uint8s(length: number): Uint8Array<ArrayBuffer> {
  return made(length, 1, () => new Uint8Array(length))
}

/** A copy of the numbers as float64. Throws Error ERR_MEMORY with the bytes. */
export function copyOf(numbers: Numbers): Float64Array<ArrayBuffer> {
  return made(numbers.length, 8, () => new Float64Array(numbers))
}

/** A copy of the numbers as float32. Throws Error ERR_MEMORY with the bytes. */
export function copyOfSingles(numbers: Numbers): Float32Array<ArrayBuffer> {
  return made(numbers.length, 4, () => new Float32Array(numbers))
}

/** For what a library throws: Error ERR_MEMORY where it found no room for an array, else the error itself. */
export function orMemoryError(error: unknown): unknown {
  return isNoRoom(error) ? plainError('ERR_MEMORY', 'there is not enough memory', error) : error
}

function made<T>(length: number, size: number, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    if (!isNoRoom(cause)) throw cause
    const message = `not enough memory: an array of ${length} numbers needs ${length * size} bytes`
    throw plainError('ERR_MEMORY', message, cause)
  }
}

// V8's words: there is no room, or the length is beyond what an array can have.
function isNoRoom(error: unknown): boolean {
  return (
    error instanceof RangeError &&
    /^(Array buffer allocation failed|Invalid (typed )?array (buffer )?length)/.test(error.message)
  )
}

/**
 * Bytes that the process can still have: what the machine has free (caches that the system gives up count as free), and
 * no more than what the limit of its container leaves of this process. On macOS, where the free memory that the system
 * tells leaves out most of what it would give, all memory of the machine.
 */
export function memoryToHave(): number {
  const free = process.platform === 'darwin' ? totalmem() : freemem()
  return Math.min(free, Math.max(0, containerLimit() - process.memoryUsage.rss()))
}

/**
 * A bound on what a file may ask for: a small one can announce far more than it holds, because formats repeat and pack, and
 * a process that takes more than there is gets killed without a word. Throws Error ERR_MEMORY when `bytes` are more than
 * the machine, or the container that this runs in, has at all.
 */
export function checkMemory(path: string, what: string, bytes: number): void {
  const total = Math.min(containerLimit(), totalmem())
  if (!(bytes <= total)) {
    throw plainError('ERR_MEMORY', `${path}: ${what} need ${bytes} bytes of memory, and there are ${total} in all`)
  }
}

/** Infinite where none is known: the system says undefined or 0 then. */
function containerLimit(): number {
  return process.constrainedMemory() || Number.POSITIVE_INFINITY
}
