// The page, in Chromium: built, served from a folder, used by keyboard and mouse, without a network after it has loaded.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../lib/index.js'
import { csvText } from '../lib/io/csv.js'
import { parquetBytes } from '../lib/io/parquet.js'
import { readTable } from '../lib/io/read.js'
import { buildPage } from '../page/build.mjs'
import { openChromium } from '../page/chromium.mjs'
import { serve } from '../page/serve.mjs'
import { fill, normal, seeded } from './fixtures.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const screenshots = join(root, 'build/screenshots')
const folder = mkdtempSync(join(tmpdir(), 'fewpoints-page-'))
const out = join(folder, 'site')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const MOST_RESIDUAL = 1e-13

let browser: Browser
let site: Awaited<ReturnType<typeof serve>>
/** What the server was asked for. */
const served: string[] = []

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  await buildPage(out)
  site = await serve(out, { path: '/some/folder/try/', onRequest: (url) => served.push(url) })
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Visit {
  page: Page
  /** What the page has asked for since it was ready. */
  requests: string[]
  /** Errors of the page and of its security policy. */
  faults: string[]
}

/** Opens the page and cuts the network off when it is ready. */
async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const [requests, faults]: string[][] = [[], []]
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  await page.goto(site.url)
  await page.getByRole('status').filter({ hasText: 'Ready' }).waitFor()
  await context.setOffline(true)
  page.on('request', (request) => requests.push(request.url()))
  return { page, requests, faults }
}

/** A visit that must end without requests and without faults. */
async function visited(use: (page: Page) => Promise<void>, options?: BrowserContextOptions): Promise<void> {
  const { page, requests, faults } = await visit(options)
  const before = served.length
  try {
    await use(page)
    expect(served.slice(before)).toEqual([])
    expect(requests.filter((url) => !url.startsWith('blob:'))).toEqual([])
    expect(faults).toEqual([])
  } finally {
    await page.context().close()
  }
}

const textOf = (page: Page, id: string) => page.locator(`#${id}`).innerText()
const errorOf = (page: Page) => page.getByRole('alert').filter({ hasText: /./ }).innerText()

async function openFile(page: Page, name: string, content: string | Uint8Array): Promise<void> {
  await page.getByLabel('CSV, TSV or Parquet file').setInputFiles({
    name,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(content as Uint8Array),
  })
}

async function opened(page: Page): Promise<void> {
  await page.getByRole('status').filter({ hasText: 'is open' }).waitFor()
}

async function compressed(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Compress' }).click()
  await page.getByRole('status').filter({ hasText: 'kept' }).waitFor()
}

async function residualOf(page: Page): Promise<number> {
  return Number.parseFloat(await textOf(page, 'fact-residual'))
}

async function download(page: Page, button: string): Promise<string> {
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()])
  const path = join(folder, saved.suggestedFilename())
  await saved.saveAs(path)
  return path
}

/** 20,000 rows of two columns and weights, and the same as the rows of a file. */
const COUNT = 20_000
const points = normal(COUNT, 2, 3)
const random = seeded(5)
const weights = fill(COUNT, () => 0.5 + random.next())
const column = (a: number) => fill(COUNT, (i) => points[2 * i + a])
const csv = (names: string[], columns: ArrayLike<unknown>[]) => [...csvText(names, columns, ',')].join('')

/** Checks the file that was downloaded against the rows that were uploaded. */
async function expectMoments(path: string, order: number, size: number): Promise<void> {
  const { columns, rows } = await readTable(path)
  expect(rows).toBeGreaterThan(size / 2)
  expect(rows).toBeLessThanOrEqual(size)
  const [x, y, weight, row] = columns.map(({ values }) => values as Float64Array)
  row.forEach((source, i) => {
    expect([x[i], y[i]]).toEqual([points[2 * source], points[2 * source + 1]])
  })
  const few = { points: fill(2 * rows, (i) => (i % 2 === 0 ? x : y)[i >> 1]), weights: weight }
  const { residual } = await verify({ points, weights }, few, { dimension: 2, order })
  expect(residual).toBeLessThan(MOST_RESIDUAL)
}

