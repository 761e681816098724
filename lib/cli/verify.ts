// fewpoints verify: are the moments of a compressed file those of the original, and are its rows rows of the original?
import { compensatedSum } from '../compensated-sum.js'
import { verify } from '../index.js'
import { pathName, STDIN } from '../io/bytes.js'
import { columnFinder } from '../io/choose.js'
import { readTable } from '../io/read.js'
import type { Column, Table } from '../io/table.js'
import { float64s } from '../native/memory.js'
import { orderBlocksOf, orderText } from './blocks.js'
import { compressedColumns, compressedValues } from './compressed-file.js'
import { CliError, EXIT, step } from './exit.js'
import { type ProgressBar, progressBar } from './progress.js'
import { EPSILON, epsilons, listing, milliseconds, names, note, printJson, short, textTable, whole } from './report.js'
import { readSelection, type Selection } from './selection.js'
import type { TextCommand } from './text-options.js'

export interface VerifyCommand extends TextCommand {
  order?: number | undefined
  columns?: string[] | undefined
  weights?: string | undefined
  /** In machine epsilons. */
  tolerance: number
  dropMissing: boolean
  threads?: number | undefined
  json: boolean
  quiet: boolean
}

/**
 * `files`: the original, or all its files in sequence; the last one is the compressed file. Reports, and throws CliError with
 * exit code 1 when the sets differ.
 */
export async function verifyCommand(
  files: readonly string[],
  command: VerifyCommand,
  signal: AbortSignal,
): Promise<void> {
  const compressed = files.at(-1) as string
  const originals = files.slice(0, -1)
  if (originals.length === 0)
    throw new CliError(
      EXIT.usage,
      `two files at least are expected, the original and what was made of it, got ${compressed}`,
    )
  const bar = progressBar(!command.quiet)
  const { report, rows } = await compare(originals, compressed, command, signal, bar).finally(bar.stop)
  if (command.json) printJson(report)
  else if (!command.quiet) process.stdout.write(describe(report))
  if (!report.ok) throw new CliError(EXIT.differs, whatDiffers(report, rows))
}

async function compare(
  originals: readonly string[],
  compressed: string,
  command: VerifyCommand,
  signal: AbortSignal,
  bar: ProgressBar,
) {
  const { quiet, threads } = command
  const start = performance.now()
  const onProgress = (done: number, total: number) => bar.update('read', done, total)
  if ([...originals, compressed].filter((path) => path === STDIN).length > 1)
    throw new CliError(EXIT.usage, 'one of the files can be standard input, not several')
  // The options for text tables are for the original. Files that compress writes have names.
  const header = command.header || undefined
  const few = await step(EXIT.input, () => readTable(compressed, { header, signal, onProgress }))
  const order = command.order ?? few.meta?.order
  if (order === undefined) {
    throw new CliError(EXIT.usage, `--order must be given: ${compressed} does not say with which order it was made`)
  }
  const roles = compressedColumns(pathName(compressed), few)
  const points = command.columns?.map(columnFinder(compressed, few)) ?? roles.points
  // Without names in the compressed file, its columns are the number columns of the original, in sequence.
  const wanted = command.columns ?? (few.named ? points.map(({ name }) => name) : undefined)
  const weights = command.weights ?? few.meta?.sourceWeight ?? undefined
  const dropMissing = command.dropMissing || few.meta?.dropMissing === true
  const parts: Part[] = []
  for (const original of originals) {
    const part = await step(EXIT.input, () =>
      readSelection(original, { columns: wanted, weights, dropMissing }, command, { signal, onProgress }),
    )
    if (part.selection.names.length !== points.length) {
      const found = `${original} has ${part.selection.names.length} number columns, ${compressed} has ${points.length}`
      throw new CliError(EXIT.usage, `${found}; --columns says which are meant`)
    }
    for (const text of part.selection.notes) note(text, quiet)
    parts.push(part)
  }
  const selection = together(parts)

  const own = points.map(({ name }) => name)
  const blocks = command.order === undefined ? few.meta?.blocks : undefined
  // Blocks of columns that are not compared are not there.
  const kept = blocks?.every(({ columns }) => columns.every((name) => own.includes(name))) ? blocks : undefined
  const newPoints = compressedValues(compressed, points, few.rows)
  const newWeights = compressedValues(compressed, [roles.weight], few.rows)
  const { residual, perOrder } = await verify(
    { points: selection.points, dimension: points.length, weights: selection.weights },
    { points: newPoints, dimension: points.length, weights: newWeights },
    {
      order: kept === undefined ? order : orderBlocksOf(kept, own),
      threads,
      signal,
      onProgress: ({ done, total, stage }) => bar.update(stage, done, total),
    },
  )
  const numbers = roles.row && compressedValues(compressed, [roles.row], few.rows)
  const place = numbers && placesOf(numbers, roles.carried.find(({ name }) => name === 'source')?.values, parts)
  const rows = place && compareRows(parts, points, few.rows, place)

  const before = selection.weights === undefined ? selection.count : compensatedSum(selection.weights)
  const after = compensatedSum(newWeights)
  const isSame = residual <= command.tolerance * EPSILON && (rows === undefined || rows.different === 0)
  const report = {
    command: 'verify',
    original: originals.length === 1 ? originals[0] : `${whole(originals.length)} files`,
    originals,
    compressed,
    ok: isSame,
    columns: selection.names,
    weights: selection.weightColumn,
    rows: parts.reduce((sum, { table }) => sum + table.rows, 0),
    dropped: selection.dropped,
    points: few.rows,
    order,
    blocks: kept ?? null,
    residual,
    residualEpsilons: residual / EPSILON,
    perOrder,
    tolerance: command.tolerance * EPSILON,
    toleranceEpsilons: command.tolerance,
    totalWeight: { original: before, compressed: after },
    rowsDifferent: rows?.different ?? null,
    milliseconds: performance.now() - start,
  }
  return { report, rows }
}

