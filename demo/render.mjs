// Draws a Vega-Lite specification as SVG, without a browser or a canvas, and turns the SVG into PNG by resvg.
import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import * as vega from 'vega'
import * as vegaLite from 'vega-lite'

// A server often has no font at all. resvg would then silently leave out every letter.
const FONT_FILES = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
  createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${name}`),
)
const FONT = 'DejaVu Sans'
const PNG_ZOOM = 2

/** The style of all pictures. */
const CONFIG = {
  aria: false, // descriptions of thousands of marks would double the file
  font: FONT,
  axis: { labelFontSize: 12, titleFontSize: 13, titleFontWeight: 'normal' },
  legend: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', titleLimit: 300 },
  title: { anchor: 'start', fontSize: 15, subtitleFontSize: 12, subtitleColor: '#333333', offset: 10 },
  view: { stroke: '#888888' },
}

/**
 * @param {object} specification of Vega-Lite; its `config` overrides that of all pictures, group by group
 * @returns {Promise<{ svg: string, png: Uint8Array }>}
 */
export async function render(specification) {
  const groups = Object.entries(specification.config ?? {}).map(([group, own]) => [
    group,
    typeof own === 'object' && !Array.isArray(own) ? { ...CONFIG[group], ...own } : own,
  ])
  const { spec } = vegaLite.compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    ...specification,
    config: { ...CONFIG, ...Object.fromEntries(groups) },
  })
  const svg = await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG()
  const options = {
    font: { loadSystemFonts: false, fontFiles: FONT_FILES, defaultFontFamily: FONT },
    fitTo: { mode: 'zoom', value: PNG_ZOOM },
    background: 'white',
  }
  return { svg, png: new Resvg(svg, options).render().asPng() }
}
