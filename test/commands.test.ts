// The demo and the small forms of the benchmarks, run as a user runs them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import * as real from '../bench/cases/real.mjs'
import { random } from '../demo/random.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
}

test('the demo compresses, verifies, compares and draws', () => {
  const out = mkdtempSync(join(tmpdir(), 'fewpoints-demo-'))
  onTestFinished(() => rmSync(out, { recursive: true }))
  const printed = run('demo/demo.mjs', '--rows', '20000', '--size', '1000', '--out', out)
  expect(printed).toContain('same moments up to order 5')

  // name, whole record, kept rows, relative error, that of k-means centroids, that of random rows
  const [, kept, rest] = printed.split(/^kept: .*|^not promised.*/m)
  const errors = [...kept.matchAll(/^ {2}\S.*?(\S+) +\S+ +(\S+)$/gm)].map(([, few, random]) => [
    Number(few),
    Number(random),
  ])
  expect(errors.length).toBe(9)
  for (const [few, random] of errors) {
    expect(few).toBeLessThan(1e-11)
    expect(random).toBeGreaterThan(1e-4)
  }
  expect(rest).toContain('quantile')

  const svg = readFileSync(join(out, 'picture.svg'), 'utf8')
  expect(svg).toContain('wind speed (m/s)')
  expect(svg).toContain('points kept')
  const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  expect([...readFileSync(join(out, 'picture.png')).subarray(0, 8)]).toEqual(pngSignature)
})

test.each(['throughput', 'threads'])('the benchmark %s measures every case', (name) => {
  const record = JSON.parse(run('bench/run.mjs', name, '--small', '--trials', '1', '--threads', '1', '--json'))
  expect(record.machine.instructionSet).toEqual(expect.any(String))
  expect(record.results.length).toBeGreaterThanOrEqual(4)
  for (const result of record.results) expect(result.total).toBeGreaterThan(0)
  if (name === 'throughput') {
    for (const { residual, count, size, memory, memoryBound } of record.results) {
      expect(residual).toBeLessThanOrEqual(50)
      expect(count).toBeLessThanOrEqual(size)
      expect(memory).toBeLessThanOrEqual(memoryBound)
    }
  }
})

test('the benchmark of free support finds nothing wrong, and less error than rows have', () => {
  const { results } = JSON.parse(run('bench/run.mjs', 'free', '--small', '--trials', '1', '--json'))
  const of = (wanted: string) => results.filter(({ part }: { part: string }) => part === wanted)
  const runs = of('hard').flatMap(({ runs }: { runs: { verdict: string }[] }) => runs)
  expect(runs.length).toBeGreaterThan(20)
  expect(runs.filter(({ verdict }: { verdict: string }) => verdict === 'WRONG')).toEqual([])
  for (const { rows, free } of of('means')) expect(free).toBeLessThan(rows / 2)
  expect(of('time')).toHaveLength(6)
})

interface DenseCase {
  step?: string
  times: Record<string, number>
  milliseconds: number
}

test('the benchmark of dense steps measures every way, and what BLAS is used for pays', () => {
  const record = JSON.parse(run('bench/run.mjs', 'dense', '--small', '--trials', '3', '--json'))
  const [steps, calls] = [true, false].map((isStep) =>
    (record.results as DenseCase[]).filter(({ step }) => (step !== undefined) === isStep),
  )
  expect(steps.length).toBe(7)
  expect(calls.length).toBe(4)
  for (const { milliseconds } of calls) expect(milliseconds).toBeGreaterThan(0)
  const timesOf = (wanted: string) => steps.find(({ step }) => step === wanted)?.times ?? {}
  for (const step of ['square', 'tall']) {
    const { ours, eigen } = timesOf(step)
    expect(ours).toBeGreaterThan(0)
    // Both are SSE code at the lowest level.
    if (record.machine.instructionSet > 'v2') expect(ours).toBeLessThan(eigen)
  }
  expect(timesOf('rank-update').ours).toBeGreaterThan(0)
})

interface Trainer {
  name: string
  precision: string
  threads: number
  loss: number
  cpu: number
}

test('the benchmarks of training time what does the same steps', () => {
  const results = (name: string) =>
    JSON.parse(run('bench/run.mjs', name, '--small', '--trials', '1', '--json')).results as {
      activation: string
      methods: Trainer[]
    }[]
  const [train, peers] = [results('train'), results('peers')]
  for (const { methods } of train) {
    expect(methods.every(({ name }) => name === 'fewpoints')).toBe(true)
    expect(methods.slice(0, 2).map(({ precision }) => precision)).toEqual(['float32', 'float64'])
  }
  const isInstalled = existsSync(join(root, 'examples/tensorflow/node_modules/@tensorflow/tfjs'))
  for (const { methods } of peers) {
    const others = methods.map(({ name }) => name).filter((name) => name.startsWith('TensorFlow'))
    expect(others).toEqual(isInstalled ? ['TensorFlow.js wasm', 'TensorFlow.js cpu'] : [])
  }
  for (const all of [train, peers]) {
    expect(all.map(({ activation }) => activation)).toEqual(['relu', 'tanh', 'gelu', 'sin'])
    for (const { loss, cpu, first } of all.flatMap(({ methods }) =>
      methods.map((one) => ({ ...one, first: methods[0] })),
    )) {
      expect(Math.abs(loss / first.loss - 1)).toBeLessThan(1e-5)
      expect(cpu).toBeGreaterThan(0)
    }
  }
})

