// npm pack and npm publish call this in the repository (prepack). They must not make a package there: it would lack the
// packages with the binaries. npm run stage makes all of them.
import { fileURLToPath } from 'node:url'
import { missingOf } from './complete.mjs'

const missing = missingOf(fileURLToPath(new URL('..', import.meta.url)))
console.error(
  [
    '',
    'fewpoints is not packed here, because its native binaries are packages of their own: npm run prebuild builds',
    'them, npm run stage packs them and the main package into build/packages/*.tgz.',
    ...missing.slice(0, 1).map((first) => `${missing.length} things are missing for that, the first: ${first}`),
    '',
  ].join('\n'),
)
process.exitCode = 1
