// How the main job gains from more threads: 1, 2, 4, ... up to all cores, and what one of them does alone. The results
// are the same bits for any number of them, which is checked here, too.
import { createHash } from 'node:crypto'
import { compressSync } from '../../dist/index.js'
import { native } from '../../dist/native/addon.js'
import { mapped, median, timesOf, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Threads: compressSync of uniform points to a tenth of them'
export const seed = 1

/** [dimension, order, points, points with --small] */
const SETTINGS = [
  [2, 5, 1e7, 2e5],
  [3, 3, 1e7, 2e5],
  [2, 5, 1e6, 1e5],
  [3, 5, 1e6, 1e5],
]

/** --threads T: 1 and T. */
export function cases({ small, threads, cores }) {
  const teams = threads === undefined ? powersUpTo(cores) : [...new Set([1, threads])]
  return SETTINGS.flatMap(([dimension, order, large, few]) => {
    const points = small ? few : large
    return teams.map((team) => ({ dimension, order, points, size: points / 10, threads: team }))
  })
}

export const cost = ({ points, threads }, trials) => ((trials + 2) * points) / Math.sqrt(threads)

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
  const parts = []
  native().partTimes() // those of the first call
  const times = timesOf(() => {
    const result = compressSync(points, options)
    parts.push(native().partTimes())
    return result
  }, trials)
  const medians = mapped(parts[0], (part, name) => mapped(part, (_, key) => median(parts.map((one) => one[name][key]))))
  return { ...times, bits, parts: medians }
}

export function report(results) {
  const alone = ({ dimension, order, points }) =>
    results.find((other) => isSameCase(other, { dimension, order, points }) && other.threads === 1)
  const gain = (result) => alone(result).fastest / result.fastest
  const sum = (result, key) => Object.values(result.parts).reduce((total, part) => total + part[key], 0)
  const name = ({ points, dimension, order, threads }) => `${points.toExponential()}  ${dimension},${order}  ${threads}`
  const share = (result) => `${((100 * sum(result, 'alone')) / alone(result).cpu).toFixed(1)} %`
  const names = Object.keys(results[0].parts)
  const aloneTable = tableOf(results, [
    ['points  m,k  threads', name],
    ...names.map((part) => [part, (result) => result.parts[part].alone.toFixed(2)]),
    ['sum', (result) => sum(result, 'alone').toFixed(1)],
    ['of 1 thread', share],
  ])
  const loopTable = tableOf(results, [
    ['points  m,k  threads', name],
    ...names.map((part) => [part, (result) => result.parts[part].loops.toFixed(1)]),
    ['idle', (result) => `${((100 * sum(result, 'idle')) / (result.threads * sum(result, 'loops'))).toFixed(0)} %`],
  ])
  const times = tableOf(results, [
    ['points  m,k  threads', name],
    ...['partition', 'recombine', 'total', 'wall', 'fastest'].map((key) => [key, (result) => result[key].toFixed(1)]),
    ['times faster', (result) => gain(result).toFixed(2)],
    ['efficiency', (result) => `${((100 * gain(result)) / result.threads).toFixed(0)} %`],
    ['cores had', ({ cpu, wall }) => (cpu / wall).toFixed(2)],
    ['same bits', (result) => (result.bits === alone(result).bits ? 'yes' : 'NO')],
  ])
  return [
    times,
    '',
    'milliseconds, medians; gain and efficiency of the fastest calls, which other work disturbs least',
    'cores had: processor time over wall time, medians; below 1 with one thread, the machine was busy and efficiency says nothing',
    '',
    'What one thread does alone, outside of parallel loops, by part of the call:',
    aloneTable,
    '',
    'milliseconds of processor time, medians; of 1 thread: as a share of the processor time of the call with one thread',
    'copy: with the check of the numbers; output: all that the JavaScript thread does by itself',
    '',
    'The parallel loops, by part of the call:',
    loopTable,
    '',
    'milliseconds of wall time, medians; idle: the share of the threads’ time in the loops in which they had no work',
  ].join('\n')
}

function isSameCase(result, { dimension, order, points }) {
  return result.dimension === dimension && result.order === order && result.points === points
}
