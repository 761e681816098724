// The documents: every example runs and prints the output that the document shows, the numbers of the README are those
// of the demo, all links work, and all files and commands that are named exist.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { anchorsOf, blocksOf, codeOf, linksOf, markdownFiles } from './markdown.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'fewpoints-docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (file: string) => readFileSync(join(root, file), 'utf8')
const FILES = markdownFiles(root)
/** The documents whose blocks of code are one program, like the cells of a notebook. */
const NOTEBOOKS = FILES.filter((file) => dirname(file) === 'docs/examples' && !file.endsWith('README.md'))
/** The documents whose examples run on their own. The others show parts of programs. */
const WITH_EXAMPLES = FILES.filter(
  (file) => (file === 'README.md' || file.startsWith('docs/')) && !NOTEBOOKS.includes(file),
)

function node(args: string[], cwd = root): string {
  return execFileSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
}

// ---- comparing printed output with promised output

const NUMBER = /-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?/g
const MOST_EPSILONS = 50
const numberIn = (text: string) => Number(text.replaceAll(',', ''))

/**
 * Whether two lines say the same. The chosen points, and so the numbers, may differ between processors. Times are not
 * compared. Errors, which have an exponent, may be up to a hundred times as large. Residuals in epsilons must be within
 * their bound. All other numbers must agree to a tenth.
 */
function agrees(printed: string, promised: string): boolean {
  const [one, other] = [printed, promised].map((line) =>
    line.replaceAll(/\d[\d.]* m?s\b/g, 'TIME').replaceAll(/ +/g, ' '),
  )
  if (one.replaceAll(NUMBER, '#').trim() !== other.replaceAll(NUMBER, '#').trim()) return false
  const wanted = [...other.matchAll(NUMBER)]
  return [...one.matchAll(NUMBER)].every((match, i) => {
    const [value, goal] = [numberIn(match[0]), numberIn(wanted[i][0])]
    if (one.startsWith(' epsilons', match.index + match[0].length)) return value <= MOST_EPSILONS
    if (/e[-+]?\d/.test(wanted[i][0])) return Math.abs(value) <= 100 * Math.abs(goal)
    return Math.abs(value - goal) <= 0.1 * Math.abs(goal)
  })
}

const linesOf = (text: string) => text.trimEnd().split('\n')

describe('agrees', () => {
  it.each([
    ['990 points, error 8e-8', '1,020 points, error 2e-7'],
    ['time 1.15 s: read 770 ms', 'time 930 ms: read 1.2 s'],
    ['residual      1.38 epsilons (3.1e-16)', 'residual  20.1 epsilons (4.5e-15)'],
  ])('lets %j stand for %j', (promised, printed) => expect(agrees(printed, promised)).toBe(true))

  it.each([
    ['990 points', '800 points'],
    ['error 8e-8', 'error 1e-4'],
    ['residual 1.38 epsilons', 'residual 61 epsilons'],
    ['moments within 50 machine epsilons: true', 'moments within 50 machine epsilons: false'],
    ['120 points, 50 neurons', '120 points'],
  ])('does not let %j stand for %j', (promised, printed) => expect(agrees(printed, promised)).toBe(false))
})

interface Example {
  code: string
  /** Undefined: the example only has to run. */
  promised: string[] | undefined
  mayVary: boolean
}

/** The js blocks. The output of an example is in comments after its calls of console.log(), or in the next block. */
function examplesOf(markdown: string): Example[] {
  const blocks = blocksOf(markdown)
  return blocks.flatMap(({ kind, text }, i): Example[] => {
    if (kind !== 'js') return []
    const beside = [...text.matchAll(/^\s*console\.log\(.*\) \/\/ (.*)$/gm)].map(([, output]) => output)
    if (beside.length > 0) return [{ code: text, promised: beside, mayVary: false }]
    const next = blocks.at(i + 1)
    const isOutput = next?.kind === '' && !next.introduction.includes('\n\n')
    if (!next || !isOutput) return [{ code: text, promised: undefined, mayVary: false }]
    return [{ code: text, promised: linesOf(next.text), mayVary: next.introduction.includes('vary') }]
  })
}

