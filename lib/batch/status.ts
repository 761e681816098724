// How far a plan is, told from the files beside one another: outputs, and the marks of tasks that run.
import { stat } from 'node:fs/promises'
import { lastTask, type Plan } from './plan.js'
import { runningAt } from './running.js'
import { isWhole } from './set-file.js'

export interface LevelStatus {
  level: number
  tasks: number
  done: number
  running: number
  missing: number
  /** From 0 to 1; tasks that run count in part. */
  progress: number
}

export interface PlanStatus {
  levels: LevelStatus[]
  /** The file of the result, and whether it is there. */
  result: string
  done: boolean
}

/** Costs one look at each output that is there and one at the mark of each that is not. */
export async function statusOf(plan: Plan): Promise<PlanStatus> {
  const levels = plan.levels.map(
    (tasks, level): LevelStatus => ({ level, tasks, done: 0, running: 0, missing: 0, progress: 0 }),
  )
  for (const { level, output } of plan.tasks) {
    const status = levels[level]
    if (await exists(output)) {
      status.done++
      status.progress += 1 / status.tasks
      continue
    }
    const running = await runningAt(output)
    if (running === undefined) status.missing++
    else {
      status.running++
      status.progress += running.done / running.total / status.tasks
    }
  }
  const { output: result } = lastTask(plan)
  return { levels, result, done: await isWhole(result) }
}

const exists = (path: string) =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )
