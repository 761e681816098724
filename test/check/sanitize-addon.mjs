// The program that check:sanitize runs with the addon under address sanitizer. It calls every public function with good
// input, with bad input, and with an abort, in the main thread and in workers. It checks each outcome; the sanitizer
// checks the accesses to memory and the leaks. Under plain node it must exit with 0 as well.
import assert from 'node:assert/strict'
import { once, setMaxListeners } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

const f = await import('../../dist/index.js')

let state = 7
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 31 - 1
}
const numbers = (count, low = -1) => Float64Array.from({ length: count }, () => low + ((uniform() + 1) / 2) * (1 - low))

const points = numbers(60_000)
const weights = numbers(20_000, 0.1)
const x = numbers(2000)
const y = numbers(1000)
const network = {
  inputs: 2,
  width: 400,
  outputs: 1,
  activation: 'gelu',
  hidden: numbers(800),
  bias: numbers(400),
  output: numbers(400),
  outputBias: numbers(1),
}
const target = f.momentsSync(points, { dimension: 3, order: 3, weights })

// Per row: the function, whether it has a Sync form, the arguments, and a check of the result.
const calls = [
  ['compress', [points, { dimension: 3, order: 3, size: 2000, weights }], (r) => r.residual < 1e-13 && r.count <= 2000],
  ['compress', [Float32Array.from(points), { dimension: 3, order: 5 }], (r) => r.residual < 1e-13 && r.count <= 56],
  ['compress', [points, { dimension: 6, order: 2 }], (r) => r.residual < 1e-13 && r.count <= 28],
  ['moments', [points, { dimension: 2, order: 9, basis: 'legendre' }], (r) => r.length === 55],
  ['verify', [{ points, weights }, { points }, { dimension: 3, order: 4 }], (r) => r.perOrder.length === 5],
  ['recombine', [points, { width: 60 }], (r) => r.rank === 60 && r.residual < 1e-13],
  ['nnls', [points, numbers(300), { columns: 200 }], (r) => r.x.every((v) => v >= 0)],
  ['matchMoments', [points, target, { dimension: 3, order: 3 }], (r) => r.weights.every((v) => v >= 0)],
  ['compressNetwork', [network, { size: 100 }], (r) => r.width <= 100],
  ['compressDataset', [{ x, y, inputs: 2 }, { size: 200 }], (r) => r.count <= 200],
  ['predict', [network, x], (r) => r.length === 1000],
  ['trainNetwork', [network, { x, y }, { epochs: 3, batchSize: 100 }], (r) => r !== undefined],
]
// Calls that must be refused with this code.
const refused = [
  ['compress', [points, { dimension: 7, order: 3 }]],
  ['compress', [Float64Array.of(1, 2, Number.NaN), { dimension: 1, order: 1 }]],
  ['compress', [points, { dimension: 3, order: 3, size: 10 }]],
  ['moments', [points, { dimension: 3, order: -1 }]],
  ['verify', [points, points, { order: 2 }]],
  ['recombine', [points, { width: 60, weights: numbers(1000, -1) }]],
  ['nnls', [points, numbers(10), { columns: 200 }]],
  ['matchMoments', [points, target.map((t, i) => (i === 4 ? -1 : t)), { dimension: 3, order: 3 }]],
  ['compressNetwork', [{ ...network, width: 401 }, { size: 100 }]],
  ['compressDataset', [{ x, y: numbers(7) }, { size: 200 }]],
  ['predict', [network, numbers(3)]],
  ['trainNetwork', [network, { x, y }, { epochs: -1 }]],
]

async function everything() {
  for (const [name, args, right] of calls) {
    for (const threads of [1, 3]) {
      const options = args.at(-1)
      const isOptions = !ArrayBuffer.isView(options)
      const given = isOptions ? [...args.slice(0, -1), { ...options, threads }] : [...args, { threads }]
      assert(right(await f[name](...given)), name)
      assert(right(f[`${name}Sync`](...given)), `${name}Sync`)
    }
  }
  for (const [name, args] of refused) {
    await assert.rejects(async () => f[name](...args), { code: /^ERR_/ }, name)
    assert.throws(() => f[`${name}Sync`](...args), { code: /^ERR_/ }, `${name}Sync`)
  }
  // Stopped before the work and at several moments of it. Several calls at a time, so that some are still queued.
  for (const pause of [0, 1, 10, 50]) {
    const controller = new AbortController()
    setMaxListeners(calls.length, controller.signal)
    const jobs = calls.map(([name, args]) => {
      const options = args.at(-1)
      const given = ArrayBuffer.isView(options)
        ? [...args, { signal: controller.signal }]
        : [...args.slice(0, -1), { ...options, signal: controller.signal }]
      return f[name](...given).catch((error) => assert.equal(error, controller.signal.reason))
    })
    setTimeout(() => controller.abort(), pause)
    await Promise.all(jobs)
  }
}

if (isMainThread) {
  await everything()
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(new URL(import.meta.url))
    const [message] = await once(worker, 'message')
    assert.equal(message, 'done')
    await worker.terminate()
  }
  console.log('every function: right')
} else {
  await everything()
  f.compress(points, { dimension: 3, order: 3, size: 2000 }).catch(() => {}) // running when the worker ends
  parentPort.postMessage('done')
}
