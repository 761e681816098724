// What the page shows of a run.
import { byId, make, showNotes } from '../elements.js'
import type { Picture, RunFacts, RunOptions, StatisticKind, StatisticRow, View } from '../messages.js'
import { counted, errorText, figure, seconds, short, whole } from '../numbers.js'
import { commandOf } from './command.js'
import { densityFigures, outsideText } from './density.js'
import { histogramFigure } from './histogram.js'
import { onThemeChange } from './theme.js'

const EPSILON = 2 ** -52
const DIGITS = 16

const places = {
  result: byId('result', HTMLElement),
  numbers: byId('numbers', HTMLDListElement),
  notes: byId('notes', HTMLUListElement),
  axes: byId('axes', HTMLDivElement),
  across: byId('across', HTMLSelectElement),
  up: byId('up', HTMLSelectElement),
  picture: byId('picture', HTMLDivElement),
  statistics: byId('statistics', HTMLTableElement),
  scrolls: byId('scrolls', HTMLDivElement),
  command: byId('command', HTMLElement),
}

let draw = () => {}
let width = 0
new ResizeObserver(() => {
  if (places.picture.clientWidth !== width) draw()
  width = places.picture.clientWidth
}).observe(places.picture)
onThemeChange(() => draw())

// Where the table is wider than the page, the keyboard must be able to scroll it.
new ResizeObserver(() => {
  const { scrolls } = places
  if (scrolls.scrollWidth <= scrolls.clientWidth) scrolls.removeAttribute('tabindex')
  else scrolls.tabIndex = 0
}).observe(places.statistics)

/** The sentence that sums a run up. */
export function summaryOf({ count, rows, residual, file }: RunFacts): string {
  return `${whole(count)} of ${whole(rows)} rows of ${file} kept. Residual ${residualText(residual)}.`
}

const residualText = (residual: number) => `${errorText(residual)}, ${short(residual / EPSILON)} epsilons`

export function showRun(facts: RunFacts, options: RunOptions): void {
  const { rows, count, dropped, order, cells, elapsed, totalWeight, weights } = facts
  const entries: [string, string][] = [
    ['Kept', `${whole(count)} of ${whole(rows)} rows, one in ${short(rows / count)}`],
    ['Order', `${order}${options.order === 'auto' ? ', chosen' : ''}`],
    ['Cells', whole(cells)],
    ['Residual', residualText(facts.residual)],
    ['Reading', seconds(elapsed.read)],
    ['Compressing', seconds(elapsed.compress)],
  ]
  if (weights !== undefined) entries.push(['Total weight', `${figure(totalWeight)} of ${weights}`])
  if (dropped > 0) entries.push(['Left out', `${counted(dropped, 'row')} without a number`])
  places.numbers.replaceChildren(
    ...entries.map(([name, value]) =>
      make('div', {}, make('dt', {}, name), make('dd', { id: `fact-${name.toLowerCase().replace(' ', '-')}` }, value)),
    ),
  )
  const less =
    facts.cellsKeepingLess > 0
      ? [`Of ${counted(cells, 'cell')}, ${whole(facts.cellsKeepingLess)} kept only the moments of the order.`]
      : []
  showNotes(places.notes, [...facts.notes, ...less])
  places.command.textContent = commandOf(facts, options)
  offerAxes(facts.columns)
}

function offerAxes(columns: readonly string[]): void {
  places.axes.hidden = columns.length < 3
  for (const [place, select] of [places.across, places.up].entries()) {
    select.replaceChildren(...columns.map((name, i) => new Option(name, String(i), false, i === place)))
  }
}

/** The columns that are shown, by their positions. */
export function chosenAxes(columns: readonly string[]): number[] {
  return columns.length === 1 ? [0] : [Number(places.across.value), Number(places.up.value)]
}

/** Calls `show` when the user chooses other columns. Two axes never have the same column. */
export function onAxesChange(show: () => void): void {
  const { across, up } = places
  for (const [changed, other] of [
    [across, up],
    [up, across],
  ]) {
    changed.addEventListener('change', () => {
      if (changed.value === other.value) {
        const free = [...other.options].find(({ value }) => value !== changed.value)
        other.value = free?.value ?? other.value
      }
      show()
    })
  }
}

export function showView({ picture, statistics }: View, facts: RunFacts): void {
  places.result.hidden = false
  showPicture(picture, facts)
  showStatistics(statistics, facts.order)
}

function showPicture(picture: Picture, { rows, count }: RunFacts): void {
  const words = { rows: `${whole(rows)} rows`, kept: `${whole(count)} rows kept` }
  const figures = picture.kind === 'density' ? densityFigures(picture, words) : histogramFigure(picture, words)
  const outside = outsideText(picture.outside)
  places.picture.replaceChildren(
    ...figures.elements,
    ...(outside === '' ? [] : [make('p', { className: 'hint' }, outside)]),
  )
  draw = figures.draw
  draw()
}

const GROUPS: Record<StatisticKind, (order: number) => string> = {
  kept: (order) => `Kept exactly: moments up to order ${order}`,
  smooth: () => 'Close: means of smooth functions',
  jump: () => 'Nothing is promised: what has a jump',
}

function showStatistics(rows: readonly StatisticRow[], order: number): void {
  const kinds = Object.keys(GROUPS) as StatisticKind[]
  for (const body of [...places.statistics.tBodies]) body.remove()
  for (const kind of kinds) {
    const own = rows.filter((row) => row.kind === kind)
    if (own.length === 0) continue
    const title = make('th', { scope: 'rowgroup', colSpan: 4 }, GROUPS[kind](order))
    places.statistics.append(make('tbody', {}, make('tr', { className: 'group' }, title), ...own.map(statisticRow)))
  }
}

function statisticRow({ name, value, error, random }: StatisticRow): HTMLTableRowElement {
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, name),
    make('td', {}, figure(value)),
    make('td', { className: 'kept' }, errorText(error), digitsBar(error)),
    make('td', { className: 'random' }, errorText(random), digitsBar(random)),
  )
}

/** How many of 16 digits are right, as a bar. The number beside it says the same. */
function digitsBar(error: number): HTMLElement {
  const digits = error === 0 ? DIGITS : Math.min(Math.max(-Math.log10(error), 0), DIGITS)
  const bar = make('span', { className: 'digits' }, make('span', {}))
  bar.setAttribute('aria-hidden', 'true')
  ;(bar.firstElementChild as HTMLElement).style.width = `${(100 * digits) / DIGITS}%`
  return bar
}
