// The example of the README is run as it stands there, and prints what is written below it.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Which points are chosen, and so the numbers, may differ from processor to processor. */
function numbersIn(output: string): { points: number; error: number } {
  const shape = /^(\d+) points; moments within 50 machine epsilons: true\nsum of exp\(x y\), relative error: (\S+)\n$/
  expect(output).toMatch(shape)
  const [, points, error] = output.match(shape) as RegExpMatchArray
  return { points: Number(points), error: Number(error) }
}

test('the example of the README prints what the README says', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, code, output] = readme.match(/## Example\n+```js\n(.*?)```\n+It prints[^\n]*\n+```\n(.*?)```/s) ?? []
  // Inside the package's own folder `fewpoints` means the package itself.
  const options = { cwd: root, encoding: 'utf8' } as const
  const printed = numbersIn(execFileSync(process.execPath, ['--input-type=module', '--eval', String(code)], options))
  const promised = numbersIn(String(output))
  expect(printed.points).toBeLessThanOrEqual(1000)
  expect(Math.abs(printed.points - promised.points)).toBeLessThan(50)
  expect(printed.error).toBeLessThan(1e-5)
  expect(promised.error).toBeLessThan(1e-5)
})
