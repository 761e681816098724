// The two laws apart: panel a, the error against d' at fixed d; panel b, against d at fixed d'.
import { series } from '../cases/laws.mjs'
import { barred, countsOf, dashed, errorAxis, extent, layer, panels, seriesBy, withBar } from './style.mjs'

const PANEL = { width: 400, height: 330 }

export function figures({ results, options }) {
  const all = series(results)
  const names = [...new Set(all.map(nameOf))]
  const fixed = (part) => results.find((one) => one.part === part)
  const bySize = all.filter(({ part }) => part === 'size')
  const byPoints = all.filter(({ part }) => part === 'points')
  const { points } = fixed('size')
  const { size } = fixed('points')
  return [
    {
      id: 'laws',
      title: 'The error against the number of points kept, and against the number there were',
      caption: caption(bySize, byPoints, points, size, options),
      specification: panels(
        [
          panel(bySize, names, "number of points kept, d'", { text: `(a) d = ${points.toLocaleString('en')}` }),
          panel(byPoints, names, 'number of points, d', { text: `(b) d' = ${size.toLocaleString('en')}` }),
        ],
        2,
        { title: 'The error falls with the number of points kept, and not with the number there were' },
      ),
    },
  ]
}

const nameOf = ({ dimension, order }) => `${dimension}, ${order}`

function panel(own, names, xTitle, title) {
  const points = own.flatMap((one) =>
    one.points.map(({ x, error, standardError }) => ({
      name: nameOf(one),
      x,
      ...withBar(error, standardError),
    })),
  )
  // The law's slope, through the geometric middle of what was measured.
  const laws = own.flatMap((one) => {
    const fitted = one.points.filter(({ isClear }) => isClear)
    if (fitted.length === 0) return []
    const offset =
      fitted.reduce((sum, { x, error }) => sum + Math.log(error) - one.law * Math.log(x), 0) / fitted.length
    return extent(fitted.map(({ x }) => x)).map((x) => ({
      name: nameOf(one),
      x,
      error: Math.exp(offset + one.law * Math.log(x)),
    }))
  })
  const x = countsOf('x', xTitle, points)
  const y = errorAxis('mean error of f', points)
  const by = seriesBy('name', names, 'm, k')
  return {
    ...PANEL,
    title,
    layer: [layer(laws, { ...dashed, clip: true }, { x, y, color: by.color }), ...barred(points, { x, y, ...by })],
  }
}

function caption(bySize, byPoints, points, size, { trials }) {
  const list = (all, of) => all.map((one) => `(${nameOf(one)}) ${of(one)}`).join(', ')
  return (
    `Points and function as in figure 2, cells that keep the moments up to order k; mean errors of ${trials} trials with their ` +
    `standard errors. Panel a: ${points.toLocaleString('en')} points, more and more of them kept; dashed, the slope ` +
    `−((k+1)/m + 1/2). Fitted exponents and, in brackets, the law's: ` +
    `${list(bySize, ({ fit, law }) => `${fit?.exponent.toFixed(2) ?? 'none'} (${law.toFixed(2)})`)}. ` +
    `Panel b: ${size.toLocaleString('en')} points kept of more and more; dashed, no dependence. Fitted exponents of d: ` +
    `${list(byPoints, ({ fit }) => fit?.exponent.toFixed(2) ?? 'none')}.`
  )
}
