// Opens a file: its format, its columns, and how many rows it has. The readers are those of the command line.
import { fileError } from '#dist/io/bytes.js'
import { readCsv, readTsv, TextTable } from '#dist/io/csv.js'
import { inputFormat } from '#dist/io/format.js'
import { openParquet, readParquet } from '#dist/io/parquet.js'
import type { Column, ReadOptions, Table } from '#dist/io/table.js'
import { listOf, whole } from '#dist/io/text.js'
import type { FileColumn, FileFacts } from '../messages.js'
import { fileSource } from './file-source.js'

export interface OpenFile {
  facts: FileFacts
  /** Reads some of its columns, whole. Throws Error ERR_FILE, ERR_MEMORY, or the signal's reason. */
  read(options: ReadOptions): Promise<Table>
}

// The first bytes of a text table, which show its columns.
const SAMPLE = 1 << 18
const NEWLINE = 10

/** Throws Error ERR_FILE for a file that this page does not read. */
export async function openFile(file: File): Promise<OpenFile> {
  const opened = await openByFormat(file)
  const { columns } = opened.facts
  if (columns.some(({ isNumber }) => isNumber)) return opened
  const listed = columns.map(({ name, remark }) => `${name} (${remark})`)
  throw fileError(file.name, `has no column of numbers; its columns are ${listOf(listed)}`)
}

async function openByFormat(file: File): Promise<OpenFile> {
  const format = await inputFormat(fileSource(file))
  if (format === 'csv' || format === 'tsv') return openText(file, format === 'tsv')
  if (format === 'parquet') return openParquetFile(file)
  // A spreadsheet is a zip archive, as NPZ is.
  const isArchive = format === 'npz' && !/\.npz$/i.test(file.name)
  const what = isArchive ? 'is a zip archive' : `is a file of kind ${format}, which the command line reads`
  throw fileError(file.name, `${what}; this page reads CSV, TSV and Parquet`)
}

async function openText(file: File, isTabs: boolean): Promise<OpenFile> {
  const source = fileSource(file)
  const sample = new TextTable(file.name, {}, isTabs)
  const length = Math.min(SAMPLE, file.size)
  const isWhole = length === file.size
  sample.text.push(
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(await source.read(0, length), { stream: true }),
    isWhole,
  )
  if (isWhole) sample.text.finish()
  const { rows, columns, notes = [] } = sample.table(isWhole)
  if (!isWhole && rows === 0) throw fileError(file.name, `has no rows in its first ${whole(length)} bytes`)
  // What comes before the first row is as many lines as it has there.
  const lines = isWhole ? 0 : await countLines(file)
  const facts = {
    name: file.name,
    bytes: file.size,
    rows: isWhole ? rows : lines - (sample.text.line - 1 - rows),
    columns: columns.map((column) => describe(column)),
    notes: [...notes],
  }
  return { facts, read: (options) => (isTabs ? readTsv(source, options) : readCsv(source, options)) }
}

/** The lines of a file. A last line without an end counts. */
async function countLines(file: File): Promise<number> {
  let lines = 0
  let last = NEWLINE
  const reader = file.stream().getReader()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const bytes = piece.value
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++
    last = bytes.at(-1) ?? last
  }
  return last === NEWLINE ? lines : lines + 1
}

function describe({ name, kind, text, stored, unclear }: Column): FileColumn {
  if (kind === 'number') return { name, isNumber: true, remark: '' }
  if (kind === 'empty') return { name, isNumber: false, remark: 'no numbers in the first rows' }
  if (unclear !== undefined) {
    return { name, isNumber: false, remark: `numbers in another notation, as '${unclear.first.text}'` }
  }
  const remark = text === undefined ? stored : `text, as '${text.text}'`
  return { name, isNumber: false, remark }
}

async function openParquetFile(file: File): Promise<OpenFile> {
  const source = fileSource(file)
  const { names, described, rows } = await openParquet(source)
  const columns = names.map((name, i) => {
    const { kind, stored } = described[i]
    return { name, isNumber: kind === 'number', remark: stored }
  })
  const facts = { name: file.name, bytes: file.size, rows, columns, notes: [] }
  return { facts, read: (options) => readParquet(source, options) }
}
