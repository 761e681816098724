// fewpoints merge: compressed files in, one with the moments of all together out.
import { compensatedSum } from '../compensated-sum.js'
import { type CompressOptions, type Merged, merge, momentCount, type SetToMerge, type Support } from '../index.js'
import { STDIN as PIPE, pathName } from '../io/bytes.js'
import type { KeptColumn } from '../io/kept.js'
import type { FileMeta } from '../io/meta.js'
import { readTable } from '../io/read.js'
import { compressedColumns, compressedValues } from './compressed-file.js'
import { CliError, EXIT, step } from './exit.js'
import { expandInputs } from './inputs.js'
import { gatherValues } from './outcome.js'
import { contentOf, type OutputCommand, openOutput } from './output.js'
import { type ProgressBar, progressBar } from './progress.js'
import { bytes, EPSILON, epsilons, listing, milliseconds, names, note, printJson, short, whole } from './report.js'
import { checkFreeFormat, freeText, supportFacts } from './support.js'

export interface MergeCommand extends OutputCommand {
  order?: number | 'auto' | undefined
  size?: number | undefined
  support: Support
  quality: CompressOptions['quality']
  threads?: number | undefined
  scale: 'standard' | 'none' | number[]
  json: boolean
  quiet: boolean
}

/** The column that tells from which of the merged files a point comes. */
const SOURCE = 'source'

/** Reads, merges, writes and reports. Throws CliError, or the library's errors; then there is no output file. */
export async function mergeCommand(
  words: readonly string[],
  command: MergeCommand,
  signal: AbortSignal,
): Promise<void> {
  const bar = progressBar(!command.quiet)
  const { summary, stream } = await mergeFiles(words, command, signal, bar).finally(bar.stop)
  if (command.json) printJson(summary, stream)
  else if (!command.quiet) stream.write(describe(summary))
}

async function mergeFiles(words: readonly string[], command: MergeCommand, signal: AbortSignal, bar: ProgressBar) {
  const start = performance.now()
  const paths = await expandInputs(words)
  const output = await openOutput(
    command,
    paths.filter((path) => path !== PIPE),
  )
  const { size, support, threads, scale, quality } = command
  checkFreeFormat(output, support)
  const files: CompressedFile[] = []
  for (const path of paths) {
    bar.update('read', files.length, paths.length)
    files.push(await step(EXIT.input, () => readCompressed(path, files[0], signal)))
  }
  const columns = files[0].columns
  const order = command.order ?? lowestOrder(files)

  const watch = { signal, onProgress: ({ done, total, stage }: Watched) => bar.update(stage, done, total) }
  const options = { dimension: columns.length, order, size, support, threads, scale, quality, ...watch }
  const result = await merge(files.map(setOf), options)
  if (typeof order === 'number' && (result.order as number) < order) {
    const least = files.find(({ meta }) => meta?.order === result.order)
    note(`the result keeps moments up to order ${result.order}: ${least?.path} keeps no more`, command.quiet)
  }

  const set = {
    names: columns,
    points: result.points,
    weights: result.weights,
    ...(result.indices === undefined
      ? { rows: undefined, kept: [] }
      : { rows: rowsOf(files, result), kept: await carriedColumns(files, result, signal) }),
  }
  const lacksRoom = { npy: 'NPY', safetensors: 'safetensors' }[output.format as string]
  if (lacksRoom !== undefined)
    note(`${lacksRoom} has no room for the columns that tell where points come from`, command.quiet)
  const metas = files.flatMap(({ meta }) => meta ?? [])
  const facts = {
    order: result.order as number,
    sourceWeight: metas.every(({ sourceWeight }) => sourceWeight === metas[0].sourceWeight)
      ? (metas[0]?.sourceWeight ?? null)
      : null,
    dropMissing: metas.some(({ dropMissing }) => dropMissing),
  }
  const fileSize = await output.write(await contentOf(output.format, set, facts), signal)
  const before = compensatedSum(files.map(({ weights }) => compensatedSum(weights)))
  const summary = {
    command: 'merge',
    inputs: files.map(({ path, count, meta }) => ({ path, points: count, order: meta?.order ?? null })),
    output: output.name,
    format: output.format,
    bytes: fileSize,
    columns,
    kept: set.kept.map(({ name }) => name),
    points: result.count,
    cells: result.cells,
    ...supportFacts(result),
    order: facts.order,
    moments: momentCount(columns.length, facts.order),
    residual: result.residual,
    residualEpsilons: result.residual / EPSILON,
    totalWeight: before,
    totalWeightEpsilons: Math.abs(compensatedSum(result.weights) - before) / before / EPSILON,
    milliseconds: performance.now() - start,
  }
  return { summary, stream: output.summary }
}

