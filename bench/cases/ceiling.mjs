// The peak memory of `fewpoints compress --memory 300MB` on files of about 2 GB (with --small, of about 40 MB, which fit) in
// each format: the whole process, as the system counts it. The files are made in a temporary folder, one at a time.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KINDS, ORDER, PROGRAM, SIZE } from '../row-files.mjs'
import { tableOf } from '../table.mjs'

export const title = 'A ceiling for the memory: --memory 300MB on files of 2 GB'
export const trials = 1

const CEILING = 300e6
const BYTES = 2e9
// Bytes of a row, about.
const ROW = {
  npy: 24,
  arrow: 24,
  'parquet-required': 24,
  'parquet-optional': 24,
  'parquet-sql': 24,
  'csv-4': 22,
  'csv-17': 58,
}
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export function cases({ small }) {
  return Object.entries(ROW).map(([kind, row]) => ({ kind, rows: Math.round((small ? BYTES / 50 : BYTES) / row) }))
}

export function run({ kind, rows }) {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-bench-'))
  try {
    const file = join(folder, `rows.${KINDS[kind].ending}`)
    execFileSync(process.execPath, [PROGRAM, 'make', kind, String(rows), file])
    const input = KINDS[kind].sql ? ['--sql', `select x, y, z from '${file}'`] : [file]
    const options = ['--order', ORDER, '--size', SIZE, '--memory', CEILING, '--json'].map(String)
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [COMMAND, 'compress', ...input, '-o', join(folder, 'few.npz'), ...options],
      { encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(stderr)
    const { peakMemory, rows: read, residualEpsilons, milliseconds } = JSON.parse(stdout)
    return {
      bytes: statSync(file).size,
      peak: peakMemory,
      read,
      residual: residualEpsilons,
      seconds: milliseconds.total / 1e3,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function table(results) {
  return results
}

export function report(results) {
  const worst = Math.max(...results.map(({ peak }) => peak))
  return [
    tableOf(results, [
      ['file', ({ kind }) => KINDS[kind].title],
      ['MB', ({ bytes }) => (bytes / 1e6).toFixed(0)],
      ['rows', ({ read }) => read.toLocaleString('en')],
      ['peak MB', ({ peak }) => (peak / 1e6).toFixed(0)],
      ['residual', ({ residual }) => residual.toFixed(2)],
      ['seconds', ({ seconds }) => seconds.toFixed(1)],
      ['', ({ peak }) => (peak <= CEILING ? 'pass' : 'FAIL')],
    ]),
    '',
    `largest peak ${(worst / 1e6).toFixed(0)} MB of ${(CEILING / 1e6).toFixed(0)}; residual in machine epsilons`,
  ].join('\n')
}
