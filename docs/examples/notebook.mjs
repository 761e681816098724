// Runs the examples of this folder: the blocks of js of a document are one program, and the block of no language after one
// of them is what it prints. `node docs/examples/notebook.mjs [NAME...]` prints the outputs and draws nothing. `--write`
// puts them into the documents and renews the figures. `--figures FOLDER` draws the figures there.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FIGURES } from './figures.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = join(HERE, '../..')
const END_OF_CELL = '\u001e'
const CELL = /^```js\n([\s\S]*?)^```$(\n\n```\n[\s\S]*?^```$)?/gm

/** What each block of js prints, and the SVG of the figure if it is asked for. */
function run(name, markdown, withFigure) {
  const cells = [...markdown.matchAll(CELL)].map(([, code]) => code)
  const program = cells.map((code) => `${code}\nprocess.stdout.write('${END_OF_CELL}')\n`).join('')
  const drawing = withFigure ? drawingOf(name) : ''
  // In the package's own folder, `fewpoints` is the package itself.
  const args = ['--input-type=module', '--eval', program + drawing]
  const printed = execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 })
  const parts = printed.split(END_OF_CELL)
  return { outputs: parts.slice(0, cells.length), svg: parts[cells.length] }
}

/** The end of the program: hands its variables to the function that draws the figure. */
const drawingOf = (name) => `
import { FIGURES } from './docs/examples/figures.mjs'
import { openRenderer } from './dist/plot/render.js'
const specification = await FIGURES['${name}'].figure({ ${FIGURES[name].uses.join(', ')} })
process.stdout.write(await (await openRenderer({ forPng: false })).svg(specification))
`

function withOutputs(markdown, outputs) {
  let cell = 0
  return markdown.replaceAll(CELL, (_, code) => {
    const printed = outputs[cell++].trimEnd()
    return `\`\`\`js\n${code}\`\`\`${printed === '' ? '' : `\n\n\`\`\`\n${printed}\n\`\`\``}`
  })
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' }, figures: { type: 'string' } },
})
const all = readdirSync(HERE).filter((file) => file.endsWith('.md') && file !== 'README.md')
const names = positionals.length > 0 ? positionals : all.map((file) => basename(file, '.md'))
for (const name of names) {
  const file = join(HERE, `${name}.md`)
  const markdown = readFileSync(file, 'utf8')
  const folder = values.write ? HERE : values.figures
  const { outputs, svg } = run(name, markdown, folder !== undefined)
  process.stdout.write(`== ${name}\n${outputs.join('')}`)
  if (values.write) writeFileSync(file, withOutputs(markdown, outputs))
  if (folder !== undefined) writeFileSync(join(folder, `${name}.svg`), `${svg}\n`)
}
