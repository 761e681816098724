// In memory or as a stream: which of both a compression takes, and why.
import { totalmem } from 'node:os'
import { type ByteSource, withFile } from '../io/bytes.js'
import { inputFormat } from '../io/format.js'
import { readNpyHeader } from '../io/npy-header.js'
import { readParquetFooter } from '../io/parquet-footer.js'
import { EXIT, step } from './exit.js'
import { isPipe } from './inputs.js'
import { bytes } from './report.js'

export interface Way {
  streams: boolean
  /** Why, for the summary. */
  reason: string
}

export interface WayOptions {
  /** The ceiling for the process, in bytes. Default: the memory of the machine, or of its container. */
  memory?: number | undefined
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
  const need = await step(EXIT.input, () => withFile(path, bytesInMemory))
  const { memory } = options
  const room = memory ?? Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  const needed = `needs about ${bytes(need)}`
  if (need <= room) return { streams: false, reason: needed }
  return { streams: true, reason: `${needed}, more than ${memory === undefined ? 'there is' : '--memory allows'}` }
}

/** The table, the points, their copy in the kernel, and its working memory. */
const COPIES = 4
/** Node, the package, and what the kernel needs for any input. */
const FIXED = 150e6

/** An estimate of the peak of a compression in memory. Text tables are judged by their first rows. */
export async function bytesInMemory(source: ByteSource): Promise<number> {
  const format = await inputFormat(source)
  const isReadWhole = format === 'npz' || format === 'arrow' || format === 'json'
  return FIXED + COPIES * 8 * (await numbersIn(source, format)) + (isReadWhole ? source.size : 0)
}

const SAMPLE = 1 << 16

async function numbersIn(source: ByteSource, format: string): Promise<number> {
  switch (format) {
    case 'npy': {
      const { shape, fields } = await readNpyHeader(source)
      return shape.reduce((product, length) => product * length, fields?.length ?? 1)
    }
    case 'parquet': {
      const { fields, groups } = await readParquetFooter(source)
      return groups.reduce((sum, { rows }) => sum + rows, 0) * fields.length
    }
    case 'csv':
    case 'tsv':
    case 'json':
    case 'json-lines': {
      const sample = Buffer.from(await source.read(0, Math.min(SAMPLE, source.size))).toString('latin1')
      const cells = sample.match(/[^\s,;|:{}[\]]+/g)?.length ?? 0
      return Math.ceil((cells * source.size) / sample.length)
    }
    default:
      // Binary numbers of 4 or 8 bytes; packed ones are announced by no header.
      return source.size / 4
  }
}