describe('a run', () => {
  it('needs a keyboard only', async () => {
    await visited(async (page) => {
      const press = async (id: string, key: string) => {
        for (let presses = 0; presses < 40; presses++) {
          const focused = await page.evaluate('document.activeElement.id')
          if (focused === id) return page.keyboard.press(key)
          await page.keyboard.press('Tab')
        }
        throw new Error(`Tab does not reach #${id}`)
      }
      await press('sample', 'Enter')
      await opened(page)
      await press('run', 'Enter')
      await page.getByRole('status').filter({ hasText: 'kept' }).waitFor()
      expect(await textOf(page, 'fact-kept')).toMatch(/^1,000 of 100,000 rows/)
      expect(await residualOf(page)).toBeLessThan(MOST_RESIDUAL)
      expect(await page.evaluate('document.activeElement.id')).toBe('run')
      await press('across', 'h')
      await page.getByRole('img', { name: /^Density.* height from/ }).waitFor()
    })
  })

  it('keeps the moments of a CSV file with weights', async () => {
    await visited(async (page) => {
      await openFile(page, 'plane.csv', csv(['x', 'y', 'weight'], [column(0), column(1), weights]))
      await opened(page)
      expect(await page.getByLabel('Weights').inputValue()).toBe('weight')
      await page.getByLabel('Order').selectOption('5')
      await page.getByLabel('Size').fill('300')
      await compressed(page)
      expect(await residualOf(page)).toBeLessThan(MOST_RESIDUAL)
      expect(await textOf(page, 'command')).toBe(
        'npx fewpoints compress plane.csv -o plane-few.csv --columns x,y --weights weight --order 5 --size 300',
      )
      await expectMoments(await download(page, 'Download CSV'), 5, 300)
    })
  })

  it('keeps the moments of a Parquet file, and reads only the columns that are chosen', async () => {
    await visited(async (page) => {
      const names = Array.from({ length: COUNT }, (_, i) => `name ${i}`)
      const content = [
        { name: 'x', values: column(0) },
        { name: 'y', values: column(1) },
        { name: 'w', values: weights },
        { name: 'name', values: names },
      ]
      await openFile(page, 'plane.parquet', parquetBytes(content, ''))
      await opened(page)
      await page.getByLabel('w', { exact: true }).uncheck()
      expect(await page.getByLabel('name not numeric').isDisabled()).toBe(true)
      await page.getByLabel('Weights').selectOption('w')
      await page.getByLabel('Order').selectOption('4')
      await compressed(page)
      expect(await residualOf(page)).toBeLessThan(MOST_RESIDUAL)
      await expectMoments(await download(page, 'Download NPY'), 4, 200)
    })
  })

  it('shows which statistics are kept, and how well', async () => {
    await visited(async (page) => {
      await openFile(page, 'plane.csv', csv(['x', 'y'], [column(0), column(1)]))
      await opened(page)
      await page.getByLabel('Order').selectOption('5')
      await compressed(page)
      const groups = page.getByRole('table', { name: 'Statistics' }).locator('tbody')
      const errors = async (group: number) => {
        const rows = await groups.nth(group).locator('tr:not(.group)').all()
        const cells = await Promise.all(rows.map((row) => row.locator('td').allInnerTexts()))
        return cells.map((texts) => ({ kept: Number.parseFloat(texts[1]), random: Number.parseFloat(texts[2]) }))
      }
      const [moments, smooth, jumps] = [await errors(0), await errors(1), await errors(2)]
      expect([moments.length, smooth.length, jumps.length]).toEqual([8, 3, 3])
      for (const { kept, random } of moments) {
        expect(kept).toBeLessThan(1e-13)
        expect(random).toBeGreaterThan(1e-4)
      }
      for (const { kept, random } of smooth) expect(kept).toBeLessThan(random)
      for (const { kept } of jumps) expect(kept).toBeLessThan(0.5)
    })
  })

  it('has a histogram for one column, and follows another with another file', async () => {
    await visited(async (page) => {
      await openFile(page, 'line.csv', csv(['x'], [column(0)]))
      await opened(page)
      await compressed(page)
      await page.getByRole('img', { name: /^Histogram of all 20,000 rows/ }).waitFor()
      await page.getByRole('button', { name: /Use a sample/ }).click()
      await opened(page)
      expect(await page.locator('#result').isHidden()).toBe(true)
      await compressed(page)
      await page.getByRole('img', { name: /^Density of all 100,000 rows/ }).waitFor()
    })
  })

  it('says what lies far out, and counts one as one', async () => {
    await visited(async (page) => {
      const x = fill(2000, (i) => (i === 1000 ? 1e6 : Math.sin(i)))
      await openFile(page, 'far.csv', csv(['x', 'y'], [x, fill(2000, (i) => Math.cos(i * i))]))
      await opened(page)
      await compressed(page)
      expect(await textOf(page, 'picture')).toMatch(
        /Beyond the axes, far from all others: 1 row and [01] kept points?\./,
      )
    })
  })

  it('takes a file that is dropped', async () => {
    await visited(async (page) => {
      const rows = Array.from({ length: 300 }, (_, i) => `${Math.sin(i)}\t${Math.cos(i * i)}`)
      const text = JSON.stringify(['a\tb', ...rows].join('\n'))
      const make = `(() => { const d = new DataTransfer(); d.items.add(new File([${text}], 'dropped.tsv')); return d })()`
      const dataTransfer = await page.evaluateHandle(make)
      await page.dispatchEvent('body', 'drop', { dataTransfer })
      await opened(page)
      expect(await textOf(page, 'file-facts')).toMatch(/^dropped\.tsv: 300 rows, 2 columns/)
      await compressed(page)
      expect(await residualOf(page)).toBeLessThan(MOST_RESIDUAL)
    })
  })

  it('can be cancelled', async () => {
    await visited(async (page) => {
      const long = fill(300_000, (i) => Math.sin(i * i))
      await openFile(page, 'long.csv', csv(['x'], [long]))
      await opened(page)
      await page.getByRole('button', { name: 'Compress' }).press('Enter')
      await page.keyboard.press('Enter') // the focus is on Cancel
      await page.getByRole('status').filter({ hasText: 'Cancelled' }).waitFor()
      await compressed(page)
      expect(await residualOf(page)).toBeLessThan(MOST_RESIDUAL)
    })
  })
})

