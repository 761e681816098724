// Plans for many machines: the graph, its tasks, the engine of child processes, the scripts for schedulers. Redis and Slurm
// have tests of their own.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emit } from '../lib/batch/emit.js'
import { runLocal } from '../lib/batch/local.js'
import { lastTask, makePlan, type OpenPlan, type PlanOptions, readPlan, tasksToDo } from '../lib/batch/plan.js'
import { readSet } from '../lib/batch/set-file.js'
import { statusOf } from '../lib/batch/status.js'
import { verifySync } from '../lib/index.js'
import { npyNumbers } from '../lib/io/npy.js'
import {
  copyOfPlan,
  makeShards,
  ok,
  outputsOf,
  PROGRAM,
  Processes,
  remove,
  type Shards,
  SLOWLY,
  until,
} from './batch-plan.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { RESIDUAL_BOUND } from './fixtures.js'

/** Whether a process has this among its arguments. Only Linux tells. */
function isRunning(argument: string): boolean {
  if (process.platform !== 'linux') return false
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument)
    } catch {
      return false // it has ended meanwhile
    }
  })
}

const OPTIONS: PlanOptions = { read: { dropMissing: false }, compress: { order: 3, size: 100 } }
const filesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ uri: `${i}.npy`, bytes: 8, modified: 'x' }))

describe('the graph', () => {
  it('is a tree whose merges take neighbours, level by level', () => {
    const { levels, tasks, shards } = makePlan(filesOf(19), OPTIONS, 8, 'out')
    expect(levels).toEqual([19, 3, 1])
    expect(tasks.map(({ level, index }) => [level, index])).toEqual(
      levels.flatMap((count, level) => Array.from({ length: count }, (_, index) => [level, index])),
    )
    expect(tasks.slice(0, 19).map(({ inputs }) => inputs)).toEqual(shards.map(({ uri }) => [uri]))
    expect(tasks.slice(19).map(({ inputs }) => inputs)).toEqual([
      tasks.slice(0, 8).map(({ output }) => output),
      tasks.slice(8, 16).map(({ output }) => output),
      tasks.slice(16, 19).map(({ output }) => output),
      tasks.slice(19, 22).map(({ output }) => output),
    ])
    expect(new Set(tasks.map(({ output }) => output)).size).toBe(tasks.length)
  })

  it('of one shard is one task', () => {
    expect(makePlan(filesOf(1), OPTIONS, 8, 'out').levels).toEqual([1])
  })

  const namesOf = (shards: Parameters<typeof makePlan>[0], options = OPTIONS) =>
    makePlan(shards, options, 8, 'out').tasks.map(({ output }) => output)

  it('names outputs by inputs and options: the same again, another where one differs', () => {
    const names = namesOf(filesOf(9))
    expect(namesOf(filesOf(9), { compress: { size: 100, order: 3 }, read: { dropMissing: false } })).toEqual(names)
    const differs = (other: string[]) => other.map((name, i) => name !== names[i])
    const changed = filesOf(9).map((shard, i) => (i === 2 ? { ...shard, modified: 'y' } : shard))
    expect(differs(namesOf(changed))).toEqual(names.map((_, i) => [2, 9, 11].includes(i)))
    const finer = { ...OPTIONS, compress: { order: 3, size: 101 } }
    expect(differs(namesOf(filesOf(9), finer))).toEqual(names.map(() => true))
  })

  it('keeps the tasks of earlier shards when some are added at the end', () => {
    const [before, after] = [filesOf(16), filesOf(20)].map((shards) => makePlan(shards, OPTIONS, 8, 'out'))
    expect(after.tasks.slice(0, 16)).toEqual(before.tasks.slice(0, 16))
    expect(after.tasks.slice(20, 22)).toEqual(before.tasks.slice(16, 18))
  })

  it('asks for nothing below an output that is there', async () => {
    const plan = makePlan(filesOf(19), OPTIONS, 8, 'out')
    const isThere = new Set([plan.tasks[3].output, plan.tasks[20].output])
    const toDo = await tasksToDo(plan, async (output) => isThere.has(output))
    expect(toDo).toEqual([0, 1, 2, 4, 5, 6, 7, 16, 17, 18, 19, 21, 22])
  })
})

