// The same questions for any weighted table of the turbine's record: the whole, a compressed set, a random subset.
// There are three kinds of questions, which a compressed set answers with different accuracy.
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { compensatedSum, sumOfTerms } from '../dist/compensated-sum.js'

/**
 * - `exact`: a function of polynomial moments of degree at most 5, which order 5 keeps up to rounding
 * - `smooth`: the mean of a function that is not a polynomial, but close to one inside every cell
 * - `rough`: a question with a jump or a kink; nothing is promised
 *
 * @typedef {'exact' | 'smooth' | 'rough'} Kind
 * @typedef {{ name: string, unit: string, kind: Kind, value: number }} Statistic
 * @typedef {import('./measurement.mjs').Measurement} Measurement
 */

/**
 * @param {Measurement} table its `exposure` holds the weights, in seconds
 * @returns {Statistic[]}
 */
export function statistics(table) {
  const { wind_speed: wind, temperature, power, exposure } = table
  const mean = (value) => weightedMean(exposure, value)

  const meanWind = mean((i) => wind[i])
  const meanTemperature = mean((i) => temperature[i])
  const meanPower = mean((i) => power[i])
  const variance = mean((i) => (power[i] - meanPower) ** 2)
  const windAndPower = mean((i) => (wind[i] - meanWind) * (power[i] - meanPower))
  const warmthAndPower = mean((i) => (temperature[i] - meanTemperature) * (power[i] - meanPower))
  const cube = mean((i) => wind[i] ** 3)
  const fit = regression(table)

  // The insulation ages twice as fast for every 10 degrees more, and the current warms the winding.
  const ageing = mean((i) => 2 ** ((temperature[i] + 60 * (power[i] / 2000) ** 2 - 60) / 10))
  const logistic = mean((i) => 1 / (1 + Math.exp((10 - wind[i]) / 2)))
  const logarithm = mean((i) => Math.log1p(wind[i]))

  const frost = mean((i) => Math.max(0, -temperature[i]))
  const above = (total(exposure) / 3600) * mean((i) => (power[i] > 1500 ? 1 : 0))

  return [
    exact('mean wind speed', 'm/s', meanWind),
    exact('mean temperature', '°C', meanTemperature),
    exact('mean power', 'kW', meanPower),
    exact('standard deviation of power', 'kW', Math.sqrt(variance)),
    exact('covariance of wind speed and power', 'm/s kW', windAndPower),
    exact('covariance of temperature and power', '°C kW', warmthAndPower),
    exact('mean cube of the wind speed', 'm³/s³', cube),
    exact('quadratic regression, slope at 8 m/s', 'kW per m/s', fit.slope),
    exact('quadratic regression, R²', '', fit.determination),
    smooth('mean ageing of the insulation', '', ageing),
    smooth('mean logistic load of the gearbox', '', logistic),
    smooth('mean of log(1 + wind speed)', '', logarithm),
    rough('mean frost, max(0, -temperature)', '°C', frost),
    rough('time above 1500 kW', 'h', above),
    rough('90% quantile of wind speed', 'm/s', quantile(wind, exposure, 0.9)),
  ]
}

const exact = (name, unit, value) => ({ name, unit, kind: 'exact', value })
const smooth = (name, unit, value) => ({ name, unit, kind: 'smooth', value })
const rough = (name, unit, value) => ({ name, unit, kind: 'rough', value })

/**
 * Power fitted by a quadratic polynomial of wind speed and temperature, least squares weighted by exposure. The normal
 * equations hold moments of degree at most 4.
 *
 * @returns {{ slope: number, determination: number }} kW per m/s at 8 m/s and 10 °C; the explained share of the variance
 */
function regression({ wind_speed: wind, temperature, power, exposure }) {
  // Near zero mean and unit variance, so that the normal equations are well conditioned.
  const speed = (i) => (wind[i] - 8) / 5
  const warmth = (i) => (temperature[i] - 10) / 8
  const terms = [() => 1, speed, warmth, (i) => speed(i) ** 2, (i) => speed(i) * warmth(i), (i) => warmth(i) ** 2]
  const mean = (value) => weightedMean(exposure, value)

  const normal = Matrix.zeros(terms.length, terms.length)
  for (let p = 0; p < terms.length; p++) {
    for (let q = 0; q <= p; q++) {
      const value = mean((i) => terms[p](i) * terms[q](i))
      normal.set(p, q, value)
      normal.set(q, p, value)
    }
  }
  const right = terms.map((term) => mean((i) => term(i) * power[i]))
  const coefficients = new CholeskyDecomposition(normal).solve(Matrix.columnVector(right)).to1DArray()
  const explained = coefficients.reduce((sum, value, p) => sum + value * right[p], 0) - right[0] ** 2
  return { slope: coefficients[1] / 5, determination: explained / mean((i) => (power[i] - right[0]) ** 2) }
}

/** The least value such that the share `level` of the weight lies at or below it. */
function quantile(values, weights, level) {
  const order = Uint32Array.from(values.keys()).sort((i, j) => values[i] - values[j])
  const goal = level * total(weights)
  let sum = 0
  for (const i of order) {
    sum += weights[i]
    if (sum >= goal) return values[i]
  }
  return values[order.at(-1)]
}

function total(weights) {
  return compensatedSum(weights)
}

function weightedMean(weights, value) {
  return sumOfTerms(weights.length, (i) => weights[i] * value(i)) / total(weights)
}
