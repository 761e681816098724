// A plan of 16 NPY files on this machine: how long it takes through processes of `fewpoints run`, beside one Compressor
// that reads all files in one process, and what a task takes of memory. Each process has one thread.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Compressor, verifySync } from '../../dist/index.js'
import { npyNumbers } from '../../dist/io/npy.js'
import { readTable } from '../../dist/io/read.js'
import { openRows } from '../../dist/io/rows.js'
import { EPS, median, uniformPoints } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Many machines: 16 files of 3 columns to 1000 points of order 3, on this machine'
export const trials = 3
export const seed = 6

const FILES = 16
const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const OPTIONS = ['--order', 3, '--size', 1000]

export function cases({ small, cores }) {
  const rows = small ? 20_000 : 1_000_000
  const workers = [1, ...(cores > 1 ? [2] : []), ...(cores > 3 ? [cores] : [])]
  return [{ rows, way: 'Compressor' }, ...workers.map((count) => ({ rows, way: 'run', workers: count }))]
}

export async function run({ rows, way, workers }, trials) {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-bench-'))
  try {
    const files = Array.from({ length: FILES }, (_, i) => join(folder, `part-${String(i).padStart(2, '0')}.npy`))
    for (const [i, file] of files.entries())
      writeFileSync(file, npyNumbers(uniformPoints(rows, 3, seed + i), [rows, 3]))
    const measured = []
    for (let trial = 0; trial < trials; trial++)
      measured.push(way === 'run' ? runPlan(folder, files, workers, trial) : await compressAll(files))
    const { result, memory } = measured[0]
    const medianOf = (key) => median(measured.map((one) => one[key]))
    return { total: medianOf('total'), cpu: medianOf('cpu'), memory, residual: await residualOf(files, result) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function compressAll(files) {
  const start = performance.now()
  const { user, system } = process.cpuUsage()
  const compressor = new Compressor({ dimension: 3, order: 3, size: 1000, threads: 1 })
  for (const file of files) {
    const rows = await openRows(file, { dropMissing: false })
    for await (const { points } of rows.chunks()) await compressor.push(points)
    await rows.close()
  }
  const result = await compressor.finish()
  const cpu = process.cpuUsage({ user, system })
  const [total, memory] = [performance.now() - start, process.resourceUsage().maxRSS * 1024]
  return { total, cpu: (cpu.user + cpu.system) / 1000, result, memory }
}

function runPlan(folder, files, workers, trial) {
  const plan = join(folder, `plan-${trial}.json`)
  fewpoints('plan', ...files, '-o', plan, ...OPTIONS, '--quiet')
  const before = cpuOfChildren()
  const { milliseconds, result } = JSON.parse(
    fewpoints('run', plan, '--workers', workers, '--threads', 1, '--json').toString(),
  )
  const cpu = cpuOfChildren() - before
  return { total: milliseconds, cpu, result, memory: trial === 0 ? memoryOfTask(folder, files) : undefined }
}

/** Milliseconds of processor time of all processes that were started here and have ended. Linux counts them in 10 ms. */
function cpuOfChildren() {
  const fields = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return 10 * (Number(fields[13]) + Number(fields[14]))
}

/** The largest memory of a process that does the task of a shard. */
function memoryOfTask(folder, files) {
  const plan = join(folder, 'memory.json')
  fewpoints('plan', ...files, '-o', plan, ...OPTIONS, '--quiet')
  const atExit = `process.on('exit', () => console.error(process.resourceUsage().maxRSS))`
  const args = ['--import', `data:text/javascript,${atExit}`, PROGRAM, 'work', plan, '--task', '0', '--threads', '1']
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return Number(stderr) * 1024
}

function fewpoints(...args) {
  return execFileSync(process.execPath, [PROGRAM, ...args.map(String)])
}

/** Of all rows together, in epsilons. `result` is a set, or the file that has it. */
async function residualOf(files, result) {
  const set = typeof result === 'string' ? await readResult(result) : result
  const tables = []
  for (const file of files) tables.push((await readTable(file)).columns.map(({ values }) => values))
  const rows = tables[0][0].length
  const points = new Float64Array(FILES * rows * 3)
  for (const [i, columns] of tables.entries())
    for (const [a, values] of columns.entries())
      for (let j = 0; j < rows; j++) points[(i * rows + j) * 3 + a] = values[j]
  return verifySync({ points, dimension: 3 }, { ...set, dimension: 3 }, { order: 3 }).residual / EPS
}

async function readResult(file) {
  const { columns, rows } = await readTable(file)
  const [weights, ...coordinates] = ['weight', 'c0', 'c1', 'c2'].map(
    (wanted) => columns.find(({ name }) => name === wanted).values,
  )
  const points = new Float64Array(rows * 3)
  for (const [a, values] of coordinates.entries()) for (let j = 0; j < rows; j++) points[3 * j + a] = values[j]
  return { points, weights }
}

export function report(results) {
  const [alone] = results
  return tableOf(results, [
    ['way', ({ way, workers }) => (way === 'run' ? `run --workers ${workers}` : 'one Compressor')],
    ['rows', ({ rows }) => FILES * rows],
    ['s', ({ total }) => (total / 1000).toFixed(2)],
    ['CPU s', ({ cpu }) => (cpu / 1000).toFixed(2)],
    ['M rows/CPU s', ({ rows, cpu }) => ((FILES * rows) / cpu / 1000).toFixed(2)],
    ['of one Compressor', ({ cpu }) => (cpu / alone.cpu).toFixed(2)],
    ['MB of a process', ({ memory }) => (memory / 1e6).toFixed(0)],
    ['residual (epsilons)', ({ residual }) => residual.toFixed(2)],
  ])
}
