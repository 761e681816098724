// The small form of the benchmark of difficult functions: the comparison is fair, and the figures are labelled.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const module = (path: string) => import(new URL(`../${path}`, import.meta.url).href)

const SETS = ['uniform', 'mixture', 'spiral', 'noisy', 'knot', 'mixture3']
const KINDS = ['smooth', 'Runge', 'oscillation', 'Gaussian', 'kink', 'jump']
const METHODS = ['compress', 'lowOrder', 'free', 'random', 'stratified', 'kmeans'] as const
const SIZES = [32, 100, 316]

type Method = (typeof METHODS)[number]
type Result = { set: string; size: number; points: number } & Record<
  Method,
  { kept: number[]; totalError: number; errors: Record<string, number[]> }
>

let record: { results: Result[] }

beforeAll(() => {
  const args = ['bench/run.mjs', 'functions', '--small', '--threads', '1', '--json']
  const printed = execFileSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 2 ** 26,
  })
  record = JSON.parse(printed)
})

const rms = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

test('every set, size, method and kind of function is there', () => {
  expect(record.results.map(({ set, size }) => [set, size])).toEqual(
    SETS.flatMap((set) => SIZES.map((size) => [set, size])),
  )
  for (const result of record.results) {
    for (const method of METHODS) {
      expect(Object.keys(result[method].errors)).toEqual(KINDS)
      for (const errors of Object.values(result[method].errors)) {
        expect(errors.length).toBe(3)
        for (const error of errors) expect(error).toBeGreaterThanOrEqual(0)
      }
    }
  }
})

test('no method keeps more points than allowed, and the weights of each add up to the number of points', () => {
  for (const result of record.results) {
    for (const method of METHODS) {
      expect(Math.max(...result[method].kept)).toBeLessThanOrEqual(result.size)
      expect(result[method].totalError).toBeLessThan(1e-13)
    }
    expect(Math.min(...result.random.kept, ...result.stratified.kept)).toBe(result.size)
  }
})

test('a random subset has the error that theory gives it, a stratified one and k-means centroids less', () => {
  // The functions of a trial share one subset, so only the mean over all of them is near the expected value.
  const ratios = record.results.flatMap(({ size, points, random }) => {
    const expected = Math.sqrt((1 / size) * (1 - size / points))
    return Object.values(random.errors)
      .flat()
      .map((error) => error / expected)
  })
  expect(rms(ratios)).toBeGreaterThan(0.8)
  expect(rms(ratios)).toBeLessThan(1.25)
  for (const result of record.results) {
    expect(rms(result.stratified.errors.smooth)).toBeLessThan(rms(result.random.errors.smooth) / 2)
    expect(rms(result.kmeans.errors.smooth)).toBeLessThan(rms(result.stratified.errors.smooth))
  }
})

test('smooth functions: compress is far closer than a random subset', () => {
  for (const result of record.results) {
    expect(rms(result.compress.errors.smooth)).toBeLessThan(rms(result.random.errors.smooth) / 10)
  }
})

test('the figures have axes, all methods, and a shade with its factor wherever compress has lost', async () => {
  const { figures } = await module('bench/figures/functions.mjs')
  const { comparisons } = await module('bench/cases/functions.mjs')
  const { render } = await module('demo/render.mjs')
  const all: { set: string; outcome: string; ratio: number; errors: Record<Method, number> }[] = comparisons(
    record.results,
  )
  for (const { outcome, ratio, errors } of all) {
    expect(ratio).toBe(errors.compress / Math.min(errors.random, errors.stratified, errors.kmeans))
    expect(outcome === 'lost').toBe(ratio > 1.25)
  }

  const drawn = figures(record)
  expect(drawn.map(({ id }: { id: string }) => id)).toEqual(['plane', 'spiral', 'space'])
  let factors = 0
  for (const { caption, specification } of drawn) {
    expect(caption).toMatch(/smooth \d+ won, \d+ tied, \d+ lost/)
    const { svg } = await render(specification)
    for (const text of ["number of points kept, d'", 'relative error', 'k-means centroids', 'stratified subset']) {
      expect(svg).toContain(`>${text}<`)
    }
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    factors += svg.match(/>[\d.]+×</g)?.length ?? 0
  }
  expect(factors).toBe(all.filter(({ outcome }) => outcome === 'lost').length)
})
