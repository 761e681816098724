// How time grows with the number of columns, one thread. Everything that a call does besides elimination should take time
// in proportion to the numbers that are given: 60 rows, which are fewer than the moments of order 1, and 2000 rows that are
// cut into cells of order 0. Elimination itself takes the square of the moments for every point that is kept; `huge` and
// `rivals` show that. Processor time, the least of all calls.
import { compressDatasetSync, compressSync, momentsSync, recombineSync, verifySync } from '../../dist/index.js'
import { powerLaw } from '../fit.mjs'
import { timed, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Wide input: time against the number of columns'
export const seed = 1

const COLUMNS = [60, 500, 1000, 2000, 5000]
const COLUMNS_WHEN_SMALL = [60, 250, 500, 1000]
const FEW_ROWS = 60
const ROWS = 2000
const CELLS = ROWS / 10
// The exponent is fitted to this many columns or more: with fewer, a call takes about the same time for any number.
const WIDE = 250
// Nearer to linear than to quadratic. It is above 1 where the numbers of a point outgrow a cache.
const EXPONENT_GOAL = 1.5

export const cost = ({ columns }) => columns

export function cases({ small, threads }) {
  return (small ? COLUMNS_WHEN_SMALL : COLUMNS).map((columns) => ({ columns, threads: threads ?? 1 }))
}

export function run({ columns: dimension, threads }, trials) {
  const few = uniformPoints(FEW_ROWS, dimension, seed)
  const many = uniformPoints(ROWS, dimension, seed + 1)
  const labels = uniformPoints(FEW_ROWS, 1, seed + 2)
  const features = uniformPoints(FEW_ROWS, dimension + 1, seed + 3)
  const cells = { dimension, order: 0, quality: 'fast', threads }
  const kept = compressSync(many, { ...cells, size: CELLS })
  const calls = {
    [`compress, ${FEW_ROWS} rows, order 1`]: () => compressSync(few, { dimension, order: 1, threads }),
    [`compress, ${FEW_ROWS} rows, ${FEW_ROWS / 2} cells`]: () => compressSync(few, { ...cells, size: FEW_ROWS / 2 }),
    [`compress, ${ROWS} rows, ${CELLS} cells`]: () => compressSync(many, { ...cells, size: CELLS }),
    [`compressDataset, ${FEW_ROWS} rows, order 1`]: () =>
      compressDatasetSync({ x: few, y: labels, inputs: dimension, outputs: 1 }, { order: 1, threads }),
    [`recombine, ${FEW_ROWS} rows`]: () => recombineSync(features, { width: dimension + 1, threads }),
    [`moments, ${ROWS} rows, order 1`]: () => momentsSync(many, { dimension, order: 1, threads }),
    [`verify, ${ROWS} rows, order 1`]: () => verifySync({ points: many, dimension }, kept, { order: 1, threads }),
  }
  const times = Object.entries(calls).map(([name, work]) => {
    const cpus = Array.from({ length: trials }, () => {
      const { user, system } = timed(work)
      return user + system
    })
    return { name, cpu: Math.min(...cpus) }
  })
  return { times }
}

export function report(results) {
  const lines = results[0].times.map(({ name }, i) => ({
    name,
    points: results.map(({ columns, times }) => [columns, times[i].cpu]),
  }))
  const exponentOf = ({ points }) => powerLaw(points.filter(([columns]) => columns >= WIDE))?.exponent
  const steep = lines.filter((line) => !(exponentOf(line) <= EXPONENT_GOAL))
  return [
    tableOf(lines, [
      ['', ({ name }) => name],
      ...results.map(({ columns }, i) => [`${columns} columns`, ({ points }) => points[i][1].toPrecision(3)]),
      ['exponent', (line) => exponentOf(line)?.toFixed(2)],
    ]),
    '',
    'milliseconds of processor time, the least of all calls',
    `exponent: time grows like this power of the number of columns, from ${WIDE} columns on; goal ${EXPONENT_GOAL}: ` +
      (steep.length === 0 ? 'reached by all' : `MISSED by ${steep.map(({ name }) => name).join('; ')}`),
  ].join('\n')
}
