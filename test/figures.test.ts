// The small forms of the experiments: measured, written, drawn, killed and resumed, and put into one page.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { momentCount } from '../lib/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = mkdtempSync(join(tmpdir(), 'fewpoints-figures-'))

function bench(...args: string[]): string {
  return execFileSync(process.execPath, ['bench/run.mjs', ...args], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
}

const FIGURES = {
  fig2: ['fast', 'best', 'free-fast', 'free-best'],
  laws: ['laws'],
  fig6: ['time'],
  fig8: ['polylog', 'law'],
}

/** Runs the small form once for all tests. */
beforeAll(() => {
  for (const name of Object.keys(FIGURES)) bench(name, '--small', '--trials', '6', '--out', out)
  return () => rmSync(out, { recursive: true })
})

const record = (name: string) => JSON.parse(readFileSync(join(out, `${name}.small.json`), 'utf8'))
const lines = (name: string) =>
  readFileSync(join(out, `${name}.small.csv`), 'utf8')
    .trim()
    .split('\n')
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** The exponent of x in y ~ x^exponent, by least squares. */
function exponent(x: number[], y: number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)]
  const [a, b] = [mean(u), mean(v)]
  const covariance = u.reduce((sum, value, i) => sum + (value - a) * (v[i] - b), 0)
  return covariance / u.reduce((sum, value) => sum + (value - a) ** 2, 0)
}

test.each(Object.entries(FIGURES))('%s: record, table and figures are written, and nothing half', (name, ids) => {
  const { machine, results, options, seed } = record(name)
  expect(machine.instructionSet).toEqual(expect.any(String))
  expect(machine.commit).toEqual(expect.any(String))
  expect(options).toMatchObject({ small: true, trials: 6 })
  expect(seed).toEqual(expect.any(Number))
  expect(lines(name).length).toBeGreaterThan(results.length)
  const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  for (const id of ids) {
    expect([...readFileSync(join(out, `${name}.small-${id}.png`)).subarray(0, 8)]).toEqual(pngSignature)
    const svg = readFileSync(join(out, `${name}.small-${id}.svg`), 'utf8')
    expect(svg).toMatch(/>(mean error of f|median error of f|time)</)
    expect(svg).toMatch(/>(number of points d|number of points kept, d'|d'\^\(1\/2\))</)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  }
  expect(readdirSync(out).filter((file) => /unfinished|tmp/.test(file))).toEqual([])
})

interface Fig2Result {
  dimension: number
  order: number
  points: number
  size: number
  fast: { errors: number[]; rounding: number; cells: number }
  best: { errors: number[] }
  'free-fast': { errors: number[]; cells: number; freeCells: number }
}

test('fig2: errors of the order of the law, and more moments make them smaller', () => {
  const results: Fig2Result[] = record('fig2').results
  for (const { dimension, order, points, size, fast, best } of results) {
    expect(size).toBe(Math.max(Math.floor(points / 10), momentCount(dimension, order)))
    expect(fast.errors.length).toBe(6)
    expect(fast.cells).toBeLessThanOrEqual(size / momentCount(dimension, order))
    expect(mean(best.errors)).toBeLessThan(mean(fast.errors))
  }
  for (const [m, k] of [
    [1, 1],
    [2, 1],
    [2, 3],
  ]) {
    const own = results.filter(({ dimension, order }) => dimension === m && order === k)
    const x = own.map(({ points }) => points)
    const y = own.map(({ fast }) => mean(fast.errors))
    // There are three sizes and six trials only; the full form measures the law itself.
    expect(-exponent(x, y)).toBeGreaterThan(((k + 1) / m + 0.5) / 2)
  }
})

test('fig2: free points come nearer than rows with the same moments', () => {
  const results: Fig2Result[] = record('fig2').results
  const ratios = results
    .filter(({ order }) => order > 1)
    .map(({ fast, 'free-fast': free }) => Math.log(mean(free.errors) / mean(fast.errors)))
  expect(ratios.length).toBe(9)
  expect(Math.exp(mean(ratios))).toBeLessThan(0.5)
  for (const { 'free-fast': free } of results) expect(free.freeCells).toBeGreaterThan(0)
})

