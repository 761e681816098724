// A weighted set in the columns that are shown: one, or two.

export interface ShownSet {
  /** One list of values per column. */
  columns: Float64Array[]
  weights: Float64Array | undefined
  count: number
}

/** `points`: row-major, `width` numbers a row. `axes`: the positions of the columns. */
export function shownSet(
  points: Float64Array,
  width: number,
  weights: Float64Array | undefined,
  axes: readonly number[],
): ShownSet {
  const count = points.length / width
  const columns = axes.map((axis) => {
    const values = new Float64Array(count)
    for (let i = 0; i < count; i++) values[i] = points[i * width + axis]
    return values
  })
  return { columns, weights, count }
}
