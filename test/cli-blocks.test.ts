// The command line with --blocks and safetensors files: a layer in, few of its parts out, what is said of them, what is refused.
import { describe, expect, it } from 'vitest'
import { blocks, momentsIn, orderBlocksOf, orderFacts, orderText } from '../lib/cli/blocks.js'
import { compressSync } from '../lib/index.js'
import { metaFromText } from '../lib/io/meta.js'
import { readTable } from '../lib/io/read.js'
import { safetensorsPieces } from '../lib/io/safetensors-header.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { fill, RESIDUAL_BOUND, seeded } from './fixtures.js'
import { temporaryFolder, values } from './io-files.js'

const COUNT = 1500
const folder = temporaryFolder()
const random = seeded(4)
const draw = () => Float32Array.from({ length: 2 * COUNT }, () => 2 * random.next() - 1)
const tensors = ['q', 'k', 'v', 'o'].map((name) => ({ name, shape: [COUNT, 2, 1], values: draw() }))
const layer = folder.write('layer.safetensors', Buffer.concat(safetensorsPieces(tensors, { format: 'pt' })))
const NAMES = ['q', 'k', 'v', 'o'].flatMap((name) => [`${name}.0`, `${name}.1`])
const points = fill(8 * COUNT, (i) => tensors[(i % 8) >> 1].values[2 * Math.floor(i / 8) + (i % 2)])
const order = [
  { columns: [0, 1, 2, 3], order: 2 },
  { columns: [4, 5, 6, 7], order: 1 },
]
const named = [
  { columns: NAMES.slice(0, 4), order: 2 },
  { columns: NAMES.slice(4), order: 1 },
]

