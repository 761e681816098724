// The plan of a compression on many machines: a graph of tasks, as JSON. Level 0 compresses the shards, each level above
// merges sets of the level below, the last task makes the result. A task's output is named by the hash of all that
// determines it, so a task that is done again writes the same bits to the same place.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CompressOptions, CompressorOptions } from '../index.js'
import { fileError, systemError } from '../io/bytes.js'
import type { RowsOptions } from '../io/rows.js'
import { packageVersion } from '../native/version.js'

/** A part of the input: a file or some of its rows, an address that DuckDB reads, or a query. */
export interface Shard {
  /** A path relative to the folder of the plan, an absolute path, file:, http(s): or s3:. */
  uri?: string | undefined
  /** A query for DuckDB. */
  sql?: string | undefined
  /** The rows [first, end) of the file. Default: all. */
  rows?: [first: number, end: number] | undefined
  /** What the file was when the plan was made: its length, and its time of change or its content. */
  bytes?: number | undefined
  modified?: string | undefined
  sha256?: string | undefined
}

export interface Task {
  /** The hash of the inputs, the options and the version of the package. */
  id: string
  level: number
  /** Its position within the level. */
  index: number
  /** The shard's URI or query, or outputs of the level below, in the sequence of their positions. */
  inputs: string[]
  /** The file to write, relative to the folder of the plan. */
  output: string
}

export interface PlanOptions {
  read: Pick<RowsOptions, 'columns' | 'weights' | 'header' | 'text' | 'missing' | 'dropMissing'>
  compress: Pick<CompressOptions, 'order' | 'scale' | 'quality'> & { size: number }
}

export interface Plan {
  /** The form of this file. */
  format: 1
  /** The version of the package. Another one may give other bits. */
  version: string
  options: PlanOptions
  shards: Shard[]
  /** How many tasks each level has. */
  levels: number[]
  /** Level by level. The last one makes the result. */
  tasks: Task[]
}

/** A plan as it was read from a file. Paths are absolute. */
export interface OpenPlan extends Plan {
  path: string
}

/**
 * The graph over these shards. Merges have fixed positions, each of `fanIn` neighbours: the bits of the result depend on
 * them, and shards that are added at the end leave the tasks before them as they were. `folder` is where outputs go.
 */
export function makePlan(shards: Shard[], options: PlanOptions, fanIn: number, folder: string): Plan {
  const version = packageVersion()
  const levels: number[] = []
  const tasks: Task[] = []
  const add = (level: number, index: number, isLast: boolean, inputs: string[], content: unknown) => {
    const id = hash({ version, options, isLast, content })
    const task = { id, level, index, inputs, output: join(folder, `${id.slice(0, 32)}.parquet`) }
    tasks.push(task)
    return task
  }
  let below = shards.map((shard, index) =>
    add(0, index, shards.length === 1, [shard.uri ?? shard.sql ?? ''], { shard, index }),
  )
  levels.push(below.length)
  for (let level = 1; below.length > 1; level++) {
    const count = Math.ceil(below.length / fanIn)
    below = Array.from({ length: count }, (_, index) => {
      const parts = below.slice(index * fanIn, (index + 1) * fanIn)
      const inputs = parts.map(({ output }) => output)
      return add(
        level,
        index,
        count === 1,
        inputs,
        parts.map(({ id }) => id),
      )
    })
    levels.push(count)
  }
  return { format: 1, version, options, shards, levels, tasks }
}

/** Reads a plan of this version of the package. Throws Error ERR_FILE. */
export function readPlan(path: string): OpenPlan {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw systemError(path, error)
  }
  const plan = parsed(text)
  if (plan === undefined) throw fileError(path, 'is no plan; fewpoints plan INPUT... -o FILE makes one')
  const version = packageVersion()
  if (plan.version !== version)
    throw fileError(
      path,
      `was made by version ${plan.version} and this is ${version}; make it again with fewpoints plan`,
    )
  const folder = dirname(resolve(path))
  const absolute = (place: string) => (isRemote(place) ? place : resolve(folder, place))
  const shards = plan.shards.map((shard) =>
    shard.uri === undefined ? shard : { ...shard, uri: absolute(localPath(shard.uri)) },
  )
  const tasks = plan.tasks.map((task) => ({
    ...task,
    inputs: task.level === 0 ? [shards[task.index].uri ?? task.inputs[0]] : task.inputs.map(absolute),
    output: absolute(task.output),
  }))
  return { ...plan, shards, tasks, path: resolve(path) }
}

function parsed(text: string): Plan | undefined {
  try {
    const plan = JSON.parse(text) as Plan
    const { format, version, shards, tasks, levels } = plan
    const isPlan = format === 1 && typeof version === 'string' && [shards, tasks, levels].every(Array.isArray)
    return isPlan && tasks.length > 0 ? plan : undefined
  } catch {
    return undefined
  }
}

/** The task that makes the result. */
export function lastTask(plan: Plan): Task {
  return plan.tasks[plan.tasks.length - 1]
}

/** A shard in messages. */
export function nameOf({ shards }: Plan, index: number): string {
  return shards[index].uri ?? `the query of shard ${index}`
}

/** The number among all tasks of one of a level. */
export function firstOfLevel(plan: Plan, level: number): number {
  return plan.levels.slice(0, level).reduce((sum, count) => sum + count, 0)
}

/** Per task, the numbers of the tasks whose outputs it reads. */
export function dependencies({ tasks }: Plan): number[][] {
  const maker = new Map(tasks.map(({ output }, number) => [output, number]))
  return tasks.map(({ level, inputs }) => (level === 0 ? [] : inputs.map((input) => maker.get(input) as number)))
}

/**
 * The numbers of the tasks that are still to do for the result, ascending. What lies below an output that is there is not
 * asked for, so such files may have been deleted.
 */
export async function tasksToDo(plan: Plan, isThere: (output: string) => Promise<boolean>): Promise<number[]> {
  const below = dependencies(plan)
  const missing = new Set<number>()
  const check = async (number: number): Promise<void> => {
    if (await isThere(plan.tasks[number].output)) return
    missing.add(number)
    for (const input of below[number]) await check(input)
  }
  await check(plan.tasks.length - 1)
  return [...missing].sort((a, b) => a - b)
}

/** Steps before the last one keep all that the last one will keep, in four or eight times as many rows. */
export function summaryOptions(options: PlanOptions['compress']): Omit<CompressorOptions, 'dimension'> {
  return { ...options, order: options.order ?? 'auto', summary: true }
}

/** Whether DuckDB reads it: anything with a scheme that is not file:. */
export function isRemote(uri: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(uri) && !uri.startsWith('file:')
}

export function localPath(uri: string): string {
  return uri.startsWith('file:') ? fileURLToPath(uri) : uri
}

/** The folder of outputs beside a plan, when none is given. */
export function defaultFolder(planPath: string): string {
  return `${basename(planPath, extname(planPath))}-out`
}

function hash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** JSON with the names of each object in alphabetical order, without those that are undefined. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`)
  return `{${fields.join(',')}}`
}
