// NPY arrays and NPZ archives: every type and order, and headers that lie.
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { npyHeader, npyNumbers, npyTexts } from '../lib/io/npy.js'
import { readTable } from '../lib/io/read.js'
import { zipStored } from '../lib/io/zip.js'
import { column, foreign, readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()

const numbers = Float64Array.of(1, -2.5, 3, 1e300, -0, 6)
const rows = { c0: [1, 3, -0], c1: [-2.5, 1e300, 6] }

function npy(descr: string, shape: number[], body: ArrayBufferView | number[], fortran = false): Buffer {
  const bytes = Array.isArray(body) ? Uint8Array.from(body) : new Uint8Array(body.buffer)
  return Buffer.concat([npyHeader(descr, shape, fortran), bytes])
}

/** The header with its length field and magic, and nothing after it. */
function npyWithHeader(text: string, version = 1): Buffer {
  const head = Buffer.alloc(version === 1 ? 10 : 12)
  head.write('\x93NUMPY', 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(text.length, 8)
  else head.writeUInt32LE(text.length, 8)
  return Buffer.concat([head, Buffer.from(text), Buffer.alloc(64)])
}

describe('NPY', () => {
  it.each<[string, Buffer, Record<string, number[]>]>([
    ['<f8', npy('<f8', [3, 2], numbers), rows],
    ['<f8, Fortran order', npy('<f8', [3, 2], Float64Array.of(1, 3, -0, -2.5, 1e300, 6), true), rows],
    ['>f8', npy('>f8', [1, 1], Buffer.from(Float64Array.of(1.1).buffer).swap64()), { c0: [1.1] }],
    ['<f4', npy('<f4', [2], Float32Array.of(0.1, -7)), { c0: [Math.fround(0.1), -7] }],
    ['<f2', npy('<f2', [4], Uint16Array.of(0x3c00, 0xc500, 0x0001, 0x8000)), { c0: [1, -5, 2 ** -24, -0] }],
    ['<i8', npy('<i8', [2], BigInt64Array.of(-(2n ** 53n), 2n ** 60n)), { c0: [-(2 ** 53), 2 ** 60] }],
    ['<u8', npy('<u8', [1], BigUint64Array.of(2n ** 63n)), { c0: [2 ** 63] }],
    ['>i4', npy('>i4', [2], [255, 255, 255, 254, 0, 0, 1, 0]), { c0: [-2, 256] }],
    ['<u4', npy('<u4', [1], Uint32Array.of(4294967295)), { c0: [4294967295] }],
    ['<i2', npy('<i2', [1, 2], Int16Array.of(-3, 4)), { c0: [-3], c1: [4] }],
    ['>u2', npy('>u2', [1], [1, 0]), { c0: [256] }],
    ['|i1', npy('|i1', [2], [255, 1]), { c0: [-1, 1] }],
    ['|u1', npy('|u1', [2], [255, 1]), { c0: [255, 1] }],
  ])('reads %s', async (_, file, expected) => {
    expect(await readValues(folder.write('a.npy', file))).toEqual(expected)
  })

  it.each([2, 3])('reads version %i', async (version) => {
    const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n"
    const file = npyWithHeader(text, version)
    file.writeDoubleLE(1.5, 12 + text.length)
    expect(await readValues(folder.write('v.npy', file))).toEqual({ c0: [1.5], c1: [0] })
  })

  it('reads only the columns asked for, in blocks', async () => {
    const many = Float64Array.from({ length: 300_000 }, (_, i) => i)
    for (const fortran of [false, true]) {
      const path = folder.write('many.npy', npyNumbers(many, [100_000, 3], fortran))
      const table = await readTable(path, { columns: ['c1'] })
      expect(table.columns.map(({ kind }) => kind)).toEqual(['unread', 'number', 'unread'])
      const expected = Array.from({ length: 100_000 }, (_, i) => (fortran ? 100_000 + i : 3 * i + 1))
      expect(values(table).c1).toEqual(expected)
    }
  })

  it('says which whole numbers float64 cannot hold', async () => {
    const table = await readTable(folder.write('i.npy', npy('<i8', [2], BigInt64Array.of(1n, 2n ** 53n + 1n))))
    expect(column(table, 'c0').trouble).toMatchObject({ kind: 'inexact', row: 1, text: '9007199254740993' })
  })

  it.each<[string, Buffer, string]>([
    ['fewer numbers than the shape says', npy('<f8', [4, 2], numbers), 'is cut short'],
    ['a shape beyond all memory', npy('<f8', [999_999_999_999_999, 999_999_999], numbers), 'is cut short'],
    ['a shape that is 0 modulo 2^64', npy('<f8', [2 ** 32, 2 ** 32], numbers), 'is cut short'],
    [
      'a side that is no number',
      npyWithHeader("{'descr': '<f8', 'fortran_order': False, 'shape': (1e9, -1)}"),
      'has the shape',
    ],
    ['an endless header', Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff    ', 'latin1'), '4294967295 bytes'],
    [
      'a header beyond the file',
      Buffer.from('\x93NUMPY\x01\x00\xff\xff{   ', 'latin1'),
      'cut short inside of the NPY header',
    ],
    ['only a magic', Buffer.from('\x93NUMPY', 'latin1'), 'is not an NPY file'],
    ['an unknown version', Buffer.from('\x93NUMPY\x09\x00\x00\x00    ', 'latin1'), 'version 9'],
    ['a header without a type', npyWithHeader("{'fortran_order': False, 'shape': (1, 2)}"), 'cannot be read'],
    ['records', npyWithHeader("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}"), 'structured'],
    ['booleans', npy('|b1', [2], [1, 0]), "type '|b1'"],
    ['Python objects', npy('|O', [2], [1, 0]), "type '|O'"],
    ['texts', npy('<U3', [2], new Uint32Array(6)), "type '<U3'"],
    ['three dimensions', npy('<f8', [1, 2, 3], numbers), 'shape (1, 2, 3)'],
    ['no dimension', npy('<f8', [], Float64Array.of(1)), 'rows x columns is expected'],
    ['no rows', npy('<f8', [0, 2], []), 'has no numbers'],
    ['another file of that name', Buffer.from('hello, world\n'), 'the mark of npy is not there'],
  ])('refuses %s', async (_, file, message) => {
    const path = folder.write('bad.npy', file)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(message) })
  })

  it('survives any damage to its header', async () => {
    const good = npy('<f8', [3, 2], numbers)
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(good.length), async (damage, length) => {
        const file = Buffer.from(good.subarray(0, length))
        for (const [at, byte] of damage) if (at < length) file[at] = byte
        const table = await readTable(folder.write('fuzz.npy', file)).catch((error) => error)
        expect(table.code === 'ERR_FILE' || table.rows <= 6).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

// ---- archives

const npz = (files: Record<string, Uint8Array>) =>
  Buffer.concat([...zipStored(Object.entries(files).map(([name, content]) => ({ name, content })))])

const points = npyNumbers(numbers, [3, 2])
const weights = npyNumbers(Float64Array.of(1, 2, 0.5), [3])

describe('NPZ', () => {
  it('reads points, weights and names', async () => {
    const file = npz({ 'weights.npy': weights, 'points.npy': points, 'columns.npy': npyTexts(['größe', '𝔵']) })
    const table = await readTable(folder.write('a.npz', file))
    expect(values(table)).toEqual({ größe: rows.c0, 𝔵: rows.c1, weights: [1, 2, 0.5] })
    expect(table).toMatchObject({ named: true, rows: 3, roles: { weight: 'weights', row: undefined } })
  })

  it('reads several columns', async () => {
    const file = npz({ 'x.npy': weights, 'y.npy': npy('<i2', [3], Int16Array.of(7, 8, 9)) })
    const table = await readTable(folder.write('b.npz', file))
    expect(values(table)).toEqual({ x: [1, 2, 0.5], y: [7, 8, 9] })
    expect(table.roles).toEqual({ weight: undefined, row: undefined })
  })

  it('reads what NumPy has written', async () => {
    const path = folder.write('numpy.npz', foreign.npzDeflated)
    expect(await readValues(path)).toEqual({ u: [0, 0.25, 0.5], größe: [0.125, 0.375, 0.625], weights: [1, 2, 0.5] })
  })

  it.each<[string, Buffer, string]>([
    ['arrays of different length', npz({ 'x.npy': weights, 'y.npy': npyNumbers(numbers, [6]) }), 'different length'],
    ['two matrices', npz({ 'a.npy': points, 'b.npy': points }), 'one must be named points'],
    ['no arrays', npz({ 'sheet1.xml': Buffer.from('<x/>') }), 'a spreadsheet?'],
    ['only texts', npz({ 'names.npy': npyTexts(['a']) }), 'has no array of numbers'],
    ['a wrong checksum', damaged(npz({ 'points.npy': points }), points.length - 4), 'checksum'],
    ['a missing list', npz({ 'points.npy': points }).subarray(0, -30), 'its list is missing'],
    ['an inner file cut short', npz({ 'points.npy': points.subarray(0, -8) }), '(points.npy): is cut short'],
  ])('refuses %s', async (_, file, message) => {
    const path = folder.write('bad.npz', file)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(message) })
  })

  it('refuses an entry that announces more than deflate can hold, before it takes memory', async () => {
    const path = folder.write('bomb.npz', deflatedEntry(points, 2 ** 31))
    await expect(readTable(path)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('2147483648'),
    })
  })

  it('stops an entry that unpacks to more than it announces', async () => {
    const path = folder.write('bomb2.npz', deflatedEntry(Buffer.alloc(1 << 24), 4096))
    await expect(readTable(path)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('damaged'),
    })
  })

  it('survives any damage', async () => {
    const good = npz({ 'points.npy': points, 'weights.npy': weights })
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(damage, async (damage) => {
        const file = Buffer.from(good)
        for (const [at, byte] of damage) file[at] = byte
        const table = await readTable(folder.write('fuzz.npz', file)).catch((error) => error)
        if (table.code === 'ERR_FILE') return
        // Names may be damaged, but every number stands under a checksum.
        for (const read of Object.values(values(table))) expect([rows.c0, rows.c1, [1, 2, 0.5]]).toContainEqual(read)
      }),
      { numRuns: 300 },
    )
  })
})

function damaged(file: Buffer, at: number): Buffer {
  file[at] ^= 1
  return file
}

/** An archive with one deflated entry that says to have `size` bytes. */
function deflatedEntry(content: Uint8Array, size: number): Buffer {
  const packed = deflateRawSync(content)
  const file = npz({ 'points.npy': packed })
  const central = file.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
  for (const [start, method] of [
    [0, 8],
    [central, 10],
  ]) {
    file.writeUInt16LE(8, start + method)
    file.writeUInt32LE(size, start + method + 14)
  }
  return file
}
