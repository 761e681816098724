import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  compress,
  compressSync,
  type ErrorCode,
  moments,
  momentsSync,
  recombine,
  recombineSync,
  verify,
  verifySync,
} from '../lib/index.js'
import { loadNative, NATIVE_FUNCTIONS, native, PACKAGE_ROOT } from '../lib/native/addon.js'
import { IS_WASM } from './backend-in-use.js'
import { bitsOf, fill, uniform } from './fixtures.js'

// biome-ignore lint/suspicious/noExplicitAny: wrong values are the point of this file
type Any = any

interface Case {
  what: string
  kind: 'TypeError' | 'RangeError' | 'Error'
  code: ErrorCode
  /** A pattern that the message must match. */
  says: RegExp
  both: { later: () => Promise<unknown>; now: () => unknown }
}

const points = uniform(50, 2)
const weights = new Float64Array(50).fill(1)
const good = { dimension: 2, order: 2 }

const onCompress = (given: Any, options: Any) => ({
  later: () => compress(given, options),
  now: () => compressSync(given, options),
})
const onMoments = (given: Any, options: Any) => ({
  later: () => moments(given, options),
  now: () => momentsSync(given, options),
})
const onRecombine = (given: Any, options: Any) => ({
  later: () => recombine(given, options),
  now: () => recombineSync(given, options),
})
const onVerify = (original: Any, compressed: Any, options: Any) => ({
  later: () => verify(original, compressed, options),
  now: () => verifySync(original, compressed, options),
})

function changed(array: Float64Array, index: number, value: number): Float64Array {
  const copy = array.slice()
  copy[index] = value
  return copy
}

function transferred(array: Float64Array): Float64Array {
  const copy = array.slice()
  structuredClone(copy.buffer, { transfer: [copy.buffer] })
  return copy
}

const cases: Case[] = []
function add(kind: Case['kind'], code: ErrorCode, what: string, says: RegExp, both: Case['both']): void {
  cases.push({ what, kind, code, says, both })
}

