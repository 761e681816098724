// Compressed files: the content of each format, that it reads back bit for bit, and that a file is written as a whole
// or not at all.
import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTarget, writeAtomically } from '../lib/io/atomic.js'
import { OUTPUT_ENDINGS, outputFormat } from '../lib/io/format.js'
import type { KeptColumn } from '../lib/io/kept.js'
import { metaFromText } from '../lib/io/meta.js'
import { readTable } from '../lib/io/read.js'
import { type CompressedSet, writeCompressed } from '../lib/io/write.js'
import { temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
const facts = { order: 3, sourceWeight: 'w', dropMissing: true }

async function write(name: string, set: CompressedSet) {
  const path = folder.path(name)
  const target = await checkTarget(path, { force: true })
  await writeCompressed(target, outputFormat(path)!, set, facts)
  return path
}

const few: CompressedSet = {
  names: ['x', 'weight'],
  points: Float64Array.of(0.1, -0, 2, 5e-324),
  weights: Float64Array.of(1 / 3, 1e6),
  rows: Uint32Array.of(7, 4294967295),
}

describe('what is in the file', () => {
  it('as CSV', async () => {
    const text = readFileSync(await write('a.csv', few), 'utf8')
    expect(text).toBe('x,weight,weight_2,row\n0.1,-0,0.3333333333333333,7\n2,5e-324,1000000,4294967295\n')
    expect(readFileSync(await write('a.tsv', few), 'utf8')).toBe(text.replaceAll(',', '\t'))
  })

  it('as JSON', async () => {
    const rows = [
      '{"x":0.1,"weight":-0,"weight_2":0.3333333333333333,"row":7}',
      '{"x":2,"weight":5e-324,"weight_2":1000000,"row":4294967295}',
    ]
    expect(readFileSync(await write('a.json', few), 'utf8')).toBe(`[\n${rows.join(',\n')}\n]\n`)
    expect(readFileSync(await write('a.ndjson', few), 'utf8')).toBe(`${rows.join('\n')}\n`)
  })

  it('as NPY, columns by position', async () => {
    const table = await readTable(await write('a.npy', few))
    expect(values(table)).toEqual({ c0: [0.1, 2], c1: [-0, 5e-324], c2: [1 / 3, 1e6], c3: [7, 4294967295] })
  })

  it('as NPZ, with what is known of the source', async () => {
    const table = await readTable(await write('a.npz', few))
    expect(values(table)).toEqual({
      x: [0.1, 2],
      weight: [-0, 5e-324],
      weights: [1 / 3, 1e6],
      indices: [7, 4294967295],
    })
    expect(table.meta).toEqual({ version: 1, columns: ['x', 'weight'], weight: 'weights', row: 'indices', ...facts })
    expect(table.roles).toMatchObject({ weight: 'weights', row: 'indices' })
  })

  it('as Parquet, with what is known of the source', async () => {
    const table = await readTable(await write('a.parquet', few))
    expect(values(table)).toEqual({ x: [0.1, 2], weight: [-0, 5e-324], weight_2: [1 / 3, 1e6], row: [7, 4294967295] })
    expect(table.columns.map(({ stored }) => stored)).toEqual(['float64', 'float64', 'float64', 'int64'])
    expect(table.meta).toEqual({ version: 1, columns: ['x', 'weight'], weight: 'weight_2', row: 'row', ...facts })
  })

  it('does not take the notes of others for its own', () => {
    expect(metaFromText('{"version":1}')).toBeUndefined()
    expect(metaFromText('{"version":2,"columns":[]}')).toBeUndefined()
    expect(metaFromText('not JSON')).toBeUndefined()
    expect(metaFromText('null')).toBeUndefined()
  })
})

describe('columns that are carried along', () => {
  const kept: KeptColumn[] = [
    { name: 'text', values: ['plain', null] },
    { name: 'quoted', values: ['a,"b"\n', ''] },
    { name: 'id', values: [9007199254740993n, -1n] },
    { name: 'mixed', values: [9007199254740992, 9007199254740993n] },
    { name: 'number', values: [Number.NaN, 0.1] },
    { name: 'good', values: [true, false] },
    { name: 'at', values: [new Date(1e12), null] },
    { name: 'list', values: [[1, 2n, { a: 'b' }], null] },
    { name: 'row', values: [5, 6] },
  ]
  const set = { ...few, kept }

  it('as CSV', async () => {
    const [names, ...lines] = readFileSync(await write('kept.csv', set), 'utf8').split(/\n(?!")/)
    expect(names).toBe('x,weight,weight_2,row,text,quoted,id,mixed,number,good,at,list,row_2')
    const list = '"[1,2,{""a"":""b""}]"'
    expect(lines).toEqual([
      `0.1,-0,0.3333333333333333,7,plain,"a,""b""\n",9007199254740993,9007199254740992,NaN,true,2001-09-09T01:46:40.000Z,${list},5`,
      '2,5e-324,1000000,4294967295,,"",-1,9007199254740993,0.1,false,,,6',
      '',
    ])
  })

  it('as JSON', async () => {
    const [first, second] = readFileSync(await write('kept.ndjson', set), 'utf8').split('\n')
    expect(first).toContain(
      '"row":7,"text":"plain","quoted":"a,\\"b\\"\\n","id":9007199254740993,"mixed":9007199254740992,"number":null,"good":true,' +
        '"at":"2001-09-09T01:46:40.000Z","list":[1,2,{"a":"b"}],"row_2":5}',
    )
    expect(second).toContain(
      '"text":null,"quoted":"","id":-1,"mixed":9007199254740993,"number":0.1,"good":false,"at":null',
    )
    expect(JSON.parse(first).list).toEqual([1, 2, { a: 'b' }])
  })

  it('as Parquet, each of its kind', async () => {
    const path = await write('kept.parquet', set)
    const table = await readTable(path)
    expect(table.meta?.kept).toEqual(['text', 'quoted', 'id', 'mixed', 'number', 'good', 'at', 'list', 'row_2'])
    const { parquetReadObjects } = await import('hyparquet')
    const bytes = readFileSync(path)
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    })
    expect(rows).toMatchObject([
      {
        text: 'plain',
        quoted: 'a,"b"\n',
        id: 9007199254740993n,
        mixed: 9007199254740992n,
        number: Number.NaN,
        good: true,
        at: new Date(1e12),
        list: '[1,2,{"a":"b"}]',
        row_2: 5,
      },
      {
        text: null,
        quoted: '',
        id: -1n,
        mixed: 9007199254740993n,
        number: 0.1,
        good: false,
        at: null,
        list: null,
        row_2: 6,
      },
    ])
  })

  it('as arrays of NPZ', async () => {
    const table = await readTable(await write('kept.npz', set))
    expect(table.meta?.kept).toEqual(['text', 'quoted', 'id', 'mixed', 'number', 'good', 'at', 'list', 'row'])
    expect(values(table)).toMatchObject({ x: [0.1, 2], number: [Number.NaN, 0.1], row: [5, 6] })
    const stored = Object.fromEntries(table.columns.map((column) => [column.name, column.stored]))
    expect(stored).toMatchObject({ id: 'int64', mixed: 'int64', number: 'float64' })
    expect(stored.text).toMatch(/<U5/)
    expect(stored.good).toMatch(/\|b1/)
    expect(stored.at).toMatch(/<M8\[ms\]/)
  })
})

it.each(OUTPUT_ENDINGS)('reads %s back bit for bit', async (ending) => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  const row = fc.tuple(
    number,
    number,
    fc.double({ min: 5e-324, noNaN: true, noDefaultInfinity: true }),
    fc.nat(2 ** 32 - 1),
  )
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((text) => `n${text}`.trim())
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), name, async (rows, name) => {
      const set: CompressedSet = {
        names: [name, 'row'],
        points: Float64Array.from(rows.flatMap((row) => row.slice(0, 2))),
        weights: Float64Array.from(rows, ([, , weight]) => weight),
        rows: Uint32Array.from(rows, ([, , , index]) => index),
      }
      const table = await readTable(await write(`round${ending}`, set))
      if (ending !== '.npy') expect(table.columns.slice(0, 2).map((column) => column.name)).toEqual(set.names)
      const read = table.columns.map((column) => column.values as Float64Array)
      for (const [i, expected] of rows.entries()) {
        expect(expected.every((value, j) => Object.is(value, read[j][i]))).toBe(true)
      }
      expect(read[0].length).toBe(rows.length)
    }),
    { numRuns: 60 },
  )
})

