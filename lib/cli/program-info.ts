// What the program says of itself: fewpoints --version, and fewpoints info without a file.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../native/addon.js'
import { type Info, info } from '../native/info.js'
import { listing, printJson } from './report.js'

export function version(): string {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version
}

/** '0.1.0 (native, linux-x64 glibc)'; a second line says why the native binary was not taken. */
export function versionText(): string {
  let told: Info
  try {
    told = info()
  } catch (error) {
    return `${version()} (cannot compute here)\n${error instanceof Error ? error.message : error}\n`
  }
  const { backend, platform, fallback } = told
  return `${version()} (${backend}, ${platform})\n${fallback === undefined ? '' : `${fallback}\n`}`
}

export function programInfo(json: boolean): void {
  const told = info()
  const { backend, platform, instructionSet, binary, fallback } = told
  if (json) {
    printJson({ command: 'info', version: version(), node: process.versions.node, ...told })
    return
  }
  process.stdout.write(
    listing([
      ['version', version()],
      ['computes by', backend === 'native' ? `native code, ${instructionSet}` : 'WebAssembly'],
      ...(binary === undefined ? [] : [['binary', binary] as const]),
      ...(fallback === undefined ? [] : [['passed over', fallback] as const]),
      ['platform', `${platform}, Node ${process.versions.node}`],
    ]),
  )
}
