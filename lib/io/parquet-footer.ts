// The footer of a Parquet file: its columns, and the place of each column in each group of rows.
// Format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
// hyparquet's reader for Thrift decodes it. The few parts that are used here are checked one by one.
import type { CompressionCodec, ConvertedType, FieldRepetitionType, ParquetType } from 'hyparquet'
import { CompressionCodecs, ConvertedTypes, FieldRepetitionTypes, ParquetTypes } from 'hyparquet/src/constants.js'
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js'
import { type ByteSource, fileError } from './bytes.js'
import { checkThrift } from './parquet-thrift.js'

/** One column as the schema has it. */
export interface ParquetField {
  name: string
  /** Whether it has one value per row and no columns inside. Only then are the following fields meaningful. */
  isFlat: boolean
  type: ParquetType | undefined
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  typeLength: number
  optional: boolean
  converted: ConvertedType | undefined
  logical: LogicalType | undefined
  /** Digits of a decimal after the point. */
  scale: number
  /** The position of its chunk in each group of rows. */
  index: number
}

export interface LogicalType {
  name: string
  /** Only for whole numbers. */
  bitWidth?: number
  isSigned?: boolean
  /** Only for times. */
  unit?: 'MILLIS' | 'MICROS' | 'NANOS'
  isUtc?: boolean
}

/** One column of one group of rows. */
export interface ParquetChunk {
  type: ParquetType | undefined
  codec: CompressionCodec | undefined
  path: string[]
  start: number
  size: number
  /** Bytes of its pages when they are unpacked. */
  unpacked: number
  /** How many values are missing, where the file tells it. */
  nulls: number | undefined
}

export interface ParquetFooter {
  fields: ParquetField[]
  groups: { rows: number; chunks: (ParquetChunk | string)[] }[]
  keyValues: Map<string, string>
}

type Thrift = { [key: `field_${number}`]: unknown }

// By the number of the field in the union LogicalType.
const LOGICAL_TYPES: Record<number, string> = {
  1: 'STRING',
  2: 'MAP',
  3: 'LIST',
  4: 'ENUM',
  5: 'DECIMAL',
  6: 'DATE',
  7: 'TIME',
  8: 'TIMESTAMP',
  10: 'INTEGER',
  11: 'NULL',
  12: 'JSON',
  13: 'BSON',
  14: 'UUID',
  15: 'FLOAT16',
  16: 'VARIANT',
  17: 'GEOMETRY',
  18: 'GEOGRAPHY',
}
// By the field of the union TimeUnit.
const TIME_UNITS: Record<string, 'MILLIS' | 'MICROS' | 'NANOS'> = {
  field_1: 'MILLIS',
  field_2: 'MICROS',
  field_3: 'NANOS',
}
const DEEPEST = 64

/** Throws Error ERR_FILE, or a plain Error when the metadata is damaged. */
export async function readParquetFooter(source: ByteSource): Promise<ParquetFooter> {
  const { path, size } = source
  if (size < 12) throw fileError(path, 'is a Parquet file that is cut short')
  const end = Buffer.from(await source.read(size - 8, 8))
  const mark = end.toString('latin1', 4)
  if (mark === 'PARE') throw fileError(path, 'is a Parquet file that is encrypted')
  if (mark !== 'PAR1') throw fileError(path, 'is a Parquet file that is cut short: its end is not there')
  const length = end.readUInt32LE(0)
  if (length > size - 12)
    throw fileError(path, `is a Parquet file with ${length} bytes of metadata, which is more than there are`)
  const bytes = await source.read(size - 8 - length, length)
  checkThrift(bytes, 0)
  const footer = deserializeTCompactProtocol({ view: new DataView(bytes.buffer), offset: 0 })
  // Field 3, the number of rows in all, is not used: some writers leave it at 0.
  const groups = list(footer.field_4).map(readGroup)
  const keyValues = list(footer.field_5 ?? []).map(
    ({ field_1: key, field_2: value }) => [text(key), value === undefined ? '' : text(value)] as const,
  )
  return { fields: readFields(list(footer.field_2)), groups, keyValues: new Map(keyValues) }
}

function readGroup(group: Thrift): ParquetFooter['groups'][number] {
  return { rows: integer(group.field_3), chunks: list(group.field_1).map(readChunk) }
}

