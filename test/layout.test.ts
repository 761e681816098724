// The layout of lib, native and page: the purpose of each folder, and which folders it may use. A folder may use the folders
// on lower floors, never one above. Folders on one floor are independent of one another. No files form a circle.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import { circlesOf, type Floor, faultsOf, importsOf, includesOf } from './layout.js'

const LIB: Floor[] = [
  { 'lib/cli': 'the command line: commands, their options, what they print' },
  { 'lib/batch': 'plans of compressions for many machines: their tasks, and the engines that run them' },
  { 'lib/index.ts': 'the public API' },
  {
    'lib/linear': 'compressDataset, compressNetwork, compressHeads, compressObjects: rows and parts of sums',
    'lib/streaming': 'Compressor, merge: sets larger than memory, and sets from many places',
  },
  {
    'lib/points': 'compress, quadrature, verify, moments, recombine, matchMoments, nnls: one file per function',
    'lib/training': 'trainNetwork, predict, multiplicities in other programs, the state of a training',
  },
  {
    'lib/input': 'arguments as they are given: options, points, orders, networks, attention heads, labelled rows',
    'lib/io': 'file formats: from bytes to tables and back',
    'lib/plot': 'pictures of a set and of the points that were kept of it',
  },
  { 'lib/native': 'what computes: how it is found, its jobs; memory' },
  { 'lib/wasm': 'the WebAssembly build: its instances, its workers, what goes to them and comes back' },
  { 'lib/platform': 'what Node knows and a browser does not' },
  {
    'lib/errors.ts': 'errors with codes',
    'lib/compensated-sum.ts': 'sums whose rounding does not grow',
    'lib/nearest.ts': 'what a misspelled name was meant to be',
    'lib/on-abort.ts': 'what is done when a signal aborts',
    'lib/surface.ts': 'the shapes that cross the boundary to C++',
  },
]

const NATIVE: Floor[] = [
  { 'native/bench': 'an addon of its own for what only benchmarks need' },
  {
    'native/node': 'the binding: arguments, jobs, the compute thread',
    'native/test': 'tests of the kernel, without Node',
    'native/fuzz': 'one fuzz target per file',
  },
  { 'native/kernel': 'all of the kernel, which knows nothing of Node; its own file: compiler and libraries' },
  { 'native/kernel/streaming': 'compression of rows that come piece by piece, in bounded memory' },
  {
    'native/kernel/compression': 'compress() and verify(): the choice of orders, the cells, the residual',
    'native/kernel/matching': 'matchMoments(): weights on given points (calibration weighting)',
  },
  {
    'native/kernel/recombination': 'a basic feasible solution of a moment system by the parametric simplex method',
    'native/kernel/free_support': 'free points of cells: the rules that they begin from, and what is tried',
  },
  {
    'native/kernel/nnls': 'non-negative least squares with equality constraints, by active sets',
    'native/kernel/polynomial': 'polynomial spaces, orthonormal bases, moments and their sums',
    'native/kernel/training': 'two-layer networks: losses, gradients, update rules',
    'native/kernel/partition': 'how a set is cut into cells',
    'native/kernel/text': 'rows of numbers in the bytes of text tables',
  },
  { 'native/kernel/points': 'the copy of the points, checked' },
  { 'native/kernel/parallel': 'parallel loops and teams of threads' },
  { 'native/kernel/blas': 'what BLAS is called for, and the parts of OpenBLAS that are not taken from it' },
  { 'native/kernel/simd/table.cpp': 'the list of the kernels of one instruction set' },
  {
    'native/kernel/simd/cell': 'one small cell from points to weights, in cache',
    'native/kernel/simd/free': "free points of cells, by Newton's method",
    'native/kernel/simd/sums': 'weighted sums of products: plain, reproducible, double-double',
    'native/kernel/simd/matrix': 'dense matrices: products, columns of non-negative least squares',
    'native/kernel/simd/points': 'copies of points, and their places on a grid',
    'native/kernel/simd/network': 'layers, activations, update rules',
  },
  { 'native/kernel/simd/parts.hpp': 'the functions that table.cpp lists' },
  { 'native/kernel/simd/vector': 'vectors of the instruction set, error-free transformations' },
  { 'native/kernel/simd': 'the table of kernels as the kernel sees it, and its choice at run time' },
  { 'native/kernel/base': 'arrays, checked sizes, double-double numbers, status and cancellation' },
]