// ---- points of the wrong type
const wrongPoints: [string, Any, RegExp][] = [
  ['nothing', undefined, /got undefined/],
  ['null', null, /got null/],
  ['a number', 3, /got 3/],
  ['a string', 'abc', /got a string 'abc'/],
  ['a function', () => points, /got a function/],
  ['a promise', Promise.resolve(points), /await missing/],
  ['an empty object', {}, /data, shape.*got an object/],
  ['a plain array', [1, 2, 3, 4], /Float64Array\.from\(numbers\).*plain array of length 4/],
  [
    'an array of rows',
    [
      [1, 2],
      [3, 4],
    ],
    /Float64Array\.from\(rows\.flatMap.*plain array of length 2/,
  ],
  ['an Int32Array', Int32Array.of(1, 2), /Float64Array\.from.*Int32Array of length 2/],
  ['a BigInt64Array', BigInt64Array.of(1n, 2n), /BigInt64Array of length 2/],
  ['a Buffer', Buffer.alloc(16), /Uint8Array of length 16/],
  ['a DataView', new DataView(new ArrayBuffer(16)), /DataView of length 16/],
  ['an ArrayBuffer', new ArrayBuffer(16), /ArrayBuffer/],
]
for (const [what, given, says] of wrongPoints) {
  add('TypeError', 'ERR_SHAPE', `compress: points are ${what}`, says, onCompress(given, good))
  add('TypeError', 'ERR_SHAPE', `moments: points are ${what}`, says, onMoments(given, good))
  add('TypeError', 'ERR_SHAPE', `recombine: features are ${what}`, says, onRecombine(given, { width: 2 }))
  add('TypeError', 'ERR_SHAPE', `verify: original is ${what}`, says, onVerify(given, points, good))
  add('TypeError', 'ERR_SHAPE', `verify: compressed is ${what}`, says, onVerify(points, given, good))
}

// ---- points of the wrong shape
add('RangeError', 'ERR_SHAPE', 'compress: empty', /at least one row/, onCompress(new Float64Array(0), good))
add('RangeError', 'ERR_SHAPE', 'compress: 99 numbers', /multiple of 2.*got 99/, onCompress(points.subarray(1), good))
add(
  'RangeError',
  'ERR_SHAPE',
  'recombine: 99 numbers',
  /'width'.*got 99/,
  onRecombine(points.subarray(1), { width: 2 }),
)
add(
  'RangeError',
  'ERR_SHAPE',
  'recombine: count',
  /50 rows.*'count' is 49/,
  onRecombine(points, { width: 2, count: 49 }),
)
add(
  'RangeError',
  'ERR_SHAPE',
  'verify: compressed empty',
  /compressed.*one row/,
  onVerify(points, points.slice(0, 0), good),
)

const base = { data: points, shape: [50, 2] }
const wrongViews: [string, Case['kind'], object, RegExp][] = [
  ['no data', 'TypeError', { shape: [50, 2] }, /\.data must be.*got undefined/],
  ['plain data', 'TypeError', { data: [1, 2], shape: [1, 2] }, /\.data must be.*plain array/],
  ['integer data', 'TypeError', { data: Int16Array.of(1, 2), shape: [1, 2] }, /\.data must be.*Int16Array/],
  ['no shape', 'TypeError', { data: points }, /\.shape must be two whole numbers, got undefined/],
  ['one number', 'RangeError', { data: points, shape: [100] }, /\.shape must be two.*got 1 of them/],
  ['three numbers', 'RangeError', { data: points, shape: [50, 2, 1] }, /got 3 of them/],
  ['a string in it', 'TypeError', { data: points, shape: ['50', 2] }, /got a string '50' among them/],
  ['a fraction in it', 'RangeError', { data: points, shape: [50, 1.5] }, /got 1\.5 among them/],
  ['a NaN in it', 'RangeError', { data: points, shape: [Number.NaN, 2] }, /got NaN among them/],
  ['no rows', 'RangeError', { data: points, shape: [0, 2] }, /at least one of each, got \[0, 2\]/],
  ['no columns', 'RangeError', { data: points, shape: [50, 0] }, /at least one of each/],
  ['negative rows', 'RangeError', { data: points, shape: [-50, 2] }, /at least one of each/],
  ['one row too many', 'RangeError', { data: points, shape: [51, 2] }, /reach elements 0 to 101, but data has 100/],
  ['an offset too far', 'RangeError', { ...base, offset: 1 }, /reach elements 1 to 100, but data has 100/],
  ['an offset before', 'RangeError', { ...base, offset: -1 }, /reach elements -1 to 98/],
  ['half an offset', 'RangeError', { ...base, shape: [49, 2], offset: 0.5 }, /offset 0\.5/],
  ['a word as offset', 'TypeError', { ...base, offset: 'a' }, /\.offset must be.*'a'/],
  ['a stride too wide', 'RangeError', { ...base, stride: [3, 1] }, /reach elements 0 to 148/],
  ['a stride that goes before', 'RangeError', { ...base, stride: [-2, 1] }, /reach elements -98 to 1,/],
  ['a stride of no numbers', 'TypeError', { ...base, stride: 'row' }, /\.stride must be two.*'row'/],
  ['a fractional stride', 'RangeError', { ...base, stride: [1.5, 1] }, /1\.5 among them/],
  ['strides too wide', 'RangeError', { ...base, strides: [2, 3] }, /stride \[2, 3\]/],
  ['2^32 rows', 'RangeError', { data: points, shape: [2 ** 32, 2], stride: [0, 1] }, /at most 4294967295 rows/],
  ['2^53 as stride', 'RangeError', { ...base, stride: [2 ** 53 - 1, 1] }, /reach elements/],
]
for (const [what, kind, view, says] of wrongViews) {
  add(kind, 'ERR_SHAPE', `compress: ndarray with ${what}`, says, onCompress(view, { order: 2 }))
  add(kind, 'ERR_SHAPE', `verify: ndarray with ${what}`, says, onVerify(points, { points: view }, good))
}
add(
  'RangeError',
  'ERR_SHAPE',
  'compress: shape against dimension',
  /2 columns.*'dimension' is 3/,
  onCompress(base, { dimension: 3, order: 2 }),
)
add(
  'RangeError',
  'ERR_SHAPE',
  'verify: sets of 2 and 1 columns',
  /original has 2 columns, compressed has 1/,
  onVerify(base, { data: points, shape: [100, 1] }, { order: 1 }),
)
add(
  'RangeError',
  'ERR_SHAPE',
  'verify: dimension said twice',
  /compressed\.dimension is 1, but option 'dimension' is 2/,
  onVerify(points, { points, dimension: 1 }, good),
)

// ---- weights
const onWeights = (given: Any) => onCompress(points, { ...good, weights: given })
add('TypeError', 'ERR_SHAPE', 'weights: plain array', /'weights'.*Float64Array\.from.*plain array/, onWeights([1, 2]))
add('TypeError', 'ERR_SHAPE', 'weights: Int32Array', /Int32Array of length 50/, onWeights(new Int32Array(50)))
add('TypeError', 'ERR_SHAPE', 'weights: a number', /got 1$/, onWeights(1))
add('TypeError', 'ERR_SHAPE', 'weights: null', /got null/, onWeights(null))
add('RangeError', 'ERR_SHAPE', 'weights: one too few', /50 in all, got 49/, onWeights(weights.subarray(1)))
add('RangeError', 'ERR_SHAPE', 'weights: none', /50 in all, got 0/, onWeights(new Float64Array(0)))
add(
  'RangeError',
  'ERR_SHAPE',
  'moments: weights too many',
  /50 in all, got 51/,
  onMoments(points, { ...good, weights: new Float64Array(51) }),
)
add(
  'RangeError',
  'ERR_SHAPE',
  'recombine: weights too many',
  /50 in all, got 51/,
  onRecombine(points, { width: 2, weights: new Float64Array(51) }),
)
add(
  'RangeError',
  'ERR_SHAPE',
  'verify: weights too few',
  /original\.weights.*50 in all, got 3/,
  onVerify({ points, weights: new Float64Array(3) }, points, good),
)
add(
  'TypeError',
  'ERR_SHAPE',
  'verify: plain weights',
  /compressed\.weights.*plain array/,
  onVerify(points, { points, weights: [1] }, good),
)
for (const [what, value] of [
  ['negative', -1e-300],
  ['NaN', Number.NaN],
  ['infinite', Number.POSITIVE_INFINITY],
] as const) {
  const spoiled = changed(weights, 17, value)
  add('RangeError', 'ERR_WEIGHT', `compress: ${what} weight`, /17/, onWeights(spoiled))
  add(
    'RangeError',
    'ERR_WEIGHT',
    `compress: ${what} float32 weight`,
    /17/,
    onWeights(Float32Array.from(changed(weights, 17, value * 1e299))),
  )
  add('RangeError', 'ERR_WEIGHT', `moments: ${what} weight`, /17/, onMoments(points, { ...good, weights: spoiled }))
  add(
    'RangeError',
    'ERR_WEIGHT',
    `recombine: ${what} weight`,
    /17/,
    onRecombine(points, { width: 2, weights: spoiled }),
  )
  add('RangeError', 'ERR_WEIGHT', `verify: ${what} weight`, /17/, onVerify(points, { points, weights: spoiled }, good))
}
add('RangeError', 'ERR_WEIGHT', 'compress: all weights zero', /zero|positive/, onWeights(new Float64Array(50)))
add(
  'RangeError',
  'ERR_WEIGHT',
  'recombine: all weights zero',
  /zero|positive/,
  onRecombine(points, { width: 2, weights: new Float64Array(50) }),
)

// ---- NaN and infinities: row 8, column 1 of two columns is element 17
for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
  const spoiled = changed(points, 17, value)
  const place = /row 8\b.*column 1\b/
  add('RangeError', 'ERR_NOT_FINITE', `compress: ${value}`, place, onCompress(spoiled, good))
  add('RangeError', 'ERR_NOT_FINITE', `compress: float32 ${value}`, place, onCompress(Float32Array.from(spoiled), good))
  add('RangeError', 'ERR_NOT_FINITE', `moments: ${value}`, place, onMoments(spoiled, good))
  add('RangeError', 'ERR_NOT_FINITE', `recombine: ${value}`, place, onRecombine(spoiled, { width: 2 }))
  add('RangeError', 'ERR_NOT_FINITE', `verify: ${value} in original`, place, onVerify(spoiled, points, good))
  add('RangeError', 'ERR_NOT_FINITE', `verify: ${value} in compressed`, place, onVerify(points, spoiled, good))
}
// Column-major, last row first: element 17 of the memory is row 49 - 17, column 0.
const backwards = { data: changed(points, 17, Number.NaN), shape: [50, 2], stride: [-1, 50], offset: 49 }
add(
  'RangeError',
  'ERR_NOT_FINITE',
  'compress: NaN in a strided array',
  /row 32\b.*column 0\b/,
  onCompress(backwards, { order: 2 }),
)
const first = changed(changed(points, 99, Number.NaN), 40, Number.NaN)
add('RangeError', 'ERR_NOT_FINITE', 'compress: the first of two', /row 20\b.*column 0\b/, onCompress(first, good))