interface Watched {
  done: number
  total: number
  stage: string
}

interface CompressedFile {
  path: string
  count: number
  columns: string[]
  points: Float64Array
  weights: Float64Array
  /** The source rows. Undefined in files from elsewhere. */
  rows: Float64Array | undefined
  carried: string[]
  meta: FileMeta | undefined
}

/** Its columns are those of the first file, in the same sequence. Throws CliError. */
async function readCompressed(
  path: string,
  first: CompressedFile | undefined,
  signal: AbortSignal,
): Promise<CompressedFile> {
  const table = await readTable(path, { signal })
  const name = pathName(path)
  const { points, weight, row, carried } = compressedColumns(name, table)
  const own = points.map((column) => column.name)
  const columns = first?.columns ?? own
  const missing = columns.filter((column) => !own.includes(column))
  if (missing.length > 0 || own.length !== columns.length) {
    const here = `${names(own)}${table.named ? '' : ' (without names)'}`
    throw new CliError(
      EXIT.input,
      `${name}: its columns are ${here}, and those of ${first?.path} are ${names(columns)}`,
    )
  }
  const inSequence = columns.map((column) => points[own.indexOf(column)])
  return {
    path,
    count: table.rows,
    columns,
    points: compressedValues(name, inSequence, table.rows),
    weights: compressedValues(name, [weight], table.rows),
    rows: row && compressedValues(name, [row], table.rows),
    carried: carried.map((column) => column.name),
    meta: table.meta,
  }
}

function setOf({ points, weights, columns, meta }: CompressedFile): SetToMerge {
  return { points, weights, dimension: columns.length, order: meta?.order }
}

function lowestOrder(files: readonly CompressedFile[]): number {
  const orders = files.flatMap(({ meta }) => meta?.order ?? [])
  if (orders.length > 0) return Math.min(...orders)
  throw new CliError(
    EXIT.usage,
    `--order must be given: ${pathName(files[0].path)} does not say with which order it was made`,
  )
}

function rowsOf(files: readonly CompressedFile[], { indices, sets }: Merged): Float64Array {
  return Float64Array.from(indices, (index, j) => files[sets[j]].rows?.[index] ?? index)
}

/** The source of each point, and the other columns that all files have, with their values. */
async function carriedColumns(
  files: readonly CompressedFile[],
  result: Merged,
  signal: AbortSignal,
): Promise<KeptColumn[]> {
  const shared = files[0].carried.filter((name) => files.every(({ carried }) => carried.includes(name)))
  const columns: KeptColumn[] = shared.includes(SOURCE) ? [] : [{ name: SOURCE, values: result.sets }]
  if (shared.length === 0) return columns
  const sets = [...result.sets]
  const found = await Promise.all(
    files.map(async ({ path, columns }, i) => {
      const rows = [...result.indices].filter((_, j) => sets[j] === i).sort((a, b) => a - b)
      const values = await gatherValues(path, { columns, keep: shared, dropMissing: true, signal }, rows)
      return { values, at: new Map(rows.map((row, j) => [row, j])) }
    }),
  )
  const carriedValue = (c: number, j: number) => {
    const { values, at } = found[sets[j]]
    return values[c].values[at.get(result.indices[j]) as number]
  }
  return [...columns, ...shared.map((name, c) => ({ name, values: sets.map((_, j) => carriedValue(c, j)) }))]
}

type Summary = Awaited<ReturnType<typeof mergeFiles>>['summary']

function describe(summary: Summary): string {
  const { inputs, points, order, moments } = summary
  const all = inputs.reduce((sum, { points }) => sum + points, 0)
  return listing([
    ['points', `${whole(all)} in ${whole(inputs.length)} ${inputs.length === 1 ? 'file' : 'files'}`],
    ['columns', names(summary.columns)],
    ...(summary.kept.length > 0 ? [['carried along', names(summary.kept)] as const] : []),
    ['points kept', whole(points)],
    ['order', `${order}: ${whole(moments)} moments or more in each cell`],
    ...(summary.freeCells === null ? [] : [['free points', freeText(summary)] as const]),
    ['residual', epsilons(summary.residual)],
    [
      'total weight',
      `${short(summary.totalWeight)}, kept to ${Number(summary.totalWeightEpsilons.toPrecision(3))} epsilons`,
    ],
    ['time', milliseconds(summary.milliseconds)],
    ['output', `${summary.output}, ${bytes(summary.bytes)}`],
  ])
}
