// npm run check:fuzz -- [--seconds 60] [--target NAME]
// Fuzzes the kernel (native/fuzz, libFuzzer under address and undefined-behaviour sanitizers) and the file readers
// (test/fuzz), each target for this many seconds. Findings become files in native/fuzz/found/<target> and
// test/fuzz/found/<target>, which every test run tries again. Exits with 1 when there are any.
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { TARGETS as readers } from '../fuzz/readers.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'native/fuzz')
const build = join(root, 'build/fuzz')
const readerProgram = join(root, 'test/fuzz/run.mjs')
// The most bytes per input. Of longer inputs, the targets would hardly read the rest.
const LONGEST = 600
// The seconds that one input may take under sanitizers on a busy machine.
const PATIENCE = 60

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, target: { type: 'string' } } })
const seconds = Number(values.seconds)
const kernels = readdirSync(folder)
  .filter((name) => name.endsWith('.cpp') && name !== 'replay.cpp')
  .map((name) => name.slice(0, -'.cpp'.length))
const all = [...kernels, ...readers]
if (!(seconds > 0) || (values.target !== undefined && !all.includes(values.target))) {
  console.error(`usage: npm run check:fuzz -- [--seconds S] [--target ${all.join('|')}]`)
  process.exit(2)
}
const wanted = values.target === undefined ? all : [values.target]
if (wanted.some((name) => kernels.includes(name))) buildKernels(wanted.filter((name) => kernels.includes(name)))

const waiting = [...wanted]
const results = []
await Promise.all(Array.from({ length: Math.min(availableParallelism(), waiting.length) }, work))
console.log(`\n${'target'.padEnd(16)}${'inputs'.padStart(12)}${'seconds'.padStart(9)}${'findings'.padStart(10)}`)
for (const { name, inputs, took, findings } of results) {
  const line = `${name.padEnd(16)}${String(inputs).padStart(12)}${took.toFixed(0).padStart(9)}${String(findings).padStart(10)}`
  console.log(line)
  appendFileSync(join(root, 'build/fuzz.log'), `${new Date().toISOString()} ${line}\n`)
}
const total = (what) => results.reduce((sum, result) => sum + result[what], 0)
console.log(`${total('inputs')} inputs, ${total('findings')} findings`)
process.exit(total('findings') === 0 ? 0 : 1)

async function work() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const begin = performance.now()
    const counted = kernels.includes(name) ? await fuzzKernel(name) : await fuzzReader(name)
    results.push({ name, took: (performance.now() - begin) / 1000, ...counted })
    console.log(`${name}: ${counted.inputs} inputs, ${counted.findings} findings`)
  }
}

async function fuzzKernel(name) {
  const program = join(build, `fuzz-${name}`)
  const found = join(folder, 'found', name)
  const corpus = join(build, 'corpus', name)
  for (const path of [found, corpus]) mkdirSync(path, { recursive: true })
  // Earlier findings must be fixed: libFuzzer would stop at the first one that is not.
  const old = readdirSync(found).map((file) => join(found, file))
  const broken = []
  for (const file of old) if ((await run(program, [file])).status !== 0) broken.push(file)
  for (const file of broken) console.log(`${name}: still wrong: ${file}`)
  const { status, output } = await run(program, [
    corpus,
    join(folder, 'seeds', name),
    `-artifact_prefix=${found}/`,
    `-max_total_time=${Math.ceil(seconds)}`,
    `-max_len=${LONGEST}`,
    `-timeout=${PATIENCE}`,
    '-rss_limit_mb=4096',
    '-print_final_stats=1',
  ])
  const inputs = Number(/number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? 0)
  if (status !== 0 || inputs === 0) {
    const log = join(build, `${name}.log`)
    writeFileSync(log, output)
    console.log(`${name}: ended with ${status}, the output is in ${log}\n${output.split('\n').slice(-40).join('\n')}`)
  }
  return { inputs, findings: broken.length + (status === 0 && inputs > 0 ? 0 : 1) }
}

async function fuzzReader(name) {
  const { status, output } = await run(process.execPath, [
    readerProgram,
    '--target',
    name,
    '--seconds',
    String(seconds),
  ])
  const [, inputs, findings] = /: (\d+) inputs, (\d+) findings\s*$/.exec(output) ?? [undefined, 0, 1]
  if (status !== 0) console.log(output)
  return { inputs: Number(inputs), findings: status === 0 ? Number(findings) : Math.max(1, Number(findings)) }
}

/** Runs a program. Returns its output and how it ended. */
function run(program, args) {
  // Waiting threads must not spin, which would take the processor from those that compute.
  const child = spawn(program, args, { env: { ...process.env, OMP_WAIT_POLICY: 'passive', KMP_BLOCKTIME: '0' } })
  let output = ''
  const keep = (data) => {
    output = (output + data).slice(-1e6)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ status: code ?? signal, output }))
  })
}

function buildKernels(targets) {
  const steps = [
    ['-S', join(root, 'native'), '-B', build, '-DFEWPOINTS_FUZZ=ON', '-DFEWPOINTS_ADDON=OFF']
      .concat(['-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++'])
      .concat(spawnSync('ninja', ['--version']).status === 0 ? ['-G', 'Ninja'] : []),
    ['--build', build, '-j', String(availableParallelism()), '--target', ...targets.map((name) => `fuzz-${name}`)],
  ]
  console.log('compiling the kernel under sanitizers (the first time takes many minutes)')
  for (const args of steps) {
    const { status, stdout, stderr } = spawnSync('cmake', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
    if (status === 0) continue
    console.error(`${stdout}\n${stderr}`.split('\n').slice(-60).join('\n'))
    process.exit(1)
  }
}
