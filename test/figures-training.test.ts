// The small forms of the experiments on training with few neurons: the comparison is fair, and the captions agree with
// the measurements.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = mkdtempSync(join(tmpdir(), 'fewpoints-training-'))
const module = (path: string) => import(new URL(`../${path}`, import.meta.url).href)
/** Trials per experiment: two in one of them, to test the medians. */
const TRIALS: Record<string, number> = { fig4: 2, smooth: 1, fig5b: 1, widths: 1 }

const FIGURES = { fig4: ['training'], smooth: ['path', 'later'], fig5b: ['loss', 'mean-field'], widths: ['widths'] }
const printed: Record<string, string> = {}

beforeAll(() => {
  for (const name of Object.keys(FIGURES)) {
    const args = ['bench/run.mjs', name, '--small', '--trials', String(TRIALS[name]), '--threads', '1', '--out', out]
    printed[name] = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  }
  return () => rmSync(out, { recursive: true })
})

interface Curves {
  trainLoss: (number | null)[]
  testLoss: (number | null)[]
  distance: (number | null)[]
}
interface Result {
  part: string
  rule: string
  activation: string
  width: number
  size: number
  sizes: number[]
  widths: number[]
  epochs: number
  every: number
  kept: number
  evaluated: number[]
  variants: Record<string, Curves>
}
type Value = { loss: number; distance: number }

const record = (name: string) => JSON.parse(readFileSync(join(out, `${name}.small.json`), 'utf8'))
const results = (name: string): Result[] => record(name).results
const first = (values: (number | null)[]) => values[0] as number
const last = (values: (number | null)[]) => values.at(-1) as number

test.each(Object.entries(FIGURES))('%s: record, table and figures are written', (name, ids) => {
  const { machine, options, seed } = record(name)
  expect(machine.instructionSet).toEqual(expect.any(String))
  expect(options).toMatchObject({ small: true, trials: TRIALS[name] })
  expect(seed).toEqual(expect.any(Number))
  const lines = readFileSync(join(out, `${name}.small.csv`), 'utf8')
    .trim()
    .split('\n')
  expect(lines.length).toBeGreaterThan(results(name).length)
  for (const id of ids) {
    const svg = readFileSync(join(out, `${name}.small-${id}.svg`), 'utf8')
    expect(svg).toContain('>random subset<')
    expect(svg).toContain('>compressed<')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  }
  expect(printed[name]).not.toMatch(/NaN|undefined|Infinity/)
  expect(readdirSync(out).filter((file) => /unfinished|tmp/.test(file))).toEqual([])
})

