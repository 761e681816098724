// Dialects of text tables: which are recognised, with the right values, and what is reported about them.
import { describe, expect, it } from 'vitest'
import { csvText } from '../lib/io/csv.js'
import { readTable } from '../lib/io/read.js'
import type { ReadOptions } from '../lib/io/table.js'
import { column, readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
let files = 0
const text = (content: string | Uint8Array, ending = 'csv') => folder.write(`d${files++}.${ending}`, content)

const both = { a: [1.5, 2], b: [2, 3.25] }

describe('delimiters and decimal marks', () => {
  it.each<[string, string, Record<string, number[]>, string]>([
    ['semicolons', 'a;b\n1.5;2\n2;3.25\n', both, 'semicolons between the cells'],
    ['decimal commas', 'a;b\n1,5;2\n2;3,25\n', both, 'semicolons between the cells, decimal commas'],
    ['no names', '1,5;2\n2;3,25\n', { c0: [1.5, 2], c1: [2, 3.25] }, 'decimal commas'],
    ['tabs and decimal commas', 'a\tb\n1,5\t2\n2\t3,25\n', both, 'tabs between the cells, decimal commas'],
    ['bars and decimal commas', 'a|b\n1,5|2\n2|3,25\n', both, 'bars between the cells, decimal commas'],
    ['blanks and decimal commas', 'a b\n1,5 2\n2  3,25\n', both, 'blanks between the cells, decimal commas'],
    ['exponents', 'a;b\n1,5E+03;-,5\n25e-1;+2,0\n', { a: [1500, 2.5], b: [-0.5, 2] }, 'decimal commas'],
    ['a leading 0', 'a;b\n0,125;1\n0,250;2\n', { a: [0.125, 0.25], b: [1, 2] }, 'decimal commas'],
    ['delimiters in names', '"a;b;c,d",y\n1.5,2\n', { 'a;b;c,d': [1.5], y: [2] }, ''],
    ['more commas in names', '"p, q, r, s";y\n1;2\n3;4\n', { 'p, q, r, s': [1, 3], y: [2, 4] }, 'semicolons'],
    ['a comma in a text', 'a;t\n1.5;one, two\n2;three\n', { a: [1.5, 2] }, 'semicolons'],
    ['quotes in quotes', '"a ""x""";b\n"1,5";2\n', { 'a "x"': [1.5], b: [2] }, 'decimal commas'],
    ['commas with blanks', 'a, b\n1.5, 2\n2, 3.25\n', both, ''],
    ['times with blanks', 't,a\n2020-01-01 00:00:00,1.5\n2020-01-01 00:00:01,2\n', { a: [1.5, 2] }, ''],
    ['German dates', 't;a\n01.02.2020 10:00;1,5\n02.02.2020 10:00;2\n', { a: [1.5, 2] }, 'decimal commas'],
    ['a line sep=', 'sep=;\r\na;b\r\n1,5;2\r\n2;3,25\r\n', both, 'semicolons'],
    ['a mark and sep=', '\ufeffsep=,\r\na,b\r\n1.5,2\r\n2,3.25\r\n', both, ''],
    ['a mark of bytes', '\ufeffa;b\n1,5;2\n2;3,25\n', both, 'semicolons'],
    ['returns only', 'a;b\r1,5;2\r2;3,25\r', both, 'semicolons'],
    ['delimiters at the end', 'a,b\n1.5,2,\n2,3.25,\n', both, 'a delimiter at the end of each row'],
    ['delimiters at every end', 'a;b;\n1,5;2;\n2;3,25;\n', both, 'a delimiter at the end of each row'],
  ])('%s', async (_, content, expected, note) => {
    const table = await readTable(text(content))
    expect(values(table)).toEqual(expected)
    if (note === '') expect(table.notes).toEqual([])
    else expect(table.notes?.join()).toContain(note)
  })

  it('are the same beyond the first piece of the file', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i};${String(i / 8).replace('.', ',')}`)
    const table = await readTable(text(`i;x\n${rows.join('\n')}\n`))
    expect(values(table).x).toEqual(rows.map((_, i) => i / 8))
  })

  it('are settled by options', async () => {
    const read = (content: string, options: ReadOptions['text']) => readValues(text(content), { text: options })
    expect(await read('x\n1,5\n2,5\n', { decimal: ',' })).toEqual({ x: [1.5, 2.5] })
    expect(await read('a,b\n"1,5",2\n"2",3\n', { decimal: ',' })).toEqual({ a: [1.5, 2], b: [2, 3] })
    expect(await read('a;b\n1,234;2\n', { decimal: ',' })).toEqual({ a: [1.234], b: [2] })
    expect(await read('a:b\n1:2\n', { delimiter: ':' })).toEqual({ a: [1], b: [2] })
    expect(await read('a b\n1  2\n', { delimiter: ' ' })).toEqual({ a: [1], b: [2] })
  })

  it('of .tsv are tabs where there are some', async () => {
    expect(await readTable(text('a\tb, c\n1.5\t2\n', 'tsv'))).toMatchObject({ notes: [], rows: 1 })
    expect(await readValues(text('a;b\n1,5;2\n', 'tsv'))).toEqual({ a: [1.5], b: [2] })
  })
})

describe('numbers in another writing are never guessed', () => {
  it.each<[string, string, string]>([
    ['one group', 'a;b\n1,234;1\n2,500;2\n', '1,234'],
    ['groups in quotes', 'a,b\n"1,234",1\n"12,500",2\n', '1,234'],
    ['groups and a fraction', 'a,b\n"1,234.5",1\n"2,500.25",2\n', '1,234.5'],
    ['points between thousands', 'a;b\n1.234,5;1\n2.500,25;2\n', '1.234,5'],
    ['many points', 'a;b\n1.234.567;1\n2.500;2\n', '1.234.567'],
    ['decimal commas in quotes', 'a,b\n"1,5",1\n"2,5",2\n', '1,5'],
    ['both marks', 'a;b\n1,5;2.5\n2,5;3.5\n', '1,5'],
    ['apostrophes', "a;b\n1'234.5;1\n2'000.5;2\n", "1'234.5"],
    ['a sign of per cent', 'a,b\n12 %,1\n13 %,2\n', '12 %'],
    ['a currency', 'a,b\n$3.50,1\n4 €,2\n', '$3.50'],
    ['accounting', 'a;b\n(1,5);1\n(2,5);2\n', '(1,5)'],
    ['decimal commas after many rows', `a;b\n${'1;2\n'.repeat(700)}1,5;2\n`, '1,5'],
    ['decimal points after many rows', `a;b\n${'1,5;2\n'.repeat(700)}1.5;2\n`, '1.5'],
  ])('%s', async (_, content, example) => {
    const table = await readTable(text(content))
    expect(column(table, 'a').unclear?.first.text).toBe(example)
    expect(values(table).a?.filter((value) => Number.isFinite(value)) ?? []).not.toContain(1.234)
  })

  it.each([
    ['x\n1,5\n2,5\n', 'line 1 has 1 cell, line 2 has 2'],
    ['1,5\n2\n3,25\n', '--decimal ,'],
    ['x,y\n1,2,3\n4,5,6\n', 'line 1 has 2 cells, line 2 has 3'],
    ['1,2\n3,4,5\n6,7,8\n', 'line 1 has 2 cells, line 2 has 3'],
  ])('%j is refused', async (content, message) => {
    await expect(readTable(text(content))).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining(message),
    })
  })

  it('but blanks that do not break a line are read between thousands, and the minus of typography', async () => {
    expect(await readValues(text('a;b\n1\u202f234,5;2\n−12\u00a0000\u00a0000,25;3\n'))).toEqual({
      a: [1234.5, -12_000_000.25],
      b: [2, 3],
    })
  })
})

describe('numbers and words of other programs', () => {
  it('reads the exponents of Fortran', async () => {
    const content = '  1.5D+03  2.0d-01\n -2.5D3    1D+01\n'
    expect(await readValues(text(content))).toEqual({ c0: [1500, -2500], c1: [0.2, 10] })
    expect(column(await readTable(text('id,x\n1D2,1\n3D4,2\n')), 'id').kind).toBe('text')
  })

  it.each(['None', '\\N', '#DIV/0!', '#N/A', '#WERT!', 'NULL', '(null)', 'nil', '--', '..', 'n.a.', '#VALUE!'])(
    'takes %s for a missing value',
    async (word) => {
      const table = await readTable(text(`x,y\n1.5,2\n${word},3\n${word},4\n${word},5\n4,5.5\n`))
      expect(table.rows).toBe(5)
      expect(column(table, 'x')).toMatchObject({ kind: 'number', missing: 3, texts: 0 })
      expect(values(table).x).toEqual([1.5, NaN, NaN, NaN, 4])
    },
  )

  it('tells the NaN of Microsoft from text', async () => {
    const { x } = await readValues(text('x,y\n1.#QNAN,1\n-1.#IND,2\n1.#INF,3\n-1.#INF,4\n5,5\n6,6\n7,7\n'))
    expect(x).toEqual([NaN, NaN, Infinity, -Infinity, 5, 6, 7])
  })

  it('takes the words and numbers that are given for missing', async () => {
    const path = text('x,y\n-9999,1\n-9999.0,2\n-9.999e3,3\nVOID,4\n5,-999\n')
    const table = await readTable(path, { missing: ['-9999', 'void'] })
    expect(values(table)).toEqual({ x: [NaN, NaN, NaN, NaN, 5], y: [1, 2, 3, 4, -999] })
    expect(column(table, 'x')).toMatchObject({ missing: 4, texts: 0, trouble: { kind: 'missing', row: 0, line: 2 } })
    const comma = text('x;y\n-99,9;1,5\n1,5;2\n')
    expect(await readValues(comma, { missing: ['-99.9'] })).toEqual({ x: [NaN, 1.5], y: [1.5, 2] })
    expect(await readValues(comma, { missing: ['-99,9'] })).toEqual({ x: [NaN, 1.5], y: [1.5, 2] })
  })

  it('keeps the few numbers of a column that was asked for by name', async () => {
    const path = text('x,y\n1.5,2\nvoid,3\nvoid,4\nvoid,5\n4,5.5\n')
    expect(column(await readTable(path), 'x').kind).toBe('text')
    const asked = column(await readTable(path, { columns: ['x'] }), 'x')
    expect(asked).toMatchObject({ kind: 'number', texts: 3, trouble: { kind: 'text', row: 1, text: 'void' } })
    expect([...(asked.values ?? [])]).toEqual([1.5, NaN, NaN, NaN, 4])
  })

  it('refuses whole numbers that float64 cannot hold, and no others', async () => {
    const cells = [
      '9007199254740993',
      '1700000000123456789',
      '+1152921504606846977',
      '-9007199254740993',
      '0009007199254740993',
    ]
    for (const cell of cells) {
      const table = await readTable(text(`x\n1\n${cell}\n`))
      const shown = String(BigInt(cell.replace('+', '')))
      expect(column(table, 'x')).toMatchObject({ notFinite: 1, trouble: { kind: 'inexact', line: 3, text: shown } })
    }
    const exact = [
      '9007199254740992',
      '1152921504606846976',
      '-9223372036854775808',
      '1e300',
      '9007199254740993.0',
      '1.7e18',
    ]
    expect((await readValues(text(`x\n${exact.join('\n')}\n`))).x).toEqual(exact.map(Number))
    expect(column(await readTable(text('a;b\n1,5;9007199254740993\n')), 'b').trouble?.kind).toBe('inexact')
  })
})

describe('lines that are not part of the table', () => {
  const xy = { x: [1, 3], y: [2, 4] }
  it.each<[string, string, string]>([
    ['# in front', '# station 7\n# units: m/s, kW\nx,y\n1,2\n3,4\n', '2 comment lines (#)'],
    ['% in front', '% made by, "hand\nx,y\n1,2\n3,4\n', '1 comment line (%)'],
    ['// in front', '// a\n\n  // b\nx,y\n1,2\n3,4\n', '2 comment lines (//)'],
    ['# between', 'x,y\n1,2\n# 9, "9\n#9,9\n3,4\n', '2 comment lines (#)'],
    ['# at the end', 'x,y\n1,2\n3,4\n# the end', '1 comment line (#)'],
    ['names in a comment', '# x y\n1 2\n3 4\n', 'names from a comment (x, y)'],
    ['names in a comment with commas', '#x,y\n1,2\n3,4\n', 'names from a comment (x, y)'],
    ['a title', 'Report\nCreated 2020\n\nx,y\n1,2\n3,4\n', '2 lines before the table left out'],
    ['units', 'x,y\ns,m/s\n1,2\n3,4\n', 'line 2 taken for units (s m/s), left out'],
    ['units in brackets', 'x;y\n[s];[m/s]\n1;2\n3;4\n', 'line 2 taken for units'],
  ])('%s', async (_, content, note) => {
    const path = text(content)
    const table = await readTable(path)
    expect(values(table)).toEqual(xy)
    expect(table.notes).toEqual([expect.stringContaining(`${path}: `)])
    expect(table.notes?.[0]).toContain(note)
  })

  it('are counted, so that a line keeps its number', async () => {
    const table = await readTable(text('# a\n\n# b\nx,y\n1,2\n# c\n3,\n'))
    expect(column(table, 'y').trouble).toMatchObject({ row: 1, line: 7 })
  })

  it('are found in every piece, and not within quotes', async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => `${i % 1000 === 0 ? `#${i}, "\n` : ''}${i},"a\n#b"`)
    const table = await readTable(text(`# head\nx,t\n${rows.join('\n')}\n`))
    expect(table.rows).toBe(50_000)
    expect(values(table).x).toEqual(rows.map((_, i) => i))
    expect(table.notes).toEqual([expect.stringContaining('51 comment lines (#)')])
  })

  it('are no rows whose first cell is a name with #, nor errors of spreadsheets', async () => {
    expect(await readValues(text('rank,x\n#1,5\n#2,6\n#3,7\n'))).toEqual({ x: [5, 6, 7] })
    expect((await readTable(text('x,y\n1,1\n#DIV/0!,2\n#N/A,3\n4,4\n5,5\n6,6\n'))).rows).toBe(6)
    expect(await readValues(text('#,x\n1,5\n2,6\n'))).toEqual({ '#': [1, 2], x: [5, 6] })
    const either = text('name,x\nbob,5\n#12 Main,6\nal,7\nkim,8\n')
    await expect(readTable(either)).rejects.toThrow("line 3 begins with '#' and may be a comment or a row; --comment")
    expect(await readValues(either, { text: { comment: '' } })).toEqual({ x: [5, 6, 7, 8] })
    expect(await readValues(either, { text: { comment: '#' } })).toEqual({ x: [5, 7, 8] })
  })

  it('are passed over as options say', async () => {
    expect(await readValues(text('a,b,c\n1,2,3\nx,y\n1,2\n'), { text: { skip: 2 } })).toEqual({ x: [1], y: [2] })
    expect(await readValues(text('x,y\n1,2\n;; no, no\n3,4\n'), { text: { comment: ';;' } })).toEqual(xy)
    const late = `${'junk\n'.repeat(100_000)}x,y\n1,\n`
    const table = await readTable(text(late), { text: { skip: 100_000 } })
    expect(column(table, 'y').trouble).toMatchObject({ row: 0, line: 100_002 })
  })

  it('the number of points that a cloud begins with is checked', async () => {
    expect(await readValues(text('2\nmolecule\n O 0.5 1 2\n H 1 2 3\n', 'xyz'))).toEqual({
      c1: [0.5, 1],
      c2: [1, 2],
      c3: [2, 3],
    })
    await expect(readTable(text('3\n1 2 3\n4 5 6\n', 'pts'))).rejects.toThrow(
      'its first line is 3 alone, and 2 rows follow',
    )
  })

  it('a first row of texts that are numbers elsewhere is not taken for units', async () => {
    const table = await readTable(text('"a","b"\n"1,5","2,5"\n"3","4"\n'))
    expect(table.rows).toBe(2)
    expect(column(table, 'a').unclear?.first).toMatchObject({ row: 0, text: '1,5' })
  })
})

