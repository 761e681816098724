// Real files, when they are at hand: mixed units, heavy tails, lattice values, copies, survey weights with zeros, and
// coordinates 29,000 standard deviations away from zero.
import { readFileSync } from 'node:fs'
import { tableFromIPC } from '@uwdata/flechette'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { compressSync, momentCount } from '../lib/index.js'
import { dataFile, expectKept, fill, type PointSet, rowsOf, seeded, type Truth, truthOf } from './fixtures.js'

interface Subject {
  file: string
  columns: string[]
  weights?: string
  orders: number[]
  read: (path: string) => Record<string, ArrayLike<number>>
}

const subjects: Subject[] = [
  {
    file: 'diamonds.csv',
    columns: ['carat', 'depth', 'table', 'price', 'x', 'y', 'z'],
    orders: [2, 3],
    read: readCsv,
  },
  { file: 'diamonds.csv', columns: ['carat', 'x', 'y', 'z'], orders: [2, 3, 5], read: readCsv },
  { file: 'diamonds.csv', columns: ['depth', 'table', 'price'], orders: [2, 3, 5], read: readCsv },
  {
    file: 'housing.csv',
    columns: [
      'longitude',
      'latitude',
      'housing_median_age',
      'total_rooms',
      'total_bedrooms',
      'population',
      'households',
      'median_income',
      'median_house_value',
    ],
    orders: [2, 3],
    read: readCsv,
  },
  {
    file: 'housing.csv',
    columns: ['longitude', 'latitude', 'median_income', 'median_house_value'],
    orders: [2, 3, 5],
    read: readCsv,
  },
  {
    file: 'housing.csv',
    columns: ['total_rooms', 'total_bedrooms', 'population', 'households'],
    orders: [2, 3, 5],
    read: readCsv,
  },
  {
    file: 'nassCDS.csv',
    columns: ['ageOFocc', 'yearacc', 'yearVeh', 'injSeverity'],
    weights: 'weight',
    orders: [2, 3, 5],
    read: readCsv,
  },
  { file: 'zipcodes.csv', columns: ['latitude', 'longitude'], orders: [2, 3, 5], read: readCsv },
  { file: 'flights-200k.arrow', columns: ['delay', 'distance', 'time'], orders: [2, 3, 5], read: readArrow },
  { file: 'earthquakes.json', columns: ['longitude', 'latitude', 'depth', 'mag'], orders: [2, 3, 5], read: readQuakes },
  { file: 'CSite2.pcd', columns: ['x', 'y', 'z'], orders: [2, 3, 5], read: readPcd },
]

for (const { file, columns, weights, orders, read } of subjects) {
  const path = dataFile(file)
  if (path !== undefined) expectMomentsKept(`${file}: ${columns}`, toSet(read(path), columns, weights), orders)
}

// What the files above are difficult for, made up, so that it is tried everywhere.
const random = seeded(5)
const hills = rowsOf(60_000, () => {
  const [x, y] = [random.normal(), random.normal()]
  return [386_000 + 13 * x, 5_405_000 + 9 * y, 112 + Math.cos(x * y) + 0.02 * random.normal()]
})
expectMomentsKept(
  'made up: a survey in metres',
  { points: Float64Array.from(Float32Array.from(hills)), dimension: 3 },
  [2, 3, 5],
)
const survey = rowsOf(30_000, () => [
  16 + random.below(80),
  1997 + random.below(6),
  Math.round(1990 + 6 * random.normal()),
  Math.min(6, Math.floor(-1.5 * Math.log(1 - random.next()))),
])
const people = fill(30_000, () => (random.below(120) === 0 ? 0 : Math.round(1000 * Math.exp(2 * random.normal())) / 4))
expectMomentsKept('made up: a questionnaire', { points: survey, dimension: 4, weights: people }, [2, 3, 5])

