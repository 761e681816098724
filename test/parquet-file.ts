// A small writer of Parquet files, page by page, so that tests can make the files of other programs, and wrong ones.
// Format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

export const TYPE = { INT32: 1, INT64: 2, INT96: 3, FLOAT: 4, DOUBLE: 5, BYTES: 6, FIXED: 7 }
export const ENCODING = { PLAIN: 0, BIT_PACKED: 4, DELTA: 5, DELTA_BYTES: 7, DICTIONARY: 8, SPLIT: 9 }
export const CONVERTED = { DECIMAL: 5, UINT_32: 13, UINT_64: 14 }

export interface TestPage {
  /** The number of values, including missing ones. */
  count: number
  encoding: number
  data: Uint8Array
  /** Version 2, with this number of nulls and with separate levels. */
  v2?: { nulls: number; levels: Uint8Array; isPacked?: boolean }
  levelEncoding?: number
  crc?: number
}

export interface TestColumn {
  name: string
  type: number
  length?: number
  optional?: boolean
  converted?: number
  scale?: number
  dictionary?: { count: number; data: Uint8Array }
  pages: TestPage[]
  /** Additional fields of the struct ColumnChunk. */
  more?: Field[]
  /** The codec. Default: none. */
  codec?: number
  repeated?: boolean
}

type Kind = 'false' | 'i32' | 'i64' | 'text' | 'struct' | 'i32s' | 'texts' | 'structs'
type Field = [
  id: number,
  kind: Kind,
  value: number | string | Uint8Array | readonly (number | string | Uint8Array)[] | undefined,
]

/** Seven bits per byte, the lowest first. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

/** The sign in the lowest bit. */
export function zigzag(value: number | bigint): Buffer {
  const whole = BigInt(value)
  return varint(whole >= 0n ? 2n * whole : -2n * whole - 1n)
}

const CODES = { false: 2, i32: 5, i64: 6, text: 8, struct: 12 }

/** A struct of Thrift's compact protocol. Fields without a value are left out. */
export function struct(...fields: Field[]): Buffer {
  const pieces: Uint8Array[] = []
  let last = 0
  const one = (kind: string, value: unknown): Uint8Array => {
    if (kind === 'struct') return value as Uint8Array
    // The type is the value.
    if (kind === 'false') return new Uint8Array()
    if (kind !== 'text') return zigzag(value as number)
    const bytes = Buffer.from(value as string)
    return Buffer.concat([varint(bytes.length), bytes])
  }
  for (const [id, kind, value] of fields) {
    if (value === undefined) continue
    const isList = kind.endsWith('s')
    const base = (isList ? kind.slice(0, -1) : kind) as keyof typeof CODES
    pieces.push(Buffer.of(((id - last) << 4) | (isList ? 9 : CODES[base])))
    last = id
    if (!isList) pieces.push(one(base, value))
    else {
      const list = value as readonly unknown[]
      pieces.push(Buffer.of(0xf0 | CODES[base]), varint(list.length), ...list.map((entry) => one(base, entry)))
    }
  }
  return Buffer.concat([...pieces, Buffer.of(0)])
}

/** A file of row groups, each with the same columns. */
export function parquetFile(
  groups: { rows: number; columns: TestColumn[] }[],
  keyValues: [string, string][] = [],
): Buffer {
  const pieces: Uint8Array[] = [Buffer.from('PAR1')]
  let offset = 4
  const add = (piece: Uint8Array) => {
    pieces.push(piece)
    offset += piece.length
  }
  const rowGroups = groups.map(({ rows, columns }) => {
    const chunks = columns.map((column) => {
      const start = offset
      if (column.dictionary) addDictionary(column.dictionary, add)
      const data = offset
      for (const page of column.pages) addPage(page, add)
      const size = offset - start
      const meta = struct(
        [1, 'i32', column.type],
        [2, 'i32s', [0]],
        [3, 'texts', [column.name]],
        [4, 'i32', column.codec ?? 0],
        [5, 'i64', rows],
        [6, 'i64', size],
        [7, 'i64', size],
        [9, 'i64', data],
        [11, 'i64', column.dictionary && start],
      )
      const more = column.more ?? []
      return struct(
        ...more.filter(([id]) => id < 2),
        [2, 'i64', start],
        [3, 'struct', meta],
        ...more.filter(([id]) => id > 3),
      )
    })
    return struct([1, 'structs', chunks], [2, 'i64', offset], [3, 'i64', rows])
  })
  const columns = groups[0]?.columns ?? []
  const schema = [
    struct([4, 'text', 'schema'], [5, 'i32', columns.length]),
    ...columns.map(({ name, type, length, optional, converted, scale, repeated }) =>
      struct(
        [1, 'i32', type],
        [2, 'i32', length],
        [3, 'i32', repeated ? 2 : optional ? 1 : 0],
        [4, 'text', name],
        [6, 'i32', converted],
        [7, 'i32', scale],
        [8, 'i32', scale === undefined ? undefined : 38],
      ),
    ),
  ]
  const footer = struct(
    [1, 'i32', 1],
    [2, 'structs', schema],
    [3, 'i64', groups.reduce((sum, { rows }) => sum + rows, 0)],
    [4, 'structs', rowGroups],
    [5, 'structs', keyValues.map(([key, value]) => struct([1, 'text', key], [2, 'text', value]))],
  )
  return withFooter(Buffer.concat(pieces), footer)
}

