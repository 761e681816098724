// The packages of a release: what their manifests say, what an installer takes of them, notices, checksums; and that
// nothing else can be packed.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import { findBinaries } from '../lib/native/find-binary.js'
import manifest from '../package.json' with { type: 'json' }
import { missingOf } from '../packages/complete.mjs'
import { PLATFORMS } from '../packages/platforms.mjs'
import { LIBRARIES, librariesInside, licenceText, notices } from '../packages/third-party.mjs'
import { install, madeUpBinaries, type Platform, shortName, stage, tarballOf } from './staged.js'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'fewpoints-stage-'))
const prebuilds = join(folder, 'prebuilds')
const packages = join(folder, 'packages')
const read = (...path: string[]) => readFileSync(join(packages, ...path), 'utf8')
const manifestOf = (name: string) => JSON.parse(read(name, 'package.json'))
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

beforeAll(async () => {
  madeUpBinaries(prebuilds)
  await stage(packages, '--prebuilds', prebuilds)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The kinds of build that a package's binary is of, in packages/third-party.mjs. */
const kindsOf = ({ os, cpu }: Platform) => [os, `${os}-${cpu}`]

/** The message of a command that fails. */
const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => expect.fail('it worked'),
    ({ stderr }) => stderr,
  )

describe('the main package', () => {
  it('depends on the packages of all platforms, in its own version, if they can be installed', () => {
    const wanted = Object.fromEntries(PLATFORMS.map(({ name }: Platform) => [name, manifest.version]))
    expect(manifestOf('fewpoints').optionalDependencies).toEqual(wanted)
    expect(manifest).not.toHaveProperty('optionalDependencies')
  })

  // Yarn and pnpm run node-gyp where they find a binding.gyp.
  it('has no script, nothing for developers, and no binding.gyp', () => {
    const staged = manifestOf('fewpoints')
    for (const name of ['scripts', 'devDependencies', 'private']) expect(staged).not.toHaveProperty(name)
    expect(readdirSync(join(packages, 'fewpoints'))).not.toContain('binding.gyp')
    expect(staged.dependencies).toEqual(manifest.dependencies)
  })

  it('passes publint', async () => {
    for (const name of readdirSync(packages).filter((name) => name.endsWith('.tgz'))) {
      const { buffer } = new Uint8Array(readFileSync(join(packages, name)))
      const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true })
      expect(messages.map((message) => `${name}: ${formatMessage(message, pkg)}`)).toEqual([])
    }
  })

  // Every Node that the package is for can require() its modules; the rule is for older ones. node10 knows no exports. A
  // WebAssembly module has no types.
  it('passes arethetypeswrong', async () => {
    const attw = join(PACKAGE_ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const options = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-color']
    const entries = ['--exclude-entrypoints', './fewpoints.wasm']
    const { stdout } = await run(process.execPath, [attw, tarballOf(packages, manifest), ...options, ...entries])
    expect(stdout).toContain('No problems found')
  })
})

describe('the package of a platform', () => {
  it.each(PLATFORMS.map((platform: Platform) => [shortName(platform), platform] as const))('%s', (name, platform) => {
    const { os, cpu, libc } = platform
    const staged = manifestOf(name)
    expect(staged).toMatchObject({
      name: platform.name,
      version: manifest.version,
      license: 'MIT',
      os: [os],
      cpu: [cpu],
    })
    expect(staged.libc).toEqual(libc === undefined ? undefined : [libc])
    expect(staged).not.toHaveProperty('scripts')
    expect(read(name, staged.main)).toBe(`made up for ${platform.name}\n`)
    expect(readdirSync(join(packages, name)).sort()).toEqual(
      ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.md', 'package.json', 'prebuilds'].sort(),
    )
    expect(readdirSync(join(packages, name, 'prebuilds', `${os}-${cpu}`))).toHaveLength(1)
  })

  it.each([
    ['linux', 'x64', 'glibc'],
    ['linux', 'arm64', 'musl'],
    ['darwin', 'arm64', undefined],
    ['win32', 'x64', undefined],
    ['freebsd', 'x64', undefined],
  ])('is the one that npm installs on %s %s %s', async (os, cpu, libc) => {
    const app = join(folder, 'apps', [os, cpu, libc].join('-'))
    const optionalDependencies = Object.fromEntries(
      PLATFORMS.map((platform: Platform) => [platform.name, tarballOf(packages, platform)]),
    )
    const options = [`--os=${os}`, `--cpu=${cpu}`, ...(libc === undefined ? [] : [`--libc=${libc}`])]
    await install(app, { optionalDependencies }, ...options)
    const fitting = PLATFORMS.filter((platform: Platform) => platform.os === os && platform.cpu === cpu)
    const wanted = fitting.filter((platform: Platform) => platform.libc === libc).map(shortName)
    const scope = join(app, 'node_modules/@fewpoints')
    expect(wanted.length === 0 ? [] : readdirSync(scope)).toEqual(wanted)
  })
})

