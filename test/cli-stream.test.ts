// compress on several files, pipes, and input that does not fit: what is streamed, and that it has the same bits as what is
// not. Columns that are carried along, standard output, and combinations that are refused.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { blockRows } from '../lib/cli/held-values.js'
import { progressBar } from '../lib/cli/progress.js'
import { npyNumbers } from '../lib/io/npy.js'
import { readTable } from '../lib/io/read.js'
import { native } from '../lib/native/addon.js'
import { keepingInput } from '../lib/points/compress.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { fill, RESIDUAL_BOUND, seeded, TOTAL_WEIGHT_BOUND } from './fixtures.js'
import { temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
const random = seeded(14)

const PART = 30_000
const parts = [0, 1, 2].map((part) => {
  const x = fill(PART, () => random.normal())
  const y = fill(PART, (i) => part + x[i] * random.next())
  const lines = Array.from({ length: PART }, (_, i) => `n${part}-${i},${x[i]},${y[i]}`)
  return { x, y, lines, path: folder.write(`part-${part}.csv`, `name,x,y\n${lines.join('\n')}\n`) }
})
const together = `name,x,y\n${parts.flatMap(({ lines }) => lines).join('\n')}\n`
const paths = parts.map(({ path }) => path)
const small = folder.write('small.csv', `name,x,y\n${parts[0].lines.slice(0, 500).join('\n')}\n`)
const wide = folder.write(
  'wide.npy',
  npyNumbers(
    fill(2_000_000, () => random.normal()),
    [1_000_000, 2],
  ),
)

const size = ['--order', 3, '--size', 200]
/** Of the wide file. */
const few = ['--order', 1, '--size', 100]

describe('several files', () => {
  it('have the bits of one that holds all their rows, and rows that run through all', async () => {
    const output = folder.path('several.csv')
    const pattern = folder.path('part-*.csv')
    const summary = await fewpointsJson(['compress', pattern, '-o', output, ...size, '--columns', 'x,y'])
    expect(summary).toMatchObject({
      rows: 3 * PART,
      dropped: 0,
      streamed: true,
      reason: '3 files',
      columns: ['x', 'y'],
    })
    expect(summary.files).toEqual(paths.map((path, i) => ({ path, first: i * PART, rows: PART })))
    expect(summary.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    expect(summary.totalWeightEpsilons * Number.EPSILON).toBeLessThanOrEqual(TOTAL_WEIGHT_BOUND)
    expect(summary.points).toBeLessThanOrEqual(200)

    const { x, y, row } = values(await readTable(output))
    for (const [j, r] of row.entries()) {
      const part = parts[Math.floor(r / PART)]
      expect([x[j], y[j]]).toEqual([part.x[r % PART], part.y[r % PART]])
    }
    const piped = await fewpoints(['compress', '-', '-o', '-', ...size, '--columns', 'x,y'], { input: together })
    expect(piped.code).toBe(0)
    expect(piped.stdout).toBe(readFileSync(output, 'utf8'))
    const whole = folder.write('together.csv', together)
    const report = await fewpointsJson(['verify', whole, output, '--order', 3])
    expect(report).toMatchObject({ ok: true, rowsDifferent: 0 })
  })

  it('must have the same columns, in any sequence', async () => {
    const lines = parts[1].lines.slice(0, 50).map((line) => line.split(','))
    const turned = folder.write('turned.csv', `y,x\n${lines.map(([, x, y]) => `${y},${x}`).join('\n')}\n`)
    const output = folder.path('turned-out.csv')
    const summary = await fewpointsJson(['compress', small, turned, '-o', output, '--order', 1])
    expect(summary).toMatchObject({ columns: ['x', 'y'], rows: 550 })
    const { x, row } = values(await readTable(output))
    for (const [j, r] of row.entries()) if (r >= 500) expect(x[j]).toBe(parts[1].x[r - 500])

    const other = folder.write('other.csv', 'x,z\n1,2\n3,4\n')
    const outcome = await fewpoints(['compress', small, other, '-o', folder.path('never.csv'), '--order', 1])
    expect(outcome).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/other\.csv: .* lacks y and has z besides/),
    })
    const weighted = folder.write('weighted.csv', 'x,y,weight,row\n1,2,0.5,0\n3,4,1.5,2\n')
    const mixed = await fewpoints(['compress', small, weighted, '-o', folder.path('never.csv'), '--order', 1])
    expect(mixed).toMatchObject({ code: 3, stderr: expect.stringMatching(/weighted\.csv: has weights in 'weight'/) })
    expect(existsSync(folder.path('never.csv'))).toBe(false)
  })
})

