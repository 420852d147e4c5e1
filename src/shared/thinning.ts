// A curve thinned for drawing: rows that each stand for one step or for several in turn, with their mean, lowest and
// highest value, so that no spike is lost and means over many steps come out as from all of them.
import type { SampleRecord, StepRecord, ValidationRecord } from './run.ts'

/** One step, or `count` in turn: step, tokens and time are those of the last, the others means. */
export interface CurveRow extends StepRecord {
  count: number
  lossLow: number
  lossHigh: number
  gradientNormLow: number
  gradientNormHigh: number
}

export const curveColumns = [
  'step',
  'tokens',
  'elapsedMs',
  'count',
  'loss',
  'lossLow',
  'lossHigh',
  'gradientNorm',
  'gradientNormLow',
  'gradientNormHigh',
  'learningRate',
] as const satisfies readonly (keyof CurveRow)[]
export type CurveColumn = (typeof curveColumns)[number]

/** A piece of a run's curve: columns of equal length, ascending in step. */
export interface RunCurve {
  runId: string
  rows: Record<CurveColumn, number[]>
  validations: ValidationRecord[]
  samples: SampleRecord[]
}

/** Which part of a curve is asked for, and how many steps a row may hold at most: a power of two. */
export interface CurvePart {
  /** 0 for the first step. */
  afterStep: number
  /** Absent: to the last. */
  upToStep?: number
  widest: number
}

/** Rows of a long curve beyond its beginning, at most: more than a chart has pixels across. */
export const mostCurveRows = 2048
/** Rows of the beginning that stay single steps, and of each doubling after it: as fine as the pixels of a log axis. */
const headRows = 128

/** The steps that a row of so many steps' curve may hold: 1 up to 2,048 steps. */
export const widestOf = (steps: number): number => 2 ** Math.max(0, Math.ceil(Math.log2(steps / mostCurveRows)))

/** How many steps the row of `step` may hold: 1 up to step 256, 2 up to 512, and so on to `widest`. */
export const widthAt = (step: number, widest: number): number =>
  Math.min(widest, 2 ** Math.max(0, Math.ceil(Math.log2(step / headRows)) - 1))

/** The step at which the row ends that holds `step`; the same whatever is asked for, so that rows can be joined. */
export function rowEnd(step: number, widest: number): number {
  const width = widthAt(step, widest)
  return Math.ceil(step / width) * width
}

/** Parts of a curve whose rows have one width: after, up to and including, width. */
export function evenParts({ afterStep, upToStep = Number.MAX_SAFE_INTEGER, widest }: CurvePart) {
  const parts: { after: number; upTo: number; width: number }[] = []
  let after = afterStep
  while (after < upToStep) {
    const width = widthAt(after + 1, widest)
    const upTo = width === widest ? upToStep : Math.min(upToStep, 2 * headRows * width)
    parts.push({ after, upTo, width })
    after = upTo
  }
  return parts
}

export const rowOf = (record: StepRecord): CurveRow => ({
  ...record,
  count: 1,
  lossLow: record.loss,
  lossHigh: record.loss,
  gradientNormLow: record.gradientNorm,
  gradientNormHigh: record.gradientNorm,
})

/** One row for both, `b` being the later. */
function joined(a: CurveRow, b: CurveRow): CurveRow {
  const count = a.count + b.count
  const mean = (name: 'loss' | 'gradientNorm' | 'learningRate') => a[name] + ((b[name] - a[name]) * b.count) / count
  return {
    step: b.step,
    tokens: b.tokens,
    elapsedMs: b.elapsedMs,
    count,
    loss: mean('loss'),
    lossLow: Math.min(a.lossLow, b.lossLow),
    lossHigh: Math.max(a.lossHigh, b.lossHigh),
    gradientNorm: mean('gradientNorm'),
    gradientNormLow: Math.min(a.gradientNormLow, b.gradientNormLow),
    gradientNormHigh: Math.max(a.gradientNormHigh, b.gradientNormHigh),
    learningRate: mean('learningRate'),
  }
}

/** Rows that may be joined, joined. Thinning what was thinned gives what thinning all steps at once does. */
export function thinned(rows: Iterable<CurveRow>, widest: number): CurveRow[] {
  const kept: CurveRow[] = []
  let end = 0
  for (const row of rows) {
    if (row.step <= end) kept[kept.length - 1] = joined(kept[kept.length - 1], row)
    else {
      kept.push(row)
      end = rowEnd(row.step, widest)
    }
  }
  return kept
}

/** As columns, which are a third of the text. */
export const columnsOf = (rows: readonly CurveRow[]): Record<CurveColumn, number[]> =>
  Object.fromEntries(curveColumns.map((name) => [name, rows.map((row) => row[name])])) as Record<CurveColumn, number[]>
