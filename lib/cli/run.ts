// fewpoints run: what is missing of a plan, on one of the engines.
import { existsSync, rmdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runBullmq } from '../batch/bullmq.js'
import { OutputError } from '../batch/failure.js'
import { type RunState, runLocal } from '../batch/local.js'
import { lastTask, type OpenPlan, readPlan } from '../batch/plan.js'
import { readSet } from '../batch/set-file.js'
import { CliError, EXIT, step } from './exit.js'
import { progressBar } from './progress.js'
import { listing, milliseconds, printJson, whole } from './report.js'

export interface RunCommand {
  engine: 'local' | 'bullmq'
  workers: number
  threads?: number | undefined
  retries: number
  redis?: string | undefined
  json: boolean
  quiet: boolean
}

/** Runs the plan and reports. Throws CliError, or the library's errors; what was done stays, and is not done again. */
export async function runCommand(path: string, command: RunCommand, signal: AbortSignal): Promise<void> {
  const { engine, workers, retries } = command
  if (engine === 'local' && workers === 0) throw new CliError(EXIT.usage, '--workers 0 needs --engine bullmq')
  const plan = await step(EXIT.input, () => readPlan(path))
  const start = performance.now()
  const bar = progressBar(!command.quiet)
  const onProgress = ({ done, tasks, running, progress }: RunState) =>
    bar.update(`${done}/${tasks} tasks, ${running} running`, progress, tasks)
  const threads = command.threads ?? Math.max(1, Math.floor(availableParallelism() / Math.max(1, workers)))
  const options = { program: PROGRAM, workers, threads, retries, signal, onProgress }
  const run = () =>
    engine === 'local' ? runLocal(plan, options) : runBullmq(plan, { ...options, redis: redisOf(command) })
  const state = await leavingNoFolder(plan, run)
    .finally(bar.stop)
    .catch((error) => {
      throw error instanceof OutputError ? new CliError(EXIT.output, error.message, { cause: error }) : error
    })
  const result = lastTask(plan).output
  const { weights, order } = await step(EXIT.input, () => readSet(result, signal))
  const summary = {
    command: 'run',
    engine,
    tasks: state.tasks,
    skipped: state.skipped,
    retried: state.retried,
    points: weights.length,
    order,
    result,
    milliseconds: performance.now() - start,
  }
  if (command.json) printJson(summary)
  else if (!command.quiet) process.stdout.write(describe(summary))
}

/** A run that fails leaves no empty folder of its own. */
async function leavingNoFolder(plan: OpenPlan, run: () => Promise<RunState>): Promise<RunState> {
  const folder = dirname(lastTask(plan).output)
  const isNew = !existsSync(folder)
  try {
    return await run()
  } catch (error) {
    try {
      if (isNew) rmdirSync(folder)
    } catch {
      // It is not there, or there is something in it.
    }
    throw error
  }
}

const PROGRAM = fileURLToPath(new URL('./main.js', import.meta.url))

export function redisOf({ redis }: { redis?: string | undefined }): string {
  return redis ?? process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
}

interface Summary {
  tasks: number
  skipped: number
  retried: number
  points: number
  order: number
  result: string
  milliseconds: number
}

function describe({ tasks, skipped, retried, points, order, result, milliseconds: time }: Summary): string {
  const parts = [
    whole(tasks),
    ...(skipped === tasks ? ['the result was there'] : skipped > 0 ? [`${whole(skipped)} done before`] : []),
    ...(retried > 0 ? [`${whole(retried)} tried again`] : []),
  ]
  return listing([
    ['tasks', parts.join(', ')],
    ['points kept', whole(points)],
    ['order', String(order)],
    ['time', milliseconds(time)],
    ['result', result],
  ])
}
