// fewpoints picture: what is counted, what is drawn, and what is refused.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Counter, cellOf, cellsFor } from '../lib/plot/histogram.js'
import { wrapped } from '../lib/plot/picture.js'
import { latticeStep, type Range, RangeFinder } from '../lib/plot/range.js'
import { fewpoints, fewpointsJson } from './cli-run.js'

const folder = mkdtempSync(join(tmpdir(), 'fewpoints-picture-'))
const at = (name: string) => join(folder, name)
const read = (name: string) => readFileSync(at(name), 'utf8')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ROWS = 3000
const OUTLIERS = 5
/** The original with an outlier now and then, weights, and a text. `t` lies on a lattice. */
beforeAll(async () => {
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const angle = i * 2.399963
    const radius = Math.sqrt(i / ROWS)
    const [x, y] = i % (ROWS / OUTLIERS) === 7 ? [500, -800] : [radius * Math.cos(angle), 5 * radius * Math.sin(angle)]
    return `${x},${y},${i % 24},${1 + (i % 3)},word`
  })
  writeFileSync(at('many.csv'), `x,y,t,exposure,text\n${lines.join('\n')}\n`)
  const base = ['compress', at('many.csv'), '--order', 3, '--size', 60, '--weights', 'exposure']
  await fewpointsJson([...base, '--columns', 'x,y', '-o', at('two.parquet')])
  await fewpointsJson([...base, '--columns', 'x,y,t', '-o', at('three.npz')])
  await fewpointsJson([...base, '--columns', 'x,y', '-o', at('two.npy')])
})

const draw = (compressed: string, output: string, ...more: (string | number)[]) =>
  fewpointsJson(['picture', at('many.csv'), at(compressed), '-o', at(output), ...more])

/** The shapes of the marks of one kind in an SVG. */
function marksOf(svg: string, kind: 'symbol' | 'rect'): string[] {
  const groups = svg.match(new RegExp(`<g [^>]*class="mark-${kind} role-mark[^>]*>(<path[^>]*/>)*`, 'g')) ?? []
  return groups.flatMap((group) => group.match(/<path/g) ?? [])
}