function expectMomentsKept(name: string, set: PointSet, orders: number[]): void {
  describe(name, () => {
    const { points, dimension } = set
    const count = points.length / dimension
    const truths = new Map<number, Truth>()
    const truth = (order: number) => {
      const known = truths.get(order) ?? truthOf(set, order)
      truths.set(order, known)
      return known
    }

    it.each(orders)('order %i in one cell, a few and many', (order) => {
      const least = momentCount(dimension, order)
      for (const size of [least, 4 * least, Math.min(Math.floor(count / 10), 50 * least)]) {
        if (size < least) continue
        const result = compressSync(points, { dimension, order, size, ...weighing(set) })
        expectKept(result, set, size, truth(order))
      }
    })
  })
}

function weighing({ weights }: PointSet): { weights?: Float64Array } {
  return weights === undefined ? {} : { weights }
}

/** The rows in which every number is there. */
function toSet(table: Record<string, ArrayLike<number>>, columns: string[], weights?: string): PointSet {
  const wanted = weights === undefined ? columns : [...columns, weights]
  const rows: number[] = []
  for (let i = 0; i < table[columns[0]].length; i++) {
    if (wanted.every((name) => Number.isFinite(table[name][i]))) rows.push(i)
  }
  expect(rows.length).toBeGreaterThan(1000)
  const dimension = columns.length
  const points = new Float64Array(rows.length * dimension)
  rows.forEach((row, i) => {
    columns.forEach((name, a) => {
      points[i * dimension + a] = table[name][row]
    })
  })
  if (weights === undefined) return { points, dimension }
  return { points, dimension, weights: Float64Array.from(rows, (row) => table[weights][row]) }
}

function readCsv(path: string): Record<string, number[]> {
  const { data, meta } = Papa.parse<Record<string, string>>(readFileSync(path, 'utf8'), {
    header: true,
    skipEmptyLines: true,
  })
  const number = (text: string) => (text === '' ? Number.NaN : Number(text))
  return Object.fromEntries((meta.fields ?? []).map((name) => [name, data.map((row) => number(row[name]))]))
}

function readArrow(path: string): Record<string, ArrayLike<number>> {
  const table = tableFromIPC(readFileSync(path))
  return Object.fromEntries(
    table.names.map((name) => [name, table.getChild(name).toArray() as unknown as ArrayLike<number>]),
  )
}

function readQuakes(path: string): Record<string, number[]> {
  interface Quake {
    properties: { mag: number | null }
    geometry: { coordinates: [number, number, number] }
  }
  const { features } = JSON.parse(readFileSync(path, 'utf8')) as { features: Quake[] }
  return {
    longitude: features.map(({ geometry }) => geometry.coordinates[0]),
    latitude: features.map(({ geometry }) => geometry.coordinates[1]),
    depth: features.map(({ geometry }) => geometry.coordinates[2]),
    mag: features.map(({ properties }) => properties.mag ?? Number.NaN),
  }
}

/** A point cloud in PCD's binary_compressed form: float32 column after column, packed with LZF. */
function readPcd(path: string): Record<string, Float32Array> {
  const file = readFileSync(path)
  const start = file.indexOf('DATA binary_compressed\n') + 'DATA binary_compressed\n'.length
  const header = file.subarray(0, start).toString('latin1')
  const names = /^FIELDS (.*)$/m.exec(header)?.[1].split(' ') ?? []
  const count = Number(/^POINTS (\d+)$/m.exec(header)?.[1])
  const packed = file.readUInt32LE(start)
  const numbers = new Float32Array(
    unpackLzf(file.subarray(start + 8, start + 8 + packed), file.readUInt32LE(start + 4)),
  )
  return Object.fromEntries(names.map((name, a) => [name, numbers.subarray(a * count, (a + 1) * count)]))
}

/** LZF: runs of literal bytes (control < 32), and copies of bytes that came before. */
function unpackLzf(packed: Uint8Array, length: number): ArrayBuffer {
  const out = new Uint8Array(length)
  let to = 0
  for (let from = 0; from < packed.length; ) {
    const control = packed[from++]
    if (control < 32) {
      out.set(packed.subarray(from, from + control + 1), to)
      from += control + 1
      to += control + 1
      continue
    }
    let run = control >> 5
    if (run === 7) run += packed[from++]
    let source = to - ((control & 31) << 8) - packed[from++] - 1
    for (run += 2; run > 0; run--) out[to++] = out[source++]
  }
  return out.buffer
}
