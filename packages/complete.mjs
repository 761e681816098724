// Whether everything is there that a release consists of.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PLATFORMS } from './platforms.mjs'

/** The largest binary, in bytes: what an install downloads and keeps. */
const LARGEST = 8_000_000

/** What is missing for packing the repository in `root`, one sentence per thing. */
export function missingOf(root, { prebuilds = join(root, 'build/prebuilds'), platforms = PLATFORMS } = {}) {
  const file = (path, command) => (existsSync(path) ? [] : [`${path} is missing: ${command} makes it.`])
  return [
    ...file(join(root, 'dist/index.js'), 'npx tsc'),
    ...file(join(root, 'dist/index.d.ts'), 'npx tsc'),
    ...file(join(root, 'dist/wasm/fewpoints.wasm'), 'npm run prebuild'),
    ...platforms.flatMap(({ binary }) => file(join(prebuilds, binary), 'npm run prebuild')),
    ...platforms.flatMap(({ binary }) => sizeFaults(join(prebuilds, binary))),
    ...versionFaults(root),
  ]
}

function sizeFaults(binary) {
  const size = statSync(binary, { throwIfNoEntry: false })?.size ?? 0
  return size <= LARGEST ? [] : [`${binary} has ${size} bytes, more than the ${LARGEST} that a binary may have.`]
}

function versionFaults(root) {
  const [manifest, lock] = ['package.json', 'package-lock.json'].map((name) =>
    JSON.parse(readFileSync(join(root, name), 'utf8')),
  )
  const faults = []
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(manifest.version ?? ''))
    faults.push(`package.json has the version '${manifest.version}', and a release needs one like 1.2.3.`)
  if (manifest.version !== lock.version)
    faults.push(`package-lock.json has the version ${lock.version}, package.json has ${manifest.version}: npm install.`)
  if (manifest.optionalDependencies !== undefined)
    faults.push('package.json has optionalDependencies: npm run stage adds those of a release.')
  return faults
}