describe('columns between blanks', () => {
  it('reads points, right-aligned', async () => {
    const content = '  1.5    2.0   -3.25\n 10.0  -20.5    0.0\n  0.25   1e3    7\n  4 4 4\n'
    const expected = { c0: [1.5, 10, 0.25, 4], c1: [2, -20.5, 1000, 4], c2: [-3.25, 0, 7, 4] }
    expect(await readValues(text(content, 'xyz'))).toEqual(expected)
    expect(await readValues(text(content.replaceAll('\n', '\r\n'), 'txt'))).toEqual(expected)
  })

  it('reads what R writes: names of rows without a head, in quotes', async () => {
    const table = await readTable(text('"x" "the y"\n"first one" 1.5 2\n"b" 2.5 NA\n'))
    expect(values(table)).toEqual({ x: [1.5, 2.5], 'the y': [2, NaN] })
    expect(table.columns.map(({ name }) => name)).toEqual(['c0', 'x', 'the y'])
  })

  it('is the same in pieces', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `  ${i}   ${i / 8}\t"${i}"`)
    const table = await readTable(text(`a b c\n${rows.join('\n')}`, 'dat'))
    expect(values(table).b).toEqual(rows.map((_, i) => i / 8))
    expect(values(table).c).toEqual(rows.map((_, i) => i))
  })

  it('refuses a row with a gap', async () => {
    await expect(readTable(text('x y\n1 2\n3\n'))).rejects.toThrow('line 3 has 1 cell (3), expected 2')
    await expect(readTable(text('x y\n1 2\n"3 4\n'))).rejects.toThrow('line 3 has a quote that is never closed')
  })
})

