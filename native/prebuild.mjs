#!/usr/bin/env node
// npm run prebuild [-- PLATFORM...]: compiles the addon for all platforms, or for those named (linux-x64-gnu), on one Debian
// machine, into build/prebuilds with their checksums; then the WebAssembly module, and the packages (npm run stage).
//
// Linux and macOS by zig, Windows by Debian's mingw-w64, with a pool of std::thread in the place of OpenMP, and the compiler's
// libraries inside. On x86-64 Linux with kernels of OpenBLAS; elsewhere own products do in place of BLAS: no archive of OpenBLAS
// for all kinds of processors is at hand there, and on macOS zig has no Accelerate.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PLATFORMS } from '../packages/platforms.mjs'
import { zigPrograms } from './zig.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..')
const prebuilds = join(root, 'build/prebuilds')
const toolchains = join(root, 'build/toolchains')

/** The targets of zig, with the oldest systems that the binaries run on. */
const ZIG = {
  'linux-x64-gnu': 'x86_64-linux-gnu.2.28',
  'linux-x64-musl': 'x86_64-linux-musl',
  'linux-arm64-gnu': 'aarch64-linux-gnu.2.28',
  'linux-arm64-musl': 'aarch64-linux-musl',
  'darwin-arm64': 'aarch64-macos.11.0',
  'darwin-x64': 'x86_64-macos.11.0',
}

const cache = (entries) => Object.entries(entries).map(([name, value]) => `--CD${name}=${value}`)

/** The options of CMake for a platform. */
function options(id) {
  if (id === 'win32-x64')
    return cache({
      CMAKE_TOOLCHAIN_FILE: join(here, 'toolchains/mingw.cmake'),
      FEWPOINTS_BLAS: 'none',
      FEWPOINTS_THREADS: 'pool', // its OpenMP would be a DLL of its own
    })
  return cache({
    CMAKE_TOOLCHAIN_FILE: join(here, 'toolchains/zig.cmake'),
    FEWPOINTS_ZIG: 'ON',
    FEWPOINTS_TARGET: ZIG[id],
    FEWPOINTS_PROGRAMS: zigPrograms(toolchains, ZIG[id]),
    FEWPOINTS_THREADS: 'pool',
    ...(id.startsWith('linux-x64') ? { FEWPOINTS_OPENBLAS_A: openblas() } : { FEWPOINTS_BLAS: 'none' }),
  })
}

/** The static OpenBLAS of Debian, as its compiler finds it. */
function openblas() {
  return execFileSync('g++', ['-print-file-name=libopenblas.a'], { encoding: 'utf8' }).trim()
}

/** prebuildify names the binary and calls the build; it looks for what was built in `folder`. */
function compile({ name, os, cpu, libc, binary }) {
  const id = name.replace('@fewpoints/', '')
  const folder = join(root, 'build/prebuild', id)
  rmSync(join(folder, 'prebuilds'), { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const build = [process.execPath, join(here, 'build.mjs'), ...options(id)].map((word) => `'${word}'`).join(' ')
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/prebuildify/bin.js'),
      ...['--napi', '--name=fewpoints', `--platform=${os}`, `--arch=${cpu}`, '--shell', `--node-gyp=${build}`],
      ...(libc === undefined ? [] : [`--libc=${libc}`, '--tag-libc']),
      ...[`--cwd=${folder}`, `--out=${folder}`],
    ],
    {
      cwd: folder,
      stdio: 'inherit',
      env: { ...process.env, FEWPOINTS_OUTPUT: join(folder, 'build/Release'), FEWPOINTS_VARIANT: id },
    },
  )
  mkdirSync(dirname(join(prebuilds, binary)), { recursive: true })
  renameSync(join(folder, 'prebuilds', binary), join(prebuilds, binary))
  const { size } = statSync(join(prebuilds, binary))
  console.log(`${id}: ${binary}, ${(size / 1e6).toFixed(2)} MB`)
}

/** In the format of sha256sum. Only of what is there: a platform that was not asked for may be missing. */
function writeChecksums() {
  const lines = PLATFORMS.flatMap(({ binary }) => {
    const content =
      statSync(join(prebuilds, binary), { throwIfNoEntry: false }) && readFileSync(join(prebuilds, binary))
    return content ? [`${createHash('sha256').update(content).digest('hex')}  ${binary}\n`] : []
  })
  writeFileSync(join(prebuilds, 'checksums'), lines.join(''))
}

const asked = process.argv.slice(2)
const wanted = PLATFORMS.filter(({ name }) => asked.length === 0 || asked.includes(name.replace('@fewpoints/', '')))
const unknown = asked.filter((id) => !PLATFORMS.some(({ name }) => name === `@fewpoints/${id}`))
if (unknown.length > 0) {
  console.error(`there is no platform ${unknown.join(', ')}; there are ${PLATFORMS.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}
for (const platform of wanted) compile(platform)
writeChecksums()
if (asked.length === 0) {
  const run = (...words) => execFileSync(process.execPath, words, { cwd: root, stdio: 'inherit' })
  run(join(root, 'node_modules/typescript/bin/tsc'))
  run(join(here, 'wasm-worker.mjs'))
  run(join(here, 'wasm.mjs'))
  run(join(root, 'packages/stage.mjs'))
}
