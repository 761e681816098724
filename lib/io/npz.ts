// NPZ: a zip archive of NPY arrays. Either 2-D `points` with `weights` and `indices`, or several 1-D columns.
import { type ByteSource, fileError, memorySource } from './bytes.js'
import { type FileMeta, META_KEY, metaFromText } from './meta.js'
import { isNumeric, type NpyHeader, npyShape, readNpyColumns, readNpyHeader, readNpyTexts } from './npy.js'
import { type Column, positionNames, type ReadOptions, type Table, uniqueNames, unread } from './table.js'
import { readZipEntries, readZipEntry } from './zip.js'

interface NamedArray {
  name: string
  source: ByteSource
  header: NpyHeader
}

/**
 * Reads an NPZ file. With a 2-D array (`points`, or the only one) its columns are named by the array of texts `columns`
 * where there is one, else c0, c1, ...; 1-D arrays of the same length are columns of their own names.
 * Throws Error ERR_FILE.
 */
export async function readNpz(source: ByteSource, options: ReadOptions): Promise<Table> {
  const arrays: NamedArray[] = []
  const entries = await readZipEntries(source)
  for (const [i, entry] of entries.entries()) {
    options.signal?.throwIfAborted()
    if (!entry.name.endsWith('.npy')) continue
    const array = memorySource(`${source.path} (${entry.name})`, await readZipEntry(source, entry))
    arrays.push({ name: entry.name.slice(0, -'.npy'.length), source: array, header: await readNpyHeader(array) })
    options.onProgress?.(i + 1, entries.length)
  }
  if (arrays.length === 0)
    throw fileError(source.path, 'is a zip archive without NPY arrays (a spreadsheet? save it as CSV)')
  const numeric = arrays.filter(({ header }) => isNumeric(header) && header.shape.length > 0)
  const matrices = numeric.filter(({ header }) => header.shape.length > 1)
  const points = matrices.find(({ name }) => name === 'points') ?? matrices[0]
  if (matrices.length > 1 && points?.name !== 'points') {
    throw fileError(source.path, `has several 2-D arrays (${listOf(matrices)}); one must be named points`)
  }
  const lists = numeric.filter(({ header }) => header.shape.length === 1)
  const rows = (points ?? lists[0])?.header.shape[0]
  if (rows === undefined) throw fileError(source.path, `has no array of numbers (${listOf(arrays)})`)

  const columns: Column[] = []
  let named = true
  if (points !== undefined) {
    const names = await pointNames(points, arrays)
    named = names.named
    columns.push(...(await readNpyColumns(points.source, points.header, names.names, silent(options))))
  }
  for (const { name, source: array, header } of lists) {
    if (header.shape[0] !== rows) {
      // Beside points, an array of another length is something else; among columns it is a mistake.
      if (points === undefined) throw fileError(source.path, `has arrays of different length (${listOf(lists)})`)
      columns.push(unread(name, header.descr))
      continue
    }
    // Beside points these are weights and source rows, which are never asked for by --columns.
    const keep = points === undefined ? silent(options) : { signal: options.signal }
    columns.push(...(await readNpyColumns(array, header, [name], keep)))
  }
  const names = uniqueNames(columns.map(({ name }) => name))
  for (const [i, column] of columns.entries()) column.name = names[i]
  const meta = await readMeta(arrays)
  const has = (name: string) => (points !== undefined && names.includes(name) ? name : undefined)
  const roles = meta ?? { weight: has('weights'), row: has('indices') }
  return { format: 'npz', rows, columns, named, meta, roles }
}

async function pointNames(
  { source, header }: NamedArray,
  arrays: NamedArray[],
): Promise<{ names: string[]; named: boolean }> {
  const { width } = npyShape(source, header)
  const given = arrays.find(({ name, header }) => name === 'columns' && /^[<>]U/.test(header.descr))
  const names = given === undefined ? [] : await readNpyTexts(given.source, given.header)
  return names.length === width
    ? { names: uniqueNames(names), named: true }
    : { names: positionNames(width), named: false }
}

async function readMeta(arrays: NamedArray[]): Promise<FileMeta | undefined> {
  const given = arrays.find(({ name, header }) => name === META_KEY && /^[<>]U/.test(header.descr))
  if (given === undefined) return undefined
  return metaFromText((await readNpyTexts(given.source, given.header))[0] ?? '')
}

/** Inside of an archive the bytes of one array say nothing about the whole. */
function silent({ columns, signal }: ReadOptions): ReadOptions {
  return { columns, signal }
}

function listOf(arrays: NamedArray[]): string {
  return arrays.map(({ name, header }) => `${name} (${header.shape.join(', ')})`).join(', ')
}