// ---- transferred buffers
add('TypeError', 'ERR_DETACHED', 'compress: points', /points.*transferred/, onCompress(transferred(points), good))
add(
  'TypeError',
  'ERR_DETACHED',
  'compress: ndarray data',
  /points\.data/,
  onCompress({ data: transferred(points), shape: [50, 2] }, { order: 2 }),
)
add('TypeError', 'ERR_DETACHED', 'compress: weights', /'weights'/, onWeights(transferred(weights)))
add('TypeError', 'ERR_DETACHED', 'moments: points', /points/, onMoments(transferred(points), good))
add('TypeError', 'ERR_DETACHED', 'recombine: features', /features/, onRecombine(transferred(points), { width: 2 }))
add('TypeError', 'ERR_DETACHED', 'verify: original', /original/, onVerify(transferred(points), points, good))
add('TypeError', 'ERR_DETACHED', 'verify: compressed', /compressed/, onVerify(points, transferred(points), good))

// ---- options: each with every kind of wrong value
function addNumber(name: string, least: number, both: (value: Any) => Case['both']): void {
  const says = (value: string) => new RegExp(`option '${name}' must be a whole number.*got ${value}`)
  for (const value of [least - 1, 2.5, -7, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    const text = String(value).replace('+', '\\+')
    add('RangeError', 'ERR_OPTION', `${name} = ${value}`, says(text), both(value))
  }
  add('TypeError', 'ERR_OPTION', `${name} = '3'`, says("a string '3'"), both('3'))
  add('TypeError', 'ERR_OPTION', `${name} = null`, says('null'), both(null))
  add('TypeError', 'ERR_OPTION', `${name} = 3n`, says('a bigint 3n'), both(3n))
  add('TypeError', 'ERR_OPTION', `${name} = true`, says('true'), both(true))
  add('TypeError', 'ERR_OPTION', `${name} = {}`, says('an object'), both({}))
}
addNumber('dimension', 1, (dimension) => onCompress(points, { order: 2, dimension }))
addNumber('order', 0, (order) => onCompress(points, { dimension: 2, order }))
addNumber('size', 1, (size) => onCompress(points, { ...good, size }))
addNumber('threads', 1, (threads) => onCompress(points, { ...good, threads }))
addNumber('dimension', 1, (dimension) => onMoments(points, { order: 2, dimension }))
addNumber('order', 0, (order) => onMoments(points, { dimension: 2, order }))
addNumber('threads', 1, (threads) => onMoments(points, { ...good, threads }))
addNumber('width', 1, (width) => onRecombine(points, { width }))
addNumber('count', 1, (count) => onRecombine(points, { width: 2, count }))
addNumber('threads', 1, (threads) => onRecombine(points, { width: 2, threads }))
addNumber('dimension', 1, (dimension) => onVerify(points, points, { order: 2, dimension }))
addNumber('order', 0, (order) => onVerify(points, points, { dimension: 2, order }))
addNumber('threads', 1, (threads) => onVerify(points, points, { ...good, threads }))

add('TypeError', 'ERR_OPTION', 'compress: no dimension', /'dimension' must be given/, onCompress(points, { order: 2 }))
add('TypeError', 'ERR_OPTION', 'recombine: no width', /'width' must be given/, onRecombine(points, {}))
add(
  'TypeError',
  'ERR_OPTION',
  'verify: no dimension',
  /'dimension' must be given/,
  onVerify(points, points, { order: 2 }),
)
add(
  'TypeError',
  'ERR_OPTION',
  'compress: no order',
  /'size' must be given when 'order' is 'auto' or left out/,
  onCompress(points, { dimension: 2 }),
)
add('TypeError', 'ERR_OPTION', 'moments: no order', /'order' must be given/, onMoments(points, { dimension: 2 }))
add('TypeError', 'ERR_OPTION', 'verify: no order', /'order' must be given/, onVerify(points, points, { dimension: 2 }))
const onOrder = (order: Any, more: Any = {}) => onCompress(points, { dimension: 2, order, ...more })
const addOrder = (error: 'TypeError' | 'RangeError', what: string, says: RegExp, order: Any) =>
  add(error, 'ERR_OPTION', `order: ${what}`, says, onOrder(order))
addOrder('TypeError', "'auto' without a size", /'size' must be given when 'order' is 'auto'/, 'auto')
addOrder('TypeError', 'another word', /must be a whole number, 'auto' or a list of blocks/, 'automatic')
addOrder('RangeError', 'no blocks', /at least one block/, [])
addOrder('TypeError', 'a block that is a number', /'order'\[0\] must be \{ columns, order \}, got 2/, [2])
addOrder('TypeError', 'a misspelled block', /unknown property 'colums'/, [{ colums: [0], order: 2 }])
addOrder('TypeError', 'a block without columns', /\[0\]\.columns must be a list/, [{ columns: [], order: 2 }])
addOrder('RangeError', 'a column that is none', /columns\[0\] must be a column number/, [{ columns: [0.5], order: 2 }])
addOrder('RangeError', 'a column out of range', /has 2, but there are 2 columns/, [{ columns: [2], order: 2 }])
addOrder('RangeError', 'a column twice', /column 1 stands twice/, [
  { columns: [1], order: 2 },
  { columns: [0, 1], order: 1 },
])
addOrder('RangeError', "a block's order", /\[0\]\.order must be a whole number/, [{ columns: [0], order: -1 }])
add(
  'RangeError',
  'ERR_SIZE',
  'blocks that do not fit',
  /least size for these blocks in 2 columns is 9/,
  onOrder(
    [
      { columns: [0], order: 2 },
      { columns: [1], order: 2 },
    ],
    { size: 8 },
  ),
)
add(
  'RangeError',
  'ERR_OPTION',
  'quality',
  /'quality' must be 'fast' or 'best'/,
  onCompress(points, { ...good, quality: 'good' }),
)

const onScale = (scale: Any) => onCompress(points, { ...good, scale })
add('RangeError', 'ERR_OPTION', 'scale: unknown word', /'standard', 'none'.*'standart'/, onScale('standart'))
add('TypeError', 'ERR_OPTION', 'scale: a number', /'standard', 'none'.*got 2/, onScale(2))
add('TypeError', 'ERR_OPTION', 'scale: null', /got null/, onScale(null))
add('RangeError', 'ERR_OPTION', 'scale: too short', /one number per column, 2 in all, got 1/, onScale([1]))
add('RangeError', 'ERR_OPTION', 'scale: too long', /2 in all, got 3/, onScale([1, 1, 1]))
add('RangeError', 'ERR_OPTION', 'scale: negative', /'scale'\[1\].*got -1/, onScale([1, -1]))
add('RangeError', 'ERR_OPTION', 'scale: NaN', /'scale'\[0\].*got NaN/, onScale([Number.NaN, 1]))
add(
  'RangeError',
  'ERR_OPTION',
  'scale: infinite',
  /'scale'\[0\].*got Infinity/,
  onScale(Float64Array.of(Number.POSITIVE_INFINITY, 1)),
)
add('TypeError', 'ERR_OPTION', 'scale: a word in it', /'scale'\[1\].*'1'/, onScale([1, '1']))
add('RangeError', 'ERR_OPTION', 'scale: only zeros', /at least one column/, onScale([0, 0]))

add(
  'RangeError',
  'ERR_OPTION',
  'basis: unknown word',
  /'monomial' or 'legendre'.*'chebyshev'/,
  onMoments(points, { ...good, basis: 'chebyshev' }),
)
add(
  'TypeError',
  'ERR_OPTION',
  'basis: a number',
  /'monomial' or 'legendre'.*got 1/,
  onMoments(points, { ...good, basis: 1 }),
)

for (const options of [null, 3, 'abc', [], points]) {
  add(
    'TypeError',
    'ERR_OPTION',
    `options are ${String(options).slice(0, 9)}`,
    /options must be an object/,
    onCompress(points, options),
  )
}
const misspelled: [string, string, (options: object) => Case['both']][] = [
  ['ordre', 'order', (options) => onCompress(points, { ...good, ...options })],
  ['sizes', 'size', (options) => onCompress(points, { ...good, ...options })],
  ['weight', 'weights', (options) => onCompress(points, { ...good, ...options })],
  ['dimensions', 'dimension', (options) => onCompress(points, { ...good, ...options })],
  ['scales', 'scale', (options) => onCompress(points, { ...good, ...options })],
  ['Basis', 'basis', (options) => onMoments(points, { ...good, ...options })],
  ['witdh', 'width', (options) => onRecombine(points, options)],
  ['ordr', 'order', (options) => onVerify(points, points, { dimension: 2, ...options })],
]
for (const [slip, meant, both] of misspelled) {
  add(
    'TypeError',
    'ERR_OPTION',
    `misspelled ${slip}`,
    new RegExp(`'${slip}', did you mean '${meant}'`),
    both({ [slip]: 2 }),
  )
}
add(
  'TypeError',
  'ERR_OPTION',
  'unknown',
  /unknown option 'verbose'; the options are dimension, weights, order, size, threads, scale/,
  onCompress(points, { ...good, verbose: true }),
)

// ---- sizes
add(
  'RangeError',
  'ERR_SIZE',
  'size below N',
  /size 20 .*least size for order 5 in 2 columns is 21,.*largest order for size 20 is 4/,
  onCompress(points, { dimension: 2, order: 5, size: 20 }),
)
add(
  'RangeError',
  'ERR_SIZE',
  'size below d below N',
  /least size for order 9 in 2 columns is 50,.*largest order for size 49 is 8/,
  onCompress(points, { dimension: 2, order: 9, size: 49 }),
)
add(
  'RangeError',
  'ERR_SIZE',
  'size 1',
  /largest order for size 1 is 0/,
  onCompress(points, { dimension: 2, order: 1, size: 1 }),
)
add(
  'RangeError',
  'ERR_SIZE',
  'more than 2^53 moments',
  /order 200 in 50 columns has more than 2\^53/,
  onCompress(points, { dimension: 50, order: 200 }),
)
add(
  'RangeError',
  'ERR_SIZE',
  'moments: more than 2^53',
  /more than 2\^53/,
  onMoments(points, { dimension: 50, order: 200 }),
)
add(
  'RangeError',
  'ERR_SIZE',
  'verify: more than 2^53',
  /more than 2\^53/,
  onVerify(points, points, { dimension: 50, order: 200 }),
)

// ---- memory: 46,340 is the largest whole number whose square is below 2^31
add(
  'Error',
  'ERR_MEMORY',
  'too many features',
  /order 255 in 3 columns has 2829056 features.* 64028462809088 bytes; 46340/,
  onCompress(uniform(50, 3), { dimension: 3, order: 255 }),
)
add(
  'Error',
  'ERR_MEMORY',
  'recombine: too wide',
  /46341 features.* 17179906248 bytes/,
  onRecombine(new Float64Array(46341), { width: 46341 }),
)
add(
  'Error',
  'ERR_MEMORY',
  'moments: too many',
  /order 255 in 4 columns has 183181376 moments.* 2930902016 bytes/,
  onMoments(points, { dimension: 4, order: 255 }),
)
add(
  'Error',
  'ERR_MEMORY',
  'verify: too many',
  /order 255 .* 2930902016 bytes/,
  onVerify(points, points, { dimension: 4, order: 255 }),
)
const endless = { data: points, shape: [2 ** 32 - 1, 20_000], stride: [0, 0] }
add('Error', 'ERR_MEMORY', 'moments: a copy beyond any memory', /\d{9,} bytes/, onMoments(endless, { order: 0 }))

describe('bad input', () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  beforeAll(() => {
    process.on('unhandledRejection', note)
  })
  afterAll(() => {
    process.off('unhandledRejection', note)
  })

  it.each(cases.map((one): [string, Case] => [`${one.code} ${one.what}`, one]))('%s', async (_, one) => {
    const expected = { name: one.kind, code: one.code, message: expect.stringMatching(one.says) }
    expect(one.both.now).toThrow(expect.objectContaining(expected))
    // The call itself throws nothing, and the promise rejects once.
    let promise: Promise<unknown> | undefined
    expect(() => {
      promise = one.both.later()
    }).not.toThrow()
    await expect(promise).rejects.toMatchObject(expected)
    const message = await (promise as Promise<unknown>).catch((error: Error) => error.message)
    expect(message).toMatch(/^(compress|moments|recombine|verify|points|features|original|all weights|weights)/)
  })

  it.each([
    ['signal', { signal: {} }, /'signal' must be an AbortSignal/],
    ['signal', { signal: null }, /'signal' must be an AbortSignal, got null/],
    ['signal', { signal: new AbortController() }, /'signal' must be an AbortSignal/],
    ['onProgress', { onProgress: 'log' }, /'onProgress' must be a function, got a string 'log'/],
    ['onProgress', { onProgress: {} }, /'onProgress' must be a function/],
  ])('ERR_OPTION %s of the wrong kind', async (_, options: Any, says) => {
    const expected = { name: 'TypeError', code: 'ERR_OPTION', message: expect.stringMatching(says) }
    await expect(compress(points, { ...good, ...options })).rejects.toMatchObject(expected)
    await expect(moments(points, { ...good, ...options })).rejects.toMatchObject(expected)
    await expect(recombine(points, { width: 2, ...options })).rejects.toMatchObject(expected)
    await expect(verify(points, points, { ...good, ...options })).rejects.toMatchObject(expected)
  })

  it('ERR_OPTION the Sync forms take no signal and no onProgress', () => {
    const { signal } = new AbortController()
    const calls: [string, (options: Any) => unknown][] = [
      ['compress', (options) => compressSync(points, { ...good, ...options })],
      ['moments', (options) => momentsSync(points, { ...good, ...options })],
      ['recombine', (options) => recombineSync(points, { width: 2, ...options })],
      ['verify', (options) => verifySync(points, points, { ...good, ...options })],
    ]
    for (const [name, call] of calls) {
      for (const options of [{ signal }, { onProgress: () => {} }]) {
        expect(() => call(options)).toThrow(
          expect.objectContaining({
            name: 'TypeError',
            code: 'ERR_OPTION',
            message: expect.stringContaining(`works with ${name}() only`),
          }),
        )
      }
    }
  })

  it('leaves no unhandled rejection behind', async () => {
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  })
})

