// The programs of test/teardown.test.ts, each in a process of its own: node teardown.mjs <name>. A program prints its
// result as JSON. The same file is the code of its workers; workerData names their part.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const library = () => import('../../dist/index.js')

function points(count, dimension, seed = 1) {
  let state = seed
  return Float64Array.from({ length: count * dimension }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

function bits({ points, weights, indices }) {
  const hash = createHash('sha256')
  for (const part of [points, weights, indices])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
  return hash.digest('hex')
}

// Takes a few hundred milliseconds.
const task = (seed) => ({
  data: points(300_000, 3, seed),
  options: { dimension: 3, order: 5, size: 60_000, threads: 2 },
})

// A job of ten seconds or more; eight of them are started. To wait for them instead of stopping them would exceed the
// time limit.
const long = { data: () => points(2_000_000, 3), options: { dimension: 3, order: 30, threads: 1 } }
const LONG_JOBS = 8

async function startLongJobs(onProgress) {
  const { moments } = await library()
  const data = long.data()
  return Array.from({ length: LONG_JOBS }, () => moments(data, { ...long.options, onProgress }))
}

function worker(part, data = {}) {
  return new Worker(new URL(import.meta.url), { workerData: { part, ...data } })
}

async function reference() {
  const { compressSync } = await library()
  const { data, options } = task(1)
  return bits(compressSync(data, options))
}

// ---- the parts of workers

const parts = {
  async startLongJobs() {
    for (const job of await startLongJobs(() => {})) job.catch(() => {})
    parentPort.postMessage('started')
  },
  async runSync() {
    const { momentsSync } = await library()
    const data = points(10_000_000, 3)
    parentPort.postMessage('started')
    momentsSync(data, long.options)
  },
  async throwDuringJobs() {
    await startLongJobs(() => {})
    throw new Error('from the worker')
  },
  async exitDuringJobs() {
    await startLongJobs(() => {})
    process.exit(5)
  },
  async compress({ seed, sync }) {
    const { compress, compressSync } = await library()
    const { data, options } = task(seed)
    parentPort.postMessage(bits(sync ? compressSync(data, options) : await compress(data, options)))
  },
  async subnormal() {
    const { compressSync } = await library()
    compressSync(points(1000, 2), { dimension: 2, order: 2, threads: 2 })
    parentPort.postMessage(subnormals())
  },
}

// By a call of Math.cos, so that the compiler cannot compute them in advance.
function subnormals() {
  return [2 ** -1074, 2 ** -1022 / 4].map((x) => x * Math.cos(0))
}

// ---- the programs

const programs = {
  async terminate() {
    const codes = []
    for (const part of ['startLongJobs', 'startLongJobs', 'startLongJobs', 'runSync']) {
      const one = worker(part)
      await once(one, 'message')
      await sleep(20 * codes.length)
      codes.push(await one.terminate())
    }
    return { codes, bits: await reference() }
  },

  async workerErrors() {
    const messages = []
    for (let i = 0; i < 4; i++) {
      const one = worker('throwDuringJobs')
      const [error] = await once(one, 'error')
      messages.push(error.message)
      await once(one, 'exit')
    }
    return { messages, bits: await reference() }
  },

  async workerExits() {
    const codes = []
    for (let i = 0; i < 2; i++) codes.push((await once(worker('exitDuringJobs'), 'exit'))[0])
    return { codes, bits: await reference() }
  },

  async severalEnvironments() {
    const { compress } = await library()
    const doomed = worker('startLongJobs')
    const seeds = [1, 2, 3, 4]
    const answers = seeds.map(
      async (seed) => (await once(worker('compress', { seed, sync: seed % 2 === 0 }), 'message'))[0],
    )
    await once(doomed, 'message')
    await doomed.terminate()
    const here = []
    for (const seed of seeds) {
      const { data, options } = task(seed)
      here.push(bits(await compress(data, options)))
    }
    return { here, there: await Promise.all(answers) }
  },

  async exit() {
    await startLongJobs(() => {})
    setTimeout(() => process.exit(7), Number(process.argv[3]))
  },

  async uncaught() {
    await startLongJobs(() => {})
    setTimeout(() => {
      throw new Error('nobody catches this')
    }, 50)
  },

  async exitWithBusyWorker() {
    const one = worker(process.argv[3])
    await once(one, 'message')
    setTimeout(() => process.exit(7), 50)
  },

  async forgotten() {
    const { compress } = await library()
    const { data, options } = task(1)
    compress(data, options).then((result) => console.log(JSON.stringify({ bits: bits(result) })))
    globalThis.gc()
    await null
    globalThis.gc()
  },

  async subnormal() {
    const before = subnormals()
    await library().then(({ compressSync }) => compressSync(points(1000, 2), { dimension: 2, order: 2, threads: 2 }))
    const [there] = await once(worker('subnormal'), 'message')
    return { before, here: subnormals(), there }
  },

  async spawnStorm() {
    const { compress } = await library()
    const { data, options } = task(1)
    let running = true
    const jobs = (async () => {
      const found = []
      for (let i = 0; i < 6; i++) found.push(bits(await compress(data, options)))
      running = false
      return found
    })()
    const codes = []
    while (running || codes.length < 20) {
      const children = Array.from({ length: 4 }, () => once(spawn(process.execPath, ['--version']), 'exit'))
      for (const [code] of await Promise.all(children)) codes.push(code)
    }
    return { codes: [...new Set(codes)], bits: [...new Set(await jobs)], expected: await reference() }
  },

  async transfer() {
    const { compress } = await library()
    const found = []
    for (const spoil of [
      (data) => structuredClone(data.buffer, { transfer: [data.buffer] }),
      (data) => data.fill(Number.NaN),
      (data) => new Worker('', { eval: true, workerData: data, transferList: [data.buffer] }),
    ]) {
      const { data, options } = task(1)
      const job = compress(data, options)
      spoil(data)
      found.push(bits(await job))
    }
    return { found, expected: await reference() }
  },

  async otherWorkGoesOn() {
    const { moments } = await library()
    const controller = new AbortController()
    const data = long.data()
    let settled = 0
    const jobs = Array.from({ length: LONG_JOBS }, () =>
      moments(data, { ...long.options, signal: controller.signal }).finally(() => settled++),
    )
    const outcomes = Promise.allSettled(jobs)
    for (let i = 0; i < 20; i++) await stat(new URL(import.meta.url))
    await sleep(10)
    const settledBefore = settled
    controller.abort()
    return { settledBefore, outcomes: (await outcomes).map(({ status }) => status), bits: await reference() }
  },
}

if (isMainThread) {
  const found = await programs[process.argv[2]]()
  if (found !== undefined) console.log(JSON.stringify(found))
} else {
  await parts[workerData.part](workerData)
}
