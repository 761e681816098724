// Arrays as long as an input, and how much memory there is. Where there is no room for an array, JavaScript throws a
// RangeError without a code and without the bytes; the functions here throw ERR_MEMORY with them.
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

/** Turns an error of a library into Error ERR_MEMORY when it found no room for an array. Else returns it as it is. */
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

// V8's messages: there is no room, or no array can be so long.
function isNoRoom(error: unknown): boolean {
  return (
    error instanceof RangeError &&
    /^(Array buffer allocation failed|Invalid (typed )?array (buffer )?length)/.test(error.message)
  )
}

/**
 * Bytes that the process can still have: the free memory of the machine (caches that the system gives up count as free),
 * and no more than the limit of its container leaves to this process. On macOS it is all memory of the machine, because
 * the free memory that macOS reports leaves out most of what it would give.
 */
export function memoryToHave(): number {
  const free = process.platform === 'darwin' ? totalmem() : freemem()
  return Math.min(free, Math.max(0, containerLimit() - process.memoryUsage.rss()))
}

/**
 * A bound on the memory that a file may ask for. A small file can announce far more numbers than it holds, because formats
 * repeat and pack, and a process that takes more memory than there is gets killed without a message. Throws Error
 * ERR_MEMORY when `bytes` exceed all memory of the machine or of the container.
 */
export function checkMemory(path: string, what: string, bytes: number): void {
  const total = Math.min(containerLimit(), totalmem())
  if (!(bytes <= total)) {
    throw plainError('ERR_MEMORY', `${path}: ${what} need ${bytes} bytes of memory, and there are ${total} in all`)
  }
}

/** Infinity where there is none: the system says undefined or 0 then. */
function containerLimit(): number {
  return process.constrainedMemory() || Number.POSITIVE_INFINITY
}
