// The command line from end to end on small files: its output files, its messages, and its exit codes.
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { momentCount } from '../lib/index.js'
import { npyNumbers } from '../lib/io/npy.js'
import { readTable } from '../lib/io/read.js'
import { zipStored } from '../lib/io/zip.js'
import { fewpoints, fewpointsJson, type Outcome } from './cli-run.js'
import { fill, RESIDUAL_BOUND, seeded, TOTAL_WEIGHT_BOUND } from './fixtures.js'
import { column, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()

const count = 500
const random = seeded(7)
const x = fill(count, () => random.normal())
const y = fill(count, (i) => 1000 + x[i] * random.next())
const w = fill(count, (i) => (i % 50 === 0 ? 0 : random.next()))
const input = folder.write(
  'input.csv',
  csv(['site', 'x', 'y', 'w'], (i) => [`s${i % 3}`, x[i], y[i], w[i]]),
)

/** `count` rows of text. */
function csv(names: string[], row: (index: number) => unknown[]): string {
  const lines = Array.from({ length: count }, (_, i) => row(i).join(','))
  return `${[names.join(','), ...lines].join('\n')}\n`
}

const oneLine = /^fewpoints: [^\n]+\n$/

describe('compress', () => {
  it.each(['csv', 'tsv', 'json', 'ndjson', 'jsonl', 'npy', 'npz', 'parquet'])(
    'writes .%s that verify accepts',
    async (ending) => {
      const output = folder.path(`all.${ending}`)
      const summary = await fewpointsJson([
        'compress',
        input,
        '-o',
        output,
        '--order',
        3,
        '--size',
        60,
        '--weights',
        'w',
      ])
      expect(summary).toMatchObject({
        columns: ['x', 'y'],
        weights: 'w',
        rows: count,
        dropped: 0,
        order: 3,
        moments: 10,
      })
      expect(summary.points).toBeGreaterThanOrEqual(10)
      expect(summary.points).toBeLessThanOrEqual(60)
      expect(summary.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
      expect(summary.totalWeightEpsilons * Number.EPSILON).toBeLessThanOrEqual(TOTAL_WEIGHT_BOUND)

      const table = await readTable(output)
      expect(table.rows).toBe(summary.points)
      const [readX, readY, weight, row] = table.columns.map((column) => column.values as Float64Array)
      for (let i = 0; i < table.rows; i++) {
        expect(readX[i]).toBe(x[row[i]])
        expect(readY[i]).toBe(y[row[i]])
        expect(weight[i]).toBeGreaterThan(0)
        expect(w[row[i]]).toBeGreaterThan(0)
      }

      const knowsItself = ending === 'npz' || ending === 'parquet'
      const options = knowsItself ? [] : ['--order', 3, '--weights', 'w']
      const report = await fewpointsJson(['verify', input, output, ...options])
      expect(report).toMatchObject({
        ok: true,
        order: 3,
        weights: 'w',
        columns: ['x', 'y'],
        points: table.rows,
        rowsDifferent: 0,
      })
      expect(report.perOrder).toHaveLength(4)
      expect(report.residual).toBeLessThanOrEqual(RESIDUAL_BOUND)
    },
  )

  it('says what it did in a table', async () => {
    const output = folder.path('said.csv')
    const { code, stdout, stderr } = await fewpoints(['compress', input, '-o', output, '--order', 2, '--weights', 'w'])
    expect(code).toBe(0)
    for (const line of [/^rows +500 in /m, /^columns +x, y$/m, /^weights +w$/m, /^points kept +6, one in 83.3$/m]) {
      expect(stdout).toMatch(line)
    }
    expect(stdout).toMatch(/^order +2: 6 moments or more in 1 cell$/m)
    expect(stdout).toMatch(/^residual +\S+ epsilons \(\S+\)$/m)
    expect(stderr).toMatch(oneLine)
    expect(stderr).toContain('left out, no numbers: site (text)')
  })

  it('says nothing with --quiet', async () => {
    const output = folder.path('quiet.csv')
    expect(await fewpoints(['compress', input, '-o', output, '--order', 1, '--quiet'])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
  })

  it('takes the columns in the order asked for, one cell by default', async () => {
    const output = folder.path('order.csv')
    const summary = await fewpointsJson(['compress', input, '-o', output, '--order', 4, '--columns', 'y, x'])
    expect(summary).toMatchObject({ columns: ['y', 'x'], weights: null, cells: 1, totalWeight: count })
    expect(readFileSync(output, 'utf8').split('\n')[0]).toBe('y,x,weight,row')
    expect(summary.points).toBeLessThanOrEqual(momentCount(2, 4))
  })

  it('cuts cells as --scale says, with the same result for any number of threads', async () => {
    const run = async (name: string, ...options: (string | number)[]) => {
      await fewpointsJson([
        'compress',
        input,
        '-o',
        folder.path(name),
        '--order',
        2,
        '--size',
        100,
        '--columns',
        'x,y',
        ...options,
      ])
      return readFileSync(folder.path(name), 'utf8')
    }
    const standard = await run('scale1.csv', '--threads', 1)
    expect(await run('scale2.csv', '--scale', 'standard', '--threads', 2)).toBe(standard)
    expect(await run('scale3.csv', '--scale', '1,0')).not.toBe(standard)
  })

  it('reads names with commas', async () => {
    const path = folder.write(
      'comma.csv',
      csv(['"a, b"', 'c'], (i) => [x[i], y[i]]),
    )
    const summary = await fewpointsJson([
      'compress',
      path,
      '-o',
      folder.path('comma.json'),
      '--order',
      2,
      '--columns',
      '"a, b",c',
    ])
    expect(summary.columns).toEqual(['a, b', 'c'])
  })

  it('names the columns of a file without names', async () => {
    const path = folder.write(
      'bare.csv',
      csv(['9', '9'], (i) => [x[i], y[i]]),
    )
    const output = folder.path('bare-out.csv')
    const bare = await fewpoints(['compress', path, '-o', output, '--order', 2])
    expect(bare.stderr).toContain('no names found, the columns are c0, c1')
    expect(bare.stdout).toMatch(/^rows +501 in/m)
    const named = await fewpointsJson(['compress', path, '-o', folder.path('bare2.csv'), '--order', 2, '--header'])
    expect(named).toMatchObject({ rows: 500, columns: ['9', '9_2'] })
  })

  it('gives weight and row other names where a column is called so', async () => {
    const path = folder.write(
      'names.csv',
      csv(['weight', 'row'], (i) => [x[i], y[i]]),
    )
    const output = folder.path('names-out.csv')
    const { stderr } = await fewpoints(['compress', path, '-o', output, '--order', 2])
    expect(readFileSync(output, 'utf8').split('\n')[0]).toBe('weight,row,weight_2,row_2')
    expect(stderr).toContain("column 'weight' is taken for a coordinate")
    expect((await fewpoints(['verify', path, output, '--order', 2])).code).toBe(0)
  })

  it('uses the weights that an NPZ file names', async () => {
    const points = fill(2 * count, (i) => (i % 2 ? y[i >> 1] : x[i >> 1]))
    const content = { points: npyNumbers(points, [count, 2]), weights: npyNumbers(w, [count]) }
    const files = Object.entries(content).map(([name, content]) => ({ name: `${name}.npy`, content }))
    const path = folder.write('set.npz', Buffer.concat([...zipStored(files)]))
    const output = folder.path('set-out.npz')
    const { stdout, stderr } = await fewpoints(['compress', path, '-o', output, '--order', 3, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ columns: ['c0', 'c1'], weights: 'weights' })
    expect(stderr).toContain("the weights are column 'weights'")
    expect((await fewpoints(['verify', path, output])).code).toBe(0)
    // A compressed file can be compressed again.
    const again = await fewpointsJson(['compress', output, '-o', folder.path('set-again.parquet'), '--order', 2])
    expect(again).toMatchObject({ columns: ['c0', 'c1'], weights: 'weights', points: 6 })
    expect((await fewpoints(['verify', path, folder.path('set-again.parquet')])).code).toBe(1) // rows of set-out.npz
    expect((await fewpoints(['verify', output, folder.path('set-again.parquet')])).code).toBe(0)
  })
})

describe('missing values', () => {
  const gaps = new Set([3, 4, 77])
  const path = folder.write(
    'gaps.csv',
    csv(['x', 'y'], (i) => [i === 4 ? 'oops' : x[i], gaps.has(i) && i !== 4 ? '' : y[i]]),
  )

  it('are refused with row, line and column', async () => {
    const outcome = await fewpoints(['compress', path, '-o', folder.path('gaps-out.csv'), '--order', 2])
    expect(outcome).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(oneLine) })
    expect(outcome.stderr).toContain(
      `${path}: row 3 (line 5), column 'y': the value is missing (2 of 500 rows have no number there)`,
    )
    expect(outcome.stderr).toContain('--drop-missing')
    expect(existsSync(folder.path('gaps-out.csv'))).toBe(false)
    const text = await fewpoints(['compress', path, '-o', folder.path('gaps-out.csv'), '--order', 2, '--columns', 'x'])
    expect(text.stderr).toContain("row 4 (line 6), column 'x': 'oops' is not a number;")
  })

  it('are left out with --drop-missing, and rows are counted before that', async () => {
    const output = folder.path('dropped.csv')
    const summary = await fewpointsJson(['compress', path, '-o', output, '--order', 3, '--size', 200, '--drop-missing'])
    expect(summary).toMatchObject({ rows: count, dropped: 3, totalWeight: count - 3 })
    const table = await readTable(output)
    for (const [i, row] of values(table).row.entries()) {
      expect(gaps.has(row)).toBe(false)
      expect(column(table, 'x').values?.[i]).toBe(x[row])
    }
    expect((await fewpoints(['verify', path, output, '--order', 3])).code).toBe(3)
    expect((await fewpoints(['verify', path, output, '--order', 3, '--drop-missing'])).code).toBe(0)
  })

  it('are left out by verify as well when the file says so', async () => {
    const output = folder.path('dropped.parquet')
    await fewpointsJson(['compress', path, '-o', output, '--order', 3, '--drop-missing'])
    expect(await fewpointsJson(['verify', path, output])).toMatchObject({ ok: true, dropped: 3, order: 3 })
  })

  it.each([
    ['NaN', 'nan', 'the value is NaN'],
    ['an infinity', '-inf', 'the value is infinite'],
    ['a number beyond float64', '1e999', 'the value is infinite or beyond float64'],
  ])('%s is refused like them', async (_, cell, message) => {
    const path = folder.write(
      'nan.csv',
      csv(['x'], (i) => [i === 9 ? cell : x[i]]),
    )
    const outcome = await fewpoints(['compress', path, '-o', folder.path('nan-out.csv'), '--order', 2])
    expect(outcome.code).toBe(3)
    expect(outcome.stderr).toContain(`row 9 (line 11), column 'x': ${message}`)
  })

  it('in every row leave nothing', async () => {
    const path = folder.write(
      'none.csv',
      csv(['x', 'y'], (i) => (i % 2 ? [x[i], ''] : ['', y[i]])),
    )
    const outcome = await fewpoints([
      'compress',
      path,
      '-o',
      folder.path('none-out.csv'),
      '--order',
      2,
      '--drop-missing',
    ])
    expect(outcome).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('each of its 500 rows has a missing value'),
    })
  })
})

