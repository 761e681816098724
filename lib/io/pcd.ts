// PCD point clouds of the Point Cloud Library: ascii, binary, and binary_compressed, which is LZF.
// https://pointclouds.org/documentation/tutorials/pcd_file_format.html
import { type ByteSource, blocks, fileError } from './bytes.js'
import { addCell } from './cell.js'
import { type ColumnBuilder, keeps, newBuilder, type ReadOptions, type Table, uniqueNames, unread } from './table.js'

const BLOCK = 1 << 20
const LONGEST_HEADER = 1 << 16
// LZF copies at most 264 bytes by 3.
const LZF_RATIO = 88
// Each column costs an object and a buffer of its own.
const MAX_COLUMNS = 100_000

interface PcdHeader {
  /** One per number of a point. Padding has no name. */
  fields: { name: string | undefined; type: string }[]
  /** The same as in the header: a field of `count` numbers, which are adjacent in each point. */
  blocks: { type: string; count: number; isPadding: boolean }[]
  points: number
  data: 'ascii' | 'binary' | 'binary_compressed'
  /** The position of the points, and their first line. */
  offset: number
  line: number
}

type Getter = (view: DataView, at: number) => number | bigint

const TYPES: Record<string, { name: string; size: number; get: Getter }> = {
  F4: { name: 'float32', size: 4, get: (view, at) => view.getFloat32(at, true) },
  F8: { name: 'float64', size: 8, get: (view, at) => view.getFloat64(at, true) },
  I1: { name: 'int8', size: 1, get: (view, at) => view.getInt8(at) },
  I2: { name: 'int16', size: 2, get: (view, at) => view.getInt16(at, true) },
  I4: { name: 'int32', size: 4, get: (view, at) => view.getInt32(at, true) },
  I8: { name: 'int64', size: 8, get: (view, at) => view.getBigInt64(at, true) },
  U1: { name: 'uint8', size: 1, get: (view, at) => view.getUint8(at) },
  U2: { name: 'uint16', size: 2, get: (view, at) => view.getUint16(at, true) },
  U4: { name: 'uint32', size: 4, get: (view, at) => view.getUint32(at, true) },
  U8: { name: 'uint64', size: 8, get: (view, at) => view.getBigUint64(at, true) },
}

/** Reads a PCD file: one column per field. A field with a COUNT is name_0, name_1, ... Throws Error ERR_FILE. */
export async function readPcd(source: ByteSource, options: ReadOptions): Promise<Table> {
  const header = await readHeader(source)
  const keep = keeps(options)
  const kept = header.fields.map(({ name, type }) =>
    name !== undefined && keep(name) ? newBuilder(name, TYPES[type].name, options, header.points) : undefined,
  )
  if (header.data === 'ascii') await readAscii(source, header, kept, options)
  else if (header.data === 'binary') await readBinary(source, header, kept, options)
  else await readCompressed(source, header, kept, options)
  const columns = header.fields.flatMap(({ name, type }, i) =>
    name === undefined ? [] : [kept[i]?.done() ?? unread(name, TYPES[type].name)],
  )
  return { format: 'pcd', rows: header.points, columns, named: true, meta: undefined }
}

