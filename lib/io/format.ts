// Which format a file has: by its first bytes when it is read, by its name when it is written.
import { extname } from 'node:path'
import { type ByteSource, fileError } from './bytes.js'
import { isUtf16, unreadable } from './marks.js'

export type InputFormat = 'csv' | 'tsv' | 'npy' | 'npz' | 'parquet' | 'arrow' | 'json' | 'json-lines' | 'pcd'
export type OutputFormat = 'csv' | 'tsv' | 'npy' | 'npz' | 'parquet' | 'json' | 'json-lines'

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
}

const OUTPUT_NAMES: Record<string, OutputFormat> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.npy': 'npy',
  '.npz': 'npz',
  '.parquet': 'parquet',
  '.json': 'json',
  '.ndjson': 'json-lines',
  '.jsonl': 'json-lines',
}

// A bracket, and what can follow it there: the first name of a text table may begin with one too, as [mm] does.
const JSON_START = /^\s*(\[\s*([[{\]"\d-]|$|null|true|false|NaN|Infinity)|\{\s*(["}]|$))/

/** The endings of the names that can be written. */
export const OUTPUT_ENDINGS = Object.keys(OUTPUT_NAMES)

export function outputFormat(path: string): OutputFormat | undefined {
  return OUTPUT_NAMES[extname(path).toLowerCase()]
}

/** Binary formats have a mark of their own, and a file with another content than its name says is an error. */
export async function inputFormat(source: ByteSource): Promise<InputFormat> {
  if (source.size === 0) throw fileError(source.path, 'is empty')
  const named = INPUT_NAMES[extname(source.path).toLowerCase()]
  const start = Buffer.from(await source.read(0, Math.min(512, source.size)))
  const other = unreadable(start)
  if (other !== undefined) throw fileError(source.path, other)
  const found = byMark(start, named)
  if (found !== undefined) return found
  if (named === 'npy' || named === 'npz' || named === 'parquet' || named === 'arrow') {
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
  // A stream begins with a continuation mark, since Arrow 0.15; before, with a length, which is no mark.
  if (text.startsWith('\xff\xff\xff\xff') || (named === 'arrow' && start.length >= 8)) return 'arrow'
  if (/^\s*(#[^\n]*\n\s*)*(#\s*\.PCD|VERSION\s+\.?[01]|FIELDS\s)/.test(text) && /\.PCD|FIELDS/.test(text)) return 'pcd'
  return undefined
}
