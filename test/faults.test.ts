// Failures of the system: the short form of npm run check:faults, each kind in a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const CHECK = fileURLToPath(new URL('check/faults.mjs', import.meta.url))

describe.skipIf(process.platform !== 'linux')('faults of the system', () => {
  it.each([
    ['threads', 'threads that cannot be started'],
    ['memory', 'allocations that fail'],
    ['disk', 'an output that cannot be written'],
    ['kill', 'kill -9 while an output is replaced'],
    ['signals', 'signals at any moment, and streams that are closed'],
  ])(
    '%s: %s',
    async (kind) => {
      const child = spawn(process.execPath, [CHECK, '--short', kind], { stdio: ['ignore', 'pipe', 'pipe'] })
      const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
      expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(new RegExp(`^${kind}: [1-9]\\d* processes, .*; anything else: 0\n$`))
    },
    600_000,
  )
})
