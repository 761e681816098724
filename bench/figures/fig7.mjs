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
  [VARIANTS.blocks]: { color: COLORS[7], dash: [8, 3] },
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
  const columns = all.map(({ rule, curves }) => ({ title: rule, curves: withoutDiverged(curves) }))
  const drawn = Object.entries(VARIANTS).filter(([variant]) => columns.some(({ curves }) => variant in curves))
  if (evaluated.at(-1) > PAPER_STEPS) columns.unshift(firstSteps(columns[0], behind(authors)))
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

/** A curve that diverges would flatten all others. */
function withoutDiverged(curves) {
  return Object.fromEntries(Object.entries(curves).filter(([, curve]) => Number.isFinite(curve.at(-1).testLoss)))
}

function firstSteps({ title, curves }, behind) {
  return {
    title: `${title}, the first ${PAPER_STEPS} steps`,
    curves: mapped(curves, (curve) => curve.filter(({ epoch }) => epoch <= PAPER_STEPS)),
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

const inPercent = (part) => (Number.isFinite(part) ? `${short(100 * part)} %` : 'it diverges')

function caption(all, { heads, size, batch, tests, orders, evaluated }, { trials }, hasAuthors) {
  const of = (value) => all.map((one) => `${one.rule} ${value(one)}`).join('; ')
  const few = Object.keys(VARIANTS).filter((variant) => variant in all[0].curves && variant !== 'original')
  const names = few.map((variant) => VARIANTS[variant]).join(', ')
  const initial = few.map((variant) => short(all[0].deviations[variant].initial)).join(', ')
  const distances = of(({ deviations }) => few.map((variant) => short(deviations[variant].largest)).join(', '))
  const losses = of(({ ratios }) => few.map((variant) => inPercent(worstRatio(ratios[variant], evaluated))).join(', '))
  const [undivided] = all.filter(({ curves }) => 'total' in curves)
  const worst = inPercent(worstRatio(undivided.ratios.total, evaluated))
  return (
    `Prompts of eight points of a random piecewise linear function, with noise ${NOISE}, whose value at another point is asked for; ` +
    `batches of ${batch} new functions, ${tests} for the test; medians of ${trials} trials. Above, the loss` +
    `${hasAuthors ? "; grey: the authors' one run" : ''}. Below, the distance |f − f_original| / |y| of the functions at the same step, ` +
    'at prompts without noise. Compressed: by four numbers of each head, q·k, |q|² + |k|², v·o, |v|² + |o|², with order ' +
    `'auto', which took ${orders.compressed}; by blocks: order 2 in (q, k) times order 2 in (v, o); by columns: in all eight ` +
    `parameters, 'auto' took ${orders.auto}. The distance before training of ${names}: ${initial}; its largest value in ` +
    `training: ${distances}. The loss is off the original's, from step 1 on, by at most: ${losses}. Compressed, but without the ` +
    `division of the gradient by the multiplicity, with ${undivided.rule}: ${worst}. The paper compares with as many heads ` +
    'as they are; the fair rival is the random subset whose heads stand for ' +
    `${short(heads / size)} each. ${verdict(all.map(({ rule, advantages }) => ({ name: rule, advantages })))}`
  )
}
