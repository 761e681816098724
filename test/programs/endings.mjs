// Ends environments, one after another: node endings.mjs <who> <ending> <state> <count> <seed>. `who`: a worker thread
// or the process itself. A successful run prints the number of environments and exits with 0. A wrong exit code is an
// error, and a crash ends the process. The same file is the code of the workers and children.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

export const ENDINGS = ['return', 'throw', 'exit', 'terminate']
export const STATES = ['settled', 'running', 'queued', 'progress', 'sync', 'training', 'trainer']

const FILE = fileURLToPath(import.meta.url)
const MESSAGE = 'thrown at the end'
const CODES = { return: 0, throw: 1, exit: 5, terminate: 1 }
// The longest time, in ms, from the start of a computation to the end of its environment. Some environments end before
// the computation runs, some while it runs.
const LATEST = 8

const points = (count) => Float64Array.from({ length: 2 * count }, (_, i) => Math.sin(i * i))
const small = { dimension: 2, order: 3, threads: 1 }
// Takes about ten milliseconds.
const larger = { dimension: 2, order: 5, size: 2000, threads: 2 }

/** Starts a training that takes about 0.1 ms per epoch, and waits for its first report. */
async function firstEpoch({ trainNetwork }, options, afterwards) {
  const [inputs, width, outputs] = [2, 100, 1]
  const parameters = { hidden: points(width), bias: points(50), output: points(50), outputBias: new Float64Array(1) }
  const network = { inputs, width, outputs, activation: 'relu', ...parameters }
  await new Promise((resolve) => {
    const onEpoch = () => {
      resolve()
      return afterwards()
    }
    trainNetwork(network, { x: points(2000), y: points(1000) }, { ...options, onEpoch }).then(resolve, resolve)
  })
}

/** Each brings the environment into its state and leaves it there. */
const states = {
  async settled({ compress }) {
    await compress(points(1000), small)
  },
  async running({ compress }) {
    compress(points(20_000), larger).catch(() => {})
  },
  async queued({ compress, moments }) {
    for (let i = 0; i < 3; i++) {
      compress(points(20_000), larger).catch(() => {})
      moments(points(2000), small).catch(() => {})
    }
    await compress(points(10), { dimension: 2, order: 1 })
  },
  async progress({ compress }) {
    await new Promise((resolve) => {
      compress(points(20_000), { ...larger, onProgress: resolve }).then(resolve, resolve)
    })
  },
  async sync({ compressSync }) {
    compressSync(points(20_000), larger)
  },
  async training(library) {
    await firstEpoch(library, { epochs: 200, threads: 2 }, () => {})
  },
  // Idle, and never freed.
  async trainer(library) {
    await firstEpoch(library, { epochs: 2 }, () => new Promise(() => {}))
  },
}

async function live({ ending, state, delay }) {
  const library = await import('../../dist/index.js')
  await states[state](library)
  const until = performance.now() + delay
  // Waits without a timer, so that the end comes in the same turn of the event loop.
  while (performance.now() < until);
  if (ending === 'throw') throw new Error(MESSAGE)
  if (ending === 'exit') process.exit(CODES.exit)
}

async function endWorker(options) {
  const worker = new Worker(FILE, { workerData: options })
  const errors = []
  worker.on('error', (error) => errors.push(error))
  // Not once(): that rejects when the worker reports an error.
  const exit = new Promise((resolve) => worker.on('exit', resolve))
  if (options.ending === 'terminate') {
    await once(worker, 'online')
    setTimeout(() => worker.terminate(), 30 + 2 * options.delay)
  }
  const code = await exit
  const wanted = options.ending === 'throw' ? [MESSAGE] : []
  // A worker that is done before it is terminated ends by itself.
  const codes = options.ending === 'terminate' ? [0, 1] : [CODES[options.ending]]
  if (!codes.includes(code)) throw new Error(`the worker's exit code is ${code}`)
  if (errors.map(({ message }) => message).join() !== wanted.join()) throw new Error(`the worker reports ${errors}`)
}

async function endProcess(options) {
  const child = spawn(process.execPath, [FILE, 'live', JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  if (options.ending === 'terminate') setTimeout(() => child.kill('SIGTERM'), 60 + 5 * options.delay)
  const [code, signal] = await once(child, 'close')
  const ended = options.ending === 'terminate' && signal === 'SIGTERM' ? 'SIGTERM' : code
  const right = options.ending === 'terminate' ? [0, 'SIGTERM'] : [CODES[options.ending]]
  if (!right.includes(ended)) throw new Error(`the process ended with ${code ?? signal}: ${stderr}`)
  if (stderr.includes(MESSAGE) !== (options.ending === 'throw')) throw new Error(`the process says ${stderr}`)
}

/** Pseudo-random numbers, the same for the same seed. */
function* random(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state / 2 ** 32
  }
}

if (!isMainThread) await live(workerData)
else if (process.argv[2] === 'live') await live(JSON.parse(process.argv[3]))
else if (process.argv[1] === FILE) {
  const [who, ending, state, count, seed = '1'] = process.argv.slice(2)
  const draw = random(Number(seed))
  for (let i = 0; i < Number(count); i++) {
    const options = { ending, state, delay: LATEST * Math.max(0, draw.next().value * 2 - 1) }
    await (who === 'worker' ? endWorker : endProcess)(options)
  }
  console.log(count)
}
