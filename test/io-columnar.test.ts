// Parquet and Arrow IPC: types, missing values, files of other programs, and damage.
import {
  type Table as ArrowTable,
  decimal,
  float32,
  float64,
  int16,
  int64,
  tableFromArrays,
  tableToIPC,
  utf8,
} from '@uwdata/flechette'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { unpackLz4Frame } from '../lib/io/lz4.js'
import { readTable } from '../lib/io/read.js'
import { column, foreign, readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
const range = Array.from({ length: 40 }, (_, i) => i)
const foreignValues = {
  x: range.map((k) => (k % 4) / 8),
  i: range,
  n: range.map((k) => (k === 5 ? Number.NaN : k / 2)),
}

function arrow(columns: Record<string, unknown[]>, format: 'file' | 'stream'): Uint8Array {
  const types = { x: float64(), f: float32(), h: int16(), big: int64(), s: utf8() }
  const table: ArrowTable = tableFromArrays(columns as never, { types } as never)
  return tableToIPC(table, { format }) as Uint8Array
}

const mixed = { x: [1.5, null, -0], f: [0.1, 2, 3], h: [-5, 6, 7], big: [1n, 2n, 3n], s: ['a', 'b', 'c'] }

describe('Arrow IPC', () => {
  it.each(['file', 'stream'] as const)('reads a %s', async (format) => {
    const path = folder.write(format === 'file' ? 'a.arrow' : 'a.arrows', arrow(mixed, format))
    const table = await readTable(path)
    const f = [0.1, 2, 3].map(Math.fround)
    expect(values(table)).toEqual({ x: [1.5, Number.NaN, -0], f, h: [-5, 6, 7], big: [1, 2, 3] })
    expect(table.columns.map(({ stored }) => stored)).toEqual(['float64', 'float32', 'int16', 'int64', 'text'])
    expect(column(table, 'x')).toMatchObject({ missing: 1, trouble: { kind: 'missing', row: 1 } })
    expect(column(table, 's')).toMatchObject({ kind: 'text', values: undefined })
  })

  it('says which whole numbers float64 cannot hold', async () => {
    const table = await readTable(folder.write('big.arrow', arrow({ big: [1n, 2n ** 53n + 1n] }, 'file')))
    expect(column(table, 'big').trouble).toMatchObject({ kind: 'inexact', row: 1, text: '9007199254740993' })
  })

  it.each([
    ['LZ4', foreign.arrowLz4],
    ['ZSTD', foreign.arrowZstd],
  ])('reads batches that pyarrow has packed with %s', async (_, bytes) => {
    expect(await readValues(folder.write('packed.arrows', bytes))).toEqual(foreignValues)
  })

  it('keeps only the columns asked for', async () => {
    const table = await readTable(folder.write('k.arrow', arrow(mixed, 'file')), { columns: ['h'] })
    expect(values(table)).toEqual({ h: [-5, 6, 7] })
  })

  it.each<[string, Uint8Array]>([
    ['a file cut short', arrow(mixed, 'file').slice(0, -20)],
    ['a stream cut short', arrow(mixed, 'stream').slice(0, -200)],
    ['only a magic', Buffer.from('ARROW1\0\0')],
    ['a footer larger than the file', withInt32(arrow(mixed, 'file'), -10, 2 ** 31 - 1)],
    ['a message larger than the file', withInt32(arrow(mixed, 'stream'), 4, 2 ** 31 - 1)],
  ])('refuses %s', async (_, bytes) => {
    const path = folder.write('bad.arrow', bytes)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(path) })
  })

  it('reads decimals, and refuses those with more digits than a decimal has', async () => {
    const decimals = (scale: number) =>
      tableToIPC(tableFromArrays({ d: [1.25, -3] }, { types: { d: decimal(38, scale) } } as never), {
        format: 'file',
      }) as Uint8Array
    expect(await readValues(folder.write('d.arrow', decimals(2)))).toEqual({ d: [1.25, -3] })
    // The scale comes after the precision of 38. Wherever that pair occurs, the scale becomes 10 million.
    const file = Buffer.from(decimals(29))
    for (let at = 0; at + 8 <= file.length; at++) {
      for (const [first, second] of [
        [0, 4],
        [4, 0],
      ]) {
        const isPair = file.readInt32LE(at + first) === 38 && file.readInt32LE(at + second) === 29
        if (isPair) file.writeInt32LE(10_000_000, at + second)
      }
    }
    const path = folder.write('d.arrow', file)
    await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining('10000000 digits') })
  })

  it('survives any damage, and soon', async () => {
    for (const good of [arrow(mixed, 'file'), arrow(mixed, 'stream'), foreign.arrowLz4, foreign.arrowZstd]) {
      await survivesDamage('fuzz.arrow', good)
    }
  })
})

