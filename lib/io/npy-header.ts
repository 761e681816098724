// The header of an NPY file: a Python literal with the type, the memory order and the shape. The type is a text such as
// '<f8', or a list of fields, each with a name and a type.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { type ByteSource, fileError } from './bytes.js'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] // \x93NUMPY
// NumPy writes headers below 1 KiB for plain arrays and refuses to read more than 10,000 characters.
const LONGEST_HEADER = 1 << 16
const LONGEST_TEXT = 60

export interface NpyHeader {
  /** As in the file: <f8, |i1, <U12, ..., or the literal of a list. */
  descr: string
  /** The fields of a list in which each field has one value. */
  fields: NpyField[] | undefined
  fortranOrder: boolean
  shape: number[]
  /** The position of the numbers. */
  offset: number
}

export interface NpyField {
  /** Empty for the bytes that align other fields. */
  name: string
  descr: string
}

/** Throws Error ERR_FILE. */
export async function readNpyHeader(source: ByteSource): Promise<NpyHeader> {
  const { path } = source
  const start = await source.read(0, Math.min(12, source.size))
  if (start.length < 12 || MAGIC.some((byte, i) => start[i] !== byte)) throw fileError(path, 'is not an NPY file')
  const version = start[6]
  if (version < 1 || version > 3) throw fileError(path, `is NPY version ${version}; 1 to 3 can be read`)
  const view = new DataView(start.buffer)
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const textStart = version === 1 ? 10 : 12
  if (length > LONGEST_HEADER)
    throw fileError(path, `has an NPY header of ${length} bytes; ${LONGEST_HEADER} is the limit`)
  if (textStart + length > source.size) throw fileError(path, 'is cut short inside the NPY header')
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(await source.read(textStart, length))

  const type = /['"]descr['"]\s*:\s*(?:(['"])([^'"]*)\1|([[(].*))/s.exec(text)
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text)?.[1]
  if (type === null || order === undefined || shape === undefined) {
    throw fileError(path, 'has an NPY header that cannot be read')
  }
  const lengths = shape
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  // Python 2 wrote its long integers with an L.
  if (!lengths.every((part) => /^\d{1,15}L?$/.test(part))) throw fileError(path, `has the shape (${shape})`)
  const [, , plain, rest = ''] = type
  const literal = rest.replace(/,\s*['"](fortran_order|shape)['"]\s*:.*/s, '')
  return {
    descr: plain ?? (literal.length > LONGEST_TEXT ? `${literal.slice(0, LONGEST_TEXT)}...` : literal),
    fields: plain === undefined ? readFields(literal) : undefined,
    fortranOrder: order === 'True',
    shape: lengths.map((part) => Number(part.replace('L', ''))),
    offset: textStart + length,
  }
}

const TEXT = String.raw`'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"`
const FIELD = new RegExp(String.raw`\s*\(\s*(?:${TEXT})\s*,\s*(?:${TEXT})\s*\)\s*(,?)`, 'y')

/** The fields of [('x', '<f8'), ...]. Undefined when one of them is a list, or has a shape or a title. */
function readFields(literal: string): NpyField[] | undefined {
  if (literal[0] !== '[') return undefined
  const fields: NpyField[] = []
  FIELD.lastIndex = 1
  for (;;) {
    const at = FIELD.lastIndex
    const match = FIELD.exec(literal)
    if (match === null) return /^\s*\]/.test(literal.slice(at)) && fields.length > 0 ? fields : undefined
    const [, single, double, singleType, doubleType, comma] = match
    fields.push({ name: (single ?? double).replace(/\\(.)/g, '$1'), descr: singleType ?? doubleType })
    if (comma === '') return /^\s*\]/.test(literal.slice(FIELD.lastIndex)) ? fields : undefined
  }
}

/** The first bytes of an NPY file (version 1). Their number is a multiple of 64, which aligns the numbers. */
export function npyHeader(descr: string, shape: readonly number[], fortranOrder = false): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const literal = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': (${sides}), }`
  const total = Math.ceil((10 + literal.length + 1) / 64) * 64
  const bytes = new Uint8Array(total).fill(0x20)
  bytes.set([...MAGIC, 1, 0])
  new DataView(bytes.buffer).setUint16(8, total - 10, true)
  bytes.set(new TextEncoder().encode(literal), 10)
  bytes[total - 1] = 0x0a
  return bytes
}
