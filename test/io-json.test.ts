// JSON rows in all their forms.
import { describe, expect, it } from 'vitest'
import { readTable } from '../lib/io/read.js'
import { column, readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
const json = (value: unknown, name = 'a.json') =>
  folder.write(name, typeof value === 'string' ? value : JSON.stringify(value))

const points = [
  {
    type: 'Feature',
    properties: { mag: 2.5, place: 'here', latitude: 99 },
    geometry: { type: 'Point', coordinates: [1, 2, 30] },
  },
  { type: 'Feature', properties: { mag: null, felt: 3 }, geometry: { type: 'Point', coordinates: [-4, 5] } },
]

describe('rows', () => {
  it('reads objects', async () => {
    const path = json([
      { x: 1, y: -0, s: 'a' },
      { x: 2.5, y: 1e300, s: 'b' },
    ])
    expect(await readValues(path)).toEqual({ x: [1, 2.5], y: [0, 1e300] })
    expect(await readValues(json('[{"y":-0},{"y":1}]'))).toEqual({ y: [-0, 1] })
  })

  it('reads objects with other names in each', async () => {
    const table = await readTable(json([{ x: 1 }, { y: 2 }, { x: null, y: 3 }]))
    expect(values(table)).toEqual({ x: [1, NaN, NaN], y: [NaN, 2, 3] })
    expect(column(table, 'x')).toMatchObject({ missing: 2, trouble: { kind: 'missing', row: 1 } })
    expect(column(table, 'y').trouble).toMatchObject({ kind: 'missing', row: 0 })
  })

  it('does not take texts, booleans and lists for numbers', async () => {
    const table = await readTable(json([{ t: '12', b: true, l: [1], o: { a: 1 }, x: 1 }]))
    expect(table.columns.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      't text',
      'b other',
      'l other',
      'o other',
      'x number',
    ])
  })

  it('reads arrays, with names or without', async () => {
    expect(await readValues(json('[["x","y"],[1,2],[3,4]]'))).toEqual({ x: [1, 3], y: [2, 4] })
    expect(await readValues(json('[[1,2],[3,4]]'))).toEqual({ c0: [1, 3], c1: [2, 4] })
  })

  it('reads names that an object has by birth', async () => {
    const table = await readTable(json('[{"__proto__":1,"constructor":2,"toString":3}]'))
    expect(table.columns.map(({ name, values }) => [name, values?.[0]])).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 3],
    ])
  })

  it.each([
    ['ndjson', '{"x":1}\n{"x":2}\n'],
    ['jsonl', '\ufeff{"x":1}\r\n\r\n{"x":2}'],
    ['json', '{"x":1}\n{"x":2}\n'],
    ['txt', '{"x":1}\n{"x":2}\n'],
    ['ndjson', '["x"]\n[1]\n[2]\n'],
  ])('reads one row a line in .%s', async (ending, text) => {
    expect(await readValues(json(text, `lines.${ending}`))).toEqual({ x: [1, 2] })
  })

  it('knows the line of a missing value', async () => {
    const table = await readTable(json('{"x":1}\n\n{"x":null}\n', 'm.ndjson'))
    expect(column(table, 'x').trouble).toMatchObject({ row: 1, line: 3 })
  })

  it.each([
    ['no JSON', '[1, 2', 'is not JSON'],
    ['a number', '12', 'neither an array of rows'],
    ['an object', '{"x": [1, 2]}', 'neither an array of rows'],
    ['rows of numbers', '[1, 2]', 'row 0 is neither an object nor an array'],
    ['mixed rows', '[{"x":1},[2]]', 'row 1 is an array, unlike the rows before'],
    ['rows of different length', '[[1,2],[3]]', 'row 1 has 1 values, expected 2'],
    ['no rows', '[]', 'has no rows'],
    [
      'a polygon',
      JSON.stringify([{ ...points[0], geometry: { type: 'Polygon', coordinates: [] } }]),
      'row 0 is a Polygon',
    ],
  ])('refuses %s', async (_, text, message) => {
    await expect(readTable(json(text))).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining(message),
    })
  })

  it('refuses a line that is not JSON', async () => {
    const path = json('{"x":1}\n{"x":2\n', 'broken.ndjson')
    await expect(readTable(path)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('line 2'),
    })
  })
})

