// The demo and the benchmarks in small, run as they are run by hand.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
}

test('the demo compresses, verifies, compares and draws', () => {
  const out = mkdtempSync(join(tmpdir(), 'fewpoints-demo-'))
  onTestFinished(() => rmSync(out, { recursive: true }))
  const printed = run('demo/demo.mjs', '--rows', '20000', '--size', '1000', '--out', out)
  expect(printed).toContain('same moments up to order 5')

  // name, whole record, kept rows, relative error, that of random rows
  const [, kept, rest] = printed.split(/^kept: .*|^not promised.*/m)
  const errors = [...kept.matchAll(/^ {2}\S.*?(\S+) +(\S+)$/gm)].map(([, few, random]) => [Number(few), Number(random)])
  expect(errors.length).toBe(9)
  for (const [few, random] of errors) {
    expect(few).toBeLessThan(1e-11)
    expect(random).toBeGreaterThan(1e-4)
  }
  expect(rest).toContain('quantile')

  const svg = readFileSync(join(out, 'picture.svg'), 'utf8')
  expect(svg).toContain('wind speed (m/s)')
  expect(svg).toContain('rows kept')
  const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  expect([...readFileSync(join(out, 'picture.png')).subarray(0, 8)]).toEqual(pngSignature)
})

test.each(['throughput', 'threads'])('the benchmark %s measures every case', (name) => {
  const record = JSON.parse(run('bench/run.mjs', name, '--small', '--trials', '1', '--threads', '1', '--json'))
  expect(record.machine.instructionSet).toEqual(expect.any(String))
  expect(record.results.length).toBeGreaterThanOrEqual(4)
  for (const result of record.results) expect(result.total).toBeGreaterThan(0)
  if (name === 'throughput') {
    for (const { residual, count, size, memory, memoryBound } of record.results) {
      expect(residual).toBeLessThanOrEqual(50)
      expect(count).toBeLessThanOrEqual(size)
      expect(memory).toBeLessThanOrEqual(memoryBound)
    }
  }
})

test('an unknown benchmark is refused with the names that there are', () => {
  let message = ''
  try {
    execFileSync(process.execPath, ['bench/run.mjs', 'speed'], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    message = (error as { stderr: string }).stderr
  }
  expect(message).toMatch(/NAME is one of .*residual, .*threads, .*throughput/)
})
