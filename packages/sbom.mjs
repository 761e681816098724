// The bill of materials of a release in CycloneDX: npm's own of what is installed, and the libraries inside of the builds.
import { execFileSync } from 'node:child_process'
import { LIBRARIES } from './third-party.mjs'

export function billOfMaterials(root) {
  const args = [
    'sbom',
    '--package-lock-only',
    '--omit=dev',
    '--omit=peer',
    '--sbom-format=cyclonedx',
    '--sbom-type=library',
  ]
  const text = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    shell: process.platform === 'win32',
  })
  const bill = JSON.parse(text)
  // Both are new in every run, and a release has the same bytes when it is made twice.
  delete bill.serialNumber
  delete bill.metadata.timestamp
  bill.components.push(
    ...LIBRARIES.map(({ name, licence, about, inside }) => ({
      type: 'library',
      'bom-ref': `linked:${name}`,
      name,
      description: about,
      scope: 'required',
      licenses: [{ expression: licence }],
      properties: [{ name: 'fewpoints:inside', value: inside.join(' ') }],
    })),
  )
  return `${JSON.stringify(bill, null, 2)}\n`
}
