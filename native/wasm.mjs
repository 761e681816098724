#!/usr/bin/env node
// Compiles the addon to WebAssembly: emscripten -> native/CMakeLists.txt -> dist/wasm/fewpoints.wasm
//
// Options: --if-possible (where there is no emscripten, does nothing and says so), --output FOLDER (where the module is put; default dist/wasm), --build FOLDER (the compiled files; default
// build/cmake-wasm).
// Needed: Debian's packages emscripten, cmake, ninja-build and libfast-float-dev, and npm ci.
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = parseArgs({
  options: { 'if-possible': { type: 'boolean' }, output: { type: 'string' }, build: { type: 'string' } },
})
const output = resolve(values.output ?? join(root, 'dist', 'wasm'))
const build = resolve(values.build ?? join(root, 'build', 'cmake-wasm'))

// Debian's emscripten takes its JavaScript packages from there. A Node that is not Debian's does not look there.
const modules = [process.env.NODE_PATH, '/usr/share/nodejs'].filter(Boolean).join(delimiter)
const env = { ...process.env, NODE_PATH: modules }

if (values['if-possible'] && spawnSync('emcmake', ['cmake', '--version']).status !== 0) {
  console.error('The WebAssembly module is not built, because there is no emscripten.')
  process.exit(0)
}
run('emcmake', [
  ...['cmake', '-S', join(root, 'native'), '-B', build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Release'],
  ...['-DFEWPOINTS_THREADS=none', '-DFEWPOINTS_BLAS=none', `-DFEWPOINTS_OUTPUT=${output}`],
])
// clang 14 puts the handlers of some functions in the sequence of their addresses. At fixed addresses a second build in the
// same folder has the same bytes.
const fixed = spawnSync('setarch', ['-R', 'true']).status === 0 ? ['setarch', '-R'] : []
const [command, ...parameters] = [...fixed, 'cmake', '--build', build, '--target', 'fewpoints']
run(command, parameters)

function run(command, parameters) {
  const { status, error } = spawnSync(command, parameters, { stdio: 'inherit', cwd: root, env })
  if (status === 0) return
  console.error(`\nBuilding the WebAssembly module failed: ${command} ${error?.message ?? `ended with ${status}`}`)
  console.error('Needed: npm ci, and on Debian: sudo apt-get install emscripten cmake ninja-build libfast-float-dev')
  process.exit(1)
}
