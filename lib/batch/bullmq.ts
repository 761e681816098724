// The engine with a queue: BullMQ on Redis. `runBullmq` adds the plan as a flow, in which a job waits for those whose outputs
// it reads, and waits for the result. `workBullmq` is a worker, on any machine that sees the files. Jobs carry names of files
// and hashes, never points: Redis may forget them, and a new run goes on from the files.
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FlowJob, JobsOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { type ErrorCode, plainError } from '../errors.js'
import { errorOf, type Failure, failureOf } from './failure.js'
import { type RunOptions, type RunState, stateBefore } from './local.js'
import { dependencies, lastTask, type OpenPlan, readPlan, tasksToDo } from './plan.js'
import { isWhole } from './set-file.js'
import { checkShards } from './shards.js'
import { statusOf } from './status.js'
import { doTask, type TaskReport } from './task.js'
import { startProcess } from './worker-process.js'

const QUEUE = 'fewpoints'

/** What a job carries. */
interface JobData {
  plan: string
  task: number
  id: string
  inputs: string[]
  output: string
}

const jobOptions = (retries: number): JobsOptions => ({
  attempts: retries + 1,
  backoff: { type: 'exponential', delay: 250 },
  // Without this a job whose input has failed waits for ever.
  failParentOnFailure: true,
  removeOnComplete: true,
  removeOnFail: { age: 86_400 },
})

// A worker renews the lock of its job twice in lockDuration. One that is killed loses it, and the job is done again. Each job
// may lose its worker three times; BullMQ's default of one fails a job at the second loss.
const WORKER = { concurrency: 1, lockDuration: 5_000, stalledInterval: 3_000, maxStalledCount: 3 }

const LOOK_EVERY = 500 // ms
/** For a Redis that has not answered yet. */
const PATIENCE = 3_000 // ms

async function load() {
  try {
    const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')])
    return { ...bullmq, Redis }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw plainError('ERR_OPTION', 'the engine bullmq needs two packages; npm install bullmq ioredis', error)
  }
}

/** Without a listener for errors the process would end whenever Redis is away for a moment. */
const ignoreErrors = <T extends { on(name: 'error', listener: () => void): unknown }>(emitter: T): T => {
  emitter.on('error', () => {})
  return emitter
}

/** A connection that waits for Redis as long as it takes, but not when there has never been one. Throws Error ERR_OPTION. */
async function connect(url: string, signal: AbortSignal): Promise<Redis> {
  const { Redis } = await load()
  const connection = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true })
  let last: Error | undefined
  connection.on('error', (error) => (last = error))
  connection.connect().catch(() => {}) // it tries again by itself
  // Node may collect a timeout that only AbortSignal.any() holds, and such a signal never comes.
  const end = performance.now() + PATIENCE
  while (connection.status !== 'ready' && !signal.aborted && performance.now() < end) await wait(50)
  if (connection.status === 'ready') return connection
  connection.disconnect()
  signal.throwIfAborted()
  const { host, port } = connection.options
  throw plainError('ERR_OPTION', `there is no Redis at ${host}:${port}: ${last?.message ?? 'no answer'}`, last)
}

/** Undefined when it takes longer than this: Redis may be away. */
function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, wait(milliseconds, undefined, { ref: false })])
}

export interface QueueOptions extends RunOptions {
  /** redis://[user:password@]host:port[/db] */
  redis: string
}

/**
 * Adds what is missing as a flow and waits until the result is there. `workers` child processes work for it here, and are
 * started again when they are killed; with 0, workers that were started elsewhere do all. Throws Error ERR_FILE when a
 * shard is missing or has changed, the error of a task that failed for good, or the signal's reason.
 */
