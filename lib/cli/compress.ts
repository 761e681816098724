// fewpoints compress: a file of points in, a small file with the same moments out.
import { type CompressOptions, compress, momentCount } from '../index.js'
import { checkTarget } from '../io/atomic.js'
import { STDIN } from '../io/bytes.js'
import { OUTPUT_ENDINGS, outputFormat } from '../io/format.js'
import { writeCompressed } from '../io/write.js'
import { CliError, EXIT, step } from './exit.js'
import { type ProgressBar, progressBar } from './progress.js'
import {
  bytes,
  compensatedSum,
  EPSILON,
  epsilons,
  listing,
  milliseconds,
  names,
  note,
  printJson,
  short,
  whole,
} from './report.js'
import { readSelection } from './selection.js'
import type { TextCommand } from './text-options.js'

export interface CompressCommand extends TextCommand {
  output: string
  /** Absent: chosen, for `size` points. */
  order?: number | 'auto' | undefined
  quality: CompressOptions['quality']
  size?: number | undefined
  columns?: string[] | undefined
  weights?: string | undefined
  threads?: number | undefined
  scale: 'standard' | 'none' | number[]
  dropMissing: boolean
  force: boolean
  json: boolean
  quiet: boolean
}

/** Reads, compresses, writes and reports. Throws CliError, or the library's errors; then there is no output file. */
export async function compressCommand(input: string, command: CompressCommand, signal: AbortSignal): Promise<void> {
  const bar = progressBar(!command.quiet)
  const summary = await compressFile(input, command, signal, bar).finally(bar.stop)
  if (command.json) printJson(summary)
  else if (!command.quiet) process.stdout.write(describe(summary))
}

async function compressFile(input: string, command: CompressCommand, signal: AbortSignal, bar: ProgressBar) {
  const start = performance.now()
  const format = outputFormat(command.output)
  if (command.output === STDIN)
    throw new CliError(
      EXIT.usage,
      '-: the result cannot be written to standard output; --output needs the name of a file',
    )
  if (format === undefined) {
    throw new CliError(EXIT.usage, `${command.output}: the name must end in one of ${OUTPUT_ENDINGS.join(', ')}`)
  }
  const target = await step(EXIT.output, () =>
    checkTarget(command.output, { inputs: input === STDIN ? [] : [input], force: command.force }),
  )

  const onProgress = (done: number, total: number) => bar.update('read', done, total)
  const { selection } = await step(EXIT.input, () => readSelection(input, command, command, { signal, onProgress }))
  for (const text of selection.notes) note(text, command.quiet)
  const read = performance.now()

  const { points, weights, names: columns } = selection
  const result = await compress(points, {
    dimension: columns.length,
    weights,
    order: command.order,
    size: command.size,
    quality: command.quality,
    threads: command.threads,
    scale: command.scale,
    signal,
    onProgress: ({ done, total, stage }) => bar.update(stage, done, total),
  })
  const compressed = performance.now()
  const order = result.order as number // blocks are not given here

  bar.update('write', 0, 1)
  const rows = selection.rows ? result.indices.map((index) => (selection.rows as Uint32Array)[index]) : result.indices
  const set = { names: columns, points: result.points, weights: result.weights, rows }
  const facts = { order, sourceWeight: selection.weightColumn, dropMissing: selection.dropped > 0 }
  const fileSize = await step(EXIT.output, () => writeCompressed(target, format, set, facts, signal))
  const end = performance.now()

  const totals = {
    before: weights === undefined ? selection.count : compensatedSum(weights),
    after: compensatedSum(result.weights),
  }
  return {
    command: 'compress',
    input,
    output: command.output,
    format,
    bytes: fileSize,
    columns,
    weights: selection.weightColumn,
    rows: selection.count + selection.dropped,
    dropped: selection.dropped,
    points: result.count,
    order,
    moments: momentCount(columns.length, order),
    cells: result.cells,
    cellsKeepingLess: result.cellsKeepingLess,
    threads: result.threads,
    residual: result.residual,
    residualEpsilons: result.residual / EPSILON,
    totalWeight: totals.before,
    totalWeightEpsilons: Math.abs(totals.after - totals.before) / totals.before / EPSILON,
    milliseconds: {
      read: read - start,
      partition: result.elapsed.partition,
      recombine: result.elapsed.recombine,
      compress: compressed - read,
      write: end - compressed,
      total: end - start,
    },
  }
}

/** The residual that compress() aims at. Harder input is returned with a larger one, until more than half of the digits would be lost. */
const AIM = 50 * EPSILON

type Summary = Awaited<ReturnType<typeof compressFile>>

function describe(summary: Summary): string {
  const { rows, dropped, points, milliseconds: time } = summary
  const used = rows - dropped
  return listing([
    ['rows', `${whole(rows)} in ${summary.input}`],
    ...(dropped > 0 ? [['left out', `${whole(dropped)} rows with missing values`] as const] : []),
    ['columns', names(summary.columns)],
    ['weights', summary.weights ?? 'all 1'],
    ['points kept', `${whole(points)}, one of ${short(Number((used / points).toPrecision(3)))}`],
    [
      'order',
      `${summary.order}: ${whole(summary.moments)} moments or more in each of ${whole(summary.cells)} ${summary.cells === 1 ? 'cell' : 'cells'}`,
    ],
    ...(summary.cellsKeepingLess > 0
      ? [
          [
            'less kept',
            `${whole(summary.cellsKeepingLess)} cells keep only the moments of this order to full accuracy`,
          ] as const,
        ]
      : []),
    [
      'residual',
      epsilons(summary.residual) +
        (summary.residual > AIM ? ', not within 50: try a larger size or a lower order' : ''),
    ],
    [
      'total weight',
      `${short(summary.totalWeight)}, kept to ${Number(summary.totalWeightEpsilons.toPrecision(3))} epsilons`,
    ],
    [
      'time',
      `${milliseconds(time.total)}: read ${milliseconds(time.read)}, compress ${milliseconds(time.compress)} ` +
        `(partition ${milliseconds(time.partition)}, recombine ${milliseconds(time.recombine)}, ` +
        `threads ${summary.threads}), write ${milliseconds(time.write)}`,
    ],
    ['output', `${summary.output}, ${bytes(summary.bytes)}`],
  ])
}
