// fewpoints picture: the density of a file beside the points that were kept of it.
import { basename, extname } from 'node:path'
import { checkTarget, type Target, writeAtomically } from '../io/atomic.js'
import { pathName, STDIN } from '../io/bytes.js'
import { readTable } from '../io/read.js'
import { openRows, type Rows } from '../io/rows.js'
import type { Column, Table } from '../io/table.js'
import { Counter, cellsFor, type PlotColumn } from '../plot/histogram.js'
import { labelled, page, resized } from '../plot/page.js'
import { type KeptPoints, keptOutside } from '../plot/panels.js'
import { MOST_COLUMNS, type PictureData, pictureOf, resolution } from '../plot/picture.js'
import { type Range, RangeFinder, type RangeKind } from '../plot/range.js'
import { openRenderer, type Renderer } from '../plot/render.js'
import { compressedColumns, compressedValues } from './compressed-file.js'
import { CliError, EXIT, step } from './exit.js'
import { type ProgressBar, progressBar } from './progress.js'
import { bytes, compensatedSum, listing, milliseconds, names, note, printJson, short, whole } from './report.js'
import { columnFinder } from './selection.js'
import { readOptions, type TextCommand } from './text-options.js'

export interface PictureCommand extends TextCommand {
  output: string
  columns?: string[] | undefined
  weights?: string | undefined
  /** Titles of the axes, in the sequence of the columns; one more is for the weights. */
  labels?: string[] | undefined
  range: RangeKind
  /** Pixels. */
  width?: number | undefined
  dropMissing: boolean
  force: boolean
  json: boolean
  quiet: boolean
}

const ENDINGS = ['.svg', '.png', '.html']

/** Reads both files, draws, writes and reports. Throws CliError, or the library's errors; then there is no output file. */
export async function pictureCommand(
  original: string,
  compressed: string,
  command: PictureCommand,
  signal: AbortSignal,
): Promise<void> {
  const bar = progressBar(!command.quiet)
  const summary = await drawFiles(original, compressed, command, signal, bar).finally(bar.stop)
  if (command.json) printJson(summary)
  else if (!command.quiet) process.stdout.write(describe(summary))
}

async function drawFiles(
  original: string,
  compressed: string,
  command: PictureCommand,
  signal: AbortSignal,
  bar: ProgressBar,
) {
  const start = performance.now()
  const { ending, target, renderer } = await prepare(original, compressed, command)
  const few = await readKept(compressed, command, signal)
  const counted = await countOriginal(original, few, command, signal, bar)
  bar.update('draw', 0, 1)
  const data = dataOf(original, compressed, few, counted)
  const picture = pictureOf(data)
  const label = picture.parts.map((part) => part.label).join(' ')
  const { title, remarks } = data

  let content: string | Uint8Array
  if (ending === '.html') {
    const parts = picture.parts.map(async (part) => ({ ...part, svg: await renderer.svg(part.specification) }))
    const drawings = await Promise.all(parts)
    content = page({
      title,
      drawings,
      remarks: [...picture.key, ...remarks],
      width: command.width,
      scrolls: few.names.length > 2,
    })
  } else {
    const svg = labelled(await renderer.svg(picture.whole), { title, label })
    const isSvg = ending === '.svg'
    content = isSvg ? (command.width ? resized(svg, command.width) : svg) : renderer.png(svg, command.width)
  }
  const fileSize = await step(EXIT.output, () => writeAtomically(target, [content], signal))
  const { counter, rows, dropped, notes } = counted
  for (const text of notes) note(text, command.quiet)
  const total = compensatedSum(few.kept.weights)
  if (Math.abs(total / counter.weight - 1) > 1e-6) {
    const totals = `${short(counter.weight)} and ${short(total)}`
    note(`the total weights are ${totals}: are the original's --weights missing or wrong?`, command.quiet)
  }
  return {
    command: 'picture',
    original,
    compressed,
    output: command.output,
    bytes: fileSize,
    columns: few.names,
    weights: counted.weightColumn,
    rows,
    dropped,
    points: few.kept.weights.length,
    order: few.order ?? null,
    axes: counter.columns.map(({ range, fine }) => ({
      from: fine.low,
      to: fine.low + fine.width * fine.count,
      least: range.least,
      largest: range.largest,
    })),
    rowsOutside: counter.outside.rows,
    weightOutside: counter.outside.weight,
    pointsOutside: keptOutside(data),
    milliseconds: performance.now() - start,
  }
}