describe('names that are numbers', () => {
  it.each<[string, string, string[]]>([
    ['years in quotes beside a text', '"country","2019","2020"\n"Alba",1.5,2.5\n"Borduria",2,3\n', ['2019', '2020']],
    ['years in quotes', '"2019","2020"\n1.5,2.5\n2,3\n', ['2019', '2020']],
    ['years beside a text', 'country,2019,2020\nAlba,1.5,2.5\nBorduria,2,3\n', ['2019', '2020']],
    ['wavelengths beside a text', 'sample,350,355,360\nA,1.5,2.5,0\nB,2,3,0\n', ['350', '355']],
  ])('%s', async (_, content, names) => {
    const table = await readTable(text(content))
    expect(table).toMatchObject({ rows: 2, named: true })
    expect(values(table)[names[0]]).toEqual([1.5, 2])
    expect(values(table)[names[1]]).toEqual([2.5, 3])
  })

  it('are said, where nothing but their values shows them', async () => {
    const table = await readTable(text('country,2019,2020\nAlba,1.5,2.5\n'))
    expect(table.notes?.[0]).toContain('numbers as names (country, 2019, 2020); --no-header makes them a row')
    const again = await readTable(text('country,2019,2020\nAlba,1.5,2.5\n'), { header: false })
    expect(values(again)).toEqual({ c1: [2019, 1.5], c2: [2020, 2.5] })
  })

  it('a row with a fraction and a mistake is no row of names', async () => {
    const table = await readTable(text('oops,1.5\n2,3\n4,5\n5,6\n'))
    expect(table).toMatchObject({ rows: 4, named: false })
    expect(column(table, 'c0').trouble).toMatchObject({ kind: 'text', row: 0, line: 1, text: 'oops' })
  })
})

