// The example in small, run as it is run by hand.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

test('few neurons train on like all of them, and far more so than a random subset', (context) => {
  const out = mkdtempSync(join(tmpdir(), 'fewpoints-tensorflow-'))
  context.after(() => rmSync(out, { recursive: true }))
  const program = fileURLToPath(new URL('main.mjs', import.meta.url))
  const printed = execFileSync(process.execPath, [program, '--small', '--out', out], { encoding: 'utf8' })
  assert.match(printed, /ms a step/)

  const curves = new Map()
  const [, ...lines] = readFileSync(join(out, 'loss.csv'), 'utf8').trim().split('\n')
  for (const line of lines) {
    const [run, epoch, loss, distance] = JSON.parse(`[${line}]`)
    if (!curves.has(run)) curves.set(run, [])
    curves.get(run).push({ epoch, loss, distance })
  }
  const [wide, few, random] = curves.values()
  assert.deepEqual(
    wide.map(({ epoch }) => epoch),
    Array.from({ length: 17 }, (_, epoch) => epoch),
  )
  assert.ok(wide.at(-1).loss < 0.7 * wide[0].loss)
  assert.equal(few.length, 9)
  for (const [i, { epoch, loss, distance }] of few.entries()) {
    assert.ok(Math.abs(loss / wide[epoch].loss - 1) < 0.05, `epoch ${epoch}: loss ${loss}, not ${wide[epoch].loss}`)
    assert.ok(distance < 0.1 && distance < random[i].distance / 3, `epoch ${epoch}: distance ${distance}`)
  }

  assert.match(readFileSync(join(out, 'loss.svg'), 'utf8'), /by compressNetwork/)
  const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  assert.deepEqual([...readFileSync(join(out, 'loss.png')).subarray(0, 8)], pngSignature)
})
