// Lines of JSON in blocks. The first lines tell the columns.
import { StringDecoder } from 'node:string_decoder'
import { fileError } from '../bytes.js'
import { hasRowPerLine, JsonLines, LONGEST_LINE } from '../json.js'
import type { Column, ReadOptions } from '../table.js'
import type { Input } from './input.js'
import { fromRow } from './skip.js'
import { type Block, type BlockReader, type Position, rowsPerBlock, type Use } from './types.js'
import { gather, troubleOf } from './views.js'

const SAMPLE = 1 << 18
const PIECE = 1 << 19
const NEWLINE = 10

/** Whether a file that begins like JSON has a row in its first line, and more after it. As a whole it is no JSON then. */
export async function isLines(input: Input): Promise<boolean> {
  const text = Buffer.from(await input.peek(SAMPLE)).toString('utf8')
  return hasRowPerLine(text) && text.slice(text.indexOf('\n')).trim() !== ''
}

/** Throws Error ERR_FILE with the line. */
export async function openLinesRows(input: Input, options: ReadOptions): Promise<BlockReader> {
  const { path } = input
  const sample = new JsonLines({ path, size: input.size ?? SAMPLE }, options)
  const decoder = new StringDecoder('utf8')
  let isWhole = false
  let rest = ''
  for (let fed = 0; !isWhole && sample.rows === 0; ) {
    const wanted = fed === 0 ? SAMPLE : 2 * fed
    const bytes = await input.peek(wanted)
    isWhole = bytes.length < wanted || bytes.length === input.size
    const lines = (rest + decoder.write(Buffer.from(bytes.subarray(fed)))).split('\n')
    rest = lines.pop() as string
    for (const line of lines) sample.push(line)
    if (rest.length > LONGEST_LINE) throw sample.tooLong()
    fed = bytes.length
  }
  if (isWhole) sample.push(rest + decoder.end())
  const table = sample.table()
  return {
    format: table.format,
    table,
    part: isWhole ? undefined : table.rows,
    rows: isWhole ? table.rows : undefined,
    total: input.size,
    blocks: (use, from) => {
      const hasByte = from === undefined || from.byte !== undefined
      const blocks = blocksOf(input, options, sample, table.columns, use, hasByte ? from : undefined)
      return hasByte ? blocks : fromRow(blocks, from.row, use.columns.length)
    },
  }
}

async function* blocksOf(
  input: Input,
  options: ReadOptions,
  sample: JsonLines,
  columns: readonly Column[],
  use: Use,
  from: Position | undefined,
): AsyncGenerator<Block> {
  const { path } = input
  const m = use.columns.length
  const wanted = [...use.columns, ...(use.weight === undefined ? [] : [use.weight])]
  const asked = [...wanted, ...use.keep].map((i) => columns[i].name)
  const size = rowsPerBlock(m + use.keep.length)
  let { row = 0, line = 0, byte = 0 } = from ?? {}
  await input.seek(byte)
  for await (const text of piecesOf(input, size, () => line)) {
    const lines = new JsonLines({ path, size: text.length }, { ...options, columns: asked }, sample, line)
    const parts = text.toString('utf8').split('\n')
    // A text that ends in a line end has no line after it.
    if (parts.at(-1) === '') parts.pop()
    for (const part of parts) lines.push(part)
    const first = row
    const { rows: count } = lines
    byte += text.length
    line = lines.line
    row += count
    if (count === 0) continue
    const table = lines.table()
    const numbers = wanted.map((i) => numbersOf(path, table.columns[i], count))
    const points = new Float64Array(count * m)
    for (let a = 0; a < m; a++) gather({ values: numbers[a], offset: 0, stride: 1 }, count, points, a, m)
    yield {
      first,
      count,
      points,
      weights: numbers[m],
      kept: use.keep.map((i) => table.columns[i].raw ?? []),
      position: { byte, line, row },
      done: byte,
      why: (i, column) => {
        const { trouble } = table.columns[wanted[column]]
        return trouble?.row === i ? { ...trouble, row: first + i } : troubleOf(numbers[column][i], first + i)
      },
    }
  }
}

/** The numbers of a column in a block, NaN where there is none. Throws Error ERR_FILE where it has other things. */
function numbersOf(path: string, { name, kind, stored, values }: Column, count: number): Float64Array {
  if (kind === 'other') throw fileError(path, `column '${name}' is not a column of numbers: it is ${stored}`)
  return values ?? new Float64Array(count).fill(Number.NaN)
}

/** Whole lines, at most `most` of them. `line`: how many lines there were before. */
async function* piecesOf(input: Input, most: number, line: () => number): AsyncGenerator<Buffer> {
  let bytes: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  for (let isEnd = false; ; ) {
    const end = endOfLines(bytes, most)
    if (end > 0) {
      yield bytes.subarray(0, end)
      bytes = bytes.subarray(end)
    } else if (isEnd) {
      if (bytes.length > 0) yield bytes
      return
    } else {
      if (bytes.length > LONGEST_LINE)
        throw fileError(input.path, `line ${line() + 1} is longer than ${LONGEST_LINE} characters`)
      const next = Buffer.alloc(bytes.length + PIECE)
      bytes.copy(next)
      const done = await input.fill(next.subarray(bytes.length))
      isEnd = done < PIECE
      bytes = next.subarray(0, bytes.length + done)
    }
  }
}

/** Where the first lines end, at most `most` of them; 0 when there is no whole line. */
function endOfLines(bytes: Buffer, most: number): number {
  let end = 0
  for (let lines = 0; lines < most; lines++) {
    const at = bytes.indexOf(NEWLINE, end)
    if (at === -1) break
    end = at + 1
  }
  return end
}
