// Straight lines through measured points.
import { linearRegression, rootMeanSquare } from 'simple-statistics'

/** y = value at 0 + slope x by least squares, with the rms deviation from it. undefined for fewer than two points. */
export function line(points) {
  if (points.length < 2) return undefined
  const { m, b } = linearRegression(points)
  const at = (x) => b + m * x
  return { slope: m, at, count: points.length, deviation: rootMeanSquare(points.map(([x, y]) => y - at(x))) }
}

/** y = constant x^exponent, least squares in the natural logarithms, of which the deviation is, too. undefined for fewer than two points. */
export function powerLaw(points) {
  const fitted = line(points.map(([x, y]) => [Math.log(x), Math.log(y)]))
  if (fitted === undefined) return undefined
  const { slope, at, count, deviation } = fitted
  return { exponent: slope, at: (x) => Math.exp(at(Math.log(x))), count, deviation }
}
