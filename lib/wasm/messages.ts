// What goes to a worker and comes back.
import type {
  NativeCompressorInput,
  NativeLosses,
  NativeMemory,
  NativeParameters,
  NativeStreamed,
  NativeStreamState,
  NativeTrainerInput,
  Stage,
  TaskInput,
  TaskName,
  TaskResult,
} from '../surface.js'

/** What a worker does besides the tasks, each with its input and its result. */
interface More {
  /** Reduces the block that the state holds. */
  reduce: [NativeCompressorInput, NativeStreamState]
  finish: [NativeCompressorInput & { summary: boolean }, NativeStreamed]
  /** `trainer` comes with the first stretch: the worker keeps it. */
  train: [{ trainer?: NativeTrainerInput; epochs: number }, { losses: NativeLosses; state: TrainerState }]
}
export type TrainerState = NativeMemory & { parameters: NativeParameters }

export type CallName = TaskName | keyof More
export type CallInput<Name extends CallName> = Name extends TaskName
  ? TaskInput<Name>
  : Name extends keyof More
    ? More[Name][0]
    : never
export type CallResult<Name extends CallName> = Name extends TaskName
  ? TaskResult<Name>
  : Name extends keyof More
    ? More[Name][1]
    : never

/** The first one has the compiled module. */
export type Request = { module: object } | { call: CallName; input: unknown; watched: boolean }

/** Errors lose their code when they are cloned. */
export interface Failure {
  name: string
  message: string
  code?: string
}

/** bytes: the memory that the module has. */
export type Reply =
  | { progress: [number, number, Stage] }
  | { result: unknown; bytes: number }
  | { failure: Failure; bytes: number }

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, code } = error as Error & { code?: string }
  return code === undefined ? { name, message } : { name, message, code }
}

export function errorOf({ name, message, code }: Failure): Error {
  const make = name === 'TypeError' ? TypeError : name === 'RangeError' ? RangeError : Error
  return code === undefined ? new make(message) : Object.assign(new make(message), { code })
}