describe('a plan of 6 files', () => {
  let shards: Shards
  let plan: OpenPlan
  let want: Record<string, string>
  const processes = new Processes()
  beforeAll(async () => {
    shards = await makeShards(6, 2000)
    plan = readPlan(shards.plan)
    await ok(['run', shards.plan, '--workers', 2])
    want = outputsOf(join(shards.folder, 'plan-out'))
  })
  afterAll(async () => {
    await processes.endAll()
    remove(shards)
  })
  const outputs = (name: string) => outputsOf(join(shards.folder, `${name}-out`))
  const runOptions = { program: PROGRAM, workers: 2, threads: 1, retries: 3, signal: new AbortController().signal }

  it('keeps the moments of all rows together, and says where each point comes from', async () => {
    const { points, weights, rows, sources, order } = await readSet(lastTask(plan).output, undefined)
    expect(weights.length).toBeLessThanOrEqual(100)
    expect(order).toBe(3)
    const all = shards.points.flatMap((values) => [...values])
    const original = { points: Float64Array.from(all), dimension: 3 }
    const { residual } = verifySync(original, { points, weights, dimension: 3 }, { order: 3 })
    expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    for (let j = 0; j < weights.length; j++) {
      const source = shards.points[sources[j]].subarray(3 * rows[j], 3 * rows[j] + 3)
      expect([...points.subarray(3 * j, 3 * j + 3)]).toEqual([...source])
    }
    expect(new Set(Array.from(sources)).size).toBeGreaterThan(3)
  })

  it('goes on after a task that fails twice', async () => {
    const own = copyOfPlan(shards, 'twice')
    const log = join(shards.folder, 'starts')
    const program = fileURLToPath(new URL('programs/failing-work.mjs', import.meta.url))
    Object.assign(process.env, { FAILING_TASK: '5', FAILING_LOG: log })
    const { retried, done } = await runLocal(own, { ...runOptions, program })
    expect({ retried, done }).toEqual({ retried: 2, done: 9 })
    expect(readFileSync(log, 'utf8').split('\n').length - 1).toBe(3)
    expect(outputs('twice')).toEqual(want)
  })

  /** A plan with other files in place of some shards, which it takes for unchanged. */
  function withFiles(name: string, files: Record<number, string>): OpenPlan {
    const own = copyOfPlan(shards, name)
    for (const [i, file] of Object.entries(files)) own.shards[Number(i)] = { uri: file }
    writeFileSync(own.path, JSON.stringify({ ...own, path: undefined }))
    return readPlan(own.path)
  }

  it('does all that does not need a task that fails for good, and names the first one, with its code, at once', async () => {
    const bad = join(shards.folder, 'nan.npy')
    const points = Float64Array.from(shards.points[4])
    points[7] = Number.NaN
    writeFileSync(bad, npyNumbers(points, [2000, 3]))
    const own = withFiles('bad', { 4: bad, 5: bad })
    const { code, stderr } = await fewpoints(['run', own.path])
    expect(stderr).toMatch(/^fewpoints: \S*bad\.json: task 4 failed: \S*nan\.npy: .*; and 1 more\n$/)
    expect(code).toBe(3)
    // Tasks 7 and 8 need tasks 4 and 5.
    expect(Object.keys(outputs('bad')).length).toBe(5)
  })

  it('looks at all shards before anything is done, and leaves no empty folder', async () => {
    const [gone, other] = ['gone-1.npy', 'gone-2.npy'].map((name) => join(shards.folder, name))
    const own = copyOfPlan(shards, 'gone')
    Object.assign(own.shards[3], { uri: gone })
    Object.assign(own.shards[5], { uri: other })
    writeFileSync(own.path, JSON.stringify({ ...own, path: undefined }))
    const { code, stderr } = await fewpoints(['run', own.path])
    expect({ code, stderr }).toEqual({ code: 3, stderr: `fewpoints: ${gone}: there is no such file; and 1 more\n` })
    expect(existsSync(join(shards.folder, 'gone-out'))).toBe(false)
  })

  it('removes the folder that it made when nothing came of it', async () => {
    const text = join(shards.folder, 'text.csv')
    writeFileSync(text, 'c0,c1,c2\n1,2,3\n4,5,x\n')
    const all = Object.fromEntries(shards.points.map((_, i) => [i, text]))
    const { code, stderr } = await fewpoints(['run', withFiles('nothing', all).path])
    expect(stderr).toMatch(/task 0 failed: \S*text\.csv: .*; and 5 more\n$/)
    expect(code).toBe(3)
    expect(existsSync(join(shards.folder, 'nothing-out'))).toBe(false)
  })

  it('ends with the code of the error: no binary, no place for the output', async () => {
    const own = copyOfPlan(shards, 'codes')
    const before = `import { createRequire } from 'node:module'
      const Module = createRequire('file:///').call(undefined, 'node:module')
      Module._extensions['.node'] = () => { throw new Error('no binary on purpose') }
      process.dlopen = () => { throw new Error('no binary on purpose') }
      process.env.FEWPOINTS_BACKEND = 'native'`
    for (const args of [
      ['run', own.path],
      ['work', own.path, '--task', 0],
    ])
      expect(await fewpoints(args, { before }), args.join(' ')).toMatchObject({ code: 5 })
    rmSync(join(shards.folder, 'codes-out'), { recursive: true })
    writeFileSync(join(shards.folder, 'codes-out'), 'a file in place of the folder')
    for (const args of [
      ['run', own.path, '--retries', 0],
      ['work', own.path, '--task', 0],
    ])
      expect(await fewpoints(args), args.join(' ')).toMatchObject({ code: 4 })
  })

  it('passes over shards without a row of positive weight, unless all are', async () => {
    const file = (name: string, text: string) => {
      writeFileSync(join(shards.folder, name), `a,b,w\n${text}`)
      return join(shards.folder, name)
    }
    const rows = (write: (i: number) => string) => Array.from({ length: 400 }, (_, i) => `${write(i)}\n`).join('')
    const heads = file('heads.csv', '')
    const zeros = file(
      'zeros.csv',
      rows((i) => `${i},${i % 7},0`),
    )
    const missing = file(
      'missing.csv',
      rows((i) => `,${i},1`),
    )
    const full = file(
      'full.csv',
      rows((i) => `${i % 31},${(i * i) % 17},${1 + (i % 3)}`),
    )
    const path = join(shards.folder, 'empty.json')
    const plan = async (...files: string[]) => {
      const options = [
        '--columns',
        'a,b',
        '--weights',
        'w',
        '--drop-missing',
        '--size',
        40,
        '--order',
        3,
        '--fan-in',
        2,
      ]
      await ok(['plan', ...files, '-o', path, '--force', ...options])
      return readPlan(path)
    }
    const own = await plan(heads, zeros, missing, full)
    await ok(['run', own.path])
    const { weights, sources } = await readSet(lastTask(own).output, undefined)
    const total = Array.from({ length: 400 }, (_, i) => 1 + (i % 3)).reduce((a, b) => a + b)
    expect(Array.from(weights).reduce((a, b) => a + b)).toBeCloseTo(total, 9)
    expect(new Set(Array.from(sources))).toEqual(new Set([3]))

    await plan(heads, zeros, missing)
    const { code, stderr } = await fewpoints(['run', path])
    expect(stderr).toMatch(/there is nothing to compress: no shard has a row of positive weight/)
    expect(code).toBe(3)
  })

  it('says that the result is there when only outputs below it are gone', async () => {
    const own = copyOfPlan(shards, 'below')
    await ok(['run', own.path])
    rmSync(own.tasks[0].output)
    expect(await ok(['run', own.path])).toMatch(/^tasks +9, the result was there$/m)
  })

  it('goes on where a run was killed, whose children end with it', async () => {
    const own = copyOfPlan(shards, 'killed')
    const run = processes.start(process.execPath, [...SLOWLY, PROGRAM, 'run', own.path, '--workers', '2'])
    const isDone = ({ output }: { output: string }) => existsSync(output)
    await until('three outputs', () => own.tasks.filter(isDone).length >= 3)
    await processes.end(run, 'SIGKILL')
    await until('end of its children', () => !isRunning(own.path))
    const there = own.tasks.filter(isDone)
    expect(there.length).toBeLessThan(9)
    const past = new Date(1e12)
    for (const { output } of there) utimesSync(output, past, past)
    const { skipped, tasks } = await fewpointsJson(['run', own.path])
    expect({ skipped, tasks }).toEqual({ skipped: there.length, tasks: 9 })
    for (const { output } of there) expect(statSync(output).mtimeMs).toBe(1e12)
    expect(outputs('killed')).toEqual(want)
  })

  it('does one task, by its number or by that of an array scheduler, and skips it when it is there', async () => {
    const own = copyOfPlan(shards, 'tasks')
    const work = (args: (string | number)[], env?: Record<string, string>) =>
      fewpointsJson(['work', own.path, ...args], { env })
    const report = await work(['--task', 1])
    expect(report).toMatchObject({ task: 1, level: 0, index: 1, skipped: false, rows: 2000 })
    expect(report.residual).toBeGreaterThan(0)
    expect(report.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expect(await work(['--task', 1])).toMatchObject({ task: 1, skipped: true })
    expect(await work(['--level', 0], { SLURM_ARRAY_TASK_ID: '5' })).toMatchObject({ task: 5, skipped: false })
    expect(await work(['--level', 0, '--offset', 2], { JOB_COMPLETION_INDEX: '2' })).toMatchObject({ task: 4 })
    expect(await work([], { AWS_BATCH_JOB_ARRAY_INDEX: '3' })).toMatchObject({ task: 3, index: 3 })
    // The second merge takes the shards 4 and 5.
    expect(await work(['--level', 1, '--task', 1])).toMatchObject({ task: 7, level: 1, index: 1, skipped: false })
    for (const [name, hash] of Object.entries(outputs('tasks'))) expect(hash).toBe(want[name])
  })

  it('writes an output again that is not whole', async () => {
    const own = copyOfPlan(shards, 'whole')
    await ok(['work', own.path, '--task', 0])
    const { output } = own.tasks[0]
    writeFileSync(output, readFileSync(output).subarray(0, 1000))
    expect(await fewpointsJson(['work', own.path, '--task', 0])).toMatchObject({ skipped: false })
    expect(Object.values(outputs('whole'))).toEqual([want[Object.keys(outputs('whole'))[0]]])
  })

  it('removes what killed tasks have left when the last task is done', async () => {
    const own = copyOfPlan(shards, 'left')
    const folder = join(shards.folder, 'left-out')
    mkdirSync(folder)
    const [, name] = /([^/]+)$/.exec(own.tasks[2].output) as RegExpExecArray
    for (const file of [`.${name}.0123456789ab.tmp`, `.${name}.running`, 'notes.txt'])
      writeFileSync(join(folder, file), 'x')
    await ok(['run', own.path])
    const { 'notes.txt': _, ...rest } = outputs('left')
    expect(rest).toEqual(want)
  })

  it('shows what is done, running and missing', async () => {
    const own = copyOfPlan(shards, 'status')
    await ok(['work', own.path, '--task', 3])
    const at = Date.now()
    const mark = { host: 'another', pid: 1, at, done: 1, total: 2 }
    const markOf = (task: number) => own.tasks[task].output.replace(/([^/]+)$/, '.$1.running')
    writeFileSync(markOf(4), JSON.stringify(mark))
    writeFileSync(markOf(5), JSON.stringify({ ...mark, at: at - 3600e3 })) // nobody has touched it for an hour
    const { levels, done } = await statusOf(own)
    expect(levels[0]).toMatchObject({ tasks: 6, done: 1, running: 1, missing: 4 })
    expect(levels[0].progress).toBeCloseTo(1.5 / 6, 12)
    expect(levels.slice(1).map(({ missing }) => missing)).toEqual([2, 1])
    expect(done).toBe(false)
    const { stdout } = await fewpoints(['plan', '--status', own.path])
    expect(stdout).toMatch(/^ +0 +6 +1 +1 +4 +25%$/m)
    expect((await fewpoints(['plan', '--status', shards.plan])).stdout).toContain(lastTask(plan).output)
  })

  it('refuses a file that has changed, and a plan of another version', async () => {
    const own = copyOfPlan(shards, 'changed')
    const text = readFileSync(own.path, 'utf8')
    writeFileSync(own.path, text.replace(/"modified": "[^"]*"/, '"modified": "2001-01-01T00:00:00.000Z"'))
    const first = await fewpoints(['work', own.path, '--task', 0])
    expect(first).toMatchObject({ code: 3 })
    expect(first.stderr).toContain('has changed since the plan was made')
    writeFileSync(own.path, text.replace(/"version": "[^"]*"/, '"version": "0.0.7"'))
    expect((await fewpoints(['work', own.path, '--task', 0])).stderr).toContain('was made by version 0.0.7')
    writeFileSync(own.path, '{"format": 2}')
    expect((await fewpoints(['work', own.path, '--task', 0])).stderr).toContain('is no plan')
  })

  it('refuses a task that the plan does not have, and a task that nothing names', async () => {
    const code = async (...args: (string | number)[]) => (await fewpoints(['work', shards.plan, ...args])).code
    expect(await Promise.all([code('--task', 9), code('--level', 1, '--task', 2), code('--level', 3), code()])).toEqual(
      [2, 2, 2, 2],
    )
  })

  it('says what to install when the packages of an engine are missing', async () => {
    const hook = `export async function resolve(name, context, next) {
      if (name === 'bullmq') throw Object.assign(new Error('not there'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    }`
    const before = `import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))`
    const own = copyOfPlan(shards, 'engine')
    const { code, stderr } = await fewpoints(['run', own.path, '--engine', 'bullmq'], { before })
    expect(stderr).toBe('fewpoints: the engine bullmq needs two packages; npm install bullmq ioredis\n')
    expect(code).toBe(2)
  })

  // ---- scripts for schedulers. That for Slurm is in test/slurm.test.ts.

  it('has Jobs of Kubernetes whose commands give the same bits', async () => {
    const own = copyOfPlan(shards, 'k8s')
    const script = await ok(['plan', own.path, '--emit', 'k8s'])
    const jobs = script.split(/^---$/m).slice(1)
    expect(jobs.map((job) => /suspend: (\w+)/.exec(job)?.[1])).toEqual(['false', 'true', 'true'])
    expect(jobs.map((job) => Number(/ completions: (\d+)/.exec(job)?.[1]))).toEqual([6, 2, 1])
    for (const [level, job] of jobs.entries()) {
      expect(job).toContain('completionMode: Indexed')
      expect(job).toContain('backoffLimitPerIndex: 3')
      const [, name] = / name: (.*)/.exec(job) as RegExpExecArray
      expect(script).toContain(`kubectl wait --for=condition=complete --timeout=24h job/${name}`)
      const [program, ...args] = JSON.parse((/command: (.*)/.exec(job) as RegExpExecArray)[1])
      expect(program).toBe('fewpoints')
      const indices = Array.from({ length: own.levels[level] }, (_, i) => String(i))
      await Promise.all(indices.map((index) => ok(args, { JOB_COMPLETION_INDEX: index })))
    }
    expect(outputs('k8s')).toEqual(want)
  })

  it('has a script for AWS Batch that submits array jobs which give the same bits', async () => {
    const own = copyOfPlan(shards, 'aws')
    const script = join(shards.folder, 'aws.sh')
    await ok(['plan', own.path, '--emit', 'aws', '-o', script])
    // In place of the AWS command line: runs the array, and writes down what it was asked.
    const bin = join(shards.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'fewpoints'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
    writeFileSync(
      join(bin, 'aws'),
      `#!${process.execPath}
const { execFileSync } = require('node:child_process')
const { appendFileSync } = require('node:fs')
const args = process.argv.slice(2)
const after = (name) => args[args.indexOf(name) + 1]
const { command: [program, ...words] } = JSON.parse(after('--container-overrides'))
const size = args.includes('--array-properties') ? Number(after('--array-properties').replace('size=', '')) : 1
appendFileSync(process.env.AWS_LOG, JSON.stringify({ size, after: args.filter((word) => word.startsWith('jobId=')) }) + '\\n')
for (let i = 0; i < size; i++)
  execFileSync(program, words, { env: { ...process.env, ...(size > 1 && { AWS_BATCH_JOB_ARRAY_INDEX: String(i) }) } })
console.log('job-' + size)
`,
    )
    for (const name of ['fewpoints', 'aws']) chmodSync(join(bin, name), 0o755)
    const log = join(shards.folder, 'aws.log')
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, AWS_LOG: log, QUEUE: 'q', DEFINITION: 'd' }
    const child = processes.start('sh', [script], { env })
    expect(await processes.ended(child), processes.outputOf(child)).toBe(0)
    expect(
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual([
      { size: 6, after: [] },
      { size: 2, after: ['jobId=job-6'] },
      { size: 1, after: ['jobId=job-2'] },
    ])
    expect(outputs('aws')).toEqual(want)
  })

  it('has arrays that are as large as the schedulers allow', () => {
    const many = { ...makePlan(filesOf(10_001), OPTIONS, 16, 'out'), path: "/x/it's a plan.json" }
    const arrays = [...emit(many, 'slurm').matchAll(/--array=0-(\d+).*--level (\d)(?: --offset (\d+))?/g)]
    expect(arrays.filter(([, , level]) => level === '0').map(([, end, , offset]) => [end, offset])).toEqual([
      ...Array.from({ length: 10 }, (_, i) => ['999', i === 0 ? undefined : String(1000 * i)]),
      ['0', '10000'],
    ])
    const sizes = [...emit(many, 'aws').matchAll(/size=(\d+)/g)].map(([, size]) => Number(size))
    expect(sizes).toEqual([10_000, 626, 40, 3])
  })
})

describe('shards', () => {
  let shards: Shards
  beforeAll(async () => {
    shards = await makeShards(2, 3000, '--shard-rows', 1000)
  })
  afterAll(() => remove(shards))

  it('are pieces of files whose format tells the rows', async () => {
    const plan = readPlan(shards.plan)
    expect(plan.shards.map(({ rows }) => rows)).toEqual([
      [0, 1000],
      [1000, 2000],
      [2000, 3000],
      [0, 1000],
      [1000, 2000],
      [2000, 3000],
    ])
    await ok(['run', shards.plan])
    const { points, weights, rows, sources } = await readSet(lastTask(plan).output, undefined)
    for (const [j, source] of Array.from(sources).entries()) {
      const values = shards.points[Math.floor(source / 3)].subarray(3 * rows[j], 3 * rows[j] + 3)
      expect([...points.subarray(3 * j, 3 * j + 3)]).toEqual([...values])
    }
    const original = { points: Float64Array.from(shards.points.flatMap((values) => [...values])), dimension: 3 }
    expect(verifySync(original, { points, weights, dimension: 3 }, { order: 3 }).residual).toBeLessThan(RESIDUAL_BOUND)
  })

  it('are queries that DuckDB answers', async () => {
    const half = (which: number) =>
      `select i / 7.0 as a, (i * i) % 101 as b, 1 + i % 3 as weight from range(2000) t(i) where i % 2 = ${which} order by i`
    const path = join(shards.folder, 'sql.json')
    const queries = [half(0), half(1)].flatMap((sql) => ['--sql', sql])
    await ok(['plan', ...queries, '-o', path, '--order', 3, '--size', 40, '--weights', 'weight'])
    const { points, order } = await fewpointsJson(['run', path])
    expect(order).toBe(3)
    expect(points).toBeLessThanOrEqual(40)
    const set = await readSet(lastTask(readPlan(path)).output, undefined)
    expect(set.names).toEqual(['a', 'b'])
    const all = Array.from({ length: 2000 }, (_, i) => [i / 7, (i * i) % 101])
    const weights = Float64Array.from({ length: 2000 }, (_, i) => 1 + (i % 3))
    const original = { points: Float64Array.from(all.flat()), weights, dimension: 2 }
    const { residual } = verifySync(original, { ...set, dimension: 2 }, { order: 3 })
    expect(residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    for (const [j, row] of Array.from(set.rows).entries())
      expect([...set.points.subarray(2 * j, 2 * j + 2)]).toEqual(all[2 * row + set.sources[j]])
  })

  it('with --hash are told by their content', async () => {
    const path = join(shards.folder, 'hash.json')
    const file = join(shards.folder, 'part-00.npy')
    await ok(['plan', file, '-o', path, '--order', 3, '--size', 40, '--hash'])
    await wait(10)
    writeFileSync(file, readFileSync(file))
    await ok(['work', path, '--task', 0])
    rmSync(join(shards.folder, 'hash-out'), { recursive: true })
    const bytes = readFileSync(file)
    bytes[bytes.length - 3] ^= 1
    writeFileSync(file, bytes)
    expect((await fewpoints(['work', path, '--task', 0])).stderr).toContain('has changed since the plan was made')
  })

  it('that are not cut, or too small to be compressed, are worth a note', async () => {
    const plan = (...args: (string | number)[]) =>
      fewpoints(['plan', ...args, '-o', 'notes.json', '--force'], { cwd: shards.folder })
    writeFileSync(join(shards.folder, 'rows.csv'), `a,b\n${'1,2\n3,5\n'.repeat(150_000)}`)
    const uncut = await plan('rows.csv', '--size', 40, '--shard-rows', 10)
    expect(uncut).toMatchObject({ code: 0 })
    expect(uncut.stderr).toMatch(/^fewpoints: note: --shard-rows does not cut rows\.csv: .*\n$/)
    const small = await plan('part-01.npy', '--size', 40, '--order', 3, '--shard-rows', 160)
    expect(small.stderr).toMatch(/^fewpoints: note: shards of 160 rows are kept whole.*up to 160 points.*\n$/)
    expect((await plan('part-01.npy', '--size', 40, '--order', 3, '--shard-rows', 300)).stderr).toBe('')
  })

  it('that cannot be are refused in a sentence', async () => {
    const cases: [args: (string | number)[], code: number, message: RegExp][] = [
      [['-o', 'x.json', '--size', 40], 2, /an input must be given/],
      [['a.csv', '--size', 40], 2, /--output must be given/],
      [['a.csv', '-o', 'x.json'], 2, /--size must be given/],
      [['-', '-o', 'x.json', '--size', 40], 2, /standard input/],
      [['no-such-*.csv', '-o', 'x.json', '--size', 40], 3, /no file matches this pattern/],
      [['.', '-o', 'x.json', '--size', 40, '--columns', 'a'], 3, /is not a regular file/],
      [['no-such.csv', '-o', 'x.json', '--size', 40], 3, /there is no such file/],
      [['part-01.npy', '-o', 'x.json', '--size', 4, '--order', 3], 2, /below 20/],
      [['plan.json', '--status', '--emit', 'slurm'], 2, /exclude each other/],
      [['--sql', 'selec 1', '-o', 'x.json', '--size', 40], 3, /--sql: the query: .*syntax error/],
      [['part-01.npy', '--sql', 'select 1 as c0', '-o', 'x.json', '--size', 40], 3, /--sql: the query lacks c1, c2/],
      [
        ['--sql', 'select 1 as a', '--sql', 'select 2 as b', '-o', 'x.json', '--size', 40],
        3,
        /query 2: .* are b; .* are a/,
      ],
      [['part-01.npy', 'other.csv', '-o', 'x.json', '--size', 40], 2, /other\.csv: .*c0/],
      [['plan.json', '--emit', 'pbs'], 2, /'slurm' or 'k8s' or 'aws'/],
      [['part-01.npy', '--status'], 3, /is no plan/],
    ]
    writeFileSync(join(shards.folder, 'other.csv'), 'a,b\n1,2\n')
    await Promise.all(
      cases.map(async ([args, code, message]) => {
        const outcome = await fewpoints(['plan', ...args], { cwd: shards.folder })
        expect(outcome.stderr, args.join(' ')).toMatch(message)
        expect(outcome.code, args.join(' ')).toBe(code)
      }),
    )
    expect(existsSync(join(shards.folder, 'x.json'))).toBe(false)
  })
})
