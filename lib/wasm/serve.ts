// The worker's side: one computation per request.
import type { NativeCompressorInput, NativeProgress, NativeTrainer, TaskInput, TaskName } from '../surface.js'
import { isTrap } from './compile.js'
import { buffersOf } from './copy.js'
import { type CallInput, failureOf, type Reply, type Request } from './messages.js'
import { type Instance, instantiate } from './module.js'
import { orMemoryError } from './room.js'

/** Returns what takes requests. Each one is answered by `post`: progress, then a result or a failure. */
export function serve(post: (reply: Reply, transfer: ArrayBuffer[]) => void): (request: Request) => void {
  let module: object
  let instance: Instance | undefined
  let trainer: NativeTrainer | undefined

  const compute = async ({ call, input, watched }: Extract<Request, { call: unknown }>): Promise<unknown> => {
    instance ??= instantiate(module)
    const { native } = instance
    const progress: NativeProgress | undefined = watched ? (...told) => post({ progress: told }, []) : undefined
    if (call === 'reduce' || call === 'finish') {
      const compressor = native.compressor(input as NativeCompressorInput)
      try {
        if (call === 'finish') return await compressor.finish(input as CallInput<'finish'>, progress).promise
        await compressor.reduce(progress).promise
        return compressor.state()
      } finally {
        compressor.free()
      }
    }
    if (call === 'train') {
      const { trainer: made, epochs } = input as CallInput<'train'>
      if (made !== undefined) trainer = native.trainer(made)
      const { run, state } = trainer as NativeTrainer
      return { losses: await run({ epochs }, progress).promise, state: state() }
    }
    const start = native[call] as (
      input: TaskInput<TaskName>,
      progress?: NativeProgress,
    ) => { promise: Promise<unknown> }
    return start(input as TaskInput<TaskName>, progress).promise
  }

  return async (request) => {
    if ('module' in request) {
      module = request.module
      return
    }
    let reply: Reply
    try {
      const result = await compute(request)
      reply = { result, bytes: instance?.bytes() ?? 0 }
      post(reply, buffersOf(result))
    } catch (error) {
      post({ failure: failureOf(orMemoryError(request.call, error)), bytes: instance?.bytes() ?? 0 }, [])
      if (isTrap(error)) instance = trainer = undefined
    }
  }
}