test('the benchmark of real data compares files with uniform points', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-real-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { uniform } = random(5)
  const lines = Array.from({ length: 3000 }, (_, i) =>
    [i, Math.floor(9 * uniform()), uniform(), i % 4 ? '' : 7].join(','),
  )
  writeFileSync(join(folder, 'few-values.csv'), `row,a,b,gaps\n${lines.join('\n')}\n`)
  const own = await real.run({ path: join(folder, 'few-values.csv'), small: true, threads: 1 }, 1)
  // The row's number and a column of gaps are not used.
  expect(own.columns).toEqual(['a', 'b'])
  expect(own.rows).toBe(3000)
  expect(own.runs.map(({ setting }: { setting: string }) => setting)).toHaveLength(5)
  for (const { kept, size, distinct, residual, cells, strategies, cpu, uniformCpu } of own.runs) {
    expect(kept).toBeLessThanOrEqual(size)
    expect(distinct).toBe(3000)
    expect(residual).toBeLessThan(50)
    expect(Object.values(strategies as Record<string, number>).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(cells)
    expect(Math.min(cpu, uniformCpu)).toBeGreaterThan(0)
  }
})

test('the benchmark of wide input measures every call at every number of columns', () => {
  const { results } = JSON.parse(run('bench/run.mjs', 'wide', '--small', '--trials', '1', '--json'))
  expect(results.map(({ columns }: { columns: number }) => columns)).toEqual([60, 250, 500, 1000])
  for (const { times } of results) {
    expect(times).toHaveLength(7)
    for (const { cpu } of times) expect(cpu).toBeGreaterThan(0)
  }
})

test('an unknown benchmark is refused with the list of known names', () => {
  let message = ''
  try {
    execFileSync(process.execPath, ['bench/run.mjs', 'speed'], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    message = (error as { stderr: string }).stderr
  }
  const names = readdirSync(join(root, 'bench/cases')).map((file) => file.replace('.mjs', ''))
  expect(names).toContain('throughput')
  expect(message).toContain(`NAME is one of ${names.join(', ')}`)
})

test('the benchmark of the partition compares three ways of cutting', () => {
  const record = JSON.parse(run('bench/run.mjs', 'partition', '--small', '--json', '--trials', '1'))
  expect(record.results.map((result: { set: string }) => result.set)).toContain('Gaussian')
  for (const { size, runs } of record.results) {
    for (const { divisions } of runs) {
      const { grid, halves, balanced } = divisions
      for (const one of [grid, halves, balanced]) {
        expect(one.error).toBeGreaterThan(0)
        expect(one.error).toBeLessThan(0.1)
        expect(one.cells).toBeLessThanOrEqual(size)
      }
    }
  }
  // The case in which one way must win by far, for any seed: order 3 on one column with tails.
  const { divisions } = record.results
    .find((result: { set: string; dimension: number }) => result.set === 'Gaussian' && result.dimension === 1)
    .runs.find((one: { order: number }) => one.order === 3)
  expect(divisions.grid.error).toBeLessThan(divisions.balanced.error / 10)
})

const geometricMean = (values: number[]) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

interface OrderResult {
  support: 'rows' | 'free'
  runs: OrderRun[]
}

interface OrderRun {
  refused: boolean
  errors: Record<string, number>
  best: Record<string, { error: number }>
}

test('the automatic order is not far from the best of all orders', () => {
  const { results } = JSON.parse(run('bench/run.mjs', 'order', '--small', '--json', '--trials', '1')) as {
    results: OrderResult[]
  }
  for (const [support, count] of [
    ['rows', 6 * 3],
    ['free', 4 * 3],
  ] as const) {
    const runs = results.filter((result) => result.support === support).flatMap((result) => result.runs)
    expect(runs.length).toBe(count)
    // For 2000 points with tails in one column it may be refused.
    const done = runs.filter(({ refused }) => !refused)
    expect(done.length).toBeGreaterThanOrEqual(count - 1)
    for (const kind of ['smooth', 'steep', 'kinked']) {
      const ratios = done.map(({ errors, best }) => Math.max(errors[kind], 1e-15) / Math.max(best[kind].error, 1e-15))
      expect(geometricMean(ratios)).toBeLessThan(8)
    }
  }
})
