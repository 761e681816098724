// The small form of the benchmark of models on real tables: every model uses the weights, what theory promises is kept to
// rounding, and the figures are labelled.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { random } from '../demo/random.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const module = (path: string) => import(new URL(`../${path}`, import.meta.url).href)

const MODELS = ['linear', 'quadratic', 'cubic', 'kernel', 'network', 'trees']
const METHODS = ['compressed', 'first', 'free', 'random', 'clusters', 'means']

interface Few {
  kept: number
  effective: number
  models: Record<string, { loss: number }>
}
interface Result {
  part: string
  set: string
  rows: number
  all: Record<string, { loss: number }>
  shares: { share: number; size: number; few: Record<string, Few> }[]
  degrees: { degree: number; moments: number; kept?: number; difference?: number }[]
}

let record: { results: Result[]; options: object }
const part = (name: string) => record.results.filter((one) => one.part === name)

beforeAll(() => {
  const args = ['bench/run.mjs', 'tabular', '--small', '--trials', '1', '--threads', '1', '--json']
  const printed = execFileSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 2 ** 26,
  })
  record = JSON.parse(printed)
})

test('every set, model and method is there, and no method keeps more rows than allowed', () => {
  expect(part('models').map(({ set }) => set)).toEqual(['olympians', 'weather'])
  for (const { rows, all, shares } of part('models')) {
    expect(Object.keys(all)).toEqual(MODELS)
    // The labels have variance 1 over the training rows.
    for (const { loss } of Object.values(all)) expect(loss).toBeLessThan(0.7)
    expect(shares.map(({ size }) => size)).toEqual([Math.floor(rows / 10)])
    for (const { size, few } of shares) {
      expect(Object.keys(few)).toEqual(METHODS)
      for (const { kept, effective, models } of Object.values(few)) {
        expect(kept).toBeLessThanOrEqual(size)
        expect(effective).toBeLessThanOrEqual(kept * (1 + 1e-12))
        expect(Object.keys(models)).toEqual(MODELS)
      }
      expect(few.random.effective).toBeCloseTo(size, 8)
      // Moments up to order 2 would make these equal; with fewer they are close.
      expect(few.compressed.models.linear.loss / all.linear.loss).toBeCloseTo(1, 1)
    }
  }
})

test('polynomials of degree p are the same on rows that keep the moments up to order 2 p', () => {
  const degrees = part('exact').flatMap((one) => one.degrees)
  const measured = degrees.filter(({ difference }) => difference !== undefined)
  expect(measured.map(({ degree }) => degree)).toEqual([1, 2, 1, 2, 3])
  for (const { moments, kept, difference } of measured) {
    expect(kept).toBeLessThanOrEqual(moments)
    expect(difference).toBeLessThan(1e-10)
  }
})

test('a row of weight w counts as w rows in every model', async () => {
  const { models } = await module('bench/regression.mjs')
  const { uniform, below } = random(8)
  const count = 120
  const x = Float64Array.from({ length: 2 * count }, () => 2 * uniform() - 1)
  const y = Float64Array.from({ length: count }, (_, i) => Math.sin(3 * x[2 * i]) + x[2 * i + 1] ** 2)
  const weights = Float64Array.from({ length: count }, () => 1 + below(4))
  const copies = Array.from(weights, (weight, i) => Array(weight).fill(i)).flat()
  const repeated = {
    x: Float64Array.from(copies.flatMap((i) => [x[2 * i], x[2 * i + 1]])),
    y: Float64Array.from(copies, (i) => y[i]),
    inputs: 2,
  }
  const learners = models(repeated, { seed: 3, threads: 1, effort: 0.2 })
  for (const name of ['linear', 'quadratic', 'cubic', 'kernel']) {
    const [f, g] = [{ x, y, weights, inputs: 2 }, repeated].map((rows) => learners[name](rows)(x))
    for (let i = 0; i < count; i++) expect(f[i]).toBeCloseTo(g[i], 9)
  }
})

test('boosted trees find a jump in one of two columns, and weights say which rows count', async () => {
  const { boostedTrees } = await module('bench/trees.mjs')
  const { uniform } = random(4)
  const count = 400
  const x = Float64Array.from({ length: 2 * count }, () => uniform())
  const jump = Float64Array.from({ length: count }, (_, i) => (x[2 * i + 1] > 0.5 ? 1 : -1))
  const values = boostedTrees({ x, y: jump, inputs: 2 })(x)
  const wrong = jump.filter((label, i) => Math.abs(values[i] - label) > 0.01).length
  // Rows that share a bin with the jump may be on its wrong side.
  expect(wrong).toBeLessThan(count / 50)

  // Each place twice, with different labels: the leaf is their weighted mean.
  const twice = Float64Array.from([...x, ...x])
  const y = Float64Array.from({ length: 2 * count }, (_, i) => (i < count ? 0 : 1))
  const weights = y.map((label) => (label === 1 ? 3 : 1))
  for (const value of boostedTrees({ x: twice, y, inputs: 2, weights })(x)) expect(value).toBeCloseTo(0.75, 1)
})

test('the figures have their axes and methods, and every model', async () => {
  const { figures } = await module('bench/figures/tabular.mjs')
  const { comparisons, outcome } = await module('bench/cases/tabular.mjs')
  const { render } = await module('demo/render.mjs')
  const all: { ratios: Record<string, number> }[] = comparisons(record.results)
  expect(all.length).toBe(2 * MODELS.length)
  for (const one of all) {
    const best = Math.min(one.ratios.random, one.ratios.clusters, one.ratios.means)
    expect(outcome(one) === 'lost').toBe(one.ratios.compressed > 1.05 * best)
    expect(outcome(one, 'free') === 'lost').toBe(one.ratios.free > 1.05 * best)
  }
  const drawn = figures(record)
  expect(drawn.map(({ id }: { id: string }) => id)).toEqual(['excess', 'scaling'])
  for (const { caption, specification } of drawn) {
    expect(caption).toMatch(/compressed/)
    const { svg } = await render(specification)
    for (const text of ['excess of the loss', 'compressed', 'random rows', 'means of equal cells']) {
      expect(svg).toContain(`>${text}<`)
    }
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  }
})