describe('the way', () => {
  const compress = (path: string, name: string, ...options: (string | number)[]) =>
    fewpointsJson(['compress', path, '-o', folder.path(name), ...options])

  it('is in memory for a file that fits, and streamed beyond --memory', async () => {
    const inMemory = await compress(wide, 'fits.npy', ...few)
    expect(inMemory).toMatchObject({ streamed: false, reason: expect.stringMatching(/^needs about \S+ MB$/) })
    const streamed = await compress(wide, 'streamed.npy', ...few, '--memory', '200MB')
    expect(streamed).toMatchObject({ streamed: true, reason: expect.stringContaining('more than --memory allows') })
    expect(streamed.rows).toBe(1_000_000)
    expect(streamed.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    const report = await fewpointsJson(['verify', wide, folder.path('streamed.npy'), '--order', 1])
    expect(report).toMatchObject({ ok: true, rowsDifferent: 0 })
  })

  it('makes no difference to the bits of a file of one block', async () => {
    await compress(small, 'small-in-memory.csv', ...size)
    const { stdout } = await fewpoints(['compress', '-', '-o', '-', ...size], { input: readFileSync(small) })
    expect(stdout).toBe(readFileSync(folder.path('small-in-memory.csv'), 'utf8'))
  })

  it('is refused before the work when --memory is too little', async () => {
    const output = folder.path('never.npy')
    const outcome = await fewpoints(['compress', wide, '-o', output, ...few, '--memory', '20 MB'])
    expect(outcome).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/--memory 20.0 MB is too little; this run needs about \d+ MB\n$/),
    })
    expect(existsSync(output)).toBe(false)
    // The figure that the message names will do.
    const args = ['compress', wide, '-o', folder.path('enough.npy'), '--order', 1, '--size', 3000]
    const tooFew = await fewpoints([...args, '--memory', '150 MB'])
    const [, enough] = /this run needs about (\d+) MB\n$/.exec(tooFew.stderr) ?? []
    expect(Number(enough)).toBeGreaterThan(150)
    const { peakMemory } = await fewpointsJson([...args, '--memory', `${enough} MB`])
    expect(peakMemory).toBeLessThanOrEqual(Number(enough) * 1e6)
  })

  it('streams, or is refused, when the texts that are carried along do not fit', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `${random.next()},${'long-'.repeat(100)}${i}`)
    const path = folder.write('texts.csv', `x,text\n${lines.join('\n')}\n`)
    const args = ['compress', path, '-o', folder.path('texts.ndjson'), ...few, '--keep-columns', 'text']
    const outcome = await fewpoints([...args, '--memory', '150 MB'])
    const [, enough] = /this run needs about (\d+) MB\n$/.exec(outcome.stderr) ?? []
    const summary = await fewpointsJson([...args, '--memory', `${enough} MB`])
    expect(summary.peakMemory).toBeLessThanOrEqual(Number(enough) * 1e6)
    // From a pipe the length of the texts cannot be foreseen.
    const piped = ['compress', '-', '-o', '-', ...few, '--keep-columns', 'text', '--memory', '215 MB']
    const input = `x,text\n${lines.concat(lines, lines).join('\n')}\n`
    expect(await fewpoints(piped, { input })).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/--memory 215 MB is too little: without garbage, the process takes/),
    })
  })

  it('reckons with the blocks that the Compressor holds', () => {
    for (const [size, order] of [
      [1000, 3],
      [20_000, 3],
      [20_000, 'auto'],
    ] as const) {
      const options = { size, order, quality: 'best', support: 'rows', scale: 'standard', threads: 1 } as const
      const input = keepingInput('test', options, 2, Number.POSITIVE_INFINITY)
      const compressor = native().compressor({ dimension: 2, ...input, blockRows: 0 })
      expect(blockRows({ size, order })).toBe(compressor.blockRows)
      compressor.free()
    }
  })
})

