// The losses of all runs and their distances from the wide network, in one picture.
import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import * as vega from 'vega'
import * as vegaLite from 'vega-lite'

// A server often has no font at all, and resvg then leaves out every letter.
const FONT_FILE = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
const FONT = 'DejaVu Sans'

// The first run is drawn broad and pale, so that a line on top of it can be seen.
const COLORS = ['#b9c3d0', '#0b3c6f', '#d9480f']
const WIDTHS = [6, 1.8, 1.8]
const DASHES = [
  [1, 0],
  [1, 0],
  [6, 3],
]

/**
 * @param {object} what
 * @param {{ name: string, epoch: number, loss: number, distance: number }[]} what.points
 * @param {string[]} what.names of the runs, the wide one first
 * @param {string[]} what.labels what the legend calls them
 * @param {number} what.compressedAfter epochs
 * @returns {Promise<{ svg: string, png: Uint8Array }>}
 */
export async function draw({ points, names, labels, compressedAfter }) {
  const byRun = (range) => ({
    field: 'name',
    type: 'nominal',
    sort: names,
    scale: { domain: names, range },
    legend: {
      title: null,
      orient: 'bottom',
      direction: 'vertical',
      labelLimit: 500,
      symbolSize: 900,
      labelExpr: `${JSON.stringify(Object.fromEntries(names.map((name, i) => [name, labels[i]])))}[datum.label]`,
    },
  })
  const panel = (values, field, title) => {
    const domain = rangeOf(values.map((point) => point[field]))
    return {
      width: 380,
      height: 280,
      layer: [
        {
          data: { values: [{ epoch: compressedAfter }] },
          mark: { type: 'rule', color: '#888888', strokeDash: [2, 3] },
          encoding: { x: { field: 'epoch', type: 'quantitative' } },
        },
        {
          data: { values },
          mark: { type: 'line', strokeJoin: 'round' },
          encoding: {
            x: { field: 'epoch', type: 'quantitative', axis: { title: 'epoch', grid: false, tickMinStep: 1 } },
            y: {
              field,
              type: 'quantitative',
              scale: { type: 'log', nice: false, domain },
              axis: { title, values: ticks(...domain), format: '~g', gridColor: '#e6e6e6' },
            },
            color: byRun(COLORS),
            strokeWidth: byRun(WIDTHS),
            strokeDash: byRun(DASHES),
          },
        },
      ],
    }
  }
  const { spec } = vegaLite.compile({
    background: 'white',
    padding: 12,
    spacing: 40,
    title: `A wide layer, and from epoch ${compressedAfter} on few of its neurons, each trained as one of its copies`,
    hconcat: [
      panel(points, 'loss', 'mean squared error, rows without noise'),
      panel(
        points.filter(({ name }) => name !== names[0]),
        'distance',
        'distance from the function of all neurons',
      ),
    ],
    resolve: { legend: { color: 'shared', strokeWidth: 'shared', strokeDash: 'shared' } },
    config: {
      font: FONT,
      axis: { labelFlush: false, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' },
      legend: { labelFontSize: 12, offset: 0 },
      title: { anchor: 'start', fontSize: 14, fontWeight: 'normal', offset: -8 },
      view: { stroke: '#888888' },
    },
  })
  const svg = await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG()
  const resvg = new Resvg(svg, {
    font: { loadSystemFonts: false, fontFiles: [FONT_FILE], defaultFontFamily: FONT },
    fitTo: { mode: 'zoom', value: 2 },
  })
  return { svg, png: resvg.render().asPng() }
}

/** The least and the largest value, with some room. */
function rangeOf(values) {
  return [Math.min(...values) / 1.3, Math.max(...values) * 1.3]
}

/** 1, 2 and 5 times the powers of ten in this range. */
function ticks(least, largest) {
  const all = []
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(largest); power++) {
    all.push(...[1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
  }
  return all.filter((tick) => tick >= least && tick <= largest)
}
