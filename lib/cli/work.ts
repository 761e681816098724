// fewpoints work: one task of a plan, as an array scheduler starts it, or a worker that takes tasks from a queue.
import { workBullmq } from '../batch/bullmq.js'
import { OutputError } from '../batch/failure.js'
import { firstOfLevel, type OpenPlan, readPlan } from '../batch/plan.js'
import { doTask, type TaskReport } from '../batch/task.js'
import { doTasksOfParent, watchParent } from '../batch/worker-process.js'
import { CliError, EXIT, step } from './exit.js'
import { line, printJson, whole } from './report.js'
import { redisOf } from './run.js'

export interface WorkCommand {
  task?: number | undefined
  level?: number | undefined
  offset: number
  threads?: number | undefined
  engine?: 'bullmq' | 'local' | undefined
  stay: boolean
  redis?: string | undefined
  json: boolean
  quiet: boolean
}

/** Does the task, or works until the plan is done. The exit code tells. Throws CliError, or the library's errors. */
export async function workCommand(path: string | undefined, command: WorkCommand, signal: AbortSignal): Promise<void> {
  const { threads, engine, stay } = command
  const plan = path === undefined ? undefined : await step(EXIT.input, () => readPlan(path))
  // What `run` has started ends with it.
  watchParent(() => process.exit(EXIT.other))
  if (engine === 'bullmq') {
    const onTask = (found: OpenPlan, task: number, report: TaskReport | Error) => tell(found, task, report, command)
    return workBullmq(stay ? undefined : plan, { redis: redisOf(command), threads, signal, onTask })
  }
  if (engine === 'local') {
    if (process.send === undefined)
      throw new CliError(
        EXIT.usage,
        '--engine local is for processes that fewpoints run starts; --task N does one task',
      )
    return doTasksOfParent(
      (task, onProgress) => doTask(plan as OpenPlan, task, { threads, signal, onProgress }),
      signal,
    )
  }
  const number = taskNumber(plan as OpenPlan, command)
  const report = await doTask(plan as OpenPlan, number, { threads, signal }).catch((error) => {
    throw error instanceof OutputError ? new CliError(EXIT.output, error.message, { cause: error }) : error
  })
  tell(plan as OpenPlan, number, report, command)
}

/** Where array schedulers say which task of an array this is. */
const INDEX_VARIABLES = ['SLURM_ARRAY_TASK_ID', 'AWS_BATCH_JOB_ARRAY_INDEX', 'JOB_COMPLETION_INDEX']

function taskNumber(plan: OpenPlan, { task, level, offset }: WorkCommand): number {
  if (level !== undefined && level >= plan.levels.length)
    throw new CliError(EXIT.usage, `--level ${level}: the plan has the levels 0 to ${plan.levels.length - 1}`)
  const index = (task ?? indexOfEnvironment()) + offset
  const count = level === undefined ? plan.tasks.length : plan.levels[level]
  if (index >= count) {
    const where = level === undefined ? 'the plan has' : `level ${level} has`
    throw new CliError(EXIT.usage, `there is no task ${index}: ${where} ${count}, counted from 0`)
  }
  return level === undefined ? index : firstOfLevel(plan, level) + index
}

function indexOfEnvironment(): number {
  const name = INDEX_VARIABLES.find((variable) => process.env[variable] !== undefined)
  if (name === undefined)
    throw new CliError(EXIT.usage, `--task must be given, or one of ${INDEX_VARIABLES.join(', ')} in the environment`)
  const text = process.env[name] as string
  if (!/^\d+$/.test(text)) throw new CliError(EXIT.usage, `${name} is '${text}'; it must be a whole number`)
  return Number(text)
}

function tell(plan: OpenPlan, number: number, report: TaskReport | Error, { json, quiet }: WorkCommand): void {
  const { level, index, output } = plan.tasks[number]
  if (report instanceof Error) {
    if (!quiet) process.stderr.write(`fewpoints: task ${number}: ${line(report.message)}\n`)
  } else if (json) printJson({ command: 'work', task: number, level, index, output, ...report })
  else if (!quiet) {
    const what = report.skipped ? 'was there' : `${whole(report.rows)} rows, ${whole(report.points)} points kept`
    process.stdout.write(`task ${number} (level ${level}, ${index}): ${what}, ${output}\n`)
  }
}
