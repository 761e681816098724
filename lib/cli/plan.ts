// fewpoints plan: inputs in, a plan out; or a plan in, its status or a script for a scheduler out.
import { dirname, relative, resolve } from 'node:path'
import { emit, type Scheduler } from '../batch/emit.js'
import { defaultFolder, isRemote, lastTask, localPath, makePlan, type PlanOptions, readPlan } from '../batch/plan.js'
import { shardsOf } from '../batch/shards.js'
import { type PlanStatus, statusOf } from '../batch/status.js'
import { type CompressOptions, momentCount } from '../index.js'
import { checkTarget, writeAtomically } from '../io/atomic.js'
import { STDIN } from '../io/bytes.js'
import { CliError, EXIT, step } from './exit.js'
import { expandInputs } from './inputs.js'
import { listing, names, note, printJson, textTable, whole } from './report.js'
import { readOptions, type TextCommand } from './text-options.js'

export interface PlanCommand extends TextCommand {
  output?: string | undefined
  sql?: string[] | undefined
  order?: number | 'auto' | undefined
  size?: number | undefined
  columns?: string[] | undefined
  weights?: string | undefined
  scale: 'standard' | 'none' | number[]
  quality: CompressOptions['quality']
  dropMissing: boolean
  shardRows?: number | undefined
  fanIn: number
  out?: string | undefined
  hash: boolean
  force: boolean
  status: boolean
  emit?: Scheduler | undefined
  json: boolean
  quiet: boolean
}

/** Does one of the three. Throws CliError, or the library's errors. */
export async function planCommand(inputs: string[], command: PlanCommand, signal: AbortSignal): Promise<void> {
  if (command.status && command.emit !== undefined)
    throw new CliError(EXIT.usage, '--status and --emit exclude each other')
  if (command.status) await showStatus(onlyPlan(inputs, '--status'), command)
  else if (command.emit !== undefined) await emitScript(onlyPlan(inputs, '--emit'), command, signal)
  else await writePlan(inputs, command, signal)
}

function onlyPlan(inputs: string[], option: string): string {
  if (inputs.length !== 1) throw new CliError(EXIT.usage, `${option} takes one plan, not ${inputs.length}`)
  return inputs[0]
}

async function writePlan(inputs: string[], command: PlanCommand, signal: AbortSignal): Promise<void> {
  const { output, size, order, scale, quality, shardRows, fanIn, hash, dropMissing, columns, weights } = command
  if (inputs.length === 0 && command.sql === undefined)
    throw new CliError(EXIT.usage, 'an input must be given, or --sql')
  if (output === undefined) throw new CliError(EXIT.usage, '--output must be given; see fewpoints help plan')
  if (size === undefined) throw new CliError(EXIT.usage, '--size must be given; see fewpoints help plan')
  const target = await step(EXIT.output, () => checkTarget(output, { force: command.force }))

  const files = await filesAndAddresses(inputs)
  const folder = dirname(resolve(output))
  const given: PlanOptions['read'] = { ...readOptions(command), columns, weights, dropMissing }
  const { shards, read, notes } = await step(EXIT.input, () =>
    shardsOf(files, command.sql ?? [], { read: given, shardRows, hash, folder, signal }),
  )
  for (const text of notes) note(text, command.quiet)
  // As `summary` of a Compressor has it.
  const kept = (typeof order === 'number' ? 4 : 8) * size
  const cut = shards.filter(({ rows }) => rows !== undefined && rows[1] - rows[0] <= kept)
  if (cut.length > 0) {
    const which = `shards of ${whole(shardRows as number)} rows are kept whole: tasks below the last keep up to ${whole(kept)} points`
    note(`${which}; --shard-rows should be much larger`, command.quiet)
  }
  if (read.columns !== undefined && typeof order === 'number' && size < momentCount(read.columns.length, order)) {
    const least = momentCount(read.columns.length, order)
    throw new CliError(EXIT.usage, `--size ${size} is below ${least}, the number of moments of order ${order}`)
  }
  const out = command.out === undefined ? defaultFolder(output) : relative(folder, resolve(command.out))
  const plan = makePlan(shards, { read, compress: { order: order ?? 'auto', size, scale, quality } }, fanIn, out)
  await step(EXIT.output, () => writeAtomically(target, [`${JSON.stringify(plan, undefined, 1)}\n`], signal))

  const summary = {
    command: 'plan',
    output,
    shards: shards.length,
    columns: read.columns,
    weights: read.weights ?? null,
    levels: plan.levels,
    tasks: plan.tasks.length,
    result: lastTask(plan).output,
  }
  if (command.json) printJson(summary)
  else if (!command.quiet) {
    const rows: [string, string][] = [
      ['plan', output],
      ['shards', whole(shards.length)],
      ['columns', read.columns === undefined ? 'those of each shard' : names(read.columns)],
      ['weights', read.weights ?? 'all 1'],
      ['tasks', `${whole(plan.tasks.length)}: ${plan.levels.map(whole).join(' + ')}, level by level`],
      ['outputs', out],
    ]
    process.stdout.write(listing(rows))
  }
}

/** Patterns become files; addresses are DuckDB's. */
async function filesAndAddresses(inputs: readonly string[]): Promise<string[]> {
  if (inputs.includes(STDIN)) throw new CliError(EXIT.usage, '-: standard input cannot be read by several processes')
  const expanded = await Promise.all(
    inputs.map((input) => (isRemote(input) ? [input] : expandInputs([localPath(input)]))),
  )
  const files = expanded.flat()
  await expandInputs(files.filter((file) => !isRemote(file))) // none may be there twice
  return files
}

async function emitScript(path: string, command: PlanCommand, signal: AbortSignal): Promise<void> {
  const text = emit(await step(EXIT.input, () => readPlan(path)), command.emit as Scheduler)
  const { output } = command
  if (output === undefined) {
    process.stdout.write(text)
    return
  }
  await step(EXIT.output, async () => {
    const target = await checkTarget(output, { force: command.force, inputs: [path] })
    await writeAtomically(target, [text], signal)
  })
}

async function showStatus(path: string, command: PlanCommand): Promise<void> {
  const status = await statusOf(await step(EXIT.input, () => readPlan(path)))
  if (command.json) printJson(status)
  else process.stdout.write(describeStatus(status))
}

function describeStatus({ levels, result, done }: PlanStatus): string {
  const rows = levels.map(({ level, tasks, done, running, missing, progress }) => [
    String(level),
    ...[tasks, done, running, missing].map(whole),
    `${Math.floor(100 * progress)}%`,
  ])
  const table = textTable(['level', 'tasks', 'done', 'running', 'missing', 'progress'], rows)
  return `${table}\n${done ? `The result is ${result}` : 'The result is not there'}\n`
}
