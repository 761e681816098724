// The figures of the examples, as specifications of Vega-Lite. `uses` names the variables of the document that
// `figure` takes.
import { parse, View } from 'vega'

const INK = '#0b3c6f'
const RANDOM = '#b3541e'
const SETS = { kept: INK, random: RANDOM }
const EPSILON = 2.2e-16 // an error of 0 has no place on a logarithmic axis

/** Errors of named things for several sets: a row per name, a mark per set. */
function errorsByName(values, { title, names, sets, width = 420 }) {
  const floored = values.map((value) => ({ ...value, error: Math.max(value.error, EPSILON) }))
  return {
    width,
    height: { step: 30 },
    data: { values: floored },
    mark: { type: 'point', filled: true, size: 90, opacity: 1 },
    encoding: {
      x: {
        field: 'error',
        type: 'quantitative',
        title,
        scale: { type: 'log', domain: [1e-16, 1], clamp: true },
        axis: { format: '~e', values: [1e-16, 1e-12, 1e-8, 1e-4, 1] },
      },
      y: { field: 'name', type: 'nominal', title: null, sort: names, axis: { grid: true, labelLimit: 240 } },
      color: {
        field: 'set',
        type: 'nominal',
        title: null,
        scale: { domain: Object.keys(sets), range: Object.values(sets) },
        legend: { orient: 'top' },
      },
      shape: {
        field: 'set',
        type: 'nominal',
        title: null,
        scale: {
          domain: Object.keys(sets),
          range: ['circle', 'triangle-up', 'square'].slice(0, Object.keys(sets).length),
        },
        legend: { orient: 'top' },
      },
    },
  }
}

function regression({ rows, ones, ten, some, sample, fits, regress, linear, quadratic, apart }) {
  const first = { points: rows.slice(0, 3 * some.count), weights: new Float64Array(some.count).fill(1) }
  const whole = { linear: regress(rows, ones, linear), quadratic: regress(rows, ones, quadratic) }
  const names = ['linear, 10 rows', `quadratic, ${some.count} rows`, `logistic, ${some.count} rows`]
  const errors = [
    [names[0], 'kept', apart(regress(ten.points, ten.weights, linear), whole.linear)],
    [names[0], 'random', apart(regress(sample, new Float64Array(10).fill(1), linear), whole.linear)],
    [names[1], 'kept', apart(regress(some.points, some.weights, quadratic), whole.quadratic)],
    [names[1], 'random', apart(regress(first.points, first.weights, quadratic), whole.quadratic)],
    [names[2], 'kept', apart(fits.few, fits.all)],
    [names[2], 'random', apart(fits.random, fits.all)],
  ].map(([name, set, error]) => ({ name, set, error }))
  const title = 'largest difference of a coefficient from that of all rows'
  return errorsByName(errors, { title, names, sets: SETS })
}

/** Three maps as contours, which have the same levels in all. */
async function densityMap({ side, whole, fewMap, randomMap, few }) {
  const peak = Math.max(...whole)
  const levels = [0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9].map((share) => share * peak)
  const titles = ['all points', `${few.count.toLocaleString('en')} points kept`, 'as many random points']
  const maps = await Promise.all([whole, fewMap, randomMap].map((map) => contours(map, side, levels)))
  return {
    spacing: 16,
    hconcat: maps.map((values, i) => ({
      width: 230,
      height: 230,
      title: titles[i],
      data: { values },
      projection: { type: 'identity', reflectY: true, scale: 230 / side, translate: [0, 230] },
      mark: { type: 'geoshape', stroke: '#ffffff', strokeWidth: 0.4 },
      encoding: {
        color: {
          field: 'properties.value',
          type: 'quantitative',
          title: 'density',
          scale: { domain: [0, peak], range: ['#dfe6ee', INK] },
          legend: i === 0 ? { orient: 'bottom', gradientLength: 200 } : null,
        },
      },
    })),
  }
}

/** The areas above each level, with coordinates rounded to a hundredth of a cell. */
async function contours(map, side, levels) {
  const grid = { width: side, height: side, values: Array.from(map) }
  const isocontour = { type: 'isocontour', field: 'grid', thresholds: levels, scale: 1, translate: [0, 0], as: null }
  const view = new View(parse({ data: [{ name: 'areas', values: [{ grid }], transform: [isocontour] }] }))
  await view.runAsync()
  return view.data('areas').map(({ type, value, coordinates }) => ({
    type: 'Feature',
    properties: { value },
    geometry: { type, coordinates },
  }))
}

