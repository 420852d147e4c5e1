// Rows by the id they hold, so that a kernel can add up each id's rows in one fixed order.

export interface RowsById {
  /** All rows, those of a smaller id first, each id's in their own order. */
  order: Int32Array
  /** Where each id that there is begins in `order`, and its length at the end. */
  starts: Int32Array
}

/** By counting; ids lie in [0, vocabulary). */
export function rowsById(ids: Int32Array, vocabulary: number): RowsById {
  const ends = new Int32Array(vocabulary)
  for (const id of ids) ends[id]++
  const starts: number[] = []
  for (let id = 0, at = 0; id < vocabulary; id++) {
    const count = ends[id]
    if (count > 0) starts.push(at)
    ends[id] = at // from here on the place of the id's next row
    at += count
  }
  const order = new Int32Array(ids.length)
  ids.forEach((id, row) => {
    order[ends[id]++] = row
  })
  return { order, starts: Int32Array.from([...starts, ids.length]) }
}