export function withFooter(body: Uint8Array, footer: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([body, footer, length, Buffer.from('PAR1')])
}

function addDictionary({ count, data }: { count: number; data: Uint8Array }, add: (piece: Uint8Array) => void): void {
  const head = struct([1, 'i32', count], [2, 'i32', 0])
  add(struct([1, 'i32', 2], [2, 'i32', data.length], [3, 'i32', data.length], [7, 'struct', head]))
  add(data)
}

function addPage(
  { count, encoding, data, v2, crc, levelEncoding = 3 }: TestPage,
  add: (piece: Uint8Array) => void,
): void {
  const levels = v2?.levels ?? new Uint8Array()
  const size = levels.length + data.length
  const head =
    v2 === undefined
      ? struct([1, 'i32', count], [2, 'i32', encoding], [3, 'i32', levelEncoding], [4, 'i32', 3])
      : struct(
          [1, 'i32', count],
          [2, 'i32', v2.nulls],
          [3, 'i32', count],
          [4, 'i32', encoding],
          [5, 'i32', levels.length],
          [6, 'i32', 0],
          [7, 'false', v2.isPacked === false ? 0 : undefined],
        )
  const type = v2 === undefined ? 0 : 3
  add(struct([1, 'i32', type], [2, 'i32', size], [3, 'i32', size], [4, 'i32', crc], [v2 ? 8 : 5, 'struct', head]))
  add(levels)
  add(data)
}

export function doubles(values: readonly number[]): Buffer {
  return Buffer.from(Float64Array.from(values).buffer)
}

/** Bit-packed runs of `block` values, of which the last is filled up with zeros. Most writers use 8, DuckDB 256. */
export function packedRuns(values: readonly number[], width: number, block: number): Buffer {
  const pieces: Uint8Array[] = []
  for (let start = 0; start < values.length; start += block) {
    const bytes = Buffer.alloc((block * width) / 8)
    for (let i = 0; i < block; i++)
      for (let bit = 0; bit < width; bit++)
        if (((values[start + i] ?? 0) >> bit) & 1) bytes[(i * width + bit) >> 3] |= 1 << ((i * width + bit) & 7)
    pieces.push(varint((block / 8) * 2 + 1), bytes)
  }
  return Buffer.concat(pieces)
}

/** Levels or similar data after their length. */
export function sized(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** DELTA_BINARY_PACKED in one block of 128 values in 4 parts, all of 64 bits. */
export function deltas(values: readonly bigint[]): Buffer {
  const differences = values.slice(1).map((value, i) => value - values[i])
  const least = differences.reduce((a, b) => (b < a ? b : a), differences[0] ?? 0n)
  const parts = Math.ceil(differences.length / 32)
  const body = Buffer.alloc(parts * 32 * 8)
  for (const [i, difference] of differences.entries())
    body.writeBigUInt64LE(BigInt.asUintN(64, difference - least), 8 * i)
  const widths = Buffer.from([0, 1, 2, 3].map((part) => (part < parts ? 64 : 0)))
  const head = Buffer.concat([varint(128), varint(4), varint(values.length), zigzag(values[0])])
  return differences.length === 0 ? head : Buffer.concat([head, zigzag(least), widths, body])
}