describe('LZ4 frames', () => {
  const magic = [0x04, 0x22, 0x4d, 0x18]
  const end = [0, 0, 0, 0]
  // Three letters, then a copy of 9 bytes from 3 before, then one last letter.
  const block = [0x35, 97, 98, 99, 3, 0, 0x10, 33]

  it('unpacks literals, overlapping copies, and blocks that are not packed', () => {
    const plain = [2, 0, 0, 0x80, 104, 105]
    const frame = Uint8Array.from([...magic, 0x40, 0x40, 0, block.length, 0, 0, 0, ...block, ...plain, ...end])
    expect(Buffer.from(unpackLz4Frame(frame, 15)).toString()).toBe('abcabcabcabc!hi')
  })

  it.each<[string, number[], number]>([
    ['a copy from before the start', [0x15, 97, 9, 0, 0x10, 33], 12],
    ['literals beyond the block', [0xf0, 255], 100],
    ['more than was announced', block, 5],
    ['a size that no frame has', block, 2 ** 40],
  ])('refuses %s', (_, block, length) => {
    const frame = Uint8Array.from([...magic, 0x40, 0x40, 0, block.length, 0, 0, 0, ...block, ...end])
    expect(() => unpackLz4Frame(frame, length)).toThrow(/LZ4/)
  })
})

describe('Parquet', () => {
  const file = new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'x', data: [1.5, null, -0], type: 'DOUBLE' },
        { name: 'f', data: [0.5, 2, 3], type: 'FLOAT' },
        { name: 'i', data: [-5, 6, 7], type: 'INT32' },
        { name: 'big', data: [1n, 2n ** 53n + 1n, 3n], type: 'INT64' },
        { name: 's', data: ['a', 'b', 'c'], type: 'STRING' },
        { name: 'when', data: [new Date(0), new Date(1), new Date(2)], type: 'TIMESTAMP' },
        { name: 'yes', data: [true, false, true], type: 'BOOLEAN' },
      ],
    }),
  )

  it('reads numbers and lists the rest', async () => {
    const table = await readTable(folder.write('a.parquet', file))
    const { x, f, i, big } = values(table)
    expect({ x, f, i, big }).toEqual({ x: [1.5, NaN, -0], f: [0.5, 2, 3], i: [-5, 6, 7], big: [1, NaN, 3] })
    const kinds = table.columns.map(({ kind, stored }) => `${kind} ${stored}`)
    expect(kinds.slice(0, 4)).toEqual(['number float64', 'number float32', 'number int32', 'number int64'])
    expect(kinds.slice(4)).toEqual(['text text', 'other timestamp', 'other boolean'])
    expect(column(table, 'x').trouble).toMatchObject({ kind: 'missing', row: 1 })
    expect(column(table, 'big').trouble).toMatchObject({ kind: 'inexact', row: 1 })
  })

  it('reads row groups that pyarrow has packed with ZSTD', async () => {
    expect(await readValues(folder.write('packed.parquet', foreign.parquetZstd))).toEqual(foreignValues)
  })

  it('keeps only the columns asked for', async () => {
    const table = await readTable(folder.write('k.parquet', file), { columns: ['i'] })
    expect(values(table)).toEqual({ i: [-5, 6, 7] })
  })

  it.each<[string, Uint8Array]>([
    ['a file cut short', file.slice(0, -9)],
    ['a footer larger than the file', withInt32(file, -8, 2 ** 31 - 1)],
    ['only a magic', Buffer.from('PAR1PAR1')],
    ['a magic and nothing', Buffer.from('PAR1')],
  ])('refuses %s', async (_, bytes) => {
    const path = folder.write('bad.parquet', bytes)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(path) })
  })

  it('survives any damage, and soon', async () => {
    await survivesDamage('fuzz.parquet', file)
    await survivesDamage('fuzz.parquet', foreign.parquetZstd)
  })
})

/** Overwrites bytes by harmful ones, anywhere or in the metadata at the end. Expects a table or an error, and no hang. */
async function survivesDamage(name: string, good: Uint8Array): Promise<void> {
  const place = fc.oneof(
    fc.nat(good.length - 1),
    fc.integer({ min: Math.max(0, good.length - 400), max: good.length - 1 }),
  )
  const byte = fc.oneof(fc.constantFrom(0, 127, 128, 255), fc.nat(255))
  const damage = fc.array(fc.tuple(place, byte), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(damage, fc.option(fc.nat(good.length), { freq: 5 }), async (damage, length) => {
      const file = Buffer.from(good.subarray(0, length ?? good.length))
      for (const [at, byte] of damage) if (at < file.length) file[at] = byte
      const outcome = await readTable(folder.write(name, file)).catch((error) => error)
      // When the first bytes are damaged, the file is read as text, or as the format of its name.
      expect(outcome.code ?? 'table').toMatch(/^(ERR_FILE|ERR_MEMORY|table)$/)
    }),
    { numRuns: 200, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
  )
}

function withInt32(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Buffer.from(bytes)
  copy.writeInt32LE(value, at < 0 ? copy.length + at : at)
  return copy
}
