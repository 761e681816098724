// Figure 6: time against the number of points, the authors' times above ours on the same axes.
import { ORDER, QUALITIES, series } from '../cases/fig6.mjs'
import { paper } from '../paper.mjs'
import { countsOf, dotted, filled, hollow, layer, panels, seriesBy, solid } from './style.mjs'

const PANEL = { width: 380, height: 420 }
const NAMES = { fast: "(a) quality 'fast', the same work", best: "(b) quality 'best', the default" }

export function figures({ results, machine, options }) {
  const all = series(results)
  const dimensions = [...new Set(all.map(({ dimension }) => dimension))]
  const theirs = paper('fig6')
    .filter(({ m }) => dimensions.includes(m))
    .map(({ m, d, seconds }) => ({ m, d, seconds }))
  const list = QUALITIES.map((quality) =>
    panel(
      all.filter((one) => one.quality === quality),
      theirs,
      dimensions,
      NAMES[quality],
    ),
  )
  return [
    {
      id: 'time',
      title: 'Time against the number of points',
      caption: caption(all, machine, options),
      specification: panels(list, 2, {
        title: `Time to keep a tenth of d points with their moments up to order ${ORDER}`,
        subtitle: "filled: fewpoints; hollow, dotted: the authors' program on an Apple M4 Pro, as published",
      }),
    },
  ]
}

function panel(ours, theirs, dimensions, text) {
  const points = ours.flatMap(({ dimension: m, points }) => points.map((one) => ({ m, ...one })))
  const shown = [...points, ...theirs]
  const x = countsOf('d', 'number of points d', shown)
  const y = seconds(shown.map((one) => one.seconds))
  const by = seriesBy('m', dimensions, 'dimension m')
  return {
    ...PANEL,
    title: { text },
    layer: [
      layer(theirs, dotted, { x, y, color: by.color }),
      layer(theirs, hollow, { x, y, ...by }),
      layer(points, solid, { x, y, color: by.color }),
      layer(points, filled, { x, y, ...by }),
    ],
  }
}

/** 100 µs, 1 ms, 1 s, 1000 s. */
function seconds(values) {
  const y = countsOf('seconds', 'time', values)
  y.axis.labelExpr =
    "datum.value < 0.999e-3 ? format(datum.value * 1e6, 'd') + ' µs' : datum.value < 0.999 ? format(datum.value * 1e3, 'd') + ' ms' : format(datum.value, ',d') + ' s'"
  return y
}

function caption(all, { cpu, instructionSet }, { threads }) {
  const compared = all.filter(({ ratio, quality }) => ratio !== undefined && quality === 'fast')
  const ratios = compared.map(({ dimension, ratio }) => `${Math.round(ratio).toLocaleString('en')} (m = ${dimension})`)
  const growth = all
    .filter(({ quality, fit }) => quality === 'fast' && fit !== undefined)
    .map(({ dimension, fit }) => `${fit.exponent.toFixed(2)} (m = ${dimension})`)
  return (
    `Wall clock of a call with ${threads ?? 1} thread on ${cpu}, ${instructionSet}, check of the moments included, medians. ` +
    (ratios.length > 0
      ? `With 128,000 points the authors' program takes as many times longer as: ${ratios.join(', ')}. Their machine is another one, ` +
        'and their program Python. '
      : '') +
    (growth.length > 0 ? `Time grows with d to the power of ${growth.join(', ')}, fitted from 16,000 points on.` : '')
  )
}
