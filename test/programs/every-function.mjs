// Calls every public function that computes, one after another, and prints one line of JSON per call: { name, bits },
// with the hash of the result, or { name, error, code }. Faults come from outside: from FAULT, or a limit of the
// process.
//
//   node every-function.mjs <threads> <scale> [only <name>] [threads-fault <n>] [allocation-faults <step>]
//
// scale: 1 is small. `threads-fault n`: at most n threads may live at once in a first round of calls, whose lines have
// `fault`; then all calls are made again. `allocation-faults`: the binary is loaded; then each call is made again and
// again, while its first allocation fails, then its second, and so on, the number growing by the factor `step`, until
// none fails; then all calls are made once more.
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import * as everything from '../../dist/index.js'

const fewpoints = { ...everything }

const [threads, scale, ...rest] = process.argv.slice(2)
const word = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined)
const options = { threads: Number(threads) }

let state = 1
const random = (length) =>
  Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
const length = (base) => Math.round(base * Number(scale))

function inputs() {
  const rows = length(40_000)
  const points = random(3 * rows)
  const tall = length(60_000)
  const matrix = random(20 * tall)
  const rhs = random(tall)
  const features = Float64Array.from({ length: 30 * length(2000) }, (_, i) => (i % 30 === 0 ? 1 : random(1)[0]))
  const width = length(2000)
  const network = {
    inputs: 2,
    width,
    outputs: 1,
    activation: 'tanh',
    hidden: random(2 * width),
    bias: random(width),
    output: random(width),
    outputBias: random(1),
  }
  const some = () => random(2 * width)
  const heads = { heads: width, headDimension: 2, inputs: 1, outputs: 1, q: some(), k: some(), v: some(), o: some() }
  const samples = length(4000)
  const data = {
    x: { data: random(2 * samples), shape: [samples, 2] },
    y: { data: random(samples), shape: [samples, 1] },
  }
  return { rows, points, tall, matrix, rhs, features, width, network, heads, samples, data }
}

function calls({ points, matrix, rhs, features, network, heads, data, rows }) {
  const few = points.subarray(0, 300)
  // Not by momentsSync, because the call under test must start the first thread.
  const powers = fewpoints.multiIndices(3, 2)
  const target = Float64Array.from({ length: powers.length / 3 }, (_, k) => {
    let sum = 0
    for (let i = 0; i < few.length; i += 3)
      sum += [0, 1, 2].reduce((product, a) => product * few[i + a] ** powers[3 * k + a], 1)
    return sum
  })
  const some = points.subarray(0, 3 * Math.min(rows, 2000))
  const training = { optimizer: 'adamw', learningRate: 1e-3, epochs: 2, batchSize: 256, seed: 1, ...options }
  const nonNegative = features.map(Math.abs)
  return {
    compress: [points, { dimension: 3, order: 2, size: Math.round(rows / 10), ...options }],
    'compress.free': [points, { dimension: 3, order: 2, size: Math.round(rows / 10), support: 'free', ...options }],
    'compress.equal': [points, { dimension: 3, order: 2, size: 60, support: 'free', equalWeights: true, ...options }],
    'compress.one cell': [points, { dimension: 3, order: 4, ...options }],
    recombine: [nonNegative, { width: 30, ...options }],
    moments: [points, { dimension: 3, order: 3, ...options }],
    verify: [points, points.subarray(0, 3000), { dimension: 3, order: 3, ...options }],
    nnls: [{ data: matrix, shape: [rhs.length, 20] }, rhs, options],
    matchMoments: [some, target, { dimension: 3, order: 2, ...options }],
    compressNetwork: [network, { size: Math.round(network.width / 10), order: 2, ...options }],
    compressObjects: [points, { dimension: 3, order: 2, linear: [2], size: Math.round(rows / 10), ...options }],
    compressHeads: [heads, { size: Math.round(heads.heads / 10), ...options }],
    compressDataset: [data, { size: Math.round(data.y.data.length / 10), order: 2, ...options }],
    predict: [network, data.x, options],
    trainNetwork: [network, data, training],
  }
}

function hash(result) {
  const sum = createHash('sha256')
  const add = (value, key) => {
    if (ArrayBuffer.isView(value)) sum.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
    else if (typeof value === 'object' && value !== null)
      for (const [name, item] of Object.entries(value)) name !== 'elapsed' && add(item, name)
    else if (key !== 'threads') sum.update(String(value))
  }
  add(result)
  return sum.digest('hex').slice(0, 16)
}

function* chosen(all) {
  for (const [name, given] of Object.entries(all)) {
    for (const way of ['', 'Sync']) {
      const called = `${name}${way}`
      if (word('only') !== undefined && word('only') !== called) continue
      yield { called, call: () => fewpoints[`${name.split('.')[0]}${way}`](...given) }
    }
  }
}

async function attempt({ called, call }, extra) {
  let line
  try {
    line = { bits: hash(await call()) }
  } catch (error) {
    line = { error: error.message, code: error.code }
  }
  process.stdout.write(`${JSON.stringify({ name: called, ...line, ...extra })}\n`)
}

async function round(all, extra) {
  for (const one of chosen(all)) await attempt(one, extra)
}

async function withoutMemory(all, step) {
  await fewpoints.load()
  const refused = () => statSync(process.env.FAULT_LOG).size
  // A fault that differs from the one before begins to count anew.
  let serial = 0
  for (const one of chosen(all)) {
    for (let n = 1, before; before !== refused(); n = Math.ceil(n * step)) {
      before = refused()
      process.env.FAULT = `allocation ${n} 1 ${++serial}`
      await attempt(one, { fault: true })
      delete process.env.FAULT
    }
  }
}

// Starts Node's own thread pool before threads become scarce: Node ends the process when it cannot start it.
await readFile(new URL(import.meta.url))
let given
try {
  given = inputs()
} catch (error) {
  if (!(error instanceof RangeError)) throw error
  process.stdout.write('{"name":"inputs","code":"plain"}\n')
  process.exit(0)
}
const all = calls(given)
const fault = word('threads-fault')
if (fault !== undefined) {
  process.env.FAULT = `threads ${fault} 0 11`
  await round(all, { fault: true })
  delete process.env.FAULT
}
const step = word('allocation-faults')
if (step !== undefined) await withoutMemory(all, Number(step))
await round(all, {})
