// Memory of a process that makes many calls: the copies of the input are freed when a job ends, and large arrays go back
// to the system.
import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'

const ROWS = 262_144
const COLUMNS = 3
const INPUT = (ROWS * COLUMNS * 8) / 2 ** 20 // MiB

/** The resident memory, in MiB, after 20 calls, and the largest after any of the calls that follow. */
function memoryOf(call: string): { early: number; largest: number } {
  const program = `
    import { ${call} } from 'fewpoints'
    const dimension = ${COLUMNS}
    const points = Float64Array.from({ length: ${ROWS} * dimension }, Math.random)
    let early = 0, largest = 0
    for (let i = 0; i < 60; i++) {
      await ${call}(points, { dimension, order: 3${call === 'compress' ? ', size: 1000' : ''} })
      const now = process.memoryUsage().rss / 2 ** 20
      if (i < 20) early = Math.max(early, now)
      else largest = Math.max(largest, now)
    }
    process.stdout.write(JSON.stringify({ early, largest }))
  `
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return JSON.parse(stdout)
}

it.each(['compress', 'moments'])('does not grow with the number of calls of %s()', (call) => {
  const { early, largest } = memoryOf(call)
  expect(early).toBeGreaterThan(INPUT)
  expect(largest - early).toBeLessThan(5 * INPUT)
})
