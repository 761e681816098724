// Figure 3: the loss against the epoch on all rows and on few, and below it the distance from the original's function.
import { medians, NAMES, PANELS, survival } from '../cases/fig3.mjs'
import { TIE } from '../measure.mjs'
import { paper } from '../paper.mjs'
import { AUTHORS_DASHES, authorsLooks, curvePanel, lossesAndDistances, meanCurve } from './curves.mjs'
import { COLORS } from './style.mjs'

const VARIANTS = ['original', 'compressed', 'order1', 'free', 'subset']
const YARDSTICKS = ['redrawn', 'rebatched']
const AUTHORS = {
  original: 'the authors: original',
  compressed: 'the authors: compressed',
  subset: 'the authors: first rows',
}
const LOOKS = {
  [NAMES.original]: { color: '#000000', dash: [1, 0] },
  [NAMES.compressed]: { color: '#1f77d0', dash: [6, 3] },
  [NAMES.order1]: { color: COLORS[2], dash: [2, 2] },
  [NAMES.free]: { color: '#2f8f2f', dash: [9, 2, 2, 2] },
  [NAMES.subset]: { color: '#d9480f', dash: [1, 0] },
  [NAMES.redrawn]: { color: COLORS[6], dash: [4, 2] },
  [NAMES.rebatched]: { color: COLORS[4], dash: [1, 2] },
}

export function figures({ results, options }) {
  return ['relu', 'tanh']
    .map((activation) => results.filter((one) => one.activation === activation))
    .filter((group) => group.length > 0)
    .map((group) => figure(group, options))
}

/** Whether this is what the authors' curves show: not the small form. */
const isTheirs = ({ activation, rows }) => activation === 'relu' && rows === 10_000

function figure(group, options) {
  const [{ activation, rows, size }] = group
  const isRelu = activation === 'relu'
  const theirs = isTheirs(group[0]) ? paper('fig3') : []
  const looks = { ...LOOKS, ...(isTheirs(group[0]) && authorsLooks(AUTHORS)) }
  const own = group.some(({ runs }) => runs[0].rebatched)
  if (!own) delete looks[NAMES.rebatched]
  const columns = group.map((result, i) => {
    const behind = Object.entries(AUTHORS_DASHES).map(([variant, dash]) => ({
      dash,
      values: theirs
        .filter(({ panel }) => panel === result.panel)
        .map(({ epoch, [variant]: value }) => ({ epoch, value })),
    }))
    const has = (name) => result.runs[0][name] !== undefined
    const curves = (names, what) =>
      names.filter(has).map((name) => ({ name: NAMES[name], values: meanCurve(result.runs, name, what) }))
    const size = { width: isRelu ? 230 : 400, height: 220, columns: isRelu ? 5 : 3 }
    return [
      curvePanel(curves(VARIANTS, 'testLoss'), looks, {
        ...size,
        title: { text: `(${'abcd'[i]}) ${PANELS[result.panel].title}` },
        yTitle: i === 0 ? 'test loss' : null,
        isLast: false,
        behind,
      }),
      curvePanel(curves([...VARIANTS.slice(1), ...YARDSTICKS], 'distance'), looks, {
        ...size,
        yTitle: i === 0 ? 'distance from the original' : null,
      }),
    ]
  })
  const title = `${rows.toLocaleString('en')} rows and ${size.toLocaleString('en')} of them, ${activation}`
  return {
    id: activation,
    title: `Training on all rows and on few: ${title}`,
    caption: caption(group, options),
    specification: lossesAndDistances(
      columns.map(([loss]) => loss),
      columns.map(([, distance]) => distance),
      `Training on ${title}`,
    ),
  }
}

function caption(group, { trials }) {
  const [{ activation, rows, size, runs }] = group
  const all = group.map(medians)
  const each = (name, of) => all.map((one) => (one[name] === undefined ? '–' : of(one[name]))).join(', ')
  const letters = group.map((_, i) => 'abcd'[i]).join(', ')
  const ratios = ['compressed', 'order1', 'free', 'means', 'subset', 'redrawn'].map(
    (name) => `${NAMES[name]} ${each(name, ({ ratio }) => ratio.toFixed(2))}`,
  )
  const distances = ['compressed', 'auto', 'order1', 'free', 'means', 'subset', 'redrawn', 'rebatched']
    .filter((name) => all.some((one) => one[name] !== undefined))
    .map((name) => `${NAMES[name]} ${each(name, ({ distance }) => distance.toPrecision(2))}`)
  return (
    `A student of 50 ${activation} neurons learns from ${rows.toLocaleString('en')} noisy values of a teacher, and from ` +
    `${runs[0].compressed.kept} to ${size.toLocaleString('en')} weighted rows that stand for them. Above: the loss on rows without noise; ` +
    `below: |f − f of the original| / |y| there; geometric means of ${trials} trials` +
    `${isTheirs(group[0]) ? "; grey: the authors' one run" : ''}. The random subset is the paper's naive one: equal weights change nothing. ` +
    `Free support and the means of equal cells are no rows of the data. The final loss divided by the original's (${letters}; medians): ${ratios.join('; ')}. ` +
    `Distance at the end: ${distances.join('; ')}. ${survival(group)} Equal within a factor of ${TIE} counts as tied.`
  )
}
