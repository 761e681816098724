// Runs the processes of the checks, with a time limit, and collects their output.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
export const PROGRAMS = fileURLToPath(new URL('../programs/', import.meta.url))

// Far more than any of these programs needs on a busy machine: a program that takes this long hangs.
const PATIENCE = 180_000 // ms

/**
 * Runs a program. `kill`, { signal, after, when, delay }, sends a signal after `after` milliseconds, or `delay`
 * milliseconds after `when` has come true. A program that still runs after PATIENCE is killed and counts as `hung`.
 */
export async function run(
  command,
  args,
  { env = {}, kill, stdin = 'ignore', stdout = 'pipe', patience = PATIENCE } = {},
) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: [stdin, stdout, 'pipe'] })
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    child.kill('SIGKILL')
  }, patience)
  const closed = once(child, 'close')
  const printed = Promise.all([child.stdout ? text(child.stdout) : '', text(child.stderr)])
  if (kill !== undefined) {
    const end = new AbortController()
    await Promise.race([
      wait(kill.after, undefined, { signal: end.signal }).catch(() => {}),
      closed,
      ...(kill.when ? [kill.when] : []),
    ])
    end.abort()
    if (kill.delay) await Promise.race([wait(kill.delay), closed])
    child.kill(kill.signal)
  }
  const [code, signal] = await closed
  clearTimeout(timer)
  const [out, err] = await printed
  return { code, signal, hung, stdout: out, stderr: err }
}

/** Like run(), for a program in Node. */
export const node = (args, options) => run(process.execPath, args, options)

/** The library whose calls fail on demand. */
export function failingCalls(folder) {
  const library = join(folder, 'failing-calls.so')
  execFileSync('gcc', [
    '-O1',
    '-shared',
    '-fPIC',
    '-fexceptions',
    '-o',
    library,
    join(PROGRAMS, 'failing-calls.c'),
    '-ldl',
  ])
  return library
}

/** How a run ended, in a few words, for messages. */
export function ending({ code, signal, hung, stderr }) {
  const how = hung ? 'hung' : signal === null ? `code ${code}` : signal
  return `${how}${stderr === '' ? '' : `: ${stderr.trim().slice(0, 300)}`}`
}

export const linesOf = ({ stdout }) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** Random numbers, the same for the same seed. */
export function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
