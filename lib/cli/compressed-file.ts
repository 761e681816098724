// The roles of the columns of a compressed file: as its metadata tells, else by their place and name.
import { columnFinder } from '../io/choose.js'
import { type Column, ROW_NAME, type Table, WEIGHT_NAME } from '../io/table.js'
import { CliError, EXIT } from './exit.js'
import { gather } from './selection.js'

export interface CompressedColumns {
  points: Column[]
  weight: Column
  /** The source rows. Undefined in files from elsewhere, and where points are free. */
  row: Column | undefined
  /** Columns that were carried along. */
  carried: Column[]
}

/**
 * With metadata (Parquet, NPZ), as it tells. Without names (NPY), the last two columns are weight and row. Otherwise a column
 * `weight` with a column `row` after it: points are before them, what is carried along is behind. Else a column `weight`
 * anywhere. Throws CliError when there are no weights.
 */
export function compressedColumns(path: string, table: Table): CompressedColumns {
  const { columns, meta, roles } = table
  if (meta !== undefined) {
    const find = columnFinder(path, table)
    const carried = (meta.kept ?? []).map(find)
    const row = meta.row === null ? undefined : find(meta.row)
    return { points: meta.columns.map(find), weight: find(meta.weight), row, carried }
  }
  if (!table.named && roles?.weight === undefined) {
    if (columns.length < 3) throw noWeights(path)
    const [weight, row] = columns.slice(-2)
    return { points: columns.slice(0, -2), weight, row, carried: [] }
  }
  const pair = columns.findIndex(({ name }, i) => WEIGHT_NAME.test(name) && ROW_NAME.test(columns[i + 1]?.name ?? ''))
  if (pair > 0) {
    const points = columns.slice(0, pair).filter(({ kind }) => kind === 'number')
    return { points, weight: columns[pair], row: columns[pair + 1], carried: columns.slice(pair + 2) }
  }
  const last = columns.at(-1)
  const row = columns.find(({ name }) => name === roles?.row) ?? (last && ROW_NAME.test(last.name) ? last : undefined)
  const rest = columns.filter((column) => column !== row)
  const lastOfRest = rest.at(-1)
  const weight =
    rest.find(({ name }) => name === roles?.weight) ??
    (lastOfRest && WEIGHT_NAME.test(lastOfRest.name) ? lastOfRest : rest.find(({ name }) => WEIGHT_NAME.test(name)))
  if (weight === undefined) throw noWeights(path)
  return { points: rest.filter((column) => column !== weight && column.kind === 'number'), weight, row, carried: [] }
}

/** The values of some columns. All must be finite: in a compressed file a gap is damage. Throws CliError. */
export function compressedValues(path: string, columns: readonly Column[], count: number): Float64Array {
  for (const { name, kind, trouble } of columns) {
    if (kind !== 'number') throw new CliError(EXIT.input, `${path}: column '${name}' is not a column of numbers`)
    if (trouble !== undefined)
      throw new CliError(EXIT.input, `${path}: row ${trouble.row}, column '${name}': not a finite number`)
  }
  return gather(columns, count, undefined)
}

function noWeights(path: string): CliError {
  return new CliError(EXIT.input, `${path}: has no column 'weight'; is it a file that fewpoints compress wrote?`)
}
