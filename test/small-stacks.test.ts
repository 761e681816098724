// musl gives a thread 128 KiB of stack, where glibc gives 8 MiB. More on the stack would end the process there.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const program = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url))

it.runIf(process.platform === 'linux')('threads with 128 KiB of stack compute the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-stacks-'))
  try {
    const library = join(folder, 'small-stacks.so')
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, program('small-stacks.c')])
    const run = (env = {}) =>
      execFileSync(process.execPath, [program('small-stacks.mjs')], { env: { ...process.env, ...env } }).toString()
    const usual = run()
    expect(usual).toMatch(/^[0-9a-f]{64}$/)
    expect(run({ LD_PRELOAD: library })).toBe(usual)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
