// The files that a command is given: names, patterns that the shell did not expand, standard input.
import { stat } from 'node:fs/promises'
import { glob, isDynamicPattern } from 'tinyglobby'
import { STDIN } from '../io/bytes.js'
import { CliError, EXIT } from './exit.js'

/**
 * The files in the sequence given. A pattern stands for the files that match it, sorted by their names; one that is the name
 * of a file is that file. Throws CliError when a pattern matches nothing, or a file is there twice.
 */
export async function expandInputs(words: readonly string[]): Promise<string[]> {
  const paths: string[] = []
  for (const word of words) paths.push(...(await expand(word)))
  const seen = new Set<string>()
  const double = paths.find((path) => seen.size === seen.add(path).size)
  if (double !== undefined) throw new CliError(EXIT.usage, `${double}: is given twice`)
  if (paths.length > 1 && seen.has(STDIN))
    throw new CliError(EXIT.usage, '-: standard input cannot be one of several inputs')
  return paths
}

async function expand(word: string): Promise<string[]> {
  if (word === STDIN || !isDynamicPattern(word) || (await isThere(word))) return [word]
  const found = await glob(word, { absolute: word.startsWith('/'), expandDirectories: false })
  if (found.length === 0) throw new CliError(EXIT.input, `${word}: no file matches this pattern`)
  // By code units, so that the sequence is the same for every language.
  return found.sort()
}

/** Whether the data can be read only once. */
export async function isPipe(path: string): Promise<boolean> {
  if (path === STDIN) return true
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (found.isFIFO() || found.isSocket() || found.isCharacterDevice())
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
