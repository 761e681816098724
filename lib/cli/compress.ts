// fewpoints compress: files of points in, a small file with the same moments out.
import { STDIN as PIPE, pathName } from '../io/bytes.js'
import { packageVersion } from '../native/version.js'
import { orderFacts } from './blocks.js'
import { Checkpoint, inputIdentity } from './checkpoint.js'
import { bearingOptions, type CompressCommand, checkFormat, checkStreamed, checkWords } from './compress-options.js'
import { CliError, EXIT, step } from './exit.js'
import { compressInMemory } from './in-memory.js'
import { expandInputs, isPipe } from './inputs.js'
import type { Outcome } from './outcome.js'
import { contentOf, openOutput } from './output.js'
import { type ProgressBar, progressBar } from './progress.js'
import { printJson, whole } from './report.js'
import { compressStreamed, type StreamedOutcome } from './streamed.js'
import { describe, summaryOf } from './summary.js'
import { chooseWay } from './way.js'

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
  if (way.streams) checkStreamed(command, way.reason)
  const outcome: Outcome & Partial<StreamedOutcome> = way.streams
    ? await compressStreamed(paths, command, signal, bar, checkpoint, earlier, way.inMemory)
    : await compressInMemory((paths as string[])[0], command, signal, bar)

  const end = performance.now()
  bar.update('write', 0, 1)
  const { columns: names, result, rows, kept, weightColumn: sourceWeight, dropped } = outcome
  const set = { names, points: result.points, weights: result.weights, rows, kept }
  const facts = { ...orderFacts(result.order, names), sourceWeight, dropMissing: dropped > 0 }
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

async function openCheckpoint(paths: readonly string[], command: CompressCommand): Promise<Checkpoint | undefined> {
  if (command.checkpoint === undefined) return undefined
  const pipes = await Promise.all(paths.map(isPipe))
  const pipe = paths[pipes.indexOf(true)]
  if (pipe !== undefined)
    throw new CliError(EXIT.usage, `${pathName(pipe)}: is a pipe, which cannot be read again; --checkpoint needs files`)
  const options = bearingOptions(command)
  const inputs = await step(EXIT.input, () => Promise.all(paths.map(inputIdentity)))
  return new Checkpoint(
    command.checkpoint,
    { version: packageVersion(), options, inputs },
    1000 * command.checkpointEvery,
  )
}
