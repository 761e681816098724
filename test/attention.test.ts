// The experiment with attention heads (bench/heads.mjs, native/bench/attention.cpp): values and gradient beside a plain
// implementation, heads with multiplicities beside equal heads, and the small form of figure 7.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import * as experiment from '../bench/heads.mjs'
import { random } from '../demo/random.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = mkdtempSync(join(tmpdir(), 'fewpoints-attention-'))
const module = (path: string) => import(new URL(`../${path}`, import.meta.url).href)
const TRIALS = 1
let printed = ''

beforeAll(() => {
  const args = ['bench/run.mjs', 'fig7', '--small', '--trials', String(TRIALS), '--out', out]
  printed = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  return () => rmSync(out, { recursive: true })
})

interface Heads {
  inputs: number
  dimension: number
  parameters: Float64Array
  multiplicity: Float64Array
}
interface Prompts {
  tokens: Float64Array
  length: number
  y: Float64Array
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0)
const parts = <T extends Float64Array | number[]>(values: T, length: number): number[][] =>
  Array.from({ length: values.length / length }, (_, i) => Array.from(values.slice(i * length, (i + 1) * length)))

/** o.(sum_j softmax_j((q x_last).(k x_j) / sqrt(dimension)) v x_j), summed over the heads, as it stands. */
function plainOutput({ inputs, dimension, parameters, multiplicity }: Heads, tokens: number[][]): number {
  const block = dimension * inputs
  return parts(parameters, 3 * block + dimension).reduce((sum, head, h) => {
    const [q, k, v] = [0, 1, 2].map((i) => parts(head.slice(i * block, (i + 1) * block), inputs))
    const times = (matrix: number[][], x: number[]) => matrix.map((row) => dot(row, x))
    const query = times(q, tokens.at(-1) as number[])
    const weights = tokens.map((x) => Math.exp(dot(query, times(k, x)) / Math.sqrt(dimension)))
    const total = weights.reduce((a, b) => a + b, 0)
    const values = tokens.map((x) => dot(head.slice(3 * block), times(v, x)))
    return sum + (multiplicity[h] * dot(weights, values)) / total
  }, 0)
}

function plainLoss(heads: Heads, { tokens, length, y }: Prompts): number {
  const prompts = parts(tokens, length * heads.inputs)
  return prompts.reduce((sum, one, s) => sum + (plainOutput(heads, parts(one, heads.inputs)) - y[s]) ** 2, 0) / y.length
}

/** 19 prompts fill no whole number of vectors. */
function drawn(inputs: number, dimension: number): { heads: Heads; prompts: Prompts } {
  const { normal, uniform } = random(10 * inputs + dimension)
  const [count, length] = [3, 6]
  return {
    heads: {
      inputs,
      dimension,
      parameters: Float64Array.from({ length: count * dimension * (3 * inputs + 1) }, normal),
      multiplicity: Float64Array.from({ length: count }, () => 0.5 + 4 * uniform()),
    },
    prompts: {
      tokens: Float64Array.from({ length: 19 * length * inputs }, normal),
      length,
      y: Float64Array.from({ length: 19 }, normal),
    },
  }
}

test.each([
  [1, 2],
  [1, 1],
  [3, 4],
  [8, 4],
])('%i inputs, dimension %i: outputs and gradient are those of a plain implementation', (inputs, dimension) => {
  const { heads, prompts } = drawn(inputs, dimension)
  const outputs: Float64Array = experiment.outputsOf(heads, prompts)
  const expected = parts(prompts.tokens, prompts.length * inputs).map((one) => plainOutput(heads, parts(one, inputs)))
  const size = Math.max(...expected.map(Math.abs))
  for (const [s, value] of expected.entries()) expect(Math.abs(outputs[s] - value)).toBeLessThan(1e-5 * size)

  const gradient: Float64Array = experiment.gradientOf(heads, prompts)
  expect(gradient.length).toBe(heads.parameters.length)
  const width = dimension * (3 * inputs + 1)
  const difference = (i: number) => {
    const [more, less] = [1e-5, -1e-5].map((step) => {
      const parameters = heads.parameters.slice()
      parameters[i] += step
      return plainLoss({ ...heads, parameters }, prompts)
    })
    // The gradient is that of one copy.
    return (more - less) / 2e-5 / heads.multiplicity[Math.floor(i / width)]
  }
  // 7 divides no width, so these are parameters of all kinds.
  const tried = Array.from(gradient.keys()).filter((i) => i % 7 === 0)
  const slopes = tried.map(difference)
  const largest = Math.max(...slopes.map(Math.abs))
  for (const [j, i] of tried.entries()) expect(Math.abs(gradient[i] - slopes[j])).toBeLessThan(2e-5 * largest)
})

