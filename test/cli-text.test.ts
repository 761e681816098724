// The command line on text files as people have them: what it reads, what it reports, and what it refuses.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTable } from '../lib/io/read.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { fill, seeded } from './fixtures.js'
import { readValues, temporaryFolder, values } from './io-files.js'

const folder = temporaryFolder()
let files = 0
const write = (content: string, ending = 'csv') => folder.write(`t${files++}.${ending}`, content)

/** The rows of a small file that compress keeps: all of them, for there are few rows and the order is high. */
async function kept(path: string, ...options: (string | number)[]) {
  const output = folder.path(`kept${files++}.csv`)
  const outcome = await fewpoints(['compress', path, '-o', output, '--order', 9, ...options])
  return { ...outcome, values: outcome.code === 0 ? await readValues(output) : undefined }
}

const european = 'x;y\n1,5;2\n1;3\n2,25;4\n3;7\n4;1\n'

describe('recognised', () => {
  it('decimal commas, and it says so in one line that --quiet leaves out', async () => {
    const path = write(european)
    const { values, stderr } = await kept(path)
    expect(values).toMatchObject({ x: [1.5, 1, 2.25, 3, 4], y: [2, 3, 4, 7, 1], row: [0, 1, 2, 3, 4] })
    expect(stderr).toBe(`fewpoints: note: ${path}: semicolons between the cells, decimal commas\n`)
    expect((await kept(path, '--quiet')).stderr).toBe('')
    expect((await fewpoints(['info', path])).stderr).toBe(stderr)
  })

  it('by verify as by compress', async () => {
    const path = write(`% log\n${european}`)
    const output = folder.path('european.csv')
    await fewpointsJson(['compress', path, '-o', output, '--order', 1])
    expect(await fewpointsJson(['verify', path, output, '--order', 1])).toMatchObject({ ok: true, rowsDifferent: 0 })
    const odd = write('a|b|c\n1:5|2:5\n7:1|3:5\n2:1|4:5\n')
    const options = ['--delimiter', ':', '--skip', 1, '--no-header']
    await fewpointsJson(['compress', odd, '-o', output, '--order', 1, '--force', '--columns', 'c0', ...options])
    const report = await fewpointsJson(['verify', odd, output, '--order', 1, '--columns', 'c0', ...options])
    expect(report).toMatchObject({ ok: true, rowsDifferent: 0, rows: 3 })
  })

  it('no names: what --header does is said', async () => {
    expect((await kept(write('2019,2020\n1.5,2\n7,9\n'))).stderr).toContain('--header takes the first line for names')
  })

  it('words for missing values in most rows', async () => {
    for (const word of ['None', '\\N', '#DIV/0!', 'whatever']) {
      const path = write(`x,y\n1.5,2\n${word},3\n${word},4\n${word},5\n4,5.5\n`)
      const { values } = await kept(path, '--columns', 'x,y', '--drop-missing')
      expect(values).toMatchObject({ x: [1.5, 4], row: [0, 4] })
    }
  })

  it('NaN of Python in JSON', async () => {
    const rows = '[{"x": 1.5, "y": 2}, {"x": NaN, "y": 3}, {"x": 4, "y": -Infinity}, {"x": 3, "y": 4}]'
    expect((await kept(write(rows, 'json'))).stderr).toContain("row 1, column 'x': the value is NaN")
    expect((await kept(write(rows, 'json'), '--drop-missing')).values).toMatchObject({ x: [1.5, 3], row: [0, 3] })
  })
})