async function readHeader(source: ByteSource): Promise<PcdHeader> {
  const { path } = source
  const start = await source.read(0, Math.min(LONGEST_HEADER, source.size))
  const text = Buffer.from(start.buffer).toString('latin1')
  const entries = new Map<string, string[]>()
  let offset = 0
  let line = 1
  while (!entries.has('DATA')) {
    const end = text.indexOf('\n', offset)
    if (end === -1) throw fileError(path, 'is a PCD file without a DATA line')
    const [key, ...values] = text.slice(offset, end).trim().split(/\s+/)
    if (key !== undefined && !key.startsWith('#')) entries.set(key.toUpperCase(), values)
    offset = end + 1
    line++
  }
  const list = (key: string) => entries.get(key) ?? []
  const names = list('FIELDS').length > 0 ? list('FIELDS') : list('COLUMNS')
  // The oldest versions leave these lines out: all fields are float32, and each has one number.
  const sizes = entries.has('SIZE') ? list('SIZE') : names.map(() => '4')
  const types = entries.has('TYPE') ? list('TYPE') : names.map(() => 'F')
  const counts = entries.has('COUNT') ? list('COUNT').map(Number) : names.map(() => 1)
  const data = list('DATA')[0]?.toLowerCase()
  if (names.length === 0 || [sizes, types, counts].some(({ length }) => length !== names.length)) {
    throw fileError(path, 'is a PCD file whose FIELDS, SIZE, TYPE and COUNT do not agree')
  }
  const points = pointCount(path, list)
  if (data !== 'ascii' && data !== 'binary' && data !== 'binary_compressed')
    throw fileError(path, `has DATA ${data ?? 'of no kind'}`)

  const blocks = names.map((name, i) => {
    const type = `${types[i].toUpperCase()}${sizes[i]}`
    const count = counts[i]
    if (!Object.hasOwn(TYPES, type))
      throw fileError(path, `has the field '${name}' of type ${types[i]} and size ${sizes[i]}`)
    if (!Number.isSafeInteger(count) || count < 1)
      throw fileError(path, `has the field '${name}' ${list('COUNT')[i]} times`)
    return { type, count, isPadding: name === '_' }
  })
  if (blocks.every(({ isPadding }) => isPadding)) throw fileError(path, 'has no field but padding (_)')
  checkWidth(source, blocks, points, data)
  const fields = blocks.flatMap(({ type, count, isPadding }, i) =>
    Array.from({ length: count }, (_, j) => {
      const name = isPadding ? undefined : count === 1 ? names[i] : `${names[i]}_${j}`
      return { name, type }
    }),
  )
  const unique = uniqueNames(fields.map(({ name }) => name ?? ' '))
  for (const [i, field] of fields.entries()) if (field.name !== undefined) field.name = unique[i]
  return { fields, blocks, points, data, offset, line }
}

function pointCount(path: string, list: (key: string) => string[]): number {
  const [width] = list('WIDTH').map(Number)
  const [height = 1] = list('HEIGHT').map(Number)
  const [points = width * height] = list('POINTS').map(Number)
  if (!Number.isSafeInteger(points) || points < 0) throw fileError(path, 'is a PCD file without a number of points')
  // In the oldest files both are 0 and mean nothing.
  if (width !== undefined && !(width === 0 && height === 0) && width * height !== points)
    throw fileError(path, `is ${width} points wide and ${height} high, but announces ${points}`)
  if (points === 0) throw fileError(path, 'has no points')
  return points
}

/** All numbers of all points must fit into the file. This is checked before anything is allocated per number. */
function checkWidth(source: ByteSource, blocks: PcdHeader['blocks'], points: number, data: PcdHeader['data']): void {
  const width = blocks.reduce((sum, { count }) => sum + count, 0)
  const max = data === 'binary_compressed' ? LZF_RATIO * source.size : source.size
  if (width * points > max)
    throw fileError(
      source.path,
      `is cut short: ${points} points of ${width} numbers do not fit into ${source.size} bytes`,
    )
  const columns = blocks.reduce((sum, { count, isPadding }) => sum + (isPadding ? 0 : count), 0)
  if (columns > MAX_COLUMNS) throw fileError(source.path, `has ${columns} columns; ${MAX_COLUMNS} is the limit`)
}

async function readAscii(
  source: ByteSource,
  header: PcdHeader,
  columns: (ColumnBuilder | undefined)[],
  options: ReadOptions,
): Promise<void> {
  let rest = ''
  let { line } = header
  let points = 0
  const push = (text: string) => {
    const cells = text.trim().split(/\s+/)
    if (cells[0] !== '' && points < header.points) {
      if (cells.length !== columns.length) {
        throw fileError(source.path, `line ${line} has ${cells.length} numbers, expected ${columns.length}`)
      }
      for (const [i, cell] of cells.entries()) {
        const column = columns[i]
        if (column !== undefined) addCell(column, cell, line)
      }
      points++
    }
    line++
  }
  for await (const block of blocks(source, header.offset, source.size, BLOCK, options)) {
    const lines = (rest + Buffer.from(block.buffer).toString('latin1')).split('\n')
    rest = lines.pop() as string
    if (rest.length > BLOCK)
      throw fileError(source.path, `line ${line + lines.length} is longer than ${BLOCK} characters`)
    for (const text of lines) push(text)
  }
  push(rest)
  if (points < header.points)
    throw fileError(source.path, `is cut short: ${points} of ${header.points} points are there`)
}

