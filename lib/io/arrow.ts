// Arrow IPC, files and streams, decoded by flechette after a check of every size that the file announces.
import { CompressionType, type CompressionType_, setCompressionCodec, Type, tableFromIPC } from '@uwdata/flechette'
import { checkMemory } from '../native/memory.js'
import { type ArrowMessage, checkArrow } from './arrow-check.js'
import { type ByteSource, fileError, isCoded, readWhole } from './bytes.js'
import { decimalToNumber } from './decimal.js'
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
import { checkZstdFrame } from './zstd.js'

/** The parts of flechette's batches that are used. */
export interface Batch {
  length: number
  nullCount: number
  validity: Uint8Array | undefined
  values: ArrayLike<number> | ArrayLike<bigint> | undefined
  offsets?: ArrayLike<number> | ArrayLike<bigint> | undefined
  at(index: number): unknown
}

export interface ArrowType {
  typeId: number
  bitWidth?: number
  signed?: boolean
  precision?: number
  scale?: number
  unit?: number
  timezone?: string | null
  dictionary?: ArrowType
}

// The key in a field's metadata that gives a type another meaning.
const EXTENSION = 'ARROW:extension:name'
const HALF = 0

/**
 * Reads the flat number columns of an Arrow IPC file or stream (LZ4 and ZSTD included); texts, dates, booleans, nested and
 * run-end encoded columns and extension types are listed but not decoded. Null is a missing value, and a decimal is the
 * float64 nearest to it. Throws Error ERR_FILE or ERR_MEMORY.
 */
export async function readArrow(source: ByteSource, options: ReadOptions): Promise<Table> {
  const bytes = await readWhole(source, options)
  try {
    const { isFile, messages } = checkArrow(bytes)
    checkMemory(
      source.path,
      'its buffers',
      messages.reduce((sum, { unpacked }) => sum + unpacked, 0),
    )
    await addCodecs()
    const isAligned = isFile || messages.every(({ body }) => body % 8 === 0)
    const table = tableFromIPC(isAligned ? bytes : messages.map((message) => alignedMessage(bytes, message)), {
      useBigInt: true,
      useDecimalInt: true,
    })
    if (table.numCols === 0) throw new Error('it has no columns')
    const names = uniqueNames(table.schema.fields.map(({ name }) => name ?? ''))
    const keep = keeps(options)
    const columns = names.map((name, i) => {
      const { type, data, nullCount, length } = table.getChildAt(i)
      if (length !== table.numRows) throw new Error(`column '${name}' has ${length} values in ${table.numRows} rows`)
      const described = describeField(table.schema.fields[i])
      return readColumn(name, type as ArrowType, described, data as unknown as Batch[], nullCount, keep(name))
    })
    // Without a single batch the number of rows is NaN.
    if (!(table.numRows > 0)) throw new Error('it has no rows')
    return { format: 'arrow', rows: table.numRows, columns, named: true, meta: undefined }
  } catch (error) {
    if (isCoded(error)) throw error
    throw fileError(source.path, `is an Arrow file that cannot be read: ${(error as Error).message}`, error)
  }
}

function readColumn(
  name: string,
  type: ArrowType,
  { kind, stored }: ArrowKind,
  batches: readonly Batch[],
  nullCount: number,
  keep: boolean,
): Column {
  if (!keep) return unread(name, stored)
  if (kind !== 'number') return { ...unread(name, stored), kind, missing: nullCount }
  const builder = new ColumnBuilder(name, stored)
  for (const batch of batches) addNumbers(builder, name, type, batch, batch.length)
  return builder.done()
}

/** Adds the first `count` numbers of a batch. */
export function addNumbers(builder: ColumnBuilder, name: string, type: ArrowType, batch: Batch, count: number): void {
  const valueAt = numbersOf(name, type, batch)
  for (let i = 0; i < count; i++) builder.any(valueAt(i))
}

/** Where a batch has no value. Undefined: nowhere. */
export function nullsOf(name: string, { length, nullCount, validity }: Batch): ((i: number) => boolean) | undefined {
  // A negative count means that nobody has counted.
  const hasNulls = nullCount > 0 || (nullCount < 0 && (validity?.length ?? 0) > 0)
  if (!hasNulls) return undefined
  if (validity === undefined || validity.length * 8 < length) throw new Error(`column '${name}' is cut short`)
  return (i) => (validity[i >> 3] & (1 << (i & 7))) === 0
}