test.each(['adam', 'sgd'] as const)('%s: a head of multiplicity 3 trains as three equal heads do', (rule) => {
  const once: Heads = experiment.randomHeads({ inputs: 1, dimension: 2, count: 40 }, 1)
  const copied = Uint32Array.from({ length: 120 }, (_, i) => Math.floor(i / 3))
  const copies = experiment.someHeads(once, copied, new Float64Array(120).fill(1))
  const weighted = { ...once, multiplicity: new Float64Array(40).fill(3) }
  const batch = (step: number) => experiment.functionPrompts(32, experiment.NOISE, 100 + step)
  const trained = (heads: Heads, gradient: 'copy' | 'total' = 'copy'): Heads =>
    experiment.trainHeads(heads, { rule, learningRate: 1e-2, gradient }, batch, 20)
  const [few, many] = [trained(weighted), trained(copies)]
  const largestDifference = (a: Float64Array, b: Float64Array) =>
    Math.max(...a.map((value, i) => Math.abs(value - b[i])))
  const whole = experiment.someHeads(few, copied, copies.multiplicity)
  expect(largestDifference(whole.parameters, many.parameters)).toBeLessThan(1e-4)
  expect(largestDifference(few.parameters, once.parameters)).toBeGreaterThan(1e-2)
  // With SGD the division is what makes it so.
  if (rule === 'sgd')
    expect(largestDifference(trained(weighted, 'total').parameters, few.parameters)).toBeGreaterThan(1e-2)
})

test('the invariants of heads with one input go on by themselves in a small step', () => {
  const heads: Heads = experiment.randomHeads({ inputs: 1, dimension: 3, count: 5 }, 2)
  const prompts: Prompts = experiment.functionPrompts(16, 0.3, 4)
  const rate = 1e-4
  const stepped = experiment.trainHeads(heads, { rule: 'sgd', learningRate: rate }, () => prompts, 1)
  const [before, after] = [heads, stepped].map((one) => parts(experiment.invariantsOf(one), 4))
  for (const [h, [scores, first, values, second]] of before.entries()) {
    const [newScores, newFirst, newValues, newSecond] = after[h]
    // The change of the one says that of the other.
    expect((newFirst - first) * first).toBeCloseTo(4 * scores * (newScores - scores), 7)
    expect((newSecond - second) * second).toBeCloseTo(4 * values * (newValues - values), 7)
    expect(newValues).not.toBe(values)
  }
  const wide = experiment.randomHeads({ inputs: 2, dimension: 2, count: 5 }, 2)
  expect(() => experiment.invariantsOf(wide)).toThrow('one input')
})

test('heads of eight inputs, compressed after training: nearer than the random subset', () => {
  const args = ['bench/run.mjs', 'pruning', '--small', '--trials', '1', '--json']
  const { results } = JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }))
  const [{ before, loss, size, variants }] = results
  expect(loss).toBeLessThan(0.9 * before)
  for (const { kept } of Object.values<{ kept: number }>(variants)) expect(kept).toBeLessThanOrEqual(size)
  for (const name of ['products', 'outputs']) expect(variants[name].distance).toBeLessThan(variants.subset.distance)
})

test('the prompts: functions linear in 16 pieces, the same with noise and without', () => {
  const [clean, noisy]: Prompts[] = [0, 0.3].map((noise) => experiment.functionPrompts(500, noise, 3))
  expect(clean.length).toBe(17)
  expect(clean.tokens.length).toBe(500 * 17)
  expect(noisy.y).toEqual(clean.y)
  const noise: number[] = []
  const slopes: number[] = []
  for (const [s, prompt] of parts(clean.tokens, 17).entries()) {
    const points = Array.from({ length: 8 }, (_, i) => [prompt[2 * i], prompt[2 * i + 1]])
    points.push([prompt[16], clean.y[s]])
    for (const [x] of points) expect(x >= 0 && x < 1).toBe(true)
    for (const [i, [x, y]] of points.entries())
      for (const [other, value] of points.slice(0, i))
        if (Math.floor(16 * x) === Math.floor(16 * other) && Math.abs(x - other) > 1e-3)
          slopes.push((y - value) / (x - other))
    for (let i = 0; i < 8; i++) noise.push(noisy.tokens[s * 17 + 2 * i + 1] - prompt[2 * i + 1])
  }
  const deviation = (values: number[]) => Math.sqrt(dot(values, values) / values.length)
  expect(deviation(noise)).toBeCloseTo(0.3, 1)
  expect(deviation(slopes)).toBeCloseTo(1, 0)
})

