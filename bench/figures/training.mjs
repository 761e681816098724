// Trainings of several networks beside each other: above the loss, below the distance from the original's function, a column for
// each update rule.
import { NAMES } from '../trajectories.mjs'
import { curvePanel, lossesAndDistances } from './curves.mjs'
import { COLORS } from './style.mjs'

/** Of the networks that every such figure has. */
export const LOOKS = {
  [NAMES.original]: { color: '#000000', dash: [1, 0] },
  [NAMES.compressed]: { color: '#1f77d0', dash: [6, 3] },
  [NAMES.subset]: { color: '#d9480f', dash: [1, 0] },
  [NAMES.naive]: { color: COLORS[2], dash: [2, 2] },
}

/** Of a network that is compressed with another order. */
export const OTHER_ORDER = { color: COLORS[4], dash: [9, 2, 2, 2] }

/**
 * @param {{ title: string, curves: Record<string, { epoch: number, testLoss: number, distance: number }[]>,
 *   behind?: object[] }[]} columns `curves`: of all or some of the variants; `behind`: as curvePanel() takes it, in the panels of
 *   the loss
 * @param {{ names: Record<string, string>, looks: object, title: string, xTitle?: string }} options `names`: of the variants, the
 *   original first
 */
export function trainingPanels(columns, { names, looks, title, xTitle }) {
  const variants = Object.keys(names)
  const size = { width: 300, height: 230, columns: Object.keys(looks).length <= 6 ? 6 : 5 }
  const losses = columns.map(({ title, curves, behind }, i) =>
    curvePanel(shown(curves, variants, 'testLoss', names), looks, {
      ...size,
      title: { text: `(${'abc'[i]}) ${title}` },
      yTitle: i === 0 ? 'test loss' : null,
      isLast: false,
      behind,
    }),
  )
  const distances = columns.map(({ curves }, i) =>
    curvePanel(shown(curves, variants.slice(1), 'distance', names), looks, {
      ...size,
      yTitle: i === 0 ? 'distance from the original' : null,
      xTitle,
      fromStart: true,
    }),
  )
  return lossesAndDistances(losses, distances, title)
}

/** Without what a logarithmic axis cannot show: a loss that has diverged, and the distance 0. */
function shown(curves, variants, what, names) {
  return variants
    .filter((variant) => variant in curves)
    .map((variant) => ({
      name: names[variant],
      values: curves[variant]
        .map(({ epoch, [what]: value }) => ({ epoch, value }))
        .filter(({ value }) => value > 0 && Number.isFinite(value)),
    }))
}
