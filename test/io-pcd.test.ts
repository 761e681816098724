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

/** The body, point after point or field after field. The numbers of one field of one point stand together. */
function body(byField: boolean): Buffer {
  const bytes = Buffer.alloc(50)
  for (const [point, at] of [0, 25].entries()) {
    const place = (offset: number, start: number, size: number) => (byField ? start + point * size : at + offset)
    bytes.writeFloatLE(expected.x[point], place(0, 0, 4))
    bytes.writeDoubleLE(expected.n_0[point], place(7, 14, 16))
    bytes.writeDoubleLE(expected.n_1[point], place(15, 22, 16))
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

  it('reads binary_compressed as PCL writes it, without the padding of the header', async () => {
    const bytes = body(true)
    const content = Buffer.concat([bytes.subarray(0, 8), bytes.subarray(14)])
    const file = Buffer.concat([Buffer.from(header('binary_compressed')), packed(stored(content), 44)])
    expect(await readValues(folder.write('p.pcd', file))).toEqual(expected)
  })

  it('reads the oldest versions, without SIZE, TYPE and COUNT', async () => {
    const text = '# .PCD v.5\nVERSION .5\nCOLUMNS x y\nPOINTS 2\nDATA ascii\n1 2\n3 4.5\n'
    expect(await readValues(folder.write('old.pcd', text))).toEqual({ x: [1, 3], y: [2, 4.5] })
  })

  it('says which whole numbers float64 cannot hold', async () => {
    const head = header('binary', { FIELDS: 'a b', SIZE: '8 8', TYPE: 'I U', COUNT: '1 1' })
    const numbers = BigInt64Array.of(-(2n ** 53n), -1n, 2n ** 53n + 1n, 7n)
    const table = await readTable(
      folder.write('i.pcd', Buffer.concat([Buffer.from(head), Buffer.from(numbers.buffer)])),
    )
    expect(column(table, 'a').trouble).toMatchObject({ kind: 'inexact', row: 1, text: '9007199254740993' })
    expect(column(table, 'b').trouble).toMatchObject({ kind: 'inexact', row: 0, text: '18446744073709551615' })
    expect(column(table, 'a').values?.[0]).toBe(-(2 ** 53))
  })

  it('reads the same table from all three forms', async () => {
    const kind = fc.constantFrom('F4', 'F8', 'I1', 'I2', 'I4', 'I8', 'U1', 'U2', 'U4', 'U8')
    const field = fc.record({ kind, count: fc.integer({ min: 1, max: 4 }), isPadding: fc.boolean() })
    const cloud = fc.tuple(fc.array(field, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 7 }), fc.nat())
    await fc.assert(
      fc.asyncProperty(cloud, async ([fields, points, seed]) => {
        const forms = threeForms([{ kind: 'F8', count: 2, isPadding: false }, ...fields], points, seed)
        const tables = []
        for (const file of forms) tables.push(await readValues(folder.write('f.pcd', file)))
        expect(tables[1]).toEqual(tables[0])
        expect(tables[2]).toEqual(tables[0])
      }),
      { numRuns: 100 },
    )
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
    [
      'points beyond all memory',
      header('binary', { WIDTH: '1', HEIGHT: '9007199254740991', POINTS: '9007199254740991' }),
      'is cut short',
    ],
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
    ['no points', header('ascii', { WIDTH: '0', POINTS: '0' }), 'has no points'],
    ['points that are not width times height', header('ascii', { WIDTH: '3' }), '3 points wide and 1 high'],
    [
      'more numbers than the file has bytes',
      header('ascii', {
        FIELDS: 'x '.repeat(4000),
        SIZE: '4 '.repeat(4000),
        TYPE: 'F '.repeat(4000),
        COUNT: '39999 '.repeat(4000),
      }),
      'do not fit',
    ],
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

interface TestField {
  kind: string
  count: number
  isPadding: boolean
}

/** One cloud as ascii, binary and binary_compressed, laid out as PCL does. */
function threeForms(fields: TestField[], points: number, seed: number): Buffer[] {
  const lists = {
    FIELDS: fields.map(({ isPadding }, i) => (isPadding ? '_' : `f${i}`)).join(' '),
    SIZE: fields.map(({ kind }) => kind[1]).join(' '),
    TYPE: fields.map(({ kind }) => kind[0]).join(' '),
    COUNT: fields.map(({ count }) => count).join(' '),
    WIDTH: `${points}`,
    POINTS: `${points}`,
  }
  const value = (point: number, i: number, j: number) => (seed + 31 * point + 7 * i + j) % 100
  /** The numbers of one field and point. */
  const block = (point: number, i: number) => {
    const { kind, count } = fields[i]
    const size = Number(kind[1])
    const bytes = Buffer.alloc(size * count)
    for (let j = 0; j < count; j++) {
      const number = value(point, i, j)
      if (kind === 'F4') bytes.writeFloatLE(number, 4 * j)
      else if (kind === 'F8') bytes.writeDoubleLE(number, 8 * j)
      else bytes.writeUIntLE(number, size * j, Math.min(size, 6))
    }
    return bytes
  }
  const all = Array.from({ length: points }, (_, point) => point)
  const every = fields.map((_, i) => i)
  const lines = all.map((point) =>
    every.flatMap((i) => Array.from({ length: fields[i].count }, (_, j) => value(point, i, j))).join(' '),
  )
  const byPoint = Buffer.concat(all.flatMap((point) => every.map((i) => block(point, i))))
  const byField = Buffer.concat(
    every.filter((i) => !fields[i].isPadding).flatMap((i) => all.map((point) => block(point, i))),
  )
  return [
    Buffer.from(`${header('ascii', lists)}${lines.join('\n')}\n`),
    Buffer.concat([Buffer.from(header('binary', lists)), byPoint]),
    Buffer.concat([Buffer.from(header('binary_compressed', lists)), packed(stored(byField), byField.length)]),
  ]
}

describe('LZF', () => {
  it('unpacks literals and overlapping copies, short and long', () => {
    // 'ab', then a copy of 5 bytes from 2 before, then one of 20 bytes from 1 before.
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
