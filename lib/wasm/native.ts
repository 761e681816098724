// The surface of the C++ side, by WebAssembly: the Sync forms on the calling thread, all others in a worker.
import {
  type Native,
  type NativeCompressorInput,
  type NativeProgress,
  type NativeTrainerInput,
  TASKS,
  type TaskInput,
  type TaskName,
} from '../surface.js'
import { isTrap } from './compile.js'
import { WasmCompressor } from './compressor.js'
import { Jobs } from './jobs.js'
import { type Instance, instantiate } from './module.js'
import { orMemoryError } from './room.js'
import type { OpenPort } from './session.js'
import { WasmTrainer } from './trainer.js'

/** instance: one of the module, when there is one already. Else the first call that wants one makes it. */
export function makeNative(module: object, open: OpenPort, instance?: Instance): Native {
  const jobs = new Jobs(open, module)
  const native = () => {
    instance ??= instantiate(module)
    return instance.native
  }
  /** Runs on the calling thread. After a trap, the next call has another instance. */
  const here = <T>(call: string, work: (native: Native) => T): T => {
    try {
      return work(native())
    } catch (error) {
      if (isTrap(error)) instance = undefined
      throw orMemoryError(call, error)
    }
  }
  const tasks = TASKS.flatMap((name) => {
    const sync = `${name}Sync` as const
    return [
      [name, (input: TaskInput<TaskName>, progress?: NativeProgress) => jobs.start(name, input, progress)],
      [
        sync,
        (input: TaskInput<TaskName>) => here(name, (native) => (native[sync] as (input: unknown) => unknown)(input)),
      ],
    ]
  })
  return {
    ...(Object.fromEntries(tasks) as Omit<Native, 'info' | 'compressor' | 'trainer'>),
    info: () => here('info', (native) => native.info()),
    automaticRule: (input) => here('automaticRule', (native) => native.automaticRule(input)),
    freePoints: (input) => here('freePoints', (native) => native.freePoints(input)),
    numberRows: (input) => here('numberRows', (native) => native.numberRows(input)),
    partTimes: () => here('partTimes', (native) => native.partTimes()),
    compressor: (input: NativeCompressorInput) => here('Compressor', () => new WasmCompressor(native, jobs, input)),
    trainer: (input: NativeTrainerInput) =>
      here('train', () => new WasmTrainer((given) => native().trainer(given), open, module, input)),
  }
}
