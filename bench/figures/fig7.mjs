// Figure 7: the paper's steps with Adam, the authors' losses in grey behind ours where their file is there; then all steps with
// Adam and with SGD.
import { PAPER_STEPS, series, VARIANTS, worstRatio } from '../cases/fig7.mjs'
import { NOISE } from '../heads.mjs'
import { mapped } from '../measure.mjs'
import { paperAttention } from '../paper.mjs'
import { short, verdict } from '../trajectories.mjs'
import { AUTHORS_DASHES, authorsLooks } from './curves.mjs'
import { COLORS } from './style.mjs'
import { LOOKS, trainingPanels } from './training.mjs'

const OWN_LOOKS = {
  [VARIANTS.original]: LOOKS[VARIANTS.original],
  [VARIANTS.compressed]: LOOKS[VARIANTS.compressed],
  [VARIANTS.auto]: { color: COLORS[2], dash: [9, 2, 2, 2] },
  [VARIANTS.third]: { color: COLORS[4], dash: [3, 3] },
  [VARIANTS.subset]: LOOKS[VARIANTS.subset],
  [VARIANTS.naive]: { color: COLORS[3], dash: [2, 2] },
  [VARIANTS.total]: { color: COLORS[6], dash: [4, 2] },
}
const AUTHORS = {
  original: 'the authors: original',
  compressed: 'the authors: compressed',
  subset: 'the authors: random heads',
}

export function figures({ results, options }) {
  const all = series(results)
  const [{ heads, size, evaluated }] = results
  // The authors' run is of the full size.
  const authors = options.small ? [] : paperAttention()
  const columns = all.map(({ rule, curves }) => ({
    title: rule,
    curves: showsTotal(rule, curves) ? curves : withoutTotal(curves),
  }))
  const drawn = Object.entries(VARIANTS).filter(([variant]) => columns.some(({ curves }) => variant in curves))
  if (evaluated.at(-1) > PAPER_STEPS) columns.unshift(firstSteps(all[0], behind(authors)))
  return [
    {
      id: 'heads',
      title: 'Attention heads and compressed ones, trained alike',
      caption: caption(all, results[0], options, authors.length > 0),
      specification: trainingPanels(columns, {
        names: Object.fromEntries(drawn),
        looks: {
          ...Object.fromEntries(drawn.map(([, name]) => [name, OWN_LOOKS[name]])),
          ...(authors.length > 0 && authorsLooks(AUTHORS)),
        },
        title: `${heads.toLocaleString('en')} attention heads and ${size} of them, trained on the same batches`,
        xTitle: 'step',
      }),
    },
  ]
}

/**
 * Adam does not depend on the scale of a head's gradient, so the curve of `total` would hide that of `compressed`. One that diverges
 * would flatten all others.
 */
function showsTotal(rule, { total }) {
  return rule !== 'Adam' && Number.isFinite(total.at(-1).testLoss)
}

function withoutTotal({ total, ...curves }) {
  return curves
}

function firstSteps({ rule, curves }, behind) {
  return {
    title: `${rule}, the first ${PAPER_STEPS} steps`,
    curves: mapped(withoutTotal(curves), (curve) => curve.filter(({ epoch }) => epoch <= PAPER_STEPS)),
    behind,
  }
}

function behind(authors) {
  if (authors.length === 0) return []
  return Object.entries({ original: 'original', compressed: 'compressed', subset: 'naive' }).map(
    ([variant, column]) => ({
      dash: AUTHORS_DASHES[variant],
      values: authors.map(({ step, [column]: value }) => ({ epoch: step, value })),
    }),
  )
}

const inPercent = (part) => (Number.isFinite(part) ? `${short(100 * part)} %` : 'without bound, as it diverges')

function caption(all, { heads, size, batch, tests, order, evaluated }, { trials }, hasAuthors) {
  const of = (value) => all.map((one) => `${one.rule} ${value(one)}`).join('; ')
  const few = ['compressed', 'auto', 'third', 'subset', 'naive']
  const distances = of(({ deviations }) => few.map((variant) => short(deviations[variant].largest)).join(', '))
  const worst = (variant) => of(({ ratios }) => inPercent(worstRatio(ratios[variant], evaluated)))
  const initial = few.map((variant) => short(all[0].deviations[variant].initial)).join(', ')
  return (
    `Prompts of eight points of a random piecewise linear function, with noise ${NOISE}, whose value at another point is asked for; ` +
    `batches of ${batch} new functions, ${tests} for the test; medians of ${trials} trials. Above, the loss` +
    `${hasAuthors ? "; grey: the authors' one run" : ''}. Below, the distance |f − f_original| / |y| of the functions at the same step, ` +
    `at prompts without noise. Compressed: order 2 in (q, k) times order 2 in (v, o); order 'auto' took ${order}. ` +
    `The distance before training of compressed, order 'auto', order 3, the random subset, the first heads: ${initial}; its ` +
    `largest value in training: ${distances}. The loss is off the original's, from step 1 on, by at most: compressed ` +
    `${worst('compressed')}; random subset ${worst('subset')}; compressed, but without the division of the gradient by the ` +
    `multiplicity, ${worst('total')}. The paper compares with the first ${size} of the ${heads.toLocaleString('en')} heads as ` +
    `they are; the fair rival is the random subset whose heads stand for ${short(heads / size)} each. ` +
    `${verdict(all.map(({ rule, advantages }) => ({ name: rule, advantages })))}`
  )
}