describe.each(WITH_EXAMPLES.filter((file) => examplesOf(read(file)).length > 0))('the examples of %s', (file) => {
  const examples = examplesOf(read(file))
  it.each(examples.map((example, i) => [i + 1, example] as const))('%i', (_, { code, promised, mayVary }) => {
    // In the package's own folder, `fewpoints` is the package itself.
    const printed = linesOf(node(['--input-type=module', '--eval', code]))
    if (promised === undefined) return
    if (!mayVary) return expect(printed).toEqual(promised)
    expect(printed.length).toBe(promised.length)
    for (const [line, text] of printed.entries()) {
      expect(agrees(text, promised[line]), `printed:  ${text}\npromised: ${promised[line]}`).toBe(true)
    }
  })
})

describe('the notebooks of docs/examples', () => {
  const END_OF_CELL = '\u001e'

  it.each(NOTEBOOKS)('%s prints what it shows', (file) => {
    const blocks = blocksOf(read(file))
    const cells = blocks.flatMap(({ kind, text }, i) => {
      if (kind !== 'js') return []
      const next = blocks.at(i + 1)
      const promised = next?.kind === '' && next.introduction === '' ? linesOf(next.text) : []
      return [{ code: text, promised }]
    })
    expect(cells.length).toBeGreaterThan(3)
    expect(cells.length + cells.filter(({ promised }) => promised.length > 0).length).toBe(blocks.length)
    const program = cells.map(({ code }) => `${code}\nprocess.stdout.write('${END_OF_CELL}')\n`).join('')
    const printed = node(['--input-type=module', '--eval', program]).split(END_OF_CELL)
    for (const [i, { promised }] of cells.entries()) {
      const lines = printed[i] === '' ? [] : linesOf(printed[i])
      expect(lines.length, printed[i]).toBe(promised.length)
      for (const [line, text] of lines.entries()) {
        expect(agrees(text, promised[line]), `printed:  ${text}\npromised: ${promised[line]}`).toBe(true)
      }
    }
  })

  it('show figures that their command draws', () => {
    node(['docs/examples/notebook.mjs', '--figures', folder])
    const textsOf = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)/g)].map(([, text]) => text)
    const shapesOf = (svg: string) => svg.match(/<path/g)?.length ?? 0
    for (const name of NOTEBOOKS.map((file) => basename(file, '.md'))) {
      expect(read(`docs/examples/${name}.md`)).toContain(`](${name}.svg)`)
      const shown = read(`docs/examples/${name}.svg`)
      const drawn = readFileSync(join(folder, `${name}.svg`), 'utf8')
      expect(shown.length, name).toBeLessThan(60_000)
      expect(textsOf(shown).length, name).toBeGreaterThan(5)
      expect(textsOf(drawn).length, name).toBe(textsOf(shown).length)
      for (const [i, text] of textsOf(drawn).entries()) {
        expect(agrees(text, textsOf(shown)[i]), `${name}: ${text}, not ${textsOf(shown)[i]}`).toBe(true)
      }
      expect(Math.abs(shapesOf(drawn) / shapesOf(shown) - 1), name).toBeLessThan(0.2)
    }
  })
})

