// The options about the dialect of a file, the same for every command that reads one.
import type { Command } from 'commander'
import type { ReadOptions } from '../io/table.js'
import { comment, decimal, delimiter, missingWords, wholeNumber } from './arguments.js'

export interface TextCommand {
  header?: boolean | undefined
  delimiter?: string | undefined
  decimal?: '.' | ',' | undefined
  comment?: string | undefined
  skip?: number | undefined
  missing?: string[] | undefined
}

/** Adds these options to a command. */
export function addTextOptions(command: Command): Command {
  return command
    .option('--header', 'the first row has names, whatever it looks like')
    .option('--no-header', 'the first row has no names; columns are c0, c1, ...')
    .option('--delimiter <c>', "text tables: what stands between the cells, a character, 'tab' or 'blank'", delimiter)
    .option('--decimal <c>', "text tables: what stands before the fraction, '.' or ','", decimal)
    .option('--comment <text>', "text tables: how lines begin that are passed over, or 'none'", comment)
    .option('--skip <n>', 'text tables: how many lines stand before the table', wholeNumber(0))
    .option(
      '--missing <list>',
      'numbers (with points) and words that stand for a missing value: -9999,void',
      missingWords,
    )
}

/** The same as options of a reader. */
export function readOptions({
  header,
  missing,
  ...text
}: TextCommand): Pick<ReadOptions, 'header' | 'missing' | 'text'> {
  const { delimiter, decimal, comment, skip } = text
  return { header, missing, text: { delimiter, decimal, comment, skip } }
}
