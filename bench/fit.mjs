// Straight lines through measured points.
import { linearRegression } from 'simple-statistics'

/** y = value at 0 + slope x by least squares. undefined for fewer than two points. */
export function line(points) {
  if (points.length < 2) return undefined
  const { m, b } = linearRegression(points)
  return { slope: m, at: (x) => b + m * x, count: points.length }
}

/** y = constant x^exponent, least squares in the logarithms. undefined for fewer than two points. */
export function powerLaw(points) {
  const fitted = line(points.map(([x, y]) => [Math.log(x), Math.log(y)]))
  return fitted && { exponent: fitted.slope, at: (x) => Math.exp(fitted.at(Math.log(x))), count: fitted.count }
}