describe('the notices', () => {
  it.each<[string, string[]]>([
    ['fewpoints', ['wasm']],
    ...PLATFORMS.map((platform: Platform): [string, string[]] => [shortName(platform), kindsOf(platform)]),
  ])('of %s name every library inside, and no other', (name, kinds) => {
    const text = read(name, 'THIRD-PARTY-NOTICES.md')
    const inside = librariesInside(...kinds)
    for (const library of inside) expect(text).toContain(licenceText(library).trimEnd())
    const named = [...text.matchAll(/^- (.*) \(\S.*\): /gm)].map(([, name]) => name)
    expect(named).toEqual(inside.map(({ name }) => name))
  })

  it('name the libraries of the compiler: GCC builds for Windows and from source, zig the others', () => {
    const [gcc, zig] = ['libstdc++, libgcc', 'compiler_rt of Zig']
    const compilers = (...kinds: string[]) =>
      librariesInside(...kinds).flatMap(({ name }) => ([gcc, zig].includes(name) ? [name] : []))
    expect(compilers('win32')).toEqual([gcc])
    expect(compilers('source')).toEqual([gcc])
    expect(compilers('linux')).toEqual([zig])
    expect(compilers('darwin')).toEqual([zig])
    expect(notices('win32')).toContain('GCC RUNTIME LIBRARY EXCEPTION')
  })

  it('have a text per library, and no text without one', () => {
    const texts = readdirSync(join(PACKAGE_ROOT, 'packages/licenses'))
    expect(texts.sort()).toEqual(LIBRARIES.map(({ text }) => text).sort())
    for (const library of LIBRARIES) expect(licenceText(library).length).toBeGreaterThan(500)
  })

  it('leave out no library whose mark a binary has', () => {
    const made = PLATFORMS.map((platform: Platform) => ({
      kinds: kindsOf(platform),
      path: join(PACKAGE_ROOT, 'build/prebuilds', platform.binary),
    })).filter(({ path }) => existsSync(path))
    const builds = [
      ...made,
      { kinds: [process.platform, 'source'], path: findBinaries(PACKAGE_ROOT).binaries[0] },
      { kinds: ['wasm'], path: join(PACKAGE_ROOT, 'dist/wasm/fewpoints.wasm') },
    ]
    for (const { kinds, path } of builds) {
      const bytes = readFileSync(path)
      const marked = LIBRARIES.filter(({ mark }) => mark !== undefined && bytes.includes(mark))
      expect(marked.length).toBeGreaterThan(0)
      expect(marked.filter((library) => !librariesInside(...kinds).includes(library)).map(({ name }) => name)).toEqual(
        [],
      )
    }
  })

  it('are in the bill of materials, beside all dependencies', () => {
    const { components, metadata } = JSON.parse(read('sbom.cdx.json'))
    const names = components.map(({ name }: { name: string }) => name)
    expect(metadata.component).toMatchObject({ name: manifest.name, version: manifest.version })
    expect(names).toEqual(
      expect.arrayContaining([
        ...Object.keys(manifest.dependencies),
        ...librariesInside('linux-x64', 'win32', 'darwin', 'wasm').map(({ name }) => name),
      ]),
    )
    expect(
      names.filter(
        (name: string) => name in manifest.devDependencies && name !== 'node-addon-api' && name !== 'emnapi',
      ),
    ).toEqual([])
    for (const { name, licenses } of components) expect(licenses, name).toHaveLength(1)
  })
})

