// NumPy's NPY format, versions 1 to 3: a magic number, a header that is a Python literal, and the numbers.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { type ByteSource, blocks, fileError } from './bytes.js'
import { isMissing, kindOf, valueText } from './kept.js'
import { type NpyHeader, npyHeader, readNpyHeader } from './npy-header.js'
import {
  type Column,
  type ColumnBuilder,
  newColumns,
  positionNames,
  type ReadOptions,
  type Table,
  uniqueNames,
} from './table.js'

const BLOCK = 1 << 20
// Each column costs an object and a buffer of its own.
export const MAX_COLUMNS = 100_000

type Decoded = ArrayLike<number> | ArrayLike<bigint>

export interface NumberType {
  name: string
  size: number
  /** The bytes as numbers; they begin at offset 0 of their buffer. */
  decode(bytes: Uint8Array<ArrayBuffer>): Decoded
}

/** By NumPy's names, without the order of the bytes. */
export const NUMBER_TYPES: Record<string, NumberType> = {
  f8: { name: 'float64', size: 8, decode: ({ buffer }) => new Float64Array(buffer) },
  f4: { name: 'float32', size: 4, decode: ({ buffer }) => new Float32Array(buffer) },
  f2: { name: 'float16', size: 2, decode: ({ buffer }) => Float64Array.from(new Uint16Array(buffer), fromHalf) },
  i8: { name: 'int64', size: 8, decode: ({ buffer }) => new BigInt64Array(buffer) },
  u8: { name: 'uint64', size: 8, decode: ({ buffer }) => new BigUint64Array(buffer) },
  i4: { name: 'int32', size: 4, decode: ({ buffer }) => new Int32Array(buffer) },
  u4: { name: 'uint32', size: 4, decode: ({ buffer }) => new Uint32Array(buffer) },
  i2: { name: 'int16', size: 2, decode: ({ buffer }) => new Int16Array(buffer) },
  u2: { name: 'uint16', size: 2, decode: ({ buffer }) => new Uint16Array(buffer) },
  i1: { name: 'int8', size: 1, decode: ({ buffer }) => new Int8Array(buffer) },
  u1: { name: 'uint8', size: 1, decode: ({ buffer }) => new Uint8Array(buffer) },
  b1: { name: 'bool', size: 1, decode: (bytes) => bytes.map((value) => (value === 0 ? 0 : 1)) },
}

/**
 * Reads one NPY file. A 2-D array has the columns c0, c1, ..., a 1-D array the column c0, and a list of records one
 * column per field, with its name. Truth values are 0 and 1. Throws Error ERR_FILE.
 */
export async function readNpy(source: ByteSource, options: ReadOptions): Promise<Table> {
  const header = await readNpyHeader(source)
  if (header.fields !== undefined) return readRecords(source, header, options)
  const { rows, width } = npyShape(source, header)
  const columns = await readNpyColumns(source, header, positionNames(width), options)
  return { format: 'npy', rows, columns, named: false, meta: undefined }
}

/** A field of a record. */
export interface RecordField {
  name: string
  /** Its place in the record. */
  start: number
  type: NumberType
  swapped: boolean
}

/** The fields of a list of records, checked against the size of the file. Throws Error ERR_FILE. */
export function recordLayout(
  { path, size: there }: Pick<ByteSource, 'path' | 'size'>,
  header: NpyHeader,
): { rows: number; size: number; fields: RecordField[] } {
  let size = 0
  const found: RecordField[] = []
  for (const { name, descr } of header.fields ?? []) {
    const filling = /^\|V(\d{1,6})$/.exec(descr)
    // NumPy writes the bytes that align a field as a field without a name.
    if (name === '' && filling !== null) {
      size += Number(filling[1])
      continue
    }
    const type = typeOf(descr)
    if (type === undefined)
      throw fileError(path, `has records whose field '${name}' is of type '${descr}'; numbers can be read`)
    found.push({ name, start: size, ...type })
    size += type.type.size
  }
  const [rows] = header.shape
  if (header.shape.length !== 1)
    throw fileError(path, `has records in an array of shape (${header.shape.join(', ')}); one list is expected`)
  if (rows === 0) throw fileError(path, 'has no records')
  if (found.length === 0) throw fileError(path, 'has records without numbers')
  const end = header.offset + rows * size
  if (end > there) throw fileError(path, `is cut short: ${rows} records need ${end} bytes, ${there} are there`)
  const names = uniqueNames(found.map(({ name }) => name))
  return { rows, size, fields: found.map((field, i) => ({ ...field, name: names[i] })) }
}

