// The header of a safetensors file: 8 bytes with its length, little-endian, then JSON with the type, the shape and the place of
// each tensor. The numbers come behind it, without holes.
// https://github.com/huggingface/safetensors#format
import { plainError } from '../errors.js'
import { type ByteSource, fileError } from './bytes.js'

/** A tensor in the file. Its bytes are inside the file, and belong to no other one. */
export interface Tensor {
  name: string
  /** F64, F32, BF16, I64, BOOL, ... */
  dtype: string
  shape: number[]
  /** The position of its first byte in the file, and how many there are. */
  offset: number
  size: number
}

export interface SafetensorsHeader {
  /** In the sequence of the header, names that are whole numbers first. */
  tensors: Tensor[]
  /** Texts by name; empty where there are none. */
  metadata: Record<string, unknown>
}

// A layer has some hundred bytes per tensor. The format allows 100 MB.
const LONGEST_HEADER = 1 << 24
const LENGTH = 8
const METADATA = '__metadata__'

/** Whether a file begins as such files do. They have no mark: a length below 2^32, and a brace. */
export function isSafetensors(start: Uint8Array): boolean {
  return start.length > LENGTH && start.subarray(4, LENGTH).every((byte) => byte === 0) && start[LENGTH] === 0x7b
}

/** Throws Error ERR_FILE. */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { path, size } = source
  if (size < LENGTH) throw fileError(path, 'is cut short inside the safetensors header')
  const length = new DataView((await source.read(0, LENGTH)).buffer).getBigUint64(0, true)
  if (length > LONGEST_HEADER)
    throw fileError(path, `has a safetensors header of ${length} bytes; ${LONGEST_HEADER} is the limit`)
  const begin = LENGTH + Number(length)
  if (begin > size) throw fileError(path, 'is cut short inside the safetensors header')
  const { [METADATA]: metadata = {}, ...entries } = parseHeader(path, await source.read(LENGTH, Number(length)))
  if (!isObject(metadata)) throw damaged(path, 'its metadata is no object')
  const tensors = Object.entries(entries).map(([name, entry]) => tensorOf(path, name, entry, begin))
  checkPlaces(path, tensors, begin, size)
  return { tensors, metadata }
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    throw fileError(path, 'has a safetensors header that is not JSON', error)
  }
  if (!isObject(header)) throw damaged(path, 'it is no object')
  return header
}

function tensorOf(path: string, name: string, entry: unknown, begin: number): Tensor {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {}
  const isRight = typeof dtype === 'string' && isListOfSizes(shape) && isListOfSizes(offsets) && offsets.length === 2
  if (!isRight || offsets[1] < offsets[0]) throw damaged(path, `tensor '${shortName(name)}' is not described`)
  return { name, dtype, shape, offset: begin + offsets[0], size: offsets[1] - offsets[0] }
}

/** Bytes that several tensors share would make a small file a large one in memory. */
function checkPlaces(path: string, tensors: readonly Tensor[], begin: number, end: number): void {
  let at = begin
  for (const { name, offset, size } of tensors.toSorted((a, b) => a.offset - b.offset || a.size - b.size)) {
    if (offset !== at) throw damaged(path, `tensor '${shortName(name)}' does not begin where the one before it ends`)
    at += size
  }
  if (at > end) throw fileError(path, `is cut short: its tensors need ${at} bytes, ${end} are there`)
  if (at < end) throw damaged(path, `its tensors end at byte ${at} of ${end}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOfSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0)
}

function damaged(path: string, what: string) {
  return fileError(path, `has a safetensors header that cannot be right: ${what}`)
}

const LONGEST_NAME = 60

function shortName(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}...` : name
}

/** A tensor to be written. */
export interface TensorToWrite {
  name: string
  shape: readonly number[]
  values: Float64Array | Float32Array | BigInt64Array
}

/**
 * The bytes of a file, piece by piece. Tensors of numbers of 8 bytes come first, and the header is filled up with blanks, so
 * that every number lies at a multiple of its size. Throws Error ERR_FILE for a name that the format has taken.
 */
export function safetensorsPieces(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  if (tensors.some(({ name }) => name === METADATA))
    throw plainError('ERR_FILE', `safetensors has no room for a column called ${METADATA}`)
  const inSequence = tensors.toSorted((a, b) => b.values.BYTES_PER_ELEMENT - a.values.BYTES_PER_ELEMENT)
  let at = 0
  const entries = inSequence.map(({ name, shape, values }): [string, object] => {
    const begin = at
    at += values.byteLength
    return [name, { dtype: dtypeOf(values), shape, data_offsets: [begin, at] }]
  })
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([[METADATA, metadata], ...entries])))
  const head = new Uint8Array(LENGTH + Math.ceil(json.length / LENGTH) * LENGTH).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - LENGTH), true)
  head.set(json, LENGTH)
  const bytes = inSequence.map(({ values: { buffer, byteOffset, byteLength } }) => {
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
  })
  return [head, ...bytes]
}

function dtypeOf(values: TensorToWrite['values']): string {
  if (values instanceof Float64Array) return 'F64'
  return values instanceof Float32Array ? 'F32' : 'I64'
}
