// Real files, where they are available: mixed units, heavy tails, lattice values, copies, survey weights with zeros,
// coordinates 29,000 standard deviations from zero.
import { beforeAll, describe, expect, it } from 'vitest'
import { compressSync, momentCount } from '../lib/index.js'
import { readTable } from '../lib/io/read.js'
import { dataFile, expectKept, fill, type PointSet, rowsOf, seeded, truthOf } from './fixtures.js'

interface Subject {
  file: string
  columns: string[]
  weights?: string
  orders: number[]
}

const subjects: Subject[] = [
  {
    file: 'diamonds.csv',
    columns: ['carat', 'depth', 'table', 'price', 'x', 'y', 'z'],
    orders: [2, 3],
  },
  { file: 'diamonds.csv', columns: ['carat', 'x', 'y', 'z'], orders: [2, 3, 5] },
  { file: 'diamonds.csv', columns: ['depth', 'table', 'price'], orders: [2, 3, 5] },
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
  },
  {
    file: 'housing.csv',
    columns: ['longitude', 'latitude', 'median_income', 'median_house_value'],
    orders: [2, 3, 5],
  },
  {
    file: 'housing.csv',
    columns: ['total_rooms', 'total_bedrooms', 'population', 'households'],
    orders: [2, 3, 5],
  },
  {
    file: 'nassCDS.csv',
    columns: ['ageOFocc', 'yearacc', 'yearVeh', 'injSeverity'],
    weights: 'weight',
    orders: [2, 3, 5],
  },
  { file: 'zipcodes.csv', columns: ['latitude', 'longitude'], orders: [2, 3, 5] },
  { file: 'flights-200k.arrow', columns: ['delay', 'distance', 'time'], orders: [2, 3, 5] },
  { file: 'earthquakes.json', columns: ['longitude', 'latitude', 'elevation', 'mag'], orders: [2, 3, 5] },
  { file: 'CSite2.pcd', columns: ['x', 'y', 'z'], orders: [2, 3, 5] },
]

for (const { file, columns, weights, orders } of subjects) {
  const path = dataFile(file)
  if (path !== undefined) expectMomentsKept(`${file}: ${columns}`, () => readSet(path, columns, weights), orders)
}

// Generated sets with the difficulties of the files above, so that these are tested everywhere.
const random = seeded(5)
const hills = rowsOf(60_000, () => {
  const [x, y] = [random.normal(), random.normal()]
  return [386_000 + 13 * x, 5_405_000 + 9 * y, 112 + Math.cos(x * y) + 0.02 * random.normal()]
})
const metres = Float64Array.from(Float32Array.from(hills))
expectMomentsKept('made up: a survey in metres', () => ({ points: metres, dimension: 3 }), [2, 3, 5])
const survey = rowsOf(30_000, () => [
  16 + random.below(80),
  1997 + random.below(6),
  Math.round(1990 + 6 * random.normal()),
  Math.min(6, Math.floor(-1.5 * Math.log(1 - random.next()))),
])
const people = fill(30_000, () => (random.below(120) === 0 ? 0 : Math.round(1000 * Math.exp(2 * random.normal())) / 4))
expectMomentsKept('made up: a questionnaire', () => ({ points: survey, dimension: 4, weights: people }), [2, 3, 5])

function expectMomentsKept(name: string, read: () => PointSet | Promise<PointSet>, orders: number[]): void {
  describe(name, () => {
    let set: PointSet
    beforeAll(async () => {
      set = await read()
    })

    it.each(orders)('order %i in one cell, a few and many', (order) => {
      const { points, dimension, weights } = set
      const count = points.length / dimension
      const truth = truthOf(set, order)
      const least = momentCount(dimension, order)
      for (const size of [least, 4 * least, Math.min(Math.floor(count / 10), 50 * least)]) {
        expectKept(compressSync(points, { dimension, order, size, weights }), set, size, truth)
      }
    })
  })
}

/** The rows of a file without missing numbers. */
async function readSet(path: string, columns: string[], weights?: string): Promise<PointSet> {
  const table = await readTable(path, { columns: weights === undefined ? columns : [...columns, weights] })
  const values = (name: string) => {
    const column = table.columns.find((candidate) => candidate.name === name)
    if (column?.values === undefined) throw new Error(`${path} has no numbers in ${name}: ${column?.kind}`)
    return column.values
  }
  const coordinates = columns.map(values)
  const weighing = weights === undefined ? undefined : values(weights)
  const rows: number[] = []
  for (let row = 0; row < table.rows; row++) {
    if ([...coordinates, weighing ?? coordinates[0]].every((column) => Number.isFinite(column[row]))) rows.push(row)
  }
  expect(rows.length).toBeGreaterThan(1000)
  const points = rowsOf(rows.length, (i) => coordinates.map((column) => column[rows[i]]))
  if (weighing === undefined) return { points, dimension: columns.length }
  return { points, dimension: columns.length, weights: Float64Array.from(rows, (row) => weighing[row]) }
}
