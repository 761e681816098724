// The rule for training with multiplicities: a part that stands for c equal ones moves as each of them would.
import { describe, expect, it } from 'vitest'
import { clipByGlobalNorm, type PartGradient, perCopyGradients, type TensorOps } from '../lib/index.js'
import { fill, seeded, uniform } from './fixtures.js'

const MULTIPLICITY = [3, 1, 7, 2]
const COPIES = MULTIPLICITY.flatMap((c, j) => Array<number>(c).fill(j)) // 0 0 0 1 2 2 2 ...
const FIRST = MULTIPLICITY.map((_, j) => COPIES.indexOf(j))
const INPUTS = 2
const ROWS = 30
const STEPS = 25

/**
 * f(x) = bias + sum_j c_j height_j tanh(place_j . x). `place` is inputs x parts, as TensorFlow.js has it; `height` is parts;
 * `bias` belongs to no part.
 */
interface Model {
  place: Float64Array
  height: Float64Array
  bias: Float64Array
}
const NAMES = ['place', 'height', 'bias'] as const

const x = uniform(ROWS, INPUTS, 2)
const y = fill(ROWS, (i) => 4 * Math.sin(3 * x[2 * i]) + x[2 * i + 1])

function randomModel(): Model {
  const random = seeded(5)
  const draw = (length: number) => fill(length, () => 2 * random.next() - 1)
  return { place: draw(INPUTS * MULTIPLICITY.length), height: draw(MULTIPLICITY.length), bias: draw(1) }
}

/** The model with these parts. */
function partsOf({ place, height, bias }: Model, parts: number[]): Model {
  const { length } = parts
  return {
    place: fill(INPUTS * length, (i) => place[Math.floor(i / length) * height.length + parts[i % length]]),
    height: Float64Array.from(parts, (j) => height[j]),
    bias: bias.slice(),
  }
}

/** The gradient of the mean squared error, as automatic differentiation gives it: of all copies together. */
function gradientOf({ place, height, bias }: Model, copies: number[]): Model {
  const parts = height.length
  const g = { place: new Float64Array(place.length), height: new Float64Array(parts), bias: new Float64Array(1) }
  for (let i = 0; i < ROWS; i++) {
    const hidden = height.map((_, j) => Math.tanh(place[j] * x[2 * i] + place[parts + j] * x[2 * i + 1]))
    const f = hidden.reduce((sum, value, j) => sum + copies[j] * height[j] * value, bias[0])
    const error = (2 * (f - y[i])) / ROWS
    g.bias[0] += error
    for (let j = 0; j < parts; j++) {
      g.height[j] += error * copies[j] * hidden[j]
      for (let a = 0; a < INPUTS; a++)
        g.place[a * parts + j] += error * copies[j] * height[j] * (1 - hidden[j] ** 2) * x[2 * i + a]
    }
  }
  return g
}

/** One function per array of parameters: the step for its gradient. */
const OPTIMIZERS: Record<string, () => (gradient: Float64Array) => Float64Array> = {
  sgd: () => (g) => g.map((value) => 0.02 * value),
  momentum: () => {
    let speed: Float64Array | undefined
    return (g) => (speed = g.map((value, i) => 0.9 * (speed?.[i] ?? 0) + 0.005 * value))
  },
  adam: () => {
    let [mean, square] = [new Float64Array(), new Float64Array()]
    let step = 0
    return (g) => {
      step++
      mean = g.map((value, i) => 0.9 * (mean[i] ?? 0) + 0.1 * value)
      square = g.map((value, i) => 0.999 * (square[i] ?? 0) + 0.001 * value * value)
      return g.map((_, i) => (0.05 * mean[i]) / (1 - 0.9 ** step) / (Math.sqrt(square[i] / (1 - 0.999 ** step)) + 1e-8))
    }
  },
}

type Change = (gradients: PartGradient<Float64Array>[]) => PartGradient<Float64Array>[]

/** What the optimiser gets: `change` of the gradients with the multiplicities of their parts. */
function train(start: Model, copies: number[], optimizer: string, change: Change): Model {
  const model = partsOf(start, [...copies.keys()])
  const steps = NAMES.map(() => OPTIMIZERS[optimizer]())
  for (let step = 0; step < STEPS; step++) {
    const g = gradientOf(model, copies)
    const changed = change([
      { gradient: g.place, multiplicity: copies, inner: 1 },
      { gradient: g.height, multiplicity: copies },
      { gradient: g.bias },
    ])
    for (const [i, name] of NAMES.entries()) {
      const move = steps[i](changed[i].gradient)
      for (const [at, value] of move.entries()) model[name][at] -= value
    }
  }
  return model
}

const withGradients = (list: PartGradient<Float64Array>[], gradients: Float64Array[]) =>
  list.map((entry, i) => ({ ...entry, gradient: gradients[i] }))
const perCopy: Change = (list) => withGradients(list, perCopyGradients(list))
const clipped =
  (limit: number): Change =>
  (list) =>
    withGradients(list, clipByGlobalNorm(list, limit))

function difference(some: Model, others: Model): number {
  const size = (list: Float64Array) => list.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return Math.max(...NAMES.map((name) => size(some[name].map((v, i) => v - others[name][i])) / size(others[name])))
}

const start = randomModel()
const ones = COPIES.map(() => 1)
// Far below the norms here, so that every step is clipped.
const LIMIT = 0.5

