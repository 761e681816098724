// Public tables with a number to predict, for the benchmark of models on real data. Some are in an npm package that the
// benchmarks depend on; the others are searched for as in bench/datasets.mjs. Columns of text are dropped, except those whose
// values have an order or are two: `levels` numbers these from 0.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import papaparse from 'papaparse'
import { random } from '../demo/random.mjs'
import { readTable } from '../dist/io/read.js'
import { dataFiles } from './datasets.mjs'

const PACKAGE = '@observablehq/sample-datasets'

/** `within`: only the rows whose target is in this range. */
export const TABULAR = [
  {
    name: 'diamonds',
    file: 'diamonds.csv',
    packaged: true,
    target: 'price',
    columns: ['carat', 'depth', 'table', 'x', 'y', 'z'],
  },
  {
    name: 'olympians',
    file: 'olympians.csv',
    packaged: true,
    target: 'weight',
    columns: ['height', 'sex', 'gold', 'silver', 'bronze'],
    levels: { sex: ['female', 'male'] },
  },
  {
    name: 'weather',
    file: 'weather.csv',
    packaged: true,
    target: 'temp_max',
    columns: ['temp_min', 'precipitation', 'wind'],
  },
  {
    name: 'housing',
    file: 'housing.csv',
    target: 'median_house_value',
    columns: [
      'longitude',
      'latitude',
      'housing_median_age',
      'total_rooms',
      'total_bedrooms',
      'population',
      'households',
      'median_income',
    ],
  },
  // The severities 5 and 6 are "unknown" and "died before". The weights of the survey are not used.
  {
    name: 'crashes',
    file: 'nassCDS.csv',
    target: 'injSeverity',
    within: [0, 4],
    columns: ['dvcat', 'seatbelt', 'frontal', 'sex', 'ageOFocc', 'yearVeh'],
    levels: {
      dvcat: ['1-9km/h', '10-24', '25-39', '40-54', '55+'],
      seatbelt: ['none', 'belted'],
      sex: ['f', 'm'],
    },
  },
  { name: 'earthquakes', file: 'earthquakes.json', target: 'mag', columns: ['longitude', 'latitude', 'elevation'] },
  { name: 'flights', file: 'flights-200k.arrow', target: 'delay', columns: ['distance', 'time'] },
  { name: 'terrain', file: 'CSite2.pcd', target: 'z', columns: ['x', 'y'] },
]

/** The sets whose files are here, with their paths. Says on stderr which are not. */
export function tabularSets() {
  const found = dataFiles()
  return TABULAR.flatMap((set) => {
    const path = set.packaged
      ? fileURLToPath(import.meta.resolve(`${PACKAGE}/${set.file}`))
      : found.find((one) => one.endsWith(`/${set.file}`))
    if (path !== undefined) return [{ ...set, path }]
    process.stderr.write(`left out: ${set.file} is not here; FEWPOINTS_DATA can name a folder that has it\n`)
    return []
  })
}

/**
 * Reads a set, shuffles its rows, and cuts off a fifth of them for the test. Columns and target get mean 0 and variance 1 over
 * the training rows. Leaves out rows in which a number is missing.
 *
 * @returns {Promise<{ train: object, test: object }>} rows { x, y, inputs, outputs }
 */
export async function readTabular({ path, target, columns, levels = {}, within }, seed, { most, mostTest }) {
  const values = await readColumns(path, [...columns, target], levels)
  const labels = values[columns.length]
  const isWhole = (row) => values.every((column) => Number.isFinite(column[row]))
  const isWithin = (row) => within === undefined || (labels[row] >= within[0] && labels[row] <= within[1])
  const whole = Array.from(labels, (_, row) => row).filter((row) => isWhole(row) && isWithin(row))
  const rows = shuffled(whole, seed).slice(0, most)
  const cut = Math.floor(rows.length / 5)
  const scales = values.map((column) => standardOf(rows.slice(cut).map((row) => column[row])))
  const part = (chosen) => ({
    x: Float64Array.from(
      chosen.flatMap((row) => columns.map((_, a) => (values[a][row] - scales[a].mean) / scales[a].deviation)),
    ),
    y: Float64Array.from(chosen, (row) => (labels[row] - scales.at(-1).mean) / scales.at(-1).deviation),
    inputs: columns.length,
    outputs: 1,
  })
  return { train: part(rows.slice(cut)), test: part(rows.slice(0, Math.min(cut, mostTest))) }
}

/** One array for each column; NaN where a text has no level, or a number is missing. */
async function readColumns(path, names, levels) {
  const table = await readTable(path, { columns: names.filter((name) => levels[name] === undefined) })
  const texts =
    Object.keys(levels).length === 0
      ? []
      : papaparse.parse(readFileSync(path, 'utf8'), { header: true, skipEmptyLines: true }).data
  return names.map((name) => {
    if (levels[name] !== undefined) {
      const number = new Map(levels[name].map((text, i) => [text, i]))
      return Float64Array.from(texts, (row) => number.get(row[name]) ?? Number.NaN)
    }
    const values = table.columns.find((column) => column.name === name)?.values
    if (values === undefined) throw new Error(`${path} has no column of numbers called ${name}`)
    return values
  })
}

function shuffled(list, seed) {
  const { below } = random(seed)
  const all = [...list]
  for (let i = all.length - 1; i > 0; i--) {
    const j = below(i + 1)
    ;[all[i], all[j]] = [all[j], all[i]]
  }
  return all
}

function standardOf(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, deviation: Math.sqrt(variance) }
}