it('finds the names that csvText writes, whatever they are', async () => {
  const names = [
    '350.5',
    '#x',
    '% of y',
    '2019',
    '// z',
    '! a',
    'sep=;',
    '-9999',
    'a,b;c',
    'NA',
    '1e5',
    'weight',
    'row',
  ]
  for (let first = 0; first < names.length; first++) {
    const turned = [...names.slice(first), ...names.slice(0, first)]
    for (const delimiter of [',', '\t']) {
      const written = [
        ...csvText(
          turned,
          turned.map((_, i) => [i, i + 0.5]),
          delimiter,
        ),
      ].join('')
      const table = await readTable(text(written, delimiter === ',' ? 'csv' : 'tsv'))
      expect(table).toMatchObject({ rows: 2, named: true })
      expect(table.columns.map(({ name }) => name)).toEqual(turned)
      expect(table.columns.map(({ values }) => values?.[1])).toEqual(turned.map((_, i) => i + 0.5))
    }
  }
})

it('thousands of equal names, and of names that look like their doubles, take no quadratic time', async () => {
  const count = 30_000
  const cpu = process.cpuUsage()
  const equal = await readTable(text(`${'x,'.repeat(count - 1)}x\n${'1,'.repeat(count - 1)}1\n`))
  expect(equal.columns.at(-1)?.name).toBe(`x_${count}`)
  const mixed = Array.from({ length: count }, (_, i) => (i % 2 ? 'x' : `x_${i}`))
  const table = await readTable(text(`${mixed.join(',')}\n${'1,'.repeat(count - 1)}1\n`))
  expect(new Set(table.columns.map(({ name }) => name)).size).toBe(count)
  // It takes a third of a second. A search from the start for each name would take minutes.
  expect(process.cpuUsage(cpu).user / 1e6).toBeLessThan(20)
})