describe('refused, with the option that settles it', () => {
  it.each([
    ['x;y\n1,234;1\n2,500;2\n', "column 'x': '1,234' may be 1234 or 1.234; --decimal , takes it for a fraction"],
    [
      'x,y\n"1,5",1\n"2,5",2\n',
      "column 'x': '1,5' has a comma before its fraction, where others have none; --decimal ,",
    ],
    ['x;y\n1,5;2.5\n2,5;3.5\n', '--decimal ,'],
    ['x,y\n12,1\n13%,2\n14,3\n', "'13%' is a number with a sign, which is not read"],
    ['x;y\n1.234.567;1\n2.500;2\n', "'1.234.567' has marks between the thousands"],
    ['x\n1,5\n2,5\n', '--decimal , reads decimal commas'],
    ['a:b\n1:2\n', '--delimiter says what stands between the cells'],
    ['name,x\nbob,5\n#12 Main,6\nal,7\nkim,8\n', "--comment '#' or --comment none"],
    [`x;y\n${'1;2\n'.repeat(600)}1,5;2\n`, 'row 600 (line 602)'],
  ])('%j', async (content, message) => {
    for (const options of [[], ['--drop-missing']]) {
      const outcome = await kept(write(content), ...options)
      expect(outcome).toMatchObject({ code: 3, stdout: '' })
      expect(outcome.stderr).toContain(message)
      expect(outcome.stderr).not.toContain('--drop-missing')
    }
  })

  it('whole numbers that float64 cannot hold', async () => {
    const path = write('stamp,x\n1700000000123456789,1\n1700000000123456790,2\n1700000000123456999,4\n')
    const { code, stderr } = await kept(path)
    expect(code).toBe(3)
    expect(stderr).toContain("column 'stamp': 1700000000123456789 is beyond 2^53 and cannot be held exactly")
    expect((await kept(path, '--columns', 'x')).values).toMatchObject({ x: [1, 2, 4] })
  })

  it('a column of numbers with signs is left out, with an example', async () => {
    const { stderr, values } = await kept(write('a,b\n12%,1\n13%,2\n'))
    expect(stderr).toContain("left out, no numbers: a (text, as '12%')")
    expect(Object.keys(values ?? {})).toEqual(['b', 'weight', 'row'])
  })
})

describe('options', () => {
  it.each([
    [['--delimiter', ';;'], /'--delimiter <c>'.*one character/],
    [['--delimiter', '5'], /'--delimiter <c>'.*one character/],
    [['--decimal', ';'], /'--decimal <c>'.*'\.' or ','/],
    [['--comment', ''], /'--comment <text>'.*'none'/],
    [['--skip', '-1'], /'--skip <n>'.*at least 0/],
    [['--missing', '1,,2'], /'--missing <list>'.*commas/],
  ])('%j is wrong usage', async (options, message) => {
    const path = write('x,y\n1,2\n')
    const rest = ['-o', folder.path('never.csv'), '--order', '1']
    for (const command of [
      ['compress', path, ...rest],
      ['info', path],
      ['verify', path, path],
    ]) {
      const outcome = await fewpoints([...command, ...options])
      expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) })
    }
    expect(existsSync(folder.path('never.csv'))).toBe(false)
  })

  it('are taken by compress, info and verify', async () => {
    const path = write('one\ntwo three\nx:y\n1,5:2\n-9999:3\n!! no\n2,5:4\n')
    const options = ['--skip', 2, '--delimiter', ':', '--decimal', 'comma', '--comment', '!!', '--missing', -9999]
    const { values } = await kept(path, ...options, '--drop-missing')
    expect(values).toMatchObject({ x: [1.5, 2.5], y: [2, 4], row: [0, 2] })
    const info = await fewpointsJson(['info', path, ...options])
    expect(info).toMatchObject({ rows: 3, points: ['x', 'y'] })
    expect(info.columns[0]).toMatchObject({ least: 1.5, largest: 2.5, missing: 1 })
    const output = folder.path('options.npz')
    await fewpointsJson(['compress', path, '-o', output, '--order', 1, ...options, '--drop-missing'])
    expect(await fewpointsJson(['verify', path, output, ...options])).toMatchObject({ ok: true, dropped: 1 })
  })

  it('--missing: a value far from the others that looks so is a remark without it', async () => {
    const path = write(`x,y\n${fill(40, (i) => i).reduce((text, i) => `${text}${i % 9 ? i : -9999},${i * i}\n`, '')}`)
    const remark = "column 'x': its least value is -9999, in 5 rows; where that means a missing value, --missing -9999"
    expect((await kept(path)).stderr).toContain(remark)
    const { values, stderr } = await kept(path, '--missing', -9999, '--drop-missing')
    expect(stderr).toBe('')
    expect(Math.min(...(values?.x ?? []))).toBe(1)
    expect((await kept(path, '--missing', -9999)).stderr).toContain("row 0 (line 2), column 'x': the value is missing")
    const json = write(JSON.stringify(Array.from({ length: 12 }, (_, i) => ({ x: i || -9999 }))), 'json')
    expect((await kept(json)).stderr).toContain('--missing -9999')
    expect((await kept(json, '--missing', -9999, '--drop-missing')).values?.row).not.toContain(0)
    // Near other values, or in a column of nothing else, it is a value.
    expect((await kept(write('x\n-9999\n-9000\n-8000\n'))).stderr).toBe('')
    expect((await kept(write('x\n997\n998\n999\n'))).stderr).toBe('')
  })

  it('--order auto without --size is told what it needs', async () => {
    const { code, stderr } = await fewpoints([
      'compress',
      write('x\n1\n'),
      '-o',
      folder.path('no.csv'),
      '--order',
      'auto',
    ])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'fewpoints: --order auto needs --size: the order is chosen for that many points\n',
    })
  })

  it('a misspelled column is told the right one, among thousands', async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `speed_${i}`)
    const path = write(`wind_speed,Power,${names}\n1,2,${names.map(() => 1)}\n`)
    for (const [wrong, right] of [
      ['wind_sped', 'wind_speed'],
      ['power', 'Power'],
      ['spede_4999', 'speed_4999'],
    ]) {
      const { code, stderr } = await kept(path, '--columns', wrong)
      expect(code).toBe(2)
      expect(stderr).toContain(
        `has no column '${wrong}' (did you mean '${right}'?); its columns are wind_speed, Power,`,
      )
      expect(stderr.length).toBeLessThan(400)
    }
    expect((await kept(path, '--weights', 'temperature')).stderr).not.toContain('did you mean')
  })
})