/** All that can be wrong with the call, before any work. */
async function prepare(original: string, compressed: string, command: PictureCommand) {
  const { output, force, labels, columns } = command
  if (original === STDIN)
    throw new CliError(EXIT.usage, '-: the original is read twice, so it must be a file and not standard input')
  if (output === STDIN)
    throw new CliError(
      EXIT.usage,
      '-: a picture cannot be written to standard output; --output needs the name of a file',
    )
  const ending = extname(output).toLowerCase()
  if (!ENDINGS.includes(ending))
    throw new CliError(EXIT.usage, `${output}: the name must end in one of ${ENDINGS.join(', ')}`)
  if (columns !== undefined) checkCount(columns.length, columns)
  if (labels !== undefined && columns === undefined)
    throw new CliError(EXIT.usage, '--labels needs --columns, whose axes they are for')
  const surplus = (labels?.length ?? 0) - (columns?.length ?? 0)
  if (labels !== undefined && surplus !== 0 && surplus !== 1)
    throw new CliError(EXIT.usage, `--labels must have ${columns?.length} labels, or one more, not ${labels.length}`)
  const inputs = [original, compressed].filter((path) => path !== STDIN)
  const target: Target = await step(EXIT.output, () => checkTarget(output, { inputs, force }))
  const renderer: Renderer = await openRenderer({ forPng: ending === '.png' })
  return { ending, target, renderer }
}

function checkCount(count: number, columns: readonly string[]): void {
  if (count <= MOST_COLUMNS) return
  const help = `--columns chooses some of ${names(columns)}`
  throw new CliError(EXIT.usage, `a picture has at most ${MOST_COLUMNS} columns, not ${count}; ${help}`)
}

/** The compressed file, and what it says about the original. */
interface Kept {
  names: string[]
  labels: string[]
  weightLabel: string | undefined
  kept: KeptPoints
  order: number | undefined
  /** What openRows() is to be asked for; undefined: all columns, of which `places` are drawn. */
  wanted: string[] | undefined
  places: number[]
  sourceWeight: string | undefined
  dropMissing: boolean
}

async function readKept(compressed: string, command: PictureCommand, signal: AbortSignal): Promise<Kept> {
  // The options for text tables are for the original. Files that compress writes have names.
  const few: Table = await step(EXIT.input, () =>
    readTable(compressed, { header: command.header || undefined, signal }),
  )
  const path = pathName(compressed)
  const roles = compressedColumns(path, few)
  const points: Column[] = command.columns?.map(columnFinder(path, few)) ?? roles.points
  const chosen = points.map(({ name }) => name)
  checkCount(points.length, chosen)
  const weights = compressedValues(path, [roles.weight], few.rows)
  if (!weights.every((weight) => weight >= 0) || !weights.some((weight) => weight > 0))
    throw new CliError(
      EXIT.input,
      `${path}: column '${roles.weight.name}': weights must be at least 0, and some above it`,
    )
  return {
    names: chosen,
    labels: command.labels?.slice(0, chosen.length) ?? chosen,
    weightLabel: command.labels?.[chosen.length],
    kept: { points: compressedValues(path, points, few.rows), weights },
    order: few.meta?.order,
    wanted: few.named ? chosen : undefined,
    // Without names in the compressed file, its columns are the number columns of the original, in sequence.
    places: points.map((column, a) => (few.named ? a : roles.points.indexOf(column))),
    sourceWeight: few.meta?.sourceWeight ?? undefined,
    dropMissing: few.meta?.dropMissing === true,
  }
}

interface Counted {
  counter: Counter
  /** All rows of the file, and how many of them are left out because a value is missing. */
  rows: number
  dropped: number
  weightColumn: string | null
  notes: string[]
}

