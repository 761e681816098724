// Figure 4: a column for each update rule, with the authors' losses in grey behind ours.
import { NETWORKS as COMPARED, series } from '../cases/fig4.mjs'
import { paper } from '../paper.mjs'
import { short, verdict } from '../trajectories.mjs'
import { AUTHORS_DASHES, authorsLooks } from './curves.mjs'
import { COLORS } from './style.mjs'
import { LOOKS, OTHER_ORDER, trainingPanels } from './training.mjs'

const NETWORKS = { ...COMPARED, fresh: 'fresh network' }
const OWN_LOOKS = {
  ...LOOKS,
  [NETWORKS.second]: OTHER_ORDER,
  [NETWORKS.fresh]: { color: COLORS[6], dash: [4, 2] },
}
const AUTHORS = {
  original: 'the authors: original',
  compressed: 'the authors: compressed',
  subset: 'the authors: first neurons',
}

export function figures({ results, options }) {
  const all = series(results)
  const [{ width, size }] = results
  // The authors' runs are of the full size.
  const columns = all.map(({ rule, curves }) => ({ title: rule, curves, behind: options.small ? [] : behind(rule) }))
  return [
    {
      id: 'training',
      title: 'A network and a compressed one, trained alike',
      caption: caption(all, results[0], options),
      specification: trainingPanels(columns, {
        names: NETWORKS,
        looks: { ...OWN_LOOKS, ...(!options.small && authorsLooks(AUTHORS)) },
        title: `${width.toLocaleString('en')} relu neurons and ${size.toLocaleString('en')} of them, trained on the same batches`,
      }),
    },
  ]
}

function behind(rule) {
  const own = paper('fig4').filter((one) => one.rule === rule)
  return Object.entries({ original: 'original', compressed: 'compressed', subset: 'naive' }).map(
    ([variant, column]) => ({
      dash: AUTHORS_DASHES[variant],
      values: own.map(({ epoch, [column]: value }) => ({ epoch, value })),
    }),
  )
}

function caption(all, { width, size, rows, epochs }, { trials, small }) {
  const ends = all.map(({ rule, curves }) => {
    const losses = Object.keys(COMPARED).map((variant) => short(curves[variant].at(-1).testLoss))
    return `${rule} ${losses.join(', ')}`
  })
  const fresh = all.map(({ rule, rate, curves }) => `${rule} ${short(curves.fresh.at(-1).testLoss)} (${rate})`)
  return (
    `J₆(20 r) cos 6θ with noise 0.2, ${rows.toLocaleString('en')} rows, batches of 512, ${epochs} epochs with a rate that goes to ` +
    `zero like a cosine; medians of ${trials} trials. Above, the loss on points free of noise` +
    `${small ? '' : "; grey: the authors' one run"}. ` +
    'Below, the distance |f − f_original| / |y| of the functions at the same epoch. ' +
    `Loss at the end of the original, compressed, compressed with order 2, the random subset and the first neurons: ${ends.join('; ')}. ` +
    `A network of width ${size.toLocaleString('en')} in its own initialisation ends at, with the best of three learning rates, which ` +
    `is so many times that of the others: ${fresh.join(', ')}. The paper compares with the first neurons, which have another ` +
    `function to begin with and make smaller steps; the fair rival is the random subset whose neurons stand for ` +
    `${short(width / size)} each. ${verdict(all.map(({ rule, advantages }) => ({ name: rule, advantages })))}`
  )
}
