// Text tables: numbers, missing values, names, and the places that error messages give.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvText } from '../lib/io/csv.js'
import { readTable } from '../lib/io/read.js'
import { column, readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
let files = 0
const csv = (text: string | Uint8Array, ending = 'csv') => folder.write(`${files++}.${ending}`, text)

describe('cells', () => {
  it('reads numbers as they are usually written', async () => {
    const cells = ['1', '-2.5', '+3', '.5', '5.', '1e3', '-1.5E-7', ' 7 ', '007', '-0', '0e5']
    const { x } = await readValues(csv(`x\n${cells.join('\n')}\n`))
    expect(x).toEqual([1, -2.5, 3, 0.5, 5, 1000, -1.5e-7, 7, 7, -0, 0])
  })

  it('does not take for numbers what only JavaScript takes for numbers', async () => {
    const table = await readTable(csv('x,y\n0x10,1\n0b11,2\n0o7,3\n1_000,4\n'))
    expect(column(table, 'x')).toMatchObject({ kind: 'text', texts: 4, values: undefined })
  })

  it('knows the usual words for a missing value', async () => {
    const table = await readTable(csv('x,y\n1,1\n,2\nNA,3\nn/a,4\nnull,5\n?,6\n   ,7\n2,8\n3,9\n'))
    expect(column(table, 'x')).toMatchObject({ kind: 'number', missing: 6, texts: 0 })
    expect(column(table, 'x').trouble).toEqual({ kind: 'missing', row: 1, line: 3, text: undefined })
    expect(values(table).x).toEqual([1, NaN, NaN, NaN, NaN, NaN, NaN, 2, 3])
  })

  it('tells NaN and infinities from missing values', async () => {
    const table = await readTable(csv('x,y\n1,nan\n-inf,2\n1e999,3\n'))
    expect(column(table, 'x')).toMatchObject({
      notFinite: 2,
      missing: 0,
      trouble: { kind: 'infinite', row: 1, line: 3 },
    })
    expect(column(table, 'y').trouble).toMatchObject({ kind: 'nan', row: 0, line: 2 })
  })

  it('keeps a column of numbers that has a text in it, and says where', async () => {
    const table = await readTable(csv('x\n1\n2\noops\n4\n'))
    expect(column(table, 'x')).toMatchObject({ kind: 'number', texts: 1, text: { row: 2, line: 4, text: 'oops' } })
  })

  it('has no values for a column of texts or of nothing', async () => {
    const table = await readTable(csv('a,b,c\nred,,1\nblue,,2\n'))
    expect(table.columns.map(({ kind }) => kind)).toEqual(['text', 'empty', 'number'])
  })
})

describe('names', () => {
  it('finds them when the first row is text', async () => {
    expect(await readValues(csv('lon, lat\n1,2\n'))).toEqual({ lon: [1], lat: [2] })
  })

  it('finds them when a number stands below a text, as with years', async () => {
    expect(await readValues(csv('id,2019\n1,2\n'))).toEqual({ id: [1], '2019': [2] })
  })

  it('has c0, c1, ... when the first row is numbers', async () => {
    const table = await readTable(csv('1,2\n3,4\n'))
    expect(table).toMatchObject({ named: false, rows: 2 })
    expect(values(table)).toEqual({ c0: [1, 3], c1: [2, 4] })
  })

  it('does as it is told', async () => {
    const path = csv('1,2\n3,4\n')
    expect(await readValues(path, { header: true })).toEqual({ '1': [3], '2': [4] })
    expect((await readTable(csv('a,b\n1,2\n'), { header: false })).rows).toBe(2)
  })

  it('makes doubles and empty ones unique', async () => {
    expect(await readValues(csv('x,x,,x_2\n1,2,3,4\n'))).toEqual({ x: [1], x_2: [2], c2: [3], x_2_2: [4] })
  })

  it('keeps only the columns asked for', async () => {
    const table = await readTable(csv('a,b,c\n1,2,3\n'), { columns: ['c', 'nowhere'] })
    expect(table.columns.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['a unread', 'b unread', 'c number'])
  })
})

describe('rows', () => {
  it.each([
    ['\\n', 'a,b\n1,2\n3,4\n'],
    ['\\r\\n', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['\\r', 'a,b\r1,2\r3,4\r'],
    ['mixed ends', 'a,b\r\n1,2\n3,4\r\n'],
    ['no last end', 'a,b\n1,2\n3,4'],
    ['blank lines', '\na,b\n\n1,2\n\n\n3,4\n\n'],
    ['semicolons', 'a;b\n1;2\n3;4\n'],
    ['bars', 'a|b\n1|2\n3|4\n'],
    ['quotes', '"a","b"\n"1","2"\n"3","4"\n'],
    ['quotes and \\r\\n', '"a","b"\r\n"1","2"\r\n"3","4"\r\n'],
    ['blanks behind quotes', '"a" ,"b" \n"1" ,"2"\n3,4\n'],
    ['byte order mark', '\ufeffa,b\n1,2\n3,4\n'],
  ])('reads %s', async (_, text) => {
    expect(await readValues(csv(text))).toEqual({ a: [1, 3], b: [2, 4] })
  })

  it('reads tabs', async () => {
    expect(await readValues(csv('a\tb\n1\t2\n', 'tsv'))).toEqual({ a: [1], b: [2] })
    expect(await readValues(csv('a\tb\n1\t2\n', 'txt'))).toEqual({ a: [1], b: [2] })
  })

  it('counts lines through quoted line ends, and rows without them', async () => {
    const table = await readTable(csv('name,x\n"one\ntwo\nthree",1\n\nfour,\n'))
    expect(column(table, 'x').trouble).toMatchObject({ row: 1, line: 6 })
  })

  it('reads the same whatever the pieces are', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `"say ""${i}"", or\nnot",${i / 7},"${i}"`)
    const table = await readTable(csv(`text,x,y\r\n${rows.join('\r\n')}\r\n`))
    expect(table.rows).toBe(30_000)
    expect(values(table).x).toEqual(Array.from({ length: 30_000 }, (_, i) => i / 7))
    expect(values(table).y).toEqual(Array.from({ length: 30_000 }, (_, i) => i))
    expect(column(table, 'text').texts).toBe(30_000)
  })

  it.each([
    ['too few cells', 'a,b\n1,2\n3\n', 'line 3 has 1 cell (3), expected 2'],
    ['too many cells', 'a,b\n1,2\n\n3,4,5\n', 'line 4 has 3 cells (3 | 4 | 5), expected 2'],
    ['an open quote', 'a,b\n1,2\n"3,4\n5,6\n', 'line 3 has a quote that is never closed'],
    ['text behind a quote', 'a,b\n"1"x,2\n"3",4\n', 'line 2 has text after a closing quote'],
    ['no rows', 'a,b\n', 'has names but no rows'],
    ['nothing', '', 'is empty'],
    ['blanks', ' \n\n', 'is empty'],
    ['UTF-16', Buffer.from('a,b\n1,2\n', 'utf16le'), 'is a text in UTF-16'],
    ['text with NUL bytes', 'a,b\n1,\u00002\n', 'is not a text file in UTF-8'],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'is packed with gzip'],
  ])('refuses %s', async (_, text, message) => {
    const path = csv(text)
    await expect(readTable(path)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(message) })
    await expect(readTable(path)).rejects.toThrow(path)
  })

  it('gives up on a quote that swallows megabytes', async () => {
    const path = csv(`a,b\n"1,2\n${'3,4\n'.repeat(6_000_000)}`)
    await expect(readTable(path)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('line 2'),
    })
  })

  it('stops when it is told to', async () => {
    const reason = new Error('enough')
    const path = csv(`a,b\n${'3,4\n'.repeat(100_000)}`)
    await expect(readTable(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const onProgress = () => controller.abort(reason)
    await expect(readTable(path, { signal: controller.signal, onProgress })).rejects.toBe(reason)
  })
})

it('writes every finite number so that it reads back bit for bit, and every name', async () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  const rows = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 30 })
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => `n${text}`.trim())
  await fc.assert(
    fc.asyncProperty(rows, name, fc.constantFrom(',', '\t'), async (rows, name, delimiter) => {
      const columns = [rows.map(([x]) => x), rows.map(([, y]) => y)]
      const text = [...csvText([name, 'other name'], columns, delimiter)].join('')
      const table = await readTable(folder.write(`again.${delimiter === ',' ? 'csv' : 'tsv'}`, text), { header: true })
      expect(table.columns.map((column) => column.name)).toEqual([name, 'other name'])
      for (const [i, column] of table.columns.entries()) {
        const read = column.values as Float64Array
        expect(read.length).toBe(rows.length)
        expect(columns[i].every((value, row) => Object.is(value, read[row]))).toBe(true)
      }
    }),
    { numRuns: 200 },
  )
})
