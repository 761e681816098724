// openRows against the readers of whole tables: the same columns, numbers, and errors, from files and from pipes, from every
// position; columns that are carried along; hostile files; memory.
import { execFileSync, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import * as flechette from '@uwdata/flechette'
import { tableFromArrays, tableFromColumns, tableToIPC } from '@uwdata/flechette'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { readSelection } from '../lib/cli/selection.js'
import type { TextCommand } from '../lib/cli/text-options.js'
import { readOptions } from '../lib/cli/text-options.js'
import { npyNumbers } from '../lib/io/npy.js'
import { npyHeader } from '../lib/io/npy-header.js'
import { openRows, type RowChunk, type RowsOptions } from '../lib/io/rows.js'
import { IS_WASM } from './backend-in-use.js'
import { seeded } from './fixtures.js'
import { hostileFiles } from './fuzz/hostile.mjs'
import { TARGETS } from './fuzz/readers.mjs'
import { seedFiles, storedFiles } from './fuzz/seeds.mjs'
import { foreign, temporaryFolder } from './io-files.js'

const folder = temporaryFolder()
const load = (name: string) => import(`../lib/io/${name}.ts`)

interface Collected {
  names: string[]
  weightColumn: string | null
  rows: number
  dropped: number
  points: Float64Array
  weights: Float64Array
  kept: unknown[][]
  notes: string[]
  positions: RowChunk['position'][]
}

async function collect(path: string, options: Partial<RowsOptions> = {}): Promise<Collected> {
  const rows = await openRows(path, { dropMissing: false, ...options })
  const { names, weightColumn, notes } = rows
  const kept: unknown[][] = (options.keep ?? []).map(() => [])
  const counts = { rows: 0, dropped: 0 }
  const positions: RowChunk['position'][] = []
  const points: Float64Array[] = []
  const weights: Float64Array[] = []
  let next = options.from?.row ?? 0
  for await (const chunk of rows.chunks()) {
    expect(chunk.first).toBe(next)
    expect(chunk.points.length).toBe(chunk.count * names.length)
    next += chunk.count
    counts.rows += chunk.count
    counts.dropped += chunk.dropped
    points.push(chunk.points.slice())
    weights.push(chunk.weights?.slice() ?? new Float64Array(chunk.count).fill(1))
    for (const [k, values] of chunk.kept.entries()) for (const value of Array.from(values)) kept[k].push(value)
    expect(chunk.position.row).toBe(next)
    positions.push(chunk.position)
  }
  return { names, weightColumn, ...counts, points: joined(points), weights: joined(weights), kept, notes, positions }
}

function joined(pieces: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** Whether two arrays have the same bits. */
function isSame(one: Float64Array, other: Float64Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float64Array) => Buffer.from(buffer, byteOffset, byteLength)
  return bytes(one).equals(bytes(other))
}

/** What the reader of whole tables and the choice of the command line make of the file. */
async function whole(path: string, options: Partial<RowsOptions> = {}, command: TextCommand = {}) {
  const { columns, weights, dropMissing = false } = options
  const { table, selection } = await readSelection(path, { columns, weights, dropMissing }, command, {})
  return { ...selection, total: table.rows }
}

/** The message of the error; a count of all wrong values is known to the reader of whole tables only. */
async function failure(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return (error as Error).message.replace(/ \([\d,]+ of [\d,]+ rows have no number there\)/, '')
  }
}

/** Both readers give the same rows, or the same error. */
async function expectSame(path: string, options: Partial<RowsOptions> = {}, command: TextCommand = {}) {
  const expectedError = await failure(whole(path, options, command))
  const error = await failure(collect(path, { ...options, ...readOptions(command) }))
  expect(error).toBe(expectedError)
  if (error !== undefined) return
  const expected = await whole(path, options, command)
  const found = await collect(path, { ...options, ...readOptions(command) })
  expect(found.names).toEqual(expected.names)
  expect(found.weightColumn).toBe(expected.weightColumn)
  expect(found.rows).toBe(expected.total)
  expect(found.dropped).toBe(expected.dropped)
  const m = found.names.length
  const rows = expected.rows ?? Uint32Array.from({ length: expected.count }, (_, i) => i)
  for (let i = 0; i < rows.length; i++) {
    for (let a = 0; a < m; a++) {
      if (!Object.is(found.points[rows[i] * m + a], expected.points[i * m + a]))
        expect(`row ${rows[i]}, column ${a}: ${found.points[rows[i] * m + a]}`).toBe(expected.points[i * m + a])
    }
    if (expected.weights !== undefined && found.weights[rows[i]] !== expected.weights[i])
      expect(`row ${rows[i]}: weight ${found.weights[rows[i]]}`).toBe(expected.weights[i])
  }
}

