// The examples of the README are run as they stand there, and print what is written below them.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** What the example of a section prints, and what the README says that it does; as numbers, of the shape that it has. */
function outputsOf(section: string, shape: RegExp): { printed: number[]; promised: number[] } {
  const example = new RegExp(`## ${section}\\n+\`\`\`js\\n(.*?)\`\`\`\\n+It prints[^\\n]*\\n+\`\`\`\\n(.*?)\`\`\``, 's')
  const [, code, output] = readme.match(example) ?? []
  // Inside the package's own folder `fewpoints` means the package itself.
  const options = { cwd: root, encoding: 'utf8' } as const
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', String(code)], options)
  const [one, other] = [printed, String(output)].map((text) => {
    expect(text).toMatch(shape)
    return (text.match(shape) as RegExpMatchArray).slice(1).map(Number)
  })
  return { printed: one, promised: other }
}

// Which points are chosen, and so the numbers, may differ from processor to processor.

test('the first example prints what the README says', () => {
  const { printed, promised } = outputsOf(
    'Example',
    /^(\d+) points; moments within 50 machine epsilons: true\nsum of exp\(x y\), relative error: (\S+)\n$/,
  )
  expect(printed[0]).toBeLessThanOrEqual(1000)
  expect(Math.abs(printed[0] - promised[0])).toBeLessThan(50)
  expect(printed[1]).toBeLessThan(1e-5)
  expect(promised[1]).toBeLessThan(1e-5)
})

test('the example of training, too', () => {
  const line = '(\\d+) neurons: loss on all rows (\\S+) -> (\\S+), (\\d+) ms\\n'
  const { printed, promised } = outputsOf('Training', new RegExp(`^${line}${line}$`))
  for (const [width, start, end, time, fewer, startOfFew, endOfFew, less] of [printed, promised]) {
    expect([width, start, end]).toEqual([1000, promised[1], promised[2]])
    expect(fewer).toBeLessThanOrEqual(100)
    expect(Math.abs(startOfFew / start - 1)).toBeLessThan(0.03)
    expect(Math.abs(endOfFew / end - 1)).toBeLessThan(0.05)
    expect(less).toBeLessThan(time / 5)
  }
})
