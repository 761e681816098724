// The program of test/large.test.ts: compresses one cell in a process of its own and prints the memory that it took, as
// JSON.
import { compressSync } from '../../dist/index.js'

const [dimension, order, count, threads] = process.argv.slice(2).map(Number)
let state = 1
const points = Float64Array.from({ length: count * dimension }, () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 31 - 1
})
const peak = () => process.resourceUsage().maxRSS * 1024
compressSync(points.subarray(0, 10 * dimension), { dimension, order: 1, threads }) // loads the addon
const before = peak()
const { count: kept, residual } = compressSync(points, { dimension, order, threads })
process.stdout.write(JSON.stringify({ before, peak: peak(), input: points.byteLength, kept, residual }))
