// Losses and distances against the epoch or step: lines told apart by their dashes as well as by colour, the authors' in grey behind.
import { geometricMean } from '../measure.mjs'
import { GREY, layer, linear, panels, powersOfTen } from './style.mjs'

const LIGHT = '#a9aeb6'
// The axes leave out what is lost within this part of the training: falling from the start takes most of a logarithmic axis.
const FIRST_SHOWN = 0.01
export const AUTHORS_DASHES = { original: [1, 0], compressed: [6, 3], subset: [1.5, 2.5] }

/**
 * The geometric mean over the trials of one variant's curves, as rows for a figure; a value that has no logarithm is left out.
 *
 * @param {object[]} runs of a case: for each trial { [variant]: { curves } }
 * @param {'testLoss' | 'distance'} what
 */
export function meanCurve(runs, variant, what) {
  const { epochs } = runs[0][variant].curves
  return epochs.flatMap((epoch, i) => {
    const values = runs.map((run) => run[variant].curves[what][i])
    return values.every((value) => value > 0 && Number.isFinite(value)) ? [{ epoch, value: geometricMean(values) }] : []
  })
}

/**
 * One panel.
 *
 * @param {{ name: string, values: { epoch: number, value: number }[] }[]} curves in the order of the legend
 * @param {Record<string, { color: string, dash: number[], width?: number }>} looks by name
 * @param {{ title: object, yTitle: string, width: number, height: number, isLast?: boolean, xTitle?: string,
 *   fromStart?: boolean, columns?: number, behind?: { dash: number[], values: { epoch: number, value: number }[] }[] }} panel
 *   `fromStart`: nothing is left out of the axis; `columns`: of the legend; `behind`: the authors' curves
 */
export function curvePanel(
  curves,
  looks,
  { title, yTitle, width, height, isLast = true, xTitle = 'epoch', fromStart = false, columns = 5, behind = [] },
) {
  const all = [...curves, ...behind].flatMap(({ values }) => values)
  const last = Math.max(...all.map(({ epoch }) => epoch))
  const shown = all.filter(({ epoch }) => fromStart || epoch >= FIRST_SHOWN * last)
  const x = linear('epoch', isLast ? xTitle : null, { grid: false, tickCount: 5, format: 'd', domain: [0, last] })
  const y = powersOfTen('value', yTitle, shown, 6)
  const names = Object.keys(looks)
  const legend = {
    title: null,
    orient: 'bottom',
    direction: 'horizontal',
    columns,
    columnPadding: 24,
    labelLimit: 400,
    symbolType: 'stroke',
    symbolSize: 500,
    symbolStrokeWidth: 2,
  }
  const by = (key) => ({
    field: 'name',
    type: 'nominal',
    sort: names,
    scale: { domain: names, range: names.map((name) => looks[name][key]) },
    legend,
  })
  return {
    width,
    height,
    ...(title && { title: { fontSize: 13, offset: 6, frame: 'group', ...title } }),
    layer: [
      ...behind.map(({ dash, values }) =>
        layer(values, { type: 'line', strokeWidth: 1.6, strokeDash: dash, color: LIGHT, clip: true }, { x, y }),
      ),
      layer(
        curves.flatMap(({ name, values }) => values.map((one) => ({ name, ...one }))),
        { type: 'line', strokeWidth: 1.5, clip: true },
        { x, y, color: by('color'), strokeDash: by('dash') },
      ),
    ],
  }
}

/** Panels of losses, and below each that of the distances. */
export function lossesAndDistances(losses, distances, title) {
  return {
    ...panels([...losses, ...distances], losses.length, { title }),
    bounds: 'flush',
    spacing: { row: 24, column: 62 },
  }
}

/** Looks of the authors' curves, for the legend: nothing of ours has these names. */
export function authorsLooks(names) {
  return Object.fromEntries(
    Object.entries(names).map(([variant, name]) => [name, { color: GREY, dash: AUTHORS_DASHES[variant] }]),
  )
}