const PAGE: Floor[] = [
  {
    'page/main.ts': 'the page: what happens when',
    'page/worker.ts': 'its worker, which answers it',
  },
  {
    'page/view': 'what is shown of a run: pictures, tables, the command',
    'page/form.ts': 'columns and options of a run',
    'page/result': 'a run, its statistics and histograms, its file; in the worker',
  },
  { 'page/reading': 'a file of the user: its columns and rows; in the worker' },
  {
    'page/desk.ts': 'calls of the worker',
    'page/elements.ts': 'elements of the page',
    'page/numbers.ts': 'numbers as texts',
  },
  { 'page/messages.ts': 'what page and worker tell each other' },
  { 'page/node': 'what the readers of lib/io take from Node, for browsers' },
]

// These files are compiled with the flags of one instruction set. If other code used an inline function of theirs, it
// could contain instructions that older processors lack.
const CLOSED = ['native/kernel/simd']

// Programs that are compiled with the flags of one machine: one compares the lists made at compile time with those made at run
// time, one measures the machine's peak, one computes attention heads.
const ALLOWED = [
  'native/test/indices_test.cpp -> native/kernel/simd/cell/cell_instances.hpp',
  'native/bench/peak.cpp -> native/kernel/simd/vector/vector.hpp',
  'native/bench/attention.cpp -> native/kernel/simd/network/activation.hpp',
]

describe('the layout', () => {
  const imports = importsOf(PACKAGE_ROOT, 'lib')
  const includes = includesOf(
    PACKAGE_ROOT,
    ['native/kernel', 'native/node', 'native/bench', 'native/test', 'native/fuzz'],
    'native/kernel',
  )

  it('of lib has arrows that run down', () => {
    expect(imports.size).toBeGreaterThan(50)
    expect(faultsOf(imports, { floors: LIB })).toEqual([])
  })

  it('of page has arrows that run down', () => {
    const used = importsOf(PACKAGE_ROOT, 'page')
    expect(used.size).toBeGreaterThan(20)
    expect(faultsOf(used, { floors: PAGE })).toEqual([])
  })

  it('of native has arrows that run down', () => {
    expect(includes.size).toBeGreaterThan(100)
    expect(faultsOf(includes, { floors: NATIVE, closed: CLOSED, allowed: ALLOWED })).toEqual([])
  })

  it('is that of files and folders that exist', () => {
    const places = [...LIB, ...NATIVE, ...PAGE].flatMap((floor) => Object.keys(floor))
    expect(places.filter((place) => !existsSync(join(PACKAGE_ROOT, place)))).toEqual([])
    const used = [...imports.values(), ...includes.values()].flat()
    expect(used.filter((file) => !imports.has(file) && !includes.has(file))).toEqual([])
    expect(imports.get('lib/native/native.ts')).toEqual(
      expect.arrayContaining(['lib/native/choose-browser.ts', 'lib/native/choose-node.ts']),
    )
  })

  it('is that of the map in CONTRIBUTING.md', () => {
    const text = readFileSync(join(PACKAGE_ROOT, 'CONTRIBUTING.md'), 'utf8')
    const map = /^## Layout\n+```\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? ''
    const folders = [...LIB, ...NATIVE, ...PAGE]
      .flatMap((floor) => Object.keys(floor))
      .filter((place) => !/\.\w+$/.test(place))
    expect(folders.filter((folder) => !foldersOf(map).includes(folder))).toEqual([])
  })

  it('has every source file of the kernel and the binding in a list of the build', () => {
    const build = ['CMakeLists.txt', 'openblas.cmake'].map((file) =>
      readFileSync(join(PACKAGE_ROOT, 'native', file), 'utf8'),
    )
    const lists = [...build.join('\n').matchAll(/^\s*set\(([^)]*)\)/gm)]
    const listed = new Set(lists.flatMap(([, words]) => words.split(/\s+/).map((word) => `native/${word}`)))
    const sources = [...includes.keys()].filter((file) => /^native\/(kernel|node)\/.*\.cpp$/.test(file))
    expect(sources.filter((file) => !listed.has(file))).toEqual([])
  })
})

