// Draws the whole record as a density and the kept points as circles, side by side on the same axes.
import { render } from './render.mjs'

// A cell of the density is 3 CSS pixels wide and high, 6 pixels of the PNG. Fractions of pixels would leave pale seams.
const CELL = { wind_speed: 0.25, power: 20 }
const RANGE = { wind_speed: [0, 32], power: [-60, 2100] }
const CELL_PIXELS = 3
const PANEL = {
  width: ((RANGE.wind_speed[1] - RANGE.wind_speed[0]) / CELL.wind_speed) * CELL_PIXELS,
  height: ((RANGE.power[1] - RANGE.power[0]) / CELL.power) * CELL_PIXELS,
}
// The share of the panel's area that all circles have together.
const CIRCLE_SHARE = 0.15
const INK = '#0b3c6f'
const OPACITY = 0.5

/**
 * @param {import('./measurement.mjs').Measurement} record
 * @param {import('./measurement.mjs').Measurement} kept
 * @returns {Promise<{ svg: string, png: Uint8Array }>}
 */
export async function draw(record, kept) {
  return render({
    spacing: 34,
    hconcat: [densityPanel(record), circlesPanel(kept)],
    resolve: { scale: { color: 'independent', size: 'independent' } },
    config: { axis: { grid: false, labelFlush: false, tickCount: 7 }, legend: { direction: 'horizontal' } },
  })
}

function densityPanel(record) {
  return {
    ...PANEL,
    title: { text: `all ${count(record.power)} rows`, subtitle: 'shade: time spent, logarithmic' },
    data: { values: density(record) },
    mark: { type: 'rect', strokeWidth: 0, binSpacing: 0 },
    encoding: {
      x: { ...axis('wind_speed', 'wind speed (m/s)'), bin: 'binned' },
      x2: { field: 'wind_speed_end' },
      y: { ...axis('power', 'power (kW)'), bin: 'binned' },
      y2: { field: 'power_end' },
      color: {
        field: 'hours',
        type: 'quantitative',
        scale: { type: 'log', domain: [0.01, 100], clamp: true, range: ['#ececec', '#000000'] },
        legend: {
          title: 'hours for a cell of the drawing',
          orient: 'bottom',
          gradientLength: 220,
          gradientThickness: 10,
          values: [0.01, 0.1, 1, 10, 100],
          labelExpr: 'datum.value',
        },
      },
    },
  }
}

function circlesPanel(kept) {
  const points = circles(kept)
  const largest = points[0].hours
  const hours = points.reduce((sum, point) => sum + point.hours, 0)
  const area = (CIRCLE_SHARE * PANEL.width * PANEL.height) / hours // square pixels for an hour
  return {
    ...PANEL,
    title: {
      text: `the ${count(kept.power)} rows kept`,
      subtitle: 'circle area: time the row stands for',
    },
    data: { values: points },
    // The rim keeps rows of very small weight visible.
    mark: { type: 'circle', color: INK, stroke: INK, strokeWidth: 0.6, opacity: OPACITY },
    encoding: {
      x: axis('wind_speed', 'wind speed (m/s)'),
      y: axis('power', 'power (kW)'),
      size: {
        field: 'hours',
        type: 'quantitative',
        scale: { type: 'linear', domain: [0, largest], range: [0, area * largest] },
        legend: {
          title: 'hours for a kept row',
          orient: 'bottom',
          values: [0.01, 0.1, 1].map((share) => share * roundBelow(largest)),
          labelExpr: 'datum.value',
          symbolOpacity: OPACITY,
        },
      },
    },
  }
}

const axis = (field, title) => ({
  field,
  type: 'quantitative',
  title,
  scale: { domain: RANGE[field], nice: false, zero: false },
})

/** The hours in every cell of a rectangular lattice that holds any. */
function density({ wind_speed: wind, power, exposure }) {
  const cells = new Map()
  for (let i = 0; i < wind.length; i++) {
    const across = Math.floor(wind[i] / CELL.wind_speed)
    const up = Math.floor(power[i] / CELL.power)
    const key = across * 4096 + up + 2048
    cells.set(key, (cells.get(key) ?? 0) + exposure[i] / 3600)
  }
  return [...cells].map(([key, hours]) => {
    const wind_speed = Math.floor(key / 4096) * CELL.wind_speed
    const power = ((key % 4096) - 2048) * CELL.power
    return { wind_speed, wind_speed_end: wind_speed + CELL.wind_speed, power, power_end: power + CELL.power, hours }
  })
}

/** Large circles first, so that small ones lie on top of them. */
function circles({ wind_speed: wind, power, exposure }) {
  const points = Array.from(exposure, (seconds, i) => ({ wind_speed: wind[i], power: power[i], hours: seconds / 3600 }))
  return points.sort((a, b) => b.hours - a.hours)
}

/** The largest of 1, 2, 5, 10, 20, 50, ... that is at most `value`. */
function roundBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return [5, 2, 1].find((digit) => digit * power <= value) * power
}

const count = (column) => column.length.toLocaleString('en')
