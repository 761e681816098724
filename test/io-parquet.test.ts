// Parquet as other programs write it: pages, encodings and types, each with the exact numbers; and files that lie.
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTable } from '../lib/io/read.js'
import { column, readValues, temporaryFolder, values } from './io-files.js'
import {
  CONVERTED,
  deltas,
  doubles,
  ENCODING,
  packedRuns,
  parquetFile,
  sized,
  struct,
  type TestColumn,
  type TestPage,
  TYPE,
  varint,
  withFooter,
  zigzag,
} from './parquet-file.js'

const folder = temporaryFolder()

function file(rows: number, ...columns: TestColumn[]): string {
  return folder.write('a.parquet', parquetFile([{ rows, columns }]))
}

function double(name: string, numbers: number[], more: Partial<TestColumn> = {}): TestColumn {
  const pages = [{ count: numbers.length, encoding: ENCODING.PLAIN, data: doubles(numbers) }]
  return { name, type: TYPE.DOUBLE, pages, ...more }
}

const dictionary = { count: 7, data: doubles([0, 1, 2, 3, 4, 5, -6.5]) }
const entries = [0, 1, 2, 3, 4, 5, -6.5]

/** An optional column with a dictionary, in which every third value is missing. */
function indexed(rows: number, block: number, isV2: boolean): { column: TestColumn; expected: number[] } {
  const levels = Array.from({ length: rows }, (_, i) => (i % 3 === 2 ? 0 : 1))
  const indices = levels.filter((level) => level === 1).map((_, i) => i % 7)
  let next = 0
  const expected = levels.map((level) => (level === 1 ? entries[indices[next++]] : Number.NaN))
  const bits = packedRuns(levels, 1, block)
  const data = Buffer.concat([Buffer.of(3), packedRuns(indices, 3, block)])
  const nulls = rows - indices.length
  const page: TestPage = isV2
    ? { count: rows, encoding: ENCODING.DICTIONARY, data, v2: { nulls, levels: bits } }
    : { count: rows, encoding: ENCODING.DICTIONARY, data: Buffer.concat([sized(bits), data]) }
  return { column: { name: 'x', type: TYPE.DOUBLE, optional: true, dictionary, pages: [page] }, expected }
}

describe('Parquet pages', () => {
  it.each([
    [8, false],
    [8, true],
    [256, false],
    [256, true],
  ])('reads runs that are filled up to %i values, also with missing values; version 2: %s', async (block, isV2) => {
    for (const rows of [1, 7, 8, 255, 256, 257, 600]) {
      const { column, expected } = indexed(rows, block, isV2)
      expect((await readValues(file(rows, column))).x).toEqual(expected)
    }
  })

  it('reads runs whose last group is not filled up', async () => {
    const data = Buffer.concat([Buffer.of(3), packedRuns([1, 2, 3], 3, 8).subarray(0, -1)])
    const pages = [{ count: 3, encoding: ENCODING.DICTIONARY, data }]
    expect((await readValues(file(3, { name: 'x', type: TYPE.DOUBLE, dictionary, pages }))).x).toEqual([1, 2, 3])
  })

  it('reads a dictionary that is given up for plain values, and a page of missing values only', async () => {
    const levels = (...run: number[]) => sized(Buffer.from(run))
    const pages: TestPage[] = [
      {
        count: 2,
        encoding: ENCODING.DICTIONARY,
        data: Buffer.concat([levels(4, 1), Buffer.of(3), packedRuns([6, 0], 3, 8)]),
      },
      { count: 3, encoding: ENCODING.DICTIONARY, data: levels(6, 0) },
      { count: 2, encoding: ENCODING.PLAIN, data: Buffer.concat([levels(4, 1), doubles([7.5, -0])]) },
    ]
    const path = file(7, { name: 'x', type: TYPE.DOUBLE, optional: true, dictionary, pages })
    expect((await readValues(path)).x).toEqual([-6.5, 0, Number.NaN, Number.NaN, Number.NaN, 7.5, -0])
  })

  it('reads pages of version 2 that are not packed where the others are', async () => {
    const v2 = { nulls: 1, levels: Buffer.of(2, 1, 2, 0, 2, 1), isPacked: false }
    const pages = [{ count: 3, encoding: ENCODING.PLAIN, data: doubles([1.5, -0]), v2 }]
    const snappy = 1
    const path = file(3, double('x', [], { optional: true, codec: snappy, pages }))
    expect(await readValues(path)).toEqual({ x: [1.5, Number.NaN, -0] })
  })

  it('reads several groups of rows, one of them empty', async () => {
    const groups = [[1, 2], [], [3]].map((numbers) => ({ rows: numbers.length, columns: [double('x', numbers)] }))
    expect(await readValues(folder.write('g.parquet', parquetFile(groups)))).toEqual({ x: [1, 2, 3] })
  })

  it('reads columns of one name, and each for itself', async () => {
    const path = file(2, double('x', [1, 2]), double('y', [3, 4]), double('x', [5, 6]), double('x_2', [7, 8]))
    expect(await readValues(path)).toEqual({ x: [1, 2], y: [3, 4], x_2: [5, 6], x_2_2: [7, 8] })
    expect(await readValues(path, { columns: ['x_2'] })).toEqual({ x_2: [5, 6] })
  })

  it('checks the checksum of a page where there is one', async () => {
    const data = doubles([1, 2])
    const page = (crc: number) => [{ count: 2, encoding: ENCODING.PLAIN, data, crc }]
    expect(await readValues(file(2, double('x', [], { pages: page(crc32(data) | 0) })))).toEqual({ x: [1, 2] })
    const path = file(2, double('x', [], { pages: page((crc32(data) ^ 1) | 0) }))
    await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining('checksum') })
  })
})

