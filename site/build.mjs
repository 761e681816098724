// npm run docs: the site in build/site. Its start page is README.md, its guides are the Markdown files that contents.mjs
// lists, its reference is made of the docstrings of lib/index.ts, and build/site/try is the page that runs in the browser.
// All links are relative, so it works below any address and from a folder. `--out FOLDER` writes the site elsewhere,
// without that page.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Application, Comment, CommentTag, Converter, KindRouter, PageEvent } from 'typedoc'
import { DOCUMENTS, REFERENCE } from './contents.mjs'

// Their docstrings would say what their names say.
const WITHOUT_DOCSTRING = ['Stage']

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { out: { type: 'string' } } })
const out = values.out ?? join(ROOT, 'build/site')
const hasPage = values.out === undefined && existsSync(join(ROOT, 'page/build.mjs'))

async function makeSite() {
  const app = await Application.bootstrap(options())
  nameDocuments(app)
  categoriseExports(app)
  app.renderer.defineRouter('places', PlaceRouter)
  app.renderer.on(PageEvent.END, rootLinks)
  const project = await app.convert()
  if (project) {
    app.validate(project)
    await app.generateDocs(project, out)
  }
  if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)
}

function options() {
  return {
    entryPoints: ['lib/index.ts'],
    tsconfig: 'tsconfig.json',
    alwaysCreateEntryPointModule: false, // no module between the project and its exports
    name: 'fewpoints',
    includeVersion: true,
    readme: 'README.md',
    headings: { readme: false, document: true }, // README.md begins with one
    projectDocuments: Object.values(DOCUMENTS).flat(),
    disableSources: true,
    hideGenerator: true,
    router: 'places',
    customCss: 'site/style.css',
    favicon: 'site/favicon.svg',
    navigationLinks: hasPage ? { 'Try it in the browser': '/try/index.html' } : {},
    // The documents have their place in the list, and functions stand beside their options.
    sort: ['kind', 'alphabetical-ignoring-documents'],
    kindSortOrder: ['Document', 'Class', 'Function', 'Interface', 'TypeAlias', 'Variable', 'Reference'],
    categorizeByGroup: false,
    categoryOrder: [...Object.keys(DOCUMENTS), ...Object.keys(REFERENCE)],
    navigation: { includeCategories: true, includeGroups: false },
    sluggerConfiguration: { lowercase: true }, // anchors as on GitHub
    // Names of files that end like a domain, such as README.md, are no addresses.
    markdownItLoader: (parser) => parser.linkify.set({ fuzzyLink: false }),
    searchInDocuments: true,
    searchInComments: true,
    includeHierarchySummary: false,
    highlightLanguages: ['bash', 'console', 'cpp', 'javascript', 'json', 'python', 'sql', 'typescript', 'yaml'],
    validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
    // What a Compressor has in memory is for Compressor.restore() alone.
    intentionallyNotExported: ['NativeStreamState'],
    intentionallyNotDocumented: ['Progress.done', 'Progress.total', 'Progress.stage'],
  }
}

/** The title of a document is its first heading, and its category that of the list. */
function nameDocuments(app) {
  const categories = new Map(Object.entries(DOCUMENTS).flatMap(([name, files]) => files.map((file) => [file, name])))
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const [first] = document.content
    const heading = /^# (.*)\n+/.exec(first.text)
    if (heading === null) throw new Error(`${placeOf(document)} does not begin with a heading`)
    document.name = heading[1].replaceAll('`', '')
    first.text = first.text.slice(heading[0].length)
    document.frontmatter.category = categories.get(placeOf(document))
    leavePlain(document.content)
  })
}

/** Blocks of code without a language are output. TypeDoc would colour them as TypeScript. */
function leavePlain(parts) {
  for (const part of parts) {
    if (part.kind === 'code' && part.text.startsWith('```\n')) part.text = part.text.replace('```', '```text')
  }
}

function categoriseExports(app) {
  const categories = new Map(Object.entries(REFERENCE).flatMap(([category, names]) => names.map((n) => [n, category])))
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    leavePlain(project.readme)
    for (const entry of project.children ?? []) {
      const category = categories.get(entry.name)
      if (category === undefined) throw new Error(`${entry.name} has no category in site/contents.mjs`)
      for (const { comment } of [entry, ...(entry.signatures ?? [])]) {
        comment?.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]))
      }
      const hasText = entry.comment !== undefined || entry.signatures !== undefined
      if (!hasText && !WITHOUT_DOCSTRING.includes(entry.name)) app.logger.warn(`${entry.name} has no docstring`)
      entry.comment ??= new Comment([], [new CommentTag('@category', [{ kind: 'text', text: category }])])
    }
  })
}

/** Documents have the addresses that they have in the repository: docs/streaming.html. */
class PlaceRouter extends KindRouter {
  getIdealBaseName(target) {
    return target.isDocument?.() ? placeOf(target).replace(/\.md$/, '') : super.getIdealBaseName(target)
  }
}

const placeOf = (document) => relative(ROOT, document.project.files.getReflectionPath(document))

/** Links from the root of the site become relative to the page. Those to a folder get the file, for file: addresses. */
function rootLinks(page) {
  const up = '../'.repeat(page.url.split('/').length - 1)
  page.contents = page.contents
    ?.replaceAll('href="/try/', `href="${up}try/`)
    .replaceAll(/href="((?:\.\.\/)+)"/g, 'href="$1index.html"')
}

process.chdir(ROOT)
await makeSite()
if (hasPage) execFileSync(process.execPath, ['page/build.mjs'], { stdio: 'inherit' })
