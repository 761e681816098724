// The public files that the benchmarks on real data use, and their columns. The files are not part of the repository.
// They are searched for in ../shared/data beside it, or in the folder that FEWPOINTS_DATA names.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readTable } from '../dist/io/read.js'

/** A benchmark that uses fewer columns takes the first ones. */
export const DATASETS = [
  {
    file: 'housing.csv',
    columns: [
      'longitude',
      'latitude',
      'median_income',
      'median_house_value',
      'housing_median_age',
      'total_rooms',
      'total_bedrooms',
      'population',
      'households',
    ],
  },
  { file: 'diamonds.csv', columns: ['carat', 'depth', 'table', 'price', 'x', 'y', 'z'] },
  { file: 'flights-200k.arrow', columns: ['delay', 'distance', 'time'] },
  // LiDAR in map coordinates, 29,000 standard deviations from zero.
  { file: 'CSite2.pcd', columns: ['x', 'y', 'z'] },
  // A survey; 212 of its weights are zero.
  { file: 'nassCDS.csv', columns: ['ageOFocc', 'yearacc', 'yearVeh', 'injSeverity'], weights: 'weight' },
  { file: 'zipcodes.csv', columns: ['latitude', 'longitude'] },
  { file: 'earthquakes.json', columns: ['longitude', 'latitude', 'elevation', 'mag'] },
]

/** @returns {{ path: string, has: (file: string) => boolean }} */
export function dataFolder() {
  const path = process.env.FEWPOINTS_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url))
  return { path, has: (file) => existsSync(join(path, file)) }
}

/**
 * Reads one of the files above. Leaves out rows in which a column is missing.
 *
 * @returns {Promise<{ columns: string[], rows: Float64Array, weights?: Float64Array, dropped: number }>} rows row-major
 */
export async function readDataset(file) {
  const { columns, weights } = DATASETS.find((dataset) => dataset.file === file)
  const names = weights === undefined ? columns : [...columns, weights]
  const table = await readTable(join(dataFolder().path, file), { columns: names })
  const values = names.map((name) => {
    const column = table.columns.find((one) => one.name === name)?.values
    if (column === undefined) throw new Error(`${file} has no column of numbers called ${name}`)
    return column
  })
  const whole = Array.from({ length: table.rows }, (_, row) => row).filter((row) =>
    values.every((column) => Number.isFinite(column[row])),
  )
  const rows = new Float64Array(whole.length * columns.length)
  for (let i = 0; i < whole.length; i++) {
    for (let a = 0; a < columns.length; a++) rows[i * columns.length + a] = values[a][whole[i]]
  }
  const weightColumn = weights === undefined ? undefined : values[columns.length]
  return {
    columns,
    rows,
    weights: weightColumn && Float64Array.from(whole, (row) => weightColumn[row]),
    dropped: table.rows - whole.length,
  }
}
