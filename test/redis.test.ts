// A plan through BullMQ on a real Redis of the test's own: workers in processes, one of them killed, Redis killed as well.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lastTask, type OpenPlan, readPlan } from '../lib/batch/plan.js'
import { runningAt } from '../lib/batch/running.js'
import {
  copyOfPlan,
  freePort,
  makeShards,
  ok,
  outputsOf,
  PROGRAM,
  Processes,
  remove,
  type Shards,
  SLOWLY,
  until,
  whyNot,
} from './batch-plan.js'
import { fewpoints } from './cli-run.js'

const documented = readFileSync(new URL('../docs/many-machines.md', import.meta.url), 'utf8')
const reason = whyNot('redis-server')
if (reason !== undefined) console.log(`left out: the tests of BullMQ: ${reason}`)

describe.skipIf(reason !== undefined)('BullMQ', () => {
  const processes = new Processes()
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-redis-'))
  let shards: Shards
  let want: Record<string, string>
  let port: number
  let redis: string

  async function startRedis() {
    // The command of the document, on a port and in a folder of our own.
    const [, command] = /^(redis-server .*) &$/m.exec(documented) as RegExpExecArray
    const own = command.replace('--port 16379', `--port ${port}`).replace('--dir redis', `--dir ${folder}`)
    const server = processes.start('sh', ['-c', `exec ${own}`])
    await until(`Redis at ${port}: ${processes.outputOf(server)}`, () => isOpen(port), 10)
    return server
  }

  beforeAll(async () => {
    port = await freePort()
    redis = `redis://127.0.0.1:${port}`
    shards = await makeShards(16, 2000)
    await ok(['run', shards.plan, '--workers', 2])
    want = outputsOf(join(shards.folder, 'plan-out'))
  })
  afterAll(async () => {
    await processes.endAll()
    remove(shards)
    rmSync(folder, { recursive: true, force: true })
  })
  const outputs = (name: string) => outputsOf(join(shards.folder, `${name}-out`))

  it('gives the same bits when a worker is killed in the middle of a task and Redis is killed and started again', async () => {
    const server = await startRedis()
    const plan = copyOfPlan(shards, 'killed')
    const start = (...args: string[]) =>
      processes.start(process.execPath, [...SLOWLY, PROGRAM, ...args, '--engine', 'bullmq', '--redis', redis])
    const run = start('run', plan.path, '--workers', '0')
    const workers = [start('work', plan.path), start('work', plan.path)]
    await until('two outputs', () => doneOf(plan) >= 2)
    const task = await stopInTask(plan, workers[0].pid as number)
    await processes.end(workers[0], 'SIGKILL')
    expect(existsSync(plan.tasks[task].output)).toBe(false)
    expect(Object.keys(outputs('killed')).filter((name) => name.startsWith('.')).length).toBeGreaterThan(0)
    await processes.end(server, 'SIGKILL')
    await wait(500)
    await startRedis()
    const replacement = start('work', plan.path)
    for (const child of [run, workers[1], replacement])
      expect(await processes.ended(child), processes.outputOf(child)).toBe(0)
    // A Redis that is away for a moment is nothing to tell.
    for (const child of [run, workers[1], replacement]) expect(processes.outputOf(child)).not.toMatch(/error/i)
    expect(outputs('killed')).toEqual(want)
  })

  it('starts workers of its own, and names the task that failed for good', async () => {
    const plan = copyOfPlan(shards, 'own')
    const run = ['run', plan.path, '--engine', 'bullmq', '--redis', redis, '--workers', 2]
    await ok(run)
    expect(outputs('own')).toEqual(want)

    const other = copyOfPlan(shards, 'failing')
    const file = join(shards.folder, 'part-07.npy')
    const { mtime } = statSync(file)
    const bytes = readFileSync(file)
    bytes.writeDoubleLE(Number.NaN, bytes.length - 8)
    writeFileSync(file, bytes)
    utimesSync(file, mtime, mtime)
    const failing = ['run', other.path, ...run.slice(2), '--retries', 100]
    const outcome = await fewpoints(failing)
    expect(outcome.stderr).toMatch(/task 7 failed: \S*part-07\.npy: .*NaN[^[\]]*\n$/)
    expect(outcome.code).toBe(3)
    expect(existsSync(lastTask(readPlan(other.path)).output)).toBe(false)

    rmSync(file)
    expect((await fewpoints(failing)).stderr).toMatch(/^fewpoints: \S*part-07\.npy: there is no such file\n$/)
  })

  it('says when there is no Redis', async () => {
    const nobody = await freePort()
    const { code, stderr } = await fewpoints([
      'run',
      shards.plan,
      '--engine',
      'bullmq',
      '--redis',
      `redis://127.0.0.1:${nobody}`,
    ])
    // All outputs are there, so nobody is asked.
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const plan = copyOfPlan(shards, 'nobody')
    const outcome = await fewpoints(['work', plan.path, '--engine', 'bullmq', '--redis', `redis://127.0.0.1:${nobody}`])
    expect(outcome.stderr).toContain(`there is no Redis at 127.0.0.1:${nobody}`)
    expect(outcome.code).toBe(2)
  })
})

const doneOf = ({ tasks }: OpenPlan) => tasks.filter(({ output }) => existsSync(output)).length

/** Stops a worker inside a task. It is let go on when it was between two tasks. */
async function stopInTask(plan: OpenPlan, pid: number): Promise<number> {
  let found = -1
  await until(`task of process ${pid}`, async () => {
    process.kill(pid, 'SIGSTOP')
    const running = await Promise.all(plan.tasks.map(({ output }) => runningAt(output)))
    found = running.findIndex((state, i) => state?.pid === pid && !existsSync(plan.tasks[i].output))
    if (found < 0) process.kill(pid, 'SIGCONT')
    return found >= 0
  })
  return found
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
