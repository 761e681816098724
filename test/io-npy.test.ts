// NPY arrays and NPZ archives: every type and order, and headers that lie.
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { npyNumbers, npyTexts } from '../lib/io/npy.js'
import { npyHeader } from '../lib/io/npy-header.js'
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

/** The header with its length and the magic bytes, and nothing after it. */
function npyWithHeader(text: string, version = 1): Buffer {
  const head = Buffer.alloc(version === 1 ? 10 : 12)
  head.write('\x93NUMPY', 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(text.length, 8)
  else head.writeUInt32LE(text.length, 8)
  return Buffer.concat([head, Buffer.from(text), Buffer.alloc(64)])
}

/** A header of records, and 64 bytes of zeros after it. */
function record(descr: string, shape = '(1,)'): Buffer {
  return npyWithHeader(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`)
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
    ['|b1', npy('|b1', [3], [1, 0, 255]), { c0: [1, 0, 1] }],
    ['(3,)', npy('<f8', [3], Float64Array.of(1, 2, 3)), { c0: [1, 2, 3] }],
  ])('reads %s', async (_, file, expected) => {
    expect(await readValues(folder.write('a.npy', file))).toEqual(expected)
  })

  it.each([2, 3])('reads version %i', async (version) => {
    const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n"
    const file = npyWithHeader(text, version)
    file.writeDoubleLE(1.5, 12 + text.length)
    expect(await readValues(folder.write('v.npy', file))).toEqual({ c0: [1.5], c1: [0] })
  })

  it.each(['(3L, 2L)', '(3L,2L,)', '( 3 , 2 )'])('reads the shape %s', async (shape) => {
    const text = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`
    const file = Buffer.concat([npyWithHeader(text).subarray(0, -64), Buffer.from(numbers.buffer)])
    expect(await readValues(folder.write('shape.npy', file))).toEqual(rows)
  })

  it('reads records, also of different sizes and orders and with filling between them', async () => {
    const file = record(`[('x', '<f8'), ("it's", '|u1'), ('', '|V3'), ('x', '>i4'), ('ok', '|b1')]`, '(2,)')
    const start = file.length - 64
    const put = (at: number, x: number, small: number, whole: number, ok: number) => {
      file.writeDoubleLE(x, at)
      file[at + 8] = small
      file.fill(77, at + 9, at + 12)
      file.writeInt32BE(whole, at + 12)
      file[at + 16] = ok
    }
    put(start, 0.5, 200, -7, 1)
    put(start + 17, -0, 3, 70_000, 0)
    const path = folder.write('records.npy', file)
    const table = await readTable(path)
    expect(table.named).toBe(true)
    expect(values(table)).toEqual({ x: [0.5, -0], "it's": [200, 3], x_2: [-7, 70_000], ok: [1, 0] })
    expect(await readValues(path, { columns: ['x_2'] })).toEqual({ x_2: [-7, 70_000] })
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
      'cut short inside the NPY header',
    ],
    ['only a magic', Buffer.from('\x93NUMPY', 'latin1'), 'is not an NPY file'],
    ['an unknown version', Buffer.from('\x93NUMPY\x09\x00\x00\x00    ', 'latin1'), 'version 9'],
    ['a header without a type', npyWithHeader("{'fortran_order': False, 'shape': (1, 2)}"), 'cannot be read'],
    ['complex numbers', npy('<c16', [2], numbers), "type '<c16'"],
    ['dates', npy('<M8[ns]', [2], numbers), "type '<M8[ns]'"],
    ['records with texts', record("[('a', '<f8'), ('b', '<U3')]"), "field 'b' is of type '<U3'"],
    ['records with lists', record("[('a', '<f8', (2,))]"), 'records of'],
    ['records in records', record("[('a', [('x', '<f8')])]"), 'records of'],
    ['records that are cut short', record("[('a', '<f8'), ('b', '<f8')]", '(5,)'), 'is cut short'],
    ['records in two dimensions', record("[('a', '<f8')]", '(1, 2)'), 'one list is expected'],
    ['records of nothing', record("[('', '|V0')]"), 'without numbers'],
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

  it('passes over what stands beside the points', async () => {
    const beside = {
      'mask.npy': npy('|b1', [3], [1, 0, 1]),
      'masks.npy': npy('|b1', [3, 2], [1, 0, 1, 1, 0, 0]),
      'records.npy': record("[('a', '<f8'), ('b', '<U3')]", '(3,)'),
      'complex.npy': npy('<c16', [3], numbers),
      'objects.npy': npy('|O', [], [1]),
      'cube.npy': npy('<f8', [1, 2, 3], numbers),
      'faces.npy': npy('<i4', [3, 1], Int32Array.of(0, 1, 2)),
      'folder/': Buffer.alloc(0),
      'readme.txt': Buffer.from('hello'),
    }
    const table = await readTable(folder.write('beside.npz', npz({ ...beside, 'points.npy': points })))
    expect(values(table)).toEqual(rows)
    const others = table.columns.filter(({ kind }) => kind === 'other').map(({ name }) => name)
    expect(others).toEqual(['mask', 'masks', 'records', 'complex', 'objects', 'cube', 'faces'])
  })

  it('takes the array of weights for them also where a point column has that name', async () => {
    const file = npz({ 'points.npy': points, 'weights.npy': weights, 'columns.npy': npyTexts(['x', 'weights']) })
    const table = await readTable(folder.write('names.npz', file))
    expect(table.roles).toEqual({ weight: 'weights_2', row: undefined })
    expect(values(table)).toEqual({ x: rows.c0, weights: rows.c1, weights_2: [1, 2, 0.5] })
  })

  it('reads records where there is nothing else', async () => {
    const file = npz({ 'records.npy': record("[('a', '<f8'), ('b', '<f4')]", '(2,)') })
    expect(await readValues(folder.write('records.npz', file))).toEqual({ a: [0, 0], b: [0, 0] })
  })

  it.each<[string, Uint8Array]>([
    ['two dimensions', npyNumbers(Float64Array.of(1, 2, 0.5), [3, 1])],
    ['another length', npyNumbers(Float64Array.of(1, 2), [2])],
    ['no dimension', npyNumbers(Float64Array.of(1), [])],
    ['texts', npyTexts(['1', '2', '3'])],
    ['truth values', npy('|b1', [3], [1, 0, 1])],
    ['complex numbers', npy('<c8', [3], numbers)],
    ['records', record("[('a', '<f8')]", '(3,)')],
  ])('refuses weights of %s, which would else be left out', async (_, array) => {
    const path = folder.write('weights.npz', npz({ 'points.npy': points, 'weights.npy': array }))
    const message = expect.stringContaining("has 'weights' of type")
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message })
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

  it('refuses a compressed file whose weights or source rows are gone', async () => {
    const meta = { version: 1, columns: ['c0', 'c1'], weight: 'weights', row: 'indices', order: 1, sourceWeight: null }
    const own = npyTexts(JSON.stringify({ ...meta, dropMissing: false }))
    const arrays = { 'points.npy': points, 'fewpoints.npy': own, 'weights.npy': weights }
    const indices = npyNumbers(BigInt64Array.of(0n, 1n, 2n), [3])
    const whole = await readTable(folder.write('own.npz', npz({ ...arrays, 'indices.npy': indices })))
    expect(whole.roles).toMatchObject({ weight: 'weights', row: 'indices' })
    for (const [name, rest] of [
      ['indices', arrays],
      ['indices', { ...arrays, 'indices.npy': points }],
      ['weights', { ...arrays, 'weights.npy': points, 'indices.npy': indices }],
    ] as const) {
      const path = folder.write('own.npz', npz(rest))
      await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining(`'${name}'`) })
    }
  })

  it('refuses entries that share bytes', async () => {
    const file = npz({ 'points.npy': points, 'weights.npy': weights })
    // In the list of entries, the offset of the second entry becomes that of the first.
    const second = file.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
    for (const place of [0, 30, 60]) {
      file.writeUInt32LE(place, second + 42)
      const path = folder.write('shared.npz', file)
      await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining('in the same bytes') })
    }
  })

  it('takes numbers for a column, whatever their name', async () => {
    const [columns, fewpoints] = [Float64Array.of(1, 2), Float64Array.of(3, 4)].map((list) => npyNumbers(list, [2]))
    expect(
      await readValues(folder.write('named.npz', npz({ 'columns.npy': columns, 'fewpoints.npy': fewpoints }))),
    ).toEqual({
      columns: [1, 2],
      fewpoints: [3, 4],
    })
  })

  it('refuses two entries of one name', async () => {
    const two = ['points.npy', 'points.npy'].map((name) => ({ name, content: points }))
    const path = folder.write('twice.npz', Buffer.concat([...zipStored(two)]))
    await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining("'points.npy' twice") })
  })

  it('refuses what is encrypted, but not beside what is wanted', async () => {
    const file = npz({ 'a.txt': points, 'points.npy': points })
    const [first, second] = [file.indexOf('PK\x01\x02'), file.lastIndexOf('PK\x01\x02')]
    file[first + 8] |= 1
    expect(await readValues(folder.write('locked.npz', file))).toEqual(rows)
    file[second + 8] |= 1
    const path = folder.write('locked.npz', file)
    await expect(readTable(path)).rejects.toMatchObject({ message: expect.stringContaining("'points.npy' encrypted") })
  })

  it('reads archives with a comment, also one that looks like the end of an archive', async () => {
    const file = npz({ 'points.npy': points })
    for (const comment of [Buffer.from('hello'), file.subarray(-22), Buffer.alloc(60_000, 'PK\x05\x06', 'latin1')]) {
      const longer = Buffer.concat([file, comment])
      longer.writeUInt16LE(comment.length, file.length - 2)
      expect(await readValues(folder.write('comment.npz', longer))).toEqual(rows)
    }
  })

  it('refuses more than the memory of the machine, before it takes any', async () => {
    // 9000 entries of 4 GiB each, according to the list of entries.
    const files = Array.from({ length: 9000 }, (_, i) => ({ name: `${i}.npy`, content: new Uint8Array(1) }))
    const pieces = Buffer.concat([...zipStored(files)])
    for (let at = pieces.indexOf('PK\x01\x02'); at !== -1; at = pieces.indexOf('PK\x01\x02', at + 4))
      pieces.writeUInt32LE(0xfffffffe, at + 24)
    const path = folder.write('many.npz', pieces)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_MEMORY' })
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
        // Names may be damaged, but a checksum protects every number.
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

/** An archive with one deflated entry that claims to have `size` bytes. */
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