/** Reads a list of records. The file has it row by row. Throws Error ERR_FILE. */
export async function readRecords(source: ByteSource, header: NpyHeader, options: ReadOptions): Promise<Table> {
  const { rows, size, fields } = recordLayout(source, header)
  const names = fields.map(({ name }) => name)
  const stored = fields.map(({ type }) => type.name)
  const columns = newColumns(names, stored, options, rows)
  const end = header.offset + rows * size
  const blockSize = Math.max(1, Math.floor(BLOCK / size)) * size
  for await (const bytes of blocks(source, header.offset, end, blockSize, options)) {
    for (const [i, { start, type, swapped }] of fields.entries()) {
      const builder = columns.builders[i]
      if (builder === undefined) continue
      const own = new Uint8Array((bytes.length / size) * type.size)
      for (let from = start, to = 0; from < bytes.length; from += size, to += type.size)
        own.set(bytes.subarray(from, from + type.size), to)
      if (swapped) swapBytes(own, type.size)
      addAll(type.decode(own), builder)
    }
  }
  return { format: 'npy', rows, columns: columns.done(), named: true, meta: undefined }
}

function addAll(values: Decoded, builder: ColumnBuilder): void {
  for (let i = 0; i < values.length; i++) builder.any(values[i])
}

/** The columns of a 1-D or 2-D array of numbers, read in blocks. `names`: one per column. Throws Error ERR_FILE. */
export async function readNpyColumns(
  source: ByteSource,
  header: NpyHeader,
  names: readonly string[],
  options: ReadOptions,
): Promise<Column[]> {
  const { fortranOrder, offset } = header
  return readMatrix(
    source,
    { ...numberType(source.path, header), ...npyShape(source, header), fortranOrder, offset },
    names,
    options,
  )
}

/** A matrix of numbers in a file, all of it inside the file. */
export interface Matrix {
  type: NumberType
  swapped: boolean
  rows: number
  width: number
  /** Whether the file has it column by column. */
  fortranOrder: boolean
  /** The position of its first number. */
  offset: number
}

/** The columns of a matrix, read in blocks. `names`: one per column. Throws Error ERR_FILE. */
export async function readMatrix(
  source: ByteSource,
  { type, swapped, rows, width, fortranOrder, offset }: Matrix,
  names: readonly string[],
  options: ReadOptions,
): Promise<Column[]> {
  const { builders, done } = newColumns(names, type.name, options, rows)
  const add = (bytes: Uint8Array<ArrayBuffer>, builderOf: (element: number) => ColumnBuilder | undefined) => {
    if (swapped) swapBytes(bytes, type.size)
    const values = type.decode(bytes)
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      const builder = builderOf(i)
      if (typeof value === 'number') builder?.number(value)
      else builder?.bigint(value)
    }
  }
  if (fortranOrder || width === 1) {
    const columnSize = rows * type.size
    const blockSize = BLOCK - (BLOCK % type.size)
    for (const [column, builder] of builders.entries()) {
      if (builder === undefined) continue
      const start = offset + column * columnSize
      for await (const bytes of blocks(source, start, start + columnSize, blockSize, options)) add(bytes, () => builder)
    }
  } else {
    const rowSize = width * type.size
    const blockSize = Math.max(1, Math.floor(BLOCK / rowSize)) * rowSize
    const end = offset + rows * rowSize
    for await (const bytes of blocks(source, offset, end, blockSize, options)) add(bytes, (i) => builders[i % width])
  }
  return done()
}

/** Whether the elements of an array are numbers. */
export function isNumeric({ descr }: NpyHeader): boolean {
  return Object.hasOwn(NUMBER_TYPES, descr.slice(1))
}

/** Whether the elements of an array are truth values. */
export function isBoolean({ descr }: NpyHeader): boolean {
  return descr.slice(1) === 'b1'
}

/** The texts of an array of unicode strings (dtype <U...). Throws Error ERR_FILE. */
export async function readNpyTexts(source: ByteSource, header: NpyHeader): Promise<string[]> {
  const length = Number(/^[<>]U(\d{1,6})$/.exec(header.descr)?.[1])
  const count = header.shape.reduce((product, side) => product * side, 1)
  const needed = count * length * 4
  if (!(length > 0 && needed <= source.size - header.offset))
    throw fileError(source.path, 'has no texts where names should be')
  const bytes = await source.read(header.offset, needed)
  if (header.descr[0] === '>') swapBytes(bytes, 4)
  const codes = new Uint32Array(bytes.buffer)
  return Array.from({ length: count }, (_, i) => {
    const text = codes.subarray(i * length, (i + 1) * length)
    const points = Array.from(text).filter((code) => code > 0 && code <= 0x10ffff)
    return String.fromCodePoint(...points)
  })
}

