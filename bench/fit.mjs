// Straight lines through measured points.
import { linearRegression, rootMeanSquare } from 'simple-statistics'

/** The line y = value at 0 + slope x by least squares, with its rms deviation. undefined for fewer than two points. */
export function line(points) {
  if (points.length < 2) return undefined
  const { m, b } = linearRegression(points)
  const at = (x) => b + m * x
  return { slope: m, at, count: points.length, deviation: rootMeanSquare(points.map(([x, y]) => y - at(x))) }
}

/**
 * The law y = constant x^exponent, by least squares in the natural logarithms, and the rms deviation in these.
 * undefined for fewer than two points.
 */
export function powerLaw(points) {
  const fitted = line(points.map(([x, y]) => [Math.log(x), Math.log(y)]))
  if (fitted === undefined) return undefined
  const { slope, at, count, deviation } = fitted
  return { exponent: slope, at: (x) => Math.exp(at(Math.log(x))), count, deviation }
}
