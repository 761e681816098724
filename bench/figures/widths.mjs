// How few neurons do: above the loss at the end against the original's, below the distance of the functions, for gelu and relu.
import { series, VARIANTS } from '../cases/widths.mjs'
import { groupBy } from '../measure.mjs'
import { NAMES as OTHERS, short, verdict } from '../trajectories.mjs'
import { COLORS, countsOf, dashed, filled, layer, logarithmicOf, panels, seriesBy, solid } from './style.mjs'

const NAMES = { ...OTHERS, free: 'free neurons' }
const COLORS_OF_VARIANTS = [COLORS[1], '#2f8f2f', COLORS[5]]
const SIZE = { width: 400, height: 250 }

export function figures({ results, options }) {
  const all = series(results)
  const [{ width }] = results
  const groups = [...groupBy(all, ({ activation }) => activation)]
  const panelsOf = (read, yTitle, letters, level) => {
    // One axis for the row, so that gelu and relu can be compared.
    const shown = all.flatMap((one) => VARIANTS.map((variant) => read(one, variant))).filter(Number.isFinite)
    const y = logarithmicOf('value', yTitle, level === undefined ? shown : [level, ...shown])
    return groups.map(([activation, group], i) => panel(group, read, y, `(${letters[i]}) ${activation}`, level))
  }
  return [
    {
      id: 'widths',
      title: 'How few neurons do',
      caption: caption(groups, results, options),
      specification: panels(
        [
          ...panelsOf(({ ratios }, variant) => ratios[variant], "final loss / original's", 'ab', 1),
          ...panelsOf(({ deviations }, variant) => deviations[variant].final, 'distance at the end', 'cd'),
        ],
        groups.length,
        { title: `${width.toLocaleString('en')} neurons and fewer of them, trained on the same batches` },
      ),
    },
  ]
}

/** With a dashed line at `level`, where there is one. */
function panel(group, read, y, title, level) {
  const values = VARIANTS.flatMap((variant) =>
    group.map((one) => ({ name: NAMES[variant], size: one.size, value: read(one, variant) })),
  ).filter(({ value }) => Number.isFinite(value))
  const encoding = {
    x: countsOf(
      'size',
      "number of neurons, d'",
      values.map(({ size }) => size),
    ),
    y,
  }
  const by = seriesBy(
    'name',
    VARIANTS.map((variant) => NAMES[variant]),
    null,
    COLORS_OF_VARIANTS,
  )
  return {
    ...SIZE,
    title,
    layer: [
      ...(level === undefined ? [] : [layer([{ value: level }], { ...dashed, type: 'rule' }, { y })]),
      layer(values, solid, { ...encoding, color: by.color }),
      layer(values, filled, { ...encoding, ...by }),
    ],
  }
}

function caption(groups, results, { trials }) {
  const [{ width, rows }] = results
  const each = groups.map(([activation, group]) => {
    const sizes = group.map(({ size, ratios, deviations }) => {
      const of = (value) => VARIANTS.map(value).join(', ')
      return `${size}: ${of((variant) => ratios[variant].toFixed(2))} and ${of((variant) => short(deviations[variant].final))}`
    })
    return `${activation}, ${results.find((one) => one.activation === activation).epochs} epochs, ${sizes.join('; ')}`
  })
  const gained = groups.map(([activation, group]) => {
    const list = group.map(({ size, advantages }) => ({ name: String(size), advantages }))
    return `${activation}: ${verdict(list, ['initial', 'final', 'lossFinal'])}`
  })
  return (
    `${width.toLocaleString('en')} neurons compressed to d' before training, and random subsets of d', ${rows.toLocaleString('en')} rows, Adam with batches of ` +
    `512; gelu with J₂(4 r) cos 2θ, relu with J₆(20 r) cos 6θ; medians of ${trials} trials. Above, the loss at the end against the ` +
    "original's; below, the distance |f − f_original| / |y| at the end. " +
    `Both, compressed, free neurons and the random subset: ${each.join('. ')}. ${gained.join(' ')}`
  )
}
