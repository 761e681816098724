// Compression for functions that are linear in some columns b: labels under a squared loss, outgoing weights of neurons.
// The moments {1, b_1 .. b_q} (x) P_k(a) are kept, and cells are cut along the other columns, a, alone. There may be no b,
// and blocks of a in place of P_k(a).

import { typeError } from '../errors.js'
import { classesOf } from './label-classes.js'
import type { Plan, Wanted } from './plan.js'
import { planBlocks } from './plan-blocks.js'
import { planByClass } from './plan-by-class.js'
import { planTogether } from './plan-together.js'
import type { PartiallyLinearRows } from './rows.js'
import { surveyOf } from './survey.js'

/** Decides what is kept, and prepares the native calls. Throws as compress() does; messages begin with `caller`. */
export function planRows(caller: string, rows: PartiallyLinearRows, wanted: Wanted): Plan {
  const survey = surveyOf(rows)
  if (wanted.blocks !== undefined) return planBlocks(caller, rows, wanted, wanted.blocks, survey)
  if (rows.linear === 0) return planTogether(caller, rows, wanted, survey)
  const classes = classesOf(rows, 1 + rows.linear + (wanted.squares ? rows.linear : 0))
  if (wanted.free && classes === undefined) {
    throw typeError(
      'ERR_OPTION',
      `${caller}: option 'support' must be 'rows' here: a free point has no label of its own, ` +
        'so free points are for labels that are classes',
    )
  }
  return classes ? planByClass(caller, rows, wanted, survey, classes) : planTogether(caller, rows, wanted, survey)
}
