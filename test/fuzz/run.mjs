// Fuzzes a file reader: node test/fuzz/run.mjs --target csv --seconds 60 [--runs N] [--seed X]
// Its last line is "csv: N inputs, F findings". It exits with 1 when there are findings, and writes them to
// test/fuzz/found/<target>/, from where the tests read them again in every run.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { TARGETS } from './readers.mjs'

// An input that takes this long, in ms, counts as endless.
const LONGEST = 30_000
const MAX_HEAP = 2048 // MiB
const SHARED = 1 << 22

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    runs: { type: 'string', default: '1000000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
})
const { target } = values
const [seconds, runs, seed] = [values.seconds, values.runs, values.seed].map(Number)
if (!TARGETS.includes(target) || ![seconds, runs, seed].every((number) => number >= 0)) {
  console.error(`usage: node test/fuzz/run.mjs --target ${TARGETS.join('|')} --seconds S [--runs N] [--seed X]`)
  process.exit(2)
}

const findings = new Set()
const end = performance.now() + 1000 * seconds
let inputs = 0
// A worker that hangs or runs out of memory is replaced, with another seed.
for (let turn = 0; inputs < runs; turn++) {
  const left = (end - performance.now()) / 1000
  if (left <= 0) break
  inputs += await fuzz(left, runs - inputs, seed + turn)
}
console.log(`${target}: ${inputs} inputs, ${findings.size} findings`)
process.exit(findings.size > 0 ? 1 : 0)

/** Runs one worker until it is done or has to be stopped. Returns the number of inputs. */
function fuzz(seconds, runs, seed) {
  const shared = new SharedArrayBuffer(16 + SHARED)
  const counter = new Int32Array(shared, 0, 4)
  const current = () => Buffer.from(new Uint8Array(shared, 16, Math.min(counter[1], SHARED)))
  const worker = new Worker(new URL('./engine.mjs', import.meta.url), {
    workerData: { target, seconds, runs, seed, shared },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP },
  })
  return new Promise((resolve) => {
    let [seen, since] = [-1, performance.now()]
    const watch = setInterval(() => {
      const alive = counter[0] + counter[2]
      if (alive !== seen) [seen, since] = [alive, performance.now()]
      else if (performance.now() - since > LONGEST) {
        keep({ signature: 'hangs', message: `no end after ${LONGEST} ms` }, current())
        worker.terminate()
      }
    }, 500)
    worker.on('message', ({ finding, bytes, done }) => {
      if (finding !== undefined) keep(finding, Buffer.from(bytes))
      if (done !== undefined) {
        const rate = Math.round(done.inputs / done.processor)
        console.log(
          `${target}: seed ${seed}, ${rate} inputs a second of processor time, ${done.corpus} kept, ${done.outcomes} ways to end, ` +
            `${done.covered} characters of source run`,
        )
      }
    })
    worker.on('error', (error) =>
      keep({ signature: `dies ${error.code ?? error.name}`, message: `${error.stack}` }, current()),
    )
    worker.on('exit', () => {
      clearInterval(watch)
      resolve(counter[0])
    })
  })
}

function keep({ signature, message }, bytes) {
  if (findings.has(signature)) return
  findings.add(signature)
  const folder = new URL(`./found/${target}/`, import.meta.url)
  mkdirSync(folder, { recursive: true })
  const isText = signature.startsWith('disagrees')
  const file = new URL(
    `${createHash('sha256').update(signature).digest('hex').slice(0, 12)}${isText ? '.txt' : ''}`,
    folder,
  )
  writeFileSync(file, bytes)
  console.log(`finding: ${signature}\n  ${message.split('\n').slice(0, 4).join('\n  ')}\n  ${file.pathname}`)
}
