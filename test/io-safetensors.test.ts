// safetensors: every type, names of columns, what is written, and headers that lie.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memorySource } from '../lib/io/bytes.js'
import { inputFormat } from '../lib/io/format.js'
import { readTable } from '../lib/io/read.js'
import { readSafetensorsHeader, safetensorsPieces } from '../lib/io/safetensors-header.js'
import { type CompressedSet, compressedPieces } from '../lib/io/write.js'
import { readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()

/** A file with this header as it is, and these bytes behind it. */
function file(header: unknown, body: ArrayBufferView | number[] = [], length?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(length ?? BigInt(json.length))
  const bytes = Array.isArray(body) ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return Buffer.concat([head, json, bytes])
}

const tensor = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})
const one = (dtype: string, shape: number[], body: ArrayBufferView) =>
  file({ x: tensor(dtype, shape, 0, body.byteLength) }, body)

describe('reading', () => {
  it.each<[string, Buffer, number[]]>([
    ['F64', one('F64', [3], Float64Array.of(1, -0, 1e300)), [1, -0, 1e300]],
    ['F32', one('F32', [2], Float32Array.of(0.1, -7)), [Math.fround(0.1), -7]],
    ['F16', one('F16', [3], Uint16Array.of(0x3c00, 0xc500, 0x0001)), [1, -5, 2 ** -24]],
    ['BF16', one('BF16', [4], Uint16Array.of(0x3f80, 0xc0a0, 0x8000, 0x0001)), [1, -5, -0, 2 ** -133]],
    ['I64', one('I64', [2], BigInt64Array.of(-(2n ** 53n), 2n ** 60n)), [-(2 ** 53), 2 ** 60]],
    ['U64', one('U64', [1], BigUint64Array.of(2n ** 63n)), [2 ** 63]],
    ['I32', one('I32', [2], Int32Array.of(-2, 256)), [-2, 256]],
    ['U32', one('U32', [1], Uint32Array.of(4294967295)), [4294967295]],
    ['I16', one('I16', [2], Int16Array.of(-3, 4)), [-3, 4]],
    ['U16', one('U16', [1], Uint16Array.of(65535)), [65535]],
    ['I8', one('I8', [2], Int8Array.of(-1, 1)), [-1, 1]],
    ['U8', one('U8', [2], Uint8Array.of(255, 1)), [255, 1]],
  ])('%s', async (_, bytes, expected) => {
    const path = folder.write('x.safetensors', bytes)
    const table = await readTable(path)
    expect([table.format, table.named, table.rows]).toEqual(['safetensors', true, expected.length])
    expect(values(table)).toEqual({ x: expected })
    // By its first bytes.
    expect(await readValues(folder.write('x.bin', bytes))).toEqual({ x: expected })
  })

  it('tensors of more dimensions as a column for each number of a row', async () => {
    const header = {
      q: tensor('F32', [2, 1, 2], 0, 16),
      bias: tensor('F64', [2], 16, 32),
      mask: tensor('BOOL', [2], 32, 34),
      scale: tensor('F32', [], 34, 38),
      none: tensor('F32', [0, 5], 38, 38),
    }
    const body = Buffer.concat([
      Buffer.from(Float32Array.of(1, 2, 3, 4).buffer),
      Buffer.from(Float64Array.of(5, 6).buffer),
      Buffer.alloc(6),
    ])
    const path = folder.write('several.safetensors', file(header, body))
    const table = await readTable(path)
    expect(values(table)).toEqual({ 'q.0': [1, 3], 'q.1': [2, 4], bias: [5, 6] })
    expect(table.columns.filter(({ kind }) => kind === 'other').map(({ name, stored }) => [name, stored])).toEqual([
      ['mask', 'BOOL (2)'],
      ['scale', 'F32 ()'],
      ['none', 'F32 (0, 5)'],
    ])
    expect(await readValues(path, { columns: ['q.1'] })).toEqual({ 'q.1': [2, 4] })
  })

  it('weights, and columns of tensors of one length beside others', async () => {
    const header = {
      weights: tensor('F32', [2], 0, 8),
      x: tensor('F32', [2], 8, 16),
      other: tensor('F32', [3], 16, 28),
    }
    const path = folder.write('lengths.safetensors', file(header, Float32Array.of(1, 2, 3, 4, 5, 6, 7)))
    const different = expect.stringContaining("tensors of different length: 'weights' (2) and 'other' (3)")
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: different })
    const table = await readTable(path, { columns: ['x'] })
    expect(values(table)).toEqual({ weights: [1, 2], x: [3, 4] })
    expect(table.roles?.weight).toBe('weights')
  })

  it('a large tensor, in blocks', async () => {
    const many = Float32Array.from({ length: 400_000 }, (_, i) => i)
    const path = folder.write('many.safetensors', one('F32', [200_000, 2], many))
    const read = await readValues(path, { columns: ['x.1'] })
    expect(read['x.1']).toEqual(Array.from({ length: 200_000 }, (_, i) => 2 * i + 1))
  })

  const x = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({
    x: { dtype, shape, data_offsets: offsets },
  })
  const four = [0, 0, 128, 63]
  it.each<[string, Buffer, string]>([
    ['a length beyond the file', file('{}', [], 1000n), 'cut short inside the safetensors header'],
    ['a length beyond all memory', file('{}', [], 2n ** 31n), '2147483648 bytes; 16777216 is the limit'],
    ['no JSON', file('{"x"', four), 'header that is not JSON'],
    ['bytes that are no UTF-8', Buffer.from('\x07\0\0\0\0\0\0\0{"\xff":1}', 'latin1'), 'header that is not JSON'],
    ['tensors beyond the file', file(x([2], [0, 8]), four), 'its tensors need'],
    ['tensors before the end', file(x([1], [0, 4]), [...four, 0]), 'its tensors end at byte'],
    ['a hole', file(x([1], [1, 5]), [0, ...four]), 'does not begin where the one before it ends'],
    ['bytes of two', file({ ...x([1], [0, 4]), y: tensor('F32', [1], 0, 4) }, four), "tensor 'y' does not begin"],
    ['another shape', file(x([2], [0, 4]), four), 'shape (2) and type F32 in 4 bytes'],
    ['a shape beyond 2^53', file(x([2 ** 40, 2 ** 40], [0, 4]), four), 'in 4 bytes'],
    ['a negative side', file(x([-1], [0, 4]), four), "tensor 'x' is not described"],
    ['a side that is no number', file(x(['1'], [0, 4]), four), "tensor 'x' is not described"],
    ['turned offsets', file(x([1], [4, 0]), four), "tensor 'x' is not described"],
    ['three offsets', file(x([1], [0, 4, 4]), four), "tensor 'x' is not described"],
    ['no type', file(x([1], [0, 4], 3), four), "tensor 'x' is not described"],
    ['a tensor that is none', file({ x: 3 }), "tensor 'x' is not described"],
    ['metadata that are none', file({ __metadata__: [], ...x([1], [0, 4]) }, four), 'its metadata is no object'],
    ['no numbers', file({ x: tensor('F8_E4M3', [4], 0, 4) }, four), 'has no tensor of numbers'],
    ['no tensors', file({}), 'has no tensor of numbers'],
    [
      'weights of two columns',
      file({ weights: tensor('U8', [2, 2], 0, 4) }, four),
      "'weights' of type U8 and shape (2, 2)",
    ],
    ['a wide one', file(x([1, 200_000], [0, 200_000], 'U8'), new Uint8Array(200_000)), '100000 is the limit'],
    ['another file of that name', Buffer.from('hello, world\n'), 'the mark of safetensors is not there'],
  ])('refuses %s', async (_, bytes, message) => {
    const path = folder.write('bad.safetensors', bytes)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(message) })
  })

  it('survives any damage', async () => {
    const good = file({ q: tensor('F32', [2, 2], 0, 16), b: tensor('I8', [2], 16, 18) }, new Uint8Array(18))
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(good.length), async (damage, length) => {
        const bytes = Buffer.from(good.subarray(0, length))
        for (const [at, byte] of damage) if (at < length) bytes[at] = byte
        const table = await readTable(folder.write('fuzz.safetensors', bytes)).catch((error) => error)
        expect(table.code === 'ERR_FILE' || table.rows <= 18).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})

describe('writing', () => {
  const facts = { order: 3, sourceWeight: null, dropMissing: false }
  const write = async (set: CompressedSet) =>
    Buffer.concat([...(await compressedPieces('safetensors', set, facts))] as Uint8Array[])
  const set: CompressedSet = {
    names: ['q.0', 'q.1', 'height', 'k.1', 'v.0'],
    points: Float64Array.of(1, 2, 0.1, 4, 5, 1.5, -0, 1e300, 8, 9),
    weights: Float64Array.of(0.3, 1e-300),
    rows: Uint32Array.of(7, 4294967294),
  }

  it('makes columns tensors again, in float32 where nothing is lost by it', async () => {
    const bytes = await write(set)
    const { tensors, metadata } = await readSafetensorsHeader(memorySource('x', bytes))
    expect(Object.fromEntries(tensors.map(({ name, dtype, shape }) => [name, [dtype, shape]]))).toEqual({
      q: ['F32', [2, 2]],
      height: ['F64', [2]],
      'k.1': ['F32', [2]],
      v: ['F32', [2, 1]],
      weights: ['F64', [2]],
      indices: ['I64', [2]],
    })
    // Every number at a multiple of its size.
    expect(tensors.every(({ dtype, offset }) => offset % (dtype === 'F32' ? 4 : 8) === 0)).toBe(true)
    const own = { version: 1, columns: set.names, weight: 'weights', row: 'indices', ...facts }
    expect(JSON.parse(metadata.fewpoints as string)).toEqual(own)
  })

  it('is read back bit for bit, with its metadata', async () => {
    const table = await readTable(folder.write('back.safetensors', await write(set)))
    expect(values(table)).toEqual({
      'q.0': [1, 1.5],
      'q.1': [2, -0],
      height: [0.1, 1e300],
      'k.1': [4, 8],
      'v.0': [5, 9],
      weights: [0.3, 1e-300],
      indices: [7, 4294967294],
    })
    expect(table.meta).toMatchObject({ columns: set.names, weight: 'weights', row: 'indices', order: 3 })
  })

  it('keeps names apart', async () => {
    const names = ['weights.0', 'weights.1', 'indices', 'a.0', 'a']
    const table = await readTable(folder.write('names.safetensors', await write({ ...set, names })))
    const found = values(table)
    expect(found).toMatchObject({ 'weights.1': [2, -0], indices: [0.1, 1e300], 'a.0': [4, 8], a: [5, 9] })
    expect([found.weights_2, found.indices_2]).toEqual([
      [0.3, 1e-300],
      [7, 4294967294],
    ])
    expect(table.meta).toMatchObject({ columns: names, weight: 'weights_2', row: 'indices_2' })
    await expect(write({ ...set, names: ['a', 'b', 'c', 'd', '__metadata__'] })).rejects.toMatchObject({
      code: 'ERR_FILE',
    })
  })

  it('has no rows where points are free', async () => {
    const table = await readTable(folder.write('free.safetensors', await write({ ...set, rows: undefined })))
    expect(table.columns.map(({ name }) => name)).not.toContain('indices')
    expect(table.meta?.row).toBeNull()
  })

  it('can be recognised, whatever the tensors are called', async () => {
    for (const name of ['x', '__proto__', '7', '"']) {
      const bytes = Buffer.concat(safetensorsPieces([{ name, shape: [1], values: Float64Array.of(2) }], {}))
      expect(await inputFormat(memorySource('x', bytes))).toBe('safetensors')
      const { tensors } = await readSafetensorsHeader(memorySource('x', bytes))
      expect(tensors.map((found) => found.name)).toEqual([name])
    }
  })
})