/** Point after point. */
async function readBinary(
  source: ByteSource,
  header: PcdHeader,
  columns: (ColumnBuilder | undefined)[],
  options: ReadOptions,
): Promise<void> {
  const types = header.fields.map(({ type }) => TYPES[type])
  const size = types.reduce((sum, { size }) => sum + size, 0)
  const end = header.offset + header.points * size
  if (end > source.size) {
    throw fileError(source.path, `is cut short: ${header.points} points need ${end} bytes, ${source.size} are there`)
  }
  const blockSize = Math.max(1, Math.floor(BLOCK / size)) * size
  for await (const block of blocks(source, header.offset, end, blockSize, options)) {
    const view = new DataView(block.buffer)
    for (let at = 0; at < block.length; ) {
      for (const [i, { size, get }] of types.entries()) {
        columns[i]?.any(get(view, at))
        at += size
      }
    }
  }
}

/**
 * Reads packed points: field after field, packed as a whole. A field with a COUNT is one block: all its numbers of the first
 * point, then those of the second, ... PCL writes no padding here even where the header has some. The size tells whether
 * there is padding.
 * https://github.com/PointCloudLibrary/pcl/blob/master/io/src/pcd_io.cpp (PCDWriter::writeBinaryCompressed)
 */
async function readCompressed(
  source: ByteSource,
  header: PcdHeader,
  columns: (ColumnBuilder | undefined)[],
  options: ReadOptions,
): Promise<void> {
  const { blocks, points } = header
  const sizeOf = (some: PcdHeader['blocks']) =>
    points * some.reduce((sum, { type, count }) => sum + TYPES[type].size * count, 0)
  const withoutPadding = sizeOf(blocks.filter(({ isPadding }) => !isPadding))
  if (header.offset + 8 > source.size) throw fileError(source.path, 'is cut short: its points are not there')
  const sizes = new DataView((await source.read(header.offset, 8)).buffer)
  const packedSize = sizes.getUint32(0, true)
  const size = sizes.getUint32(4, true)
  const isExpected = size === withoutPadding || size === sizeOf(blocks)
  if (!isExpected || size > LZF_RATIO * packedSize) {
    throw fileError(
      source.path,
      `is damaged: ${points} points are ${sizeOf(blocks)} bytes, but ${size} from ${packedSize} are announced`,
    )
  }
  const packed = await source.read(header.offset + 8, packedSize)
  options.signal?.throwIfAborted()
  const bytes = unpackLzf(packed, size)
  if (bytes === undefined) throw fileError(source.path, 'is damaged: the packed points cannot be unpacked')
  const view = new DataView(bytes.buffer)
  let at = 0
  let first = 0
  for (const { type, count, isPadding } of blocks) {
    const { size: step, get } = TYPES[type]
    const own = columns.slice(first, first + count)
    first += count
    if (isPadding) {
      if (size !== withoutPadding) at += points * count * step
      continue
    }
    for (let point = 0; point < points; point++) {
      for (const column of own) {
        column?.any(get(view, at))
        at += step
      }
    }
  }
  options.onProgress?.(source.size, source.size)
}

/**
 * Unpacks LZF. A control byte below 32 is followed by that many plain bytes and one more. In any other control byte,
 * the upper three bits are a length, and the lower five are the first bits of the distance to copy from. Undefined when
 * the input is damaged.
 */
export function unpackLzf(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  const output = new Uint8Array(size)
  let at = 0
  let end = 0
  while (at < packed.length) {
    const control = packed[at++]
    if (control < 32) {
      const length = control + 1
      if (at + length > packed.length || end + length > size) return undefined
      for (let i = 0; i < length; i++) output[end++] = packed[at++]
      continue
    }
    let length = control >> 5
    if (length === 7) length += packed[at++] ?? 0
    length += 2
    const distance = (((control & 31) << 8) | (packed[at++] ?? 0)) + 1
    if (at > packed.length || distance > end || end + length > size) return undefined
    for (const stop = end + length; end < stop; end++) output[end] = output[end - distance]
  }
  return end === size ? output : undefined
}
