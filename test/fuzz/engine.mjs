// Fuzzes one reader in a worker thread. Inputs that run new code, or that end in a new way, are kept and mutated
// further. The bytes of each input go into shared memory first, so that run.mjs has them if the reader never ends.
import { parentPort, workerData } from 'node:worker_threads'
import { agreements } from './agree.mjs'
import { Coverage } from './coverage.mjs'
import { damagedFiles, hostileFiles } from './hostile.mjs'
import { startMeter } from './meter.mjs'
import { Mutator } from './mutate.mjs'
import { examine } from './property.mjs'
import { makeReader } from './readers.mjs'
import { seedFiles } from './seeds.mjs'

const LONGEST = 4096
const BATCH = 512
// The share of the time for valid files with known content.
const AGREE_SHARE = 0.15
// The most outcomes that are remembered: messages that quote the file would otherwise always be new.
const MAX_OUTCOMES = 2000
// The time for making a finding smaller, in ms.
const MAX_TO_SHRINK = 5000
// How many places of a good file are damaged, one by one.
const PLACES = 200
const { target, seconds, runs, seed, shared } = workerData
const [counter, current] = [new Int32Array(shared, 0, 4), new Uint8Array(shared, 16)]

const load = (name) => import(`../../dist/io/${name}.js`)
const coverage = new Coverage()
const plainRead = await makeReader(target, load)
// Stacks of errors take longer than the reading. Their first lines are enough.
Error.stackTraceLimit = 3
const started = performance.now()
const deadline = started + 1000 * seconds
const meter = startMeter()
const outcomes = new Set()
const signatures = new Set()
let inputs = 0
let lastOutcome = ''

process.on('unhandledRejection', (error) =>
  report({ signature: 'unhandled rejection', message: String(error?.stack) }, current),
)

/** Reads, and remembers the outcome without numbers and names. A new outcome counts like new code. */
async function read(bytes) {
  try {
    const table = await plainRead(bytes)
    const kinds = table.columns.map(
      ({ kind, stored, missing, texts }) => `${kind} ${stored} ${missing > 0} ${texts > 0}`,
    )
    lastOutcome = `${table.named} ${table.meta !== undefined} ${Math.min(table.rows, 3)} ${[...new Set(kinds)].sort()}`
    return table
  } catch (error) {
    lastOutcome = String(error?.message)
      .replaceAll(/['"(].*|\d+/gs, '')
      .slice(0, 60)
    throw error
  }
}

async function tryOne(bytes) {
  current.set(bytes.subarray(0, current.length))
  counter[1] = bytes.length
  counter[0] = ++inputs
  const finding = await examine(read, bytes, meter)
  if (finding !== undefined) await report(finding, bytes)
}

async function report(finding, bytes) {
  if (signatures.has(finding.signature)) return
  signatures.add(finding.signature)
  parentPort.postMessage({ finding, bytes: Buffer.from(await smaller(bytes, finding.signature)) })
}

/** Removes pieces of the input as long as the same fault is found. */
async function smaller(bytes, signature) {
  let best = Buffer.from(bytes)
  if (signature === 'slow' || signature.startsWith('unhandled')) return best
  const end = performance.now() + MAX_TO_SHRINK
  for (let size = best.length >> 1; size >= 1 && performance.now() < end; size >>= 1) {
    for (let at = 0; at < best.length && performance.now() < end; ) {
      counter[2]++
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      const found = await examine(plainRead, candidate, meter)
      if (found?.signature === signature) best = candidate
      else at += size
    }
  }
  return best
}

/** Finds the inputs of a batch that ran new code, by bisection. */
async function locate(batch, kept) {
  for (const bytes of batch) await examine(plainRead, bytes)
  if (!coverage.fresh(batch.length === 1)) return
  if (batch.length === 1) kept.push(batch[0])
  else {
    const half = batch.length >> 1
    await locate(batch.slice(0, half), kept)
    await locate(batch.slice(half), kept)
  }
}

const isOver = () => inputs >= runs || performance.now() >= deadline
const seeds = await seedFiles(target, load)
const corpus = []
for (const bytes of [...seeds, ...hostileFiles(target).map(({ bytes }) => bytes)]) {
  await tryOne(bytes)
  if (bytes.length > 0 && bytes.length <= LONGEST) corpus.push(bytes)
}
for await (const bytes of damagedFiles(target, load, PLACES)) {
  if (isOver()) break
  await tryOne(bytes)
}
const properties = await agreements(target, load)
for (const { name, check } of properties) {
  const limit = (AGREE_SHARE * 1000 * seconds) / properties.length
  const { failed, numRuns, message } = await check({ seed, limit, runs: Math.ceil(AGREE_SHARE * runs) })
  inputs += numRuns
  if (failed)
    parentPort.postMessage({ finding: { signature: `disagrees: ${name}`, message }, bytes: Buffer.from(message) })
}
coverage.fresh(true)

const mutator = new Mutator(target, seed, LONGEST)
while (!isOver()) {
  const batch = []
  while (batch.length < BATCH && !isOver()) {
    const bytes = mutator.next(corpus)
    batch.push(bytes)
    await tryOne(bytes)
    if (outcomes.size < MAX_OUTCOMES && !outcomes.has(lastOutcome)) {
      outcomes.add(lastOutcome)
      corpus.push(bytes)
    }
  }
  if (coverage.fresh(false)) await locate(batch, corpus)
}
const { user, system } = process.cpuUsage()
parentPort.postMessage({
  done: {
    inputs,
    processor: (user + system) / 1e6,
    corpus: corpus.length,
    covered: coverage.size(),
    outcomes: outcomes.size,
  },
})
