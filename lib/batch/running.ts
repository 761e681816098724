// A task that runs has a small file beside its output, so that everyone who sees the folder can tell how far it is,
// whatever started it. Nothing depends on these files: who does what is the engine's.
import { readdirSync, rmSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Plan } from './plan.js'

/** The content of such a file. */
export interface Running {
  host: string
  pid: number
  /** When it was written, in milliseconds since 1970. */
  at: number
  /** How far the task is, `done` of `total`. */
  done: number
  total: number
}

const WRITTEN_EVERY = 5_000 // ms
const STALE_AFTER = 6 * WRITTEN_EVERY

export interface RunningMark {
  update(done: number, total: number): void
  end(): Promise<void>
}

/** Says that the task of this output runs, until end() is called. */
export async function markRunning(output: string): Promise<RunningMark> {
  const path = markOf(output)
  const state: Running = { host: hostname(), pid: process.pid, at: 0, done: 0, total: 1 }
  // A mark that cannot be written is not worth failing for.
  const write = () => writeFile(path, JSON.stringify({ ...state, at: Date.now() })).catch(() => {})
  let last = write()
  const timer = setInterval(() => (last = write()), WRITTEN_EVERY)
  timer.unref()
  const onExit = () => rmSync(path, { force: true })
  process.on('exit', onExit)
  return {
    update(done, total) {
      Object.assign(state, { done, total })
    },
    async end() {
      clearInterval(timer)
      await last
      await rm(path, { force: true })
      process.off('exit', onExit)
    },
  }
}

/** Undefined when the task does not run, or when its process ended without a word. */
export async function runningAt(output: string): Promise<Running | undefined> {
  try {
    const state = JSON.parse(await readFile(markOf(output), 'utf8')) as Running
    if (Date.now() - state.at > STALE_AFTER) return undefined
    return state.host === hostname() && !isAlive(state.pid) ? undefined : state
  } catch {
    return undefined
  }
}

export function markOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.running`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes what killed processes have left beside the outputs: marks, and files that were not finished. */
export function removeLeftovers({ tasks }: Plan): void {
  const outputs = new Map<string, Set<string>>()
  for (const { output } of tasks) {
    const folder = dirname(output)
    outputs.set(folder, (outputs.get(folder) ?? new Set()).add(basename(output)))
  }
  for (const [folder, names] of outputs) {
    for (const file of readdirSync(folder)) {
      const name = /^\.(.+\.parquet)\.(?:running|[0-9a-f]{12}\.tmp)$/.exec(file)?.[1]
      if (name !== undefined && names.has(name)) rmSync(join(folder, file), { force: true })
    }
  }
}