describe('input that looks wrong and is not', () => {
  let expected: unknown
  beforeAll(() => {
    expected = bitsOf(compressSync(points, { ...good, weights, size: 20 }))
  })
  const bits = (given: Any, givenWeights: Any = weights, options: Any = good) =>
    bitsOf(compressSync(given, { ...options, weights: givenWeights, size: 20 }))

  it('arrays of another realm', () => {
    const foreign = runInNewContext('Float64Array')
    expect(points instanceof foreign).toBe(false)
    expect(bits(foreign.from(points), foreign.from(weights))).toEqual(expected)
  })

  it('shared memory', () => {
    const shared = new Float64Array(new SharedArrayBuffer(points.byteLength))
    shared.set(points)
    const sharedWeights = new Float64Array(new SharedArrayBuffer(weights.byteLength))
    sharedWeights.set(weights)
    expect(bits(shared, sharedWeights)).toEqual(expected)
  })

  it('resizable memory: the current length counts', () => {
    const buffer = new (ArrayBuffer as Any)(points.byteLength + 80, { maxByteLength: 4096 })
    const tracking = new Float64Array(buffer)
    tracking.set(points)
    buffer.resize(points.byteLength)
    expect(bits(tracking)).toEqual(expected)
    const outside = new Float64Array(buffer, 0, 100)
    buffer.resize(16)
    expect(() => bits(outside)).toThrow(expect.objectContaining({ code: 'ERR_SHAPE' }))
  })

  it('a view into the middle of a larger buffer', () => {
    const larger = new Float64Array(300).fill(Number.NaN)
    larger.set(points, 77)
    expect(bits(larger.subarray(77, 177))).toEqual(expected)
  })

  it('strides: transposed, reversed, overlapping, of @stdlib/ndarray', () => {
    const columns = fill(100, (i) => points[(i % 50) * 2 + Math.floor(i / 50)])
    expect(bits({ data: columns, shape: [50, 2], stride: [1, 50] }, weights, { order: 2 })).toEqual(expected)
    expect(bits({ data: columns, shape: [50, 2], strides: [1, 50] }, weights, { order: 2 })).toEqual(expected)
    const reversed = points.slice().reverse()
    const view = { data: reversed, shape: [50, 2], stride: [-2, -1], offset: 99 }
    expect(bits(view, weights, { order: 2 })).toEqual(expected)
    // A delay embedding: row i is (x_i, x_i+1).
    const series = uniform(51, 1)
    const embedded = fill(100, (i) => series[Math.floor(i / 2) + (i % 2)])
    expect(bits({ data: series, shape: [50, 2], stride: [1, 1] }, weights, { order: 2 })).toEqual(bits(embedded))
  })

  it('a transfer right after the call', async () => {
    const mine = points.slice()
    const promise = compress(mine, { ...good, weights, size: 20 })
    structuredClone(mine.buffer, { transfer: [mine.buffer] })
    expect(bitsOf(await promise)).toEqual(expected)
  })

  it('values that change right after the call', async () => {
    const mine = points.slice()
    const myWeights = weights.slice()
    const promise = compress(mine, { ...good, weights: myWeights, size: 20 })
    mine.fill(Number.NaN)
    myWeights.fill(-1)
    expect(bitsOf(await promise)).toEqual(expected)
  })
})

