// fewpoints compress: files of points in, a small file with the same moments out.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompressOptions } from '../index.js'
import { STDIN as PIPE, pathName } from '../io/bytes.js'
import type { OutputFormat } from '../io/format.js'
import { PACKAGE_ROOT } from '../native/addon.js'
import { Checkpoint, inputIdentity } from './checkpoint.js'
import { CliError, EXIT, step } from './exit.js'
import { compressInMemory } from './in-memory.js'
import { expandInputs, isPipe } from './inputs.js'
import type { Outcome } from './outcome.js'
import { contentOf, type Output, type OutputCommand, openOutput } from './output.js'
import { type ProgressBar, progressBar } from './progress.js'
import { printJson, whole } from './report.js'
import { compressStreamed, type StreamedOutcome } from './streamed.js'
import { describe, summaryOf } from './summary.js'
import type { TextCommand } from './text-options.js'
import { chooseWay } from './way.js'

export interface CompressCommand extends TextCommand, OutputCommand {
  /** Absent: chosen, for `size` points. */
  order?: number | 'auto' | undefined
  quality: CompressOptions['quality']
  size?: number | undefined
  columns?: string[] | undefined
  weights?: string | undefined
  threads?: number | undefined
  scale: 'standard' | 'none' | number[]
  dropMissing: boolean
  format?: OutputFormat | undefined
  /** A query instead of files. */
  sql?: string | undefined
  /** Other columns, whose values are carried along with the kept rows. */
  keepColumns?: string[] | undefined
  /** The ceiling for the memory of the process, in bytes. */
  memory?: number | undefined
  checkpoint?: string | undefined
  /** Seconds between two checkpoints. */
  checkpointEvery: number
  /** Whether progress is also told where stderr is no terminal. */
  progress: boolean
  json: boolean
  quiet: boolean
}

/** Reads, compresses, writes and reports. Throws CliError, or the library's errors; then there is no output file. */
export async function compressCommand(
  words: readonly string[],
  command: CompressCommand,
  signal: AbortSignal,
): Promise<void> {
  const bar = progressBar(!command.quiet, command.progress)
  const { summary, stream } = await compressInputs(words, command, signal, bar).finally(bar.stop)
  if (command.json) printJson(summary, stream)
  else if (!command.quiet) stream.write(describe(summary))
}

async function compressInputs(
  words: readonly string[],
  command: CompressCommand,
  signal: AbortSignal,
  bar: ProgressBar,
) {
  const start = performance.now()
  checkWords(words, command)
  const paths = command.sql === undefined ? await expandInputs(words) : undefined
  const checkpoint = paths && (await openCheckpoint(paths, command))
  const earlier = await checkpoint?.load()
  const output = await openOutput(
    command,
    (paths ?? []).filter((path) => path !== PIPE),
    earlier?.output,
  )
  checkFormat(output, command)

  const way = await chooseWay(paths, command)
  const outcome: Outcome & Partial<StreamedOutcome> = way.streams
    ? await compressStreamed(paths, command, signal, bar, checkpoint, earlier)
    : await compressInMemory((paths as string[])[0], command, signal, bar)

  const end = performance.now()
  bar.update('write', 0, 1)
  const { columns: names, result, rows, kept, weightColumn: sourceWeight, dropped } = outcome
  const set = { names, points: result.points, weights: result.weights, rows, kept }
  const facts = { order: result.order as number, sourceWeight, dropMissing: dropped > 0 }
  const content = await contentOf(output.format, set, facts)
  if (outcome.progress !== undefined) await checkpoint?.save({ ...outcome.progress, output: content.hash })
  const bytes = await output.write(content, signal)
  await checkpoint?.remove()

  const now = performance.now()
  const input = inputText(paths, command.sql)
  const { name, format } = output
  const summary = summaryOf(outcome, { input, output: name, format, bytes, way, total: now - start, write: now - end })
  return { summary, stream: output.summary }
}

function inputText(paths: readonly string[] | undefined, sql: string | undefined): string {
  if (paths === undefined) return sql as string
  return paths.length === 1 ? paths[0] : `${whole(paths.length)} files`
}

/** Combinations of words and options that make no sense. Throws CliError. */
function checkWords(
  words: readonly string[],
  { sql, columns, weights, keepColumns, checkpoint, output }: CompressCommand,
): void {
  const wrong = (message: string) => new CliError(EXIT.usage, message)
  if (sql === undefined && words.length === 0) throw wrong('an input must be given: files, patterns, - or --sql')
  if (sql !== undefined && words.length > 0)
    throw wrong(`--sql takes the place of input files, and ${words[0]} is given`)
  if (sql !== undefined && checkpoint !== undefined)
    throw wrong('--checkpoint needs files: a query cannot be gone on with in the middle')
  const twice = keepColumns?.find((name) => columns?.includes(name) || name === weights)
  if (twice !== undefined) throw wrong(`--keep-columns has '${twice}', which is a coordinate or the weights`)
  if (checkpoint !== undefined && checkpoint === output) throw wrong('--checkpoint and --output name the same file')
}

function checkFormat({ format, name }: Output, { keepColumns }: CompressCommand): void {
  if (format === 'npy' && keepColumns !== undefined)
    throw new CliError(EXIT.usage, `${name}: NPY has no room for --keep-columns; choose another format`)
}

/** The options of the command line that bear on the result, in the sequence in which a difference is told. */
const BEARING = [
  'columns',
  'weights',
  'order',
  'size',
  'quality',
  'scale',
  'dropMissing',
  'keepColumns',
  'memory',
] as const
const BEARING_TEXT = ['header', 'delimiter', 'decimal', 'comment', 'skip', 'missing'] as const

async function openCheckpoint(paths: readonly string[], command: CompressCommand): Promise<Checkpoint | undefined> {
  if (command.checkpoint === undefined) return undefined
  const pipes = await Promise.all(paths.map(isPipe))
  const pipe = paths[pipes.indexOf(true)]
  if (pipe !== undefined)
    throw new CliError(EXIT.usage, `${pathName(pipe)}: is a pipe, which cannot be read again; --checkpoint needs files`)
  const names = [...BEARING, ...BEARING_TEXT]
  const options = Object.fromEntries(names.map((name) => [dashed(name), command[name]]))
  const inputs = await step(EXIT.input, () => Promise.all(paths.map(inputIdentity)))
  return new Checkpoint(command.checkpoint, { version: version(), options, inputs }, 1000 * command.checkpointEvery)
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function version(): string {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version
}
