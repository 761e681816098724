// The small forms of the experiments on training with few rows: their common parts, and whether the measurements show
// what the figures claim.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = mkdtempSync(join(tmpdir(), 'fewpoints-rows-'))
const module = (path: string) => import(new URL(`../${path}`, import.meta.url).href)
const TRIALS: Record<string, number> = { fig3: 1, hundredfold: 1, fig5a: 2 }

function bench(...args: string[]): string {
  return execFileSync(process.execPath, ['bench/run.mjs', ...args], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
}

const FIGURES = { fig3: ['relu', 'tanh'], hundredfold: ['curves'], fig5a: ['rows'] }
const printed: Record<string, string> = {}

beforeAll(() => {
  for (const name of Object.keys(FIGURES)) {
    printed[name] = bench(name, '--small', '--trials', String(TRIALS[name]), '--out', out)
  }
  return () => rmSync(out, { recursive: true })
})

interface Variant {
  kept: number
  loss: number
  distance: number
  farthest: number
  curves: { epochs: number[]; testLoss: number[]; distance: number[] }
}
interface Result {
  panel: string
  activation: string
  rows: number
  size: number
  epochs: number
  runs: Record<string, Variant>[]
  variants: Record<string, Variant>
}

const record = (name: string): { results: Result[]; options: object } =>
  JSON.parse(readFileSync(join(out, `${name}.small.json`), 'utf8'))

test.each(Object.entries(FIGURES))('%s: record, table and figures are written', (name, ids) => {
  const { results } = record(name)
  if (name === 'fig5a') expect(results.length).toBe(5 * TRIALS.fig5a)
  else for (const { runs } of results) expect(runs.length).toBe(TRIALS[name])
  const lines = readFileSync(join(out, `${name}.small.csv`), 'utf8')
    .trim()
    .split('\n')
  expect(lines.length).toBeGreaterThan(results.length)
  for (const id of ids) {
    const svg = readFileSync(join(out, `${name}.small-${id}.svg`), 'utf8')
    expect(svg).toMatch(/>(test loss|mean test loss)</)
    expect(svg).toMatch(/>(distance from the original|times the original's loss)</)
    expect(svg).toContain('>random subset<')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  }
  expect(printed[name]).not.toMatch(/NaN|undefined|Infinity/)
  expect(readdirSync(out).filter((file) => /unfinished|tmp/.test(file))).toEqual([])
})

test('fig3: the same start, no more rows than allowed, far nearer to the original than a random subset', () => {
  const { results } = record('fig3')
  expect(results.map(({ panel, activation }) => `${panel} ${activation}`)).toEqual([
    'gd relu',
    'adamw relu',
    'sgd-batches relu',
    'adamw-batches relu',
    'gd tanh',
    'adamw tanh',
  ])
  for (const { panel, activation, size, epochs, runs } of results) {
    for (const run of runs) {
      for (const [name, { kept, curves }] of Object.entries(run)) {
        expect(curves.epochs[0]).toBe(0)
        expect(curves.epochs.at(-1)).toBe(epochs)
        expect(curves.distance[0]).toBe(0)
        expect(curves.testLoss[0]).toBe(run.original.curves.testLoss[0])
        if (!['original', 'redrawn', 'rebatched'].includes(name)) expect(kept).toBeLessThanOrEqual(size)
      }
      expect(run.original.farthest).toBe(0)
      expect(run.subset.farthest).toBeGreaterThanOrEqual(run.subset.distance)
      // The distances of the other rules contain the noise of the batches.
      if (panel === 'gd' || panel === 'adamw') {
        expect(run.compressed.distance).toBeLessThan(run.subset.distance / (activation === 'tanh' ? 100 : 3))
      }
      expect('rebatched' in run).toBe(panel.endsWith('batches'))
    }
  }
})

test('hundredfold: every way ends nearer to the original than a random subset', () => {
  const [{ runs }] = record('hundredfold').results
  for (const { subset, original, rebatched, ...ways } of runs) {
    expect(rebatched.kept).toBe(original.kept)
    for (const { distance, loss, curves } of Object.values(ways)) {
      expect(distance).toBeLessThan(subset.distance)
      expect(loss).toBeLessThan(subset.loss)
      // Variants with other numbers of epochs have as many evaluations, at the same times.
      expect(curves.epochs).toEqual(original.curves.epochs)
    }
  }
})

test('fig5a: the sizes of the paper, and the exponents of its numbers', async () => {
  const { results } = record('fig5a')
  const { authors, series } = await module('bench/cases/fig5a.mjs')
  expect(results.map(({ rows }) => rows)).toEqual([256, 512, 1024, 2048, 4096].flatMap((rows) => [rows, rows]))
  for (const { rows, size, variants } of results) {
    expect(size).toBe(Math.floor(16 * Math.sqrt(rows)))
    const { original, ...few } = variants
    expect(original.kept).toBe(rows)
    for (const { kept } of Object.values(few)) expect(kept).toBeLessThanOrEqual(size)
    if (rows > size) continue
    // The compressed rows are drawn by their weights, which are all 1, so only their batches differ.
    expect(few.compressed.kept).toBe(rows)
    expect(few.subset.distance).toBe(0)
  }
  const [original, compressed] = series(results)
  expect(original.fit.exponent).toBeLessThan(0)
  expect(compressed.fit.exponent / original.fit.exponent).toBeGreaterThan(1.5)
  // The exponents that the paper gives for its numbers.
  const exponents = authors().map(({ fit }: { fit: { exponent: number } }) => -fit.exponent)
  expect(exponents[0]).toBeCloseTo(0.683, 2)
  expect(exponents[1]).toBeCloseTo(1.271, 2)
})

test('the report has a section for each', () => {
  bench('report', '--out', out)
  const page = readFileSync(join(out, 'report.html'), 'utf8')
  for (const name of Object.keys(FIGURES)) expect(page).toContain(`npm run bench -- ${name} --small`)
  expect(page.match(/<figure>/g)?.length).toBe(4)
})

test("the authors' curves are drawn behind those of the same size, and not behind others", async () => {
  const { render } = await module('demo/render.mjs')
  for (const [name, same] of [
    ['fig3', { rows: 10_000 }],
    ['hundredfold', {}],
    ['fig5a', {}],
  ] as const) {
    const { figures } = await module(`bench/figures/${name}.mjs`)
    const small = record(name)
    const full = {
      ...small,
      options: { ...small.options, small: false },
      results: small.results.map((one) => ({ ...one, ...same })),
    }
    const [before] = figures(small)
    const [after] = figures(full)
    expect(before.caption).not.toContain('the authors')
    expect(after.caption).toContain('the authors')
    const { svg } = await render(after.specification)
    if (name !== 'fig5a') expect(svg).toContain('>the authors: original<')
  }
})

test('Bessel functions', async () => {
  const { besselJ } = await module('bench/networks.mjs')
  // Abramowitz and Stegun, tables 9.1 and 9.2; J_6(20) and J_6(28) by SciPy.
  expect(besselJ(0, 1)).toBeCloseTo(0.765197686557967, 14)
  expect(besselJ(2, 4)).toBeCloseTo(0.364128145852073, 14)
  expect(besselJ(6, 20)).toBeCloseTo(-0.0550860495636659, 14)
  for (const n of [0, 2, 6]) expect(besselJ(n, 0)).toBeCloseTo(n === 0 ? 1 : 0, 14)
  // J_(n-1)(x) + J_(n+1)(x) = (2 n / x) J_n(x)
  for (const x of [0.5, 5, 28.2, 300]) {
    for (const n of [1, 4, 9]) {
      expect(besselJ(n - 1, x) + besselJ(n + 1, x)).toBeCloseTo(((2 * n) / x) * besselJ(n, x), 12)
    }
  }
})

test('networks and rows are as described', async () => {
  const networks = await module('bench/networks.mjs')
  const { randomNetwork, drawRows, functionOf, firstRows, randomRows, meanRows, firstNeurons, randomNeurons } = networks
  const { predictSync } = await module('dist/index.js')

  const network = randomNetwork({ width: 400, activation: 'relu' }, 7)
  const largest = (values: Float64Array) => Math.max(...values.map(Math.abs))
  expect(largest(network.hidden)).toBeCloseTo(1 / Math.sqrt(2), 2)
  expect(largest(network.output)).toBeCloseTo(1 / 20, 3)
  expect(randomNetwork({ width: 400, activation: 'relu' }, 7)).toEqual(network)
  const f = functionOf(network)
  const noisy = drawRows(f, 1000, 8, 3)
  const exact = drawRows(f, 1000, 8)
  expect(noisy.x).toEqual(exact.x)
  const noise = noisy.y.map((value: number, i: number) => value - exact.y[i])
  const deviation = Math.sqrt(noise.reduce((sum: number, value: number) => sum + value ** 2, 0) / 1000)
  expect(Math.abs(deviation - 3)).toBeLessThan(0.3)
  const predicted: Float64Array = predictSync(network, exact.x)
  for (const [i, value] of predicted.entries()) expect(value).toBeCloseTo(exact.y[i], 12)

  const rowsOf = ({ x, y }: { x: Float64Array; y: Float64Array }) =>
    Array.from(y, (value, i) => `${x[2 * i]} ${x[2 * i + 1]} ${value}`)
  const all = rowsOf(noisy)
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)
  expect(rowsOf(firstRows(noisy, 100))).toEqual(all.slice(0, 100))
  const subset = randomRows(noisy, 100, 1)
  expect(new Set(rowsOf(subset)).size).toBe(100)
  expect(rowsOf(subset).every((row) => all.includes(row))).toBe(true)
  expect(total(subset.weights)).toBeCloseTo(1000, 9)
  const means = meanRows(noisy, 64)
  expect(total(means.weights)).toBe(1000)
  const weighted = means.y.map((value: number, i: number) => value * means.weights[i])
  expect(total(weighted)).toBeCloseTo(total(noisy.y), 9)

  expect(firstNeurons(network, 400)).toMatchObject(network)
  const few = randomNeurons(network, 100, 1)
  expect(total(few.multiplicity)).toBeCloseTo(400, 9)
  for (let j = 0; j < 100; j++) {
    const from = network.bias.indexOf(few.bias[j])
    expect(few.output[j]).toBe(network.output[from])
    expect(few.hidden.slice(2 * j, 2 * j + 2)).toEqual(network.hidden.slice(2 * from, 2 * from + 2))
  }
})