describe('what fewpoints wrote is compressed again', () => {
  const random = seeded(11)
  const source = write(`x,y\n${Array.from({ length: 300 }, () => `${random.next()},${random.next()}`).join('\n')}\n`)
  const part = (ending: string) => folder.path(`part.${ending}`)
  const parts = ['csv', 'tsv', 'json', 'ndjson', 'jsonl', 'npz', 'parquet', 'npy']
  const written = Promise.all(
    parts.map((ending) => fewpointsJson(['compress', source, '-o', part(ending), '--order', 3, '--size', 60])),
  )

  it.each(parts.slice(0, -1))('.%s: its weights are weights and its source rows no coordinate', async (ending) => {
    await written
    const output = folder.path(`again.${ending}.json`)
    const outcome = await fewpoints(['compress', part(ending), '-o', output, '--order', 2, '--json'])
    expect(JSON.parse(outcome.stdout)).toMatchObject({ columns: ['x', 'y'], points: 6 })
    expect(JSON.parse(outcome.stdout).totalWeight).toBeCloseTo(300, 9)
    expect(outcome.stderr).toContain('the weights are column')
    if (!['npz', 'parquet'].includes(ending)) expect(outcome.stderr).toContain("column 'row' has source rows")
    const report = await fewpoints(['verify', part(ending), output, '--order', 2, '--json'])
    expect(JSON.parse(report.stdout)).toMatchObject({ ok: true, columns: ['x', 'y'], rowsDifferent: 0 })
    expect(await fewpointsJson(['info', part(ending)])).toMatchObject({ points: ['x', 'y'] })
    // With --columns: only the named columns are coordinates, but the weights are still weights.
    const named = await fewpointsJson([
      'compress',
      part(ending),
      '-o',
      output,
      '--order',
      2,
      '--force',
      '--columns',
      'y',
    ])
    expect(named.columns).toEqual(['y'])
    expect(named.totalWeight).toBeCloseTo(300, 9)
  })

  it('unless --columns names them', async () => {
    await written
    const output = folder.path('by-name.csv')
    const options = ['-o', output, '--order', 2, '--columns', 'x,weight,row']
    const summary = await fewpointsJson(['compress', part('csv'), ...options])
    expect(summary).toMatchObject({ columns: ['x', 'weight', 'row'], weights: null })
    expect(readFileSync(output, 'utf8')).toMatch(/^x,weight,row,weight_2,row_2\n/)
    // The file that this wrote is recognised as well.
    const again = await fewpointsJson(['compress', output, '-o', folder.path('by-name-2.csv'), '--order', 1])
    expect(again).toMatchObject({ columns: ['x', 'weight', 'row'], weights: 'weight_2' })
  })

  it('also parts that were put together', async () => {
    await written
    const rows = readFileSync(part('csv'), 'utf8').trim().split('\n')
    const together = write(`${[...rows, ...rows.slice(1), ...rows.slice(1)].join('\n')}\n`)
    const summary = await fewpointsJson(['compress', together, '-o', folder.path('three.csv'), '--order', 2])
    expect(summary).toMatchObject({ columns: ['x', 'y'], weights: 'weight' })
    expect(summary.totalWeight).toBeCloseTo(900, 9)
  })

  it('NPY has no names: a remark', async () => {
    await written
    const { stderr } = await fewpoints(['compress', part('npy'), '-o', folder.path('npy.csv'), '--order', 1])
    expect(stderr).toContain("columns 'c2' and 'c3' look like the weights and source rows")
    expect(stderr).toContain('--columns c0,c1 --weights c2')
  })

  it('columns of the same names with other content are coordinates', async () => {
    const seats = Array.from({ length: 60 }, (_, i) => `${random.next()},${50 + (i % 40)},${i % 12}`)
    const { values } = await kept(write(`x,weight,row\n${seats.join('\n')}\n`), '--columns', 'x,weight,row')
    expect(Object.keys(values ?? {})).toEqual(['x', 'weight', 'row', 'weight_2', 'row_2'])
    const summary = await fewpointsJson([
      ...['compress', write(`x,weight,row\n${seats.join('\n')}\n`), '-o', folder.path('seats.csv'), '--order', 1],
    ])
    expect(summary).toMatchObject({ columns: ['x', 'weight', 'row'], weights: null })
  })

  it('reads back whole numbers beyond 2^53, which have an exponent', async () => {
    const numbers = [2 ** 53, 2 ** 60, -(2 ** 62) - 2 ** 20, 43531605550262650, 1e20, 1e21]
    const path = write(
      JSON.stringify(numbers.map((x) => ({ x: 0, y: 0, s: x }))).replaceAll(/"s":(-?\d+)}/g, '"s":$1.0}'),
      'json',
    )
    for (const ending of ['csv', 'json']) {
      const output = folder.path(`large.${ending}`)
      await fewpointsJson(['compress', path, '-o', output, '--order', 5, '--columns', 's'])
      const { s, row } = values(await readTable(output))
      expect(s).toEqual(row.map((i) => numbers[i]))
    }
  })
})

