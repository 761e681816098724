// The main job from end to end: write a measurement of a million rows, compress it and check it with the command line,
// ask the same questions of the whole record, of the kept rows, of k-means centroids and of random rows, and draw the
// record and the kept rows.
//
//   npm run demo                                    builds what is missing, then runs this file
//   npm run demo -- --picture docs/picture.png      also renews the picture of the README
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { kmeans } from './kmeans.mjs'
import { COLUMNS, measure, UNITS, writeCsv } from './measurement.mjs'
import { random } from './random.mjs'
import { statistics } from './statistics.mjs'
import { textTable } from './table.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const ORDER = 5 // statistics.mjs says which questions are moments of at most this degree
const SEED = 1
const RANDOM_SUBSETS = 25

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    size: { type: 'string', default: '5000' },
    out: { type: 'string', default: join(ROOT, 'demo', 'out') },
    picture: { type: 'string' },
  },
})

// Relative paths, so that the commands that are shown are those that are run.
const path = (name) => relative(process.cwd(), join(options.out, name))

async function main() {
  mkdirSync(options.out, { recursive: true })
  const record = measure(Number(options.rows), SEED)
  await writeCsv(path('measurement.csv'), record)
  say(
    `${path('measurement.csv')}: ${Number(options.rows).toLocaleString('en')} rows of a wind turbine's log, ${size('measurement.csv')}\n`,
  )

  const moments = ['--order', String(ORDER), '--columns', COLUMNS.join(','), '--weights', 'exposure']
  fewpoints('compress', path('measurement.csv'), '-o', path('kept.csv'), '--force', '--size', options.size, ...moments)
  fewpoints('verify', path('measurement.csv'), path('kept.csv'), ...moments)

  const kept = readKept(path('kept.csv'), record)
  say(
    `${path('kept.csv')}: ${kept.power.length.toLocaleString('en')} of these rows with new weights, ${size('kept.csv')}\n`,
  )
  say(comparison(record, kept))

  say('')
  for (const name of ['picture.svg', 'picture.png']) drawPair('wind_speed', 'power', name)
  if (options.picture) copyFileSync(path('picture.png'), options.picture)
}

function drawPair(x, y, name) {
  const labels = [x, y, 'exposure'].map((column) => `${column.replace('_', ' ')} (${UNITS[column]})`)
  const axes = ['--columns', `${x},${y}`, '--labels', labels.join(','), '--weights', 'exposure']
  fewpoints('picture', path('measurement.csv'), path('kept.csv'), '-o', path(name), '--force', ...axes)
}

/** Runs the command line as a user would. If it fails, it has printed the reason, and the demo ends. */
function fewpoints(...args) {
  say(`$ npx fewpoints ${args.map((word) => (/[ ()]/.test(word) ? `'${word}'` : word)).join(' ')}`)
  const program = join(ROOT, 'dist', 'cli', 'main.js')
  const { status } = spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  say('')
}

/** The rows of the compressed file. Checks that they are rows of the record, digit by digit. */
function readKept(file, record) {
  const text = readFileSync(file, 'utf8').trim()
  const [head, ...lines] = text.split('\n').map((line) => line.split(','))
  const column = (name) => Float64Array.from(lines, (line) => Number(line[head.indexOf(name)]))
  const kept = Object.fromEntries(COLUMNS.map((name) => [name, column(name)]))
  const source = column('row')
  for (const name of COLUMNS) {
    const moved = kept[name].findIndex((value, i) => value !== record[name][source[i]])
    if (moved !== -1) throw new Error(`${file}: line ${moved + 2} is not row ${source[moved]} of the record`)
  }
  return { ...kept, exposure: column('weight') }
}

/** As many rows as were kept, drawn at random without replacement, their weights scaled to the same total. */
function randomSubset(record, count, seed) {
  const { below } = random(seed)
  const chosen = new Set()
  while (chosen.size < count) chosen.add(below(record.power.length))
  const subset = {}
  for (const name in record) subset[name] = Float64Array.from(chosen, (i) => record[name][i])
  const sum = (values) => values.reduce((a, b) => a + b, 0)
  const factor = sum(record.exposure) / sum(subset.exposure)
  subset.exposure = subset.exposure.map((seconds) => seconds * factor)
  return subset
}

/** As many k-means centroids as rows were kept, each with the time of its cluster. */
function centroids(record, count) {
  const { columns, weights } = kmeans(
    COLUMNS.map((name) => record[name]),
    record.exposure,
    count,
    SEED,
  )
  return { ...Object.fromEntries(COLUMNS.map((name, a) => [name, columns[a]])), exposure: weights }
}

function comparison(record, kept) {
  const whole = statistics(record)
  const few = statistics(kept)
  const means = statistics(centroids(record, kept.power.length))
  const another = (_, i) => statistics(randomSubset(record, kept.power.length, SEED + 1 + i))
  const subsets = Array.from({ length: RANDOM_SUBSETS }, another)
  const off = (some, i) => Math.abs(some[i].value - whole[i].value) / Math.abs(whole[i].value)
  const lines = (kind) =>
    whole.flatMap((statistic, i) => {
      if (statistic.kind !== kind) return []
      const { name, unit, value } = statistic
      const typical = median(subsets.map((subset) => off(subset, i)))
      const label = unit === '' ? `  ${name}` : `  ${name} (${unit})`
      return [[label, digits(value), digits(few[i].value), error(off(few, i)), error(off(means, i)), error(typical)]]
    })
  const heading = (text) => [text, '', '', '', '', '']
  const rows = [
    heading(`kept: moments up to degree ${ORDER}, and what follows from them`),
    ...lines('exact'),
    heading('not promised, but close: means of smooth functions'),
    ...lines('smooth'),
    heading('NOT kept: jumps and kinks'),
    ...lines('rough'),
  ]
  const head = ['', 'whole record', 'kept rows', 'rel. error', 'of k-means', 'of random rows']
  const footnote =
    'k-means: as many centroids as rows were kept, each with the time of its cluster; they are not rows of the record\n' +
    'random rows: as many rows as were kept, drawn at random, their weights scaled to the same total;\n' +
    `the median error of ${RANDOM_SUBSETS} draws`
  return `${textTable(head, rows)}\n\n${footnote}`
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const digits = (value) => value.toPrecision(10)
const error = (value) => (value === 0 ? '0' : value.toExponential(1))
const size = (name) => `${(statSync(path(name)).size / 1e6).toPrecision(3)} MB`
const say = (text) => process.stdout.write(`${text}\n`)

await main()
