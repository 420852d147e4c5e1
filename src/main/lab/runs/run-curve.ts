// A run's curve as it is drawn, thinned in the store itself, slice by slice, so that the host answers others between.
import { columnsOf, evenParts, type CurvePart, type CurveRow, type RunCurve } from '#shared/thinning.ts'
import { stepsAnAnswer, type RunStore } from './run-store.ts'

/** Steps that are thinned at once: some 30 ms. A power of two, so that no row lies in two slices. */
const sliceSteps = 16_384

/** Others have their turn. */
const turn = () => new Promise<void>((resume) => setImmediate(resume))

/** The part asked for, or as much of it as one answer holds: ask on from its last step. */
export async function readCurve(store: RunStore, id: string, part: CurvePart): Promise<RunCurve> {
  const last = Math.min(part.upToStep ?? Infinity, store.lastStep(id))
  const rows: CurveRow[] = []
  let isWhole = true
  for (const { after, upTo, width } of evenParts({ ...part, upToStep: last })) {
    const slice = Math.max(sliceSteps, width)
    for (let from = after; from < upTo && isWhole;) {
      const to = Math.min(upTo, (Math.floor(from / slice) + 1) * slice)
      rows.push(...store.rows(id, { after: from, upTo: to, width }))
      from = to
      isWhole = rows.length < stepsAnAnswer
      if (to < last) await turn()
    }
  }
  const upTo = isWhole ? (part.upToStep ?? Number.MAX_SAFE_INTEGER) : rows[rows.length - 1].step
  return { runId: id, rows: columnsOf(rows), ...store.marks(id, part.afterStep, upTo) }
}