describe('a text table', () => {
  const good = ['1', '-2.5', '3e4', '+5', ' 7 ', '.5', '5.', '-0', '"3.5"', '0.1', '1e-300', '9007199254740992']
  const odd = [
    '1234567890.12345678',
    '0.30000000000000004',
    '5e-324',
    '1.7976931348623157e308',
    '1e300',
    '00012',
    '"6"',
  ]
  const gaps = ['', 'NA', 'nan', 'inf', '-inf', '1e400', '-3', 'void']
  const wrong = [
    'abc',
    '0x10',
    '"1,5"',
    '\u22127',
    '1d3',
    '12 %',
    '9007199254740993',
    '1 2',
    '--5',
    '1e',
    '.',
    '+',
    '"7"x',
  ]

  /** Lines that are more than what is looked at to recognise the dialect. */
  const head = (delimiter: string, end: string) => {
    const random = seeded(5)
    const lines = ['x', 'y', 'z'].join(delimiter) + end
    let text = lines
    while (text.length < 300_000) {
      const cells = [random.next().toFixed(4), String(random.normal()), String(random.below(1000))]
      text += cells.join(delimiter) + end
    }
    return text
  }
  const heads = new Map<string, string>()
  const headOf = (delimiter: string, end: string) => {
    const key = delimiter + end
    if (!heads.has(key)) heads.set(key, head(delimiter, end))
    return heads.get(key) as string
  }

  const cell = fc.constantFrom(...good, ...odd)
  const row = fc.tuple(cell, cell, cell)
  const special = fc.oneof(
    fc.record({ cell: fc.constantFrom(...gaps, ...wrong), column: fc.nat(2) }),
    fc.constantFrom(
      '# a comment',
      '',
      '  ',
      '1',
      '1;2;3;4',
      '"1',
      '"a\nb";2;3',
      '1;2;3;',
      '1;2;"3',
      'a;b;c',
      '1;"2"x;3',
    ),
  )
  const tables = fc.record({
    rows: fc.array(row, { minLength: 1, maxLength: 12 }),
    special: fc.option(special),
    at: fc.nat(12),
    delimiter: fc.constantFrom(',', ';', '\t', '|', ' '),
    end: fc.constantFrom('\n', '\r\n'),
    isLong: fc.boolean(),
    endsInLine: fc.boolean(),
    dropMissing: fc.boolean(),
    columns: fc.constantFrom<(string[] | undefined)[]>(undefined, undefined, ['y'], ['z', 'x'], ['x', 'y']),
    weights: fc.constantFrom(undefined, undefined, 'z'),
    missing: fc.constantFrom<(string[] | undefined)[]>(undefined, undefined, ['-3', 'void']),
    comment: fc.constantFrom(undefined, '#'),
  })

  it('gives the numbers and the errors of the whole table', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (table) => {
        const { delimiter, end, isLong, endsInLine, dropMissing, missing, comment } = table
        const columns: string[] | undefined = table.columns
        const weights = columns?.includes('z') ? undefined : table.weights
        const quoted = (text: string) => (delimiter === ' ' ? text.trim() || '""' : text)
        // With a weight below 0 there would be two things wrong.
        const rows = table.rows.map(([x, y, z]) => [x, y, weights === undefined ? z : '2.5'])
        const lines = rows.map((cells) => cells.map(quoted).join(delimiter))
        if (typeof table.special === 'string') lines.splice(table.at, 0, table.special.replaceAll(';', delimiter))
        else if (table.special !== null) {
          const cells = ['1', '2', '3']
          cells[table.special.column] = quoted(table.special.cell)
          lines.splice(table.at, 0, cells.join(delimiter))
        }
        const start = isLong ? headOf(delimiter, end) : `x${delimiter}y${delimiter}z${end}`
        const path = folder.write('table.csv', start + lines.join(end) + (endsInLine ? end : ''))
        await expectSame(path, { dropMissing, columns, weights }, { delimiter, missing, comment })
      }),
      { numRuns: 100 },
    )
  })

  it('is read by either way at any place', async () => {
    const random = seeded(8)
    const kinds = [
      () => `${random.normal()}`,
      () => random.normal().toFixed(3),
      () => `"${random.below(100)}"`,
      () => String(random.below(2 ** 31) * random.below(2 ** 31)),
      () => (random.next() * 10 ** (random.below(600) - 300)).toExponential(),
      () => ` ${random.below(50)}`,
    ]
    let text = 'x,y,name\n'
    let kind = () => 0
    for (let i = 0; i < 30_000; i++) {
      if (i % 500 === 0) kind = [() => 0, () => 1, () => random.below(6), () => 4][random.below(4)]
      const name = random.below(50) === 0 ? '"a, ""b""\nc"' : 'plain'
      text += `${kinds[kind()]()},${kinds[kind()]()},${name}\n`
      if (random.below(300) === 0) text += '\n# between\n'
    }
    const path = folder.write('mixed.csv', `# first\n${text}`)
    await expectSame(path)
    await expectSame(path, { columns: ['y'] })
  }, 30_000)

  it.each([
    ['a byte order mark', '\ufeffx,y\n1,2\n3,4\n'],
    ['old line ends', 'x,y\r1,2\r3,4\r'],
    ['units', 't,v\ns,mm\n1,2\n3,4\n5,6\n'],
    ['decimal commas', 'x;y\n1,5;2\n3;4,25\n'],
    ['a delimiter at the end', 'x,y,\n1,2,\n3,4,\n'],
    ['lines before the table', 'Report\n\nx,y,z\n1,2,3\n4,5,6\n'],
    ['no names', '1,2\n3,4\n'],
    ['a promised number of rows', '2\n1,2\n3,4\n'],
    ['a number of rows that is not kept', '3\n1 2\n3 4\n'],
    ['names of rows as R writes them', 'x,y\na,1,2\nb,3,4\n'],
    ['sep=', 'sep=;\nx;y\n1;2\n3;4\n'],
    ['names in a comment', '# t v\n1 2\n3 4\n'],
    ['weights and source rows', 'x,y,weight,row\n0.1,1,0.3333333333333333,7\n2,3,1.25,9\n'],
    ['negative weights', 'x,y,weight\n1,2,3\n4,5,-1\n'],
    ['nothing but names', 'x,y\n'],
    ['nothing', ''],
    ['one column', 'x\n1\n\n2\n'],
    ['texts only', 'a,b\nc,d\ne,f\n'],
    ['an empty column', 'x,y\n1,\n2,\n'],
    ['a comment in a column that is not used', 'a,x,y\n#5,1,2\n6,3,4\n7,5,6\n'],
  ])('with %s', async (_, text) => {
    const path = folder.write('small.csv', text)
    await expectSame(path)
    await expectSame(path, { dropMissing: true })
    await expectSame(path, text.includes('weight') ? { weights: 'weight' } : { columns: ['y'] })
  })

  it('refuses a quote that is never closed, and a row without end', async () => {
    const rows = `x,y\n${'1,2\n'.repeat(2000)}`
    await expectSame(folder.write('open.csv', `${rows}"${'a\n'.repeat(9_000_000)}`))
    const long = `${rows}${'5,"'}${'\n'.repeat(100_000)}6",7\n`.replace('6",7', '"')
    await expectSame(folder.write('long.csv', `${long}${'8,9\n'.repeat(70_000)}`), { columns: ['x'] })
    await expectSame(folder.write('endless.csv', `${rows}${'7'.repeat(18_000_000)}`))
  })

  it('refuses a column that is not there, and says which is meant', async () => {
    const path = folder.write('names.csv', 'alpha,beta\n1,2\n')
    const message = /names.csv: has no column 'alhpa' \(did you mean 'alpha'\?\); its columns are alpha, beta/
    await expect(openRows(path, { dropMissing: false, columns: ['alhpa'] })).rejects.toThrow(message)
    await expect(openRows(path, { dropMissing: false, columns: ['alhpa'] })).rejects.toMatchObject({
      code: 'ERR_OPTION',
    })
  })

  it('carries other columns along', async () => {
    let text = 'id,x,day,y,big\n'
    const expected: unknown[][] = [[], [], [], []]
    for (let i = 0; i < 30_000; i++) {
      const day = i % 7 === 0 ? '' : `2024-01-${String(1 + (i % 28)).padStart(2, '0')}`
      const isQuoted = i % 100 === 1
      text += `a${i},${i / 8},${isQuoted ? `"${day}, ü"` : day},${-i},9007199254740993\n`
      expected[0].push(`a${i}`)
      expected[1].push(isQuoted ? `${day}, ü` : day || null)
      expected[2].push('9007199254740993')
      expected[3].push(i / 8)
    }
    const path = folder.write('kept.csv', text)
    const { names, kept } = await collect(path, { columns: ['x', 'y'], keep: ['id', 'day', 'big', 'x'] })
    expect(names).toEqual(['x', 'y'])
    expect(kept).toEqual(expected)
  })
})

