// native/kernel/free_support/rules.cpp is what its generator makes. What the rules are exact for is tested in
// native/test/free_rules_test.cpp.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'

const FOLDER = join(PACKAGE_ROOT, 'native', 'kernel', 'free_support')

interface Wanted {
  dimension: number
  order: number
  count: number
  starts: number
}

describe('the rules of free points', () => {
  const file = readFileSync(join(FOLDER, 'rules.cpp'), 'utf8')

  it('are made again bit for bit, those that take little time', async () => {
    const program = `
      const { RULES } = await import('${join(FOLDER, 'generate', 'list.mjs')}')
      const { arraysOf, makeRule } = await import('${join(FOLDER, 'generate', 'main.mjs')}')
      const small = RULES.filter(({ count, dimension }) => count * dimension <= 20)
      console.log(JSON.stringify({ rules: RULES, made: small.map((wanted) => arraysOf(makeRule(wanted))) }))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
    const { rules, made } = JSON.parse(stdout) as { rules: Wanted[]; made: string[] }
    expect(made.length).toBeGreaterThan(5)
    for (const text of made) expect(file).toContain(text)
    const entries = [...file.matchAll(/^ {4}\{(\d+), (\d+), (\d+), kPoints/gm)].map(([, ...entry]) => entry.map(Number))
    expect(entries).toEqual(rules.map(({ dimension, order, count }) => [dimension, order, count]))
  })
})
