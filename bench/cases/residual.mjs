// How well the moments are kept on real data: every public file of bench/datasets.mjs at order 2 and 3 with all its columns
// and at order 5 with up to four of them, in one cell and in many. The residual is what verify() measures of the result;
// the tests check verify() itself against a path of their own.

import { CompensatedSum, compensatedSum } from '../../dist/compensated-sum.js'
import { compressSync, momentCount, verifySync } from '../../dist/index.js'
import { DATASETS, dataFolder, firstColumns, readDataset } from '../datasets.mjs'
import { EPS, timesOf } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Residual: moments of real files before and after compression'

// In machine epsilons.
const RESIDUAL_GOAL = 50
const TOTAL_WEIGHT_GOAL = 16

const ORDERS = [2, 3, 5]
const COLUMNS_AT_ORDER = { 5: 4 }

/** One process a file: reading it can take longer than all its compressions. */
export function cases({ small, threads, cores }) {
  const folder = dataFolder()
  const there = DATASETS.filter(({ file }) => folder.has(file))
  for (const { file } of DATASETS) {
    if (!folder.has(file)) process.stderr.write(`left out: ${file} is not in ${folder.path}\n`)
  }
  if (there.length === 0) throw new Error(`no data in ${folder.path}; FEWPOINTS_DATA names another folder`)
  const files = there.map(({ file }) => file)
  return (small ? files.slice(0, 2) : files).map((file) => ({ file, threads: threads ?? cores }))
}

export async function run({ file, threads }, trials) {
  const { columns, rows, weights, dropped } = await readDataset(file)
  const count = rows.length / columns.length
  const runs = ORDERS.flatMap((order) => {
    const dimension = Math.min(columns.length, COLUMNS_AT_ORDER[order] ?? columns.length)
    const points = firstColumns(rows, columns.length, dimension)
    const least = momentCount(dimension, order)
    const many = Math.max(least, Math.min(Math.max(20 * least, Math.floor(count / 20)), Math.floor(count / 2)))
    return [least, many].map((size) => {
      const options = { dimension, order, size, threads, ...(weights && { weights }) }
      const result = compressSync(points, options)
      const { residual, perOrder } = verifySync({ points, weights, dimension }, result, { order, threads })
      return {
        dimension,
        order,
        size,
        kept: result.count,
        cells: result.cells,
        residual: residual / EPS,
        perOrder: Array.from(perOrder, (value) => value / EPS),
        totalWeight: Math.abs(difference(result.weights, weights ?? new Float64Array(count).fill(1))) / EPS,
        ...timesOf(() => compressSync(points, options), trials),
      }
    })
  })
  return { columns, rows: count, dropped, runs }
}

/** (sum of a - sum of b) / sum of b, by sums whose error is far below one epsilon here. */
function difference(a, b) {
  const sum = new CompensatedSum().addAll(a).addAll(b.map((value) => -value))
  return sum.value / compensatedSum(b)
}

export function report(results) {
  const all = results.flatMap(({ file, rows, runs }) => runs.map((one) => ({ file, rows, ...one })))
  const good = ({ residual, totalWeight }) => residual <= RESIDUAL_GOAL && totalWeight <= TOTAL_WEIGHT_GOAL
  const largest = (key) => Math.max(...all.map((one) => one[key])).toPrecision(3)
  return [
    tableOf(all, [
      ['file', ({ file }) => file],
      ['rows', ({ rows }) => rows],
      ['m', ({ dimension }) => dimension],
      ['order', ({ order }) => order],
      ['size', ({ size }) => size],
      ['kept', ({ kept }) => kept],
      ['cells', ({ cells }) => cells],
      ['residual', ({ residual }) => residual.toPrecision(3)],
      ['weight', ({ totalWeight }) => totalWeight.toPrecision(2)],
      ['ms', ({ total }) => total.toFixed(1)],
      ['', (one) => (good(one) ? 'pass' : 'FAIL')],
    ]),
    '',
    `residual and error of the total weight in machine epsilons; goals ${RESIDUAL_GOAL} and ${TOTAL_WEIGHT_GOAL}`,
    `${all.filter(good).length} of ${all.length} pass; largest residual ${largest('residual')}, largest error of the total weight ${largest('totalWeight')}`,
  ].join('\n')
}
