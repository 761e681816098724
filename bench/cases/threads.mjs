// How the main job gains from more threads: 1, 2, 4, ... up to all cores. The results are the same bits for any number of
// them, which is checked here, too.
import { createHash } from 'node:crypto'
import { compressSync } from '../../dist/index.js'
import { timesOf, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Threads: compressSync of uniform points to a tenth of them'
export const seed = 1

const SETTINGS = [
  [2, 3],
  [2, 5],
  [3, 5],
  [4, 5],
]

/** --threads T: 1 and T. */
export function cases({ small, threads, cores }) {
  const points = small ? 1e5 : 1e6
  const teams = threads === undefined ? powersUpTo(cores) : [...new Set([1, threads])]
  return SETTINGS.flatMap(([dimension, order]) =>
    teams.map((team) => ({ dimension, order, points, size: points / 10, threads: team })),
  )
}

/** 1, 2, 4, ... and the largest itself. */
function powersUpTo(largest) {
  const teams = []
  for (let team = 1; team < largest; team *= 2) teams.push(team)
  return [...teams, largest]
}

export function run({ dimension, order, points: count, size, threads }, trials) {
  const points = uniformPoints(count, dimension, seed)
  const options = { dimension, order, size, threads, quality: 'fast' } // cells of this order and no other
  const { indices, weights } = compressSync(points, options)
  const bits = createHash('sha256').update(indices).update(weights).digest('hex')
  return { ...timesOf(() => compressSync(points, options), trials), bits }
}

export function report(results) {
  const alone = ({ dimension, order }) =>
    results.find((other) => other.dimension === dimension && other.order === order && other.threads === 1)
  const gain = (result) => alone(result).fastest / result.fastest
  const lines = tableOf(results, [
    ['m,k  threads', ({ dimension, order, threads }) => `${dimension},${order}  ${threads}`],
    ...['partition', 'recombine', 'total', 'fastest'].map((key) => [key, (result) => result[key].toFixed(1)]),
    ['times faster', (result) => gain(result).toFixed(2)],
    ['efficiency', (result) => `${((100 * gain(result)) / result.threads).toFixed(0)} %`],
    ['cores had', ({ cpu, wall }) => (cpu / wall).toFixed(2)],
    ['same bits', (result) => (result.bits === alone(result).bits ? 'yes' : 'NO')],
  ])
  return (
    `${lines}\n\nmilliseconds, medians; gain and efficiency of the fastest calls, which other work disturbs least\n` +
    'cores had: processor time over wall time, medians; below 1 with one thread, the machine was busy and efficiency says nothing'
  )
}