interface Curves {
  testLoss: (number | null)[]
  distance: (number | null)[]
}
interface Result {
  rule: string
  trial: number
  size: number
  kept: Record<string, number>
  evaluated: number[]
  variants: Record<string, Curves>
}

const record = () => JSON.parse(readFileSync(join(out, 'fig7.small.json'), 'utf8'))

test('fig7: record, table and figure are written, and nothing half', () => {
  expect(record().options).toMatchObject({ small: true, trials: TRIALS })
  const lines = readFileSync(join(out, 'fig7.small.csv'), 'utf8').trim().split('\n')
  const results: Result[] = record().results
  const curves = results.flatMap(({ variants, evaluated }) => Object.keys(variants).flatMap(() => evaluated))
  expect(lines.length).toBe(1 + curves.length)
  const svg = readFileSync(join(out, 'fig7.small-heads.svg'), 'utf8')
  for (const name of ['random subset', 'compressed', 'first heads', 'step']) expect(svg).toContain(`>${name}<`)
  expect(svg + printed).not.toMatch(/NaN|undefined|Infinity/)
  expect(readdirSync(out).filter((file) => /unfinished|tmp/.test(file))).toEqual([])
})

test('fig7: the compressed heads stay nearer to the original than the random subset, and the first heads are far', () => {
  const results: Result[] = record().results
  expect(results.map(({ rule }) => rule)).toEqual(Array(TRIALS).fill(['Adam', 'SGD']).flat())
  for (const { rule, size, kept, evaluated, variants } of results) {
    for (const count of Object.values(kept)) expect(count).toBeLessThanOrEqual(size)
    expect(evaluated.at(0)).toBe(0)
    for (const { testLoss, distance } of Object.values(variants)) {
      expect(testLoss.length).toBe(evaluated.length)
      expect(distance.length).toBe(evaluated.length)
    }
    const { original, compressed, subset, naive, total } = variants
    expect(original.distance.every((value) => value === 0)).toBe(true)
    expect(Number(original.testLoss.at(-1))).toBeLessThan(Number(original.testLoss[0]))
    const farthest = ({ distance }: Curves) => Math.max(...distance.map(Number))
    expect(farthest(compressed)).toBeLessThan(farthest(subset) / 3)
    expect(farthest(compressed)).toBeLessThan(farthest(naive) / 10)
    // With SGD the four numbers that are matched go on by themselves: what remains is the rounding of float32.
    if (rule === 'SGD') expect(farthest(compressed)).toBeLessThan(1e-4)
    if (rule === 'SGD') expect(farthest(total)).toBeGreaterThan(1000 * farthest(compressed))
  }
})

test('fig7: the caption agrees with the record, and the authors are drawn where their file is there', async () => {
  const { figures } = await module('bench/figures/fig7.mjs')
  const { render } = await module('demo/render.mjs')
  const small = record()
  const [{ caption }] = figures(small)
  expect(caption).toContain('random subset')
  expect(caption).not.toMatch(/NaN|undefined|Infinity|\[object|authors/)
  expect(readFileSync(join(out, 'fig7.small-heads.svg'), 'utf8')).not.toContain('the authors')

  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-paper-'))
  const before = process.env.FEWPOINTS_PAPER
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
    if (before === undefined) delete process.env.FEWPOINTS_PAPER
    else process.env.FEWPOINTS_PAPER = before
  })
  process.env.FEWPOINTS_PAPER = folder
  const all = ['orig', 'cp', 'naive'].flatMap((name) => [`train_loss_${name}`, `test_loss_${name}`])
  const lines = [`epoch,${all.join(',')}`, '0,1,2,3,4,5,6', '1,0.6,0.5,0.4,0.3,0.2,0.1']
  writeFileSync(join(folder, 'icl_piecewise_losses_d8000_dstop800_lr0.0001_ep50_spe5.csv'), `${lines.join('\n')}\n`)
  const { paperAttention } = await module('bench/paper.mjs')
  expect(paperAttention()).toEqual([
    { step: 0, original: 2, compressed: 4, naive: 6 },
    { step: 5, original: 0.5, compressed: 0.3, naive: 0.1 },
  ])
  const later = small.results.map((one: Result) => ({
    ...one,
    evaluated: one.evaluated.map((step) => 100 * step),
  }))
  const [full] = figures({ ...small, results: later, options: { ...small.options, small: false } })
  const { svg } = await render(full.specification)
  expect(svg).toContain('>the authors: compressed<')
  expect(svg).toContain('>(a) Adam, the first 250 steps<')
  expect(full.caption).toContain("grey: the authors' one run")
})
