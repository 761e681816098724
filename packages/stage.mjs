// npm run stage: makes the packages of a release in build/packages/<name>/, packs each into build/packages/*.tgz, and
// writes their checksums (SHA256SUMS) and what they consist of (sbom.cdx.json). Without --here it builds nothing.
//
// The main package is TypeScript's output, the WebAssembly build, and the sources for a build of one's own. It names the
// packages of the platforms as optional dependencies of its own version, so an installer takes the one that fits.
// Options: --here (the main package and that of this machine, whose binary is linked from the last build), --prebuilds
// <folder> (default build/prebuilds), --output <folder> (default build/packages), --platforms <names> (default: all).
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { globSync } from 'tinyglobby'
import { missingOf } from './complete.mjs'
import { linkHere, platformHere } from './here.mjs'
import { PLATFORMS } from './platforms.mjs'
import { billOfMaterials } from './sbom.mjs'
import { notices } from './third-party.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Fields that all packages share. The first four come from package.json when it has them. */
const common = {
  ...Object.fromEntries(['author', 'homepage', 'repository', 'bugs'].map((name) => [name, manifest[name]])),
  version: manifest.version,
  license: manifest.license,
  engines: manifest.engines,
  publishConfig: { access: 'public' },
}

function main() {
  const { values } = parseArgs({
    options: {
      prebuilds: { type: 'string', default: join(root, 'build/prebuilds') },
      output: { type: 'string', default: join(root, 'build/packages') },
      platforms: { type: 'string' },
      here: { type: 'boolean', default: false },
    },
  })
  const output = resolve(values.output)
  const prebuilds = resolve(values.here ? join(root, 'build/here') : values.prebuilds)
  const platforms = values.here ? [platformHere()] : chosen(values.platforms)
  if (values.here) linkHere(root, prebuilds)
  const missing = [...missingOf(root, { prebuilds, platforms }), ...checksumFaults(prebuilds, platforms)]
  if (missing.length > 0) throw new Error(missing.join('\n'))

  rmSync(output, { recursive: true, force: true })
  for (const platform of platforms)
    stagePlatform(platform, prebuilds, folderOf(output, platform.name), values.here ? ['source'] : [])
  stageMain(folderOf(output, manifest.name))
  writeFileSync(join(output, 'sbom.cdx.json'), billOfMaterials(root))
  for (const { name } of [...platforms, manifest]) pack(folderOf(output, name), output)
  writeChecksums(output)
}

function chosen(names) {
  if (names === undefined) return PLATFORMS
  return names.split(',').map((name) => {
    const found = PLATFORMS.find((platform) => platform.name === `@fewpoints/${name}`)
    if (found === undefined) throw new Error(`--platforms: there is no platform ${name}`)
    return found
  })
}

/** build/packages/fewpoints, build/packages/linux-x64-gnu. */
function folderOf(output, name) {
  return join(output, name.replace(/^@fewpoints\//, ''))
}

/** The main package: the files that package.json lists, and a package.json without what only developers need. */
function stageMain(folder) {
  const files = manifest.files.filter((name) => name !== 'prebuilds')
  for (const path of globSync(files, { cwd: root, expandDirectories: true })) copy(join(root, path), join(folder, path))
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.md'), notices('wasm'))
  const { devDependencies: _, scripts: __, private: ___, ...kept } = manifest
  writeJson(join(folder, 'package.json'), {
    ...kept,
    ...common,
    files: [...files, 'THIRD-PARTY-NOTICES.md'],
    optionalDependencies: Object.fromEntries(PLATFORMS.map(({ name }) => [name, manifest.version])),
  })
}

/** The package of a platform: its binary, which is what it exports. */
function stagePlatform({ name, os, cpu, libc, binary }, prebuilds, folder, kinds) {
  const where = `${os}-${cpu}${libc === undefined ? '' : ` (${libc})`}`
  copyBeside(join(prebuilds, binary), join(folder, 'prebuilds', binary))
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.md'), notices(os, `${os}-${cpu}`, ...kinds))
  writeFileSync(
    join(folder, 'README.md'),
    [
      `# ${name}`,
      '',
      `The native binary of [fewpoints](https://www.npmjs.com/package/fewpoints) for ${where}.`,
      'npm installs it together with `fewpoints`; there is no reason to install it by itself.',
      '',
    ].join('\n'),
  )
  writeJson(join(folder, 'package.json'), {
    name,
    description: `The native binary of fewpoints for ${where}`,
    ...common,
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
    type: 'commonjs',
    main: `./prebuilds/${binary}`,
    exports: { '.': `./prebuilds/${binary}`, './package.json': './package.json' },
    files: ['prebuilds', 'THIRD-PARTY-NOTICES.md'],
    // Yarn Plug'n'Play keeps packages in archives, which the dynamic linker cannot read.
    preferUnplugged: true,
  })
}

/** Copies a binary, and the shared libraries that were put beside it. */
function copyBeside(from, to) {
  copy(from, to)
  for (const name of readdirSync(dirname(from)).filter((name) => /\.so\.\d+$|\.dll$/.test(name)))
    copy(join(dirname(from), name), join(dirname(to), name))
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
}

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

// npm gives all files of an archive one date and sorts them, so the same content makes the same bytes.
function pack(folder, output) {
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', output], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
}

// ---- checksums, in the format of sha256sum: the hash, two blanks, the path

const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex')

function writeChecksums(output) {
  const packed = readdirSync(output).filter((name) => name.endsWith('.tgz'))
  const names = [...packed.sort(), 'sbom.cdx.json']
  writeFileSync(join(output, 'SHA256SUMS'), names.map((name) => `${sha256(join(output, name))}  ${name}\n`).join(''))
  process.stdout.write(readFileSync(join(output, 'SHA256SUMS'), 'utf8'))
}

/** Binaries that differ from what build/prebuilds/checksums says of them. */
function checksumFaults(prebuilds, platforms) {
  const list = join(prebuilds, 'checksums')
  if (!existsSync(list)) return []
  const lines = readFileSync(list, 'utf8').trim().split('\n')
  const wanted = new Map(lines.map((line) => line.split(/ +\*?/)).map(([hash, path]) => [path, hash]))
  return platforms
    .filter(
      ({ binary }) => existsSync(join(prebuilds, binary)) && wanted.get(binary) !== sha256(join(prebuilds, binary)),
    )
    .map(({ binary }) => `${join(prebuilds, binary)} is not the file that ${list} names: npm run prebuild.`)
}

try {
  main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