/** A text in place of a chunk is the reason why it cannot be read. */
function readChunk(chunk: Thrift): ParquetChunk | string {
  if (chunk.field_1 !== undefined) return 'stands in another file'
  if (chunk.field_8 !== undefined || chunk.field_3 === undefined) return 'is encrypted'
  const { field_1, field_3, field_4, field_6, field_7, field_9, field_11, field_12 } = struct(chunk.field_3)
  const nulls = field_12 === undefined ? undefined : struct(field_12).field_3
  const data = integer(field_9)
  // Some writers put 0 where there is no dictionary. Others leave it out although the data begin with one.
  const dictionary = field_11 === undefined ? 0 : integer(field_11)
  return {
    type: ParquetTypes[integer(field_1)],
    codec: CompressionCodecs[integer(field_4)],
    path: list(field_3).map((part) => text(part)),
    start: dictionary > 0 ? Math.min(dictionary, data) : data,
    size: integer(field_7),
    unpacked: typeof field_6 === 'bigint' ? Math.max(0, Number(field_6)) : integer(field_7),
    nulls: typeof nulls === 'bigint' ? Number(nulls) : undefined,
  }
}

/** The schema is a tree: its elements stand in depth-first order, each with the number of its children. */
function readFields(elements: Thrift[]): ParquetField[] {
  let at = 0
  let index = 0
  /** Passes over the element and all its descendants. */
  const pass = (depth: number): Thrift => {
    const element = elements[at++]
    if (element === undefined || depth > DEEPEST) throw new Error('its schema is damaged')
    const children = integer(element.field_5 ?? 0)
    if (element.field_1 !== undefined) index++
    // Each child takes an element, so the loop ends with the list even when the number is too large.
    for (let i = 0; i < children; i++) pass(depth + 1)
    return element
  }
  const [root] = elements
  if (root === undefined) throw new Error('it has no schema')
  at = 1
  const fields: ParquetField[] = []
  while (at < elements.length) {
    const first = index
    const begin = at
    const element = pass(0)
    const repetition: FieldRepetitionType | undefined = FieldRepetitionTypes[integer(element.field_3 ?? 0)]
    fields.push({
      name: text(element.field_4),
      isFlat: at === begin + 1 && element.field_1 !== undefined && repetition !== 'REPEATED',
      type: element.field_1 === undefined ? undefined : ParquetTypes[integer(element.field_1)],
      typeLength: integer(element.field_2 ?? 0),
      optional: repetition !== 'REQUIRED',
      converted: element.field_6 === undefined ? undefined : ConvertedTypes[integer(element.field_6)],
      index: first,
      ...readLogical(element),
    })
  }
  if (fields.length !== integer(root.field_5 ?? 0)) throw new Error('its schema is damaged')
  return fields
}

function readLogical({ field_7, field_10 }: Thrift): Pick<ParquetField, 'logical' | 'scale'> {
  const scale = field_7 === undefined ? 0 : integer(field_7)
  if (field_10 === undefined) return { logical: undefined, scale }
  const [[key, value] = ['field_0', {}]] = Object.entries(struct(field_10))
  const name = LOGICAL_TYPES[Number(key.slice('field_'.length))] ?? 'UNKNOWN'
  const { field_1: first, field_2: second } = struct(value)
  if (name === 'DECIMAL') return { logical: { name }, scale: integer(first) }
  if (name === 'INTEGER') return { logical: { name, bitWidth: integer(first), isSigned: second === true }, scale }
  if (name === 'TIME' || name === 'TIMESTAMP') {
    const unit = TIME_UNITS[Object.keys(struct(second ?? {}))[0] ?? '']
    if (unit !== undefined) return { logical: { name, unit, isUtc: first === true }, scale }
  }
  return { logical: { name }, scale }
}

function integer(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
    throw new Error('its metadata is damaged')
  return number
}

function text(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw new Error('its metadata is damaged')
  return new TextDecoder().decode(value)
}

function list(value: unknown): Thrift[] {
  if (!Array.isArray(value)) throw new Error('its metadata is damaged')
  return value
}

function struct(value: unknown): Thrift {
  if (typeof value !== 'object' || value === null) throw new Error('its metadata is damaged')
  return value as Thrift
}
