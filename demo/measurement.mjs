// The measurement that the demo compresses: about a year of a wind turbine of 2 MW, as its controller logs it. It is
// simulated, but has the difficulties of real records: a few regimes of very different density, sharp edges between
// them, rare extremes, rounded readings, and rows that stand for different times.
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { random } from './random.mjs'

/** The columns that are compressed, with their units; the weight of a row is its `exposure`, in seconds. */
export const COLUMNS = ['wind_speed', 'temperature', 'power']
export const UNITS = { wind_speed: 'm/s', temperature: '°C', power: 'kW', exposure: 's' }

const YEAR = 365.25 * 86400
const RATED = 2000 // kW
const CUT_IN = 3 // m/s
const CUT_OUT = 25

// Per regime: the mean seconds that it lasts, and the regimes that may follow it, with equal probability.
const REGIMES = {
  running: { lasts: 70 * 3600, next: ['curtailed', 'curtailed', 'stopped'] },
  curtailed: { lasts: 9 * 3600, next: ['running'] },
  stopped: { lasts: 5 * 3600, next: ['running'] },
}
const CURTAILED_TO = 1250 // kW

/**
 * @typedef {{ wind_speed: Float64Array, temperature: Float64Array, power: Float64Array, exposure: Float64Array }} Measurement
 */

/**
 * Simulates `rows` rows. The same seed gives the same rows on the same version of Node. A million take about half a
 * second.
 *
 * @param {number} rows
 * @param {number} seed
 * @returns {Measurement}
 */
export function measure(rows, seed) {
  const { uniform, normal, below } = random(seed)
  const table = {
    wind_speed: new Float64Array(rows),
    temperature: new Float64Array(rows),
    power: new Float64Array(rows),
    exposure: new Float64Array(rows),
  }
  // When a million rows make a year, the mean row stands for 31 s. Fewer rows stand for longer times each.
  const pace = 1e6 / rows

  // Slow processes that forget their past with a time constant. The length of a vector in the plane with normal
  // components has a Rayleigh distribution, like wind speeds over a year.
  const weather = { east: normal(), north: normal(), warmth: normal(), gust: normal() }
  const forget = { east: 86400, north: 86400, warmth: 4 * 86400, gust: 120 }

  let regime = 'running'
  let until = 0
  let time = 0
  for (let i = 0; i < rows; i++) {
    if (time >= until) {
      if (time > 0) regime = REGIMES[regime].next[below(REGIMES[regime].next.length)]
      until = time - REGIMES[regime].lasts * Math.log(1 - uniform())
    }
    const season = Math.cos((2 * Math.PI * time) / YEAR) // 1 in the middle of winter
    const hour = Math.sin((2 * Math.PI * time) / 86400)
    const meanWind = 5.7 * (1 + 0.15 * season) * Math.hypot(weather.east, weather.north)
    const wind = Math.max(0, meanWind * (1 + 0.11 * weather.gust) + 0.15 * normal())
    const temperature = 9.5 - 9 * season + 3.5 * hour + 4 * weather.warmth - 0.1 * (meanWind - 8)
    const power = powerOf(regime, wind, temperature, normal)

    // The controller logs often while the turbine works, and seldom while it stands.
    const exposure = pace * (power > 0 ? (wind > 11 ? 20 : 30) : 60)
    table.wind_speed[i] = rounded(wind, 100)
    table.temperature[i] = rounded(temperature, 10)
    table.power[i] = rounded(power, 10)
    table.exposure[i] = rounded(exposure, 10)

    time += exposure
    for (const name in weather) {
      const keep = Math.exp(-exposure / forget[name])
      weather[name] = keep * weather[name] + Math.sqrt(1 - keep * keep) * normal()
    }
  }
  return table
}

/** Electric power in kW, negative where the machine only feeds its own pumps and heaters. */
function powerOf(regime, wind, temperature, normal) {
  const standing = -9 - 0.8 * Math.max(0, 5 - temperature) + 0.7 * normal()
  if (regime === 'stopped' || wind < CUT_IN || wind > CUT_OUT) return standing
  const density = 288.15 / (temperature + 273.15) // of the air, relative to 15 °C
  // The gauge after the rotor and the rotor itself never have quite the same wind.
  const felt = wind * (1 + 0.05 * normal())
  const share = Math.max(0, (density * (felt ** 3 - CUT_IN ** 3)) / (11.5 ** 3 - CUT_IN ** 3))
  // The blades are pitched before the rated power is reached, so the corner of the curve is round.
  const ideal = (RATED * share) / (1 + share ** 8) ** (1 / 8)
  const iced = temperature < -3 ? 0.72 : 1
  const reached = iced * ideal * (1 + 0.02 * normal())
  return Math.min(reached, regime === 'curtailed' ? CURTAILED_TO : RATED) + 4 * normal()
}

// A quotient of integers rounds to the same double as the decimal text in the file. Adding 0 turns -0 into 0.
const rounded = (value, perUnit) => (Math.round(value * perUnit) + 0) / perUnit

/**
 * Writes the rows as CSV with a header line. Never holds more than a few thousand lines as text.
 *
 * @param {string} path
 * @param {Measurement} table
 */
export async function writeCsv(path, table) {
  const LINES_AT_ONCE = 4096
  const names = [...COLUMNS, 'exposure']
  const columns = names.map((name) => table[name])
  const rows = columns[0].length
  function* text() {
    yield `${names.join(',')}\n`
    for (let from = 0; from < rows; from += LINES_AT_ONCE) {
      const to = Math.min(rows, from + LINES_AT_ONCE)
      let lines = ''
      for (let i = from; i < to; i++) lines += `${columns.map((column) => column[i]).join(',')}\n`
      yield lines
    }
  }
  await pipeline(Readable.from(text()), createWriteStream(path))
}
