// Reads Markdown files for the tests of the documents: code blocks, links, headings, words in code.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Block {
  /** The words after the fence: 'js', 'sh', 'console', '' for output. */
  kind: string
  /** Without the fences. */
  text: string
  /** The paragraph between the block before and this one. */
  introduction: string
}

const SKIPPED = new Set(['node_modules', 'dist', 'build', 'out', 'results', 'prebuilds', 'shared', '.git'])

/** All Markdown files below a folder, as paths relative to it. */
export function markdownFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : markdownFiles(root, path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const FENCED = /^```(.*)\n([\s\S]*?)^```$/gm

/** The fenced blocks, in order. */
export function blocksOf(markdown: string): Block[] {
  let end = 0
  return [...markdown.matchAll(FENCED)].map((match) => {
    const introduction = markdown.slice(end, match.index).trim()
    end = match.index + match[0].length
    return { kind: match[1].trim(), text: match[2], introduction }
  })
}

const proseOf = (markdown: string) => markdown.replaceAll(FENCED, '')

/** The targets of the links and pictures of the prose, except addresses of the web. */
export function linksOf(markdown: string): string[] {
  const targets = [...proseOf(markdown).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target)
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

/** The anchors of the headings as GitHub makes them, such as `#the-steps`. */
export function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>()
  return [...proseOf(markdown).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
}

/** The code in backticks in the prose, and the lines of the shell blocks. */
export function codeOf(markdown: string): string[] {
  const inline = [...proseOf(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code)
  const shell = blocksOf(markdown).filter(({ kind }) => kind === 'sh' || kind === 'console')
  return [...inline, ...shell.flatMap(({ text }) => text.split('\n'))]
}