describe('standard input', () => {
  it('is read as a file is, told by its first bytes', async () => {
    const info = await fewpoints(['info', '--json', '-'], { input: 'x,y\n1,2\n3,4\n' })
    expect(JSON.parse(info.stdout)).toMatchObject({ rows: 2, format: 'csv', points: ['x', 'y'] })
    const path = write(european)
    const npy = folder.path('piped.npz')
    await fewpointsJson(['compress', path, '-o', npy, '--order', 1])
    const report = await fewpoints(['verify', '--json', '-', npy], { input: european })
    expect(JSON.parse(report.stdout)).toMatchObject({ ok: true })
    const other = await fewpoints(['verify', '--json', path, '-'], { input: readFileSync(npy) })
    expect(JSON.parse(other.stdout)).toMatchObject({ ok: true, order: 1 })
    const lines = await fewpoints(['info', '--json', '-'], { input: '{"x":1}\n{"x":2}\n' })
    expect(JSON.parse(lines.stdout)).toMatchObject({ rows: 2, format: 'json' })
  })

  it('is named in messages', async () => {
    const output = folder.path('stdin.csv')
    const outcome = await fewpoints(['compress', '-', '-o', output, '--order', 1], { input: 'x\n1\n\nNA\n' })
    expect(outcome).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("standard input: row 1 (line 4), column 'x'"),
    })
    const empty = await fewpoints(['info', '-'], { input: '' })
    expect(empty).toMatchObject({ code: 3, stderr: 'fewpoints: standard input: is empty\n' })
  })

  it('cannot be both files', async () => {
    const both = await fewpoints(['verify', '-', '-'], { input: '' })
    expect(both).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('one of the files can be standard input, not several'),
    })
  })

  it('ends at once when it is interrupted', async () => {
    const before = `const timer = setInterval(() => {
      if (process.listenerCount('SIGINT') === 0) return
      clearInterval(timer)
      setTimeout(() => process.kill(process.pid, 'SIGINT'), 100)
    }, 1)`
    // The pipe stays open, so only the interrupt ends this.
    const args = ['compress', '-', '-o', folder.path('int.csv'), '--order', 1]
    const outcome = await fewpoints(args, { before, keepsOpen: true })
    expect(outcome).toEqual({ code: 130, stdout: '', stderr: 'fewpoints: interrupted\n' })
  })

  it.skipIf(process.platform === 'win32')('so are named pipes', async () => {
    const pipe = folder.path('pipe.csv')
    spawnSync('mkfifo', [pipe])
    const info = fewpointsJson(['info', pipe])
    spawnSync('sh', ['-c', `printf 'x;y\\n1,5;2\\n' > '${pipe}'`])
    expect(await info).toMatchObject({ rows: 1, points: ['x', 'y'] })
  })
})

it('control characters of a file are shown, not sent to the terminal', async () => {
  const path = write('x,\u001b[2Jtext\n1,a\n2,b\n3,c\n')
  const { stderr } = await kept(path, '--columns', '\u001b[31m')
  const noted = await kept(path)
  for (const said of [stderr, noted.stderr]) {
    expect(said).toContain('\\x1b[')
    expect(said.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  }
})
