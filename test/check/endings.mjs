// npm run check:endings [-- --runs N] [--who worker|process] [--ending E] [--state S]
//
// Ends environments in every way, in every state of their computations, N times each (default 1000). Workers and
// processes are the two kinds of environments. Prints one line per case. Exits with 1 when an environment ended in
// another way than it should, or took its process with it.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ENDINGS, STATES } from '../programs/endings.mjs'
import { node } from './run.mjs'

const PROGRAM = fileURLToPath(new URL('../programs/endings.mjs', import.meta.url))
// A crash ends the runs of its process. With several processes, more crashes are seen.
const RUNS_A_PROCESS = 100
// The runs of a process take some ten seconds. A process that takes this long hangs.
const PATIENCE = 1_800_000 // ms

const one = { type: 'string' }
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, who: one, ending: one, state: one },
})
const runs = Number(values.runs)
if (!(Number.isSafeInteger(runs) && runs > 0))
  throw new RangeError(`--runs must be a number above 0, got ${values.runs}`)

let [environments, failures] = [0, 0]
const chosen = (all, word) => all.filter((candidate) => word === undefined || candidate === word)
for (const who of chosen(['worker', 'process'], values.who)) {
  for (const ending of chosen(ENDINGS, values.ending))
    for (const state of chosen(STATES, values.state)) await check(who, ending, state)
}
console.log(`endings: ${environments} environments, ${failures} failures`)
process.exitCode = failures === 0 && environments > 0 ? 0 : 1

async function check(who, ending, state) {
  const failed = []
  for (let done = 0; done < runs; done += RUNS_A_PROCESS) {
    const count = Math.min(RUNS_A_PROCESS, runs - done)
    const args = [PROGRAM, who, ending, state, String(count), String(done + 1)]
    const { code, signal, stderr } = await node(args, { patience: PATIENCE })
    if (code !== 0) failed.push(`${signal ?? code} ${stderr.match(/^Error: .*/m)?.[0] ?? ''}`.trim())
  }
  environments += runs
  failures += failed.length
  const result =
    failed.length === 0 ? 'all well' : `${failed.length} processes failed: ${[...new Set(failed)].join(', ')}`
  console.log(`${who}, ${ending}, computations ${state}: ${runs} environments, ${result}`)
}
