// A hundredth of the rows: the loss against the epoch, and the distance from the original's function.

import { medians } from '../cases/fig3.mjs'
import { AUTHORS, NAMES, ranked, survival } from '../cases/hundredfold.mjs'
import { AUTHORS_DASHES, authorsLooks, curvePanel, meanCurve } from './curves.mjs'
import { COLORS, panels } from './style.mjs'

const AUTHORS_NAMES = { original: 'the authors: original', compressed: 'the authors: compressed' }
const LOOKS = {
  original: { color: '#000000', dash: [1, 0] },
  compressed: { color: '#1f77d0', dash: [6, 3] },
  shuffled: { color: COLORS[0], dash: [3, 2] },
  order1: { color: COLORS[2], dash: [2, 2] },
  averaged: { color: COLORS[6], dash: [1, 0] },
  free: { color: '#2f8f2f', dash: [9, 2, 2, 2] },
  shuffledMeans: { color: '#2f8f2f', dash: [1, 0] },
  subset: { color: '#d9480f', dash: [1, 0] },
  rebatched: { color: COLORS[4], dash: [1, 2] },
}
const PANEL = { width: 430, height: 320, columns: 3 }

export function figures({ results: [result], options }) {
  const { rows, size, epochs, runs } = result
  const isTheirs = !options.small
  const looks = {
    ...Object.fromEntries(Object.entries(LOOKS).map(([name, look]) => [NAMES[name], look])),
    ...(isTheirs && authorsLooks(AUTHORS_NAMES)),
  }
  const curves = (what) =>
    Object.keys(LOOKS).map((name) => ({ name: NAMES[name], values: meanCurve(runs, name, what) }))
  // Of their run only the losses at the end are known here: a stroke at the end of the axis.
  const behind = Object.entries(isTheirs ? AUTHORS : {}).map(([name, value]) => ({
    dash: AUTHORS_DASHES[name],
    values: [0.92, 1].map((part) => ({ epoch: part * epochs, value })),
  }))
  const title = `${rows.toLocaleString('en')} rows and ${size.toLocaleString('en')} of them, SGD in mini-batches`
  return [
    {
      id: 'curves',
      title: `Training on all rows and on few: ${title}`,
      caption: caption(result, options),
      specification: {
        ...panels(
          [
            curvePanel(curves('testLoss'), looks, { ...PANEL, title: { text: '(a)' }, yTitle: 'test loss', behind }),
            curvePanel(
              curves('distance').filter(({ name }) => name !== NAMES.original),
              looks,
              { ...PANEL, title: { text: '(b)' }, yTitle: 'distance from the original' },
            ),
          ],
          2,
          { title: `Training on ${title}` },
        ),
        bounds: 'flush',
        spacing: 75,
      },
    },
  ]
}

function caption(result, { small, trials }) {
  const all = medians(result)
  const entry = (name) => `${NAMES[name]} ${all[name].ratio.toFixed(2)} (${all[name].distance.toPrecision(2)})`
  return (
    `As figure 3c with ten times as many rows, ${result.rows.toLocaleString('en')}, of which about ` +
    `${result.size.toLocaleString('en')} are kept; geometric means of ${trials} trials. (a) The loss on rows without noise` +
    `${small ? '' : `; grey, the end of the authors' run, ${(AUTHORS.compressed / AUTHORS.original).toFixed(0)} times their original's`}. ` +
    `(b) |f − f of the original| / |y|. The final loss divided by the original's and, in brackets, the distance at the end ` +
    `(medians): ${[...ranked(result), 'free', 'means', 'shuffledMeans', 'subset', 'rebatched'].map(entry).join('; ')}. ` +
    `Of the compressions end nearer to the original than ${survival(result)}. ` +
    `Weights in the loss: shuffled epochs in place of rows drawn with probability proportional to the weight, as many steps.`
  )
}
