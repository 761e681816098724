// merge: compressed files become one, with the moments of all together and the place that each point comes from.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { verifySync } from '../lib/index.js'
import { npyNumbers } from '../lib/io/npy.js'
import { readTable } from '../lib/io/read.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { fill, RESIDUAL_BOUND, seeded, TOTAL_WEIGHT_BOUND } from './fixtures.js'
import { temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
const random = seeded(41)
const COUNT = 5000
const sets = [0, 1, 2].map((place) => {
  const x = fill(COUNT, () => place + random.normal())
  const y = fill(COUNT, () => random.next())
  const lines = Array.from({ length: COUNT }, (_, i) => `${x[i]},${y[i]},d${place}-${i}`)
  return { x, y, path: folder.write(`day-${place}.csv`, `x,y,date\n${lines.join('\n')}\n`) }
})

async function compressed(ending: string, ...options: (string | number)[]): Promise<string[]> {
  const outputs = sets.map((_, i) => folder.path(`few-${i}.${ending}`))
  for (const [i, { path }] of sets.entries()) {
    await fewpointsJson([
      'compress',
      path,
      '-o',
      outputs[i],
      '--order',
      3,
      '--size',
      60 + 10 * i,
      '--force',
      ...options,
    ])
  }
  return outputs
}

const all = (pick: (set: (typeof sets)[number]) => Float64Array) => sets.flatMap((set) => [...pick(set)])

describe('merge', () => {
  it.each(['parquet', 'npz', 'csv', 'ndjson'])('keeps the moments of all .%s files', async (ending) => {
    const inputs = await compressed(ending)
    const knows = ending === 'parquet' || ending === 'npz'
    const output = folder.path(`all.${ending}`)
    const order = knows ? [] : ['--order', 3]
    const summary = await fewpointsJson(['merge', folder.path(`few-?.${ending}`), '-o', output, ...order])
    expect(summary.inputs.map(({ path }: { path: string }) => path)).toEqual(inputs)
    expect(summary).toMatchObject({ command: 'merge', columns: ['x', 'y'], kept: ['source'], order: 3 })
    expect(summary.points).toBeLessThanOrEqual(80)
    expect(summary.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expect(summary.totalWeight).toBeCloseTo(3 * COUNT)
    expect(summary.totalWeightEpsilons * Number.EPSILON).toBeLessThanOrEqual(TOTAL_WEIGHT_BOUND)

    const found = values(await readTable(output))
    const weight = found.weight ?? found.weights
    const rows = found.row ?? found.indices
    for (const [j, row] of rows.entries()) {
      const set = sets[found.source[j]]
      expect([found.x[j], found.y[j]]).toEqual([set.x[row], set.y[row]])
    }
    const [xs, ys] = [all(({ x }) => x), all(({ y }) => y)]
    const interleave = (a: readonly number[], b: readonly number[]) =>
      Float64Array.from(a.flatMap((value, i) => [value, b[i]]))
    const { residual } = verifySync(
      { points: interleave(xs, ys), dimension: 2 },
      { points: interleave(found.x, found.y), dimension: 2, weights: Float64Array.from(weight) },
      { order: 3 },
    )
    expect(residual).toBeLessThanOrEqual(2 * RESIDUAL_BOUND)
  })

  it('carries along what all files carry, and keeps the sources of merged ones', async () => {
    const [a, b, c] = await compressed('parquet', '--keep-columns', 'date')
    const two = folder.path('two.parquet')
    await fewpointsJson(['merge', a, b, '-o', two])
    const rows = (path: string) =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { row: number; source: number; date: string })
    const three = folder.path('three.ndjson')
    await fewpointsJson(['merge', two, c, '-o', three, '--order', 3])
    const again = folder.path('again.ndjson')
    const more = folder.path('more.csv')
    await fewpointsJson(['merge', two, '-o', more])
    expect(readFileSync(more, 'utf8').split('\n')[0]).toBe('x,y,weight,row,source,date')
    const summary = await fewpointsJson(['merge', two, more, '-o', again])
    expect(summary.kept).toEqual(['source', 'date'])
    for (const { row, source, date } of rows(again)) expect(date).toBe(`d${source}-${row}`)
    // Not both of these have sources, so they get new ones.
    expect(new Set(rows(three).map(({ source }) => source))).toEqual(new Set([0, 1]))
    for (const { row, source, date } of rows(three))
      expect(date).toMatch(source === 1 ? `d2-${row}` : new RegExp(`^d[01]-${row}$`))
  })

  it.each(['parquet', 'npz', 'csv', 'ndjson'])(
    'leaves numbers that are carried along out of the coordinates of .%s',
    async (ending) => {
      const many = folder.write(
        'many-ids.csv',
        `x,y,id\n${Array.from(sets[0].x, (x, i) => `${x},${i % 7},${i}`).join('\n')}\n`,
      )
      const few = folder.path(`ids.${ending}`)
      const options = ['--order', '2', '--columns', 'x,y', '--force']
      await fewpointsJson(['compress', many, '-o', few, '--size', 40, '--keep-columns', 'id', ...options])
      const fewer = await fewpointsJson(['compress', few, '-o', folder.path('fewer.csv'), '--order', 2, '--force'])
      expect(fewer).toMatchObject({ columns: ['x', 'y'], weights: expect.stringMatching(/^weights?$/) })
    },
  )

  it('makes a file that verify compares with all of its sources', async () => {
    const inputs = await compressed('parquet')
    const both = folder.path('verified.parquet')
    await fewpointsJson(['merge', ...inputs, '-o', both, '--force'])
    const paths = sets.map(({ path }) => path)
    const report = await fewpointsJson(['verify', ...paths, both])
    expect(report).toMatchObject({ ok: true, originals: paths, rows: sets.length * COUNT, rowsDifferent: 0, order: 3 })
    const wrong = await fewpoints(['verify', ...[...paths].reverse(), both])
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('is not the row of the original') })
    const streamed = folder.path('streamed.ndjson')
    await fewpointsJson(['compress', ...paths, '-o', streamed, '--order', 2, '--size', 50, '--columns', 'x,y'])
    expect(await fewpointsJson(['verify', ...paths, streamed, '--order', 2])).toMatchObject({
      ok: true,
      rowsDifferent: 0,
    })
    expect(await fewpoints(['verify', both])).toMatchObject({ code: 2 })
  })

  it('says when the order asked for is more than a file keeps', async () => {
    const inputs = await compressed('parquet')
    const { stderr } = await fewpoints(['merge', ...inputs, '-o', folder.path('high.parquet'), '--order', '5'])
    expect(stderr).toContain('the result keeps moments up to order 3: ')
  })

  it('gives the same bits again, and others in another sequence', async () => {
    const inputs = await compressed('parquet')
    const text = async (...args: string[]) => (await fewpoints(['merge', ...args, '-o', '-', '--quiet'])).stdout
    const first = await text(...inputs)
    expect(first.length).toBeGreaterThan(1000)
    expect(await text(...inputs, '--threads', '1')).toBe(first)
    expect(await text(...inputs.toReversed())).not.toBe(first)
  })

  it('says what it lacks', async () => {
    const [csv] = await compressed('csv')
    const output = folder.path('never.csv')
    const none = await fewpoints(['merge', csv, '-o', output])
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('--order must be given') })
    const plain = await fewpoints(['merge', sets[0].path, '-o', output])
    expect(plain).toMatchObject({ code: 3, stderr: expect.stringContaining("has no column 'weight'") })
    const other = folder.write('other.npy', npyNumbers(Float64Array.of(1, 2, 3, 4, 5, 6, 0.5, 0, 1, 2), [2, 5]))
    const differ = await fewpoints(['merge', csv, other, '-o', output, '--order', 1])
    expect(differ).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/other\.npy: its columns are c0, c1, c2 \(without names\)/),
    })
    const bare = await fewpoints(['merge', '-o', output])
    expect(bare.code).toBe(2)
  })
})
