// Arrow IPC, files and streams, by flechette, after a check of everything in the file that sizes something.
import { CompressionType, type CompressionType_, setCompressionCodec, Type, tableFromIPC } from '@uwdata/flechette'
import { checkArrow } from './arrow-check.js'
import { type ByteSource, fileError, isCoded, readWhole } from './bytes.js'
import { unpackLz4Frame } from './lz4.js'
import { fromHalf } from './npy.js'
import {
  type Column,
  ColumnBuilder,
  type ColumnKind,
  keeps,
  type ReadOptions,
  type Table,
  uniqueNames,
  unread,
} from './table.js'

/** The parts of flechette's batches that are used. */
interface Batch {
  length: number
  nullCount: number
  validity: Uint8Array | undefined
  values: ArrayLike<number> | ArrayLike<bigint> | undefined
  at(index: number): unknown
}

interface ArrowType {
  typeId: number
  bitWidth?: number
  signed?: boolean
  precision?: number
  dictionary?: ArrowType
}

/**
 * Reads the flat number columns of an Arrow IPC file or stream (LZ4 and ZSTD included); texts, dates, booleans and nested
 * columns are listed but not decoded. Null is a missing value. Throws Error ERR_FILE.
 */
export async function readArrow(source: ByteSource, options: ReadOptions): Promise<Table> {
  const bytes = await readWhole(source)
  options.signal?.throwIfAborted()
  options.onProgress?.(source.size, source.size)
  try {
    checkArrow(bytes)
    await addCodecs()
    const table = tableFromIPC(bytes)
    if (table.numCols === 0) throw new Error('it has no columns')
    const names = uniqueNames(table.schema.fields.map(({ name }) => name ?? ''))
    const keep = keeps(options)
    const columns = names.map((name, i) => {
      const { type, data, nullCount } = table.getChildAt(i)
      return readColumn(name, type as ArrowType, data as unknown as Batch[], nullCount, keep(name))
    })
    if (table.numRows === 0) throw new Error('it has no rows')
    return { format: 'arrow', rows: table.numRows, columns, named: true, meta: undefined }
  } catch (error) {
    if (isCoded(error)) throw error
    throw fileError(source.path, `is an Arrow file that cannot be read: ${(error as Error).message}`, error)
  }
}

function readColumn(
  name: string,
  type: ArrowType,
  batches: readonly Batch[],
  nullCount: number,
  keep: boolean,
): Column {
  const { kind, stored } = describeType(type)
  if (!keep) return unread(name, stored)
  if (kind !== 'number') return { ...unread(name, stored), kind, missing: nullCount }
  const builder = new ColumnBuilder(name, stored)
  for (const batch of batches) {
    const { length, validity, values } = batch
    const hasNulls = batch.nullCount > 0
    const isDirect = type.typeId === Type.Int || type.typeId === Type.Float
    if (hasNulls && (validity?.length ?? 0) * 8 < length) throw new Error(`column '${name}' is cut short`)
    // Every type that is read has at least one byte a value in its own buffer.
    if ((values?.length ?? 0) < length) throw new Error(`column '${name}' is cut short`)
    const isHalf = stored === 'float16'
    for (let i = 0; i < length; i++) {
      const isNull = hasNulls && ((validity as Uint8Array)[i >> 3] & (1 << (i & 7))) === 0
      if (isNull) builder.missing()
      else if (!isDirect) builder.any(batch.at(i))
      else if (isHalf) builder.number(fromHalf(values?.[i] as number))
      else builder.any(values?.[i])
    }
  }
  return builder.done()
}

const TYPE_NAMES = new Map(Object.entries(Type).map(([name, id]) => [id as number, name.toLowerCase()]))
const TEXTS = new Set<number>([Type.Utf8, Type.LargeUtf8, Type.Utf8View])

function describeType({ typeId, bitWidth, signed, precision, dictionary }: ArrowType): {
  kind: ColumnKind
  stored: string
} {
  if (dictionary !== undefined) return describeType(dictionary)
  if (typeId === Type.Int) return { kind: 'number', stored: `${signed ? '' : 'u'}int${bitWidth}` }
  if (typeId === Type.Float)
    return { kind: 'number', stored: ['float16', 'float32', 'float64'][precision ?? 2] ?? 'float' }
  if (typeId === Type.Decimal) return { kind: 'number', stored: 'decimal' }
  if (TEXTS.has(typeId)) return { kind: 'text', stored: 'text' }
  return { kind: 'other', stored: TYPE_NAMES.get(typeId) ?? 'unknown' }
}

let codecsAdded = false

/** Flechette leaves unpacking to others. Loading the decoders costs some milliseconds, once. */
async function addCodecs(): Promise<void> {
  if (codecsAdded) return
  const { compressors } = await import('hyparquet-compressors')
  const encode = () => {
    throw new Error('packing is not needed')
  }
  const codecs: [CompressionType_, (bytes: Uint8Array, length: number) => Uint8Array][] = [
    [CompressionType.LZ4_FRAME, unpackLz4Frame],
    [CompressionType.ZSTD, (bytes, length) => compressors.ZSTD?.(bytes, length) ?? encode()],
  ]
  for (const [codec, unpack] of codecs) {
    const decode = (bytes: Uint8Array, length: number) => {
      const unpacked = unpack(bytes, length)
      if (unpacked.length !== length) throw new Error(`a buffer has ${unpacked.length} bytes instead of ${length}`)
      return aligned(unpacked)
    }
    setCompressionCodec(codec, { encode, decode })
  }
  codecsAdded = true
}

/** Typed arrays can only begin at a multiple of their element's size. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
}