describe('the histograms', () => {
  const range = fc
    .record({
      low: fc.integer({ min: -50, max: 50 }),
      width: fc.integer({ min: 0, max: 40 }),
      step: fc.constantFrom(undefined, 1),
    })
    .map(({ low, width, step }): Range => ({ least: -60, largest: 100, low, high: low + width, step }))
  const row = fc.tuple(
    fc.integer({ min: -60, max: 100 }),
    fc.double({ min: -60, max: 100, noNaN: true }),
    fc.integer({ min: 0, max: 7 }),
  )

  it('count every row once, in its cell, with its weight, whatever the chunks', () => {
    fc.assert(
      fc.property(
        range,
        range,
        fc.array(row, { minLength: 1 }),
        fc.integer({ min: 1, max: 50 }),
        (one, other, rows, cut) => {
          const columns = [one, other].map((range, a) => {
            const label = `column ${a}`
            return { label, range, fine: cellsFor(range, 20, label), bars: cellsFor(range, 7, label) }
          })
          const counter = new Counter(columns)
          for (let first = 0; first < rows.length; first += cut) {
            const part = rows.slice(first, first + cut)
            const points = Float64Array.from(part.flatMap((row) => row.slice(0, 2)))
            counter.add(
              points,
              Float64Array.from(part, ([, , weight]) => weight),
              part.length,
            )
          }
          const [x, y] = columns
          const isIn = ({ low, width, count }: typeof x.fine, value: number) => {
            const [from, to] = [low, low + width * count]
            return value >= from && value < to
          }
          const sum = (list: Iterable<number>) => [...list].reduce((total, value) => total + value, 0)
          const weightOf = (keeps: (row: [number, number, number]) => boolean) =>
            sum(rows.filter(keeps).map(([, , w]) => w))
          const both = weightOf(([a, b]) => isIn(x.fine, a) && isIn(y.fine, b))
          expect(sum(counter.pair(1, 0))).toBe(both)
          expect(counter.outside.weight).toBe(weightOf(() => true) - both)
          expect(counter.weight).toBe(weightOf(() => true))
          expect(counter.rows).toBe(rows.filter(([, , w]) => w > 0).length)
          expect(sum(counter.bars(0))).toBe(weightOf(([a]) => isIn(x.bars, a)))
          for (const [cell, weight] of counter.pair(1, 0).entries()) {
            const [i, j] = [Math.floor(cell / x.fine.count), cell % x.fine.count]
            expect(weight).toBe(weightOf(([a, b]) => cellOf(x.fine, a) === j && cellOf(y.fine, b) === i))
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('have cells for the whole range, at most as many as asked for, and the same number of lattice values in each', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 3, max: 200 }), (range, most) => {
        const cells = cellsFor(range, most, 'a')
        expect(cells.count).toBeLessThanOrEqual(most)
        expect(cellOf(cells, range.low)).not.toBe(-1)
        expect(cellOf(cells, range.high)).not.toBe(-1)
        if (range.step === undefined) return
        expect(cells.width % range.step).toBe(0)
        const values = Array.from({ length: cells.count * cells.width }, (_, i) => cells.low + 0.5 + i)
        const perCell = values.reduce((counts, value) => {
          counts[cellOf(cells, value)]++
          return counts
        }, new Array(cells.count).fill(0))
        expect(new Set(perCell).size).toBe(1)
      }),
    )
  })

  it('refuse values that one axis cannot hold', () => {
    const huge = { least: -1.7e308, largest: 1.7e308, low: -1.7e308, high: 1.7e308, step: undefined }
    expect(() => cellsFor(huge, 10, 'speed')).toThrow(/speed.*cannot be drawn/)
  })
})

describe('the range', () => {
  const rangeOf = (values: number[], weights?: number[]) => {
    const finder = new RangeFinder(1)
    finder.add(Float64Array.from(values), weights && Float64Array.from(weights), values.length)
    return finder
  }
  const spread = Array.from({ length: 1000 }, (_, i) => i / 1000)

  it('leaves out what lies far out, and --range all does not', () => {
    const finder = rangeOf([...spread, 1e6])
    expect(finder.ranges('robust')[0]).toMatchObject({ least: 0, low: 0, largest: 1e6 })
    expect(finder.ranges('robust')[0].high).toBeLessThan(2)
    expect(finder.ranges('all')[0]).toMatchObject({ low: 0, high: 1e6 })
  })

  it('is everything when nothing lies far out, or nearly all values are equal', () => {
    expect(rangeOf(spread).ranges('robust')[0]).toMatchObject({ low: 0, high: 0.999 })
    expect(rangeOf([...new Array(1000).fill(0), 3]).ranges('robust')[0]).toMatchObject({ low: 0, high: 3 })
  })

  it('goes by weight, and rows of weight 0 do not count', () => {
    const weights = [...spread.map(() => 1), 1000]
    expect(rangeOf([...spread, 50], weights).ranges('robust')[0]).toMatchObject({ high: 50 })
    expect(rangeOf([1, 2, 99], [1, 1, 0]).ranges('all')[0]).toMatchObject({ least: 1, largest: 2 })
  })

  it('is the same for any chunks, of more rows than the sample has', () => {
    const values = Float64Array.from({ length: 100_000 }, (_, i) => Math.tan(i))
    const [whole, parts] = [new RangeFinder(1), new RangeFinder(1)]
    whole.add(values, undefined, values.length)
    for (let i = 0; i < values.length; i += 777)
      parts.add(values.slice(i, i + 777), undefined, Math.min(777, values.length - i))
    expect(parts.ranges('robust')).toEqual(whole.ranges('robust'))
    // tan() of an even angle: 98 % lie within 31.8.
    expect(whole.ranges('robust')[0].high).toBeGreaterThan(60)
    expect(whole.ranges('robust')[0].high).toBeLessThan(100)
  })

  it('finds the lattice of rounded numbers', () => {
    expect(latticeStep(Float64Array.of(0.1, 0.2, 0.3, 0.30000000000000004, 0.6, 1.7))).toBeCloseTo(0.1, 12)
    expect(latticeStep(Float64Array.of(1, 2, Math.PI))).toBeUndefined()
    expect(latticeStep(Float64Array.of(4, 4))).toBeUndefined()
  })
})

describe('the picture', () => {
  it('of two columns has a mark per point and a rectangle per cell with rows', async () => {
    const summary = await draw('two.parquet', 'all.svg', '--range', 'all')
    expect(summary).toMatchObject({ rows: ROWS, weights: 'exposure', order: 3, rowsOutside: 0, pointsOutside: 0 })
    const svg = read('all.svg')
    expect(marksOf(svg, 'symbol').length).toBe(summary.points)
    expect(svg).toContain(`>3,000 rows, ${summary.points} points kept, order 3<`)
    expect(svg).toContain('>exposure per kept point<')
    expect(svg).toMatch(
      /^<svg role="img" aria-labelledby="picture-title picture-label"[^>]*><title id="picture-title">/,
    )
  })

  it('leaves out what lies far out, and says so', async () => {
    const summary = await draw('two.parquet', 'robust.svg')
    expect(summary.rowsOutside).toBe(OUTLIERS)
    expect(summary.pointsOutside).toBeGreaterThan(0)
    const svg = read('robust.svg')
    expect(marksOf(svg, 'symbol').length).toBe(summary.points - summary.pointsOutside)
    expect(marksOf(svg, 'rect').length).toBeGreaterThan(500)
    expect(svg.replaceAll(/<\/?tspan[^>]*>|<\/text>\s*<text[^>]*>/g, ' ')).toContain(
      `Beyond the axes: ${OUTLIERS} of 3,000 rows`,
    )
  })

  it('is the same for files with and without names', async () => {
    await draw('two.parquet', 'named.svg')
    const bare = ['picture', at('many.csv'), at('two.npy'), '-o', at('bare.svg'), '--weights', 'exposure']
    const { code, stderr } = await fewpoints(bare)
    expect(stderr).toContain(
      'many.csv has 3 columns of numbers, and the compressed file has 2 without names; --columns',
    )
    expect(code).toBe(2)
    await fewpointsJson([...bare, '--columns', 'x,y'])
    expect(marksOf(read('bare.svg'), 'symbol').length).toBe(marksOf(read('named.svg'), 'symbol').length)
  })

  it('of three columns is a matrix with every pair twice', async () => {
    const summary = await draw(
      'three.npz',
      'three.svg',
      '--range',
      'all',
      '--labels',
      'left right,"up, down",hour,seconds',
      '--columns',
      'x,y,t',
    )
    const svg = read('three.svg')
    expect(marksOf(svg, 'symbol').length).toBe(3 * summary.points)
    for (const text of ['left right', 'up, down', 'hour', 'seconds per kept point']) expect(svg).toContain(`>${text}<`)
    expect(svg).toContain('Below the diagonal')
  })

  it('of one column has both histograms', async () => {
    await draw('three.npz', 'one.svg', '--columns', 't')
    // t has 24 values, and the axis has room for one more at each end. A bar has three of them: there are few kept points.
    expect(marksOf(read('one.svg'), 'rect').length).toBe(9)
    expect(read('one.svg')).toContain('grey bars: many.csv, line: three.npz')
  })

  it('as PNG has the width that was asked for, as SVG too', async () => {
    await draw('two.parquet', 'wide.png', '--width', 777)
    const png = readFileSync(at('wide.png'))
    expect(png.toString('latin1', 1, 4)).toBe('PNG')
    expect(png.readUInt32BE(16)).toBe(777)
    await draw('two.parquet', 'wide.svg', '--width', 777)
    expect(read('wide.svg')).toMatch(/^<svg [^>]*width="777" height="[\d.]+" viewBox="0 0 \d+ \d+"/)
  })

  it.each(['two.parquet', 'three.npz'])(
    'as HTML of %s needs nothing else, has names and no identifier twice',
    async (name) => {
      await draw(name, 'page.html', '--force')
      const page = read('page.html')
      const outside = /<(script|link|img|iframe|object|embed)\b|\b(src|href)\s*=\s*"[^#]|@import|url\((?!"?#)/
      expect(outside.exec(page)).toBeNull()
      expect(page).toMatch(/<html lang="en">[\s\S]*name="viewport"[\s\S]*<title>3,000 rows/)
      const drawings = page.match(/<svg [^>]*>/g) ?? []
      expect(drawings.length).toBe(name === 'two.parquet' ? 2 : 1)
      for (const start of drawings)
        expect(start).toMatch(/role="img" aria-labelledby="drawing\d-title drawing\d-label"/)
      const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
      expect(new Set(ids).size).toBe(ids.length)
      expect(page).toContain('<p>Beyond the axes:')
    },
  )

  it('shows names as they are', async () => {
    const name = '<b>&amp;\u0001'
    const csv = read('many.csv').replace('x,y', `${name},y`)
    writeFileSync(at('odd.csv'), csv)
    await fewpointsJson(['compress', at('odd.csv'), '--order', 2, '--columns', `${name},y`, '-o', at('odd.parquet')])
    await fewpointsJson(['picture', at('odd.csv'), at('odd.parquet'), '-o', at('odd.html')])
    const page = read('odd.html')
    expect(page).not.toContain('<b>')
    expect(page).toContain('&lt;b&gt;&amp;amp; ')
    // An XML reader takes it as well.
    await fewpointsJson(['picture', at('odd.csv'), at('odd.parquet'), '-o', at('odd.png')])
  })

  it('of a column with one value is drawn', async () => {
    writeFileSync(at('flat.csv'), `x,y\n${Array.from({ length: 50 }, (_, i) => `3,${i}`).join('\n')}\n`)
    await fewpointsJson(['compress', at('flat.csv'), '--order', 1, '-o', at('flat.parquet')])
    const summary = await fewpointsJson(['picture', at('flat.csv'), at('flat.parquet'), '-o', at('flat.svg')])
    expect(marksOf(read('flat.svg'), 'symbol').length).toBe(summary.points)
    expect(read('flat.svg')).not.toContain('NaN')
  })

  it('leaves out rows with missing values when told to', async () => {
    writeFileSync(at('gaps.csv'), read('many.csv').replace('word', 'word\n1,,3,4,word\n,2,3,4,word'))
    const words = ['picture', at('gaps.csv'), at('two.parquet'), '-o', at('gaps.svg'), '--drop-missing']
    expect(await fewpointsJson(words)).toMatchObject({ rows: ROWS + 2, dropped: 2 })
    expect(read('gaps.svg')).toContain('Left out: 2 rows with missing values.')
  })

  it('says when kept points lie beyond the axes and no row does', async () => {
    writeFileSync(
      at('inner.csv'),
      `x,y\n${Array.from({ length: 99 }, (_, i) => `${i / 99},${(i * i) % 7}`).join('\n')}\n`,
    )
    const summary = await fewpointsJson([
      'picture',
      at('inner.csv'),
      at('two.parquet'),
      '-o',
      at('in.html'),
      '--weights',
      'y',
    ])
    expect(summary.rowsOutside).toBe(0)
    expect(summary.pointsOutside).toBeGreaterThan(0)
    expect(read('in.html')).toMatch(/Beyond the axes: 0 of \d+ rows \(0% of the weight\) and \d+ of \d+ kept points\./)
  })

  it('tells when the weights do not fit', async () => {
    const { stderr } = await fewpoints([
      'picture',
      at('many.csv'),
      at('two.npy'),
      '-o',
      at('w.svg'),
      '--columns',
      'x,y',
    ])
    expect(stderr).toContain('the total weights are 3,000 and')
  })
})

describe.concurrent('what is refused before any work', () => {
  const nothing = at('nothing.svg')
  const call = (...words: (string | number)[]) => fewpoints(['picture', ...words])
  const many = () => at('many.csv')
  const two = () => at('two.parquet')
  it.each([
    [
      'another ending',
      () => [many(), two(), '-o', at('x.jpg')],
      2,
      'x.jpg: the name must end in one of .svg, .png, .html',
    ],
    ['no output', () => [many(), two()], 2, '--output must be given'],
    ['standard input twice read', () => ['-', two(), '-o', nothing], 2, 'the original is read twice'],
    ['standard output', () => [many(), two(), '-o', '-'], 2, 'cannot be written to standard output'],
    [
      'a column that is not there',
      () => [many(), two(), '-o', nothing, '--columns', 'x,yy'],
      2,
      "has no column 'yy' (did you mean 'y'?)",
    ],
    [
      'more columns than can be seen',
      () => [many(), two(), '-o', nothing, '--columns', 'a,b,c,d,e,f,g'],
      2,
      'at most 6 columns, not 7',
    ],
    ['labels without columns', () => [many(), two(), '-o', nothing, '--labels', 'a,b'], 2, '--labels needs --columns'],
    [
      'too few labels',
      () => [many(), two(), '-o', nothing, '--columns', 'x,y', '--labels', 'a'],
      2,
      '--labels must have 2 labels, or one more, not 1',
    ],
    ['another range', () => [many(), two(), '-o', nothing, '--range', 'most'], 2, 'Allowed choices are robust, all'],
    ['a file without weights', () => [many(), many(), '-o', nothing], 3, "has no column 'weight'"],
    ['an original that is not there', () => [at('no.csv'), two(), '-o', nothing], 3, 'there is no such file'],
    [
      'an output that is there',
      () => [many(), two(), '-o', at('there.svg')],
      4,
      'exists already; --force overwrites it',
    ],
    ['an output that is an input', () => [many(), two(), '-o', at('link.svg'), '--force'], 4, 'is the input'],
  ] as const)('%s', async (name, words, code, message) => {
    if (name === 'an output that is there') writeFileSync(at('there.svg'), 'mine')
    if (name === 'an output that is an input') (await import('node:fs')).symlinkSync(many(), at('link.svg'))
    const outcome = await call(...words())
    expect(outcome.stderr).toContain(message)
    expect(outcome.code).toBe(code)
    expect(outcome.stdout).toBe('')
    expect(existsSync(nothing)).toBe(false)
    if (name === 'an output that is there') expect(read('there.svg')).toBe('mine')
  })

  /** Code that makes imports of these packages fail as if they were not installed. */
  const without = (...packages: string[]) => `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(\`
      export async function resolve(name, context, next) {
        if (!${JSON.stringify(packages)}.includes(name)) return next(name, context)
        throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' })
      }\`))`
  it.each([
    ['vega', 'x.svg', 'npm install vega vega-lite'],
    ['vega-lite', 'x.html', 'npm install vega vega-lite'],
    ['@resvg/resvg-js', 'x.png', 'npm install @resvg/resvg-js dejavu-fonts-ttf'],
  ])('a machine without %s, for %s', async (missing, output, help) => {
    const { code, stderr } = await fewpoints(['picture', many(), two(), '-o', at(output)], { before: without(missing) })
    expect(stderr.trim().split('\n').length).toBe(1)
    expect(stderr).toContain(help)
    expect(code).toBe(2)
    expect(existsSync(at(output))).toBe(false)
  })

  it('a machine without fonts, for PNG', async () => {
    const root = new URL('../package.json', import.meta.url)
    const before = `
      import { createRequire } from 'node:module'
      createRequire(${JSON.stringify(root)})('@resvg/resvg-js').Resvg = class { getBBox() { return undefined } }`
    const { code, stderr } = await fewpoints(['picture', many(), two(), '-o', at('letters.png')], { before })
    expect(stderr).toContain(
      'a PNG needs a font for its letters, and this machine has none; npm install dejavu-fonts-ttf',
    )
    expect(code).toBe(2)
  })

  it('needs no resvg for SVG', async () => {
    const words = ['picture', many(), two(), '-o', at('plain.svg')]
    expect(await fewpoints(words, { before: without('@resvg/resvg-js') })).toMatchObject({ code: 0 })
  })
})

it('wraps at words', () => {
  expect(wrapped('one two three four', 9)).toEqual(['one two', 'three', 'four'])
  expect(wrapped('incomprehensibility is long', 9)).toEqual(['incomprehensibility', 'is long'])
})
