// Draws a Vega-Lite specification as SVG and PNG, in the look of `fewpoints picture`.
import { openRenderer } from '../dist/plot/render.js'

const renderer = await openRenderer({ forPng: true })

/**
 * @param {object} specification of Vega-Lite; its `config` overrides that of all pictures, group by group
 * @returns {Promise<{ svg: string, png: Uint8Array }>}
 */
export async function render(specification) {
  const svg = await renderer.svg(specification)
  return { svg, png: renderer.png(svg) }
}
