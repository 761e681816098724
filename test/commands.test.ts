// The demo and the benchmarks in small, run as they are run by hand.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(...args: string[]): string {
  return runWith({}, ...args)
}

function runWith(environment: NodeJS.ProcessEnv, ...args: string[]): string {
  const env = { ...process.env, ...environment }
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26, env })
}

test('the demo compresses, verifies, compares and draws', () => {
  const out = mkdtempSync(join(tmpdir(), 'fewpoints-demo-'))
  onTestFinished(() => rmSync(out, { recursive: true }))
  const printed = run('demo/demo.mjs', '--rows', '20000', '--size', '1000', '--out', out)
  expect(printed).toContain('same moments up to order 5')

  // name, whole record, kept rows, relative error, that of random rows
  const [, kept, rest] = printed.split(/^kept: .*|^not promised.*/m)
  const errors = [...kept.matchAll(/^ {2}\S.*?(\S+) +(\S+)$/gm)].map(([, few, random]) => [Number(few), Number(random)])
  expect(errors.length).toBe(9)
  for (const [few, random] of errors) {
    expect(few).toBeLessThan(1e-11)
    expect(random).toBeGreaterThan(1e-4)
  }
  expect(rest).toContain('quantile')

  const svg = readFileSync(join(out, 'picture.svg'), 'utf8')
  expect(svg).toContain('wind speed (m/s)')
  expect(svg).toContain('rows kept')
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

test('an unknown benchmark is refused with the names that there are', () => {
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
  // Where one way must win by far, whatever the seed: order 3 on one column with tails.
  const { divisions } = record.results
    .find((result: { set: string; dimension: number }) => result.set === 'Gaussian' && result.dimension === 1)
    .runs.find((one: { order: number }) => one.order === 3)
  expect(divisions.grid.error).toBeLessThan(divisions.balanced.error / 10)
})

interface Accuracy {
  part: 'authors' | 'automatic'
  // biome-ignore lint/suspicious/noExplicitAny: plain JSON
  runs: any[]
}

const geometricMean = (values: number[]) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

test('the benchmark of accuracy compares with a file of errors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-reference-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  // Two trials with errors of 1/8 and 3/8; one below the rounding of f, which must be left out.
  const lines = ['m,k,d,orig,comp']
  for (const setting of ['1,1,1000', '2,1,1000', '2,2,1000', '2,3,1000', '3,2,2000']) {
    lines.push(`${setting},0.5,0.625`, `${setting},0.5,0.125`)
  }
  lines.push('1,5,1000,0.5,0.5')
  writeFileSync(join(folder, 'fig2_errors.csv'), `${lines.join('\n')}\n`)

  const environment = { FEWPOINTS_REFERENCE: folder }
  const record = JSON.parse(runWith(environment, 'bench/run.mjs', 'accuracy', '--small', '--json'))
  const results: Accuracy[] = record.results
  expect(record.options.trials).toBe(20)
  const runs = results.filter(({ part }) => part === 'authors').flatMap(({ runs }) => runs)
  expect(runs.map(({ order, theirs, size }) => [order, theirs, size])).toEqual([
    [1, 0.25, 100],
    [1, 0.25, 100],
    [2, 0.25, 100],
    [3, 0.25, 100],
    [2, 0.25, 200],
  ])
  for (const { fast, best } of runs) {
    expect(fast.error).toBeLessThan(1e-3)
    expect(fast.error).toBeGreaterThan(1e-18)
    expect(best.cells).toBeLessThanOrEqual(fast.cells)
  }
  expect(geometricMean(runs.map(({ fast, best }) => best.error / fast.error))).toBeLessThan(0.3)

  // The automatic order is not far from the best of all orders. On 2000 points with tails in one column it may be refused.
  const automatic = results.filter(({ part }) => part === 'automatic').flatMap(({ runs }) => runs)
  expect(automatic.length).toBe(6 * 3)
  const done = automatic.filter(({ refused }) => !refused)
  expect(done.length).toBeGreaterThanOrEqual(6 * 3 - 1)
  for (const kind of ['smooth', 'steep', 'kinked']) {
    const ratios = done.map(({ errors, best }) => Math.max(errors[kind], 1e-15) / Math.max(best[kind].error, 1e-15))
    expect(geometricMean(ratios)).toBeLessThan(8)
  }
})

test('the benchmark of accuracy leaves out the comparison when there is no file', () => {
  const environment = { FEWPOINTS_REFERENCE: join(tmpdir(), 'fewpoints-no-such-folder') }
  const printed = runWith(environment, 'bench/run.mjs', 'accuracy', '--small', '--trials', '1', '--json')
  const results: Accuracy[] = JSON.parse(printed).results
  expect(new Set(results.map(({ part }) => part))).toEqual(new Set(['automatic']))
})