describe('verify', () => {
  const output = folder.path('verified.csv')
  const args = ['--order', 3, '--weights', 'w']
  const compressed = fewpointsJson(['compress', input, '-o', output, ...args, '--size', 50])

  async function altered(name: string, change: (lines: string[]) => void): Promise<Outcome> {
    await compressed
    const lines = readFileSync(output, 'utf8').trim().split('\n')
    change(lines)
    return fewpoints(['verify', input, folder.write(name, `${lines.join('\n')}\n`), ...args])
  }

  it('accepts what compress has written, whatever the order of rows', async () => {
    const outcome = await altered('turned.csv', (lines) => lines.splice(1, Infinity, ...lines.slice(1).reverse()))
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(outcome.stdout).toContain('same moments up to order 3')
    expect(outcome.stdout).toContain('are rows of the original, bit for bit')
  })

  it.each<[string, (lines: string[]) => void, RegExp]>([
    [
      'a changed weight',
      (lines) => replace(lines, 2, 2, (weight) => weight * (1 + 1e-9)),
      /moments from degree 0 on differ/,
    ],
    [
      'a changed coordinate',
      (lines) => replace(lines, 2, 0, (x) => x + 1e-9),
      /moments from degree 1 on differ.*row 1 /,
    ],
    ['a changed source row', (lines) => replace(lines, 2, 3, (row) => row + 1), /row 1 \(and 0 more\) is not the row/],
    [
      'a source row that does not exist',
      (lines) => replace(lines, 2, 3, () => 1e9),
      /row 1 \(and 0 more\) is not the row/,
    ],
    ['a lost row', (lines) => lines.splice(2, 1), /moments from degree 0 on differ/],
  ])('finds %s', async (_, change, message) => {
    const outcome = await altered('altered.csv', change)
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(oneLine) })
    expect(outcome.stderr).toMatch(message)
    expect(outcome.stdout).toContain('DIFFERENT')
  })

  it('finds moments of a higher degree different, and says from which on', async () => {
    await compressed
    const outcome = await fewpoints(['verify', input, output, '--order', 12, '--weights', 'w', '--json'])
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/moments from degree ([4-9]|1[0-2]) on differ/),
    })
    expect(JSON.parse(outcome.stdout)).toMatchObject({ ok: false, order: 12 })
  })

  it('suspects that the weights were forgotten', async () => {
    await compressed
    const outcome = await fewpoints(['verify', input, output, '--order', 3])
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining("are the original's --weights missing") })
  })

  it('has a tolerance that can be set', async () => {
    const outcome = await altered('close.csv', (lines) => replace(lines, 2, 2, (weight) => weight * (1 + 1e-9)))
    expect(outcome.code).toBe(1)
    const loose = await fewpoints(['verify', input, folder.path('close.csv'), ...args, '--tolerance', 1e8])
    expect(loose.code).toBe(0)
  })

  it('compares some of the columns', async () => {
    await compressed
    expect(await fewpointsJson(['verify', input, output, ...args, '--columns', 'y'])).toMatchObject({
      ok: true,
      columns: ['y'],
    })
  })

  it('reads sets of other programs without source rows', async () => {
    await compressed
    const { x, y, weight } = values(await readTable(output))
    const path = folder.write(
      'other.json',
      JSON.stringify(x.map((value, i) => ({ weight: weight[i], y: y[i], x: value }))),
    )
    expect(await fewpointsJson(['verify', input, path, ...args])).toMatchObject({ ok: true, rowsDifferent: null })
  })

  function replace(lines: string[], line: number, cell: number, change: (value: number) => number): void {
    const cells = lines[line].split(',')
    cells[cell] = String(change(Number(cells[cell])))
    lines[line] = cells.join(',')
  }
})

