// fewpoints info: the content of a file, and how many moments there are to keep.
import { momentCount } from '../index.js'
import { readTable } from '../io/read.js'
import { type Roles, rolesOf } from '../io/remarks.js'
import type { Column, Table } from '../io/table.js'
import { orderText } from './blocks.js'
import { EXIT, step } from './exit.js'
import { progressBar } from './progress.js'
import { listing, names, note, printJson, textTable, whole } from './report.js'
import { readOptions, type TextCommand } from './text-options.js'

export interface InfoCommand extends TextCommand {
  json: boolean
}

interface ColumnInfo {
  name: string
  kind: Column['kind']
  stored: string
  least: number | null
  largest: number | null
  missing: number
  texts: number
  notFinite: number
}

const HIGHEST_ORDER = 8
// Each cell keeps as many points as there are moments. More than these are of no use.
const MAX_MOMENTS = 100_000
const LIKE_WEIGHTS = /^(.*[_.\s-])?(weights?|wts?|w|exposure)$/i

export async function infoCommand(path: string, command: InfoCommand, signal: AbortSignal): Promise<void> {
  const bar = progressBar(true)
  let table: Table
  try {
    const onProgress = (done: number, total: number) => bar.update('read', done, total)
    table = await step(EXIT.input, () => readTable(path, { ...readOptions(command), signal, onProgress }))
  } finally {
    bar.stop()
  }
  for (const text of table.notes ?? []) note(text, false)
  const columns = table.columns.map(columnInfo)
  const roles = rolesOf(table)
  const weights = weightColumns(roles, columns)
  const noPoints = new Set([...weights, roles?.row, ...(table.meta?.kept ?? [])])
  const points = columns.filter(({ name, kind }) => kind === 'number' && !noPoints.has(name)).map(({ name }) => name)
  const moments = momentTable(points.length)
  if (command.json) {
    const { format, rows, named, meta } = table
    printJson({
      command: 'info',
      file: path,
      format,
      rows,
      named,
      columns,
      points,
      weights,
      moments,
      fewpoints: meta ?? null,
    })
  } else {
    process.stdout.write(describe(path, table, columns, points, weights, moments))
  }
}

function columnInfo({ name, kind, stored, values, missing, texts, notFinite }: Column): ColumnInfo {
  let least = Number.POSITIVE_INFINITY
  let largest = Number.NEGATIVE_INFINITY
  for (const value of values ?? []) {
    if (!Number.isFinite(value)) continue
    if (value < least) least = value
    if (value > largest) largest = value
  }
  const isEmpty = least > largest
  return {
    name,
    kind,
    stored,
    least: isEmpty ? null : least,
    largest: isEmpty ? null : largest,
    missing,
    texts,
    notFinite,
  }
}

/** The weights as the file tells, or else columns with such a name and no number below 0. */
function weightColumns(roles: Roles | undefined, columns: readonly ColumnInfo[]): string[] {
  if (roles?.weight !== undefined) return [roles.weight]
  return columns
    .filter(({ name, least }) => LIKE_WEIGHTS.test(name) && least !== null && least >= 0)
    .map(({ name }) => name)
}

/** The least sizes for orders 1, 2, ... in that many columns, as far as they are useful. */
function momentTable(dimension: number): { order: number; moments: number }[] {
  const list: { order: number; moments: number }[] = []
  for (let order = 1; dimension > 0 && order <= HIGHEST_ORDER; order++) {
    const moments = momentCount(dimension, order)
    if (order > 1 && moments > MAX_MOMENTS) break
    list.push({ order, moments })
  }
  return list
}

function describe(
  path: string,
  table: Table,
  columns: readonly ColumnInfo[],
  points: readonly string[],
  weights: readonly string[],
  moments: readonly { order: number; moments: number }[],
): string {
  const { meta } = table
  const count = (value: number) => (value === 0 ? '' : whole(value))
  const range = (value: number | null) => (value === null ? '' : String(value))
  const head = listing([
    ['file', path],
    ['format', table.format],
    ['rows', whole(table.rows)],
    ['columns', `${columns.length}${table.named ? '' : ', without names'}`],
    ['weights', weights.length > 0 ? names(weights) : 'none found'],
    ...(meta
      ? [
          [
            'compressed',
            `by fewpoints, order ${orderText(meta)}; weights in '${meta.weight}', ` +
              (meta.row === null ? 'free points, which are no rows' : `source rows in '${meta.row}'`),
          ] as const,
        ]
      : []),
  ])
  const body = textTable(
    ['column', 'kind', 'stored as', 'least', 'largest', 'missing', 'no number'],
    columns.map((column) => {
      const { name, kind, stored, least, largest, missing, texts, notFinite } = column
      const bad = kind === 'number' ? count(texts + notFinite) : ''
      return [name, kind, stored, range(least), range(largest), count(missing), bad]
    }),
  )
  const foot = textTable(
    ['order', 'moments'],
    moments.map(({ order, moments }) => [String(order), whole(moments)]),
  )
  const title = `Moments of the ${points.length} number ${points.length === 1 ? 'column' : 'columns'}, the least size for each order:`
  return `${head}\n${body}${points.length > 0 ? `\n${title}\n${foot}` : ''}`
}
