// NPY in blocks. float64 in row-major order is read into the block itself, without a copy.
import { uint8s } from '../../native/memory.js'
import { type ByteSource, fileError, memorySource } from '../bytes.js'
import { npyShape, numberType, recordLayout, swapBytes } from '../npy.js'
import { type NpyHeader, readNpyHeader } from '../npy-header.js'
import { newColumns, positionNames, type ReadOptions } from '../table.js'
import type { Input } from './input.js'
import { Input as Bytes } from './input.js'
import { type Block, type BlockReader, type Position, rowsPerBlock, type Use } from './types.js'
import { copyOf, gather, troubleOf, type View } from './views.js'

const LONGEST_HEADER = (1 << 16) + 12
/** Enough to see what a column is. */
const SAMPLE_ROWS = 10_000

/** How the numbers of a file lie in it. */
interface Layout {
  rows: number
  /** Bytes of a row. In column-major order its numbers lie apart. */
  rowSize: number
  names: readonly string[]
  stored: string | readonly string[]
  named: boolean
  /** Whether rows are float64 as they are in memory. */
  isPlain: boolean
  /** Reads rows, at most as many as it was made for, and returns views of columns by their positions. */
  reader(count: number): (input: Input, first: number, count: number, columns: readonly number[]) => Promise<View[]>
}

/** Throws Error ERR_FILE. */
export async function openNpyRows(input: Input, options: ReadOptions): Promise<BlockReader> {
  const header = await readNpyHeader(memorySource(input.path, await input.peek(LONGEST_HEADER)))
  // The last column begins near the end: a pipe must be read as a whole.
  if (header.fortranOrder && input.isPipe) await input.source('NPY in column-major order')
  const source = { path: input.path, size: input.size ?? Number.POSITIVE_INFINITY }
  const layout = header.fields === undefined ? matrixLayout(source, header) : recordsLayout(source, header)
  const { rows, rowSize, names, stored, named } = layout
  const { builders, done } = newColumns(names, stored, options)
  const sampled = Math.min(rows, SAMPLE_ROWS, rowsPerBlock(names.length))
  const head = input.isPipe ? Bytes.memory(input.path, await input.peek(header.offset + sampled * rowSize)) : input
  const views = await layout.reader(sampled)(head, 0, sampled, [...names.keys()])
  for (const [i, { values, offset, stride }] of views.entries())
    for (let row = 0; row < sampled; row++) builders[i]?.any(values[offset + row * stride])
  const table = { format: 'npy', rows: sampled, columns: done(), named, meta: undefined }
  const blocks = (use: Use, from: Position | undefined) => blocksOf(input, header, layout, use, from)
  return { format: 'npy', table, part: sampled === rows ? undefined : sampled, rows, total: input.size, blocks }
}

async function* blocksOf(
  input: Input,
  { offset }: NpyHeader,
  layout: Layout,
  use: Use,
  from: Position | undefined,
): AsyncGenerator<Block> {
  const { rows, rowSize, names, isPlain } = layout
  const m = use.columns.length
  const isWhole =
    isPlain && m === names.length && use.columns.every((column, i) => column === i) && use.weight === undefined
  const size = rowsPerBlock(isPlain ? names.length : Math.max(m, rowSize / 8))
  const points = new Float64Array(size * m)
  const weights = use.weight === undefined ? undefined : new Float64Array(size)
  const wanted = [...use.columns, ...(use.weight === undefined ? [] : [use.weight]), ...use.keep]
  const bytes = new Uint8Array(points.buffer)
  const read = isWhole && use.keep.length === 0 ? undefined : layout.reader(size)
  for (let first = from?.row ?? 0; first < rows; ) {
    const count = Math.min(size, rows - first)
    let views: View[] = []
    if (read === undefined) {
      await fillAll(input, offset + first * rowSize, bytes.subarray(0, count * rowSize))
      views = use.columns.map((column) => ({ values: points, offset: column, stride: m }))
    } else {
      views = await read(input, first, count, wanted)
      for (let a = 0; a < m; a++) gather(views[a], count, points, a, m)
      if (weights !== undefined) gather(views[m], count, weights, 0, 1)
    }
    const kept = views.slice(wanted.length - use.keep.length).map((view) => copyOf(view, count))
    const end = first + count
    const begin = first
    yield {
      first,
      count,
      points: count === size ? points : points.subarray(0, count * m),
      weights: weights?.subarray(0, count),
      kept: use.keep.length === 0 ? [] : kept,
      position: { row: end },
      done: offset + end * rowSize,
      why: (row, column) => {
        const { values, offset: start, stride } = views[column]
        return troubleOf(values[start + row * stride], begin + row)
      },
    }
    first = end
  }
}

/** An array of one or two dimensions. */
function matrixLayout(source: Pick<ByteSource, 'path' | 'size'>, header: NpyHeader): Layout {
  const { type, swapped } = numberType(source.path, header)
  const { rows, width } = npyShape(source, header)
  const { size, name } = type
  const { offset, fortranOrder } = header
  const isColumnMajor = fortranOrder && width > 1
  const rowSize = width * size
  const decode = (bytes: Uint8Array<ArrayBuffer>) => {
    if (swapped) swapBytes(bytes, size)
    return type.decode(bytes)
  }
  const rowMajor: Layout['reader'] = (most) => {
    const bytes = uint8s(most * rowSize)
    return async (input, first, count, columns) => {
      await fillAll(input, offset + first * rowSize, bytes.subarray(0, count * rowSize))
      const values = decode(bytes)
      return columns.map((column) => ({ values, offset: column, stride: width }))
    }
  }
  const columnMajor: Layout['reader'] = () => async (input, first, count, columns) => {
    const pieces = new Map<number, View>()
    for (const column of columns) {
      if (pieces.has(column)) continue
      const bytes = uint8s(count * size)
      await fillAll(input, offset + (column * rows + first) * size, bytes)
      pieces.set(column, { values: decode(bytes), offset: 0, stride: 1 })
    }
    return columns.map((column) => pieces.get(column) as View)
  }
  return {
    rows,
    rowSize,
    names: positionNames(width),
    stored: name,
    named: false,
    isPlain: name === 'float64' && !swapped && !isColumnMajor,
    reader: isColumnMajor ? columnMajor : rowMajor,
  }
}

/** A list of records. Their fields need not begin at multiples of their size, so they are copied out. */
function recordsLayout(source: Pick<ByteSource, 'path' | 'size'>, header: NpyHeader): Layout {
  const { rows, size: rowSize, fields } = recordLayout(source, header)
  return {
    rows,
    rowSize,
    names: fields.map(({ name }) => name),
    stored: fields.map(({ type }) => type.name),
    named: true,
    isPlain: false,
    reader: (most) => {
      const bytes = uint8s(most * rowSize)
      return async (input, first, count, columns) => {
        await fillAll(input, header.offset + first * rowSize, bytes.subarray(0, count * rowSize))
        return columns.map((column) => {
          const { start, type, swapped } = fields[column]
          const own = new Uint8Array(count * type.size)
          for (let from = start, to = 0; to < own.length; from += rowSize, to += type.size)
            for (let i = 0; i < type.size; i++) own[to + i] = bytes[from + i]
          if (swapped) swapBytes(own, type.size)
          return { values: type.decode(own), offset: 0, stride: 1 }
        })
      }
    },
  }
}

async function fillAll(input: Input, position: number, bytes: Uint8Array): Promise<void> {
  await input.seek(position)
  const done = await input.fill(bytes)
  if (done < bytes.length) throw fileError(input.path, `ended at byte ${position + done} while it was read`)
}
