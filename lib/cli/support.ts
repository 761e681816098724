// What the summaries of compress and merge say of free support, and what it cannot go with.
import type { Compressed, CompressedFree, WhyRows } from '../index.js'
import { CliError, EXIT } from './exit.js'
import type { Output } from './output.js'
import { whole } from './report.js'

/** `support`: what the points are. The others are null where rows were asked for, and `whyRows` where there are free points. */
export interface SupportFacts {
  support: 'rows' | 'free'
  freeCells: number | null
  rowCells: number | null
  whyRows: WhyRows | null
}

export function supportFacts(result: Compressed<unknown> | CompressedFree): SupportFacts {
  if (result.indices !== undefined) return { support: 'rows', freeCells: null, rowCells: null, whyRows: null }
  const { freeCells, rowCells, whyRows = null } = result as CompressedFree
  return { support: whyRows === null ? 'free' : 'rows', freeCells, rowCells, whyRows }
}

const REASONS: Record<WhyRows, string> = {
  whole: 'there are no more different ones than the size',
  order: 'there are no free points for this order, size and number of columns',
  cells: 'hardly a cell has free points',
  size: 'with the cells that keep rows they are more than the size',
  precision: 'rounded to doubles they lose the moments',
}

/** The cells that have free points. */
export function freeText({ freeCells, rowCells, whyRows, cells }: SupportFacts & { cells: number }): string {
  if (whyRows !== null) return `none, all points are rows: ${REASONS[whyRows]}`
  const copied = cells - (freeCells ?? 0) - (rowCells ?? 0)
  const parts = [`in ${whole(freeCells ?? 0)} of ${whole(cells)} cells`]
  if (rowCells) parts.push(`${whole(rowCells)} keep rows because none were found`)
  if (copied > 0) parts.push(`${whole(copied)} have too few points to be reduced`)
  return parts.join(', ')
}

/** Throws CliError for a format that cannot say that points are no rows. */
export function checkFreeFormat({ format, name }: Output, support: string): void {
  if (format === 'npy' && support === 'free')
    throw new CliError(EXIT.usage, `${name}: NPY cannot say that the points are no rows; choose another format`)
}
