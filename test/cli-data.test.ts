// Real files through the command line, where they are available. Each is compressed into one cell and into many, in a
// different format each time, and verified. Faults in the files are found.
import { describe, expect, it } from 'vitest'
import { momentCount } from '../lib/index.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { dataFile, RESIDUAL_BOUND, seeded, TOTAL_WEIGHT_BOUND } from './fixtures.js'
import { temporaryFolder } from './io-files.js'

interface Subject {
  file: string
  columns: string[]
  weights?: string
  options?: string[]
  order: number
  size: number
  output: string
  rows: number
  dropped?: number
}

const subjects: Subject[] = [
  { file: 'CSite2.pcd', columns: ['x', 'y', 'z'], order: 5, size: 20_000, output: 'parquet', rows: 486_800 },
  { file: 'zipcodes.csv', columns: ['latitude', 'longitude'], order: 5, size: 2000, output: 'csv', rows: 42_049 },
  {
    file: 'nassCDS.csv',
    columns: ['ageOFocc', 'yearacc', 'yearVeh', 'injSeverity'],
    weights: 'weight',
    options: ['--drop-missing'],
    order: 3,
    size: 1000,
    output: 'npz',
    rows: 26_217,
    dropped: 154,
  },
  {
    file: 'housing.csv',
    columns: ['longitude', 'latitude', 'total_bedrooms', 'median_income'],
    options: ['--drop-missing'],
    order: 5,
    size: 2000,
    output: 'json',
    rows: 20_640,
    dropped: 207,
  },
  { file: 'diamonds.csv', columns: ['carat', 'x', 'y', 'z'], order: 5, size: 3000, output: 'ndjson', rows: 53_940 },
  {
    file: 'flights-200k.arrow',
    columns: ['delay', 'distance', 'time'],
    order: 5,
    size: 5000,
    output: 'npy',
    rows: 200_000,
  },
  {
    file: 'earthquakes.json',
    columns: ['longitude', 'latitude', 'elevation', 'mag'],
    order: 3,
    size: 400,
    output: 'tsv',
    rows: 1707,
  },
]

const folder = temporaryFolder()

// A survey in metres, float32 as scanners write it, 30,000 standard deviations from zero. Generated: it always exists.
const random = seeded(3)
const scan = Float32Array.from(
  { length: 3 * 40_000 },
  (_, i) => [513_600, 5_402_900, 300][i % 3] + 17 * random.normal(),
)
const head = ['FIELDS x y z', 'SIZE 4 4 4', 'TYPE F F F', 'COUNT 1 1 1', 'POINTS 40000', 'DATA binary', ''].join('\n')
const madeUp = folder.write(
  'survey.pcd',
  Buffer.concat([Buffer.from(`# .PCD v0.7\n${head}`), Buffer.from(scan.buffer)]),
)

const present = subjects.flatMap((subject) => {
  const input = dataFile(subject.file)
  return input === undefined ? [] : [{ ...subject, input }]
})
present.push({
  file: 'a survey, made up,',
  input: madeUp,
  columns: ['x', 'y', 'z'],
  order: 5,
  size: 4000,
  output: 'jsonl',
  rows: 40_000,
})

describe('real files', () => {
  it.each(present)(
    '$file is compressed and verified',
    async ({ input, columns, weights, options = [], order, size, output, rows, dropped = 0 }) => {
      const chosen = ['--columns', columns.join(','), ...(weights ? ['--weights', weights] : []), ...options]
      for (const few of [size, momentCount(columns.length, order)]) {
        const path = folder.path(`${few}.${output}`)
        const summary = await fewpointsJson(['compress', input, '-o', path, '--order', order, '--size', few, ...chosen])
        expect(summary).toMatchObject({ columns, rows, dropped, weights: weights ?? null })
        expect(summary.points).toBeLessThanOrEqual(few)
        expect(summary.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
        expect(summary.totalWeightEpsilons * Number.EPSILON).toBeLessThanOrEqual(TOTAL_WEIGHT_BOUND)
        // NPY has no names, so columns are found by their position among the chosen ones.
        const report = await fewpointsJson([
          'verify',
          input,
          path,
          '--order',
          order,
          ...(output === 'npy' ? options : chosen),
        ])
        expect(report).toMatchObject({ ok: true, rowsDifferent: 0, points: summary.points })
        expect(report.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
      }
    },
  )

  const housing = dataFile('housing.csv')
  if (housing !== undefined) {
    it('housing.csv with its missing values is refused, naming row, line and column', async () => {
      const { code, stderr } = await fewpoints(['compress', housing, '-o', folder.path('no.csv'), '--order', 2])
      expect(code).toBe(3)
      expect(stderr).toContain("row 290 (line 292), column 'total_bedrooms': the value is missing (207 of 20,640 rows")
    })
  }

  const zipcodes = dataFile('zipcodes.csv')
  if (zipcodes !== undefined) {
    it('zipcodes.csv is read without its text columns, and refused when one is asked for', async () => {
      const output = folder.path('zip.csv')
      const all = await fewpoints(['compress', zipcodes, '-o', output, '--order', 2])
      expect(all).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('city (text), state (text), county (text)'),
      })
      const byText = await fewpoints(['compress', zipcodes, '-o', output, '--order', 2, '--force', '--columns', 'city'])
      expect(byText).toMatchObject({ code: 3, stderr: expect.stringContaining("row 0 (line 2) is 'Holtsville'") })
    })
  }

  it.each(present)('info reads $file', async ({ input, rows, columns }) => {
    const info = await fewpointsJson(['info', input])
    expect(info.rows).toBe(rows)
    expect(info.points).toEqual(expect.arrayContaining(columns))
  })
})
