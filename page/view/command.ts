// The command line that does the same as a run.
import type { RunFacts, RunOptions } from '../messages.js'

/** For a POSIX shell. */
export function commandOf({ file, columns }: RunFacts, options: RunOptions): string {
  const { weights, order, size, quality, scale, dropMissing } = options
  const words = ['npx fewpoints compress', quoted(file), '-o', quoted(`${stem(file)}-few.csv`)]
  words.push('--columns', quoted(columns.map(listed).join(',')))
  if (weights !== undefined) words.push('--weights', quoted(weights))
  if (order !== 'auto') words.push('--order', String(order))
  words.push('--size', String(size))
  if (quality !== 'best') words.push('--quality', quality)
  if (scale !== 'standard') words.push('--scale', scale)
  if (dropMissing) words.push('--drop-missing')
  return words.join(' ')
}

/** A name in a list of names. */
function listed(name: string): string {
  return /[",]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}

/** The name of a file without its ending. */
export function stem(name: string): string {
  return name.replace(/\.[^.]+$/, '') || name
}

function quoted(word: string): string {
  if (word.startsWith('-')) return quoted(`./${word}`)
  return /^[\w./,:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
