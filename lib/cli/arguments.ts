// Turns the words of the command line into values. Commander reports errors together with the option's name.
import { InvalidArgumentError } from 'commander'
import { MAX_ORDER } from '../input/multi-index.js'
import { FORMAT_NAMES, type OutputFormat, outputFormat } from '../io/format.js'

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    throw new InvalidArgumentError(`It must be a whole number ${range}.`)
  }
}

/** A number above 0. */
export function positiveNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value
  throw new InvalidArgumentError('It must be a number above 0.')
}

/** A number of at least 0 and below 1. */
export function fraction(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= 0 && value < 1) return value
  throw new InvalidArgumentError('It must be a number of at least 0 and below 1.')
}

/** Names with commas between them. A name that has a comma must be in double quotes. */
export function nameList(text: string): string[] {
  const list = [...text.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(,|$)/g)]
    .filter(({ index }) => index < text.length)
    .map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain)
  if (list.length === 0 || list.includes(''))
    throw new InvalidArgumentError('It must be names with commas between them.')
  const seen = new Set<string>()
  const double = list.find((name) => seen.size === seen.add(name).size)
  if (double !== undefined) throw new InvalidArgumentError(`'${double}' is there twice.`)
  return list
}

/** standard, none, or one number per column. */
export function scale(text: string): 'standard' | 'none' | number[] {
  if (text === 'standard' || text === 'none') return text
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (numbers.every((number) => number >= 0 && number < Number.POSITIVE_INFINITY)) return numbers
  throw new InvalidArgumentError("It must be 'standard', 'none', or one number of at least 0 per column: 1,1,0.5")
}

/** A whole number up to the highest order, or auto. */
export function order(text: string): number | 'auto' {
  return text === 'auto' ? text : wholeNumber(0, MAX_ORDER)(text)
}

/** One of some words. */
export function oneOf<Word extends string>(...words: Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((one) => one === text)
    if (word !== undefined) return word
    throw new InvalidArgumentError(`It must be ${words.map((one) => `'${one}'`).join(' or ')}.`)
  }
}

const DELIMITERS: Record<string, string> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  bar: '|',
  blank: ' ',
  space: ' ',
}

/** The delimiter: one character or its name. */
export function delimiter(text: string): string {
  const value = DELIMITERS[text.toLowerCase()] ?? text
  if (value.length === 1 && !/["\n\r\0\d.+\p{L}-]/u.test(value)) return value
  throw new InvalidArgumentError("It must be one character, or 'tab' or 'blank'.")
}

/** The decimal mark. */
export function decimal(text: string): '.' | ',' {
  const value = { point: '.', comma: ',' }[text.toLowerCase()] ?? text
  if (value === '.' || value === ',') return value
  throw new InvalidArgumentError("It must be '.' or ','.")
}

/** The first characters of comments; none for no comments, which is ''. */
export function comment(text: string): string {
  if (text.toLowerCase() === 'none') return ''
  if (/^[^\s"\d]{1,4}$/.test(text)) return text
  throw new InvalidArgumentError("It must be one to four characters that comments begin with, or 'none'.")
}

/** Numbers and words with commas between them. */
export function missingWords(text: string): string[] {
  const words = text.split(',').map((word) => word.trim())
  if (words.every((word) => word !== '')) return words
  throw new InvalidArgumentError('It must be numbers or words with commas between them: -9999,void')
}

const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gib: 2 ** 30,
  t: 1e12,
  tb: 1e12,
  tib: 2 ** 40,
}

/** Bytes: 300MB, 2GiB, 1e9. */
export function memorySize(text: string): number {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const value = Number(number) * (UNITS[unit?.toLowerCase()] ?? Number.NaN)
  if (value > 0 && value <= Number.MAX_SAFE_INTEGER) return Math.floor(value)
  throw new InvalidArgumentError('It must be a number of bytes, such as 300MB, 2GiB or 1e9.')
}

/** The name of a format that can be written. */
export function format(text: string): OutputFormat {
  const found = outputFormat(`x.${text.toLowerCase()}`)
  if (found !== undefined) return found
  throw new InvalidArgumentError(`It must be one of ${FORMAT_NAMES.join(', ')}.`)
}