export async function runBullmq(plan: OpenPlan, options: QueueOptions): Promise<RunState> {
  const { redis, workers, program, threads, retries, signal, onProgress } = options
  const toDo = await tasksToDo(plan, isWhole)
  const state = stateBefore(plan, toDo.length)
  if (toDo.length === 0) return state
  await checkShards(plan, toDo)
  const connection = await connect(redis, signal)
  const ended = new AbortController()
  const children = Array.from({ length: workers }, () =>
    keepWorking(plan, { program, threads, redis, signal: ended.signal }),
  )
  let flow: Awaited<ReturnType<typeof openFlow>> | undefined
  try {
    flow = await openFlow(connection)
    await flow.add(plan, toDo, retries)
    for (let looks = 0; !(await isWhole(lastTask(plan).output)); ) {
      await wait(LOOK_EVERY, undefined, { signal }).catch(() => {})
      signal.throwIfAborted()
      const failure = flow.failure()
      if (failure !== undefined) throw errorOf(failure, `${plan.path}: ${failure.message}`)
      if (++looks % 10 === 0) void flow.look().catch(() => {})
      if (onProgress !== undefined) onProgress(await progressOf(plan, state))
    }
    await flow.settle()
    return { ...(await progressOf(plan, state)), retried: flow.retried() }
  } finally {
    ended.abort()
    await Promise.all(children)
    await flow?.close(signal.aborted)
    connection.disconnect()
  }
}

async function progressOf(plan: OpenPlan, { tasks, skipped }: RunState): Promise<RunState> {
  const { levels } = await statusOf(plan)
  const sum = (part: 'done' | 'running') => levels.reduce((total, level) => total + level[part], 0)
  const progress = levels.reduce((total, level) => total + level.progress * level.tasks, 0)
  return { tasks, skipped, done: sum('done'), running: sum('running'), retried: 0, progress }
}

/** One worker process, started again when it ends before the work does. */
async function keepWorking(
  plan: OpenPlan,
  { program, threads, redis, signal }: { program: string; threads: number; redis: string; signal: AbortSignal },
): Promise<void> {
  // The address may hold a password. The environment does not show in the list of processes.
  const env = { REDIS_URL: redis }
  const args = ['work', plan.path, '--engine', 'bullmq', '--threads', String(threads), '--quiet']
  while (!signal.aborted) {
    const { code } = await startProcess(program, args, { signal, env }).ended
    if (code === 0) return
    await wait(1_000, undefined, { signal }).catch(() => {})
  }
}

/** The flow of one run. Its jobs have names of their own, so what an earlier run has left in Redis does not matter. */
async function openFlow(connection: Redis) {
  const { FlowProducer, Job, Queue, QueueEvents } = await load()
  const producer = ignoreErrors(new FlowProducer({ connection }))
  const queue = ignoreErrors(new Queue(QUEUE, { connection }))
  // It waits for events on its connection, so it has one of its own.
  const listening = ignoreErrors(connection.duplicate())
  const events = ignoreErrors(new QueueEvents(QUEUE, { connection: listening }))
  await events.waitUntilReady()
  const flow = randomUUID()
  const idOf = (task: number) => `${flow}-${task}`
  let root = ''
  let last = ''
  let failure: Failure | undefined
  let retried = 0
  let gone = false
  const isOurs = (id: string) => id.startsWith(flow)
  // A job that fails makes those fail that need it, up to the last one. The first reason is the one to tell.
  events.on('failed', ({ jobId, failedReason }) => {
    if (!isOurs(jobId) || failedReason.startsWith('child ')) return
    failure ??= failureIn(failedReason, `task ${jobId.slice(flow.length + 1)} failed: `)
  })
  events.on('stalled', ({ jobId }) => isOurs(jobId) && retried++)
  events.on('delayed', ({ jobId }) => isOurs(jobId) && retried++)
  events.on('completed', ({ jobId }) => (gone ||= jobId === root))

  return {
    async add(plan: OpenPlan, toDo: readonly number[], retries: number): Promise<void> {
      const missing = new Set(toDo)
      const below = dependencies(plan)
      const jobOf = (task: number): FlowJob => {
        const { id, inputs, output, level } = plan.tasks[task]
        const data: JobData = { plan: plan.path, task, id, inputs, output }
        const children = below[task].filter((input) => missing.has(input)).map(jobOf)
        const isRoot = task === plan.tasks.length - 1
        const { failParentOnFailure, ...others } = jobOptions(retries)
        const opts = { ...others, jobId: idOf(task), ...(isRoot ? {} : { failParentOnFailure }) }
        return { name: `level ${level}`, queueName: QUEUE, data, opts, children }
      }
      root = idOf(plan.tasks.length - 1)
      last = lastTask(plan).output
      await producer.add(jobOf(plan.tasks.length - 1))
    },
    failure: () => failure,
    /** Asks Redis for the last job, in case that no event came of it. Does nothing while Redis is away. */
    async look(): Promise<void> {
      if (connection.status !== 'ready') return
      const job = await Job.fromId(queue, root)
      const isDone = await isWhole(last)
      if (job === undefined && !isDone) failure ??= failureIn('Redis has lost the jobs; run it again')
      else if (await job?.isFailed()) failure ??= failureIn(job?.failedReason ?? '')
    },
    retried: () => retried,
    /** The worker still has to say that the last job is done. */
    async settle(): Promise<void> {
      for (let waited = 0; !gone && waited < 2_000; waited += 50) await wait(50)
    },
    async close(remove: boolean): Promise<void> {
      if (remove || failure !== undefined) {
        const job = await within(1_000, Job.fromId(queue, root))
        await job?.remove({ removeChildren: true }).catch(() => {}) // a job that a worker has now stays, and does no harm
      }
      await events.close().catch(() => {})
      await queue.close().catch(() => {})
      await producer.close().catch(() => {})
      listening.disconnect()
    },
  }
}

