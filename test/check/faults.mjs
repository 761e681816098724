// npm run check:faults [-- --short] [threads] [memory] [address] [disk] [kill] [signals]
//
// Checks the process when the system fails: threads that cannot be started, allocations that fail, an address space that
// is too small, a disk that is full or broken, kill -9 and signals at any moment. Every call must give the right answer or an error with a
// code. Every command must leave the right file or the old one. There must be no crash, no hang and no part of a file.
// Prints one line of counts per kind. Exits with 1 when anything else happened. Needs Linux and gcc.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disk } from './faults-disk.mjs'
import { kill, signals } from './faults-kill.mjs'
import { address, memory, threads } from './faults-process.mjs'

const KINDS = { threads, memory, address, disk, kill, signals }
const words = process.argv.slice(2)
const chosen = words.filter((word) => word in KINDS)
const unknown = words.filter((word) => !(word in KINDS) && word !== '--short')
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}; known are --short and ${Object.keys(KINDS).join(' ')}`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'fewpoints-faults-'))
let wrong = 0
try {
  for (const kind of chosen.length > 0 ? chosen : Object.keys(KINDS)) {
    const { counts, failures } = await KINDS[kind]({ folder, short: words.includes('--short') })
    const listed = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
    console.log(`${kind}: ${listed.join(', ')}; anything else: ${failures.length}`)
    for (const failure of failures) console.log(`  ${failure}`)
    wrong += failures.length
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = wrong === 0 ? 0 : 1
