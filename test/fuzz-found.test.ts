// Reads the inputs that the fuzzer of the readers has found, hostile files, and good ones. Each must give a whole table
// or an error with a code, within bounded time and memory. See test/fuzz/run.mjs.
import { afterAll, describe, expect, it } from 'vitest'
import { agreements } from './fuzz/agree.mjs'
import { damagedFiles, hostileFiles } from './fuzz/hostile.mjs'
import { startMeter } from './fuzz/meter.mjs'
import { examine, tableFault } from './fuzz/property.mjs'
import { makeReader, TARGETS } from './fuzz/readers.mjs'
import { seedFiles, storedFiles } from './fuzz/seeds.mjs'

const load = (name: string) => import(`../lib/io/${name}.ts`)
const meter = startMeter()
afterAll(() => meter.stop())

// How many rows the files of other programs have.
const ROWS: Record<string, number> = {
  'pyarrow-lz4.arrows': 40,
  'pyarrow-zstd.arrows': 40,
  'pyarrow-zstd.parquet': 40,
  'numpy-deflated.npz': 3,
}

describe.each(TARGETS)('%s', (target) => {
  it('holds for all that was found', async () => {
    const read = await makeReader(target, load)
    for (const { name, bytes } of storedFiles(target, 'found')) {
      expect(await examine(read, bytes, meter), name).toBeUndefined()
    }
  })

  it('holds for hostile files', async () => {
    const read = await makeReader(target, load)
    for (const { name, bytes } of hostileFiles(target)) {
      expect(await examine(read, bytes, meter), name).toBeUndefined()
    }
  })

  it('holds for good files and for damaged ones', async () => {
    const read = await makeReader(target, load)
    for (const bytes of await seedFiles(target, load)) expect(await examine(read, bytes, meter)).toBeUndefined()
    for await (const bytes of damagedFiles(target, load, 15)) expect(await examine(read, bytes, meter)).toBeUndefined()
  })

  it('reads what other programs wrote', async () => {
    const read = await makeReader(target, load, () => ({}))
    for (const { name, bytes } of storedFiles(target)) expect((await read(bytes)).rows, name).toBe(ROWS[name])
  })

  it('agrees with what was put in', async () => {
    for (const { name, check } of await agreements(target, load)) {
      const { failed, message } = await check({ runs: 60 })
      expect(failed ? `${name}: ${message}` : '').toBe('')
    }
  })
})

describe('the faults that the check of a reader finds', () => {
  const bytes = Buffer.from('x\n1\n')
  const column = {
    name: 'x',
    kind: 'number',
    values: Float64Array.of(1, Number.NaN),
    missing: 1,
    texts: 0,
    notFinite: 0,
    trouble: { kind: 'missing', row: 1 },
    text: undefined,
  }
  const table = { rows: 2, columns: [column] }
  const signature = async (read: () => unknown) => (await examine(async () => read(), bytes, meter))?.signature

  it('an error without a code', async () => {
    const thrower = (error: unknown) => () => {
      throw error
    }
    expect(await signature(thrower(new RangeError('Invalid array length')))).toMatch(/^RangeError/)
    expect(await signature(thrower('text'))).toBe('not an Error')
    expect(await signature(thrower(Object.assign(new Error('a undefined'), { code: 'ERR_FILE' })))).toMatch(/^message/)
    expect(await signature(thrower(Object.assign(new Error('cut short'), { code: 'ERR_FILE' })))).toBeUndefined()
  })

  it('time', async () => {
    const busy = () => {
      const start = process.cpuUsage()
      for (let used = 0; used < 1.2e6; ) {
        const { user, system } = process.cpuUsage(start)
        used = user + system
      }
      return table
    }
    expect(await signature(busy)).toBe('slow')
  })

  it('memory', async () => {
    expect(await signature(() => table)).toBeUndefined()
    const held: unknown[] = []
    const hold = (make: () => unknown) => () => {
      held.push(make())
      return table
    }
    expect(await signature(hold(() => new Float64Array(1e7)))).toBe('arrays')
    // More than the peak so far, however much is free below it.
    const size = process.resourceUsage().maxRSS * 1024 - process.memoryUsage.rss() + 2e8
    expect(await signature(hold(() => Buffer.alloc(size, 1)))).toBe('memory')
  })

  it('a table that contradicts itself', () => {
    const fault = (changes: object, rows = 2) => tableFault({ rows, columns: [{ ...column, ...changes }] })
    expect(fault({})).toBeUndefined()
    expect(fault({}, 3)).toContain('2 values in 3 rows')
    expect(fault({}, 0)).toBe('0 rows')
    expect(tableFault({ rows: 2, columns: [] })).toBe('no columns')
    expect(fault({ missing: 0 })).toContain('counts 0 + 0 + 0')
    expect(fault({ trouble: undefined })).toContain('with trouble undefined')
    expect(fault({ trouble: { kind: 'missing', row: 0 } })).toContain('where trouble is')
    expect(fault({ values: undefined })).toContain('kind number')
    expect(tableFault({ rows: 2, columns: [column, column] })).toContain('twice')
  })
})
