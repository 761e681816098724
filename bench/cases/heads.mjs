// Attention heads: how far the function of few heads is from that of all of them, by which moments are kept, beside a random
// subset of equal size. One causal layer; tokens and weights are uniform on [-1, 1]. The error is |f - f of all| / |f of all|
// over all tokens. p x r: degrees p in q and k times degrees r in v and o.
import { random } from '../../demo/random.mjs'
import { compressHeadsSync, momentCount } from '../../dist/index.js'
import { median, timed, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Attention heads: the moments to keep'
export const seed = 1
/** Medians of so many draws of the heads. */
export const trials = 5

const SHAPES = [2, 4].flatMap((headDimension) => [1, 4, 8].map((inputs) => ({ headDimension, inputs })))
const SEQUENCES = 16
const TOKENS = 10

const twoBlocks = (first, second) => ({
  blocks: [
    { parts: ['q', 'k'], order: first },
    { parts: ['v', 'o'], order: second },
  ],
})
const WAYS = {
  '4x2': twoBlocks(4, 2),
  '3x2': twoBlocks(3, 2),
  '2x3': twoBlocks(2, 3),
  '2x2': twoBlocks(2, 2),
  '1x2': twoBlocks(1, 2),
  '0x2': twoBlocks(0, 2),
  'all 3': { order: 3 },
  'all 2': { order: 2 },
  'all 1': { order: 1 },
}
// A cell of more moments takes minutes.
const MOST_MOMENTS = 1500

export function cases({ small }) {
  const [heads, shapes] = small ? [600, SHAPES.slice(0, 2)] : [4000, SHAPES]
  const sizes = (inputs) => (inputs === 1 && !small ? [heads / 40, heads / 20, heads / 5, heads / 2.5] : [heads / 5])
  return shapes.flatMap(({ headDimension, inputs }) =>
    sizes(inputs).map((size) => ({ headDimension, inputs, heads, size })),
  )
}

export function run({ headDimension, inputs, heads, size }, trials) {
  const draws = Array.from({ length: trials }, (_, trial) => {
    const drawSeed = seed + 1000 * trial
    const all = randomHeads(heads, headDimension, inputs, drawSeed)
    const x = uniformPoints(SEQUENCES * TOKENS, inputs, ~drawSeed)
    const f = attend(all, x)
    const errorOf = (few) => distance(attend(few, x), f)
    const chosen = timed(() => compressHeadsSync(all, { size, threads: 1 }))
    const ways = Object.entries(WAYS).map(([name, own]) => [name, unlessTooMany(all, size, own)])
    return {
      random: errorOf(subset(all, size, drawSeed)),
      chosen: errorOf(chosen.result),
      blocks: chosen.result.matched.blocks,
      cells: chosen.result.cells,
      wall: chosen.wall,
      ways: Object.fromEntries(ways.map(([name, few]) => [name, few && errorOf(few)])),
    }
  })
  const medianOf = (of) => median(draws.map(of))
  return {
    random: medianOf(({ random }) => random),
    chosen: medianOf(({ chosen }) => chosen),
    blocks: draws[0].blocks,
    cells: draws[0].cells,
    wall: medianOf(({ wall }) => wall),
    ways: Object.fromEntries(
      Object.keys(WAYS).map((name) => [name, draws[0].ways[name] === null ? null : medianOf(({ ways }) => ways[name])]),
    ),
  }
}

function randomHeads(heads, headDimension, inputs, seed) {
  const draw = (i) => uniformPoints(heads * headDimension, inputs, seed + 100 * i)
  return { heads, headDimension, inputs, outputs: inputs, q: draw(1), k: draw(2), v: draw(3), o: draw(4) }
}

/** null where the size has no room for a cell, or a cell would have too many moments. */
function unlessTooMany(all, size, own) {
  const columns = 2 * all.headDimension * all.inputs // of q and k, and of v and o
  const moments = own.blocks?.reduce((product, { order }) => product * momentCount(columns, order), 1)
  if ((moments ?? momentCount(2 * columns, own.order)) > Math.min(size, MOST_MOMENTS)) return null
  return compressHeadsSync(all, { size, threads: 1, ...own })
}

/** Heads drawn at random, each of which stands for as many. */
function subset(all, size, seed) {
  const { below } = random(seed)
  const chosen = new Set()
  while (chosen.size < size) chosen.add(below(all.heads))
  const pick = (array) => {
    const length = array.length / all.heads
    return Float64Array.from([...chosen].flatMap((h) => [...array.subarray(h * length, (h + 1) * length)]))
  }
  const { q, k, v, o } = all
  const multiplicity = new Float64Array(size).fill(all.heads / size)
  return { ...all, heads: size, q: pick(q), k: pick(k), v: pick(v), o: pick(o), multiplicity }
}

/** The layer for sequences of tokens: as many numbers as x has. A token sees itself and those before it. */
function attend({ heads, headDimension: e, inputs: n, q, k, v, o, multiplicity }, x) {
  const y = new Float64Array(x.length)
  const [queries, keys, values] = [0, 0, 0].map(() => new Float64Array(TOKENS * e))
  const attended = new Float64Array(e)
  for (let h = 0; h < heads; h++) {
    const c = multiplicity?.[h] ?? 1
    for (let first = 0; first < x.length; first += TOKENS * n) {
      for (const [to, matrix] of [
        [queries, q],
        [keys, k],
        [values, v],
      ])
        project(matrix, h * e * n, e, n, x, first, to)
      for (let t = 0; t < TOKENS; t++) {
        attended.fill(0)
        let sum = 0
        for (let s = 0; s <= t; s++) {
          let score = 0
          for (let i = 0; i < e; i++) score += queries[t * e + i] * keys[s * e + i]
          const weight = Math.exp(score / Math.sqrt(e))
          sum += weight
          for (let i = 0; i < e; i++) attended[i] += weight * values[s * e + i]
        }
        for (let a = 0; a < n; a++)
          for (let i = 0; i < e; i++) y[first + t * n + a] += (c * o[(h * n + a) * e + i] * attended[i]) / sum
      }
    }
  }
  return y
}

/** matrix (e x n, from `at` on) times each token of a sequence. */
function project(matrix, at, e, n, x, first, to) {
  to.fill(0)
  for (let t = 0; t < TOKENS; t++)
    for (let i = 0; i < e; i++)
      for (let a = 0; a < n; a++) to[t * e + i] += matrix[at + i * n + a] * x[first + t * n + a]
}

function distance(a, b) {
  const square = (list) => list.reduce((sum, value) => sum + value * value, 0)
  return Math.sqrt(square(a.map((value, i) => value - b[i])) / square(b))
}

const nameOf = (blocks) => blocks.map(({ order }) => order).join('x')

export function report(results) {
  return [
    `|f - f of all heads| / |f of all heads|, medians; '-': the size has no room`,
    '',
    tableOf(results, [
      ['headDimension', ({ headDimension }) => headDimension],
      ['inputs', ({ inputs }) => inputs],
      ['heads', ({ heads }) => heads],
      ['size', ({ size }) => size],
      ['random', ({ random }) => random.toPrecision(2)],
      ['auto', ({ chosen }) => chosen.toPrecision(2)],
      ['is', ({ blocks }) => nameOf(blocks)],
      ['cells', ({ cells }) => cells],
      ['ms', ({ wall }) => wall.toFixed(0)],
      ...Object.keys(WAYS).map((name) => [name, ({ ways }) => ways[name]?.toPrecision(2) ?? '-']),
    ]),
  ].join('\n')
}
