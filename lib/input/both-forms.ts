// A function of the library in its two forms: one that computes off the event loop, and one that blocks.
import { type Native, type NativeJob, type NativeProgress, native } from '../native/addon.js'
import { runJob } from '../native/job.js'
import { type AsyncOptions, type OptionTable, type OptionValues, optionsOf } from './options.js'

type Name = 'matchMoments' | 'moments' | 'nnls' | 'predict' | 'recombine' | 'verify'
type Input<N extends Name> = Parameters<Native[N]>[0]
type Output<N extends Name> = ReturnType<Native[`${N}Sync`]>

/**
 * Both forms of function `name`: each reads its options, then its arguments, and calls the addon's function of that name.
 * `readInput` gets the name of the form, for messages. `watch`: the options of the first form alone.
 */
export function bothForms<N extends Name, Table extends OptionTable, Given extends unknown[]>(
  name: N,
  table: Table,
  readInput: (caller: string, options: OptionValues<Table>, ...given: Given) => Input<N>,
  watch?: OptionTable,
) {
  const { read, readSync } = optionsOf(name, table, watch)
  type Start = (input: Input<N>, progress?: NativeProgress) => NativeJob<Output<N>>
  type StartSync = (input: Input<N>) => Output<N>
  return {
    async run(options: unknown, ...given: Given): Promise<Output<N>> {
      const values = read(options)
      const input = readInput(name, values, ...given)
      const { signal, onProgress } = values as AsyncOptions
      return runJob((progress) => (native()[name] as Start)(input, progress), { signal, onProgress })
    },
    runSync(options: unknown, ...given: Given): Output<N> {
      const values = readSync(options)
      return (native()[`${name}Sync`] as StartSync)(readInput(`${name}Sync`, values, ...given))
    },
  }
}