/** Redis keeps the message of an error alone, so the code goes in it. Others than UnrecoverableError are tried again. */
function asReason(error: unknown, Unrecoverable: new (message: string) => Error): Error {
  const { message, code, isFixed, atOutput } = failureOf(error)
  const reason = `${message} [${atOutput ? OUTPUT : (code ?? '')}]`
  return isFixed ? new Unrecoverable(reason) : new Error(reason)
}

const OUTPUT = 'output'

function failureIn(reason: string, before = ''): Failure {
  const [, message = reason, code] = /^(.*) \[(ERR_\w+|output)?\]$/s.exec(reason) ?? []
  const atOutput = code === OUTPUT
  const known = code === undefined || atOutput ? undefined : (code as ErrorCode)
  return { message: before + message, code: known, isFixed: true, atOutput }
}

export interface WorkerOptions {
  redis: string
  threads?: number | undefined
  signal: AbortSignal
  /** Called when a job has ended. */
  onTask?: ((plan: OpenPlan, task: number, report: TaskReport | Error) => void) | undefined
}

/**
 * Takes jobs until the result of `plan` is there; without a plan, for ever. Ends early, with the signal's reason, when the
 * signal is aborted; its job then goes to another worker.
 */
export async function workBullmq(plan: OpenPlan | undefined, options: WorkerOptions): Promise<void> {
  const { redis, threads, signal, onTask } = options
  const { Worker, UnrecoverableError } = await load()
  const connection = await connect(redis, signal)
  const plans = new Map<string, OpenPlan>()
  const planOf = ({ plan: path, task, id }: JobData) => {
    const isNew = plans.get(path)?.tasks[task]?.id !== id
    const found = isNew ? readPlan(path) : (plans.get(path) as OpenPlan)
    if (found.tasks[task]?.id !== id)
      throw new Error(`${path} has another task ${task} than when it was added to the queue`)
    plans.set(path, found)
    return found
  }
  const worker = ignoreErrors(
    new Worker<JobData>(
      QUEUE,
      async ({ data }) => {
        const found = planOf(data)
        try {
          // It computes off the event loop, so that the lock is renewed meanwhile.
          const report = await doTask(found, data.task, { threads, signal })
          onTask?.(found, data.task, report)
        } catch (error) {
          onTask?.(found, data.task, error as Error)
          throw asReason(error, UnrecoverableError)
        }
      },
      { connection, ...WORKER },
    ),
  )
  try {
    while (!signal.aborted && !(plan !== undefined && (await isWhole(lastTask(plan).output))))
      await wait(LOOK_EVERY, undefined, { signal }).catch(() => {})
    signal.throwIfAborted()
  } finally {
    // It waits for its job. When Redis is away there is nobody to tell.
    await within(10_000, worker.close())
    connection.disconnect()
  }
}
