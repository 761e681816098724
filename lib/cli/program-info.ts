// What the program says of itself: fewpoints --version, and fewpoints info without a file.
import { type Info, info } from '../native/info.js'
import { packageVersion } from '../native/version.js'
import { listing, printJson } from './report.js'

/** '0.1.0 (native, linux-x64 glibc)'; a second line says why the native binary was not taken. */
export function versionText(): string {
  let told: Info
  try {
    told = info()
  } catch (error) {
    return `${packageVersion()} (cannot compute here)\n${error instanceof Error ? error.message : error}\n`
  }
  const { backend, platform, fallback } = told
  return `${packageVersion()} (${backend}, ${platform})\n${fallback === undefined ? '' : `${fallback}\n`}`
}

export function programInfo(json: boolean): void {
  const told = info()
  const { backend, platform, instructionSet, binary, fallback } = told
  if (json) {
    printJson({ command: 'info', version: packageVersion(), node: process.versions.node, ...told })
    return
  }
  process.stdout.write(
    listing([
      ['version', packageVersion()],
      ['computes by', backend === 'native' ? `native code, ${instructionSet}` : 'WebAssembly'],
      ...(binary === undefined ? [] : [['binary', binary] as const]),
      ...(fallback === undefined ? [] : [['passed over', fallback] as const]),
      ['platform', `${platform}, Node ${process.versions.node}`],
    ]),
  )
}
