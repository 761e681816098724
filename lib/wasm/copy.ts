// A copy of a call's input that can be given away to a worker: of each array the part that is used.
import { plainError, typeError } from '../errors.js'
import type { NativePoints, Numbers } from '../surface.js'

/** Pointers of WebAssembly have 32 bits. */
export const ADDRESSABLE = 2 ** 32

export interface Copied<T> {
  value: T
  /** The memory of its arrays. */
  buffers: ArrayBuffer[]
}

/**
 * Copies objects, lists and typed arrays. Throws ERR_MEMORY with the bytes, also when they are more than WebAssembly can
 * address. call: the name of the function, for messages.
 */
export function copyOfInput<T>(call: string, input: T): Copied<T> {
  const bytes = bytesOf(input)
  if (bytes > ADDRESSABLE) {
    const message = `${call}: the input takes ${bytes} bytes, and WebAssembly can address ${ADDRESSABLE}`
    throw plainError('ERR_MEMORY', message)
  }
  const buffers: ArrayBuffer[] = []
  try {
    return { value: copy(input, buffers, call) as T, buffers }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw plainError(
      'ERR_MEMORY',
      `${call}: not enough memory: the copy of the input alone takes ${bytes} bytes`,
      cause,
    )
  }
}

/** The memory of all typed arrays in a value that nobody else has. */
export function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.byteLength > 0 ? [value.buffer as ArrayBuffer] : []
  return isObject(value) ? [...new Set(Object.values(value).flatMap(buffersOf))] : []
}

/** name: of the value, for messages. What is neither an object nor an array of numbers is left to C++ to refuse. */
function copy(value: unknown, buffers: ArrayBuffer[], name: string): unknown {
  if (ArrayBuffer.isView(value)) return isKnown(value) ? copyOfArray(value, 0, value.length, buffers, name) : value
  if (Array.isArray(value)) return value.map((item) => copy(item, buffers, name))
  if (!isObject(value)) return value
  if (isPoints(value)) {
    const [first, end] = used(value)
    return { ...value, data: copyOfArray(value.data, first, end, buffers, name), offset: value.offset - first }
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, buffers, key)]))
}

function copyOfArray(array: Numbers, first: number, end: number, buffers: ArrayBuffer[], name: string): Numbers {
  if (array.length === 0 && isDetached(array)) {
    throw typeError('ERR_DETACHED', `${name}: the array's buffer was transferred away`)
  }
  const made = new CONSTRUCTORS[tagOf(array)](end - first)
  // A view that a shrunk buffer left out of bounds has length 0 as well, and cannot be copied.
  if (array.length > 0) made.set(first === 0 && end === array.length ? array : array.subarray(first, end))
  buffers.push(made.buffer as ArrayBuffer)
  return made
}

function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (!isObject(value)) return 0
  if (isPoints(value)) {
    const [first, end] = used(value)
    return (end - first) * value.data.BYTES_PER_ELEMENT
  }
  return Object.values(value).reduce((bytes: number, item) => bytes + bytesOf(item), 0)
}

/** The elements from the first one that is used on, to the end of the last one. All, where some are not there. */
function used({ data, offset, count, dimension, rowStride, columnStride }: NativePoints): [number, number] {
  const [row, column] = [(count - 1) * rowStride, (dimension - 1) * columnStride]
  const first = offset + Math.min(row, 0) + Math.min(column, 0)
  const end = offset + Math.max(row, 0) + Math.max(column, 0) + 1
  return first >= 0 && end <= data.length ? [first, end] : [0, data.length]
}

const CONSTRUCTORS = { Float64Array, Float32Array, Uint32Array, Int32Array, Uint8Array } as unknown as Record<
  string,
  new (
    length: number,
  ) => Numbers
>

const tagOf = (value: object) => Object.prototype.toString.call(value).slice('[object '.length, -1)

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isPoints(value: object): value is NativePoints {
  return 'rowStride' in value && 'data' in value && ArrayBuffer.isView(value.data) && isKnown(value.data)
}

function isKnown(array: ArrayBufferView): array is Numbers {
  return tagOf(array) in CONSTRUCTORS
}

function isDetached({ buffer }: Numbers): boolean {
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}