/** Two passes over the original: the ranges, then the histograms. */
async function countOriginal(
  original: string,
  few: Kept,
  command: PictureCommand,
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<Counted> {
  const options = {
    ...readOptions(command),
    columns: few.wanted,
    weights: command.weights ?? few.sourceWeight,
    dropMissing: command.dropMissing || few.dropMissing,
    signal,
  }
  const m = few.names.length
  const finder = new RangeFinder(m)
  const first = await eachChunk(await openRows(original, options), few.places, finder, (done, total) =>
    bar.update('range', done, total),
  )
  if (first.used === 0) throw new CliError(EXIT.input, `${original}: has no row with a weight above 0`)
  const counter = new Counter(plotColumns(finder.ranges(command.range), few))
  await eachChunk(await openRows(original, options), few.places, counter, (done, total) =>
    bar.update('count', done, total),
  )
  return { ...first, counter }
}

function plotColumns(ranges: readonly Range[], { labels, kept }: Kept): PlotColumn[] {
  const { fine, bars } = resolution(ranges.length, kept.weights.length)
  return ranges.map((range, a) => ({
    label: labels[a],
    range,
    fine: cellsFor(range, fine[a], labels[a]),
    bars: cellsFor(range, bars, labels[a]),
  }))
}

interface Taker {
  add(points: Float64Array, weights: Float64Array | undefined, count: number): void
}

/** Hands the columns that are drawn to `taker`, chunk by chunk, and closes the file. */
async function eachChunk(
  file: Rows,
  places: readonly number[],
  taker: Taker,
  onProgress: (done: number, total: number) => void,
) {
  const width = file.names.length
  let [rows, dropped, used] = [0, 0, 0]
  try {
    if (places.some((place) => place >= width))
      throw new CliError(EXIT.usage, `${file.path}: has ${width} number columns, fewer than the compressed file`)
    const isAll = places.length === width && places.every((place, a) => place === a)
    for await (const chunk of file.chunks()) {
      const { points, weights, count } = chunk
      taker.add(isAll ? points : picked(points, count, width, places), weights, count)
      rows += count
      dropped += chunk.dropped
      used +=
        weights === undefined ? count : weights.subarray(0, count).reduce((n, weight) => n + (weight > 0 ? 1 : 0), 0)
      if (file.total !== undefined) onProgress(chunk.done, file.total)
    }
  } finally {
    await file.close()
  }
  return { rows, dropped, used, weightColumn: file.weightColumn, notes: file.notes }
}

function picked(points: Float64Array, count: number, width: number, places: readonly number[]): Float64Array {
  const m = places.length
  const result = new Float64Array(count * m)
  for (let i = 0; i < count; i++) for (let a = 0; a < m; a++) result[i * m + a] = points[i * width + places[a]]
  return result
}

function dataOf(original: string, compressed: string, few: Kept, counted: Counted): PictureData {
  const { counter, rows, dropped, weightColumn } = counted
  const { kept, order } = few
  const points = kept.weights.length
  const title = [
    `${whole(rows - dropped)} rows`,
    `${whole(points)} ${points === 1 ? 'point' : 'points'} kept`,
    ...(order === undefined ? [] : [`order ${order}`]),
  ].join(', ')
  const remarks = [
    ...(dropped > 0 ? [`Left out: ${whole(dropped)} rows with missing values.`] : []),
    ...beyondAxes(counter, kept),
  ]
  return {
    counter,
    kept,
    original: basename(original),
    compressed: basename(pathName(compressed)),
    weightName: few.weightLabel ?? weightColumn ?? 'rows',
    title,
    remarks,
  }
}

/** What the axes do not show. */
function beyondAxes(counter: Counter, kept: KeptPoints): string[] {
  const { outside, rows, weight, columns } = counter
  if (outside.rows === 0) return []
  const share = Number(((100 * outside.weight) / weight).toPrecision(2))
  const reach = columns
    .filter(({ range, fine }) => range.least < fine.low || range.largest >= fine.low + fine.width * fine.count)
    .map(({ label, range }) => `${label} reaches from ${rounded(range.least)} to ${rounded(range.largest)}`)
  const points = `${whole(keptOutside({ counter, kept }))} of ${whole(kept.weights.length)} kept points`
  return [
    `Beyond the axes: ${whole(outside.rows)} of ${whole(rows)} rows (${share}% of the weight) and ${points}; ${reach.join(', ')}.`,
  ]
}

const rounded = (value: number) => short(Math.abs(value) < 1000 ? Number(value.toPrecision(3)) : Math.round(value))

type Summary = Awaited<ReturnType<typeof drawFiles>>

function describe(summary: Summary): string {
  const { rows, dropped, points, rowsOutside, pointsOutside } = summary
  const outside = `${whole(rowsOutside)} rows and ${whole(pointsOutside)} points; --range all shows them`
  return listing([
    ['original', `${whole(rows - dropped)} rows of ${summary.original}`],
    ...(dropped > 0 ? [['left out', `${whole(dropped)} rows with missing values`] as const] : []),
    ['compressed', `${whole(points)} points of ${summary.compressed}`],
    ['columns', names(summary.columns)],
    ['weights', summary.weights ?? 'all 1'],
    ...(rowsOutside + pointsOutside > 0 ? [['beyond axes', outside] as const] : []),
    ['time', milliseconds(summary.milliseconds)],
    ['output', `${summary.output}, ${bytes(summary.bytes)}`],
  ])
}
