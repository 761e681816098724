// Draws docs/cell.png, the picture of how-it-works.md: one cell before and after. Run it with node, after npm run setup.
import { writeFileSync } from 'node:fs'
import { random } from '../demo/random.mjs'
import { render } from '../demo/render.mjs'
import { compressSync, verifySync } from '../dist/index.js'

const COUNT = 400
const ORDER = 3
const SIZE = 340 // of a panel, in pixels
const CIRCLES = 0.12 // all circles together have this share of a panel
const INK = '#0b3c6f'

/** Points of weight 1, denser towards a curve through the cell. */
function cellPoints() {
  const { uniform, normal } = random(7)
  const points = new Float64Array(2 * COUNT)
  for (let i = 0; i < COUNT; i++) {
    const x = 2 * uniform() ** 0.8 - 1
    points[2 * i] = x
    points[2 * i + 1] = Math.max(-1, Math.min(1, 0.6 * Math.sin(3 * x) + 0.3 * normal()))
  }
  return points
}

function panel(title, subtitle, points, weights) {
  const area = (CIRCLES * SIZE * SIZE) / COUNT // square pixels for a weight of 1
  const values = Array.from(weights, (weight, i) => ({ x: points[2 * i], y: points[2 * i + 1], weight }))
  const axis = (field) => ({ field, type: 'quantitative', title: null, scale: { domain: [-1.15, 1.15], nice: false } })
  return {
    width: SIZE,
    height: SIZE,
    title: { text: title, subtitle },
    data: { values },
    mark: { type: 'circle', color: INK, opacity: 0.5, stroke: INK, strokeWidth: 0.6 },
    encoding: {
      x: axis('x'),
      y: axis('y'),
      size: {
        field: 'weight',
        type: 'quantitative',
        legend: null,
        scale: { type: 'linear', domain: [0, COUNT], range: [0, area * COUNT] },
      },
    },
  }
}

const points = cellPoints()
const few = compressSync(points, { dimension: 2, order: ORDER })
const { residual } = verifySync(points, few, { order: ORDER })
const epsilons = (residual / Number.EPSILON).toFixed(1)
const total = few.weights.reduce((sum, weight) => sum + weight, 0)
const { png } = await render({
  spacing: 30,
  hconcat: [
    panel(`${COUNT} points`, 'each of weight 1', points, new Float64Array(COUNT).fill(1)),
    panel(
      `${few.count} of them`,
      `weights add up to ${total.toFixed(0)}; circle area: weight`,
      few.points,
      few.weights,
    ),
  ],
  config: { axis: { tickCount: 5 } },
})
writeFileSync(new URL('cell.png', import.meta.url), png)
process.stdout.write(`${few.count} of ${COUNT} points, moments up to degree ${ORDER} within ${epsilons} epsilons\n`)
