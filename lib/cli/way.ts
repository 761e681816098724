// In memory or as a stream: which of both a compression takes, and why.
import { totalmem } from 'node:os'
import { type ByteSource, withFile } from '../io/bytes.js'
import { inputFormat } from '../io/format.js'
import { readNpyHeader } from '../io/npy-header.js'
import { type ParquetField, readParquetFooter } from '../io/parquet-footer.js'
import { carriedBytes, textBytesPerRow } from '../io/parquet-sizes.js'
import { readSafetensorsHeader } from '../io/safetensors-header.js'
import { EXIT, step } from './exit.js'
import { isPipe } from './inputs.js'
import { bytes } from './report.js'

export interface Way {
  streams: boolean
  /** Why, for the summary. */
  reason: string
  /** About how many bytes the process would take in memory, where that was the question. */
  inMemory?: number
}

export interface WayOptions {
  /** The ceiling for the process, in bytes. Default: the memory of the machine, or of its container. */
  memory?: number | undefined
  keepColumns?: readonly string[] | undefined
  checkpoint?: string | undefined
}

/**
 * One file that fits into memory is compressed there: the cells are cut with all rows in sight. Everything else streams:
 * what is larger, a pipe, several files, a query, and what must go on from a checkpoint. `paths`: undefined for a query.
 */
export async function chooseWay(paths: readonly string[] | undefined, options: WayOptions): Promise<Way> {
  if (paths === undefined) return { streams: true, reason: 'a query' }
  if (paths.length > 1) return { streams: true, reason: `${paths.length} files` }
  if (options.checkpoint !== undefined) return { streams: true, reason: 'with a checkpoint' }
  const [path] = paths
  if (await isPipe(path)) return { streams: true, reason: 'a pipe' }
  const need = await step(EXIT.input, () => withFile(path, (source) => bytesInMemory(source, options.keepColumns)))
  const { memory } = options
  const room = memory ?? Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  const needed = `needs about ${bytes(need)}`
  if (need <= room) return { streams: false, reason: needed, inMemory: need }
  const why = `${needed}, more than ${memory === undefined ? 'there is' : '--memory allows'}`
  return { streams: true, reason: why, inMemory: need }
}

/** The table, the points, their copy in the kernel, and its working memory. */
const COPIES = 4
/** Node, the package, and what the kernel needs for any input. */
const FIXED = 150e6

/** An estimate of the peak of a compression in memory. Text tables are judged by their first rows. */
export async function bytesInMemory(source: ByteSource, keepColumns: readonly string[] = []): Promise<number> {
  const format = await inputFormat(source)
  const isReadWhole = format === 'npz' || format === 'arrow' || format === 'json'
  const carried = keepColumns.length === 0 ? 0 : await bytesCarried(source, format, keepColumns)
  return FIXED + COPIES * 8 * (await numbersIn(source, format)) + (isReadWhole ? source.size : 0) + carried
}

/** The rows are read once more for columns that are carried along, with all that the first reading made still there. */
const SECOND_READER = 64e6

async function bytesCarried(source: ByteSource, format: string, keepColumns: readonly string[]): Promise<number> {
  if (format !== 'parquet') return SECOND_READER
  const { fields, groups } = await readParquetFooter(source)
  const carried = carriedFields(fields, keepColumns)
  const needs = groups.map((group) => carried.reduce((sum, field) => sum + carriedBytes(group, field), 0))
  return SECOND_READER + needs.reduce((most, need) => Math.max(most, need), 0)
}

/**
 * About how many bytes the texts of a row have that are carried along, at most: in Parquet as the footer tells, in text
 * tables as long as a line. It judges by the first file. 0 where it cannot be told: in Arrow, from a pipe or a query.
 */
export async function textBytes(
  paths: readonly string[] | undefined,
  keepColumns: readonly string[] = [],
): Promise<number> {
  if (keepColumns.length === 0 || paths === undefined || (await isPipe(paths[0]))) return 0
  return step(EXIT.input, () =>
    withFile(paths[0], async (source) => {
      const format = await inputFormat(source)
      if (format === 'parquet') {
        const { fields, groups } = await readParquetFooter(source)
        return carriedFields(fields, keepColumns).reduce((sum, field) => sum + textBytesPerRow(groups, field), 0)
      }
      if (!/^(csv|tsv|json-lines)$/.test(format)) return 0
      const sample = await sampleOf(source)
      return sample.length / (sample.match(/\n/g)?.length ?? 1)
    }),
  )
}

function carriedFields(fields: readonly ParquetField[], names: readonly string[]): ParquetField[] {
  return fields.filter(({ name }) => names.includes(name))
}

const SAMPLE = 1 << 16

async function sampleOf(source: ByteSource): Promise<string> {
  return Buffer.from(await source.read(0, Math.min(SAMPLE, source.size))).toString('latin1')
}

async function numbersIn(source: ByteSource, format: string): Promise<number> {
  switch (format) {
    case 'npy': {
      const { shape, fields } = await readNpyHeader(source)
      return shape.reduce((product, length) => product * length, fields?.length ?? 1)
    }
    case 'safetensors': {
      const { tensors } = await readSafetensorsHeader(source)
      return tensors.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0)
    }
    case 'parquet': {
      const { fields, groups } = await readParquetFooter(source)
      return groups.reduce((sum, { rows }) => sum + rows, 0) * fields.length
    }
    case 'csv':
    case 'tsv':
    case 'json':
    case 'json-lines': {
      const sample = await sampleOf(source)
      const cells = sample.match(/[^\s,;|:{}[\]]+/g)?.length ?? 0
      return Math.ceil((cells * source.size) / sample.length)
    }
    default:
      // Binary numbers of 4 or 8 bytes; packed ones are announced by no header.
      return source.size / 4
  }
}