describe('Parquet types', () => {
  it('reads differences that go over the ends of 64 and of 32 bits', async () => {
    const whole = [0n, 5n, -(2n ** 53n), 2n ** 53n, 7n, ...Array.from({ length: 100 }, (_, i) => BigInt(-i) * 3n)]
    const column: TestColumn = {
      name: 'i',
      type: TYPE.INT64,
      pages: [{ count: whole.length, encoding: ENCODING.DELTA, data: deltas(whole) }],
    }
    expect((await readValues(file(whole.length, column))).i).toEqual(whole.map(Number))
    // Unsigned numbers of 32 bits. DuckDB writes their differences with 33 bits.
    for (const unsigned of [
      [4294967295n, 0n, 2706281788n],
      [2147483648n, 2147483647n],
      [3n, 4294967295n],
    ]) {
      const pages = [{ count: unsigned.length, encoding: ENCODING.DELTA, data: deltas(unsigned) }]
      const column: TestColumn = { name: 'u', type: TYPE.INT32, converted: CONVERTED.UINT_32, pages }
      expect((await readValues(file(unsigned.length, column))).u).toEqual(unsigned.map(Number))
    }
  })

  it('reads unsigned numbers, and says which float64 cannot hold', async () => {
    const plain = (data: ArrayBuffer, count: number) => [{ count, encoding: ENCODING.PLAIN, data: Buffer.from(data) }]
    const table = await readTable(
      file(
        2,
        {
          name: 'a',
          type: TYPE.INT32,
          converted: CONVERTED.UINT_32,
          pages: plain(Uint32Array.of(4294967295, 1).buffer, 2),
        },
        {
          name: 'b',
          type: TYPE.INT64,
          converted: CONVERTED.UINT_64,
          pages: plain(BigUint64Array.of(2n ** 63n, 2n ** 64n - 1n).buffer, 2),
        },
      ),
    )
    expect(values(table)).toEqual({ a: [4294967295, 1], b: [2 ** 63, Number.NaN] })
    expect(column(table, 'b').trouble).toMatchObject({ kind: 'inexact', row: 1, text: '18446744073709551615' })
  })

  it('reads split bytes', async () => {
    const bytes = doubles([1.5, -2])
    const data = Buffer.from(Array.from({ length: 16 }, (_, i) => bytes[(i % 2) * 8 + (i >> 1)]))
    const pages = [{ count: 2, encoding: ENCODING.SPLIT, data }]
    expect(await readValues(file(2, double('x', [], { pages })))).toEqual({ x: [1.5, -2] })
  })

  it('lists columns of lists and others that are not numbers', async () => {
    const times = { name: 't', type: TYPE.INT96, pages: [{ count: 1, encoding: 0, data: Buffer.alloc(12) }] }
    const table = await readTable(file(1, double('x', [1]), double('l', [1], { repeated: true }), times))
    expect(table.columns.map(({ kind, stored }) => `${kind} ${stored}`)).toEqual([
      'number float64',
      'other nested',
      'other int96',
    ])
  })
})

