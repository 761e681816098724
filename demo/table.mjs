/**
 * Lines of text in columns: the first column is aligned to the left, the others to the right.
 *
 * @param {string[]} head
 * @param {string[][]} rows
 * @returns {string}
 */
export function textTable(head, rows) {
  const lines = [head, head.map(() => ''), ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  lines[1] = widths.map((width) => '-'.repeat(width))
  return lines
    .map((line) =>
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
    )
    .map((line) => line.trimEnd())
    .join('\n')
}
