// How accurate compressed sets are, one thread: part 1 (bench/authors.mjs) beside the published errors of the authors of the
// method, at the same size; part 2 (bench/automatic-order.mjs) order 'auto' beside the best of a sweep over all orders.
// Differences are summed in compensated arithmetic, so that the rounding of a sum over all points does not hide them.
import { authorsCases, reportAuthors, runAuthors } from '../authors.mjs'
import { automaticCases, reportAutomatic, runAutomatic } from '../automatic-order.mjs'

export const title = 'Accuracy of compressSync: beside the authors, and of the automatic order'
export const seed = 1
/** As many as the authors'. */
export const trials = 20

export function cases({ small }) {
  return [...authorsCases({ small, seed }), ...automaticCases({ small, seed })]
}

export function run(parameters, trials) {
  return parameters.part === 'authors' ? runAuthors(parameters, trials) : runAutomatic(parameters)
}

export function report(results, options) {
  const authors = results.filter(({ part }) => part === 'authors')
  const automatic = results.filter(({ part }) => part === 'automatic')
  return [
    authors.length > 0 ? reportAuthors(authors, options.trials) : 'Beside the authors: left out',
    reportAutomatic(automatic),
  ].join('\n\n')
}
