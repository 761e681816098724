// NPZ, a zip archive of NPY arrays: 2-D `points` with `weights` and `indices`, or several 1-D columns.

import { checkMemory } from '../native/memory.js'
import { type ByteSource, fileError, memorySource } from './bytes.js'
import { type FileMeta, META_KEY, metaFromText } from './meta.js'
import { isBoolean, isNumeric, npyShape, readNpyColumns, readNpyTexts, readRecords } from './npy.js'
import { type NpyHeader, readNpyHeader } from './npy-header.js'
import { type Column, positionNames, type ReadOptions, type Table, uniqueNames, unread } from './table.js'
import { readZipEntries, readZipEntry } from './zip.js'

interface NamedArray {
  name: string
  source: ByteSource
  header: NpyHeader
}

/**
 * Reads an NPZ file. The columns of a 2-D array (`points`, or the only one) have the names in the array of texts `columns`,
 * or else c0, c1, ... Each 1-D array of the same length is a column with its own name. An archive of one list of records has
 * one column per field. Arrays of other kinds are listed and not read. But an array called `weights` must be weights:
 * without it all weights would be 1.
 *
 * All arrays are unpacked, so together they must fit into the memory of the machine. Throws Error ERR_FILE or ERR_MEMORY.
 */
export async function readNpz(source: ByteSource, options: ReadOptions): Promise<Table> {
  const arrays = await readArrays(source, options)
  const meta = await readMeta(arrays)
  // Truth values count as numbers only where there are no others.
  const numbers = arrays.filter(({ header }) => isNumeric(header) && header.shape.length > 0)
  const proper = numbers.filter(({ header }) => !isBoolean(header))
  const numeric = proper.length > 0 ? proper : numbers
  const matrices = numeric.filter(
    ({ name, header }) => header.shape.length === 2 && (name !== 'weights' || numeric.length === 1),
  )
  const points = matrices.find(({ name }) => name === 'points') ?? matrices[0]
  if (matrices.length > 1 && points?.name !== 'points') {
    throw fileError(source.path, `has several 2-D arrays (${listOf(matrices)}); one must be named points`)
  }
  const lists = numeric.filter(({ header }) => header.shape.length === 1)
  const rows = (points ?? lists[0])?.header.shape[0]
  if (rows === undefined) return readOnlyRecords(source, arrays, options)
  checkReserved(source, arrays, points, rows, meta)

  const columns: Column[] = []
  const places = new Map<string, number>()
  let named = true
  if (points !== undefined) {
    const names = await pointNames(points, arrays)
    named = names.named
    columns.push(...(await readNpyColumns(points.source, points.header, names.names, silent(options))))
  }
  for (const array of arrays) {
    const { name, source: bytes, header } = array
    // Texts under these names are column names and metadata. Numbers under them are a column like any other.
    const isText = /^[<>]U/.test(header.descr)
    if (array === points || (isText && (name === 'columns' || name === META_KEY))) continue
    if (!lists.includes(array) || header.shape[0] !== rows) {
      // Beside `points`, an array of another length is something else. Among columns it is a mistake.
      if (points === undefined && lists.includes(array))
        throw fileError(source.path, `has arrays of different length (${listOf(lists)})`)
      columns.push({ ...unread(name, `array of ${header.descr} (${header.shape.join(', ')})`), kind: 'other' })
      continue
    }
    places.set(name, columns.length)
    // Beside `points` these are weights and source rows, which --columns never names.
    const keep = points === undefined ? silent(options) : { signal: options.signal }
    columns.push(...(await readNpyColumns(bytes, header, [name], keep)))
  }
  const names = uniqueNames(columns.map(({ name }) => name))
  for (const [i, column] of columns.entries()) column.name = names[i]
  // A point column of that name comes first and keeps the name.
  const has = (name: string) =>
    points !== undefined && places.has(name) ? names[places.get(name) as number] : undefined
  const roles = meta ?? { weight: has('weights'), row: has('indices') }
  return { format: 'npz', rows, columns, named, meta, roles }
}

/** Unpacks all arrays, after a check of the memory that they need together. */
async function readArrays(source: ByteSource, options: ReadOptions): Promise<NamedArray[]> {
  const entries = (await readZipEntries(source)).filter(({ name }) => name.endsWith('.npy'))
  checkMemory(
    source.path,
    'its arrays',
    entries.reduce((sum, { size }) => sum + size, 0),
  )
  const arrays: NamedArray[] = []
  for (const [i, entry] of entries.entries()) {
    options.signal?.throwIfAborted()
    const array = memorySource(`${source.path} (${entry.name})`, await readZipEntry(source, entry))
    arrays.push({ name: entry.name.slice(0, -'.npy'.length), source: array, header: await readNpyHeader(array) })
    options.onProgress?.(i + 1, entries.length)
  }
  if (arrays.length === 0)
    throw fileError(source.path, 'is a zip archive without NPY arrays (a spreadsheet? save it as CSV)')
  return arrays
}

async function readOnlyRecords(source: ByteSource, arrays: NamedArray[], options: ReadOptions): Promise<Table> {
  const records = arrays.filter(({ header }) => header.fields !== undefined)
  const [only] = records
  const fields = only?.header.fields
  if (records.length !== 1 || fields === undefined)
    throw fileError(source.path, `has no array of numbers (${listOf(arrays)})`)
  return { ...(await readRecords(only.source, only.header, silent(options))), format: 'npz' }
}

/** Weights and source rows must have one number per point. Leaving wrong ones out would change the result. */
function checkReserved(
  { path }: ByteSource,
  arrays: NamedArray[],
  points: NamedArray | undefined,
  rows: number,
  meta: FileMeta | undefined,
): void {
  for (const name of meta === undefined || meta.row === null ? ['weights'] : ['weights', 'indices']) {
    const array = arrays.find((candidate) => candidate.name === name)
    if (array === undefined && meta !== undefined)
      throw fileError(path, `has no array '${name}', though fewpoints wrote it`)
    if (array === undefined || array === points) continue
    const { header } = array
    const isRight = isNumeric(header) && !isBoolean(header) && header.shape.length === 1 && header.shape[0] === rows
    if (!isRight)
      throw fileError(
        path,
        `has '${name}' of type '${header.descr}' and shape (${header.shape.join(', ')}); ${rows} numbers in one dimension are expected`,
      )
  }
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

/** Without onProgress: inside an archive, the bytes of one array say nothing about the whole. */
function silent({ columns, signal }: ReadOptions): ReadOptions {
  return { columns, signal }
}

function listOf(arrays: NamedArray[]): string {
  return arrays.map(({ name, header }) => `${name} (${header.shape.join(', ')})`).join(', ')
}
