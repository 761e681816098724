#!/usr/bin/env node
// The one way in which the addon is compiled: cmake-js -> native/CMakeLists.txt -> build/Release/fewpoints.node
// Callers: setup.sh, prebuildify (by prebuild.mjs), packages/here.mjs, binding.gyp, and builds from source.
//
// Options: --debug (into build/Debug), --bench (also build/Release/bench/fewpoints_bench.node), --CDNAME=VALUE (CMake
// cache entries). Other options, such as node-gyp's, are ignored.
// Environment: FEWPOINTS_STATIC=1 (libstdc++ inside, libgomp beside it; as packages/here.mjs does),
// FEWPOINTS_SANITIZE=address,undefined (then run node with LD_PRELOAD of libasan.so),
// FEWPOINTS_OUTPUT=<folder> (where the addon is put), FEWPOINTS_VARIANT=<name> (of the folder of the compiled files, when
// it is compiled for another platform: prebuild.mjs).
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeForeignBuild } from './moved.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, '..')
const argv = process.argv.slice(2)
const env = { ...process.env }
// A user's ~/.npmrc may point npm at an installed copy of Node's headers. These come from npm: node-api-headers.
delete env.npm_config_nodedir

const config = argv.includes('--debug') ? 'Debug' : 'Release'
const isPrebuild = env.PREBUILD_PLATFORM !== undefined
const isStatic = env.FEWPOINTS_STATIC === undefined ? isPrebuild : env.FEWPOINTS_STATIC === '1'
const sanitize = env.FEWPOINTS_SANITIZE ?? ''
const output = env.FEWPOINTS_OUTPUT ?? join(root, 'build', config)

// Each set of compiled files has a folder. Static builds differ in linking only, so they share it with the others.
const variant = env.FEWPOINTS_VARIANT ?? [config, ...sanitize.split(/\W+/)].filter(Boolean).join('-')
const arch = env.PREBUILD_ARCH?.split('+')[0]
const build = join(root, 'build', `cmake-${variant}`)
const options = [
  ...['-d', here, '-O', build, '-B', config],
  ...['-p', String(availableParallelism()), '-l', 'warn'],
  ...(arch === undefined ? [] : ['-a', arch]),
  `--CDFEWPOINTS_BENCH=${argv.includes('--bench') ? 'ON' : 'OFF'}`,
  `--CDFEWPOINTS_STATIC=${isStatic ? 'ON' : 'OFF'}`,
  `--CDFEWPOINTS_SANITIZE=${sanitize}`,
  `--CDFEWPOINTS_OUTPUT=${output}`,
  ...argv.filter((argument) => argument.startsWith('--CD')),
]

const moved = removeForeignBuild(build, here)
if (moved !== undefined) console.error(`build: ${build} was made for ${moved}, and is made anew`)

// Both are needed: "build" of cmake-js alone configures only once, and later changes of options would be ignored.
for (const command of ['configure', 'build']) {
  const { status } = spawnSync(process.execPath, [cmakeJs(), command, ...options], { stdio: 'inherit', cwd: root, env })
  if (status !== 0) {
    fail(
      'Building the native addon failed. Needed: a C++20 compiler, CMake >= 3.18, OpenBLAS, Eigen >= 3.4.',
      'Debian, Ubuntu: sudo apt-get install g++ cmake ninja-build libopenblas-dev libeigen3-dev',
    )
  }
}

function cmakeJs() {
  try {
    return createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js')
  } catch {
    return fail(
      'cmake-js is not installed. In a clone: npm run setup. To build an installed package from source:',
      'npm install --no-save cmake-js@8 node-addon-api@8 node-api-headers',
    )
  }
}

function fail(...lines) {
  console.error(['', ...lines].join('\n'))
  process.exit(1)
}
