// The published numbers of the authors of arXiv:2510.00504, as far as a figure shows them: bench/paper/*.csv. They are
// means over the runs (fig8: medians and quartiles; fig3 and fig4: single runs, at some of the epochs) in the result
// files of the authors' repository WHY-David/moment_compression (MIT licence).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Papa from 'papaparse'

const ATTENTION = 'icl_piecewise_losses_d8000_dstop800_lr0.0001_ep50_spe5.csv'
const STEPS_PER_EPOCH = 5

/**
 * @param {'fig2' | 'fig3' | 'fig4' | 'fig5a' | 'fig5b' | 'fig6' | 'fig8'} figure
 * @returns {Record<string, any>[]} one object per line of the file: m is the dimension, k the order, d the number of
 *   points; fig3 to fig5b have losses on rows without noise
 */
export function paper(figure) {
  return parsed(readFileSync(new URL(`paper/${figure}.csv`, import.meta.url), 'utf8'))
}

/**
 * The authors' one run of figure 7, which is not in bench/paper: from their file in the folder that FEWPOINTS_PAPER names.
 *
 * @returns {{ step: number, original: number, compressed: number, naive: number }[]} losses; empty where there is no such file
 */
export function paperAttention() {
  const folder = process.env.FEWPOINTS_PAPER
  if (folder === undefined) return []
  const path = join(folder, ATTENTION)
  if (!existsSync(path)) return []
  return parsed(readFileSync(path, 'utf8')).map((row) => ({
    step: row.epoch * STEPS_PER_EPOCH,
    original: row.test_loss_orig,
    compressed: row.test_loss_cp,
    naive: row.test_loss_naive,
  }))
}

const parsed = (text) => Papa.parse(text.trim(), { header: true, dynamicTyping: true }).data