describe('info', () => {
  it('lists columns, ranges, missing values, weights and moments', async () => {
    const path = folder.write('info.csv', 'site,x,y,weight\na,1,-2.5,1\nb,,3,0\nc,4,oops,2\n')
    const { code, stdout, stderr } = await fewpoints(['info', path])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^rows +3$/m)
    expect(stdout).toMatch(/^weights +weight$/m)
    expect(stdout).toMatch(/^x +number +text +1 +4 +1$/m)
    expect(stdout).toMatch(/^y +number +text +-2.5 +3 +1$/m)
    expect(stdout).toMatch(/^ +3 +10$/m)
    const json = await fewpointsJson(['info', path])
    expect(json).toMatchObject({ format: 'csv', rows: 3, points: ['x', 'y'], weights: ['weight'], fewpoints: null })
    expect(json.columns[1]).toMatchObject({ name: 'x', kind: 'number', least: 1, largest: 4, missing: 1 })
    expect(json.moments[2]).toEqual({ order: 3, moments: momentCount(2, 3) })
  })

  it('knows a compressed file', async () => {
    const output = folder.path('known.npz')
    await fewpointsJson(['compress', input, '-o', output, '--order', 2, '--weights', 'w'])
    const { stdout } = await fewpoints(['info', output])
    expect(stdout).toContain("by fewpoints, order 2; weights in 'weights', source rows in 'indices'")
    expect(stdout).toContain('Moments of the 2 number columns')
  })

  it('without a file tells what computes', async () => {
    const { code, stdout, stderr } = await fewpoints(['info'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const json = await fewpointsJson(['info'])
    expect(json).toMatchObject({ command: 'info', node: process.versions.node, instructionSet: expect.any(String) })
    expect(json.backend).toMatch(/^(native|wasm)$/)
    for (const text of [json.version, json.platform, json.binary ?? 'WebAssembly']) expect(stdout).toContain(text)
  })

  it('says why nothing computes', async () => {
    const env = { FEWPOINTS_BACKEND: 'none' }
    const { code, stderr } = await fewpoints(['info'], { env })
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('FEWPOINTS_BACKEND must be') })
    const version = await fewpoints(['--version'], { env })
    expect(version).toMatchObject({ code: 0, stderr: '' })
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+ \(cannot compute here\)\nFEWPOINTS_BACKEND must be/)
  })
})

