// The public files that the benchmarks on real data use, and their columns. The files are not part of the repository.
// They are searched for in ../shared/data beside it, or in the folder that FEWPOINTS_DATA names.
import { existsSync, readdirSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
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

const SHARED = fileURLToPath(new URL('../../shared/data', import.meta.url))
const TABLES = /\.(csv|tsv|npy|npz|parquet|arrow|json|jsonl|geojson|pcd)$/i
// Columns of any file: one with more missing values than this share is not used.
const MOST_MISSING = 0.1

/** @returns {{ path: string, has: (file: string) => boolean }} */
export function dataFolder() {
  const path = process.env.FEWPOINTS_DATA ?? SHARED
  return { path, has: (file) => existsSync(join(path, file)) }
}

/**
 * The paths of all tables in ../shared/data and in the folders that FEWPOINTS_DATA names, in the notation of PATH. Of files
 * with the same name, the first one. Says on stderr which folders do not exist.
 */
export function dataFiles() {
  const named = (process.env.FEWPOINTS_DATA ?? '').split(delimiter).filter((folder) => folder !== '')
  const paths = new Map()
  for (const folder of [SHARED, ...named]) {
    if (!existsSync(folder)) process.stderr.write(`left out: there is no folder ${folder}\n`)
    else
      for (const file of readdirSync(folder).sort())
        if (TABLES.test(file) && !paths.has(file)) paths.set(file, join(folder, file))
  }
  return [...paths.values()]
}

/**
 * Reads columns of numbers of any table: those that DATASETS lists, otherwise the first ones of the file that differ from row
 * to row, are not the row's number, and have few missing values. Leaves out rows in which one of them is missing.
 *
 * @returns {Promise<{ columns: string[], rows: Float64Array }>} at most `most` columns, maybe none; rows row-major
 */
export async function readNumbers(path, most) {
  const known = DATASETS.find(({ file }) => file === basename(path))
  const table = await readTable(path, known && { columns: known.columns })
  const usable = ({ values, missing, texts }) =>
    values !== undefined && missing + texts <= MOST_MISSING * table.rows && !isConstant(values) && !isRowNumber(values)
  const used = known
    ? known.columns.map((name) => table.columns.find((column) => column.name === name))
    : table.columns.filter(usable)
  const columns = used.slice(0, most)
  return {
    columns: columns.map(({ name }) => name),
    rows: wholeRows(
      columns.map(({ values }) => values),
      table.rows,
    ).rows,
  }
}

const isConstant = (values) => values.every((value) => value === values[0] || Number.isNaN(value))
const isRowNumber = (values) => values.every((value, row) => value === values[0] + row)

/** The rows in which every column has a finite number: their numbers, and the values, row-major. */
function wholeRows(values, count) {
  const whole = Array.from({ length: count }, (_, row) => row).filter((row) =>
    values.every((column) => Number.isFinite(column[row])),
  )
  const rows = new Float64Array(whole.length * values.length)
  for (let i = 0; i < whole.length; i++) {
    for (let a = 0; a < values.length; a++) rows[i * values.length + a] = values[a][whole[i]]
  }
  return { whole, rows }
}

/** The first `dimension` of `width` columns, row-major. */
export function firstColumns(rows, width, dimension) {
  if (dimension === width) return rows
  return Float64Array.from({ length: (rows.length / width) * dimension }, (_, i) => {
    const row = Math.floor(i / dimension)
    return rows[row * width + (i - row * dimension)]
  })
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
  const { whole, rows } = wholeRows(values, table.rows)
  const weightColumn = weights === undefined ? undefined : values[columns.length]
  return {
    columns,
    rows: firstColumns(rows, names.length, columns.length),
    weights: weightColumn && Float64Array.from(whole, (row) => weightColumn[row]),
    dropped: table.rows - whole.length,
  }
}
