// The end of a command at any moment: by kill -9, by a signal that it can handle, by a reader that goes away.
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CLI, ending, node, randomNumbers, run } from './run.mjs'

const OLD = 'what was there before\n'
const TEMPORARY = /^\.set\.csv\.[0-9a-f]{12}\.tmp$/

async function scene(folder) {
  const input = join(folder, 'kill.csv')
  const at = join(folder, 'kill')
  rmSync(at, { recursive: true, force: true })
  mkdirSync(at)
  const random = randomNumbers(5)
  writeFileSync(input, `a,b\n${Array.from({ length: 20_000 }, () => `${random()},${random()}\n`).join('')}`)
  const out = join(at, 'set.csv')
  const args = [CLI, 'compress', input, '-o', out, '--order', '2', '--size', '6000', '--force', '--quiet']
  const began = performance.now()
  const found = await node(args)
  if (found.code !== 0) throw new Error(`without a fault: ${ending(found)}`)
  const time = performance.now() - began
  return { at, out, args, expected: readFileSync(out, 'utf8'), time, random, input }
}

/** Runs the command and sends the signal, at a random moment or a little after the temporary file has appeared. */
async function interrupted({ at, out, args, time, random }, signal, aimed) {
  writeFileSync(out, OLD)
  if (!aimed) return node(args, { kill: { signal, after: random() * 1.1 * time } })
  let appeared
  const appearance = new Promise((resolve) => (appeared = resolve))
  const watcher = watch(at, (_, name) => TEMPORARY.test(name ?? '') && appeared())
  try {
    const child = { signal, after: 30_000, when: appearance, delay: random() * 8 }
    return await node(args, { kill: child })
  } finally {
    watcher.close()
  }
}

export async function kill({ folder, short }) {
  const now = await scene(folder)
  const counts = { processes: 0, 'old files': 0, 'new files': 0, 'temporary files left': 0 }
  const failures = []
  const left = new Set()
  for (let i = 0; i < (short ? 6 : 200); i++) {
    const found = await interrupted(now, 'SIGKILL', i % 2 === 1)
    counts.processes++
    if (found.code !== 0 && found.signal !== 'SIGKILL') failures.push(`kill ${i}: ${ending(found)}`)
    const content = readFileSync(now.out, 'utf8')
    if (content === OLD) counts['old files']++
    else if (content === now.expected) counts['new files']++
    else failures.push(`kill ${i}: a file of ${content.length} characters that is neither the old nor the new one`)
    for (const name of readdirSync(now.at)) {
      if (name === 'set.csv' || left.has(name)) continue
      if (TEMPORARY.test(name)) left.add(name)
      else failures.push(`kill ${i}: left behind ${name}`)
    }
  }
  counts['temporary files left'] = left.size
  if (left.size === 0) failures.push('kill: none came while a file was being written')

  // The next run works although they are there, and removes them once they are old.
  const beside = await node(now.args)
  if (beside.code !== 0 || readFileSync(now.out, 'utf8') !== now.expected)
    failures.push(`beside them: ${ending(beside)}`)
  for (const name of left) {
    if (!readdirSync(now.at).includes(name)) failures.push(`${name} was removed when it was young`)
    utimesSync(join(now.at, name), Date.now() / 1000 - 7200, Date.now() / 1000 - 7200)
  }
  const after = await node(now.args)
  if (after.code !== 0 || String(readdirSync(now.at)) !== 'set.csv')
    failures.push(`after them: ${readdirSync(now.at)} ${ending(after)}`)
  counts.processes += 2
  return { counts, failures }
}

export async function signals({ folder, short }) {
  const now = await scene(folder)
  const counts = {
    processes: 0,
    'finished first': 0,
    'exit codes 130, 143, 129': 0,
    'before the program began': 0,
    'pipes and closed streams': 0,
  }
  const failures = []
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
  for (let i = 0; i < (short ? 4 : 120); i++) {
    const signal = Object.keys(codes)[i % 3]
    const found = await interrupted(now, signal, i % 2 === 1)
    counts.processes++
    const content = readFileSync(now.out, 'utf8')
    const what = `${signal} ${i}`
    if (String(readdirSync(now.at)) !== 'set.csv') failures.push(`${what}: left behind ${readdirSync(now.at)}`)
    // The signal may also come when all is done but the end of the process.
    if ((found.code === 0 || found.signal === signal) && content === now.expected) counts['finished first']++
    else if (found.code === codes[signal] && content === OLD && found.stderr === 'fewpoints: interrupted\n')
      counts['exit codes 130, 143, 129']++
    else if (found.signal === signal && content === OLD) counts['before the program began']++
    else
      failures.push(
        `${what}: ${ending(found)}, ${content === OLD ? 'old' : content === now.expected ? 'new' : 'part of a'} file`,
      )
  }

  const streams = [
    ['a reader that goes away', 'set -o pipefail; "$0" "$@" --json | head -c1 >/dev/null', ['info', now.input]],
    ['both streams to a reader that goes away', 'set -o pipefail; "$0" "$@" --json 2>&1 | true', ['info', now.input]],
    ['no stdin', '"$0" "$@" <&-', ['info', now.input]],
    ['no stdout', '"$0" "$@" >&-', ['info', now.input]],
    ['no stderr', '"$0" "$@" 2>&-', ['info', now.input]],
    ['no stderr for an error', '"$0" "$@" 2>&-', ['info', '/no/such/file.csv'], 3],
    ['an error to a reader that goes away', 'set -o pipefail; "$0" "$@" 2>&1 | true', ['info', '/no/such/file.csv'], 3],
    [
      'verify that differs, to a reader that goes away',
      'set -o pipefail; "$0" "$@" --order 2 | true',
      ['verify', now.input, now.out, '--columns', 'a,b'],
      1,
    ],
  ]
  writeFileSync(now.out, 'a,b,weight,row\n1,2,20000,0\n')
  for (const [what, script, args, code = 0] of streams) {
    const found = await run('bash', ['-c', script, process.execPath, CLI, ...args])
    counts.processes++
    if (found.code === code && !/node:/.test(found.stderr)) counts['pipes and closed streams']++
    else failures.push(`${what}: ${ending(found)}`)
  }
  return { counts, failures }
}