describe('how it ends', () => {
  const output = () => folder.path('never.csv')
  const compress = (...args: (string | number)[]) => ['compress', input, '-o', output(), ...args]

  it.each<[string, number, () => (string | number)[], RegExp]>([
    ['no command', 2, () => [], /^Usage: fewpoints/],
    ['an unknown command', 2, () => ['compres'], /unknown command 'compres' \(Did you mean compress\?\)/],
    ['a misspelled option', 2, () => compress('--ordr', 3), /unknown option '--ordr' \(Did you mean --order\?\)/],
    ['no order', 2, () => compress(), /--order must be given/],
    ['no output', 2, () => ['compress', input, '--order', 3], /--output must be given/],
    ['an order that is none', 2, () => compress('--order', '2.5'), /'--order <k>'.*'2.5'.*whole number from 0 to 255/],
    ['a size of nothing', 2, () => compress('--order', 2, '--size', 0), /'--size <n>'.*at least 1/],
    ['a scale that is none', 2, () => compress('--order', 2, '--scale', 'big'), /'--scale <how>'.*'standard', 'none'/],
    [
      'a scale for too few columns',
      2,
      () => compress('--order', 2, '--scale', '1', '--columns', 'x,y,w'),
      /one number per column, 3 in all, got 1/,
    ],
    ['no names', 2, () => compress('--order', 2, '--columns', 'x,,y'), /names with commas/],
    ['a name twice', 2, () => compress('--order', 2, '--columns', 'x,x'), /'x' is there twice/],
    [
      'a size below the moments',
      2,
      () => compress('--order', 5, '--size', 9, '--columns', 'x,y'),
      /least size .* is 21/,
    ],
    ['another ending', 2, () => ['compress', input, '-o', 'a.xlsx', '--order', 2], /must end in one of \.csv/],
    [
      'a column that is not there',
      2,
      () => compress('--order', 2, '--columns', 'X'),
      /no column 'X' \(did you mean 'x'\?\)/,
    ],
    [
      'weights that are not there',
      2,
      () => compress('--order', 2, '--weights', 'v'),
      /no column 'v'; its columns are site, x, y, w/,
    ],
    ['verify without an order', 2, () => ['verify', input, input], /--order must be given/],
    [
      'a column of texts',
      3,
      () => compress('--order', 2, '--columns', 'site'),
      /'site' is not a column of numbers: row 0 \(line 2\) is 's0'/,
    ],
    ['weights below 0', 3, () => compress('--order', 2, '--weights', 'x'), /column 'x': the weight is -/],
    ['no file', 3, () => ['compress', 'none.csv', '-o', output(), '--order', 2], /none\.csv: there is no such file/],
    ['no numbers', 3, () => ['info', folder.write('e.csv', '')], /is empty/],
    [
      'a folder that is not there',
      4,
      () => ['compress', input, '-o', folder.path('no/a.csv'), '--order', 2],
      /there is no folder/,
    ],
    [
      'an output that exists',
      4,
      () => ['compress', input, '-o', folder.write('there.csv', ''), '--order', 2],
      /--force overwrites it/,
    ],
    ['the input as output', 4, () => ['compress', input, '-o', input, '--order', 2, '--force'], /is the input/],
  ])('%s: %i', async (_, code, args, message) => {
    const outcome = await fewpoints(args())
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code, stdout: '' })
    if (args().length > 0) expect(outcome.stderr).toMatch(oneLine)
    expect(existsSync(output())).toBe(false)
  })

  it('0 for help and version, on stdout', async () => {
    for (const args of [['--help'], ['help', 'compress'], ['verify', '--help'], ['--version']]) {
      const { code, stdout, stderr } = await fewpoints(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/Usage: fewpoints|^\d+\.\d+\.\d+ \((native|wasm), \w+-\w+.*\)\n$/)
    }
    expect((await fewpoints(['--help'])).stdout).toContain('Exit codes: 0 all is well')
  })

  it('refuses the input behind links, and overwrites another file with --force', async () => {
    symlinkSync(input, folder.path('soft.csv'))
    linkSync(input, folder.path('hard.csv'))
    const before = readFileSync(input, 'utf8')
    for (const name of ['soft.csv', 'hard.csv']) {
      const outcome = await fewpoints(['compress', input, '-o', folder.path(name), '--order', 2, '--force'])
      expect(outcome).toMatchObject({ code: 4, stderr: expect.stringContaining('is the input') })
    }
    expect(readFileSync(input, 'utf8')).toBe(before)
    const old = folder.write('old.csv', 'old')
    expect((await fewpoints(['compress', input, '-o', old, '--order', 2, '--force'])).code).toBe(0)
    expect(readFileSync(old, 'utf8')).toMatch(/^x,y,w,weight,row\n/)
  })

  it('with the place of an error when FEWPOINTS_DEBUG is set', async () => {
    const { code, stderr } = await fewpoints(['info', 'none.csv'], { env: { FEWPOINTS_DEBUG: '1' } })
    expect(code).toBe(3)
    expect(stderr).toMatch(/^fewpoints: none\.csv: there is no such file\n.*\n +at /s)
    expect(stderr).toContain('ENOENT')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s: %i, and leaves nothing behind', async (name, code) => {
    mkdirSync(folder.path(name))
    const rows = Array.from({ length: 100_000 }, (_, i) => `${i / 7},${i / 11}`)
    const large = folder.write(`${name}/large.csv`, `x,y\n${`${rows.join('\n')}\n`.repeat(5)}`)
    // Sent as soon as the program listens for signals: it is reading then.
    const before = `const timer = setInterval(() => {
      if (process.listenerCount('${name}') === 0) return
      clearInterval(timer)
      process.kill(process.pid, '${name}')
    }, 1)`
    const outcome = await fewpoints(['compress', large, '-o', folder.path(`${name}/out.csv`), '--order', 3], { before })
    expect(outcome).toEqual({ code, stdout: '', stderr: 'fewpoints: interrupted\n' })
    expect(readdirSync(folder.path(name))).toEqual(['large.csv'])
  })

  it('quietly when the reader of its output goes away', async () => {
    const before = `process.stdout.write = () => { process.stdout.emit('error', Object.assign(new Error('EPIPE'), { code: 'EPIPE' })) }`
    expect(await fewpoints(['info', input], { before })).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

it('shows progress on a terminal, and none elsewhere', async () => {
  const args = ['compress', input, '-o', folder.path('bar.csv'), '--order', 2, '--force', '--columns', 'x']
  expect((await fewpoints(args)).stderr).toBe('')
  const shown = await fewpoints(args, { before: 'process.stderr.isTTY = true' })
  expect(shown.code).toBe(0)
  expect(shown.stderr).toMatch(/read {6} [#.]{40} \d+%/)
  expect((await fewpoints([...args, '--quiet'], { before: 'process.stderr.isTTY = true' })).stderr).toBe('')
})

it('does not load the readers with the library', () => {
  const seen = new Set<string>()
  const follow = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    const source = readFileSync(new URL(`../lib/${file}`, import.meta.url), 'utf8')
    for (const [, name] of source.matchAll(/from '(\.[\w./-]+)\.js'/g))
      follow(posix.join(posix.dirname(file), `${name}.ts`))
    expect(
      [...source.matchAll(/from '([^.'][^']*)'/g)]
        .map(([, name]) => name)
        .filter((name) => !/^(node:|#|@emnapi\/)/.test(name)),
    ).toEqual([])
  }
  follow('index.ts')
  expect([...seen].filter((file) => file.includes('io/'))).toEqual([])
})

it('says when the residual is not within 50 epsilons', async () => {
  // Two columns of Cauchy numbers in one cell: their high moments are those of a few points.
  const rows = fill(4000, (i) => Math.tan(Math.PI * (((Math.sin(i * i) + 1) / 2) * 0.9999 + 1e-5 - 0.5)))
  const lines = Array.from({ length: 2000 }, (_, i) => `${rows[2 * i]},${rows[2 * i + 1]}`)
  const cauchy = folder.write('cauchy.csv', `x,y\n${lines.join('\n')}\n`)
  const args = ['compress', cauchy, '--order', '9', '--force', '-o']
  const { code, stdout } = await fewpoints([...args, folder.path('one-cell.csv')])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^residual .* not within 50: try a larger size or a lower order$/m)
  expect((await fewpoints([...args, folder.path('cells.csv'), '--size', '400'])).stdout).not.toContain('not within 50')
})