function quadrature({ byOrder }) {
  const lines = byOrder.flatMap(({ order, nodes, error, random }) => [
    { nodes, order, error, set: 'kept' },
    { nodes, order, error: random, set: 'random' },
  ])
  const axis = { type: 'log', nice: false }
  const color = {
    field: 'set',
    type: 'nominal',
    title: null,
    scale: { domain: ['kept', 'random'], range: [INK, RANDOM] },
    legend: { orient: 'top' },
  }
  return {
    width: 440,
    height: 300,
    data: { values: lines },
    encoding: {
      x: { field: 'nodes', type: 'quantitative', title: 'nodes', scale: { ...axis, domain: [6, 400] } },
      y: {
        field: 'error',
        type: 'quantitative',
        title: 'error of the integral',
        scale: { ...axis, domain: [1e-6, 1] },
        axis: { format: '~e', tickCount: 5 },
      },
      color,
    },
    layer: [
      { mark: { type: 'line', strokeWidth: 1.6 } },
      { mark: { type: 'point', filled: true, size: 60, opacity: 1 } },
      {
        transform: [{ filter: "datum.set === 'kept'" }, { calculate: "'degree ' + datum.order", as: 'label' }],
        mark: { type: 'text', dx: -10, dy: 10, align: 'right', fontSize: 12 },
        encoding: { text: { field: 'label' } },
      },
    ],
  }
}

function survey({ answers }) {
  const relative = (value, truth) => Math.abs(value / truth - 1)
  const values = answers.flatMap(({ question, truth, plain, calibrated }) => [
    { name: question, set: 'calibrated', error: relative(calibrated, truth) },
    { name: question, set: 'plain sample', error: relative(plain, truth) },
  ])
  const sets = { calibrated: INK, 'plain sample': RANDOM }
  return errorsByName(values, { title: 'relative error', names: answers.map(({ question }) => question), sets })
}

function particles({ errors }) {
  const values = errors.flatMap(({ quantity, kept, random, means }) =>
    Object.entries({ kept, random, means }).map(([set, error]) => ({ name: quantity, set, error })),
  )
  const sets = { kept: INK, random: RANDOM, means: '#777777' }
  return errorsByName(values, { title: 'relative error', names: errors.map(({ quantity }) => quantity), sets })
}

/** The functions that were learnt, along the line b = 0.7. */
async function training({ results, signal, predict }) {
  const line = Array.from({ length: 61 }, (_, i) => i / 30 - 1)
  const points = Float64Array.from(line.flatMap((a) => [a, 0.7]))
  const values = []
  for (const { name, network } of results) {
    const learnt = await predict(network, points)
    for (const [i, a] of line.entries()) values.push({ a, f: learnt[i], set: `trained on ${name} rows` })
  }
  for (const a of line) values.push({ a, f: signal(a, 0.7), set: 'the signal' })
  const sets = ['the signal', 'trained on all rows', 'trained on kept rows', 'trained on random rows']
  return {
    width: 460,
    height: 300,
    data: { values },
    mark: { type: 'line', strokeWidth: 2 },
    encoding: {
      x: { field: 'a', type: 'quantitative', title: 'first input (the second is 0.7)' },
      y: { field: 'f', type: 'quantitative', title: 'output' },
      color: {
        field: 'set',
        type: 'nominal',
        title: null,
        scale: { domain: sets, range: ['#aaaaaa', '#000000', INK, RANDOM] },
        legend: { orient: 'right', labelLimit: 300 },
      },
      strokeDash: {
        field: 'set',
        type: 'nominal',
        title: null,
        scale: {
          domain: sets,
          range: [
            [1, 0],
            [1, 0],
            [6, 4],
            [1, 0],
          ],
        },
      },
    },
  }
}

export const FIGURES = {
  regression: {
    uses: ['rows', 'ones', 'ten', 'some', 'sample', 'fits', 'regress', 'linear', 'quadratic', 'apart'],
    figure: regression,
  },
  'density-map': { uses: ['side', 'whole', 'fewMap', 'randomMap', 'few'], figure: densityMap },
  quadrature: { uses: ['byOrder'], figure: quadrature },
  survey: { uses: ['answers'], figure: survey },
  particles: { uses: ['errors'], figure: particles },
  training: { uses: ['results', 'signal', 'predict'], figure: training },
}