describe('faultsOf', () => {
  const floors: Floor[] = [{ top: '' }, { 'a.ts': '', b: '' }, { 'c/inner': '' }, { c: '' }]
  const faults = (uses: Record<string, string[]>, allowed: string[] = []) =>
    faultsOf(new Map(Object.entries(uses)), { floors, closed: ['c'], allowed })

  it('has nothing against arrows that run down or stay', () => {
    expect(faults({ 'top/x': ['top/y', 'a.ts', 'c/z'], 'top/y': ['b/u/v'], 'c/inner/i': ['c/z'] })).toEqual([])
  })

  it('finds an arrow that runs up', () => {
    expect(faults({ 'b/x': ['top/y'] })).toEqual(['b/x -> top/y runs up: top stands above b'])
    expect(faults({ 'c/z': ['c/inner/i'] })).toEqual(['c/z -> c/inner/i runs up: c/inner stands above c'])
  })

  it('finds an arrow between folders of one floor', () => {
    expect(faults({ 'b/x': ['a.ts'] })).toEqual(['b/x -> a.ts joins two folders of one floor, b and a.ts'])
  })

  it('finds an arrow into a closed folder, except to its files', () => {
    expect(faults({ 'b/x': ['c/z', 'c/inner/i'] })).toEqual(['b/x -> c/inner/i reaches into c'])
  })

  it('finds a file that is on no floor', () => {
    expect(faults({ 'd/x': [] })).toEqual(['d/x lies in no folder of the floors'])
  })

  it('finds circles of files, also inside a folder, and passes over what is allowed as long as it is there', () => {
    const circle = { 'b/x': ['b/y'], 'b/y': ['b/z', 'c/z'], 'b/z': ['b/x'] }
    expect(faults(circle)).toEqual(['b/x -> b/y -> b/z -> b/x is a circle'])
    expect(faults(circle, ['b/z -> b/x'])).toEqual([])
    expect(faults({ 'b/x': [] }, ['b/z -> b/x'])).toEqual(['b/z -> b/x is allowed and is not there'])
    expect(circlesOf(new Map([['x', ['x']]]))).toEqual(['x -> x is a circle'])
  })
})

describe('importsOf and includesOf', () => {
  it('find what this repository has', () => {
    expect(importsOf(PACKAGE_ROOT, 'lib').get('lib/cli/main.ts')).toEqual(
      expect.arrayContaining(['lib/io/bytes.ts', 'lib/cli/compress.ts']),
    )
    expect(importsOf(PACKAGE_ROOT, 'lib').get('lib/index.ts')).toContain('lib/points/compress.ts')
    const includes = includesOf(PACKAGE_ROOT, ['native/node', 'native/kernel/simd'], 'native/kernel')
    expect(includes.get('native/node/addon.cpp')).toContain('native/node/job.hpp')
    expect(includes.get('native/kernel/simd/table.cpp')).toContain('native/kernel/simd/parts.hpp')
  })
})

/** The folders of a map. Each line begins with one folder or several; two more blanks mean inside the folder above. */
function foldersOf(map: string): string[] {
  const path: string[] = []
  return map.split('\n').flatMap((line) => {
    const [, indent, names] = /^( *)((?:[\w.]+\/ ?)+)/.exec(line) ?? ['', '', '']
    if (names === '') return []
    const depth = indent.length / 2
    const folders = names.trim().split(' ')
    path.splice(depth, path.length, folders[0].slice(0, -1))
    return folders.map((name) => [...path.slice(0, depth), name.slice(0, -1)].join('/'))
  })
}
