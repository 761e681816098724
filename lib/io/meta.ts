// The metadata of a compressed file, one line of JSON: in Parquet's key-value metadata and that of safetensors under the key
// `fewpoints`, in NPZ an array of that name. Other formats have no room for it.

export const META_KEY = 'fewpoints'

/** Columns by name, and the highest degree in them. */
export interface NamedBlock {
  columns: string[]
  order: number
}

/** Recorded so that verify needs no options, and so that a compressed file can be compressed again. */
export interface FileMeta {
  version: 1
  /** The point columns, in sequence. */
  columns: string[]
  /** The column of the new weights. */
  weight: string
  /** The column of the source rows; null when the points are free, and no rows. */
  row: string | null
  /** The highest degree of which all moments are kept. */
  order: number
  /** What is kept where it is a product of polynomial spaces. Absent: all moments up to the order. */
  blocks?: NamedBlock[] | undefined
  /** The column of weights in the source file; null when all source weights were 1. */
  sourceWeight: string | null
  /** Whether rows with missing values were left out of the source. */
  dropMissing: boolean
  /** Columns that are carried along; they are no coordinates. Absent: none. */
  kept?: string[] | undefined
}

export function metaToText(meta: FileMeta): string {
  return JSON.stringify(meta)
}

/** Undefined when this package did not write it: a file from elsewhere may use the same key for anything. */
export function metaFromText(text: string): FileMeta | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const {
    version,
    columns,
    weight,
    row,
    order,
    sourceWeight,
    dropMissing,
    kept = [],
    blocks = [],
  } = value as Record<string, unknown>
  const isOurs =
    version === 1 &&
    Array.isArray(columns) &&
    columns.every((name) => typeof name === 'string') &&
    typeof weight === 'string' &&
    (row === null || typeof row === 'string') &&
    Number.isSafeInteger(order) &&
    (sourceWeight === null || typeof sourceWeight === 'string') &&
    typeof dropMissing === 'boolean' &&
    Array.isArray(kept) &&
    kept.every((name) => typeof name === 'string') &&
    Array.isArray(blocks) &&
    blocks.every(isBlock) &&
    areDifferent(blocks.flatMap(({ columns }) => columns))
  return isOurs ? (value as FileMeta) : undefined
}

function areDifferent(names: readonly string[]): boolean {
  return new Set(names).size === names.length
}

function isBlock(value: unknown): value is NamedBlock {
  const { columns, order } = (value ?? {}) as Record<string, unknown>
  const isList = Array.isArray(columns) && columns.length > 0 && columns.every((name) => typeof name === 'string')
  return isList && typeof order === 'number' && Number.isInteger(order) && order >= 0 && order <= 255
}
