// The rows of several files, or of a query, as one sequence of chunks with row numbers that run through all of them.
import { openRows, type Position, type RowChunk, type Rows, type RowsOptions } from '../io/rows.js'
import { CliError, EXIT, step } from './exit.js'
import { names as listOf, whole } from './report.js'

/** A file and the rows that it had. */
export interface FileRows {
  path: string
  /** The number of its first row, through all files. */
  first: number
  rows: number
}

/** A place in the sequence, as plain data. */
export interface SourcePosition {
  /** The files up to the one that is being read, which comes last. */
  files: FileRows[]
  within: Position
}

export interface SourceChunk extends RowChunk {
  /** The place after this chunk. */
  place: SourcePosition
}

export interface RowSource {
  /** The columns that are the coordinates, and the column of weights. */
  names: string[]
  weightColumn: string | null
  /** Remarks for the user. */
  notes: string[]
  /** What `done` of a chunk runs up to; undefined for a pipe. */
  total: number | undefined
  /** The files that have been read, when chunks() has ended. */
  files: FileRows[]
  chunks(from?: SourcePosition): AsyncIterable<SourceChunk>
}

type Open = (from?: Position) => Promise<Rows>

interface Part {
  path: string
  total: number | undefined
  open: Open
}

/** Opens the files one after the other. All are looked at before the first is read. Throws CliError. */
export async function openFiles(paths: readonly string[], options: RowsOptions): Promise<RowSource> {
  const first = await step(EXIT.input, () => openRows(paths[0], options))
  if (paths.length === 1) return sourceOf(first, [{ ...first, open: reopening(first, paths[0], options) }], first.notes)
  await first.close()
  const wanted = { ...options, columns: first.names, weights: first.weightColumn ?? undefined }
  const notes = [...first.notes]
  const parts: Part[] = []
  for (const path of paths) {
    const { total, notes: own } = await inspect(path, options, first)
    if (path !== paths[0]) notes.push(...own)
    parts.push({ path, total, open: (from) => step(EXIT.input, () => openRows(path, { ...wanted, from })) })
  }
  return sourceOf(first, parts, few(notes))
}

/** The rows of a query. */
export async function openQuery(sql: string, options: RowsOptions): Promise<RowSource> {
  const { openSql } = await import('../io/duckdb.js')
  const rows = await step(EXIT.input, () => openSql(sql, options))
  return sourceOf(rows, [{ path: rows.path, total: rows.total, open: async () => rows }], rows.notes)
}

/** The file that is open already, unless it is to be read from elsewhere. */
function reopening(rows: Rows, path: string, options: RowsOptions): Open {
  return async (from) => {
    if (from === undefined) return rows
    await rows.close()
    return step(EXIT.input, () => openRows(path, { ...options, from }))
  }
}

/** The columns of a file must be those of the first one. Throws CliError that says which differ. */
async function inspect(path: string, options: RowsOptions, first: Rows): Promise<Rows> {
  const rows = await step(EXIT.input, () => openRows(path, options))
  await rows.close()
  const differ = (a: readonly string[], b: readonly string[]) => a.filter((name) => !b.includes(name))
  const missing = differ(first.names, rows.names)
  const more = differ(rows.names, first.names)
  if (missing.length + more.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`lacks ${listOf(missing)}`] : []),
      ...(more.length > 0 ? [`has ${listOf(more)} besides`] : []),
    ]
    const message = `${path}: its columns of numbers are not those of ${first.path}: it ${parts.join(' and ')}`
    throw new CliError(EXIT.input, `${message}; --columns chooses columns`)
  }
  if (rows.weightColumn !== first.weightColumn) {
    const said = (column: string | null) => (column === null ? 'no weights' : `weights in '${column}'`)
    throw new CliError(
      EXIT.input,
      `${path}: has ${said(rows.weightColumn)}, and ${first.path} has ${said(first.weightColumn)}; --weights names the column`,
    )
  }
  return rows
}

function few(notes: readonly string[]): string[] {
  const most = 5
  return notes.length > most
    ? [...notes.slice(0, most), `${whole(notes.length - most)} more notes on other files`]
    : [...notes]
}

function sourceOf({ names, weightColumn }: Rows, parts: readonly Part[], notes: string[]): RowSource {
  const totals = parts.map(({ total }) => total)
  const total = totals.reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one), 0)
  const source: RowSource = { names, weightColumn, notes, total, files: [], chunks }
  async function* chunks(from?: SourcePosition): AsyncGenerator<SourceChunk> {
    source.files = from?.files.map((file) => ({ ...file })) ?? []
    // The last of these files has not been read to its end.
    const start = Math.max(0, source.files.length - 1)
    let doneBefore = totals.slice(0, start).reduce<number>((sum, one) => sum + (one ?? 0), 0)
    for (let i = start; i < parts.length; i++) {
      const last = source.files[i - 1]
      source.files[i] ??= { path: parts[i].path, first: i === 0 ? 0 : last.first + last.rows, rows: 0 }
      const file = source.files[i]
      const rows = await parts[i].open(i === start ? from?.within : undefined)
      try {
        for await (const chunk of rows.chunks()) {
          file.rows = chunk.first + chunk.count
          const place = { files: source.files, within: chunk.position }
          yield { ...chunk, first: file.first + chunk.first, done: doneBefore + chunk.done, place }
        }
      } finally {
        await rows.close()
      }
      doneBefore += totals[i] ?? 0
    }
  }
  return source
}
