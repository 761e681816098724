// PCD point clouds in their three forms.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unpackLzf } from '../lib/io/pcd.js'
import { readTable } from '../lib/io/read.js'
import { column, readValues, temporaryFolder } from './io-files.js'

const folder = temporaryFolder()

function header(data: string, changes: Record<string, string> = {}): string {
  const lines = {
    VERSION: '.7',
    FIELDS: 'x _ n id',
    SIZE: '4 1 8 2',
    TYPE: 'F U F I',
    COUNT: '1 3 2 1',
    WIDTH: '2',
    HEIGHT: '1',
    VIEWPOINT: '0 0 0 1 0 0 0',
    POINTS: '2',
    DATA: data,
    ...changes,
  }
  const text = Object.entries(lines).map(([key, value]) => `${key} ${value}\n`)
  return `# .PCD v.7 - Point Cloud Data file format\n${text.join('')}`
}

const expected = { x: [0.5, -3], n_0: [1e300, 0.1], n_1: [-0, 7], id: [-2, 300] }

/** Point after point, or (compressed) field after field. */
function body(byField: boolean): Buffer {
  const bytes = Buffer.alloc(50)
  for (const [point, at] of [0, 25].entries()) {
    const place = (offset: number, start: number, size: number) => (byField ? start + point * size : at + offset)
    bytes.writeFloatLE(expected.x[point], place(0, 0, 4))
    bytes.writeDoubleLE(expected.n_0[point], place(7, 14, 8))
    bytes.writeDoubleLE(expected.n_1[point], place(15, 30, 8))
    bytes.writeInt16LE(expected.id[point], place(23, 46, 2))
  }
  return bytes
}

/** LZF without a single copy: control bytes and what follows them. */
function stored(bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 32) {
    const piece = bytes.subarray(at, at + 32)
    pieces.push(Buffer.of(piece.length - 1), piece)
  }
  return Buffer.concat(pieces)
}

function packed(content: Buffer, size: number): Buffer {
  const sizes = Buffer.alloc(8)
  sizes.writeUInt32LE(content.length, 0)
  sizes.writeUInt32LE(size, 4)
  return Buffer.concat([sizes, content])
}

const binary = Buffer.concat([Buffer.from(header('binary')), body(false)])
const compressed = Buffer.concat([Buffer.from(header('binary_compressed')), packed(stored(body(true)), 50)])

describe('PCD', () => {
  it('reads ascii', async () => {
    const text = `${header('ascii')}0.5 0 0 0 1e300 -0 -2\n-3 1 2 3 0.1 7 300\n`
    expect(await readValues(folder.write('a.pcd', text))).toEqual(expected)
  })

  it('reads binary', async () => {
    expect(await readValues(folder.write('b.pcd', binary))).toEqual(expected)
    expect(await readValues(folder.write('b.pcd', binary), { columns: ['id'] })).toEqual({ id: expected.id })
  })

  it('reads binary_compressed', async () => {
    expect(await readValues(folder.write('c.pcd', compressed))).toEqual(expected)
  })

  it('says where a scanner saw nothing', async () => {
    const text = `${header('ascii')}0.5 0 0 0 1 2 3\nnan 1 2 3 4 5 6\n`
    const table = await readTable(folder.write('n.pcd', text))
    expect(column(table, 'x').trouble).toMatchObject({ kind: 'nan', row: 1, line: 13 })
  })

  it.each<[string, string | Buffer, string]>([
    ['fewer points than announced', binary.subarray(0, -1), 'is cut short'],
    ['fewer lines than announced', `${header('ascii')}0.5 0 0 0 1 2 3\n`, '1 of 2 points'],
    ['a line too short', `${header('ascii')}0.5 0 0 0 1 2\n`, 'line 12 has 6 numbers'],
    ['points beyond all memory', header('binary', { POINTS: '9007199254740991' }), 'is cut short'],
    ['more packed bytes than there are', compressed.subarray(0, -3), 'cut short'],
    [
      'another packed size',
      Buffer.concat([Buffer.from(header('binary_compressed')), packed(stored(body(true)), 2 ** 31)]),
      'announced',
    ],
    ['no DATA line', header('x').replace('DATA', 'DATUM'), 'without a DATA line'],
    ['another DATA', header('zip'), 'has DATA zip'],
    ['lists that do not agree', header('ascii', { SIZE: '4 4' }), 'do not agree'],
    ['an unknown type', header('ascii', { TYPE: 'F U Q I' }), "field 'n' of type Q"],
    ['a count of nothing', header('ascii', { COUNT: '1 3 0 1' }), "field 'n' 0 times"],
    ['no points', header('ascii', { POINTS: '0' }), 'has no points'],
  ])('refuses %s', async (_, file, message) => {
    const path = folder.write('bad.pcd', file)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(message) })
  })

  it('survives any damage', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(binary, compressed), fc.nat(400), fc.nat(255), async (good, at, byte) => {
        const file = Buffer.from(good)
        file[at % file.length] = byte
        const outcome = await readTable(folder.write('fuzz.pcd', file)).catch((error) => error)
        expect(outcome.code ?? 'table').toMatch(/^(ERR_FILE|table)$/)
      }),
      { numRuns: 300 },
    )
  })
})

describe('LZF', () => {
  it('unpacks literals and overlapping copies, short and long', () => {
    // 'ab', then 5 bytes from 2 before, then 20 bytes from 1 before.
    const bytes = Uint8Array.of(1, 97, 98, 0x60, 1, 0xe0, 11, 0)
    expect(Buffer.from(unpackLzf(bytes, 27) ?? []).toString()).toBe(`abababa${'a'.repeat(20)}`)
  })

  it.each([
    ['a copy from before the start', Uint8Array.of(0, 97, 0x60, 9)],
    ['literals beyond the input', Uint8Array.of(5, 97)],
    ['more than was announced', Uint8Array.of(0, 97, 0xe0, 200, 0)],
    ['less than was announced', Uint8Array.of(0, 97)],
  ])('refuses %s', (_, bytes) => {
    expect(unpackLzf(bytes, 7)).toBeUndefined()
  })
})