test('laws: the error falls with the number of points kept, not with the number there were', () => {
  const results = record('laws').results
  for (const order of [1, 3]) {
    const of = (part: string) =>
      results.filter((one: { part: string; order: number }) => one.part === part && one.order === order)
    const fitted = (part: 'size' | 'points') =>
      exponent(
        of(part).map((one: { size: number; points: number }) => one[part]),
        of(part).map(({ errors }: { errors: number[] }) => mean(errors)),
      )
    expect(-fitted('size')).toBeGreaterThan(((order + 1) / 2 + 0.5) / 2)
    expect(Math.abs(fitted('points'))).toBeLessThan(0.6)
  }
})

test('fig6: every setting has been timed, and its moments are kept', () => {
  const { results } = record('fig6')
  expect(results.length).toBe(3 * 4 * 2)
  for (const { wall, residual } of results) {
    expect(wall).toBeGreaterThan(0)
    expect(residual).toBeLessThanOrEqual(50 * 2 ** -52)
  }
})

test('fig8: the error falls like an exponential, and the automatic order is not told the function', () => {
  const { results } = record('fig8')
  for (const m of [1, 2, 3]) {
    const own = results.filter((one: { part: string; dimension: number }) => one.part === 'law' && one.dimension === m)
    const errors = own.map(({ auto }: { auto: { errors: number[] } }) => mean(auto.errors))
    expect(errors.at(-1)).toBeLessThan(errors[0] / 100)
  }
  for (const { part, auto, points, size } of results) {
    if (part !== 'polylog') continue
    expect(size).toBeLessThan(points)
    expect(mean(auto.errors)).toBeLessThan(1e-6)
  }
})

test('the report holds every figure, caption and table, and needs no other file', () => {
  bench('report', '--out', out)
  const page = readFileSync(join(out, 'report.html'), 'utf8')
  const figures = Object.values(FIGURES).flat()
  expect(page.match(/<figure>/g)?.length).toBe(figures.length)
  expect(page.match(/src="data:image\/svg\+xml;base64,/g)?.length).toBe(figures.length)
  expect(page).not.toMatch(/(src|href)="(?!data:|#)/)
  for (const name of Object.keys(FIGURES)) expect(page).toContain(`npm run bench -- ${name} --small`)
  expect(page).toContain('authors / ours')
  expect(page).not.toMatch(/NaN|undefined/)
})

test('the report says so when there is nothing to report', () => {
  const empty = mkdtempSync(join(tmpdir(), 'fewpoints-empty-'))
  onTestFinished(() => rmSync(empty, { recursive: true }))
  expect(() => bench('report', '--out', empty)).toThrow(/no results/)
})

test('a run that was killed goes on where it was, also after a line that is half written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-killed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const log = join(folder, 'fig6.small.unfinished.jsonl')
  const args = ['fig6', '--small', '--trials', '1', '--out', folder]
  const done = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(1, -1) : [])

  const child = spawn(process.execPath, ['bench/run.mjs', ...args], { cwd: root, stdio: 'ignore' })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  while (done().length < 3) await sleep(20)
  child.kill('SIGKILL')
  await ended
  const before = done().map((line) => JSON.parse(line))
  expect(existsSync(join(folder, 'fig6.small.json'))).toBe(false)
  writeFileSync(log, `${readFileSync(log, 'utf8').split('\n').slice(0, -1).join('\n')}\n{"parameters":{"dim`)

  bench(...args)
  const { results } = JSON.parse(readFileSync(join(folder, 'fig6.small.json'), 'utf8'))
  expect(results.length).toBe(3 * 4 * 2)
  // The record has the earlier measurements with the same times, so they were not repeated.
  for (const [i, { parameters, result }] of before.entries()) expect(results[i]).toEqual({ ...parameters, ...result })
  expect(existsSync(log)).toBe(false)
})

test('what was measured with other options is not taken over', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-other-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const log = join(folder, 'laws.small.unfinished.jsonl')
  writeFileSync(log, '{"small":true,"trials":9}\n{"parameters":{"part":"size"},"result":{"errors":[1]}}\n')
  bench('laws', '--small', '--trials', '1', '--out', folder)
  const { results } = JSON.parse(readFileSync(join(folder, 'laws.small.json'), 'utf8'))
  for (const { errors } of results) expect(errors.every((error: number) => error < 1e-3)).toBe(true)
})
