// The small forms of the benchmarks of deep networks: gradients are right, every way is measured alike, and the figures are
// labelled.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const module = (path: string) => import(new URL(`../${path}`, import.meta.url).href)

type Way = 'measured' | 'moments' | 'fair' | 'pruned'
interface Result {
  activation: string
  inputs: number
  width: number
  loss: number
  layers: Record<Way, { kept: number; error: number; ratio: number }>[][]
}

let record: { results: Result[] }

function measured(name: string) {
  const args = ['bench/run.mjs', name, '--small', '--trials', '1', '--threads', '1', '--json']
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }))
}

beforeAll(() => {
  record = measured('depth')
})

test.each(['sin', 'gelu'])('%s: the gradient of a deep network is that of difference quotients', async (activation) => {
  const { deepNetwork, gradientsOf, valuesOf } = await module('bench/deep.mjs')
  const network = deepNetwork({ inputs: 2, widths: [5, 6, 7], activation, steepness: 2 }, 1)
  const x = Float64Array.of(0.1, 0.2, -0.4, 0.5, 0.3, -0.9)
  const y = Float64Array.of(0.1, 0.5, -0.3)
  const loss = () =>
    valuesOf(network, x).reduce((sum: number, value: number, i: number) => sum + (value - y[i]) ** 2, 0) / 3
  const gradients: Float64Array[][] = gradientsOf(network, x, y)
  const h = 1e-5
  for (const [l, { weights, bias }] of network.layers.entries()) {
    for (const [k, parameters] of [weights, bias].entries()) {
      for (let i = 0; i < parameters.length; i++) {
        const value = parameters[i]
        parameters[i] = value + h
        const above = loss()
        parameters[i] = value - h
        const below = loss()
        parameters[i] = value
        expect(gradients[l][k][i]).toBeCloseTo((above - below) / (2 * h), 7)
      }
    }
  }
})

test('neurons that all stay, each for itself, leave the function as it is', async () => {
  const { deepNetwork, valuesOf } = await module('bench/deep.mjs')
  const { withNeurons } = await module('bench/deep-compression.mjs')
  const network = deepNetwork({ inputs: 1, widths: [4, 4, 4], activation: 'sin', steepness: 2 }, 1)
  const x = Float64Array.of(-0.5, 0.2, 0.9)
  for (const l of [0, 1, 2]) {
    const same = withNeurons(network, l, {
      indices: Uint32Array.of(0, 1, 2, 3),
      multiplicity: Float64Array.of(1, 1, 1, 1),
    })
    expect(valuesOf(same, x)).toEqual(valuesOf(network, x))
  }
})

test.each([0, 1, 2])('layer %i: neurons of multiplicity 3 train as three equal ones each', async (l) => {
  const { deepNetwork, trainDeep, valuesOf } = await module('bench/deep.mjs')
  const { withNeurons } = await module('bench/deep-compression.mjs')
  const network = deepNetwork({ inputs: 2, widths: [4, 5, 6], activation: 'gelu', steepness: 2 }, 1)
  const { rows } = network.layers[l]
  const indices = Uint32Array.from({ length: rows }, (_, j) => j)
  const copies = Uint32Array.from({ length: 3 * rows }, (_, j) => j % rows)
  const trained = (chosen: Uint32Array, multiplicity: number) => {
    const few = structuredClone(
      withNeurons(network, l, { indices: chosen, multiplicity: new Float64Array(chosen.length).fill(multiplicity) }),
    )
    const x = Float64Array.of(0.1, 0.2, -0.4, 0.5, 0.3, -0.9)
    const draw = () => ({ x, y: Float64Array.of(1, -1, 0.5) })
    return valuesOf(trainDeep(few, { steps: 20, batch: 3, rate: 0.01, draw }), x)
  }
  const [few, all, once] = [trained(indices, 3), trained(copies, 1), trained(indices, 1)]
  for (const [i, value] of few.entries()) expect(value).toBeCloseTo(all[i], 10)
  expect(Math.abs(few[0] - once[0])).toBeGreaterThan(1e-3)
})

test('every way keeps as many neurons as allowed, and measured sums keep the last layer nearest', () => {
  expect(record.results.map(({ activation, inputs }) => [activation, inputs])).toEqual([
    ['sin', 1],
    ['sin', 2],
    ['gelu', 1],
    ['gelu', 2],
  ])
  for (const { width, layers } of record.results) {
    expect(layers.length).toBe(3)
    for (const parts of layers) {
      for (const [p, ways] of parts.entries()) {
        for (const { kept, error, ratio } of Object.values(ways)) {
          expect(kept).toBeLessThanOrEqual(width / [2, 4, 8][p])
          expect(error).toBeGreaterThan(0)
          expect(ratio).toBeGreaterThan(0)
        }
      }
    }
    // Half of the last layer.
    const { measured, fair, pruned } = layers[2][0]
    expect(measured.error).toBeLessThan(Math.min(fair.error, pruned.error))
  }
})

test('the figure has a panel for each layer and activation, and all ways', async () => {
  const { figures } = await module('bench/figures/depth.mjs')
  const { render } = await module('demo/render.mjs')
  const [{ caption, specification }] = figures({ ...record, options: { trials: 1 } })
  expect(caption).toMatch(/last sin (never|up to \d)/)
  const { svg } = await render(specification)
  for (const text of [
    'sin, first hidden layer',
    'gelu, last hidden layer',
    'random subset',
    'magnitude pruning',
    'inputs',
  ]) {
    expect(svg).toContain(`>${text}<`)
  }
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})

test('a wide layer between narrow ones: its function is kept before training, and its figures have all panels', async () => {
  const { figures } = await module('bench/figures/layers.mjs')
  const { render } = await module('demo/render.mjs')
  const { results } = measured('layers')
  type Measures = Record<'start' | 'largest' | 'end' | 'after' | 'ratio', number>
  for (const { neighbours, layer, ways } of results as {
    neighbours: number
    layer: string
    ways: Record<'whole' | 'fair' | 'pruned', Measures>
  }[]) {
    for (const one of Object.values(ways)) expect(one.largest).toBeGreaterThanOrEqual(one.end)
    if (neighbours === 1) expect(ways.whole.start).toBeLessThan(ways.fair.start / (layer === 'first' ? 1.2 : 100))
  }
  const drawn = figures({ results, options: { trials: 1 } })
  expect(drawn.map(({ id }: { id: string }) => id)).toEqual(['gelu'])
  for (const { caption, specification } of drawn) {
    expect(caption).not.toMatch(/NaN|undefined|Infinity/)
    const { svg } = await render(specification)
    for (const text of ['first layer, before training', 'last layer, compressed after it', 'compressNetwork'])
      expect(svg).toContain(`>${text}<`)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  }
})