describe('an NPY file', () => {
  const types: [string, (i: number) => number, number][] = [
    ['f8', (i) => i / 8, 8],
    ['f4', (i) => i / 8, 4],
    ['i4', (i) => -i, 4],
    ['u2', (i) => i, 2],
    ['i1', (i) => (i % 200) - 100, 1],
    ['b1', (i) => i % 2, 1],
    ['i8', (i) => -i, 8],
    ['u8', (i) => i, 8],
  ]

  function npyOf(
    type: string,
    size: number,
    shape: number[],
    fortran: boolean,
    big: boolean,
    value: (i: number) => number,
  ) {
    const count = shape.reduce((a, b) => a * b, 1)
    const bytes = Buffer.alloc(count * size)
    const write = {
      f8: (v: number, at: number) => (big ? bytes.writeDoubleBE(v, at) : bytes.writeDoubleLE(v, at)),
      f4: (v: number, at: number) => (big ? bytes.writeFloatBE(v, at) : bytes.writeFloatLE(v, at)),
      i4: (v: number, at: number) => (big ? bytes.writeInt32BE(v, at) : bytes.writeInt32LE(v, at)),
      u2: (v: number, at: number) => (big ? bytes.writeUInt16BE(v, at) : bytes.writeUInt16LE(v, at)),
      i1: (v: number, at: number) => bytes.writeInt8(v, at),
      b1: (v: number, at: number) => bytes.writeUInt8(v, at),
      i8: (v: number, at: number) =>
        big ? bytes.writeBigInt64BE(BigInt(v), at) : bytes.writeBigInt64LE(BigInt(v), at),
      u8: (v: number, at: number) =>
        big ? bytes.writeBigUInt64BE(BigInt(v), at) : bytes.writeBigUInt64LE(BigInt(v), at),
    }[type]
    for (let i = 0; i < count; i++) write?.(value(i), i * size)
    return Buffer.concat([npyHeader(`${big ? '>' : '<'}${type}`, shape, fortran), bytes])
  }

  it.each(types)('of %s in every order of bytes and of numbers', async (type, value, size) => {
    for (const big of [false, true]) {
      for (const [shape, fortran] of [
        [[10_100, 3], false],
        [[10_100, 3], true],
        [[10_001], false],
        [[1, 4], true],
      ] as const) {
        const path = folder.write('a.npy', npyOf(type, size, [...shape], fortran, big, value))
        await expectSame(path)
        if (shape.length === 2)
          await expectSame(path, { columns: ['c2', 'c0'], weights: type === 'u2' ? 'c1' : undefined })
      }
    }
  })

  it('of records', async () => {
    const count = 9000
    const bytes = Buffer.alloc(count * 15)
    for (let i = 0; i < count; i++) {
      bytes.writeDoubleLE(i / 3, i * 15)
      bytes.writeInt32LE(-i, i * 15 + 8)
      bytes.writeInt16BE(i % 100, i * 15 + 13)
    }
    const literal = `{'descr': [('x', '<f8'), ('k', '<i4'), ('', '|V1'), ('w', '>i2')], 'fortran_order': False, 'shape': (${count},), }\n`
    const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${literal}`, 'latin1')
    head.writeUInt16LE(literal.length, 8)
    const path = folder.write('records.npy', Buffer.concat([head, bytes]))
    await expectSame(path)
    await expectSame(path, { columns: ['k', 'x'], weights: 'w' })
    const { kept } = await collect(path, { columns: ['x'], keep: ['k'] })
    expect(kept[0]).toEqual(Array.from({ length: count }, (_, i) => (i === 0 ? -0 + 0 : -i)))
  })

  it('with values that are not finite, and whole numbers beyond 2^53', async () => {
    const numbers = Float64Array.from({ length: 30_000 }, (_, i) => i / 8)
    numbers[25_001] = Number.NaN
    numbers[27_000] = Number.POSITIVE_INFINITY
    const path = folder.write('nan.npy', npyNumbers(numbers, [10_000, 3]))
    await expectSame(path)
    await expectSame(path, { dropMissing: true })
    await expectSame(path, { dropMissing: true }, { missing: ['0.125', '9'] })
    const big = folder.write('big.npy', npyNumbers(BigInt64Array.of(1n, 2n ** 53n, 2n ** 53n + 1n, 4n), [4]))
    await expectSame(big)
    await expectSame(big, { dropMissing: true })
  })
})

const ROWS = 3000
const COLUMNS = 400
const name = (a: number) => `a${a}`
const value = (i: number, a: number) => (a === 3 ? i % 5 : Math.sin(i * (a + 1)))

/** The same rows in every format that is read in pieces. Blocks of 400 columns have some 1300 rows. */
function filesOfAll(): Record<string, Uint8Array | string> {
  const column = (a: number) => Float64Array.from({ length: ROWS }, (_, i) => value(i, a))
  const columns = Array.from({ length: COLUMNS }, (_, a) => column(a))
  const flat = new Float64Array(ROWS * COLUMNS)
  for (let i = 0; i < ROWS; i++) for (let a = 0; a < COLUMNS; a++) flat[i * COLUMNS + a] = columns[a][i]
  const table = tableFromArrays(Object.fromEntries(columns.map((values, a) => [name(a), values])), {
    maxBatchRows: 1100,
  } as never)
  const lines = (textOf: (row: number) => string) => Array.from({ length: ROWS }, (_, i) => `${textOf(i)}\n`).join('')
  const rowOf = (i: number) => [...flat.subarray(i * COLUMNS, (i + 1) * COLUMNS)]
  return {
    'all.csv': `${columns.map((_, a) => name(a)).join(',')}\n${lines((i) => (i % 100 === 99 ? rowOf(i).map((v) => `"${v}"`) : rowOf(i)).join(','))}`,
    'all.npy': npyNumbers(flat, [ROWS, COLUMNS]),
    'all.arrow': tableToIPC(table, { format: 'file' }) as Uint8Array,
    'all.arrows': tableToIPC(table, { format: 'stream' }) as Uint8Array,
    // A piece has half a megabyte.
    'all.ndjson': lines((i) => JSON.stringify(rowOf(i).slice(0, 40))),
    'all.parquet': new Uint8Array(
      parquetWriteBuffer({
        columnData: columns.map((data, a) => ({ name: name(a), data, type: 'DOUBLE', nullable: a % 2 === 0 })),
        rowGroupSize: 1200,
      }),
    ),
  }
}

describe('the same rows', () => {
  const files = filesOfAll()
  for (const [file, bytes] of Object.entries(files)) folder.write(file, bytes)
  const weights = (file: string) => (/npy|ndjson/.test(file) ? 'c3' : 'a3')

  it.each(Object.keys(files))(
    'of %s come again from every position',
    async (file) => {
      const path = folder.path(file)
      const options = { weights: weights(file) }
      const all = await collect(path, options)
      expect(all.rows).toBe(ROWS)
      expect(all.positions.length).toBeGreaterThan(2)
      for (let i = 0; i < ROWS; i += 97) {
        expect(all.weights[i]).toBe(value(i, 3))
        expect(all.points[i * all.names.length + 5]).toBe(value(i, 6))
      }
      for (const from of [...all.positions, { row: 1 }, { row: 2000 }, { row: ROWS - 1 }, { row: ROWS }]) {
        expect(JSON.parse(JSON.stringify(from))).toEqual(from)
        const rest = await collect(path, { ...options, from })
        expect(rest.rows).toBe(ROWS - from.row)
        expect(isSame(rest.points, all.points.subarray(from.row * all.names.length))).toBe(true)
        expect(isSame(rest.weights, all.weights.subarray(from.row))).toBe(true)
      }
    },
    60_000,
  )

  it.each(Object.keys(files))(
    'of %s come through a pipe',
    async (file) => {
      const pipe = folder.path(`${file}.pipe`)
      execFileSync('mkfifo', [pipe])
      const options = { weights: weights(file) }
      const expected = await collect(folder.path(file), options)
      const writer = spawn('sh', ['-c', `cat '${folder.path(file)}' > '${pipe}'`])
      const found = await collect(pipe, options)
      expect(isSame(found.points, expected.points) && isSame(found.weights, expected.weights)).toBe(true)
      expect({ ...found, points: 0, weights: 0, notes: 0 }).toEqual({ ...expected, points: 0, weights: 0, notes: 0 })
      // From the middle: what lies before is passed over.
      const from = expected.positions[1]
      const second = spawn('sh', ['-c', `cat '${folder.path(file)}' > '${pipe}'`])
      const rest = await collect(pipe, { ...options, from })
      expect(isSame(rest.points, expected.points.subarray(from.row * expected.names.length))).toBe(true)
      for (const process of [writer, second]) process.kill()
    },
    60_000,
  )

  it('end when the signal says so, and close their file', async () => {
    const controller = new AbortController()
    const rows = await openRows(folder.path('all.csv'), { dropMissing: false, signal: controller.signal })
    const reason = new Error('enough')
    await expect(async () => {
      for await (const _ of rows.chunks()) controller.abort(reason)
    }).rejects.toBe(reason)
    await rows.close()
    const other = await openRows(folder.path('all.npy'), { dropMissing: false })
    await other.close()
    await expect(other.chunks()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ERR_FILE' })
  })

  it('are read from an endless pipe until the signal', async () => {
    const pipe = folder.path('endless.pipe')
    execFileSync('mkfifo', [pipe])
    const writer = spawn('sh', ['-c', `yes 1,2,3 > '${pipe}'`])
    try {
      const controller = new AbortController()
      const rows = await openRows(pipe, { dropMissing: false, header: false, signal: controller.signal })
      let count = 0
      await expect(async () => {
        for await (const chunk of rows.chunks()) if ((count += chunk.count) > 1e6) controller.abort(new Error('stop'))
      }).rejects.toThrow('stop')
    } finally {
      writer.kill('SIGKILL')
    }
  })

  it('need memory for a row group, a batch, or the whole', async () => {
    await expect(collect(folder.path('all.parquet'), { memory: 1e6 })).rejects.toMatchObject({
      code: 'ERR_MEMORY',
      message: expect.stringMatching(/largest row group has 1200 rows, which need 11520000 bytes.*--sql/),
    })
    expect((await collect(folder.path('all.parquet'), { memory: 2e7 })).rows).toBe(ROWS)
    await expect(collect(folder.path('all.arrow'), { memory: 1e6 })).rejects.toMatchObject({ code: 'ERR_MEMORY' })
    const json = folder.write('all.json', JSON.stringify([{ x: 1 }, { x: 2 }]))
    await expect(collect(json, { memory: 100 })).rejects.toMatchObject({
      code: 'ERR_MEMORY',
      message: expect.stringContaining('CSV, NPY, Arrow'),
    })
    expect((await collect(json, { memory: 1e6 })).points).toEqual(Float64Array.of(1, 2))
  })

  it('need memory for a pipe that must be held: half of it, which leaves the other half to the reader', async () => {
    const pipe = folder.path('held.pipe')
    execFileSync('mkfifo', [pipe])
    const { size } = statSync(folder.path('all.parquet'))
    const read = async (memory: number) => {
      const writer = spawn('sh', ['-c', `cat '${folder.path('all.parquet')}' > '${pipe}'`])
      try {
        return await collect(pipe, { memory })
      } finally {
        writer.kill()
      }
    }
    await expect(read(2 * size - 2)).rejects.toMatchObject({
      code: 'ERR_MEMORY',
      message: expect.stringMatching(/a Parquet file is held in memory.*write it to a file/),
    })
    // The row groups need as much as those of the file.
    await expect(read(Math.max(2 * size, 11_520_000 + size - 1))).rejects.toMatchObject({
      code: 'ERR_MEMORY',
      message: expect.stringContaining('largest row group has 1200 rows, which need 11520000 bytes'),
    })
    expect((await read(Math.max(2 * size, 11_520_000 + size))).rows).toBe(ROWS)
  })

  it('need memory for the texts of a row group that are carried along', async () => {
    const texts = Array.from({ length: 2000 }, (_, i) => `${'long '.repeat(200)}${i}`)
    const columnData = [
      { name: 'x', data: Float64Array.from(texts.keys()), type: 'DOUBLE' as const },
      { name: 'text', data: texts, type: 'STRING' as const, encoding: 'PLAIN' as const },
    ]
    const path = folder.write('long-texts.parquet', Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 2000 })))
    expect((await collect(path, { memory: 1e6 })).rows).toBe(2000)
    // The texts have two million bytes.
    await expect(collect(path, { memory: 4e6, keep: ['text'] })).rejects.toMatchObject({ code: 'ERR_MEMORY' })
    expect((await collect(path, { memory: 5e6, keep: ['text'] })).kept).toEqual([texts])
  })
})

describe('columns that are carried along', () => {
  const days = [0, 19_000, -400]

  it('of Arrow: texts, whole numbers, dates, times, truth values, null', async () => {
    const { bool, dateDay, dictionary, int64, timestamp, utf8, float64, timeMicrosecond } = flechette
    const column = (values: unknown[], type: unknown) => flechette.columnFromArray(values, type as never)
    const table = tableFromColumns({
      x: column([1, 2, 3], float64()),
      text: column(['a', null, 'ü'], utf8()),
      code: column(['p', 'q', 'p'], dictionary(utf8())),
      big: column([2n ** 60n, null, -5n], int64()),
      flag: column([true, false, null], bool()),
      day: column(
        days.map((day) => new Date(day * 86_400_000)),
        dateDay(),
      ),
      micro: column([0, 1_700_000_000_123, -1000], timestamp(2, 'UTC')),
      milli: column([0, 1_700_000_000_123, null], timestamp(1)),
      clock: column([0n, 3_723_000_004n, null], timeMicrosecond()),
    } as never)
    for (const format of ['file', 'stream'] as const) {
      const path = folder.write(`kept-${format}.arrow`, tableToIPC(table, { format }) as Uint8Array)
      const keep = ['text', 'code', 'big', 'flag', 'day', 'micro', 'milli', 'clock']
      const { names, kept } = await collect(path, { keep })
      expect(names).toEqual(['x'])
      expect(kept).toEqual([
        ['a', null, 'ü'],
        ['p', 'q', 'p'],
        [2n ** 60n, null, -5n],
        [true, false, null],
        days.map((day) => new Date(day * 86_400_000)),
        ['1970-01-01T00:00:00.000000Z', '2023-11-14T22:13:20.123000Z', '1969-12-31T23:59:59.000000Z'],
        [new Date(0), new Date(1_700_000_000_123), null],
        ['00:00:00.000000', '01:02:03.000004', null],
      ])
    }
  })

  it('of Parquet', async () => {
    const columnData = [
      { name: 'x', data: [1, 2, 3], type: 'DOUBLE' },
      {
        name: 'text',
        data: ['a', null, 'a longer text than decimals have, which are bound to 64 bytes: ü'.repeat(3)],
        type: 'STRING',
      },
      { name: 'big', data: [2n ** 60n, null, -5n], type: 'INT64' },
      { name: 'flag', data: [true, false, null], type: 'BOOLEAN' },
      { name: 'milli', data: [0, 1_700_000_000_123, -1].map((ms) => new Date(ms)), type: 'TIMESTAMP' },
    ]
    const path = folder.write('kept.parquet', new Uint8Array(parquetWriteBuffer({ columnData: columnData as never })))
    const { kept } = await collect(path, { keep: ['text', 'big', 'flag', 'milli'], columns: ['x'] })
    expect(kept).toEqual(columnData.slice(1).map(({ data }) => data))
  })

  it('of JSON and of lines of JSON', async () => {
    const rows = [
      { x: 1, id: 'a', n: null, b: true },
      { x: 2, id: 'b', n: 5, b: false },
    ]
    const expected = [
      ['a', 'b'],
      [null, 5],
      [true, false],
    ]
    const json = folder.write('kept.json', JSON.stringify(rows))
    const lines = folder.write('kept.ndjson', rows.map((row) => JSON.stringify(row)).join('\n'))
    for (const path of [json, lines])
      expect((await collect(path, { columns: ['x'], keep: ['id', 'n', 'b'] })).kept).toEqual(expected)
  })

  it('are refused when they are nested', async () => {
    const { float64, list } = flechette
    const table = tableFromColumns({
      x: flechette.columnFromArray([1, 2], float64()),
      l: flechette.columnFromArray([[1], [2]], list(float64())),
    } as never)
    const path = folder.write('nested.arrow', tableToIPC(table, { format: 'stream' }) as Uint8Array)
    expect((await collect(path)).names).toEqual(['x'])
    await expect(collect(path, { keep: ['l'] })).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining("'l' is list"),
    })
  })
})

describe('files of other programs, good, hostile and damaged', () => {
  const ENDINGS: Record<string, string> = { 'csv-options': 'csv', 'json-lines': 'ndjson', any: 'txt' }

  // Of these readers, those of text alone use what computes.
  const readers = (TARGETS as string[]).filter((target) => !IS_WASM || /^[ct]sv/.test(target))

  it.skipIf(IS_WASM).each(Object.entries(foreign))('%s', async (name, bytes) => {
    const ending = name.startsWith('arrow') ? 'arrows' : name.startsWith('parquet') ? 'parquet' : 'npz'
    const path = folder.write(`foreign.${ending}`, bytes)
    await expectSame(path, { dropMissing: true })
    await expectSame(path)
  })

  it.each(readers)(
    '%s: the error has a code, or the rows are those of the table',
    async (target) => {
      const good = await seedFiles(target, load)
      const files = [...hostileFiles(target), ...storedFiles(target, 'found'), ...storedFiles(target)].map(
        ({ bytes }) => bytes,
      )
      for (const bytes of [...good, ...files]) {
        const path = folder.write(`input.${ENDINGS[target] ?? target}`, bytes)
        for (const dropMissing of [false, true]) {
          let found: Collected | undefined
          try {
            found = await collect(path, { dropMissing })
          } catch (error) {
            expect(['ERR_FILE', 'ERR_MEMORY', 'ERR_SHAPE'], `${(error as Error).stack}`).toContain(
              (error as { code?: string }).code,
            )
          }
          if (found === undefined || found.dropped === found.rows) continue
          if (found.weightColumn !== null && !found.weights.some((weight) => weight > 0)) continue
          await expectSame(path, { dropMissing })
        }
      }
    },
    60_000,
  )
})
