// Running computations when a worker or the process ends, and their effect on the rest of the program, of which there
// must be none. Every case is a process of its own (test/programs/teardown.mjs), because a failure may be a crash.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

import { IS_WASM } from './backend-in-use.js'
import { ENDINGS, STATES } from './programs/endings.mjs'

const PROGRAMS = fileURLToPath(new URL('programs/teardown.mjs', import.meta.url))
const ENDINGS_PROGRAM = fileURLToPath(new URL('programs/endings.mjs', import.meta.url))
// The programs start computations that would take more than 80 s together, and stop them. If they fail to, they are
// killed after this time.
const PATIENCE = 60_000

interface Ended {
  code: number | null
  signal: string | null
  stderr: string
  found: Record<string, unknown> | undefined
}

function run(...args: string[]): Promise<Ended> {
  return runProgram('--expose-gc', PROGRAMS, ...args)
}

async function runProgram(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  })
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null, string | null]>,
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, signal, stderr, found: stdout === '' ? undefined : JSON.parse(stdout) }
}

async function runWell(...args: string[]): Promise<Record<string, unknown>> {
  const { code, signal, stderr, found } = await run(...args)
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return found ?? {}
}

let expected: unknown
beforeAll(async () => {
  expected = (await runWell('forgotten')).bits
  expect(expected).toMatch(/^[0-9a-f]{64}$/)
})

describe('the end of a worker', () => {
  it('by terminate() stops its computations, asynchronous and Sync ones, and nothing else', async () => {
    expect(await runWell('terminate')).toEqual({ codes: [1, 1, 1, 1], bits: expected })
  })

  it('by an error stops its computations, also where only workers have loaded the addon', async () => {
    const messages = Array.from({ length: 4 }, () => 'from the worker')
    expect(await runWell('workerErrors')).toEqual({ messages, bits: expected })
  })

  it('by process.exit() stops its computations and keeps its code', async () => {
    expect(await runWell('workerExits')).toEqual({ codes: [5, 5], bits: expected })
  })

  it('does not disturb the computations of other workers and of the main thread', async () => {
    const { here, there } = await runWell('severalEnvironments')
    expect((here as unknown[])[0]).toBe(expected)
    expect(new Set(here as unknown[]).size).toBe(4)
    expect(there).toEqual(here)
  })
})

// npm run check:endings does the same a thousand times each. With WebAssembly the computations are those of a worker, which
// Node ends: a computation under way, and others that wait, say all there is to say.
const HOW_OFTEN = { workers: IS_WASM ? 2 : 4, processes: 1 }
describe.each(ENDINGS)('environments that end by %s', (ending) => {
  it.each(IS_WASM ? ['queued'] : STATES)('with computations %s end as they should', async (state) => {
    const { workers, processes } = HOW_OFTEN
    expect(await runProgram(ENDINGS_PROGRAM, 'worker', ending, state, String(workers))).toEqual({
      ...{ code: 0, signal: null, stderr: '', found: workers },
    })
    expect(await runProgram(ENDINGS_PROGRAM, 'process', ending, state, String(processes))).toEqual({
      ...{ code: 0, signal: null, stderr: '', found: processes },
    })
  })
})

describe('the end of the process', () => {
  it.each([0, 20, 300])('by process.exit() after %i ms of computations keeps its code', async (delay) => {
    expect(await run('exit', String(delay))).toEqual({ code: 7, signal: null, stderr: '', found: undefined })
  })

  it('by an error that nobody catches shows the error', async () => {
    const { code, signal, stderr } = await run('uncaught')
    expect({ code, signal }).toEqual({ code: 1, signal: null })
    expect(stderr).toContain('nobody catches this')
  })

  it.each(['startLongJobs', 'runSync'])('by process.exit() while a worker is in %s keeps its code', async (part) => {
    expect(await run('exitWithBusyWorker', part)).toEqual({ code: 7, signal: null, stderr: '', found: undefined })
  })

  it('waits for a computation that is under way, even when everything about it was garbage collected', async () => {
    expect(await runWell('forgotten')).toEqual({ bits: expected })
  })
})

describe('the rest of the program', () => {
  it('keeps its subnormal numbers', async () => {
    const numbers = [2 ** -1074, 2 ** -1024]
    expect(await runWell('subnormal')).toEqual({ before: numbers, here: numbers, there: numbers })
  })

  it.skipIf(IS_WASM)('can spawn processes all the while', async () => {
    expect(await runWell('spawnStorm')).toEqual({ codes: [0], bits: [expected], expected })
  })

  it('can transfer or overwrite the input', async () => {
    expect(await runWell('transfer')).toEqual({ found: [expected, expected, expected], expected })
  })

  it('gets its files read all the while, and an abort ends the queue', async () => {
    const outcomes = Array.from({ length: 8 }, () => 'rejected')
    expect(await runWell('otherWorkGoesOn')).toEqual({ settledBefore: 0, outcomes, bits: expected })
  })
})