type Report = Awaited<ReturnType<typeof compare>>['report']

interface RowComparison {
  different: number
  /** The first row of the compressed file that differs from the row of the original that it names. */
  first: number
}

interface Part {
  table: Table
  selection: Selection
}

/** All parts as one set. */
function together(
  parts: readonly Part[],
): Pick<Selection, 'names' | 'points' | 'weights' | 'weightColumn' | 'count' | 'dropped'> {
  const [{ selection }] = parts
  if (parts.length === 1) return selection
  const { names, weightColumn } = selection
  const sum = (of: (one: Selection) => number) => parts.reduce((total, part) => total + of(part.selection), 0)
  const count = sum((one) => one.count)
  const points = float64s(count * names.length)
  const weights = parts.some((part) => part.selection.weights !== undefined) ? float64s(count).fill(1) : undefined
  let at = 0
  for (const { selection: one } of parts) {
    points.set(one.points, at * names.length)
    if (one.weights !== undefined) weights?.set(one.weights, at)
    at += one.count
  }
  return { names, points, weights, weightColumn, count, dropped: sum((one) => one.dropped) }
}

type Place = (i: number) => [part: number, row: number]

/**
 * Where the rows of the compressed file lie. With a column `source` they are numbered by source, and the originals must be
 * these sources; undefined when there is only one original. Otherwise they are numbered through all originals.
 */
function placesOf(
  rows: Float64Array,
  sources: ArrayLike<unknown> | undefined,
  parts: readonly Part[],
): Place | undefined {
  if (sources !== undefined) return parts.length === 1 ? undefined : (i) => [Number(sources[i]), rows[i]]
  let first = 0
  const firsts = parts.map(({ table }) => {
    const here = first
    first += table.rows
    return here
  })
  return (i) => {
    const part = Math.max(
      0,
      firsts.findLastIndex((start) => start <= rows[i]),
    )
    return [part, rows[i] - firsts[part]]
  }
}

/** The kept rows must be rows of the original, bit for bit. */
function compareRows(parts: readonly Part[], points: readonly Column[], count: number, place: Place): RowComparison {
  const columns = parts.map(({ table, selection }) => {
    const byName = new Map(table.columns.map(({ name, values }) => [name, values]))
    return selection.names.map((name) => byName.get(name) as Float64Array)
  })
  const result: RowComparison = { different: 0, first: -1 }
  for (let i = 0; i < count; i++) {
    const [part, row] = place(i)
    // A wrong number of a row or a part gives undefined, which equals no value.
    const isSame = points.every((column, j) => Object.is(columns[part]?.[j][row], column.values?.[i]))
    if (isSame) continue
    result.different++
    if (result.first === -1) result.first = i
  }
  return result
}

function describe(report: Report): string {
  const { totalWeight, rowsDifferent, points } = report
  const rowsText = {
    none: 'not compared: there is no column of source rows, or it needs all sources',
    same: `${whole(points)} of ${whole(points)} are rows of the original, bit for bit`,
    different: `${whole(rowsDifferent ?? 0)} of ${whole(points)} are not rows of the original`,
  }[rowsDifferent === null ? 'none' : rowsDifferent === 0 ? 'same' : 'different']
  const list = listing([
    ['original', `${whole(report.rows - report.dropped)} rows of ${report.original}`],
    ...(report.dropped > 0 ? [['left out', `${whole(report.dropped)} rows with missing values`] as const] : []),
    ['compressed', `${whole(points)} points of ${report.compressed}`],
    ['columns', names(report.columns)],
    ['weights', report.weights ?? 'all 1'],
    ['total weight', `${short(totalWeight.original)} and ${short(totalWeight.compressed)}`],
    ['rows', rowsText],
    ['residual', `${epsilons(report.residual)}, at most ${report.toleranceEpsilons} allowed`],
    ['time', milliseconds(report.milliseconds)],
    ['result', report.ok ? `same moments ${momentsText(report)}` : 'DIFFERENT'],
  ])
  const perOrder = [...report.perOrder].map((value, degree) => [String(degree), epsilons(value)])
  return `${list}\n${textTable(['degree', 'largest difference of a moment'], perOrder)}`
}

function momentsText({ order, blocks }: Report): string {
  return blocks === null ? `up to order ${order}` : `of degree ${orderText({ order, blocks })}`
}

function whatDiffers(report: Report, rows: RowComparison | undefined): string {
  const { compressed, residual, perOrder, toleranceEpsilons, totalWeight } = report
  const parts: string[] = []
  if (!(residual <= toleranceEpsilons * EPSILON)) {
    const degree = perOrder.findIndex((value) => !(value <= toleranceEpsilons * EPSILON))
    const size = Number((residual / EPSILON).toPrecision(3))
    parts.push(
      `moments from degree ${degree} on differ, by up to ${size} machine epsilons, more than ${toleranceEpsilons}`,
    )
    if (Math.abs(totalWeight.compressed / totalWeight.original - 1) > 1e-6) {
      const totals = `${short(totalWeight.original)} and ${short(totalWeight.compressed)}`
      parts.push(`the total weights are ${totals}: are the original's --weights missing or wrong?`)
    }
  }
  if (rows !== undefined && rows.different > 0) {
    parts.push(`row ${rows.first} (and ${whole(rows.different - 1)} more) is not the row of the original that it names`)
  }
  return `${compressed}: ${parts.join('; ')}`
}
