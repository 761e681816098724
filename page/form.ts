// The form: the columns of the opened file, and the options of a run.
import { momentCount } from '#dist/input/multi-index.js'
import { byId, make, showNotes } from './elements.js'
import type { FileFacts, RunOptions } from './messages.js'
import { size as bytesText, counted, whole } from './numbers.js'

/** How many columns are chosen at first. */
const FIRST_CHOICE = 3
/** The share of the rows that is kept unless the user says otherwise. */
const SHARE = 0.01
/** The orders that are offered have at most so many moments. */
const MOST_MOMENTS = 2000
const MOST_ORDER = 16
/** With order 'auto' the size has room for two cells of this order at least. */
const LEAST_AUTOMATIC = 3

const fields = {
  facts: byId('file-facts', HTMLParagraphElement),
  notes: byId('file-notes', HTMLUListElement),
  options: byId('options', HTMLDivElement),
  columns: byId('columns', HTMLDivElement),
  weights: byId('weights', HTMLSelectElement),
  dropMissing: byId('drop-missing', HTMLInputElement),
  size: byId('size', HTMLInputElement),
  sizeHint: byId('size-hint', HTMLParagraphElement),
  order: byId('order', HTMLSelectElement),
  orderHint: byId('order-hint', HTMLParagraphElement),
  quality: byId('quality', HTMLSelectElement),
  scale: byId('scale', HTMLSelectElement),
}

let rows = 0
/** Whether the user has written a size. */
let isSizeGiven = false

fields.size.addEventListener('input', () => {
  isSizeGiven = fields.size.value !== ''
  explain()
})
fields.order.addEventListener('change', explain)
fields.weights.addEventListener('change', () => {
  const weight = boxes().find(({ value }) => value === fields.weights.value)
  if (weight !== undefined) weight.checked = false
  offerOrders()
})
fields.columns.addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement && target.checked && target.value === fields.weights.value) {
    fields.weights.value = ''
  }
  offerOrders()
})

/** Shows a file that was opened, with a first choice of columns and size. */
export function showFile(file: FileFacts): void {
  rows = file.rows
  isSizeGiven = false
  const numbers = file.columns.filter(({ isNumber }) => isNumber)
  fields.facts.textContent = `${file.name}: ${counted(rows, 'row')}, ${counted(file.columns.length, 'column')}, ${bytesText(file.bytes)}`
  fields.facts.hidden = false
  showNotes(fields.notes, file.notes)

  const weight = numbers.find(({ name }) => /^weights?$/i.test(name))
  const first = numbers.filter(({ name }) => name !== weight?.name && !/^(row|index|id)$/i.test(name))
  const chosen = new Set(first.slice(0, FIRST_CHOICE))
  fields.columns.replaceChildren(
    ...file.columns.map((column, i) => {
      const box = make('input', {
        type: 'checkbox',
        id: `column-${i}`,
        value: column.name,
        checked: chosen.has(column),
        disabled: !column.isNumber,
      })
      const remark = column.isNumber ? '' : ` not numeric: ${column.remark}`
      const label = make('label', { htmlFor: box.id }, make('span', {}, column.name), make('small', {}, remark))
      return make('p', { className: 'check' }, box, label)
    }),
  )
  fields.weights.replaceChildren(
    new Option('none: each row counts 1', ''),
    ...numbers.map(({ name }) => new Option(name, name, false, name === weight?.name)),
  )
  fields.dropMissing.checked = false
  offerOrders()
  fields.options.hidden = false
}

export function hideOptions(): void {
  fields.options.hidden = true
  fields.facts.hidden = true
  fields.notes.hidden = true
}

/** What the user has chosen. The package checks the values. */
export function chosenOptions(): RunOptions {
  const { weights, order, size, quality, scale, dropMissing } = fields
  return {
    columns: chosenColumns(),
    weights: weights.value === '' ? undefined : weights.value,
    order: order.value === 'auto' ? 'auto' : Number(order.value),
    size: Number(size.value),
    quality: quality.value as RunOptions['quality'],
    scale: scale.value as RunOptions['scale'],
    dropMissing: dropMissing.checked,
  }
}

/** The orders that suit the number of columns. */
function offerOrders(): void {
  const m = chosenColumns().length
  const before = fields.order.value || 'auto'
  const orders = Array.from({ length: MOST_ORDER }, (_, i) => i + 1).filter(
    (order) => m > 0 && momentCount(m, order) <= MOST_MOMENTS,
  )
  fields.order.replaceChildren(
    new Option('auto: chosen for the size', 'auto'),
    ...orders.map((order) => new Option(`${order}: ${counted(momentCount(m, order), 'moment')}`, String(order))),
  )
  fields.order.value = before
  if (fields.order.value === '') fields.order.value = 'auto'
  explain()
}

/** Fills the size in, unless the user has, and says what size and order mean here. */
function explain(): void {
  const m = chosenColumns().length
  if (m === 0) {
    fields.sizeHint.textContent = 'Choose a column of numbers.'
    fields.orderHint.textContent = ''
    return
  }
  const { value } = fields.order
  const isAuto = value === 'auto'
  const least = isAuto ? 2 * momentCount(m, LEAST_AUTOMATIC) : momentCount(m, Number(value))
  if (!isSizeGiven) fields.size.value = String(Math.min(Math.max(Math.round(SHARE * rows), least), Math.max(rows, 1)))
  const bound = isAuto
    ? `at least ${whole(least)}, two cells of order ${LEAST_AUTOMATIC} in ${counted(m, 'column')}`
    : `at least ${whole(least)}, the moments of order ${value} in ${counted(m, 'column')}`
  fields.sizeHint.textContent =
    `The most rows that are kept. The default is 1% of the ${counted(rows, 'row')}, and ${bound}. ` +
    'More rows bring means of other smooth functions closer.'
  fields.orderHint.textContent = isAuto
    ? 'All moments up to the order are kept. auto takes the highest order of which two cells fit into the size.'
    : `All ${whole(least)} moments of degree 0 to ${value} are kept.`
}

const boxes = () => [...fields.columns.querySelectorAll('input')]
const chosenColumns = () => boxes().flatMap(({ checked, value }) => (checked ? [value] : []))
