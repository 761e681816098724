// The command line with --support free: files without source rows, what is said of the cells, what is refused.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compressSync } from '../lib/index.js'
import { readTable } from '../lib/io/read.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { fill, RESIDUAL_BOUND, seeded } from './fixtures.js'
import { temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
const random = seeded(12)
const COUNT = 4000
const points = fill(2 * COUNT, () => random.normal())
const lines = Array.from({ length: COUNT }, (_, i) => `${points[2 * i]},${points[2 * i + 1]},n${i}`)
const input = folder.write('all.csv', `x,y,name\n${lines.join('\n')}\n`)
const curve = folder.write(
  'curve.csv',
  `x,y\n${Array.from({ length: COUNT }, (_, i) => `${Math.cos(i / 500)},${Math.sin(i / 500)}`).join('\n')}\n`,
)
const options = ['--order', 4, '--size', 120, '--support', 'free']

describe('compress --support free', () => {
  const wanted = compressSync(points, { dimension: 2, order: 4, size: 120, support: 'free' })

  it.each(['csv', 'tsv', 'json', 'ndjson', 'parquet', 'npz'])(
    'writes .%s files without source rows',
    async (ending) => {
      const output = folder.path(`few.${ending}`)
      const summary = await fewpointsJson(['compress', input, '-o', output, ...options])
      expect(summary).toMatchObject({
        support: 'free',
        points: wanted.count,
        freeCells: wanted.freeCells,
        rowCells: 0,
        whyRows: null,
      })
      const { columns, meta } = await readTable(output)
      expect(columns.map(({ name }) => name)).toEqual(['x', 'y', ending === 'npz' ? 'weights' : 'weight'])
      const found = values(await readTable(output))
      expect(found.x).toEqual([...wanted.points].filter((_, i) => i % 2 === 0))
      expect(found.weights ?? found.weight).toEqual([...wanted.weights])
      if (ending === 'parquet' || ending === 'npz') expect(meta).toMatchObject({ row: null, order: 4 })

      const report = await fewpointsJson(['verify', input, output, '--order', 4])
      expect(report).toMatchObject({ ok: true, rowsDifferent: null })
      const again = folder.path(`fewer.${ending}`)
      const weights = ending === 'npz' ? 'weights' : 'weight'
      const fewer = await fewpointsJson([
        'compress',
        output,
        '-o',
        again,
        '--order',
        2,
        '--weights',
        weights,
        '--columns',
        'x,y',
      ])
      expect(fewer).toMatchObject({ rows: wanted.count, support: 'rows', freeCells: null, whyRows: null })
    },
  )

  it('says how many cells have free points, or that there are none', async () => {
    const { stdout } = await fewpoints(['compress', input, '-o', folder.path('said.csv'), ...options])
    expect(stdout).toMatch(new RegExp(`^free points +in ${wanted.freeCells} of ${wanted.cells} cells`, 'm'))
    const none = await fewpoints(['compress', curve, '-o', folder.path('none.csv'), ...options])
    expect(none.stdout).toMatch(/^free points +none, all points are rows: hardly a cell has free points$/m)
    const told = await fewpointsJson(['compress', curve, '-o', folder.path('told.csv'), ...options])
    expect(told).toMatchObject({ support: 'rows', freeCells: 0, rowCells: 0, whyRows: 'cells' })
    const whole = await fewpoints(['compress', input, '-o', folder.path('whole.csv'), ...options, '--size', COUNT])
    expect(whole.stdout).toMatch(
      /^free points +none, all points are rows: there are no more different ones than the size$/m,
    )
    const rows = await fewpoints(['compress', input, '-o', folder.path('rows.csv'), '--order', 4])
    expect(rows.stdout).not.toMatch(/free/)
    const parquet = folder.path('told.parquet')
    await fewpointsJson(['compress', input, '-o', parquet, ...options])
    expect((await fewpoints(['info', parquet])).stdout).toContain('free points, which are no rows')
  })

  it('streams, and goes on from a checkpoint file', async () => {
    const output = folder.path('streamed.parquet')
    const checkpoint = folder.path('state')
    const summary = await fewpointsJson(['compress', input, '-o', output, ...options, '--checkpoint', checkpoint])
    expect(summary).toMatchObject({ streamed: true, support: 'free', points: wanted.count })
    expect(values(await readTable(output)).weight).toEqual([...wanted.weights])
  })

  it('draws a picture', async () => {
    const output = folder.path('picture.csv')
    await fewpointsJson(['compress', input, '-o', output, ...options])
    const picture = folder.path('picture.svg')
    const { code, stderr } = await fewpoints(['picture', input, output, '-o', picture, '--quiet'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(existsSync(picture)).toBe(true)
  })

  it('refuses what has no meaning', async () => {
    const refused = async (output: string, ...more: string[]) => {
      const { code, stderr } = await fewpoints(['compress', input, '-o', folder.path(output), ...options, ...more])
      expect(code).toBe(2)
      expect(existsSync(folder.path(output))).toBe(false)
      return stderr
    }
    expect(await refused('a.npy')).toContain('NPY cannot say')
    expect(await refused('b.csv', '--keep-columns', 'name')).toContain('--keep-columns')
    expect(await refused('c.csv', '--support', 'fixed')).toContain('--support')
  })
})

describe('compress with more demands', () => {
  const written = async (name: string, ...more: (string | number)[]) => {
    const output = folder.path(name)
    const summary = await fewpointsJson(['compress', input, '-o', output, ...more])
    const { weight } = values(await readTable(output))
    return { summary, weight }
  }

  it('passes --minimum-weight, --tolerance and --hull on', async () => {
    const light = { order: 3, size: 10, minimumWeight: 0.2 }
    const { weight, summary } = await written('light.csv', '--order', 3, '--size', 10, '--minimum-weight', 0.2)
    expect(summary.cells).toBe(1)
    expect(Math.min(...weight)).toBeGreaterThanOrEqual((0.2 * COUNT) / weight.length)
    expect(weight).toEqual([...compressSync(points, { dimension: 2, ...light }).weights])
    const rough = await written('rough.csv', '--order', 5, '--tolerance', 0.5)
    expect(rough.weight.length).toBeLessThan(21)
    expect(rough.summary.residual).toBeLessThanOrEqual(0.5)
    const inside = await written('hull.csv', ...options, '--hull')
    const own = compressSync(points, { dimension: 2, order: 4, size: 120, support: 'free', hull: true })
    expect(inside.weight).toEqual([...own.weights])
    const equal = await written('equal.csv', '--order', 3, '--size', 40, '--support', 'free', '--equal-weights')
    expect(equal.weight).toEqual(new Array(40).fill(COUNT / 40))
  })

  it.each([
    [['--order', 4, '--hull'], '--hull is for --support free'],
    [['--order', 4, '--equal-weights'], '--equal-weights is for --support free'],
    [['--order', 4, '--support', 'free', '--equal-weights', '--hull'], '--equal-weights and --hull exclude'],
    [['--size', 100, '--tolerance', 1e-3], '--tolerance needs --order'],
    [['--order', 4, '--minimum-weight', 1], 'below 1'],
    [
      ['--order', 4, '--minimum-weight', 0.1, '--checkpoint', folder.path('no-state')],
      '--minimum-weight needs all rows',
    ],
  ])('refuses %j', async (more, text) => {
    const { code, stderr } = await fewpoints(['compress', input, '-o', folder.path('never.csv'), ...more])
    expect([code, stderr]).toEqual([2, expect.stringContaining(text)])
    expect(existsSync(folder.path('never.csv'))).toBe(false)
  })
})

describe('merge --support free', () => {
  it('makes free points of files with rows and of files without', async () => {
    const rows = folder.path('part-1.parquet')
    const free = folder.path('part-2.parquet')
    await fewpointsJson(['compress', input, '-o', rows, '--order', 4, '--size', 300])
    await fewpointsJson(['compress', input, '-o', free, ...options])
    const output = folder.path('merged.parquet')
    const summary = await fewpointsJson(['merge', rows, free, '-o', output, '--size', 100, '--support', 'free'])
    expect(summary).toMatchObject({ support: 'free', kept: [], order: 4, totalWeight: 2 * COUNT })
    expect(summary.freeCells + summary.rowCells).toBeLessThanOrEqual(summary.cells)
    expect(summary.freeCells).toBeGreaterThan(0)
    expect(summary.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expect((await readTable(output)).columns.map(({ name }) => name)).toEqual(['x', 'y', 'weight'])
    const text = await fewpoints([
      'merge',
      rows,
      free,
      '-o',
      folder.path('text.csv'),
      '--size',
      100,
      '--support',
      'free',
    ])
    expect(text.stdout).toMatch(/^free points +in \d+ of \d+ cells/m)
    const { code, stderr } = await fewpoints(['merge', rows, free, '-o', folder.path('m.npy'), '--support', 'free'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('NPY cannot say')])
    const both = folder.path('both.parquet')
    expect(await fewpointsJson(['merge', rows, free, '-o', both, '--size', 100])).toMatchObject({ kept: ['source'] })
    expect(values(await readTable(both)).row.every((row) => row >= 0)).toBe(true)
  })
})
