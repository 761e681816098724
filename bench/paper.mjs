// The published numbers of the authors of arXiv:2510.00504, as far as a figure shows them: bench/paper/*.csv. They are
// means over the runs (fig8: medians and quartiles; fig3 and fig4: single runs, at some of the epochs) in the result
// files of the authors' repository WHY-David/moment_compression (MIT licence).
import { readFileSync } from 'node:fs'
import Papa from 'papaparse'

/**
 * @param {'fig2' | 'fig3' | 'fig4' | 'fig5a' | 'fig5b' | 'fig6' | 'fig8'} figure
 * @returns {Record<string, any>[]} one object per line of the file: m is the dimension, k the order, d the number of
 *   points; fig3 to fig5b have losses on rows without noise
 */
export function paper(figure) {
  const text = readFileSync(new URL(`paper/${figure}.csv`, import.meta.url), 'utf8')
  return Papa.parse(text.trim(), { header: true, dynamicTyping: true }).data
}
