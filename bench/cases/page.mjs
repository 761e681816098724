// The page, in headless Chromium: a file of two columns is opened, and read, compressed and shown again and again.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { csvText } from '../../dist/io/csv.js'
import { parquetBytes } from '../../dist/io/parquet.js'
import { buildPage } from '../../page/build.mjs'
import { openChromium } from '../../page/chromium.mjs'
import { serve } from '../../page/serve.mjs'
import { median } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'The page: a file of two columns in Chromium, 1 % of its rows kept'
export const seed = 1

export function cases({ small }) {
  const rows = small ? 100_000 : 1_000_000
  return ['5', 'auto'].flatMap((order) => ['csv', 'parquet'].map((format) => ({ format, rows, order })))
}

export async function run({ format, rows, order }, trials) {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-bench-'))
  const file = join(folder, `rows.${format}`)
  const site = await serve(await buildPage(join(folder, 'page')))
  const browser = await openChromium()
  try {
    writeRows(file, format, rows)
    const page = await browser.newPage()
    await page.goto(site.url)
    await page.getByRole('status').filter({ hasText: 'Ready' }).waitFor()
    const start = performance.now()
    await page.getByLabel('CSV, TSV or Parquet file').setInputFiles(file)
    await page.getByRole('status').filter({ hasText: 'is open' }).waitFor()
    const open = performance.now() - start
    await page.getByLabel('Order').selectOption(order)
    const runs = []
    for (let i = 0; i < trials; i++) runs.push(await oneRun(page))
    const of = (key) => median(runs.map((one) => one[key]))
    return {
      bytes: statSync(file).size,
      open,
      read: of('read'),
      compress: of('compress'),
      whole: of('whole'),
      kept: runs[0].kept,
      chosen: runs[0].order,
      residual: Math.max(...runs.map(({ residual }) => residual)),
    }
  } finally {
    await browser.close()
    await site.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function oneRun(page) {
  const fact = (name) => page.locator(`#fact-${name}`).innerText()
  const start = performance.now()
  await page.getByRole('button', { name: 'Compress' }).click()
  await page.getByRole('status').filter({ hasText: 'kept' }).waitFor()
  const whole = performance.now() - start
  const [read, compress] = [milliseconds(await fact('reading')), milliseconds(await fact('compressing'))]
  const [kept, order] = [await fact('kept'), Number.parseInt(await fact('order'), 10)]
  return { read, compress, whole, kept, order, residual: Number.parseFloat(await fact('residual')) }
}

/** "305 ms" or "1.23 s", as the page writes it. */
const milliseconds = (text) => Number.parseFloat(text) * (text.endsWith('ms') ? 1 : 1000)

/** A curved cloud, the same each time. */
function writeRows(file, format, rows) {
  const x = Float64Array.from({ length: rows }, (_, i) => Math.sin(i * i * seed) + Math.cos(i / 1e5))
  const y = Float64Array.from({ length: rows }, (_, i) => x[i] ** 2 + Math.sin(i * i * 3) / 2)
  const columns = [
    { name: 'x', values: x },
    { name: 'y', values: y },
  ]
  if (format === 'parquet') writeFileSync(file, parquetBytes(columns, ''))
  else writeFileSync(file, [...csvText(['x', 'y'], [x, y], ',')].join(''))
}

const seconds = (value) => (value / 1000).toFixed(2)

export function report(results) {
  return [
    tableOf(results, [
      ['file', ({ format }) => format],
      ['order', ({ order, chosen }) => (order === 'auto' ? `auto: ${chosen}` : order)],
      ['rows', ({ rows }) => rows],
      ['MB', ({ bytes }) => (bytes / 1e6).toFixed(0)],
      ['open s', ({ open }) => seconds(open)],
      ['read s', ({ read }) => seconds(read)],
      ['compress s', ({ compress }) => seconds(compress)],
      ['run s', ({ whole }) => seconds(whole)],
      ['kept', ({ kept }) => kept],
      ['residual', ({ residual }) => residual.toExponential(1)],
    ]),
    '',
    'Medians. open: until the columns are shown. run: from the button to the picture and the table of statistics,',
    'reading and compressing included.',
  ].join('\n')
}