it('writes many rows', async () => {
  const count = 10_000
  const set: CompressedSet = {
    names: ['x'],
    points: Float64Array.from({ length: count }, (_, i) => i / 3),
    weights: new Float64Array(count).fill(2),
    rows: Uint32Array.from({ length: count }, (_, i) => 2 * i),
  }
  for (const ending of OUTPUT_ENDINGS) {
    const [x, weight, row] = (await readTable(await write(`many${ending}`, set))).columns
    expect(x.values).toEqual(set.points)
    expect(weight.values).toEqual(set.weights)
    expect(row.values).toEqual(Float64Array.from(set.rows as Uint32Array))
  }
})

describe('a file is there as a whole or not at all', () => {
  const leftovers = (path: string) => readdirSync(dirname(path)).filter((name) => name.endsWith('.tmp'))

  it('keeps what was there when writing fails', async () => {
    const path = folder.write('kept.csv', 'before')
    function* pieces() {
      yield 'half of it'
      throw new Error('no more')
    }
    const target = await checkTarget(path, { force: true })
    await expect(writeAtomically(target, pieces())).rejects.toThrow('no more')
    expect(readFileSync(path, 'utf8')).toBe('before')
    expect(leftovers(path)).toEqual([])
  })

  it('leaves nothing when it is told to stop', async () => {
    const path = folder.path('stopped.csv')
    const controller = new AbortController()
    function* pieces() {
      yield 'half of it'
      controller.abort(new Error('enough'))
      yield 'the rest'
    }
    const target = await checkTarget(path)
    await expect(writeAtomically(target, pieces(), controller.signal)).rejects.toThrow('enough')
    expect(existsSync(path)).toBe(false)
    expect(leftovers(path)).toEqual([])
  })

  it('does not overwrite unless told to', async () => {
    const path = folder.write('old.csv', 'before')
    await expect(checkTarget(path)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('--force'),
    })
    await writeAtomically(await checkTarget(path, { force: true }), ['after'])
    expect(readFileSync(path, 'utf8')).toBe('after')
  })

  it('does not overwrite a file that appears between the check and the end', async () => {
    const path = folder.path('race.csv')
    const target = await checkTarget(path)
    folder.write('race.csv', 'somebody else')
    await expect(writeAtomically(target, ['mine'])).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect(readFileSync(path, 'utf8')).toBe('somebody else')
    expect(leftovers(path)).toEqual([])
  })

  it('never overwrites the input, under any name', async () => {
    const input = folder.write('input.csv', 'x\n1\n')
    symlinkSync(input, folder.path('soft.csv'))
    linkSync(input, folder.path('hard.csv'))
    for (const name of ['input.csv', 'soft.csv', 'hard.csv', './/input.csv']) {
      const refused = checkTarget(folder.path(name), { inputs: [input], force: true })
      await expect(refused).rejects.toMatchObject({
        code: 'ERR_FILE',
        message: expect.stringContaining('is the input'),
      })
    }
    const throughLink = checkTarget(input, { inputs: [folder.path('soft.csv')], force: true })
    await expect(throughLink).rejects.toMatchObject({ message: expect.stringContaining('is the input') })
  })

  it('writes to the target of a symbolic link and leaves the link', async () => {
    const real = folder.write('real.csv', 'before')
    const link = folder.path('link.csv')
    symlinkSync(real, link)
    await writeAtomically(await checkTarget(link, { force: true }), ['after'])
    expect(readFileSync(real, 'utf8')).toBe('after')
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
  })

  it.each<[string, (path: string) => void, string]>([
    ['a folder', (path) => mkdirSync(path), 'not a regular file'],
    ['a link to nothing', (path) => symlinkSync(`${path}.gone`, path), 'symbolic link to a file that does not exist'],
  ])('refuses %s', async (_, make, message) => {
    const path = folder.path(`target-${message.length}.csv`)
    make(path)
    const refused = checkTarget(path, { force: true })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(message) })
  })

  it('refuses a folder that does not exist', async () => {
    const refused = checkTarget(folder.path('nowhere/a.csv'))
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('there is no folder'),
    })
  })
})

it.each([
  ['nothing', 'nowhere.csv', 'there is no such file'],
  ['a folder', '.', 'is not a regular file'],
])('does not read %s', async (_, name, message) => {
  await expect(readTable(folder.path(name))).rejects.toMatchObject({
    code: 'ERR_FILE',
    message: expect.stringContaining(message),
  })
})
