// From a specification of Vega-Lite to SVG, without a browser or a canvas, and from SVG to PNG by resvg. All three are
// optional packages.
import { createRequire } from 'node:module'
import type { ResvgRenderOptions } from '@resvg/resvg-js'
import type { Spec } from 'vega'
import type { TopLevelSpec } from 'vega-lite'
import { rangeError } from '../errors.js'
import { CONFIG, FONTS, withoutControls } from './style.js'

/** A specification of Vega-Lite. Its `config` adds to that of all pictures, group by group. */
export type Specification = Record<string, unknown>

export interface Renderer {
  svg(specification: Specification): Promise<string>
  /** `width` in pixels; default: twice that of the SVG. */
  png(svg: string, width?: number): Uint8Array
}

/** Loads the packages. Throws RangeError ERR_OPTION with what to install when one is missing. */
export async function openRenderer({ forPng }: { forPng: boolean }): Promise<Renderer> {
  const [vega, vegaLite] = await Promise.all([
    load(() => import('vega'), 'a picture', 'vega vega-lite'),
    load(() => import('vega-lite'), 'a picture', 'vega vega-lite'),
  ])
  const png = forPng ? await openPng() : notAsked
  const logger = vega.logger(vega.Error)
  const svg = async (specification: Specification) => {
    const { spec } = vegaLite.compile(withStyle(specification) as unknown as TopLevelSpec, { logger })
    return tidy(await new vega.View(vega.parse(spec as Spec), { renderer: 'none', logger }).toSVG())
  }
  return { svg, png }
}

function notAsked(): never {
  throw rangeError('ERR_OPTION', 'openRenderer() was not asked for PNG')
}

async function load<T>(from: () => Promise<T>, what: string, packages: string): Promise<T> {
  try {
    return await from()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw rangeError('ERR_OPTION', `${what} needs packages that are not installed; npm install ${packages}`)
  }
}

async function openPng(): Promise<Renderer['png']> {
  const { Resvg } = await load(() => import('@resvg/resvg-js'), 'a PNG', '@resvg/resvg-js dejavu-fonts-ttf')
  const options: ResvgRenderOptions = { font: fonts(), background: 'white' }
  // Without any font, resvg leaves out every letter and says nothing.
  const letter = `<svg xmlns="http://www.w3.org/2000/svg"><text y="20" font-family="${FONTS}">a</text></svg>`
  if (new Resvg(letter, options).getBBox() === undefined) {
    const help = 'npm install dejavu-fonts-ttf, or write .svg or .html'
    throw rangeError('ERR_OPTION', `a PNG needs a font for its letters, and this machine has none; ${help}`)
  }
  return (svg, width) => {
    const fitTo =
      width === undefined ? ({ mode: 'zoom', value: 2 } as const) : ({ mode: 'width', value: width } as const)
    return new Resvg(svg, { ...options, fitTo }).render().asPng()
  }
}

/** The fonts of the package dejavu-fonts-ttf; without it, those of the system. */
function fonts(): ResvgRenderOptions['font'] {
  const { resolve } = createRequire(import.meta.url)
  try {
    const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => resolve(`dejavu-fonts-ttf/ttf/${name}`))
    return { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' }
  } catch {
    return { loadSystemFonts: true }
  }
}

function withStyle(specification: Specification): Specification {
  const base: Record<string, unknown> = CONFIG
  const groups = Object.entries((specification.config as Specification | undefined) ?? {}).map(([group, own]) => [
    group,
    isRecord(own) && isRecord(base[group]) ? { ...base[group], ...own } : own,
  ])
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    ...specification,
    config: { ...CONFIG, ...Object.fromEntries(groups) },
  }
}

function isRecord(value: unknown): value is Specification {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Coordinates to a hundredth of a pixel, which halves the file; cells without the pale seams of smoothed edges. */
function tidy(svg: string): string {
  return withoutControls(svg)
    .replaceAll(/ (?:d|transform)="[^"]*"/g, (attribute) =>
      attribute.replaceAll(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(100 * Number(number)) / 100)),
    )
    .replaceAll('<g class="mark-rect role-mark', '<g shape-rendering="crispEdges" class="mark-rect role-mark')
}
