// How fast the main job is, and how much memory it takes: 10^6 uniform points in [-1, 1]^m to 10^5, with one thread and
// with all of them, with cells that keep the moments of the order and no others ('fast', as the prototype did) and with
// the default ('best'). A call before the timed ones warms up; its memory is what is reported, so it is that of one call in a
// fresh process with everything that Node itself needs.

import { compressSync } from '../../dist/index.js'
import { EPS, peakMemory, timesOf, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Throughput of compressSync: uniform points to a tenth of them'
export const seed = 1

// [dimension, order, milliseconds of an earlier prototype: one thread, AVX-512, 10^6 points to 10^5, on a Zen 5].
const SETTINGS = [
  [1, 3, 32],
  [2, 3, 38],
  [2, 5, 41],
  [2, 6, 45],
  [3, 3, 48],
  [3, 5, 78],
  [4, 4, 114],
  [4, 5, undefined],
]
// What the memory of a run may be: a multiple of the input, and a constant for Node, the code and the BLAS work buffer.
const MEMORY_FACTOR = 3
const MEMORY_CONSTANT = 150e6

export function cases({ small, threads, cores }) {
  const points = small ? 1e5 : 1e6
  const teams = threads === undefined ? [...new Set([1, cores])] : [threads]
  return teams.flatMap((team) =>
    ['fast', 'best'].flatMap((quality) =>
      SETTINGS.map(([dimension, order]) => ({ dimension, order, quality, points, size: points / 10, threads: team })),
    ),
  )
}

export function run({ dimension, order, quality, points: count, size, threads }, trials) {
  const points = uniformPoints(count, dimension, seed)
  const options = { dimension, order, quality, size, threads }
  const before = peakMemory()
  const first = compressSync(points, options)
  const memory = peakMemory()

  return {
    ...timesOf(() => compressSync(points, options), trials),
    count: first.count,
    cells: first.cells,
    usedThreads: first.threads,
    residual: first.residual / EPS,
    input: points.byteLength,
    before,
    memory,
    memoryBound: MEMORY_FACTOR * points.byteLength + MEMORY_CONSTANT,
  }
}

export function report(results) {
  const all = results.map((result) => ({ ...result, prototype: prototypeOf(result) }))
  const over = results.filter(({ memory, memoryBound }) => memory > memoryBound)
  const names = over.map(({ dimension, order, threads }) => `(${dimension},${order}) with ${threads} threads`)
  const largest = Math.max(...results.map(({ residual }) => residual))
  return [
    tableOf(all, [
      ['m,k  quality  threads', (one) => `${one.dimension},${one.order}  ${one.quality}  ${one.usedThreads}`],
      ...['partition', 'recombine', 'total', 'fastest', 'wall'].map((key) => [key, (one) => one[key].toFixed(1)]),
      ['CPU', ({ cpu }) => cpu.toFixed(1)],
      ['Mpts/s', ({ points, total }) => (points / total / 1e3).toFixed(1)],
      ['kept', ({ count }) => count],
      ['cells', ({ cells }) => cells],
      ['residual', ({ residual }) => `${residual.toPrecision(2)} eps`],
      ['peak MB', ({ memory }) => (memory / 1e6).toFixed(0)],
      ['bound', ({ memoryBound }) => (memoryBound / 1e6).toFixed(0)],
      ['peak/input', ({ memory, input }) => (memory / input).toFixed(1)],
      ['prototype', ({ prototype }) => prototype],
      ['CPU/prototype', ({ cpu, prototype }) => prototype && (cpu / prototype).toFixed(2)],
    ]),
    '',
    'milliseconds, medians; CPU: user and system time of the whole process during a call; Mpts/s: of the total',
    `residual: of the whole set in machine epsilons, the largest is ${largest.toPrecision(2)}`,
    `peak MB: the most memory of the process up to the end of its first call; bound: ${MEMORY_FACTOR} times the input + ` +
      `${MEMORY_CONSTANT / 1e6} MB, ${over.length === 0 ? 'kept by all' : `EXCEEDED by ${names.join(', ')}`}`,
    'prototype: CPU time of an earlier one, one thread, AVX-512, on a Zen 5; on another machine no more than a guide',
  ].join('\n')
}

/** Comparable only with the same points, the same work, and one thread. */
function prototypeOf({ dimension, order, quality, points, threads }) {
  if (points !== 1e6 || threads !== 1 || quality !== 'fast') return undefined
  return SETTINGS.find(([m, k]) => m === dimension && k === order)?.[2]
}
