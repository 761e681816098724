// npm run docs: the site is complete, and nothing in it points nowhere.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import { markdownFiles } from './markdown.js'
import { deadLinks, filesOf, isOfTheWeb, pagesOf, type SitePage, scriptedLinks } from './site-pages.js'

const folder = mkdtempSync(join(tmpdir(), 'fewpoints-site-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let pages: Map<string, SitePage>
beforeAll(() => {
  execFileSync(process.execPath, ['site/build.mjs', '--out', folder], { cwd: PACKAGE_ROOT, encoding: 'utf8' })
  pages = pagesOf(folder)
})

describe('the documentation site', () => {
  it('has no dead link, anchor or picture', () => {
    expect([...pages.values()].flatMap(({ links }) => links).length).toBeGreaterThan(1000)
    expect(deadLinks(pages, filesOf(folder))).toEqual([])
  })

  it('fetches nothing from elsewhere, and points to the web by https alone', () => {
    expect([...pages.values()].flatMap(({ parts }) => parts.filter(isOfTheWeb))).toEqual([])
    const addresses = new Set([...pages.values()].flatMap(({ links }) => links.filter(isOfTheWeb)))
    console.log(`links to the web, which no test follows:\n${[...addresses].sort().join('\n')}`)
    expect([...addresses].filter((address) => !address.startsWith('https://'))).toEqual([])
  })

  it('has a navigation and a search that lead to pages', () => {
    const { navigation, search } = scriptedLinks(folder)
    expect(search.length).toBeGreaterThan(100)
    for (const targets of [navigation, search]) {
      expect(targets.filter((target) => !pages.has(target.split('#')[0]))).toEqual([])
    }
    expect([...pages.keys()].filter((page) => !navigation.includes(page))).toEqual(['index.html', 'modules.html'])
  })

  it('has pages with titles of their own', () => {
    const titles = [...pages].map(([page, { title }]) => [title, page])
    expect(titles.filter(([title]) => !/\w \| fewpoints|^fewpoints/.test(title))).toEqual([])
    const shared = titles.filter(([title, page]) => titles.some(([other, of]) => other === title && of !== page))
    expect(shared.map(([, page]) => page).sort()).toEqual(['index.html', 'modules.html']) // the whole, twice
  })

  it('has a page for every document', () => {
    const documents = markdownFiles(PACKAGE_ROOT).filter((file) => !/^(README|test|native|page)\b/.test(file))
    expect(documents.length).toBeGreaterThan(30)
    expect(documents.filter((file) => !pages.has(file.replace(/md$/, 'html')))).toEqual([])
  })

  it('has a page for every export', () => {
    const index = readFileSync(join(PACKAGE_ROOT, 'lib/index.ts'), 'utf8')
    const lists = [...index.matchAll(/\{([^}]*)\}/g)].flatMap(([, names]) => names.split(','))
    const exported = lists.map((name) => name.trim().replace('type ', '')).filter((name) => name !== '')
    expect(exported.length).toBeGreaterThan(60)
    const kinds = ['functions', 'classes', 'interfaces', 'types']
    expect(exported.filter((name) => !kinds.some((kind) => pages.has(`${kind}/${name}.html`)))).toEqual([])
  })
})

describe('deadLinks', () => {
  const page = (links: string[], anchors: string[] = []): SitePage => ({
    title: 'a page',
    anchors: new Set(anchors),
    links,
    parts: [],
  })

  it('finds files and anchors that are not there', () => {
    const site = new Map([
      ['index.html', page(['a/b.html#here', 'a/b.html#there', 'https://example.org', '#top'], ['top'])],
      ['a/b.html', page(['../index.html', 'index.html', '../media/x.png'], ['here'])],
    ])
    expect(deadLinks(site, ['index.html', 'a/b.html', 'media/x.png'])).toEqual([
      'index.html -> a/b.html#there',
      'a/b.html -> index.html',
    ])
  })
})
