// Files that hold every step of runs, whatever the window keeps of them: read from the lab, run by run.
import type { CurveLine } from '../charts/curve-quantities.ts'
import { curvesCsv } from '../charts/curves-reading.ts'
import type { LossUnit } from '#shared/loss-unit.ts'
import { plural } from '#shared/numbers.ts'
import { useNoticesStore } from './notices.ts'
import { useRunsStore } from './runs.ts'

/** From so many steps on the reading takes seconds, and is announced. */
const manySteps = 100_000

/** The lines' runs as CSV in UTF-8, one row a step. */
export async function everyStepCsv(lines: readonly CurveLine[], unit: LossUnit): Promise<Uint8Array> {
  const runs = useRunsStore()
  const steps = lines.reduce((sum, { curve }) => sum + curve.records, 0)
  if (steps > manySteps)
    useNoticesStore().tell(`Reading every step of ${plural(lines.length, 'run')}; the file follows.`)
  const parts: Uint8Array[] = []
  for (const [i, line] of lines.entries())
    parts.push(new TextEncoder().encode(curvesCsv([{ ...line, curve: await runs.wholeCurve(line.id) }], unit, i === 0)))
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
