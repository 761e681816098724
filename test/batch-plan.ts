// What the tests of many machines share: shards with a plan over them, the hashes of all outputs, processes that are ended.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type OpenPlan, readPlan } from '../lib/batch/plan.js'
import { npyNumbers } from '../lib/io/npy.js'
import { fewpoints } from './cli-run.js'
import { seeded } from './fixtures.js'

export const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** Options of Node with which each file takes a while between its last byte and its final name: time to kill a process. */
export const SLOWLY = [
  '--import',
  `data:text/javascript,${encodeURIComponent(`
    import files from 'node:fs/promises'
    import { syncBuiltinESMExports } from 'node:module'
    import { setTimeout as wait } from 'node:timers/promises'
    const { rename } = files
    files.rename = async (...names) => {
      await wait(300)
      return rename(...names)
    }
    syncBuiltinESMExports()`)}`,
]

export interface Shards {
  folder: string
  plan: string
  /** Rows of 3 columns, one array for each shard. */
  points: Float64Array[]
}

/** Shards as NPY files in a folder of their own, each in another place, and a plan of order 3 and 100 points. */
export async function makeShards(count: number, rows: number, ...options: (string | number)[]): Promise<Shards> {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-batch-'))
  const random = seeded(count * rows)
  const points = Array.from({ length: count }, (_, i) => {
    const values = Float64Array.from({ length: rows * 3 }, (_, j) => random.next() + (j % 3 === 0 ? i : 0))
    writeFileSync(join(folder, `part-${String(i).padStart(2, '0')}.npy`), npyNumbers(values, [rows, 3]))
    return values
  })
  const plan = join(folder, 'plan.json')
  await ok(['plan', join(folder, 'part-*.npy'), '-o', plan, '--order', 3, '--size', 100, '--fan-in', 4, ...options])
  return { folder, plan, points }
}

/** The same plan under another name, with outputs of its own. */
export function copyOfPlan({ plan, folder }: Shards, name: string): OpenPlan {
  const text = readFileSync(plan, 'utf8').replaceAll('"plan-out/', `"${name}-out/`)
  writeFileSync(join(folder, `${name}.json`), text)
  return readPlan(join(folder, `${name}.json`))
}

/** The hash of each output, by its name. Any other file in the folder is there as well, as hidden ones are. */
export function outputsOf(folder: string): Record<string, string> {
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  )
}

/** Runs a command that must succeed. */
export async function ok(args: readonly (string | number)[], env?: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await fewpoints(args, { env })
  if (code !== 0) throw new Error(`fewpoints ${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

/** Waits until something is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const end = Date.now() + 1000 * seconds
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`after ${seconds} s there is still no ${what}`)
    await wait(10)
  }
}

/** Processes that a test starts. endAll() ends those that are left, also after a failure. */
export class Processes {
  #all = new Map<ChildProcess, Promise<number | null>>()
  #output = new Map<ChildProcess, string>()

  start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => this.#output.set(child, this.outputOf(child) + text))
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', resolve)
      child.on('error', () => resolve(null))
    })
    this.#all.set(child, ended)
    return child
  }

  outputOf(child: ChildProcess): string {
    return this.#output.get(child) ?? ''
  }

  /** The exit code; null when a signal ended it. */
  ended(child: ChildProcess): Promise<number | null> {
    return this.#all.get(child) as Promise<number | null>
  }

  async end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    child.kill(signal)
    const patience = wait(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))
    await Promise.race([this.ended(child), patience])
    await this.ended(child)
  }

  async endAll(): Promise<void> {
    const left = [...this.#all.keys()].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    await Promise.all(left.reverse().map((child) => this.end(child)))
  }
}

/** A port of the loopback device that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/**
 * Why a test cannot run: a program is missing that native/setup.sh installs only as root of a Debian system. Undefined when all
 * are there, and also when they should be there: the test then fails.
 */
export function whyNot(...programs: string[]): string | undefined {
  const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
  const missing = programs.filter((program) => !has(program))
  const canInstall = process.getuid?.() === 0 && has('apt-get')
  if (missing.length === 0 || canInstall) return undefined
  return `cannot run: there is no ${missing.join(', no ')}, and only root of a Debian system can install it`
}

export function remove({ folder }: Shards): void {
  rmSync(folder, { recursive: true, force: true })
}
