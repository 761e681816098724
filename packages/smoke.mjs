// Whether an installed fewpoints works: run in the folder that has node_modules, as node smoke.mjs [native | wasm].
// Needs nothing but Node, and no network. Prints one line of JSON; ends with 1 and a sentence when anything is wrong.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const backend = process.argv[2] ?? 'native'
if (backend === 'wasm') process.env.FEWPOINTS_BACKEND = 'wasm'
const require = createRequire(join(process.cwd(), 'package.json'))
const entry = require.resolve('fewpoints')
const fewpoints = await import(pathToFileURL(entry))
assert.equal(require('fewpoints').compressSync, fewpoints.compressSync, 'require() and import must give one module')

const told = fewpoints.info()
assert.equal(told.backend, backend, told.fallback)
assert.equal(told.fallback, undefined)

// The same points on every machine, without Math.random and its like.
const count = 100_000
let state = 1
const points = Float64Array.from({ length: 2 * count }, () => {
  state = (state * 48_271) % 2_147_483_647
  return state / 2_147_483_647 - 0.5
})
const options = { dimension: 2, order: 5, size: 1000 }
const begin = performance.now()
const few = await fewpoints.compress(points, { ...options, onProgress: () => {} })
const milliseconds = Math.round(performance.now() - begin)
assert.ok(few.count <= 1000 && few.count >= 21, `${few.count} points`)
assert.ok(few.residual < 1e-13, `the residual is ${few.residual}`)
for (const threads of [1, 2]) {
  const again = fewpoints.compressSync(points, { ...options, threads })
  assert.deepEqual(again.weights, few.weights, 'the number of threads must not change a bit')
}

const { residual } = await fewpoints.verify(points, few, { dimension: 2, order: 5 })
assert.ok(residual < 1e-13, `verify says ${residual}`)

const controller = new AbortController()
const aborted = fewpoints.compress(points, { ...options, order: 8, signal: controller.signal })
controller.abort()
await assert.rejects(aborted, { name: 'AbortError' })
assert.throws(() => fewpoints.compressSync(points, { ...options, order: -1 }), { code: 'ERR_OPTION' })

const program = join(dirname(entry), 'cli/main.js')
const version = execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' }).trim()
assert.match(version, new RegExp(`^\\d+\\.\\d+\\.\\d+\\S* \\(${backend}, `))

console.log(JSON.stringify({ version, node: process.versions.node, ...told, count: few.count, residual, milliseconds }))