describe('what documents show of the demo and of the command line', () => {
  const demo = join(folder, 'demo')
  let table = ''
  beforeAll(() => {
    table = node(['demo/demo.mjs', '--out', demo])
  })

  it('the table of the README is that of the demo', () => {
    // name, whole record, kept rows, relative error, that of k-means centroids, that of random rows
    const lines = [...table.matchAll(/^ {2}(\S.*?) {2,}\S+ +\S+ +(\S+) +(\S+) +(\S+)$/gm)]
    const errors = new Map(
      lines.map(([, name, few, means, random]) => [name.replace(/ \([^)]*\)$/, ''), [random, means, few]]),
    )
    const [own] = /^\| \| random rows \| k-means \| fewpoints \|\n(?:\|.*\n)+/m.exec(
      read('README.md'),
    ) as RegExpExecArray
    const rows = [...own.matchAll(/^\| ([^|]+?) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)]
    expect(rows.length).toBe(6)
    for (const [, label, random, means, few] of rows) {
      const printed = errors.get(label.replace(/ \((smooth|a jump)\)$/, '')) as string[]
      expect(printed, label).toBeDefined()
      // The random rows are as many as were kept. That number differs a little between processors, and so do the draws.
      for (const [value, goal] of [
        [printed[0], random],
        [printed[1], means],
      ].map((pair) => pair.map(Number))) {
        if (goal < 1e-14) expect(value, label).toBeLessThan(1e-14)
        else expect(Math.abs(Math.log10(value / goal)), `${label}: ${value}, not ${goal}`).toBeLessThan(1.3)
      }
      // 0 and a few epsilons count as equal.
      expect(Number(printed[2]), label).toBeLessThanOrEqual(Math.max(100 * Number(few), 1e-14))
    }
  })

  const withCommands = WITH_EXAMPLES.filter((file) => blocksOf(read(file)).some(({ kind }) => kind === 'console'))
  it.each(withCommands)('the commands of %s print the output that it shows', (file) => {
    const cwd = join(folder, file.replaceAll('/', '-'))
    mkdirSync(cwd)
    symlinkSync(join(demo, 'measurement.csv'), join(cwd, 'measurement.csv'))
    const consoles = blocksOf(read(file)).filter(({ kind }) => kind === 'console')
    for (const { text } of consoles) {
      const [, ...commands] = text.split(/^\$ fewpoints /m)
      expect(commands.length).toBeGreaterThan(0)
      for (const command of commands) {
        const [words, ...promised] = linesOf(command)
        const printed = linesOf(node([join(root, 'dist/cli/main.js'), ...words.split(' ')], cwd))
        let from = 0
        for (const line of promised) {
          const at = printed.findIndex((other, i) => i >= from && agrees(other, line))
          expect(
            at,
            `fewpoints ${words} prints no line like\n${line}\nbut\n${printed.slice(from).join('\n')}`,
          ).not.toBe(-1)
          from = at + 1
        }
      }
    }
  })
})

// ---- links, files and commands in documents

describe('what documents point to', () => {
  it.each(FILES)('%s links to places that exist', (file) => {
    const dead = linksOf(read(file)).filter((target) => {
      const [path, anchor] = target.split('#')
      const place = path === '' ? file : normalize(join(dirname(file), path))
      if (!existsSync(join(root, place))) return true
      return anchor !== undefined && !anchorsOf(read(place)).includes(anchor)
    })
    expect(dead).toEqual([])
  })

  // The changelog names files of earlier versions.
  it.each(FILES.filter((file) => file !== 'CHANGELOG.md'))('%s names files that exist', (file) => {
    const names = codeOf(read(file)).flatMap(
      (code) => code.match(/(?<![\w./-])(?:native|lib|test|bench|demo|docs|examples|\.ci)\/[\w./-]+/g) ?? [],
    )
    const isMade = (name: string) => /^(demo\/out|bench\/results)(\/|$)/.test(name)
    expect(names.filter((name) => !isMade(name) && !existsSync(join(root, name)))).toEqual([])
  })

  it.each(FILES)('%s names commands that exist', (file) => {
    const commands = codeOf(read(file)).flatMap((code) => [
      ...code.matchAll(/npm run (?:--silent )?([\w:]+)(?: -- ([\w-]+))?/g),
    ])
    const unknown = commands.filter(([, script, name = 'NAME']) => {
      if (!Object.hasOwn(manifest.scripts, script)) return true
      const isCase = script === 'bench' && name !== 'NAME' && name !== 'report'
      return isCase && !existsSync(join(root, 'bench/cases', `${name}.mjs`))
    })
    expect(unknown.map(([command]) => command)).toEqual([])
  })
})
