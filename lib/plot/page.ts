// A picture with names for screen readers, and as a page of its own that needs nothing else.
import { FONTS, withoutControls } from './style.js'

export interface Described {
  /** The name of the picture. */
  title: string
  /** What is to be seen. */
  label: string
}

/** The SVG with a name and a description. `id` must be unique on a page. */
export function labelled(svg: string, { title, label }: Described, id = 'picture'): string {
  const names = `role="img" aria-labelledby="${id}-title ${id}-label"`
  const texts = `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-label">${escaped(label)}</desc>`
  return svg.replace(/<svg ([^>]*)>/, (_, attributes) => `<svg ${names} ${attributes}>${texts}`)
}

/** The SVG drawn that many pixels wide. */
export function resized(svg: string, width: number): string {
  return svg.replace(/(<svg [^>]*?)width="([\d.]+)" height="([\d.]+)"/, (_, start, before, height) => {
    const scale = width / Number(before)
    return `${start}width="${width}" height="${Math.round(100 * Number(height) * scale) / 100}"`
  })
}

/** The same drawing with room at its right up to that width, so that drawings side by side have one scale. */
function widened(svg: string, width: number): string {
  const size = /width="[\d.]+"( height="[\d.]+" viewBox="0 0 )[\d.]+/
  return svg.replace(size, (_, between) => `width="${width}"${between}${width}`)
}

export interface Page {
  title: string
  /** Side by side where there is room. */
  drawings: readonly { svg: string; label: string }[]
  /** Sentences below them. */
  remarks: readonly string[]
  /** The width of the page where there is room for it, in pixels. */
  width?: number | undefined
  /** Whether a drawing keeps its size and is scrolled on a narrow screen. Otherwise it is as wide as its place. */
  scrolls: boolean
}

/** A page in one file: no scripts, no fonts, nothing from elsewhere. */
export function page({ title, drawings, remarks, width, scrolls }: Page): string {
  const start = scrolls ? '<div class="drawing" tabindex="0">' : '<div class="drawing">' // the keyboard scrolls it too
  const widest = Math.max(...drawings.map(({ svg }) => Number(/<svg [^>]*?width="([\d.]+)"/.exec(svg)?.[1])))
  const figures = drawings.map(
    ({ svg, label }, i) => `${start}${labelled(widened(svg, widest), { title, label }, `drawing${i + 1}`)}</div>`,
  )
  const most = width === undefined ? (scrolls ? 'max-content' : '60rem') : `${width}px`
  const shape = scrolls
    ? '.drawing { max-width: 100%; overflow-x: auto; }'
    : `.drawing { flex: 1 1 20rem; max-width: ${width === undefined ? '35rem' : '100%'}; }
.drawing svg { width: 100%; height: auto; }`
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
body { margin: 1rem auto; padding: 0 1rem; max-width: ${most}; }
body { background: white; color: black; font: 1rem/1.5 ${FONTS}; }
h1 { font-size: 1.2rem; }
figure { margin: 0; }
.drawings { display: flex; flex-wrap: wrap; }
.drawing svg { display: block; }
${shape}
figcaption { max-width: 50rem; font-size: 0.9rem; }
figcaption p { margin: 0.3rem 0; }
</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<figure>
<div class="drawings">
${figures.join('\n')}
</div>
<figcaption>
${remarks.map((text) => `<p>${escaped(text)}</p>`).join('\n')}
</figcaption>
</figure>
</main>
</body>
</html>
`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return withoutControls(text).replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter])
}
