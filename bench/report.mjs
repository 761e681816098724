// Makes one page of all results, which needs no other file: figures, captions, the printed tables, machine and options.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inWords } from './machine.mjs'
import { drawFigures, writeWhole } from './store.mjs'

const STYLE = `
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.25rem 4rem; font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 1px solid #ddd; }
nav a { display: inline-block; margin: .1rem 1rem .1rem 0; padding: .35rem 0; }
figure { margin: 1rem 0 1.5rem; }
.scroll { overflow-x: auto; }
/* On a phone a figure keeps letters that can be read, and is moved sideways. */
.scroll img { display: block; height: auto; width: 100%; min-width: min(46rem, var(--width)); max-width: var(--width); }
figcaption { margin-top: .5rem; max-width: 46rem; color: #333; }
details { margin: .5rem 0; }
summary { cursor: pointer; padding: .35rem 0; }
pre { overflow-x: auto; padding: .75rem; background: #f5f5f5; font-size: .8rem; line-height: 1.35; }
.machine { color: #555; font-size: .875rem; overflow-wrap: anywhere; }
`

/** Reads every record in `folder`, draws its figures, and writes report.html there. Returns the name of that file. */
export async function writeReport(folder) {
  const records = readRecords(folder)
  if (records.length === 0) throw new Error(`no results in ${folder}: run a benchmark first`)
  const drawn = []
  for (const record of records) drawn.push({ record, figures: await drawFigures(folder, record) })
  // Benchmarks with figures come first, then those that only print a table.
  const sorted = drawn.toSorted((a, b) => Number(b.figures.length > 0) - Number(a.figures.length > 0))
  const sections = []
  for (const { record, figures } of sorted) sections.push(await section(record, figures))
  return writeWhole(join(folder, 'report.html'), page(sorted, sections))
}

/** The records in a folder. That of the small form of a benchmark counts only when there is no other. */
function readRecords(folder) {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : []
  const isNeeded = (file) => !file.endsWith('.small.json') || !files.includes(file.replace('.small.json', '.json'))
  return files
    .filter(isNeeded)
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
}

async function section(record, figures) {
  const benchmark = await import(`./cases/${record.name}.mjs`)
  const { small, threads, trials } = record.options
  const settings = [
    small ? 'small form' : 'full size',
    threads === undefined ? null : `${threads} thread${threads === 1 ? '' : 's'}`,
    `${trials} trial${trials === 1 ? '' : 's'}`,
    record.seed === null ? null : `seed ${record.seed}`,
    record.started.slice(0, 10),
  ]
  return `<section id="${html(record.name)}">
<h2>${html(record.title)}</h2>
${figures.map(picture).join('\n')}
<details${figures.length === 0 ? ' open' : ''}><summary>Numbers</summary><pre>${html(benchmark.report(record.results, record.options))}</pre></details>
<p class="machine"><code>npm run bench -- ${html(record.name)}${small ? ' --small' : ''}</code>, ${html(settings.filter(Boolean).join(', '))}; ${html(inWords(record.machine))}</p>
</section>`
}

function picture({ title, caption, svg }) {
  const width = svg.match(/width="([\d.]+)"/)[1]
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
  return `<figure><div class="scroll" tabindex="0" role="group" aria-label="${html(title)}"><img style="--width: ${width}px" src="${source}" alt="${html(title)}"></div><figcaption><strong>${html(title)}.</strong> ${html(caption)}</figcaption></figure>`
}

function page(drawn, sections) {
  const links = drawn.map(({ record }) => `<a href="#${html(record.name)}">${html(record.name)}</a>`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>fewpoints: what was measured</title>
<style>${STYLE}</style>
</head>
<body>
<h1>fewpoints: what was measured</h1>
<p>Each section is one benchmark of the repository; the command below it runs it again.</p>
<nav>${links.join('\n')}</nav>
${sections.join('\n')}
</body>
</html>
`
}

function html(text) {
  return String(text).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])
}