describe.each(Object.keys(OPTIMIZERS))('%s', (optimizer) => {
  const written = (change: Change) => train(partsOf(start, COPIES), ones, optimizer, change)
  const counted = (change: Change) => train(start, MULTIPLICITY, optimizer, change)

  it('moves a part of multiplicity c as each of c equal ones', () => {
    const expected = partsOf(
      written((list) => list),
      FIRST,
    )
    expect(difference(start, expected)).toBeGreaterThan(0.05)
    expect(difference(counted(perCopy), expected)).toBeLessThan(1e-11)
  })

  it('also with clipping by the global norm', () => {
    const expected = partsOf(written(clipped(LIMIT)), FIRST)
    expect(
      difference(
        expected,
        partsOf(
          written((list) => list),
          FIRST,
        ),
      ),
    ).toBeGreaterThan(1e-4)
    expect(
      difference(
        counted((list) => clipped(LIMIT)(perCopy(list))),
        expected,
      ),
    ).toBeLessThan(1e-11)
  })

  it('does something else without the rule, or with the plain norm', () => {
    const expected = partsOf(written(clipped(LIMIT)), FIRST)
    expect(difference(counted(clipped(LIMIT)), expected)).toBeGreaterThan(1e-3)
    const plain: Change = (list) => {
      const entries = perCopy(list)
      return withGradients(
        entries,
        clipByGlobalNorm(
          entries.map(({ gradient }) => ({ gradient })),
          LIMIT,
        ),
      )
    }
    expect(difference(counted(plain), expected)).toBeGreaterThan(1e-4)
  })
})

describe('the gradients', () => {
  it('are divided by the multiplicity of their part, whichever axis the parts are', () => {
    const gradient = Float64Array.of(1, 2, 3, 4, 5, 6)
    const by = (multiplicity: number[], inner?: number) => [...perCopyGradients([{ gradient, multiplicity, inner }])[0]]
    expect(by([1, 2])).toEqual([1, 2, 3, 2, 2.5, 3])
    expect(by([1, 2, 4], 1)).toEqual([1, 1, 0.75, 4, 2.5, 1.5])
    expect(by([1, 2, 4])).toEqual([1, 2, 1.5, 2, 1.25, 1.5])
    expect([...perCopyGradients([{ gradient }])[0]]).toEqual([...gradient])
    expect([...gradient]).toEqual([1, 2, 3, 4, 5, 6])
    const single = perCopyGradients([{ gradient: Float32Array.of(1), multiplicity: [3] }])[0]
    expect(single).toEqual(Float32Array.of(1 / 3))
  })

  it('are clipped only above the limit', () => {
    const list = [{ gradient: Float64Array.of(1, 2), multiplicity: [4, 3] }, { gradient: Float64Array.of(3) }]
    expect(clipByGlobalNorm(list, 5)).toEqual([Float64Array.of(1, 2), Float64Array.of(3)]) // 4 + 12 + 9 = 25
    expect(clipByGlobalNorm(list, 2.5)).toEqual([Float64Array.of(0.5, 1), Float64Array.of(1.5)])
    expect(clipByGlobalNorm([{ gradient: new Float64Array(2) }], 1)).toEqual([new Float64Array(2)])
  })

  it('may be tensors: the same numbers by the operations that are given', () => {
    const ops: TensorOps<number[]> = {
      div: (a, b) => b.map((value, i) => (typeof a === 'number' ? a : a[i % a.length]) / value),
      mul: (a, b) => a.map((value, i) => value * b[i % b.length]),
      square: (a) => a.map((value) => value * value),
      sum: (a) => [a.reduce((sum, value) => sum + value, 0)],
      addN: (list) => [list.reduce((sum, [value]) => sum + value, 0)],
      sqrt: (a) => a.map(Math.sqrt),
      minimum: (a, b) => b.map((value) => Math.min(a as number, value)),
    }
    const copies = [3, 1, 7, 2]
    const list = [{ gradient: [...uniform(4, 1, 3)], multiplicity: copies }, { gradient: [...uniform(5, 1, 4)] }]
    const arrays = list.map(({ gradient, ...rest }) => ({ gradient: Float64Array.from(gradient), ...rest }))
    expect(perCopyGradients(list, ops)).toEqual(perCopyGradients(arrays).map((g) => [...g]))
    for (const limit of [0.3, 100])
      expect(clipByGlobalNorm(list, limit, ops)).toEqual(clipByGlobalNorm(arrays, limit).map((g) => [...g]))
  })

  const gradient = new Float64Array(6)
  it.each<[string, unknown, string, RegExp]>([
    ['an array', { gradient: [1] }, 'ERR_SHAPE', /gradients\[0\]\.gradient must be a Float64Array/],
    ['other parts', { gradient, multiplicity: [1, 2, 3, 4] }, 'ERR_SHAPE', /6 numbers cannot belong to 4 parts/],
    ['no parts', { gradient, multiplicity: [] }, 'ERR_SHAPE', /6 numbers cannot belong to 0 parts/],
    ['another inner', { gradient, multiplicity: [1, 2, 3], inner: 4 }, 'ERR_SHAPE', /3 parts with 4 in sequence/],
    [
      'a zero',
      { gradient, multiplicity: [1, 0, 3] },
      'ERR_WEIGHT',
      /multiplicity\[1\] is 0; expected a finite number > 0/,
    ],
  ])('refuse %s', (_, entry, code, message) => {
    const error = expect.objectContaining({ code, message: expect.stringMatching(message) })
    expect(() => perCopyGradients([entry as PartGradient])).toThrow(error)
    expect(() => clipByGlobalNorm([entry as PartGradient], 1)).toThrow(error)
  })

  it('refuse a limit that is none', () => {
    for (const limit of [0, -1, Number.NaN])
      expect(() => clipByGlobalNorm([{ gradient }], limit)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
