// Arrays as long as an input, and how much memory there is. Where there is no room for an array, JavaScript throws a
// RangeError without a code and without the bytes; the functions here throw ERR_MEMORY with them.
import { memoryInAll, memoryToHave } from '#platform'
import { plainError } from '../errors.js'
import type { Numbers } from '../surface.js'

export { memoryToHave }

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
    if (!(cause instanceof RangeError)) throw cause // engines have messages of their own for it
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
 * A bound on the memory that a file may ask for. A small file can announce far more numbers than it holds, because formats
 * repeat and pack, and a process that takes more memory than there is gets killed without a message. Throws Error
 * ERR_MEMORY when `bytes` exceed all memory of the machine or of the container.
 */
export function checkMemory(path: string, what: string, bytes: number): void {
  const total = memoryInAll()
  if (!(bytes <= total)) {
    throw plainError('ERR_MEMORY', `${path}: ${what} need ${bytes} bytes of memory, and there are ${total} in all`)
  }
}