/** Throws Error ERR_FILE. */
export function numberType(path: string, { descr }: NpyHeader): { type: NumberType; swapped: boolean } {
  const found = typeOf(descr)
  if (found !== undefined) return found
  const what = descr[0] === '[' ? 'records of' : 'elements of type'
  throw fileError(path, `has ${what} '${descr}'; numbers of 1 to 8 bytes can be read (float, int, uint, bool)`)
}

/** Undefined for all types but numbers of 1 to 8 bytes. */
function typeOf(descr: string): { type: NumberType; swapped: boolean } | undefined {
  const [order, name] = [descr[0], descr.slice(1)]
  if (!Object.hasOwn(NUMBER_TYPES, name) || !'<>|='.includes(order)) return undefined
  return { type: NUMBER_TYPES[name], swapped: order === '>' }
}

/**
 * Rows and columns of an array of numbers. They are checked against the size of the file before any memory depends on them.
 * Throws Error ERR_FILE.
 */
export function npyShape(
  source: Pick<ByteSource, 'path' | 'size'>,
  header: NpyHeader,
): { rows: number; width: number } {
  const { shape, offset } = header
  const { size } = numberType(source.path, header).type
  const [rows, width = 1] = shape
  if (rows === undefined || shape.length > 2) {
    throw fileError(source.path, `has an array of shape (${shape.join(', ')}); rows x columns is expected`)
  }
  if (rows === 0 || width === 0) throw fileError(source.path, `has no numbers: its shape is (${shape.join(', ')})`)
  // Sides are below 1e15, so a product beyond 2^53 is rounded, but it is far beyond any file.
  const needed = rows * width * size
  const there = source.size - offset
  if (needed > there)
    throw fileError(source.path, `is cut short: shape (${shape.join(', ')}) needs ${needed} bytes, ${there} are there`)
  if (width > MAX_COLUMNS) throw fileError(source.path, `has ${width} columns; ${MAX_COLUMNS} is the limit`)
  return { rows, width }
}

export function swapBytes(bytes: Uint8Array<ArrayBuffer>, size: number): void {
  const buffer = Buffer.from(bytes.buffer)
  if (size === 2) buffer.swap16()
  else if (size === 4) buffer.swap32()
  else if (size === 8) buffer.swap64()
}

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

// ---- writing

/** A whole NPY file of unicode texts: 1-D for a list, 0-D for one text. */
export function npyTexts(texts: readonly string[] | string): Uint8Array {
  const list = typeof texts === 'string' ? [texts] : texts
  const points = list.map((text) => Array.from(text, (character) => character.codePointAt(0) as number))
  const length = Math.max(1, ...points.map((codes) => codes.length))
  const codes = new Uint32Array(list.length * length)
  for (const [i, text] of points.entries()) codes.set(text, i * length)
  const header = npyHeader(`<U${length}`, typeof texts === 'string' ? [] : [list.length])
  return Buffer.concat([header, new Uint8Array(codes.buffer)])
}

/** A whole NPY file of numbers, little-endian like every machine that Node runs on. */
export function npyNumbers(
  values: Float64Array | BigInt64Array,
  shape: readonly number[],
  fortranOrder = false,
): Uint8Array {
  const header = npyHeader(values instanceof Float64Array ? '<f8' : '<i8', shape, fortranOrder)
  return Buffer.concat([header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)])
}

/**
 * A whole NPY file of a column of any kind: float64, int64, bool, datetime64[ms], else texts. A missing value is NaN, NaT,
 * or an empty text: a column of int64 or bool that has one becomes texts.
 */
export function npyValues(values: ArrayLike<unknown>): Uint8Array {
  const list = Array.from(values)
  const kind = kindOf(list)
  const isWhole = !list.some(isMissing)
  if (kind === 'number')
    return npyNumbers(
      Float64Array.from(list, (value) => (value ?? Number.NaN) as number),
      [list.length],
    )
  if (kind === 'bigint' && isWhole && list.every((value) => BigInt.asIntN(64, value as bigint) === value))
    return npyNumbers(BigInt64Array.from(list as bigint[]), [list.length])
  if (kind === 'boolean' && isWhole)
    return Buffer.concat([npyHeader('|b1', [list.length]), Uint8Array.from(list, (value) => (value ? 1 : 0))])
  if (kind === 'date') {
    const times = BigInt64Array.from(list, (value) => (isMissing(value) ? NAT : BigInt((value as Date).getTime())))
    return Buffer.concat([npyHeader('<M8[ms]', [list.length]), new Uint8Array(times.buffer)])
  }
  return npyTexts(list.map(valueText))
}

/** NumPy's "not a time". */
const NAT = -(2n ** 63n)
