// Threads that cannot be started, allocations that fail, and an address space that is too small.
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CLI, ending, failingCalls, linesOf, node, PROGRAMS, randomNumbers, run } from './run.mjs'

const EVERY = join(PROGRAMS, 'every-function.mjs')
const THREADS = 4
const CODES = new Set(['ERR_MEMORY'])

/** Counts the lines of a run: answers with the right bits, and errors with a code. All others go to `failures`. */
function judge(lines, reference, what, counts, failures) {
  for (const { name, bits, error, code, fault } of lines) {
    // The program had no memory for its own input.
    if (name === 'inputs') counts[ENDS]++
    else if (bits !== undefined && bits === reference.get(name)) counts.answers++
    else if (CODES.has(code) && error !== '') counts['errors with a code']++
    else
      failures.push(
        `${what}: ${name}${fault ? ' under the fault' : ''}: ${code ?? error ?? `other bits: ${bits}`} ${error ?? ''}`,
      )
  }
}

async function referenceOf(scale, env) {
  const found = await node([EVERY, String(THREADS), String(scale)], { env })
  const lines = linesOf(found)
  const bad = lines.filter(({ bits }) => bits === undefined)
  if (found.code !== 0 || bad.length > 0) throw new Error(`without a fault: ${ending(found)} ${JSON.stringify(bad)}`)
  return new Map(lines.map(({ name, bits }) => [name, bits]))
}

/**
 * Calls every function while only n more threads can be started, n = 0, 1, ..., then calls all again without a limit.
 * Also calls each function as the first one of its process. OpenMP's runtime asks for twice as many threads as it
 * starts.
 */
export async function threads({ folder, short }) {
  const library = failingCalls(folder)
  const log = join(folder, 'refused')
  const reference = await referenceOf(1)
  const counts = { processes: 0, 'refused threads': 0, answers: 0, 'errors with a code': 0 }
  const failures = []
  const one = async (args, expected) => {
    const what = `threads ${args.join(' ')}`
    writeFileSync(log, '')
    const env = { LD_PRELOAD: library, FAULT_LOG: log }
    const found = await node([EVERY, String(THREADS), '1', ...args.map(String)], { env })
    counts.processes++
    counts['refused threads'] += statSync(log).size
    const lines = linesOf(found)
    if (found.code !== 0 || lines.length !== expected) failures.push(`${what}: ${ending(found)}, ${lines.length} lines`)
    judge(lines, reference, what, counts, failures)
    for (const { name, fault, error } of lines)
      if (!fault && error !== undefined) failures.push(`${what}: ${name} fails when threads can be had again: ${error}`)
  }
  const names = [...reference.keys()]
  for (let n = 0; n <= 2 * THREADS; n++) {
    await one(['threads-fault', n], 2 * names.length)
    if (short) continue
    for (const name of names) await one(['threads-fault', n, 'only', name], 2)
  }
  if (counts['refused threads'] === 0) failures.push('threads: none was refused')
  if (counts['errors with a code'] === 0) failures.push('threads: the first one was never refused')
  return { counts, failures }
}

/** Refuses allocations of the addon's, one at a time, in calls of every function; then calls all again. */
export async function memory({ folder, short }) {
  const library = failingCalls(folder)
  const log = join(folder, 'refused')
  writeFileSync(log, '')
  const reference = await referenceOf(1)
  const counts = { processes: 1, 'refused allocations': 0, answers: 0, 'errors with a code': 0 }
  const failures = []
  const args = [EVERY, String(THREADS), '1', 'allocation-faults', short ? '1.4' : '1.03']
  const found = await node(args, { env: { LD_PRELOAD: library, FAULT_LOG: log } })
  counts['refused allocations'] = statSync(log).size
  const lines = linesOf(found)
  if (found.code !== 0) failures.push(`memory: ${ending(found)} after ${lines.length} lines`)
  judge(lines, reference, 'memory', counts, failures)
  if (lines.filter(({ fault }) => !fault).length !== reference.size) failures.push('memory: not all functions answered')
  for (const { name, fault, error } of lines)
    if (!fault && error !== undefined) failures.push(`memory: ${name} fails when there is memory again: ${error}`)
  // An algorithm of the standard library may do without an optional buffer.
  if (counts['refused allocations'] < reference.size || counts['errors with a code'] < reference.size)
    failures.push('memory: hardly anything was refused')
  return { counts, failures }
}

const GIGABYTE = 1e9
// In gigabytes. Below the least, Node itself does not start.
const LEAST = 0.85
const MOST = 2.4
const ENDS = 'ends by Node or V8'

/**
 * Less and less address space. Node and V8 end the process, in many ways, when there is no room for their own. Such an
 * end is counted apart. memory() shows that none comes from the addon.
 */
export async function address({ folder, short }) {
  const csv = join(folder, 'memory.csv')
  const random = randomNumbers(7)
  const rows = Array.from({ length: 60_000 }, () => `${random()},${random()},${random()}\n`)
  writeFileSync(csv, `a,b,c\n${rows.join('')}`)
  const out = join(folder, 'memory-out.csv')
  const scale = short ? 1 : 4
  const reference = await referenceOf(scale)
  const counts = { processes: 0, answers: 0, 'errors with a code': 0, [ENDS]: 0 }
  const failures = []
  const steps = short ? 6 : 23
  const command = [CLI, 'compress', csv, '-o', out, '--order', '3', '--size', '2000', '--force', '--json']
  for (let i = 0; i < steps; i++) {
    const bytes = Math.round((LEAST + ((MOST - LEAST) * i) / (steps - 1)) * GIGABYTE)
    const what = `address ${(bytes / GIGABYTE).toFixed(3)} GB`
    const limited = async (args) => {
      const found = await run('prlimit', [`--as=${bytes}`, process.execPath, ...args.map(String)])
      counts.processes++
      if (found.hung) failures.push(`${what}: ${ending(found)}`)
      else if (found.signal !== null) counts[ENDS]++
      return found
    }
    const functions = await limited([EVERY, THREADS, scale])
    judge(linesOf(functions), reference, what, counts, failures)
    if (functions.code) failures.push(`${what}: ${ending(functions)}`)
    const { code, stderr } = await limited(command)
    if (code === 0) counts.answers++
    else if (code === 5 && /^fewpoints: .*not enough memory.*\n$/.test(stderr)) counts['errors with a code']++
    else if (code) failures.push(`${what}, command line: ${ending({ code, signal: null, stderr })}`)
  }
  return { counts, failures }
}
