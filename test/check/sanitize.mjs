// npm run check:sanitize [-- --short] [address] [addon] [thread]
//
// Runs the kernel's tests with all code for single cells, and the addon in Node, under sanitizers. Needs clang with its
// OpenMP and its runtimes, which `native/setup.sh clang` installs. Nothing may be reported. Before that, each sanitizer
// must report the deliberate faults of native/test/canary, because otherwise its silence would mean nothing.
//   address   the kernel's tests under address and undefined sanitizer
//   addon     every public function, the programs of test/teardown.test.ts and some test files, with such an addon
//   thread    the kernel's tests under thread sanitizer, which sees OpenMP's barriers through libarcher
//   --short   one instruction set, and fewer tests: some minutes. Without: all three, all tests
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const words = process.argv.slice(2)
const short = words.includes('--short')
const KINDS = ['address', 'addon', 'thread']
const unknown = words.filter((word) => word !== '--short' && !KINDS.includes(word))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}; known are --short ${KINDS.join(' ')}`)
  process.exit(2)
}
const wanted = KINDS.some((kind) => words.includes(kind)) ? KINDS.filter((kind) => words.includes(kind)) : KINDS

const ISAS = short ? ['v3'] : ['v2', 'v3', 'v4']
// The tests that --short runs. They are few; the others also run without sanitizers.
const SHORT_TESTS = {
  address: ['cell', 'free', 'recombine', 'rank', 'errors', 'blas', 'least-squares', 'match-moments'],
  thread: ['threads', 'recombine', 'errors', 'blas', 'match-moments'],
}
const TEARDOWN = [
  ['terminate'],
  ['workerErrors'],
  ['workerExits'],
  ['severalEnvironments'],
  ['exit', '50'],
  ['exitWithBusyWorker', 'startLongJobs'],
  ['exitWithBusyWorker', 'runSync'],
  ['forgotten'],
  ['transfer'],
  ['otherWorkGoesOn'],
]
const TEARDOWN_CODES = { exit: 7, exitWithBusyWorker: 7 }
const TEST_FILES = [
  'abort',
  'compress',
  'recombine',
  'least-squares',
  'match-moments',
  'moments',
  'train-rules',
  'hard',
]

let failures = 0
const since = (start) => `${((performance.now() - start) / 1000).toFixed(0)} s`

function run(what, command, args, { env = {}, judge = (r) => r.status === 0, quiet = false } = {}) {
  const start = performance.now()
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`
  const good = judge({ status: result.status, output })
  if (good && quiet) return true
  console.log(`${good ? 'ok    ' : 'FAILED'} ${what} (${since(start)})`)
  if (!good) {
    failures++
    console.log(`exit code ${result.status}, signal ${result.signal}\n${output.slice(0, 20_000)}`)
  }
  return good
}

const REPORTS = /ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:/
const clean = ({ status, output }) => status === 0 && !REPORTS.test(output)

// A file in clang's folder of runtimes.
function runtimeFile(name) {
  const ask = (question) => spawnSync('clang++', [question], { encoding: 'utf8' }).stdout?.trim() ?? ''
  const path = [ask(`-print-file-name=${name}`), join(ask('-print-resource-dir'), '..', '..', name)].find(existsSync)
  if (path !== undefined) return path
  console.error(`${name} was not found: sh native/setup.sh clang`)
  return process.exit(1)
}

// ---- build

function build(name, sanitize, targets) {
  const folder = join(root, 'build', `sanitize-${name}${short ? '' : '-all'}`)
  mkdirSync(folder, { recursive: true })
  const ninja = spawnSync('ninja', ['--version']).status === 0 ? ['-G', 'Ninja'] : []
  const built =
    run(
      `configure ${sanitize}`,
      'cmake',
      [
        ...['-S', 'native', '-B', folder, ...ninja],
        ...['-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++'],
        ...['-DFEWPOINTS_TESTS=ON', `-DFEWPOINTS_ADDON=${name === 'address' ? 'ON' : 'OFF'}`],
        ...[`-DFEWPOINTS_SANITIZE=${sanitize}`, `-DFEWPOINTS_ISAS=${ISAS.join(';')}`],
        `-DFEWPOINTS_SANITIZE_POINTERS=${short ? 'OFF' : 'ON'}`,
        `-DFEWPOINTS_OUTPUT=${join(folder, 'package', 'build', 'Release')}`,
      ],
      { quiet: true },
    ) && run(`compile ${targets.join(', ')}`, 'cmake', ['--build', folder, '--parallel', '2', '--target', ...targets])
  return built ? folder : undefined
}

