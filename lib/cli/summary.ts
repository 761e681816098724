// The summary of a compression: the same facts in a table and as JSON, whether it was made in memory or streamed.
import { compensatedSum } from '../compensated-sum.js'
import { momentsIn, orderFacts, orderText } from './blocks.js'
import type { Outcome } from './outcome.js'
import { bytes, counted, EPSILON, epsilons, listing, milliseconds, names, rate, short, whole } from './report.js'
import type { FileRows } from './row-source.js'
import { freeText, supportFacts } from './support.js'
import type { Way } from './way.js'

export interface SummaryFacts {
  input: string
  output: string
  format: string
  bytes: number
  way: Way
  /** Milliseconds of the whole. */
  total: number
  write: number
}

export function summaryOf(outcome: Outcome, facts: SummaryFacts) {
  const { columns, result, totalWeight: before, count, dropped } = outcome
  const moments = orderFacts(result.order, columns)
  const after = compensatedSum(result.weights)
  const { read, compress } = outcome.milliseconds
  return {
    command: 'compress',
    input: facts.input,
    output: facts.output,
    format: facts.format,
    bytes: facts.bytes,
    streamed: facts.way.streams,
    reason: facts.way.reason,
    files: outcome.files ?? null,
    columns,
    weights: outcome.weightColumn,
    kept: outcome.kept.map(({ name }) => name),
    rows: count + dropped,
    dropped,
    points: result.count,
    order: moments.order,
    blocks: moments.blocks ?? null,
    moments: momentsIn(moments, columns.length),
    cells: result.cells,
    cellsKeepingLess: result.cellsKeepingLess,
    ...supportFacts(result),
    threads: result.threads,
    residual: result.residual,
    residualEpsilons: result.residual / EPSILON,
    totalWeight: before,
    totalWeightEpsilons: Math.abs(after - before) / before / EPSILON,
    peakMemory: process.resourceUsage().maxRSS * 1024,
    milliseconds: {
      read,
      partition: result.elapsed.partition,
      recombine: result.elapsed.recombine,
      compress,
      write: facts.write,
      total: facts.total,
    },
  }
}

export type Summary = ReturnType<typeof summaryOf>

/** The residual that compress() aims at. Harder input is returned with a larger one, until more than half of the digits would be lost. */
const AIM = 50 * EPSILON

export function describe(summary: Summary): string {
  const { rows, dropped, points, files, kept } = summary
  const used = rows - dropped
  const few = 8
  const shown = files === null || files.length < 2 ? [] : files.slice(0, few)
  const more = (files?.length ?? 0) - few
  return listing([
    ['rows', `${whole(rows)} in ${summary.input}`],
    ...shown.map((file) => ['', fileText(file)] as const),
    ...(more > 0 ? [['', `and ${more} more files`] as const] : []),
    ...(dropped > 0 ? [['left out', `${counted(dropped, 'row')} with missing values`] as const] : []),
    ['columns', names(summary.columns)],
    ['weights', summary.weights ?? 'all 1'],
    ...(kept.length > 0 ? [['carried along', names(kept)] as const] : []),
    ['points kept', `${whole(points)}, one in ${short(Number((used / points).toPrecision(3)))}`],
    [
      'order',
      `${orderText({ ...summary, blocks: summary.blocks ?? undefined })}: ${counted(summary.moments, 'moment')} or more in ${summary.cells === 1 ? '1 cell' : `each of ${whole(summary.cells)} cells`}`,
    ],
    ...(summary.freeCells === null ? [] : [['free points', freeText(summary)] as const]),
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
    ['way', `${summary.streamed ? 'streamed' : 'in memory'}: ${summary.reason}`],
    ['memory', `${bytes(summary.peakMemory)} at its peak`],
    ['time', timeText(summary, used)],
    ['output', `${summary.output}, ${bytes(summary.bytes)}`],
  ])
}

function timeText({ milliseconds: time, threads, streamed }: Summary, used: number): string {
  const parts = `partition ${milliseconds(time.partition)}, recombine ${milliseconds(time.recombine)}, threads ${threads}`
  return (
    `${milliseconds(time.total)}: read ${milliseconds(time.read)}, compress ${milliseconds(time.compress)} ` +
    `(${streamed ? `${rate((1000 * used) / time.total)}, threads ${threads}` : parts}), write ${milliseconds(time.write)}`
  )
}

function fileText({ path, first, rows }: FileRows): string {
  return `${whole(rows)} in ${path}, from ${whole(first)} on`
}
