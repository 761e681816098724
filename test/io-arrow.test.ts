// Arrow IPC as other programs write it (old streams, dictionaries, decimals of all widths), and files that are refused.
import {
  bool,
  type DataType,
  decimal,
  dictionary,
  float16,
  float64,
  int8,
  int32,
  int64,
  tableFromArrays,
  tableToIPC,
  uint64,
  utf8,
} from '@uwdata/flechette'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTable } from '../lib/io/read.js'
import { column, foreign, readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()

type Columns = [name: string, type: DataType, values: unknown[]][]

function arrow(columns: Columns, change: (table: ReturnType<typeof tableFromArrays>) => void = () => {}): Buffer {
  const table = tableFromArrays(
    columns.map(([name, , values]) => [name, values]) as never,
    { types: Object.fromEntries(columns.map(([name, type]) => [name, type])), useBigInt: true } as never,
  )
  change(table)
  return Buffer.from(tableToIPC(table, { format: 'stream' }) as Uint8Array)
}

/** The messages of a stream, without the marks before them. */
function messages(stream: Buffer): { metadata: Buffer; body: Buffer }[] {
  const found = []
  for (let at = 0; at + 8 <= stream.length; ) {
    const start = at + 8
    const length = stream.readInt32LE(at + 4)
    if (length === 0) break
    const table = start + stream.readInt32LE(start)
    const vtable = table - stream.readInt32LE(table)
    const slot = stream.readUInt16LE(vtable) > 10 ? stream.readUInt16LE(vtable + 10) : 0
    const body = slot === 0 ? 0 : Number(stream.readBigInt64LE(table + slot))
    found.push({
      metadata: stream.subarray(start, start + length),
      body: stream.subarray(start + length, start + length + body),
    })
    at = start + length + body
  }
  return found
}

/** The stream as before Arrow 0.15. With or without bytes that align the numbers, and a length of 0 at the end. */
function oldStream(stream: Buffer, { isAligned, hasEnd }: { isAligned: boolean; hasEnd: boolean }): Buffer {
  const pieces = messages(stream).flatMap(({ metadata, body }) => {
    const filling = Buffer.alloc(isAligned ? 4 : 0)
    const length = Buffer.alloc(4)
    length.writeInt32LE(metadata.length + filling.length)
    return [length, metadata, filling, body]
  })
  return Buffer.concat([...pieces, Buffer.alloc(hasEnd ? 4 : 0)])
}

describe('Arrow streams', () => {
  const columns: Columns = [
    ['x', float64(), [1.5, null, -0]],
    ['i', int64(), [1n, -(2n ** 53n), 7n]],
  ]
  const expected = { x: [1.5, Number.NaN, -0], i: [1, -(2 ** 53), 7] }

  it.each([
    { isAligned: true, hasEnd: true },
    { isAligned: true, hasEnd: false },
    { isAligned: false, hasEnd: true },
    { isAligned: false, hasEnd: false },
  ])('reads those of before version 0.15: %o', async (form) => {
    expect(await readValues(folder.write('old.arrow', oldStream(arrow(columns), form)))).toEqual(expected)
  })

  it('reads those without an end', async () => {
    const stream = arrow(columns)
    const end = stream.subarray(-8).readInt32LE(4) === 0 ? stream.subarray(0, -8) : stream
    expect(await readValues(folder.write('endless.arrow', end))).toEqual(expected)
  })

  it.each<[string, Buffer, string]>([
    ['numbers with the highest byte first', bigEndian(arrow(columns)), 'big-endian'],
    ['Feather of version 1', Buffer.from('FEA1\0\0\0\0FEA1'), 'of version 1'],
    ['a packed buffer that says to be larger than all memory', withPackedSize(2n ** 52n), 'bytes of memory'],
    ['a packed buffer of a negative length', withPackedSize(-2n), 'negative length'],
  ])('refuses %s', async (_, file, message) => {
    const path = folder.write('bad.arrow', file)
    await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining(message) })
  })
})

/** A stream that claims big-endian numbers: the empty slot of the byte order points to the next slot, which is not 0. */
function bigEndian(stream: Buffer): Buffer {
  const message = 8 + stream.readInt32LE(8)
  const slots = message - stream.readInt32LE(message)
  const header = message + stream.readUInt16LE(slots + 8)
  const schema = header + stream.readInt32LE(header)
  const own = schema - stream.readInt32LE(schema)
  stream.writeUInt16LE(stream.readUInt16LE(own + 6), own + 4)
  return stream
}

/** The first packed buffer claims another size, which stands 8 bytes before the LZ4 frame. */
function withPackedSize(size: bigint): Buffer {
  const file = Buffer.from(foreign.arrowLz4)
  file.writeBigInt64LE(size, file.indexOf(Buffer.of(0x04, 0x22, 0x4d, 0x18)) - 8)
  return file
}

