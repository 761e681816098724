// Reading files of 10^7 rows (FEWPOINTS_BENCH_ROWS: another number) of three float64 columns in chunks, and compressing them on
// the way. The files are made in a temporary folder; each reading is a process of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../measure.mjs'
import { KINDS, ORDER, PROGRAM, SIZE } from '../row-files.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Files in chunks: rows per CPU second, reading alone and compressing'
export const trials = 3

// Rows per CPU second of reading alone that the prototypes reached, in millions: ../shared/notes/streaming.md, section 5.
const GOALS = { npy: 75, arrow: 20, 'parquet-required': 8.9, 'parquet-optional': 4.5, 'csv-4': 13, 'csv-17': 13 }

export function cases({ small }) {
  const rows = Number(process.env.FEWPOINTS_BENCH_ROWS ?? (small ? 1e6 : 1e7))
  return Object.keys(KINDS).map((kind) => ({ kind, rows }))
}

export function run({ kind, rows }, trials) {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-bench-'))
  try {
    const file = join(folder, `rows.${KINDS[kind].ending}`)
    const program = (...args) => JSON.parse(execFileSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' }))
    program('make', kind, String(rows), file)
    const best = (task) => {
      const runs = Array.from({ length: trials }, () => program(task, kind, file))
      if (runs.some((one) => one.rows !== rows)) throw new Error(`${kind}: ${runs[0].rows} rows of ${rows}`)
      return Object.fromEntries(
        ['wall', 'cpu', 'peak', 'residual'].map((key) => [key, median(runs.map((one) => one[key]))]),
      )
    }
    return { bytes: statSync(file).size, read: best('read'), compress: best('compress') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const rate = (rows, { cpu }) => rows / 1e6 / cpu

export function table(results) {
  return results.map(({ kind, rows, bytes, read, compress }) => ({
    kind,
    rows,
    bytes,
    readRate: rate(rows, read),
    readWall: read.wall,
    readPeak: read.peak,
    compressRate: rate(rows, compress),
    compressWall: compress.wall,
    compressPeak: compress.peak,
    residual: compress.residual,
  }))
}

export function report(results) {
  return [
    tableOf(results, [
      ['file', ({ kind }) => KINDS[kind].title],
      ['MB', ({ bytes }) => (bytes / 1e6).toFixed(0)],
      ['read M/s', ({ rows, read }) => rate(rows, read).toFixed(1)],
      ['goal', ({ kind }) => GOALS[kind]],
      ['wall s', ({ read }) => read.wall.toFixed(2)],
      ['peak MB', ({ read }) => (read.peak / 1e6).toFixed(0)],
      ['compress M/s', ({ rows, compress }) => rate(rows, compress).toFixed(1)],
      ['wall s', ({ compress }) => compress.wall.toFixed(2)],
      ['peak MB', ({ compress }) => (compress.peak / 1e6).toFixed(0)],
      ['residual', ({ compress }) => compress.residual.toFixed(2)],
      ['CPU over reading', ({ read, compress }) => (compress.cpu / read.cpu).toFixed(1)],
    ]),
    '',
    'M/s: millions of rows of 3 numbers per second of processor time, medians. peak MB: of the whole process, Node included.',
    `compress: to ${SIZE} points at order ${ORDER}, one thread; its time includes the reading. goal: of reading alone. Modules that are loaded on the way count. residual in machine epsilons.`,
  ].join('\n')
}
