import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRandom } from '#shared/random.ts'
import type { RunPlan, StepRecord } from '#shared/run.ts'
import { curveColumns, rowOf, thinned, type CurveRow, type RunCurve } from '#shared/thinning.ts'
import { readCurve } from '#main/lab/runs/run-curve.ts'
import { createRunStore, type RunStore } from '#main/lab/runs/run-store.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { runSummary } from '../../../support/run-summary.ts'

const count = 20_000
const random = createRandom(11)
const steps = Array.from({ length: count }, (_, i): StepRecord => ({
  step: i + 1,
  tokens: 512 * (i + 1),
  elapsedMs: 20.25 * (i + 1),
  loss: 2 + random.normal(),
  gradientNorm: random.next(),
  learningRate: 1e-3 * random.next(),
}))
const summary = { ...runSummary(), id: 'a', step: count, steps: count }

let home: string
let db: Database
let store: RunStore
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-curve-'))
  db = openDatabase(join(home, 'isoflop.db'), labSchema)
  store = createRunStore(db)
  store.insert([{ plan: { runId: 'a' } as RunPlan, summary }])
  const validations = [500, 20_000].map((step) => ({ step, tokens: 512 * step, elapsedMs: step, loss: 2 }))
  store.append(summary, { steps, validations, samples: [{ step: 12_000, text: 'so' }] }, 'relaxed')
})
afterEach(() => {
  db.close()
  rmSync(home, { recursive: true, force: true })
})

const rowsOf = ({ rows }: RunCurve): CurveRow[] =>
  rows.step.map((_, i) => Object.fromEntries(curveColumns.map((name) => [name, rows[name][i]])) as unknown as CurveRow)

test('the store thins a curve as the window does, and gives single steps of a part', async () => {
  const whole = await readCurve(store, 'a', { afterStep: 0, widest: 16 })
  close(rowsOf(whole), thinned(steps.map(rowOf), 16))
  expect(whole.validations.map(({ step }) => step)).toEqual([500, 20_000])
  expect(whole.samples).toHaveLength(1)

  const part = await readCurve(store, 'a', { afterStep: 9984, upToStep: 12_000, widest: 1 })
  expect(rowsOf(part)).toEqual(steps.slice(9984, 12_000).map(rowOf))
  expect(part.validations).toEqual([])
  expect(part.samples).toHaveLength(1)
})

test('a curve that is asked for from the middle of a row on leaves nothing out', async () => {
  const rows = rowsOf(await readCurve(store, 'a', { afterStep: 16_390, widest: 64 }))
  expect(rows[0].count).toBe(16_448 - 16_390)
  expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(count - 16_390)
})

test('beyond the last step there is nothing', async () => {
  const { rows } = await readCurve(store, 'a', { afterStep: count, widest: 16 })
  expect(rows.step).toEqual([])
})

function close(actual: CurveRow[], wanted: CurveRow[]): void {
  expect(actual).toHaveLength(wanted.length)
  for (const [i, row] of actual.entries())
    for (const name of curveColumns) expect(row[name]).toBeCloseTo(wanted[i][name], 9)
}
