// fewpoints picture: the density of a file beside the points that were kept of it.

import { basename, extname } from 'node:path'
import { compensatedSum } from '../compensated-sum.js'
import { checkTarget, type Target, writeAtomically } from '../io/atomic.js'
import { pathName, STDIN } from '../io/bytes.js'
import type { Counter } from '../plot/histogram.js'
import { labelled, page, resized } from '../plot/page.js'
import { type KeptPoints, keptOutside } from '../plot/panels.js'
import { type PictureData, pictureOf } from '../plot/picture.js'
import { openRenderer, type Renderer } from '../plot/render.js'
import { CliError, EXIT, step } from './exit.js'
import { type Counted, checkCount, countOriginal, type InputCommand, type Kept, readKept } from './picture-input.js'
import { type ProgressBar, progressBar } from './progress.js'
import { bytes, listing, milliseconds, names, note, printJson, short, whole } from './report.js'

export interface PictureCommand extends InputCommand {
  output: string
  /** Pixels. */
  width?: number | undefined
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
  const content = await contentOf(data, ending, renderer, command.width)
  const fileSize = await step(EXIT.output, () => writeAtomically(target, [content], signal))
  const { counter, rows, dropped } = counted
  for (const text of [...counted.notes, ...weightRemarks(few, counter)]) note(text, command.quiet)
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

async function contentOf(data: PictureData, ending: string, renderer: Renderer, width: number | undefined) {
  const { title, remarks, counter } = data
  const { whole, parts, key } = pictureOf(data)
  if (ending === '.html') {
    const drawn = parts.map(async (part) => ({ ...part, svg: await renderer.svg(part.specification) }))
    const drawings = await Promise.all(drawn)
    return page({ title, drawings, remarks: [...key, ...remarks], width, scrolls: counter.columns.length > 2 })
  }
  const label = parts.map((part) => part.label).join(' ')
  const svg = labelled(await renderer.svg(whole), { title, label })
  if (ending === '.png') return renderer.png(svg, width)
  return width === undefined ? svg : resized(svg, width)
}

function weightRemarks({ kept }: Kept, { weight }: Counter): string[] {
  const total = compensatedSum(kept.weights)
  if (Math.abs(total / weight - 1) <= 1e-6) return []
  const totals = `${short(weight)} and ${short(total)}`
  return [`the total weights are ${totals}: are the original's --weights missing or wrong?`]
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
  const keptBeyond = keptOutside({ counter, kept })
  if (outside.rows + keptBeyond === 0) return []
  const share = Number(((100 * outside.weight) / weight).toPrecision(2))
  const reach = columns
    .filter(({ range, fine }) => range.least < fine.low || range.largest >= fine.low + fine.width * fine.count)
    .map(({ label, range }) => `${label} reaches from ${rounded(range.least)} to ${rounded(range.largest)}`)
  const beyond = [
    `${whole(outside.rows)} of ${whole(rows)} rows (${share}% of the weight)`,
    `${whole(keptBeyond)} of ${whole(kept.weights.length)} kept points`,
  ]
  return [`Beyond the axes: ${beyond.join(' and ')}${reach.length > 0 ? `; ${reach.join(', ')}` : ''}.`]
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