describe('Arrow types', () => {
  it('reads dictionaries of numbers, also with missing values', async () => {
    const numbers = [5n, 2n ** 53n + 2n, null, 5n, 2n ** 60n + 1n]
    const table = await readTable(
      folder.write(
        'd.arrow',
        arrow([
          ['i', dictionary(int64()), numbers],
          ['x', dictionary(float64()), [1.5, 1.5, -0, null, 7]],
        ]),
      ),
    )
    expect(values(table)).toEqual({ i: [5, 2 ** 53 + 2, NaN, 5, NaN], x: [1.5, 1.5, -0, NaN, 7] })
    expect(column(table, 'i')).toMatchObject({ missing: 1, notFinite: 1, stored: 'int64' })
  })

  it('refuses an index that is not in the dictionary', async () => {
    const stream = arrow([['x', dictionary(float64(), int8()), [1.5, 2.5, 1.5]]])
    const place = stream.lastIndexOf(Buffer.of(0, 1, 0))
    stream[place + 1] = 9
    const path = folder.write('entry.arrow', stream)
    await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining('its dictionary lacks') })
  })

  it('says which whole numbers float64 cannot hold', async () => {
    const table = await readTable(folder.write('u.arrow', arrow([['u', uint64(), [2n ** 63n, 2n ** 64n - 1n]]])))
    expect(values(table)).toEqual({ u: [2 ** 63, NaN] })
    expect(column(table, 'u').trouble).toMatchObject({ kind: 'inexact', row: 1, text: '18446744073709551615' })
  })

  it('reads half floats', async () => {
    const numbers = [1, -2.5, 2 ** -24, null, 65504]
    expect(await readValues(folder.write('h.arrow', arrow([['h', float16(), numbers]])))).toEqual({
      h: [1, -2.5, 2 ** -24, NaN, 65504],
    })
  })

  it('reads two columns of the same name as two', async () => {
    const stream = arrow(
      [
        ['x', float64(), [1]],
        ['y', float64(), [2]],
      ],
      (table) => {
        for (const field of table.schema.fields) Object.assign(field, { name: 'x' })
      },
    )
    expect(await readValues(folder.write('two.arrow', stream))).toEqual({ x: [1], x_2: [2] })
  })

  it('lists what has another meaning, and does not read it as numbers', async () => {
    const stream = arrow(
      [
        ['x', float64(), [1]],
        ['period', int64(), [5n]],
        ['b', bool(), [true]],
        ['s', utf8(), ['a']],
      ],
      (table) => {
        Object.assign(table.schema.fields[1], { metadata: new Map([['ARROW:extension:name', 'pandas.period']]) })
      },
    )
    const table = await readTable(folder.write('meaning.arrow', stream))
    expect(values(table)).toEqual({ x: [1] })
    expect(table.columns.map(({ kind, stored }) => `${kind} ${stored}`)).toEqual([
      'number float64',
      'other pandas.period',
      'other bool',
      'text text',
    ])
  })

  it('reads decimals of all widths as the float64 that a text with the same digits is', async () => {
    const widths = [
      [32, 9],
      [64, 18],
      [128, 38],
      [256, 76],
    ] as const
    const digits = fc
      .bigInt(-(10n ** 8n), 10n ** 8n)
      .chain((low) => fc.constantFrom(low, low * 10n ** 27n + low, low ** 2n))
    await fc.assert(
      fc.asyncProperty(fc.array(digits, { minLength: 1, maxLength: 20 }), fc.nat(9), async (unscaled, scale) => {
        // Whole numbers that float64 cannot hold are read as NaN.
        const isHeld = (value: bigint) => scale > 0 || BigInt(Number(value)) === value
        const expected = unscaled.map((value) => (isHeld(value) ? Number(`${value}e-${scale}`) : Number.NaN))
        for (const [bits, precision] of widths) {
          if (!unscaled.every((value) => BigInt.asIntN(bits, value) === value)) continue
          for (const type of [decimal(precision, scale, bits), dictionary(decimal(precision, scale, bits))]) {
            if (bits === 32 && 'dictionary' in type) continue
            const stream = bits === 32 ? smallDecimals(unscaled, type) : arrow([['d', type, unscaled]])
            expect((await readValues(folder.write('w.arrow', stream))).d).toEqual(expected)
          }
        }
      }),
      { numRuns: 40 },
    )
  })
})

/** The writer turns negative decimals of 32 bits into 0. So this writes whole numbers and changes their type to decimal. */
function smallDecimals(unscaled: bigint[], type: DataType): Buffer {
  return arrow([['d', int32(), unscaled.map(Number)]], ({ schema }) => {
    Object.assign(schema.fields[0], { type })
  })
}
