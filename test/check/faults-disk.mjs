// Outputs that cannot be written: the old file stays as it is, no other file is left, and the message gives the reason.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CLI, ending, failingCalls, node, randomNumbers, run } from './run.mjs'

const FORMATS = ['csv', 'tsv', 'npy', 'npz', 'parquet', 'json', 'ndjson', 'safetensors']
const CALLS = ['open', 'write', 'fsync', 'link', 'rename']
const ERRORS = { 28: /the disk is full/, 5: /the device reports an error/, 122: /the quota is used up/ }
const OLD = 'what was there before\n'

export async function disk({ folder, short }) {
  const library = failingCalls(folder)
  const input = join(folder, 'disk.csv')
  const random = randomNumbers(3)
  writeFileSync(input, `a,b\n${Array.from({ length: 3000 }, () => `${random()},${random()}\n`).join('')}`)
  const log = join(folder, 'log')
  const counts = { processes: 0, answers: 0, 'errors with a reason': 0 }
  const failures = []
  const compress = (out, ...more) => [CLI, 'compress', input, '-o', out, '--order', '3', '--size', '300', ...more]

  /** A folder that is empty, or has only the target in it. */
  const fresh = (name, isThere) => {
    const at = join(folder, 'out')
    rmSync(at, { recursive: true, force: true })
    mkdirSync(at)
    if (isThere) writeFileSync(join(at, name), OLD)
    return join(at, name)
  }
  const contentOf = (path) =>
    statSync(path, { throwIfNoEntry: false }) ? readFileSync(path).toString('latin1') : undefined
  /** Checks that a command fails with the code of an output that cannot be written, and leaves everything as it was. */
  const refused = (what, found, out, before, reason) => {
    counts.processes++
    const wrong = []
    if (found.code !== 4) wrong.push(ending(found))
    else if (!/^fewpoints: [^\n]+\n$/.test(found.stderr) || !reason.test(found.stderr))
      wrong.push(`message ${found.stderr}`)
    if (contentOf(out) !== before) wrong.push('the old file was changed')
    const names = readdirSync(join(out, '..'))
    if (names.length !== (before === undefined ? 0 : 1)) wrong.push(`left behind: ${names}`)
    if (wrong.length === 0) counts['errors with a reason']++
    else failures.push(`${what}: ${wrong.join('; ')}`)
  }
  const answered = (what, found, out, expected, names = 1) => {
    counts.processes++
    const wrong = []
    if (found.code !== 0) wrong.push(ending(found))
    if (contentOf(out) !== expected) wrong.push('the file is not what it should be')
    if (readdirSync(join(out, '..')).length !== names) wrong.push(`left behind: ${readdirSync(join(out, '..'))}`)
    if (wrong.length === 0) counts.answers++
    else failures.push(`${what}: ${wrong.join('; ')}`)
  }

  for (const format of short ? ['csv'] : FORMATS) {
    const name = `set.${format}`
    const clean = fresh(name, false)
    const found = await node(compress(clean))
    if (found.code !== 0) throw new Error(`without a fault: ${ending(found)}`)
    const expected = contentOf(clean)
    for (const call of CALLS)
      for (const error of short ? [28] : call === 'write' ? [28, 5, 122, 0] : [28, 5])
        for (const isThere of call === 'link' ? [false] : call === 'rename' ? [true] : short ? [true] : [true, false])
          for (let n = 1; ; n++) {
            const what = `${format}: ${call} number ${n} fails by ${error}${isThere ? ', --force' : ''}`
            const out = fresh(name, isThere)
            writeFileSync(log, '')
            const env = {
              LD_PRELOAD: library,
              FAULT: `${call} ${n} 1 ${error}`,
              FAULT_UNDER: join(out, '..'),
              FAULT_LOG: log,
            }
            const one = await node(compress(out, ...(isThere ? ['--force'] : [])), { env })
            const happened = statSync(log).size > 0
            if (!happened || error === 0) answered(what, one, out, expected)
            else if (call === 'fsync' && n === 2) {
              counts.processes++
              // The file is in place, but it may be lost in a crash, and the message says so.
              if (one.code === 4 && /is written as a whole/.test(one.stderr) && contentOf(out) === expected)
                counts['errors with a reason']++
              else failures.push(`${what}: ${ending(one)}`)
            } else refused(what, one, out, isThere ? OLD : undefined, ERRORS[error])
            if (!happened) {
              if (n === 1) failures.push(`${what}: the call was never made`)
              break
            }
          }
    for (const limit of [1, 1000]) {
      const out = fresh(name, true)
      const args = [`--fsize=${limit}`, process.execPath, ...compress(out, '--force')]
      refused(
        `${format}: files up to ${limit} bytes`,
        await run('prlimit', args),
        out,
        OLD,
        /a file of this size is not allowed/,
      )
    }
  }

  const expected = await (async () => {
    const out = fresh('set.csv', false)
    await node(compress(out))
    return contentOf(out)
  })()

  // A file system that is really full.
  const small = join(folder, 'small')
  mkdirSync(small)
  if ((await run('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', small])).code === 0) {
    try {
      const out = join(small, 'set.csv')
      writeFileSync(out, OLD)
      refused('a full tmpfs', await node(compress(out, '--force')), out, OLD, /the disk is full/)
    } finally {
      await run('umount', [small])
    }
  }

  {
    const out = fresh('set.csv', true)
    chmodSync(join(out, '..'), 0o555)
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
    chmodSync(folder, 0o755)
    const found =
      process.getuid() === 0
        ? await run('setpriv', [...user, ...compress(out, '--force')])
        : await node(compress(out, '--force'))
    refused('a folder that is not writable', found, out, OLD, /no file can be made in its folder.*no permission/)
    chmodSync(join(out, '..'), 0o755)
  }
  {
    const out = fresh('set.csv', false)
    mkdirSync(out)
    const found = await node(compress(out, '--force'))
    counts.processes++
    if (found.code === 4 && /not a regular file/.test(found.stderr)) counts['errors with a reason']++
    else failures.push(`the output is a folder: ${ending(found)}`)
  }
  {
    const out = fresh('set.csv', true)
    const link = join(folder, 'link.csv')
    symlinkSync(out, link)
    answered('the output is a symbolic link', await node(compress(link, '--force')), out, expected)
    if (!lstatSync(link).isSymbolicLink()) failures.push('the symbolic link was replaced')
    const full = join(folder, 'full.csv')
    symlinkSync('/dev/full', full)
    const found = await node(compress(full, '--force'))
    counts.processes++
    if (found.code === 4 && /not a regular file/.test(found.stderr)) counts['errors with a reason']++
    else failures.push(`the output is /dev/full: ${ending(found)}`)
  }
  {
    const found = await run('sh', ['-c', '"$0" "$@" > /dev/full', process.execPath, CLI, 'info', input, '--json'])
    counts.processes++
    if (found.code === 4 && found.stderr === 'fewpoints: standard output: the disk is full\n')
      counts['errors with a reason']++
    else failures.push(`stdout is /dev/full: ${ending(found)}`)
  }

  for (let i = 0; i < (short ? 2 : 20); i++) {
    const force = i % 2 === 1
    const out = fresh('set.csv', force)
    const both = await Promise.all([1, 2].map(() => node(compress(out, ...(force ? ['--force'] : [])))))
    const codes = both.map(({ code }) => code).sort()
    counts.processes += 2
    if (String(codes) !== (force ? '0,0' : '0,4')) failures.push(`two at once: ${both.map(ending)}`)
    else if (contentOf(out) !== expected || readdirSync(join(out, '..')).length !== 1)
      failures.push('two at once: a wrong file')
    else {
      counts.answers += force ? 2 : 1
      counts['errors with a reason'] += force ? 0 : 1
    }
  }
  return { counts, failures }
}
