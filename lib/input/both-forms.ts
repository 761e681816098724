// A function of the library in its two forms: one that computes off the event loop, and one that blocks.

import { runJob } from '../native/job.js'
import { native } from '../native/native.js'
import type { Start, TaskInput, TaskName, TaskResult } from '../surface.js'
import { type AsyncOptions, type OptionTable, type OptionValues, optionsOf } from './options.js'

/**
 * Both forms of function `name`: each reads its options, then its arguments, and calls the addon's function of that name.
 * `readInput` gets the name of the form, for messages. `watch`: the options of the first form alone.
 */
export function bothForms<Name extends TaskName, Table extends OptionTable, Given extends unknown[]>(
  name: Name,
  table: Table,
  readInput: (caller: string, options: OptionValues<Table>, ...given: Given) => TaskInput<Name>,
  watch?: OptionTable,
) {
  const { read, readSync } = optionsOf(name, table, watch)
  return {
    async run(options: unknown, ...given: Given): Promise<TaskResult<Name>> {
      const values = read(options)
      const input = readInput(name, values, ...given)
      const { signal, onProgress } = values as AsyncOptions
      const start: Start = native()
      return runJob((progress) => start[name](input, progress), { signal, onProgress })
    },
    runSync(options: unknown, ...given: Given): TaskResult<Name> {
      const values = readSync(options)
      const start = native()[`${name}Sync`] as (input: TaskInput<Name>) => TaskResult<Name>
      return start(readInput(`${name}Sync`, values, ...given))
    },
  }
}
