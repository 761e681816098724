// The engine without a server: child processes of this machine, which do one task after another. A task begins as soon as
// the outputs that it reads are there.
import { setTimeout as wait } from 'node:timers/promises'
import { native } from '../native/addon.js'
import { andMore, errorOf, type Failure } from './failure.js'
import { dependencies, type OpenPlan, tasksToDo } from './plan.js'
import { isWhole } from './set-file.js'
import { checkShards } from './shards.js'
import { startTaskProcess, type TaskProcess } from './worker-process.js'

export interface RunOptions {
  /** The program of the command line. */
  program: string
  /** How many child processes work at the same time. */
  workers: number
  /** Threads of each. */
  threads: number
  /** How often a task that fails is tried again, when it may go better. */
  retries: number
  signal: AbortSignal
  /** Called whenever something has changed. */
  onProgress?: ((state: RunState) => void) | undefined
}

export interface RunState {
  tasks: number
  /** Those that were there before the run count as well; `skipped` is how many they were. */
  done: number
  skipped: number
  running: number
  /** How often a task was tried again. */
  retried: number
  /** `done`, and the parts of those that run. */
  progress: number
}

/** Before the first task. `toDo`: how many are missing. */
export function stateBefore({ tasks: { length: tasks } }: OpenPlan, toDo: number): RunState {
  const skipped = tasks - toDo
  return { tasks, done: skipped, skipped, running: 0, retried: 0, progress: skipped }
}

/**
 * Runs what is missing. A task that fails for good does not stop those that do not need it; then the error names the first
 * of them and has its code. Throws Error ERR_FILE before anything is done when a shard is missing or has changed,
 * ERR_NO_BINARY, or the signal's reason after all children have ended.
 */
export async function runLocal(plan: OpenPlan, options: RunOptions): Promise<RunState> {
  const { program, workers, threads, retries, signal, onProgress } = options
  native()
  const toDo = new Set(await tasksToDo(plan, isWhole))
  await checkShards(plan, toDo)
  const inputs = dependencies(plan)
  const state = stateBefore(plan, toDo.size)
  const running = new Map<number, Promise<void>>()
  const parts = new Map<number, number>()
  const failures = new Map<number, Failure>()

  const report = () => {
    state.running = running.size
    state.progress = state.done + [...parts.values()].reduce((sum, part) => sum + part, 0)
    onProgress?.({ ...state })
  }
  const idle: TaskProcess[] = []
  const args = ['work', plan.path, '--engine', 'local', '--threads', String(threads), '--quiet']
  /** Undefined when it is done, else why it failed. */
  const attempt = async (number: number): Promise<Failure | undefined> => {
    let worker = idle.pop()
    while (worker !== undefined && !worker.isAlive()) worker = idle.pop()
    worker ??= startTaskProcess(program, args, signal)
    const failure = await worker.do(number, (part) => {
      parts.set(number, part)
      report()
    })
    parts.delete(number)
    idle.push(worker)
    return failure
  }
  const work = async (number: number): Promise<void> => {
    for (let times = 1; ; times++) {
      const failure = await attempt(number)
      if (signal.aborted) return
      if (failure === undefined) {
        state.done++
        toDo.delete(number)
        return
      }
      if (times > retries || failure.isFixed) {
        const often = times > 1 ? ` ${times} times` : ''
        failures.set(number, { ...failure, message: `task ${number} failed${often}: ${failure.message}` })
        return
      }
      state.retried++
      report()
      await wait(125 * 2 ** times, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
    }
  }

  const waiting = new Set(toDo)
  report()
  while (!signal.aborted) {
    for (const number of waiting) {
      if (running.size >= workers) break
      if (inputs[number].some((input) => toDo.has(input))) continue
      waiting.delete(number)
      running.set(
        number,
        work(number).finally(() => running.delete(number)),
      )
    }
    report()
    if (running.size === 0) break
    await Promise.race(running.values())
  }
  await Promise.all(running.values())
  await Promise.all(idle.map((worker) => worker.end()))
  signal.throwIfAborted()
  const first = failures.get(Math.min(...failures.keys()))
  if (first !== undefined) throw errorOf(first, `${plan.path}: ${andMore(first.message, failures.size)}`)
  return state
}
