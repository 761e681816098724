// JSON.parse with two additions for tables of numbers: NaN, Infinity and -Infinity as Python writes them, and whole numbers
// with all their digits. Other parsers with both accept more than that (JSON5), or are many times slower on large files
// (lossless-json). Here only texts that have such tokens pay: the tokens are replaced before JSON.parse.
import { randomUUID } from 'node:crypto'

// May be such a token. A hit inside a string costs time and nothing else.
const SUSPECT = /NaN|Infinity|(?:^|[[,:\s])-?[1-9]\d{15}/
const TOKEN = /"|NaN|-?Infinity|-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/g
const WHOLE = /^-?[1-9]\d{15,}$/
// Takes the place of a number, in an array. It is random, so that no file can contain it.
const MARK = randomUUID()

/** Parses JSON. Numbers that JSON.parse cannot hold become marks. Throws SyntaxError. */
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

/** The position after the closing quote: the first quote with an even number of backslashes before it. */
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
