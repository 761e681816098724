// JSON.parse with the two things that it lacks for tables of numbers: NaN, Infinity and -Infinity as Python writes them, and
// whole numbers with all their digits. Parsers that have both accept other things too (JSON5), or are many times slower on
// large files (lossless-json). Here only the texts that need it pay: their tokens are replaced before JSON.parse.
import { randomUUID } from 'node:crypto'

// What may be such a token; a hit inside of a string costs time and nothing else.
const SUSPECT = /NaN|Infinity|(?:^|[[,:\s])-?[1-9]\d{15}/
const TOKEN = /"|NaN|-?Infinity|-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/g
const WHOLE = /^-?[1-9]\d{15,}$/
// Stands where a number stood: an array, so that it can stand nowhere else. No file can know it.
const MARK = randomUUID()

/** Throws SyntaxError. Numbers that JSON.parse cannot hold are marks. */
export function parseJson(text: string): unknown {
  return JSON.parse(SUSPECT.test(text) ? marked(text) : text)
}

/** Whether a value stands for a number that JSON.parse cannot hold. */
export function isMark(value: unknown): value is [string, string] {
  return Array.isArray(value) && value[0] === MARK
}

/** That number, as a bigint when it is whole. */
export function numberOfMark([, text]: readonly [string, string]): number | bigint {
  return WHOLE.test(text) ? BigInt(text) : Number(text)
}

function marked(text: string): string {
  let result = ''
  let from = 0
  TOKEN.lastIndex = 0
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [token] = found
    if (token === '"') {
      TOKEN.lastIndex = endOfString(text, found.index)
      continue
    }
    const isWord = token.endsWith('N') || token.endsWith('y')
    if (!isWord && !(WHOLE.test(token) && isInexact(token))) continue
    result += `${text.slice(from, found.index)}["${MARK}","${token}"]`
    from = TOKEN.lastIndex
  }
  return result + text.slice(from)
}

/** Behind the quote that closes the string: one with an even number of backslashes in front of it. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  return text.length
}

function isInexact(token: string): boolean {
  const value = Number(token)
  return Number.isFinite(value) && BigInt(value) !== BigInt(token)
}
