// What a picture shows: the points of the compressed file, and two passes over the original.
import { pathName } from '../io/bytes.js'
import { columnFinder } from '../io/choose.js'
import { readTable } from '../io/read.js'
import { openRows, type Rows } from '../io/rows.js'
import type { Table } from '../io/table.js'
import { Counter, cellsFor, type PlotColumn } from '../plot/histogram.js'
import type { KeptPoints } from '../plot/panels.js'
import { MOST_COLUMNS, resolution } from '../plot/picture.js'
import { type Range, RangeFinder, type RangeKind } from '../plot/range.js'
import { compressedColumns, compressedValues } from './compressed-file.js'
import { CliError, EXIT, step } from './exit.js'
import type { ProgressBar } from './progress.js'
import { names, whole } from './report.js'
import { readOptions, type TextCommand } from './text-options.js'

export interface InputCommand extends TextCommand {
  columns?: string[] | undefined
  weights?: string | undefined
  /** Titles of the axes, in the sequence of the columns; one more is for the weights. */
  labels?: string[] | undefined
  range: RangeKind
  dropMissing: boolean
}

// As many take about a gigabyte while they are drawn.
const MOST_MARKS = 1_000_000

/** Throws CliError when there are more columns than a picture can show. */
export function checkCount(count: number, columns: readonly string[]): void {
  if (count <= MOST_COLUMNS) return
  const help = `--columns chooses some of ${names(columns)}`
  throw new CliError(EXIT.usage, `a picture has at most ${MOST_COLUMNS} columns, not ${count}; ${help}`)
}

/** The compressed file, and what it says about the original. */
export interface Kept {
  names: string[]
  labels: string[]
  weightLabel: string | undefined
  kept: KeptPoints
  order: number | undefined
  /** What openRows() is to be asked for; undefined: all columns, of which `places` are drawn. */
  wanted: string[] | undefined
  places: number[]
  /** How many columns of numbers the original must have then. */
  width: number
  sourceWeight: string | undefined
  dropMissing: boolean
}

export async function readKept(compressed: string, command: InputCommand, signal: AbortSignal): Promise<Kept> {
  // The options for text tables are for the original. Files that compress writes have names.
  const few: Table = await step(EXIT.input, () =>
    readTable(compressed, { header: command.header || undefined, signal }),
  )
  const path = pathName(compressed)
  const roles = compressedColumns(path, few)
  const { columns } = command
  // Without names in the compressed file, its columns are those of the original in sequence, or those that are named.
  const isNamedHere =
    columns === undefined || few.named || columns.every((name) => roles.points.some((one) => one.name === name))
  const points = isNamedHere ? (columns?.map(columnFinder(path, few)) ?? roles.points) : roles.points
  const chosen = isNamedHere ? points.map(({ name }) => name) : columns
  if (chosen.length !== points.length)
    throw new CliError(
      EXIT.usage,
      `${path}: has ${points.length} columns without names, and --columns has ${chosen.length}`,
    )
  checkCount(points.length, chosen)
  const marks = (few.rows * chosen.length * (chosen.length - 1)) / 2
  if (marks > MOST_MARKS)
    throw new CliError(
      EXIT.usage,
      `${path}: a picture would have ${whole(marks)} marks, more than ${whole(MOST_MARKS)}`,
    )
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
    wanted: few.named || !isNamedHere ? chosen : undefined,
    places: points.map((column, a) => (few.named ? a : roles.points.indexOf(column))),
    width: few.named ? chosen.length : roles.points.length,
    sourceWeight: few.meta?.sourceWeight ?? undefined,
    dropMissing: few.meta?.dropMissing === true,
  }
}

export interface Counted {
  counter: Counter
  /** All rows of the file, and how many of them are left out because a value is missing. */
  rows: number
  dropped: number
  weightColumn: string | null
  notes: string[]
}

/** Two passes over the original: the ranges, then the histograms. */
export async function countOriginal(
  original: string,
  few: Kept,
  command: InputCommand,
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
  const finder = new RangeFinder(few.names.length)
  const first = await eachChunk(await openRows(original, options), few, finder, (done, total) =>
    bar.update('range', done, total),
  )
  if (first.used === 0) throw new CliError(EXIT.input, `${original}: has no row with a weight above 0`)
  const counter = new Counter(plotColumns(finder.ranges(command.range), few))
  await eachChunk(await openRows(original, options), few, counter, (done, total) => bar.update('count', done, total))
  return { ...first, counter }
}

function checkWidth({ path, names }: Rows, { width }: Kept): void {
  if (names.length === width) return
  const found = `${path} has ${names.length} columns of numbers, and the compressed file has ${width} without names`
  throw new CliError(EXIT.usage, `${found}; --columns names those of the original`)
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
async function eachChunk(file: Rows, few: Kept, taker: Taker, onProgress: (done: number, total: number) => void) {
  const { places } = few
  const width = file.names.length
  let [rows, dropped, used] = [0, 0, 0]
  try {
    checkWidth(file, few)
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