describe('npm run stage', () => {
  it('writes the checksums of all that it packs', () => {
    const lines = read('SHA256SUMS').trim().split('\n')
    const packed = readdirSync(packages).filter((name) => /\.(tgz|json)$/.test(name))
    expect(lines).toEqual(
      packed
        .sort()
        .map((name) => `${sha256(join(packages, name))}  ${name}`)
        .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)),
    )
    expect(packed).toHaveLength(PLATFORMS.length + 2)
  })

  it('makes the same bytes again', async () => {
    const again = join(folder, 'again')
    await stage(again, '--prebuilds', prebuilds, '--platforms', shortName(PLATFORMS[1]))
    const lines = readFileSync(join(again, 'SHA256SUMS'), 'utf8').trim().split('\n')
    expect(lines).toHaveLength(3)
    expect(read('SHA256SUMS').split('\n')).toEqual(expect.arrayContaining(lines))
  })

  it('refuses when a binary is missing, with its name', async () => {
    const message = await failure(stage(join(folder, 'never'), '--prebuilds', join(folder, 'none')))
    const lines = message.trim().split('\n')
    expect(lines).toHaveLength(PLATFORMS.length)
    for (const { binary } of PLATFORMS)
      expect(lines).toContain(`${join(folder, 'none', binary)} is missing: npm run prebuild makes it.`)
  })

  it('refuses a binary of more than 8 MB', async () => {
    const large = join(folder, 'large')
    cpSync(prebuilds, large, { recursive: true })
    truncateSync(join(large, PLATFORMS[0].binary), 8_000_001)
    const message = await failure(stage(join(folder, 'never'), '--prebuilds', large))
    expect(message.trim()).toBe(
      `${join(large, PLATFORMS[0].binary)} has 8000001 bytes, more than the 8000000 that a binary may have.`,
    )
  })

  it('refuses binaries that are not those of the checksums', async () => {
    const changed = join(folder, 'changed')
    cpSync(prebuilds, changed, { recursive: true })
    const sums = PLATFORMS.map(({ binary }: Platform) => `${sha256(join(changed, binary))}  ${binary}\n`)
    writeFileSync(join(changed, 'checksums'), sums.join(''))
    const staging = () => stage(join(folder, 'checked'), '--prebuilds', changed, '--platforms', shortName(PLATFORMS[3]))
    await staging()
    writeFileSync(join(changed, PLATFORMS[3].binary), 'another')
    const message = await failure(staging())
    expect(message).toContain(`${join(changed, PLATFORMS[3].binary)} is not the file that`)
    expect(message.trim().split('\n')).toHaveLength(1)
  })
})

describe('npm pack in the repository', () => {
  it('fails with a sentence', async () => {
    const options = { cwd: PACKAGE_ROOT, shell: process.platform === 'win32' }
    const message = await failure(run('npm', ['pack', '--pack-destination', folder], options))
    expect(message).toContain('npm run stage packs them')
    expect(readdirSync(folder).filter((name) => name.endsWith('.tgz'))).toEqual([])
  })

  it('says what is missing, and which versions do not agree', () => {
    const root = join(folder, 'clone')
    mkdirSync(root)
    const write = (name: string, value: object) => writeFileSync(join(root, name), JSON.stringify(value))
    write('package.json', { version: '1.2', optionalDependencies: {} })
    write('package-lock.json', { version: '1.2.3' })
    const missing = missingOf(root, { platforms: [] })
    expect(missing).toEqual([
      `${join(root, 'dist/index.js')} is missing: npx tsc makes it.`,
      `${join(root, 'dist/index.d.ts')} is missing: npx tsc makes it.`,
      `${join(root, 'dist/wasm/fewpoints.wasm')} is missing: npm run prebuild makes it.`,
      "package.json has the version '1.2', and a release needs one like 1.2.3.",
      'package-lock.json has the version 1.2.3, package.json has 1.2: npm install.',
      'package.json has optionalDependencies: npm run stage adds those of a release.',
    ])
  })
})