function canaries(folder, env, expected) {
  for (const [fault, report] of Object.entries(expected)) {
    const judge = ({ status, output }) =>
      report === '' ? clean({ status, output }) : status !== 0 && output.includes(report)
    run(`a planted fault is seen: ${fault}`, join(folder, 'canary'), [fault], { env, judge, quiet: true })
  }
}

function kernelTests(kind, folder, env) {
  for (const isa of ISAS) {
    const tests = short ? SHORT_TESTS[kind] : []
    run(`${kind}: kernel tests, ${isa}: ${tests.join(' ') || 'all'}`, join(folder, 'kernel-test'), tests, {
      env: { ...env, FEWPOINTS_ISA: isa },
      judge: clean,
    })
  }
}

// ---- the three parts

const ADDRESS = {
  ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:strict_init_order=1:check_initialization_order=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
}

function address() {
  const folder = build('address', 'address,undefined', ['kernel-test', 'canary'])
  if (folder === undefined) return
  canaries(folder, ADDRESS, {
    overflow: 'heap-buffer-overflow',
    'after-free': 'heap-use-after-free',
    leak: 'LeakSanitizer',
    integer: 'signed integer overflow',
    shift: 'shift exponent 32',
    phases: '',
  })
  kernelTests('address', folder, ADDRESS)
}

// In a plain program, Node itself has no visible leaks, so every leak counts there. Under vitest, and with workers that
// are terminated, Node leaks much, so leaks are not searched for; the plain program already calls all functions of the
// addon.
function addon() {
  const folder = build('address', 'address,undefined', ['addon'])
  if (folder === undefined) return
  const LD_PRELOAD = runtimeFile(`libclang_rt.asan-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so`)
  // In Node, the search for leaks crashes on thread-local storage, so it leaves that out. Then glibc's record of the
  // last error of dlopen, and names of libraries, seem to have no owner. Also, Node never frees the deferred of a
  // promise (8 bytes) that is open when its environment ends.
  const known = join(folder, 'known-leaks')
  const names = ['_dl_exception_create', '_dlerror_run', 'add_name_to_object', 'napi_create_promise']
  writeFileSync(known, names.map((name) => `leak:${name}\n`).join(''))
  const env = (leaks) => ({
    LD_PRELOAD,
    FEWPOINTS_PREBUILD: join(folder, 'package'),
    ASAN_OPTIONS: `detect_leaks=${leaks}`,
    LSAN_OPTIONS: `use_tls=0:print_suppressions=0:suppressions=${known}`,
    UBSAN_OPTIONS: 'print_stacktrace=1',
  })
  const program = join(root, 'test', 'check', 'sanitize-addon.mjs')
  run('addon: every public function', process.execPath, [program], { env: env(1), judge: clean })
  const teardown = join(root, 'test', 'programs', 'teardown.mjs')
  for (const [name, ...args] of short ? TEARDOWN.slice(0, 3) : TEARDOWN) {
    const code = TEARDOWN_CODES[name] ?? 0
    run(`addon: ${name} ${args.join(' ')}`, process.execPath, ['--expose-gc', teardown, name, ...args], {
      env: env(0),
      judge: ({ status, output }) => status === code && !REPORTS.test(output),
    })
  }
  if (short) return
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  for (const file of TEST_FILES) {
    run(`addon: ${file}.test.ts`, process.execPath, [vitest, 'run', `test/${file}.test.ts`, '--testTimeout=1800000'], {
      env: env(0),
      judge: clean,
    })
  }
}

function thread() {
  const env = {
    OMP_TOOL_LIBRARIES: runtimeFile('libarcher.so'),
    // libomp and OpenBLAS are not instrumented, so accesses within them are ignored.
    TSAN_OPTIONS: 'ignore_noninstrumented_modules=1:halt_on_error=0:second_deadlock_stack=1',
  }
  const folder = build('thread', 'thread', ['kernel-test', 'canary'])
  if (folder === undefined) return
  canaries(folder, env, { race: 'data race', 'phase-race': 'data race', phases: '' })
  kernelTests('thread', folder, env)
}

const start = performance.now()
for (const kind of wanted) ({ address, addon, thread })[kind]()
console.log(`${failures} failed (${since(start)})`)
process.exitCode = failures === 0 ? 0 : 1
