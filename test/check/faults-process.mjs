// Threads that cannot be started, and an address space that is too small.
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
    if (name === 'inputs') counts["V8's own ends"]++
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

const GIGABYTE = 1e9

/**
 * Less and less address space. V8 ends the process, with a message of its own, when there is no room for its heap. Such
 * ends are counted apart, and so are those that plain JavaScript with arrays of the same sizes has as well.
 */
export async function memory({ folder, short }) {
  const csv = join(folder, 'memory.csv')
  const random = randomNumbers(7)
  const rows = Array.from({ length: 60_000 }, () => `${random()},${random()},${random()}\n`)
  writeFileSync(csv, `a,b,c\n${rows.join('')}`)
  const out = join(folder, 'memory-out.csv')
  const reference = await referenceOf(short ? 1 : 4)
  const counts = { processes: 0, answers: 0, 'errors with a code': 0, "V8's own ends": 0 }
  const failures = []
  const steps = short ? 6 : 23
  for (let i = 0; i < steps; i++) {
    const bytes = Math.round((0.8 + (1.6 * i) / (steps - 1)) * GIGABYTE)
    const limited = (args) => run('prlimit', [`--as=${bytes}`, process.execPath, ...args.map(String)])
    const what = `memory ${(bytes / GIGABYTE).toFixed(3)} GB`
    const plain = await limited([EVERY, THREADS, short ? 1 : 4, 'plain'])
    const functions = await limited([EVERY, THREADS, short ? 1 : 4])
    counts.processes += 3
    judgeEnd(functions, plain, what, counts, failures)
    judge(linesOf(functions), reference, what, counts, failures)
    const command = await limited([
      CLI,
      'compress',
      csv,
      '-o',
      out,
      '--order',
      '3',
      '--size',
      '2000',
      '--force',
      '--json',
    ])
    if (command.code === 0) counts.answers++
    else if (command.code === 5 && /^fewpoints: .*not enough memory.*\n$/.test(command.stderr))
      counts['errors with a code']++
    else judgeEnd(command, plain, `${what}, command line`, counts, failures)
  }
  return { counts, failures }
}

const V8S = /Fatal process out of memory|JavaScript heap out of memory/

function judgeEnd(found, plain, what, counts, failures) {
  if (found.code === 0) return
  if (!found.hung && (V8S.test(found.stderr) || (plain.code !== 0 && ending(found) === ending(plain))))
    counts["V8's own ends"]++
  else failures.push(`${what}: ${ending(found)}; plain JavaScript: ${ending(plain)}`)
}
