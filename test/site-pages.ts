// Reads the pages of the documentation site: titles, anchors, and what they point to.
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { inflateSync } from 'node:zlib'
import { Parser } from 'htmlparser2'

export interface SitePage {
  title: string
  anchors: Set<string>
  /** The targets of links. */
  links: string[]
  /** What the browser fetches with the page: pictures, styles, scripts. */
  parts: string[]
}

/** All pages below a folder, by their path in it. */
export function pagesOf(folder: string): Map<string, SitePage> {
  const files = filesOf(folder).filter((file) => file.endsWith('.html'))
  return new Map(files.map((file) => [file, pageOf(readFileSync(join(folder, file), 'utf8'))]))
}

export function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((e) => posix.relative(folder, posix.join(e.parentPath, e.name)))
}

function pageOf(html: string): SitePage {
  const page: SitePage = { title: '', anchors: new Set(), links: [], parts: [] }
  let isTitle = false
  const parser = new Parser({
    onopentag(name, { id, href, src }) {
      isTitle = name === 'title'
      if (id !== undefined) page.anchors.add(id)
      if (name === 'a' && href !== undefined) page.links.push(href)
      if (name === 'link' && href !== undefined) page.parts.push(href)
      if (src !== undefined) page.parts.push(src)
    },
    ontext(text) {
      if (isTitle) page.title += text
    },
    onclosetag: () => {
      isTitle = false
    },
  })
  parser.end(html)
  return page
}

/** Targets that lie nowhere in the site: no such file, or no such anchor in it. Addresses of the web are left out. */
export function deadLinks(site: Map<string, SitePage>, files: readonly string[]): string[] {
  const known = new Set(files)
  return [...site].flatMap(([file, { links, parts }]) =>
    [...links, ...parts]
      .filter((target) => !isOfTheWeb(target))
      .filter((target) => {
        const [path, anchor] = decodeURIComponent(target).split('#')
        const place = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path))
        if (!known.has(place)) return true
        return anchor !== undefined && anchor !== '' && !site.get(place)?.anchors.has(anchor)
      })
      .map((target) => `${file} -> ${target}`),
  )
}

export const isOfTheWeb = (target: string) => /^(?:[a-z]+:|\/\/)/.test(target)

/** What the navigation and the search, which scripts draw, point to. */
export function scriptedLinks(folder: string): { navigation: string[]; search: string[] } {
  const dataOf = (name: string) => {
    const [, data] = /"([A-Za-z0-9+/=]+)"/.exec(readFileSync(join(folder, 'assets', name), 'utf8')) ?? []
    return JSON.parse(inflateSync(Buffer.from(data, 'base64')).toString())
  }
  interface Entry {
    path?: string
    children?: Entry[]
  }
  const pathsOf = ({ path, children = [] }: Entry): string[] => [
    ...(path === undefined ? [] : [path]),
    ...children.flatMap(pathsOf),
  ]
  return {
    navigation: (dataOf('navigation.js') as Entry[]).flatMap(pathsOf),
    search: (dataOf('search.js').rows as { url: string }[]).map(({ url }) => url),
  }
}
