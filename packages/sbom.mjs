// The bill of materials of a release in CycloneDX: npm's own of what is installed, and the libraries inside of the builds.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LIBRARIES } from './third-party.mjs'

export function billOfMaterials(root) {
  const bill = installed(root)
  // Both are new in every run, and a release has the same bytes when it is made twice.
  delete bill.serialNumber
  delete bill.metadata.timestamp
  bill.components.push(
    ...LIBRARIES.filter(({ inside }) => inside.some((kind) => kind !== 'source')).map(
      ({ name, licence, about, inside }) => ({
        type: 'library',
        'bom-ref': `linked:${name}`,
        name,
        description: about,
        scope: 'required',
        licenses: [{ expression: licence }],
        properties: [{ name: 'fewpoints:inside', value: inside.join(' ') }],
      }),
    ),
  )
  return `${JSON.stringify(bill, null, 2)}\n`
}

/**
 * npm's list of the dependencies. `npm sbom --omit=dev` leaves out what a developer's package needs as well, so npm gets a
 * manifest and a lock file without those. It names the package by the folder.
 */
function installed(root) {
  const [manifest, lock] = ['package.json', 'package-lock.json'].map((name) =>
    JSON.parse(readFileSync(join(root, name))),
  )
  const { name, version, license, description, dependencies } = manifest
  const kept = { name, version, license, description, dependencies }
  const packages = Object.entries(lock.packages).filter(([path, { dev, peer }]) => path !== '' && !dev && !peer)
  const parent = mkdtempSync(join(tmpdir(), 'fewpoints-sbom-'))
  const folder = join(parent, name)
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), JSON.stringify(kept))
    const pruned = { ...lock, packages: { '': kept, ...Object.fromEntries(packages) } }
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(pruned))
    const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=library']
    const shell = process.platform === 'win32'
    return JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26, shell }))
  } finally {
    rmSync(parent, { recursive: true })
  }
}