describe('compress --blocks', () => {
  it('keeps what compress() keeps, and tensors stay tensors', async () => {
    const wanted = compressSync(points, { dimension: 8, order, size: 200 })
    const output = folder.path('few.safetensors')
    const args = ['compress', layer, '-o', output, '--blocks', 'q,k:2/v,o:1', '--size', 200]
    const summary = await fewpointsJson(args)
    const facts = {
      points: wanted.count,
      columns: NAMES,
      order: 1,
      blocks: named,
      moments: 15 * 5,
      cells: wanted.cells,
    }
    expect(summary).toMatchObject(facts)
    const table = await readTable(output)
    expect(table.meta).toMatchObject({ columns: NAMES, order: 1, blocks: named })
    const found = values(table)
    expect(found.weights).toEqual([...wanted.weights])
    expect(found.indices).toEqual([...wanted.indices])
    for (const [a, name] of NAMES.entries())
      expect(found[name]).toEqual([...wanted.points].filter((_, i) => i % 8 === a))
    const report = await fewpointsJson(['verify', layer, output])
    expect(report).toMatchObject({ ok: true, order: 1, blocks: named, rowsDifferent: 0 })
    expect(report.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    const { stdout } = await fewpoints(['info', output])
    expect(stdout).toContain('order 2 in q.0, q.1, k.0, k.1 x 1 in v.0, v.1, o.0, o.1;')
    const again = await fewpointsJson(['compress', output, '-o', folder.path('fewer.npz'), '--order', 1])
    expect(again).toMatchObject({ weights: 'weights', columns: NAMES, points: 9, blocks: null })
    const { stderr } = await fewpoints([
      ...args.slice(0, 4),
      '--blocks',
      'q,k:2/v,o:1',
      '--keep-columns',
      'x',
      '--force',
    ])
    expect(stderr).toContain('safetensors has no room for --keep-columns')
  })

  it('streams, with columns of any file', async () => {
    const csv = `a,b,c\n${Array.from({ length: 900 }, (_, i) => `${points[i]},${points[i + 1]},${points[i + 2]}`).join('\n')}\n`
    const output = folder.path('piped.parquet')
    const args = ['compress', '-', '-o', output, '--blocks', 'c:1/"a":3']
    const summary = await fewpointsJson(args, { input: csv })
    expect(summary).toMatchObject({ streamed: true, order: 0, moments: 8 })
    expect(summary.points).toBeLessThanOrEqual(8)
    const csvFile = folder.write('abc.csv', csv)
    expect(await fewpointsJson(['verify', csvFile, output])).toMatchObject({ ok: true, order: 0 })
    expect((await fewpoints(['verify', csvFile, output, '--order', 3])).code).toBe(1)
  })

  it.each<[string[], RegExp]>([
    [['--blocks', 'q,z:1/v:2'], /--blocks has 'z', which is no column; the columns are q\.0/],
    [['--blocks', 'q:1/q.1:2'], /--blocks has column 'q\.1' twice/],
    [['--blocks', 'q:1/v'], /It must be names, a colon and an order/],
    [['--blocks', 'q:1', '--order', '3'], /--blocks takes the place of --order/],
    [['--blocks', 'q:1', '--support', 'free'], /leave out --blocks/],
    [['--blocks', 'q,k:2', '--size', '9'], /least size for these blocks .* is 15/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await fewpoints(['compress', layer, '-o', folder.path('none.csv'), ...args])
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  })
})

describe('blocks', () => {
  it.each<[string, unknown]>([
    ['x:3', [{ columns: ['x'], order: 3 }]],
    [
      'x, y z :3 / w:0',
      [
        { columns: ['x', 'y z'], order: 3 },
        { columns: ['w'], order: 0 },
      ],
    ],
    ['"a,b","c:""d""/":2', [{ columns: ['a,b', 'c:"d"/'], order: 2 }]],
  ])('%j', (text, expected) => expect(blocks(text)).toEqual(expected))

  it.each(['', ':1', 'x', 'x:', 'x:y', 'x:1/', '/x:1', 'x,:1', 'x:1,y:2', 'x:256', 'x:-1', 'x:1.5', '"x:1'])(
    'refuses %j',
    (text) => {
      expect(() => blocks(text)).toThrow(/It must be names/)
    },
  )

  it('name columns, or tensors', () => {
    const columns = ['q.0', 'q.1', 'q', 'v.0', 'v.x', 'qv.0']
    expect(orderBlocksOf([{ columns: ['q'], order: 1 }], columns)).toEqual([{ columns: [2], order: 1 }])
    expect(orderBlocksOf([{ columns: ['v', 'q.1'], order: 1 }], columns)).toEqual([{ columns: [3, 1], order: 1 }])
  })

  it('have the highest order of which all moments are kept', () => {
    const columns = ['a', 'b', 'c']
    const two = [
      { columns: [0, 2], order: 3 },
      { columns: [1], order: 2 },
    ]
    expect(orderFacts(two, columns).order).toBe(2)
    expect(orderFacts(two.slice(0, 1), columns)).toEqual({ order: 0, blocks: [{ columns: ['a', 'c'], order: 3 }] })
    expect(orderFacts(4, columns)).toEqual({ order: 4 })
    expect(momentsIn(orderFacts(two, columns), 3)).toBe(30)
    expect(momentsIn({ order: 4 }, 3)).toBe(35)
    expect(orderText(orderFacts(two, columns))).toBe('3 in a, c x 2 in b')
  })

  it('of metadata from elsewhere are not trusted', () => {
    const meta = {
      version: 1,
      columns: ['x'],
      weight: 'w',
      row: null,
      order: 1,
      sourceWeight: null,
      dropMissing: false,
    }
    const read = (blocks: unknown) => metaFromText(JSON.stringify({ ...meta, blocks }))
    expect(read([{ columns: ['x'], order: 1 }])?.blocks).toEqual([{ columns: ['x'], order: 1 }])
    for (const wrong of [
      3,
      [3],
      [null],
      [{ columns: [], order: 1 }],
      [{ columns: ['x'], order: 256 }],
      [{ columns: [1], order: 1 }],
    ])
      expect(read(wrong)).toBeUndefined()
  })
})