it('cells of millions of characters take no quadratic time', async () => {
  const long = 3_000_000
  const cpu = process.cpuUsage()
  for (const cell of [
    '1'.repeat(long),
    ' '.repeat(long),
    '#'.repeat(long),
    '-'.repeat(long),
    '1,'.repeat(long / 2),
    '""'.repeat(long / 2),
  ]) {
    const table = await readTable(text(`a;b\n1;2\n"${cell}x";3\n4;1\n`))
    expect(table.rows).toBe(3)
    expect(column(table, 'a')).toMatchObject({ kind: 'number', texts: 1 })
  }
  // It takes a second or two. Quadratic time would be hours.
  expect(process.cpuUsage(cpu).user / 1e6).toBeLessThan(60)
})

it.each(['ORCID,x', 'LASF,x', 'BZh,x', 'FEA1,x', 'RDX,x', 'ply\r\n', 'CDF,x'])(
  '%j may begin a table',
  async (names) => {
    const isOne = names.endsWith('\n')
    const table = await readTable(text(isOne ? `${names}1\r\n2\r\n` : `${names}\n1,2\n3,4\n`))
    expect(table).toMatchObject({ rows: 2, named: true })
  },
)

it.each<[string, Uint8Array, string]>([
  ['LAS', Buffer.concat([Buffer.from('LASF'), Buffer.alloc(200)]), 'is a LAS point cloud'],
  ['LAZ', Buffer.concat([Buffer.from('LASF\0\0'), Buffer.alloc(200, 0x83)]), 'is a LAZ (packed LAS) point cloud'],
  ['PLY', Buffer.from('ply\nformat ascii 1.0\n'), 'is a PLY point cloud'],
  ['HDF5', Buffer.from('\x89HDF\r\n\x1a\n\0\0', 'latin1'), 'is an HDF5 file'],
  ['SQLite', Buffer.from('SQLite format 3\0'), 'is an SQLite database'],
  ['old Excel', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'is an old Excel'],
  ['Excel', Buffer.from(`PK\x03\x04${'\0'.repeat(22)}\x13\0\0\0[Content_Types].xml`, 'latin1'), 'is an Excel file'],
  [
    'a packed table',
    Buffer.from(`PK\x03\x04${'\0'.repeat(22)}\x05\0\0\0a.csv`, 'latin1'),
    'is a ZIP archive with a.csv',
  ],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'is packed with gzip'],
  ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), 'is packed with zstd'],
  ['a web page', Buffer.from('\n<!DOCTYPE html><html>'), 'is a web page'],
  ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'is a text in UTF-16'],
  ['UTF-16 without a mark', Buffer.from('a,b\n1,2\n', 'utf16le'), 'is a text in UTF-16'],
  ['UTF-16, the other way', Buffer.from('a,b\n1,2\n', 'utf16le').swap16(), 'is a text in UTF-16'],
])('says what %s is', async (_, content, message) => {
  for (const ending of ['csv', 'dat']) {
    await expect(readTable(text(content, ending))).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining(message),
    })
  }
})
