// Compression for functions that are linear in some columns b: labels under a squared loss, outgoing weights of neurons.
// The moments {1, b_1 .. b_q} (x) P_k(a) are kept, and cells are cut along the other columns, a, alone. There may be no b,
// and blocks of a in place of P_k(a).

import { classesOf } from './label-classes.js'
import type { Plan, Wanted } from './plan.js'
import { planBlocks } from './plan-blocks.js'
import { planByClass } from './plan-by-class.js'
import { planMeans } from './plan-means.js'
import { planTogether } from './plan-together.js'
import type { PartiallyLinearRows } from './rows.js'
import { surveyOf } from './survey.js'

/** Decides what is kept, and prepares the native calls. Throws as compress() does; messages begin with `caller`. */
export function planRows(caller: string, rows: PartiallyLinearRows, wanted: Wanted): Plan {
  const survey = surveyOf(rows)
  if (wanted.blocks !== undefined) return planBlocks(caller, rows, wanted, wanted.blocks, survey)
  if (rows.linear === 0) return planTogether(caller, rows, wanted, survey)
  const classes = classesOf(rows, 1 + rows.linear + (wanted.squares ? rows.linear : 0))
  if (classes) return planByClass(caller, rows, wanted, survey, classes)
  return wanted.free ? planMeans(caller, rows, wanted) : planTogether(caller, rows, wanted, survey)
}