describe('GeoJSON', () => {
  const expected = {
    longitude: [1, -4],
    latitude: [2, 5],
    elevation: [30, NaN],
    mag: [2.5, NaN],
    latitude_2: [99, NaN],
    felt: [NaN, 3],
  }

  it('reads coordinates and properties', async () => {
    const table = await readTable(json({ type: 'FeatureCollection', features: points }, 'a.geojson'))
    expect(table.format).toBe('geojson')
    expect(values(table)).toEqual(expected)
    expect(column(table, 'place').kind).toBe('text')
  })

  it('reads features one a line', async () => {
    expect(await readValues(json(points.map((point) => JSON.stringify(point)).join('\n'), 'a.geojsonl'))).toEqual(
      expected,
    )
  })

  it('takes a point without a place for missing', async () => {
    const features = [...points, { type: 'Feature', properties: {}, geometry: null }]
    const table = await readTable(json({ type: 'FeatureCollection', features }))
    expect(column(table, 'longitude').trouble).toMatchObject({ kind: 'missing', row: 2 })
  })
})

describe('what JSON lacks', () => {
  it('reads NaN and infinities as Python writes them, and leaves texts alone', async () => {
    const rows = '{"x": NaN, "y": -Infinity, "t": "NaN, \\"Infinity\\\\"}\n{"x": 1.5, "y":Infinity, "t": "\\\\\\" NaN"}'
    for (const [name, text] of [
      ['p.ndjson', rows],
      ['p.json', `[${rows.replace('\n', ',')}]`],
    ]) {
      const table = await readTable(json(text, name))
      expect(values(table)).toEqual({ x: [NaN, 1.5], y: [-Infinity, Infinity] })
      expect(column(table, 'x').trouble).toMatchObject({ kind: 'nan', row: 0 })
      expect(column(table, 'y')).toMatchObject({ notFinite: 2, trouble: { kind: 'infinite', row: 0 } })
      expect(column(table, 't')).toMatchObject({ kind: 'text', text: { text: 'NaN, "Infinity\\' } })
    }
    expect(await readValues(json('[[NaN,1],[2,NaN]]'))).toEqual({ c0: [NaN, 2], c1: [1, NaN] })
  })

  it.each(['[{"x":NaNN}]', '[{NaN:1}]', '[{"x":nan}]', '[{"x":+Infinity}]', '[{"x":--Infinity}]', '[{"x":1NaN}]'])(
    'refuses %s',
    async (text) => {
      await expect(readTable(json(text))).rejects.toThrow('is not JSON')
    },
  )

  it('does not take a bare number for a row', async () => {
    await expect(readTable(json('[NaN]'))).rejects.toThrow('row 0 is neither an object nor an array')
    const place = { type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: 0 } }
    await expect(readTable(json(JSON.stringify([place]).replace(':0', ':NaN')))).rejects.toThrow('only points')
  })

  it.each([
    ['rows', (number: string) => `[{"x":1},{"x":${number}}]`, 'x', 'a.json'],
    ['arrays', (number: string) => `[[1], [${number}]]`, 'c0', 'a.json'],
    ['lines', (number: string) => `{"x":1}\n{"x": ${number} }`, 'x', 'a.ndjson'],
    [
      'GeoJSON',
      (number: string) => {
        const features = points.map((point, i) => ({ ...point, properties: { x: i } }))
        return JSON.stringify({ type: 'FeatureCollection', features }).replace('"x":1', `"x":${number}`)
      },
      'x',
      'a.geojson',
    ],
  ])('refuses whole numbers in %s that float64 cannot hold, and no others', async (_, text, name, file) => {
    for (const number of ['9007199254740993', '-1700000000123456789', '12345678901234567890']) {
      const { trouble } = column(await readTable(json(text(number), file)), name)
      expect(trouble).toMatchObject({ kind: 'inexact', row: 1, text: number })
    }
    for (const number of [
      '9007199254740992',
      '1152921504606846976',
      '1.7000000001234567e18',
      '0.12345678901234567890',
    ]) {
      const table = await readTable(json(text(number), file))
      expect(column(table, name).trouble).toBeUndefined()
      expect(values(table)[name][1]).toBe(Number(number))
    }
  })

  it('takes given numbers and words for missing', async () => {
    const table = await readTable(json('[{"x":-9999,"y":1},{"x":2,"y":"void"},{"x":3,"y":3}]'), {
      missing: ['-9999', 'VOID'],
    })
    expect(values(table)).toEqual({ x: [NaN, 2, 3], y: [1, NaN, 3] })
    expect(column(table, 'x')).toMatchObject({ missing: 1, trouble: { kind: 'missing', row: 0 } })
    expect(column(table, 'y')).toMatchObject({ missing: 1, texts: 0 })
  })
})