describe('what is wrong', () => {
  it.each([
    ['empty.csv', '', /ERR_FILE: empty\.csv: is empty/],
    ['names.csv', 'a,b\n', /ERR_FILE: names\.csv: has names but no rows/],
    ['broken.csv', 'a,b\n1,2\n3,4,5\n', /ERR_FILE: broken\.csv: line 3 has 3 cells.*; on the command line, --decimal/],
    [
      'words.csv',
      'a,b\nx,y\nz,w\n',
      /ERR_FILE: words\.csv: has no column of numbers; its columns are a \(text, as 'x'\), b/,
    ],
    ['sheet.xlsx', 'PK\x03\x04 and more than that', /ERR_FILE: sheet\.xlsx: is a zip archive; this page reads CSV/],
    ['cut.parquet', 'PAR1xxxxxxxxxxxx', /ERR_FILE: cut\.parquet: is a Parquet file that is cut short/],
    ['rows.json', '[{"a":1}]', /ERR_FILE: rows\.json: is a file of kind json, which the command line reads; this page/],
  ])('with %s is said', async (name, content, message) => {
    await visited(async (page) => {
      await openFile(page, name, content)
      expect(await errorOf(page)).toMatch(message)
    })
  })

  it('in a row is refused, unless such rows are to be left out', async () => {
    await visited(async (page) => {
      const rows = Array.from({ length: 500 }, (_, i) => `${i},${i % 7 === 3 ? '' : Math.sin(i)},t${i}`)
      await openFile(page, 'gaps.csv', ['a,b,c', ...rows].join('\n'))
      await opened(page)
      expect(await page.getByLabel('c not numeric').isDisabled()).toBe(true)
      await page.getByRole('button', { name: 'Compress' }).click()
      expect(await errorOf(page)).toMatch(/ERR_FILE: gaps\.csv: row 3 \(line 5\), column 'b': the value is missing/)
      await page.getByLabel('Leave out rows without a number').check()
      await compressed(page)
      expect(await textOf(page, 'fact-left-out')).toBe('71 rows without a number')
      expect(await textOf(page, 'command')).toContain('--drop-missing')
    })
  })

  it('with the options is said in the words of the package', async () => {
    await visited(async (page) => {
      await page.getByRole('button', { name: /Use a sample/ }).click()
      await opened(page)
      await page.getByLabel('Order').selectOption('5')
      await page.getByLabel('Size').fill('20')
      await page.getByRole('button', { name: 'Compress' }).click()
      expect(await errorOf(page)).toMatch(/^ERR_SIZE: compress: size 20 is too small: the least size for order 5/)
      for (const name of ['x', 'y', 'height']) await page.getByLabel(name, { exact: true }).uncheck()
      await page.getByRole('button', { name: 'Compress' }).click()
      expect(await errorOf(page)).toMatch(/^ERR_OPTION: choose at least one column/)
    })
  })

  it('with a page that was opened from a folder is said', async () => {
    const page = await browser.newPage()
    await page.goto(pathToFileURL(join(out, 'index.html')).href)
    await page.getByText('must come over http').waitFor()
    await page.close()
  })
})

describe.each([
  [1280, 'light'],
  [1280, 'dark'],
  [375, 'light'],
  [375, 'dark'],
  [320, 'light'],
] as const)('%i pixels wide, in %s colours,', (width, colorScheme) => {
  it('it fits, each control has a name, and axe finds no fault', async () => {
    await visited(
      async (page) => {
        const look = async (state: string) => {
          await page.screenshot({ path: join(screenshots, `${width}-${colorScheme}-${state}.png`), fullPage: true })
          const widths = 'const { scrollWidth, clientWidth } = document.documentElement; [scrollWidth, clientWidth]'
          expect(await page.evaluate(widths)).toEqual([width, width])
          await page.evaluate(axe)
          const { violations } = (await page.evaluate('axe.run()')) as {
            violations: { id: string; nodes: unknown[] }[]
          }
          expect(violations.map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes)}`)).toEqual([])
        }
        await look('before')
        await page.getByRole('button', { name: /Use a sample/ }).click()
        await opened(page)
        await page.getByText('More options').click()
        // The largest has the order that is chosen, which takes longest.
        if (width < 1280) await page.getByLabel('Order').selectOption('3')
        await compressed(page)
        await look('after')
        for (const role of ['button', 'checkbox', 'combobox', 'spinbutton', 'img'] as const) {
          const all = await page.getByRole(role).count()
          expect(all).toBeGreaterThan(0)
          expect(await page.getByRole(role, { name: /\S/ }).count()).toBe(all)
        }
      },
      { viewport: { width, height: 800 }, colorScheme },
    )
  })
})