describe('Decimals of Parquet', () => {
  /** The same numbers as whole numbers of 32 and 64 bits and as bytes, plain and as differences of bytes. */
  function decimals(unscaled: bigint[], scale: number): TestColumn[] {
    const count = unscaled.length
    const bytes = unscaled.map((value) => bigEndianBytes(value, 16))
    const decimal = { converted: CONVERTED.DECIMAL, scale }
    const plain = (data: Uint8Array) => [{ count, encoding: ENCODING.PLAIN, data }]
    const prefixes = deltas(unscaled.map(() => 0n))
    const lengths = deltas(unscaled.map(() => 16n))
    const columns: TestColumn[] = [
      { name: 'fixed', type: TYPE.FIXED, length: 16, ...decimal, pages: plain(Buffer.concat(bytes)) },
      { name: 'bytes', type: TYPE.BYTES, ...decimal, pages: plain(Buffer.concat(bytes.map(sized))) },
      {
        name: 'differences',
        type: TYPE.FIXED,
        length: 16,
        ...decimal,
        pages: [{ count, encoding: ENCODING.DELTA_BYTES, data: Buffer.concat([prefixes, lengths, ...bytes]) }],
      },
    ]
    const fits = (bits: number) => unscaled.every((value) => BigInt.asIntN(bits, value) === value)
    const of64 = Buffer.from(BigInt64Array.from(unscaled.map((value) => BigInt.asIntN(64, value))).buffer)
    const of32 = Buffer.from(Int32Array.from(unscaled.map((value) => Number(BigInt.asIntN(32, value)))).buffer)
    if (fits(64)) columns.push({ name: 'int64', type: TYPE.INT64, ...decimal, pages: plain(of64) })
    if (fits(32)) columns.push({ name: 'int32', type: TYPE.INT32, ...decimal, pages: plain(of32) })
    return columns
  }

  it('reads each as the float64 that a text with the same digits is', async () => {
    const digits = fc.oneof(
      fc.bigInt(-(2n ** 31n), 2n ** 31n - 1n),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.bigInt(-(10n ** 38n), 10n ** 38n),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(digits, { minLength: 1, maxLength: 20 }), fc.nat(38), async (unscaled, scale) => {
        const texts = unscaled.map((value) => pointed(value, scale))
        const csv = folder.write('d.csv', `x\n${texts.join('\n')}\n`)
        // Whole numbers that float64 cannot hold are read as NaN in both.
        const isHeld = (value: bigint) => scale > 0 || BigInt(Number(value)) === value
        const expected = texts.map((text, i) => (isHeld(unscaled[i]) ? Number(text) : Number.NaN))
        if (expected.every(Number.isNaN)) return
        expect((await readValues(csv, { header: true })).x).toEqual(expected)
        for (const numbers of Object.values(await readValues(file(unscaled.length, ...decimals(unscaled, scale)))))
          expect(numbers).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  it('reads all amounts of two digits after the point exactly', async () => {
    const cents = Array.from({ length: 100_000 }, (_, i) => i - 50_000)
    const pages = [{ count: cents.length, encoding: ENCODING.PLAIN, data: Buffer.from(Int32Array.from(cents).buffer) }]
    const price: TestColumn = { name: 'price', type: TYPE.INT32, converted: CONVERTED.DECIMAL, scale: 2, pages }
    const { price: numbers } = await readValues(file(cents.length, price))
    expect(numbers.filter((number, i) => number !== Number(`${cents[i]}e-2`))).toEqual([])
  })
})

/** A decimal number as a text with all digits and no exponent. There is no decimal -0. */
function pointed(unscaled: bigint, scale: number): string {
  const digits = `${unscaled < 0n ? -unscaled : unscaled}`.padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0n ? `-${text}` : text
}

function bigEndianBytes(value: bigint, size: number): Buffer {
  return Buffer.from(
    BigInt.asUintN(8 * size, value)
      .toString(16)
      .padStart(2 * size, '0'),
    'hex',
  )
}

describe('Parquet files that lie', () => {
  const dictionaryPage = (data: Uint8Array, count = 3, more: Partial<TestColumn> = {}) =>
    double('x', [], { dictionary, pages: [{ count, encoding: ENCODING.DICTIONARY, data }], ...more })
  const packed = (indices: number[]) => Buffer.concat([Buffer.of(3), packedRuns(indices, 3, 8)])
  const deltaPage = (data: Uint8Array, count = 3): TestColumn => ({
    name: 'x',
    type: TYPE.INT64,
    pages: [{ count, encoding: ENCODING.DELTA, data }],
  })

  it.each<[string, number, TestColumn, string]>([
    ['an entry that the dictionary has not', 3, dictionaryPage(packed([1, 7, 2])), 'an entry 7 in a dictionary of 7'],
    [
      'entries without a dictionary',
      3,
      dictionaryPage(packed([1, 2, 3]), 3, { dictionary: undefined }),
      'has no dictionary',
    ],
    [
      'a run longer than the page',
      3,
      dictionaryPage(Buffer.concat([Buffer.of(3), varint(2 ** 30), Buffer.of(1)])),
      'a page says',
    ],
    [
      'packed values that are not there',
      3,
      dictionaryPage(Buffer.concat([Buffer.of(3), varint(65), Buffer.of(1)])),
      'a page says 256',
    ],
    [
      'packed values without bits',
      3,
      dictionaryPage(Buffer.concat([Buffer.of(0), varint(2 ** 31 - 1), Buffer.of(0)])),
      'a page says',
    ],
    ['a page of more values than rows', 2, double('x', [1, 2, 3]), 'a page says 3 where at most 2'],
    ['fewer values than rows', 4, double('x', [1, 2, 3]), '1 values less than rows'],
    [
      'fewer bytes than values',
      3,
      double('x', [], { pages: [{ count: 3, encoding: 0, data: doubles([1, 2]) }] }),
      'a page says 24',
    ],
    ['blocks of no values', 3, deltaPage(Buffer.concat([varint(0), varint(4), varint(3), zigzag(0)])), 'a page says 4'],
    ['blocks of odd parts', 3, deltaPage(Buffer.concat([varint(128), varint(8), varint(3), zigzag(0)])), 'in 8 parts'],
    ['differences of another number', 3, deltaPage(deltas([1n, 2n, 3n, 4n])), '4 differences where 3'],
    ['differences that are cut short', 3, deltaPage(deltas([1n, 2n, 3n]).subarray(0, -1)), 'a page says'],
    ['an endless number', 3, deltaPage(Buffer.alloc(60, 255)), 'more than 64 bits'],
    [
      'levels in the old encoding',
      1,
      double('x', [1], {
        optional: true,
        pages: [{ count: 1, encoding: 0, levelEncoding: 4, data: sized(doubles([1])) }],
      }),
      'BIT_PACKED',
    ],
    [
      'another number of missing values',
      2,
      double('x', [], {
        optional: true,
        pages: [{ count: 2, encoding: 0, data: doubles([1, 2]), v2: { nulls: 1, levels: Buffer.of(4, 1) } }],
      }),
      'lacks 0 values and announces 1',
    ],
    [
      'an encoding that the type has not',
      1,
      double('x', [], { pages: [{ count: 1, encoding: ENCODING.DELTA, data: deltas([1n]) }] }),
      'DELTA_BINARY_PACKED',
    ],
    [
      'a column in another file',
      1,
      double('x', [1], { more: [[1, 'text', 'other.parquet']] }),
      'stands in another file',
    ],
    ['an encrypted column', 1, double('x', [1], { more: [[8, 'struct', struct()]] }), 'is encrypted'],
    ['more memory than there is', 2 ** 50, double('x', [1]), 'bytes of memory'],
  ])('refuses %s', async (_, rows, column, message) => {
    const code = message === 'bytes of memory' ? 'ERR_MEMORY' : 'ERR_FILE'
    await expect(readTable(file(rows, column))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })

  it.each<[string, Buffer]>([
    ['lists that are longer than the file', Buffer.concat([Buffer.of(0x29, 0xfc), varint(2 ** 31 - 1), Buffer.of(0)])],
    ['lists in lists', Buffer.concat([Buffer.of(0x29), Buffer.alloc(5000, 0x19)])],
    ['structs in structs', Buffer.alloc(5000, 0x1c)],
    ['endless numbers', Buffer.concat([Buffer.of(0x26), Buffer.alloc(5000, 255)])],
    ['a text longer than the file', Buffer.concat([Buffer.of(0x28), varint(2 ** 40)])],
    ['no schema', struct([2, 'structs', []], [3, 'i64', 0], [4, 'structs', []])],
    [
      'a schema of more columns than it has',
      struct([2, 'structs', [struct([4, 'text', 's'], [5, 'i32', 9])]], [4, 'structs', []]),
    ],
  ])('refuses metadata with %s', async (_, footer) => {
    const path = folder.write('bad.parquet', withFooter(Buffer.from('PAR1'), footer))
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(path) })
  })
})
