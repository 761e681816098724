// Seeded points of several shapes, all about as wide as the box from -1 to 1.
import { random } from '../demo/random.mjs'
import { uniformPoints } from './measure.mjs'

const COMPONENTS = 8
const NOISE = 0.02
const TURNS = 3

/** Each draws `count` points of `dimension` columns, row-major. */
export const POINT_SETS = {
  uniform: { dimension: 2, title: 'uniform in a square', draw: (count, seed) => uniformPoints(count, 2, seed) },
  mixture: { dimension: 2, title: 'Gaussian mixture, plane', draw: (count, seed) => gaussianMixture(count, 2, seed) },
  spiral: { dimension: 2, title: 'on a spiral', draw: (count, seed) => onCurve(spiral, count, 0, seed) },
  noisy: { dimension: 2, title: 'near a spiral', draw: (count, seed) => onCurve(spiral, count, NOISE, seed) },
  knot: { dimension: 3, title: 'on a knot in space', draw: (count, seed) => onCurve(trefoil, count, 0, seed) },
  mixture3: { dimension: 3, title: 'Gaussian mixture, space', draw: (count, seed) => gaussianMixture(count, 3, seed) },
}

/** Round components whose centres, widths (0.03 to 0.3) and shares are random. */
function gaussianMixture(count, dimension, seed) {
  const { uniform, normal } = random(seed)
  const components = Array.from({ length: COMPONENTS }, () => ({
    centre: Array.from({ length: dimension }, () => 1.6 * uniform() - 0.8),
    width: 0.03 * 10 ** uniform(),
    share: 0.2 + uniform(),
  }))
  const total = components.reduce((sum, { share }) => sum + share, 0)
  const points = new Float64Array(count * dimension)
  for (let i = 0; i < count; i++) {
    let rest = total * uniform()
    const { centre, width } =
      components.find(({ share }) => {
        rest -= share
        return rest < 0
      }) ?? components[0]
    for (let j = 0; j < dimension; j++) points[i * dimension + j] = centre[j] + width * normal()
  }
  return points
}

/** The curve's parameter is uniform; normal noise of deviation `noise` in each column. */
function onCurve(curve, count, noise, seed) {
  const { uniform, normal } = random(seed)
  const dimension = curve(0).length
  const points = new Float64Array(count * dimension)
  for (let i = 0; i < count; i++) {
    const place = curve(uniform())
    for (let j = 0; j < dimension; j++) points[i * dimension + j] = place[j] + (noise > 0 ? noise * normal() : 0)
  }
  return points
}

function spiral(t) {
  const angle = 2 * Math.PI * TURNS * t
  return [t * Math.cos(angle), t * Math.sin(angle)]
}

function trefoil(t) {
  const angle = 2 * Math.PI * t
  const radius = (2 + Math.cos(3 * angle)) / 3
  return [radius * Math.cos(2 * angle), radius * Math.sin(2 * angle), Math.sin(3 * angle) / 3]
}