describe('columns that are carried along', () => {
  const check = (names: readonly unknown[], rows: readonly number[]) => {
    expect(names).toEqual(rows.map((row) => `n${Math.floor(row / PART)}-${row % PART}`))
  }
  const jsonOf = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { name: string; row: number }[]

  it('are those of the kept rows, streamed and in memory', async () => {
    const streamed = folder.path('kept.json')
    const summary = await fewpointsJson(['compress', ...paths, '-o', streamed, ...size, '--keep-columns', 'name'])
    expect(summary).toMatchObject({ columns: ['x', 'y'], kept: ['name'], streamed: true })
    const rows = jsonOf(streamed)
    check(
      rows.map(({ name }) => name),
      rows.map(({ row }) => row),
    )
    const inMemory = folder.path('kept-in-memory.json')
    const other = await fewpointsJson(['compress', paths[0], '-o', inMemory, ...size, '--keep-columns', 'name'])
    expect(other).toMatchObject({ columns: ['x', 'y'], kept: ['name'], streamed: false })
    check(
      jsonOf(inMemory).map(({ name }) => name),
      jsonOf(inMemory).map(({ row }) => row),
    )
  })

  it('keep their kind', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => {
      const id = 9_007_199_254_740_993n + BigInt(i)
      return `{"x":${random.next()},"id":${id},"text":${i % 3 === 0 ? null : `"a,\\"${i}\\""`},"good":${i % 2 === 0}}`
    })
    const input = folder.write('kinds.ndjson', `${lines.join('\n')}\n`)
    const output = folder.path('kinds.parquet')
    const options = ['--order', 3, '--columns', 'x', '--keep-columns', 'id,text,good']
    await fewpointsJson(['compress', input, '-o', output, ...options])
    const again = folder.path('kinds-again.ndjson')
    await fewpointsJson(['compress', output, '-o', again, ...options])
    const from = (path: string) =>
      new Map(
        readFileSync(path, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => [/"x":([^,]+)/.exec(line)?.[1], line]),
      )
    const given = from(input)
    for (const [x, line] of from(again)) {
      const rest = (text = '') => /"id":\d+,"text":.*$/.exec(text)?.[0]
      expect(rest(line)).toBe(rest(given.get(x)))
    }
    expect(from(again).size).toBe(4)
  })

  it('are refused where there is no room or no such column', async () => {
    const refuse = async (code: number, message: string, ...args: (string | number)[]) => {
      const outcome = await fewpoints(['compress', small, '--order', 1, ...args])
      expect(outcome).toMatchObject({ code, stderr: expect.stringContaining(message) })
    }
    await refuse(2, 'NPY has no room', '-o', folder.path('never.npy'), '--keep-columns', 'name')
    await refuse(
      2,
      "has no column 'nam' (did you mean 'name'?)",
      '-o',
      folder.path('never.csv'),
      '--keep-columns',
      'nam',
    )
    await refuse(
      2,
      "'x', which is a coordinate",
      '-o',
      folder.path('never.csv'),
      '--columns',
      'x',
      '--keep-columns',
      'x',
    )
  })
})

describe('standard output', () => {
  it('has the result, and standard error the summary', async () => {
    const { code, stdout, stderr } = await fewpoints(['compress', small, '-o', '-', '--order', 1, '--json'])
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toBe('x,y,weight,row')
    const summary = JSON.parse(stderr.trimEnd().split('\n').at(-1) as string)
    expect(summary).toMatchObject({ output: 'standard output', format: 'csv', bytes: stdout.length, points: 3 })
    const lines = await fewpoints(['compress', small, '-o', '-', '--order', 1, '--format', 'ndjson', '--quiet'])
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).row),
    ).toHaveLength(3)
  })

  it.skipIf(process.platform === 'win32')('may be closed by its reader', () => {
    const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
    const command = `"${process.execPath}" "${program}" compress "${paths[0]}" -o - --order 3 --size 20000 --quiet`
    const { stdout, stderr } = spawnSync('sh', ['-c', `(${command}; echo "code $?" >&2) | head -n 1`], {
      encoding: 'utf8',
    })
    expect(stdout).toBe('x,y,weight,row\n')
    expect(stderr).toBe('code 0\n')
  })
})

it.each<[string, (string | number)[], string]>([
  ['no input', [], 'an input must be given'],
  ['--sql with files', [small, '--sql', 'select 1 as x'], '--sql takes the place of input files'],
  ['--sql with --checkpoint', ['--sql', 'select 1 as x', '--checkpoint', folder.path('c')], '--checkpoint needs files'],
  ['--checkpoint with a pipe', ['-', '--checkpoint', folder.path('c')], 'standard input: is a pipe'],
  ['a pipe among files', [small, '-'], 'cannot be one of several inputs'],
  ['a file that is there twice', [small, small], 'is given twice'],
  ['an unknown format', [small, '--format', 'xlsx'], 'It must be one of csv, tsv'],
  ['a memory without a number', [small, '--memory', 'much'], 'It must be a number of bytes'],
])('refuses %s', async (_, args, message) => {
  const output = folder.path('never.csv')
  const outcome = await fewpoints(['compress', ...args, '-o', output, '--order', 1])
  expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
  expect(existsSync(output)).toBe(false)
})

it('says which pattern matches nothing', async () => {
  const outcome = await fewpoints(['compress', folder.path('none-*.csv'), '-o', folder.path('never.csv'), '--order', 1])
  expect(outcome).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/none-\*\.csv: no file matches this pattern/),
  })
})

it('--progress tells rows, their rate and the time left every few seconds', () => {
  vi.useFakeTimers()
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    const bar = progressBar(true, true)
    bar.update('read', 0, 1000, 0)
    for (let second = 1; second <= 12; second++) {
      vi.advanceTimersByTime(1000)
      bar.update('read', 50 * second, 1000, 2e6 * second)
    }
    bar.update('read', 700, undefined, 25e6)
    vi.advanceTimersByTime(5000)
    bar.update('read', 700, undefined, 25e6)
    bar.stop()
    expect(write.mock.calls.map(([text]) => text)).toEqual([
      'fewpoints: read 25%, 10,000,000 rows, 2 M rows/s, 15 s left\n',
      'fewpoints: read 50%, 20,000,000 rows, 2 M rows/s, 10 s left\n',
      'fewpoints: read 25,000,000 rows, 1.47 M rows/s\n',
    ])
  } finally {
    write.mockRestore()
    vi.useRealTimers()
  }
})