test('captions say how much of the gain the random subset has, and need no editing', async () => {
  for (const name of Object.keys(FIGURES)) {
    const { figures } = await module(`bench/figures/${name}.mjs`)
    for (const { caption } of figures(record(name))) {
      expect(caption).not.toMatch(/NaN|undefined|Infinity|\[object/)
      expect(caption).toContain('random subset')
    }
  }
})

test('fig4: every rule and trial, all networks evaluated at the same epochs', () => {
  const own = results('fig4')
  expect(own.map(({ rule }) => rule)).toEqual(Array(TRIALS.fig4).fill(['SGD', 'Rprop', 'AdamW']).flat())
  for (const { size, kept, epochs, every, evaluated, variants } of own) {
    expect(kept).toBeLessThanOrEqual(size)
    expect(evaluated).toEqual(Array.from({ length: epochs / every + 1 }, (_, i) => i * every))
    expect(Object.keys(variants).slice(0, 5)).toEqual(['original', 'compressed', 'second', 'subset', 'naive'])
    for (const { trainLoss, testLoss, distance } of Object.values(variants)) {
      for (const curve of [trainLoss, testLoss, distance]) expect(curve.length).toBe(evaluated.length)
    }
    expect(variants.original.distance.every((value) => value === 0)).toBe(true)
    expect(last(variants.original.testLoss)).toBeLessThan(first(variants.original.testLoss))
    expect(first(variants.compressed.distance)).toBeLessThan(first(variants.subset.distance))
    // The same network for all rates.
    expect(new Set(['fresh-1', 'fresh-3', 'fresh-10'].map((name) => first(variants[name].testLoss))).size).toBe(1)
  }
})

test('fig4: the authors are drawn behind the full size, not behind the small one', async () => {
  const { figures } = await module('bench/figures/fig4.mjs')
  const { render } = await module('demo/render.mjs')
  const small = record('fig4')
  const full = { ...small, options: { ...small.options, small: false } }
  const [{ specification }] = figures(full)
  expect((await render(specification)).svg).toContain('>the authors: compressed<')
  expect(readFileSync(join(out, 'fig4.small-training.svg'), 'utf8')).not.toContain('the authors')
})

test('smooth: the compressed network stays nearer than the random subset, and the division is what makes it so', () => {
  const own = results('smooth').filter(({ part }) => part === 'path')
  expect(own.map(({ rule }) => rule)).toEqual(['SGD', 'momentum', 'Adam'])
  for (const { rule, variants } of own) {
    const { compressed, subset, total } = variants
    expect(last(compressed.distance)).toBeLessThan(last(subset.distance) / 1.5)
    // Adam does not depend on the scale of a neuron's gradient.
    if (rule === 'Adam') expect(last(total.distance)).toBeCloseTo(last(compressed.distance), 2)
    else expect(total.distance.at(-1) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(last(compressed.distance) * 1.1)
  }
})

interface During {
  compressed: { epoch: number; kept: Value; reset: Value; subset: Value }[]
}

test('smooth: before the first epoch there is nothing to remember; in the middle and at the end compression is nearer', () => {
  const during: (Result & During)[] = record('smooth').results.filter((one: Result) => one.part === 'during')
  expect(during.map(({ rule }) => rule)).toEqual(['momentum', 'Adam'])
  for (const { epochs, compressed } of during) {
    expect(compressed.map(({ epoch }) => epoch / epochs)).toEqual([0, 1 / 6, 1 / 2, 5 / 6])
    expect(compressed[0].reset).toEqual(compressed[0].kept)
    for (const { kept, reset, subset } of compressed.slice(1)) {
      expect(reset).not.toEqual(kept)
      expect(kept.distance).toBeLessThan(subset.distance)
    }
  }
  const after = record('smooth').results.filter((one: Result) => one.part === 'after')
  expect(after.map(({ activation }: Result) => activation)).toEqual(['gelu', 'relu'])
  for (const { compressed, highest, subset } of after) {
    expect(compressed.distance).toBeLessThan(subset.distance / 3)
    expect(highest.distance).toBeLessThan(subset.distance)
  }
})

test('fig5b: the sizes of the paper, and a law with the exponent that its points have', async () => {
  const { losses, meanFields } = await module('bench/cases/fig5b.mjs')
  const all = results('fig5b')
  for (const { size, width, kept } of all.filter(({ part }) => part === 'loss')) {
    expect(size).toBe(Math.floor(16 * Math.sqrt(width)))
    expect(kept).toBeLessThanOrEqual(size)
  }
  const [original, compressed] = losses(all)
  expect(original.points.map(({ x }: { x: number }) => x)).toEqual([512, 1024, 2048])
  expect(compressed.points.map(({ x }: { x: number }) => x)).toEqual([362, 512, 724])
  expect(original.points.every(({ ratio }: { ratio: number }) => ratio === 1)).toBe(true)

  // Before training the compressed network has the function of the original; the subset has another.
  const [wide, few, squares, linear, subset] = meanFields(all).filter(({ epoch }: { epoch: number }) => epoch === 0)
  expect([wide, few, squares, linear, subset].map(({ variant }) => variant)).toEqual([
    'original',
    'compressed',
    'squares',
    'linear',
    'subset',
  ])
  for (const [i, { value }] of wide.points.entries()) {
    expect(few.points[i].value / value).toBeCloseTo(1, 0)
    expect(squares.points[i].value / value).toBeCloseTo(1, 0)
    expect(linear.points[i].value / value).toBeCloseTo(1, 0)
  }
  expect(subset.points.at(-1).value).toBeGreaterThan(few.points.at(-1).value)
})

test('widths: fewer neurons are farther from the original, and at each width nearer than the random subset', async () => {
  const { series } = await module('bench/cases/widths.mjs')
  const all: {
    activation: string
    size: number
    ratios: Record<string, number>
    deviations: Record<string, { final: number }>
    advantages: Record<string, number>
  }[] = series(results('widths'))
  expect(all.map(({ activation, size }) => [activation, size])).toEqual([
    ['gelu', 300],
    ['gelu', 100],
    ['relu', 300],
    ['relu', 100],
  ])
  for (const { ratios, deviations, advantages } of all) {
    expect(ratios.compressed).toBeLessThan(ratios.subset)
    expect(deviations.compressed.final).toBeLessThan(deviations.subset.final)
    expect(advantages.final).toBeGreaterThan(1)
  }
  for (const activation of ['gelu', 'relu']) {
    const [more, fewer] = all.filter((one) => one.activation === activation)
    expect(more.deviations.compressed.final).toBeLessThan(fewer.deviations.compressed.final)
  }
})

test('a training that has diverged is said to have, and compares as infinitely far', async () => {
  const { summary, verdict } = await module('bench/trajectories.mjs')
  const curves = (testLoss: (number | null)[], distance: (number | null)[]) => ({ testLoss, distance })
  const group = [
    {
      evaluated: [0, 1],
      variants: {
        original: curves([1, 0.5], [0, 0]),
        compressed: curves([1.1, 0.6], [0.1, 0.2]),
        subset: curves([2, null], [1, null]),
      },
    },
  ]
  const { deviations, advantages } = summary(group, {
    original: 'original',
    compressed: 'compressed',
    subset: 'subset',
  })
  expect(deviations.compressed.lossLargest).toBeCloseTo(0.2)
  expect(deviations.subset).toMatchObject({
    initial: 1,
    largest: Number.POSITIVE_INFINITY,
    lossLargest: Number.POSITIVE_INFINITY,
  })
  expect(advantages).toMatchObject({ initial: 10, final: Number.POSITIVE_INFINITY })
  const words = verdict(
    [
      { name: 'A', advantages: { initial: 10, final: 0.5 } },
      { name: 'B', advantages: { initial: 1.1, final: 2 } },
    ],
    ['initial', 'final'],
  )
  expect(words).toBe(
    'What compression keeps better than that subset: the function before training (A 10×); the function at the end (B 2×). ' +
      'Kept no better: the function before training (B 1.1×). Kept better by the subset: the function at the end (A 0.5×).',
  )
})
