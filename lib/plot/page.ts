// A picture with names for screen readers, and as a page of its own that needs nothing else.

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

export interface Page {
  title: string
  /** Side by side where there is room. */
  drawings: readonly { svg: string; label: string }[]
  /** Sentences below them. */
  remarks: readonly string[]
  /** The widest that the page may be, in pixels. Default: the drawings in their own size. */
  width?: number | undefined
  /** Whether a drawing keeps its size on a narrow screen and can be scrolled. Otherwise it shrinks. */
  scrolls: boolean
}

/** A page in one file: no scripts, no fonts, nothing from elsewhere. */
export function page({ title, drawings, remarks, width, scrolls }: Page): string {
  const figures = drawings.map(
    ({ svg, label }, i) => `<div class="drawing">${labelled(svg, { title, label }, `drawing${i + 1}`)}</div>`,
  )
  const sentences = remarks.map((text) => `<p>${escaped(text)}</p>`)
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
body { margin: 1rem auto; padding: 0 1rem; max-width: ${width === undefined ? 'max-content' : `${width}px`}; }
body { background: white; color: black; font: 1rem/1.5 DejaVu Sans, Verdana, Arial, sans-serif; }
h1 { font-size: 1.2rem; }
figure { margin: 0; }
.drawings { display: flex; flex-wrap: wrap; }
.drawing { flex: ${width === undefined ? '0' : '1'} 1 auto; max-width: 100%; overflow-x: auto; }
.drawing svg { display: block; ${scrolls ? '' : 'max-width: 100%; height: auto;'} ${width === undefined || scrolls ? '' : 'width: 100%;'} }
figcaption { max-width: 60rem; font-size: 0.9rem; }
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
${sentences.join('\n')}
</figcaption>
</figure>
</main>
</body>
</html>
`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter])
}