/** Whether the numbers of a batch are those of its array. */
export function isDirect({ typeId, precision }: ArrowType): boolean {
  return typeId === Type.Int || (typeId === Type.Float && precision !== HALF)
}

/** The numbers of a batch: number, bigint, or null where there is none. Throws Error when the batch is cut short. */
export function numbersOf(name: string, type: ArrowType, batch: Batch): (i: number) => unknown {
  const { length, values } = batch
  const isNull = nullsOf(name, batch)
  // A wide decimal takes several 64-bit words.
  const words = type.typeId === Type.Decimal ? Math.max(1, (type.bitWidth ?? 128) / 64) : 1
  if ((values?.length ?? 0) < length * words) throw new Error(`column '${name}' is cut short`)
  const { scale } = type.dictionary ?? type
  const other = (i: number) => {
    const value = batch.at(i)
    // A dictionary has null for a missing value, and undefined after its end.
    if (value === undefined) throw new Error(`column '${name}' has an entry that its dictionary lacks`)
    return scale !== undefined && value !== null ? decimalToNumber(value as number | bigint, scale) : value
  }
  const numbers = values as ArrayLike<number>
  let valueAt: (i: number) => unknown = other
  if (isDirect(type)) valueAt = (i) => numbers[i]
  else if (type.typeId === Type.Float) valueAt = (i) => fromHalf(numbers[i])
  return isNull === undefined ? valueAt : (i) => (isNull(i) ? null : valueAt(i))
}

const TYPE_NAMES = new Map(Object.entries(Type).map(([name, id]) => [id as number, name.toLowerCase()]))
const TEXTS = new Set<number>([Type.Utf8, Type.LargeUtf8, Type.Utf8View])

interface ArrowKind {
  kind: ColumnKind
  stored: string
}

/** The kind of a field. An extension gives its type another meaning. */
export function describeField({ type, metadata }: { type: unknown; metadata?: Map<string, string> | null }): ArrowKind {
  const extension = metadata?.get(EXTENSION)
  return extension === undefined ? describeType(type as ArrowType) : { kind: 'other', stored: extension }
}

function describeType({ typeId, bitWidth, signed, precision, dictionary }: ArrowType): ArrowKind {
  if (dictionary !== undefined) return describeType(dictionary)
  if (typeId === Type.Int) return { kind: 'number', stored: `${signed ? '' : 'u'}int${bitWidth}` }
  if (typeId === Type.Float)
    return { kind: 'number', stored: ['float16', 'float32', 'float64'][precision ?? 2] ?? 'float' }
  if (typeId === Type.Decimal) return { kind: 'number', stored: 'decimal' }
  if (TEXTS.has(typeId)) return { kind: 'text', stored: 'text' }
  return { kind: 'other', stored: TYPE_NAMES.get(typeId) ?? 'unknown' }
}

let codecsAdded = false

/** Flechette has no decoders of its own. Loading them takes some milliseconds, once. */
export async function addCodecs(): Promise<void> {
  if (codecsAdded) return
  const { compressors } = await import('hyparquet-compressors')
  const encode = () => {
    throw new Error('packing is not needed')
  }
  const codecs: [CompressionType_, (bytes: Uint8Array, length: number) => Uint8Array][] = [
    [CompressionType.LZ4_FRAME, unpackLz4Frame],
    [
      CompressionType.ZSTD,
      (bytes, length) => {
        checkZstdFrame(bytes, length)
        return compressors.ZSTD?.(bytes, length) ?? encode()
      },
    ],
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

/** A copy whose numbers begin at a multiple of 8, which they need not do in old streams. */
function alignedMessage(bytes: Uint8Array, { start, body, next }: ArrowMessage): Uint8Array {
  const before = (8 - ((body - start) % 8)) % 8
  const copy = new Uint8Array(before + next - start)
  copy.set(bytes.subarray(start, next), before)
  return copy.subarray(before)
}

/** Typed arrays can only begin at a multiple of their element's size. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
}