describe('the binary', () => {
  it('exports what is declared', () => {
    expect(Object.keys(native()).sort()).toEqual([...NATIVE_FUNCTIONS].sort())
    expect(native().info()).toMatchObject({ blasThreads: IS_WASM ? 0 : 1 }) // WebAssembly has no BLAS
  })

  it('is loaded once', () => {
    expect(native()).toBe(native())
  })

  it('leaves the environment as it was', () => {
    vi.stubEnv('FEWPOINTS_BACKEND', undefined)
    for (const value of ['7', undefined]) {
      vi.stubEnv('OPENBLAS_NUM_THREADS', value)
      vi.stubEnv('OMP_WAIT_POLICY', value)
      loadNative(PACKAGE_ROOT)
      expect([process.env.OPENBLAS_NUM_THREADS, process.env.OMP_WAIT_POLICY]).toEqual([value, value])
    }
    vi.unstubAllEnvs()
  })

  it('keeps subnormal numbers', () => {
    native()
    expect(Number.MIN_VALUE * 2 ** 10).toBeGreaterThan(0)
    expect(2 ** -1022 / 4).toBe(2 ** -1024)
  })

  describe('when it is missing', () => {
    const root = mkdtempSync(join(tmpdir(), 'fewpoints-'))
    beforeAll(() => {
      vi.stubEnv('FEWPOINTS_PREBUILD', undefined)
      vi.stubEnv('FEWPOINTS_BACKEND', undefined)
    })
    afterAll(() => {
      vi.unstubAllEnvs()
      rmSync(root, { recursive: true })
    })

    const failure = (): Error & { code?: string } => {
      try {
        loadNative(root)
      } catch (error) {
        return error as Error
      }
      throw new Error('loaded')
    }

    it('ERR_NO_BINARY says which folders were tried and which commands to type', () => {
      const error = failure()
      expect(error).toMatchObject({ name: 'Error', code: 'ERR_NO_BINARY' })
      const target = `${process.platform}-${process.arch}`
      for (const text of [
        join(root, 'build', 'Release'),
        join(root, 'prebuilds', target),
        process.versions.node,
        'apt install g++ cmake libopenblas-dev libeigen3-dev',
        'npm install --no-save cmake-js@8 node-addon-api@8 node-api-headers && node node_modules/fewpoints/native/build.mjs',
      ]) {
        expect(error.message).toContain(text)
      }
      expect(error.cause).toBeInstanceOf(Error)
    })

    it('ERR_NO_BINARY for a file that does not load', () => {
      mkdirSync(join(root, 'build', 'Release'), { recursive: true })
      writeFileSync(join(root, 'build', 'Release', 'fewpoints.node'), 'not a binary')
      const error = failure()
      expect(error).toMatchObject({ name: 'Error', code: 'ERR_NO_BINARY' })
      expect(error.message).toMatch(/fewpoints\.node does not load: /)
      expect(error.message).toContain('(fewpoints.node)')
    })
  })
})
