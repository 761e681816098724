// The format of a file: recognised by its first bytes for reading, by its name for writing.
import { extname } from 'node:path'
import { type ByteSource, fileError } from './bytes.js'
import { isUtf16, unreadable } from './marks.js'
import { isSafetensors } from './safetensors-header.js'

export type OutputFormat = 'csv' | 'tsv' | 'npy' | 'npz' | 'parquet' | 'json' | 'json-lines' | 'safetensors'
export type InputFormat = OutputFormat | 'arrow' | 'pcd'

const INPUT_NAMES: Record<string, InputFormat> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.npy': 'npy',
  '.npz': 'npz',
  '.parquet': 'parquet',
  '.pq': 'parquet',
  '.arrow': 'arrow',
  '.arrows': 'arrow',
  '.ipc': 'arrow',
  '.feather': 'arrow',
  '.json': 'json',
  '.geojson': 'json',
  '.ndjson': 'json-lines',
  '.jsonl': 'json-lines',
  '.geojsonl': 'json-lines',
  '.pcd': 'pcd',
  '.safetensors': 'safetensors',
}

// A bracket and its possible successors: the first name of a text table may begin with a bracket too, as [mm] does.
const JSON_START = /^\s*(\[\s*([[{\]"\d-]|$|null|true|false|NaN|Infinity)|\{\s*(["}]|$))/

/** The endings of names of files that can be written. */
export const OUTPUT_ENDINGS: readonly string[] = [
  '.csv',
  '.tsv',
  '.npy',
  '.npz',
  '.parquet',
  '.json',
  '.ndjson',
  '.jsonl',
  '.safetensors',
]

/** The same endings as names of formats. */
export const FORMAT_NAMES: readonly string[] = OUTPUT_ENDINGS.map((ending) => ending.slice(1))

export function outputFormat(path: string): OutputFormat | undefined {
  const ending = extname(path).toLowerCase()
  return OUTPUT_ENDINGS.includes(ending) ? (INPUT_NAMES[ending] as OutputFormat) : undefined
}

const MARKED: readonly InputFormat[] = ['npy', 'npz', 'parquet', 'arrow', 'safetensors']

/** Binary formats have a mark of their own. A file whose mark contradicts its name is an error. */
export async function inputFormat(source: ByteSource): Promise<InputFormat> {
  if (source.size === 0) throw fileError(source.path, 'is empty')
  const named = INPUT_NAMES[extname(source.path).toLowerCase()]
  const start = Buffer.from(await source.read(0, Math.min(512, source.size)))
  const other = unreadable(start)
  const isArchive = start.toString('latin1', 0, 4) === 'PK\x03\x04'
  // A .npz archive may have other files beside its arrays.
  if (other !== undefined && !(isArchive && named === 'npz')) throw fileError(source.path, other)
  const found = byMark(start, named)
  if (found !== undefined) return found
  if (named !== undefined && MARKED.includes(named)) {
    throw fileError(source.path, `is not a file of the kind that its name says: the mark of ${named} is not there`)
  }
  if (isUtf16(start)) throw fileError(source.path, 'is a text in UTF-16; save it as UTF-8 (iconv -f UTF-16LE -t UTF-8)')
  if (named !== undefined) return named
  return JSON_START.test(start.toString('latin1').replace(/^\xef\xbb\xbf/, '')) ? 'json' : 'csv'
}

function byMark(start: Buffer, named: InputFormat | undefined): InputFormat | undefined {
  const text = start.toString('latin1')
  if (text.startsWith('\x93NUMPY')) return 'npy'
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return 'npz'
  if (text.startsWith('PAR1')) return 'parquet'
  if (text.startsWith('ARROW1')) return 'arrow'
  if (isSafetensors(start)) return 'safetensors'
  // Since Arrow 0.15 a stream begins with a continuation mark. Older ones begin with a length, which is no mark.
  if (text.startsWith('\xff\xff\xff\xff') || (named === 'arrow' && start.length >= 8)) return 'arrow'
  if (/^\s*(#[^\n]*\n\s*)*(#\s*\.PCD|VERSION\s+\.?[01]|FIELDS\s)/.test(text) && /\.PCD|FIELDS/.test(text)) return 'pcd'
  return undefined
}
