// Shared by the benchmarks: seeded points, medians, times, memory.
import { logAverage, mean, median, sampleStandardDeviation, sum } from 'simple-statistics'
import { random } from '../demo/random.mjs'

export { logAverage as geometricMean, mean, median, sum }

/** One machine epsilon. */
export const EPS = 2 ** -52

/** `count` points, uniform on [-1, 1]^dimension. */
export function uniformPoints(count, dimension, seed) {
  const { uniform } = random(seed)
  const points = new Float64Array(count * dimension)
  for (let i = 0; i < points.length; i++) points[i] = 2 * uniform() - 1
  return points
}

/** The inner product of `a` and the point that begins at `points[at]`. */
export function dot(a, points, at) {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j] * points[at + j]
  return sum
}

/** The squared distance between the point that begins at `points[at]` and `c`. */
export function squaredDistance(points, at, c) {
  let sum = 0
  for (let j = 0; j < c.length; j++) sum += (points[at + j] - c[j]) ** 2
  return sum
}

/** The median of each number in a list of flat objects with the same keys. */
function medians(list) {
  return Object.fromEntries(Object.keys(list[0]).map((key) => [key, median(list.map((item) => item[key]))]))
}

/** `length` numbers: `first`, and each next one twice the one before it. */
export function doubled(first, length) {
  return Array.from({ length }, (_, j) => first * 2 ** j)
}

/** The standard error of the mean of these values; 0 when there is only one. */
export function standardError(values) {
  return values.length < 2 ? 0 : sampleStandardDeviation(values) / Math.sqrt(values.length)
}

/** The mean square of the difference. */
export function meanSquare(values, y) {
  return values.reduce((total, value, i) => total + (value - y[i]) ** 2, 0) / y.length
}

/** A case for each trial. */
export function eachTrial(trials, parameters) {
  return Array.from({ length: trials }, (_, trial) => ({ trial, ...parameters }))
}

/** Like Map.groupBy, which Node 20 lacks. */
export function groupBy(values, keyOf) {
  const groups = new Map()
  for (const value of values) {
    const key = keyOf(value)
    if (groups.has(key)) groups.get(key).push(value)
    else groups.set(key, [value])
  }
  return groups
}

/** An object with the same keys, and of(value, key) in place of each value. */
export function mapped(object, of) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, of(value, key)]))
}

/** Two results of a few trials whose ratio is below this factor count as equal. */
export const TIE = 1.25

/** The most memory that this process has had so far, in bytes. */
export function peakMemory() {
  return process.resourceUsage().maxRSS * 1024
}

/** Milliseconds of a call: wall-clock time, and processor time of all threads, which a busy machine disturbs less. */
export function timed(work) {
  const before = process.cpuUsage()
  const start = performance.now()
  const result = work()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  return { result, wall, user: user / 1e3, system: system / 1e3 }
}

/** Calls `work`, which returns a result of compressSync, `trials` times. Returns medians, and the fastest total. */
export function timesOf(work, trials) {
  const times = Array.from({ length: trials }, () => {
    const { result, ...outside } = timed(work)
    return { ...result.elapsed, ...outside, cpu: outside.user + outside.system }
  })
  return { ...medians(times), fastest: Math.min(...times.map(({ total }) => total)) }
}
