import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunPlan } from '#shared/run.ts'
import { createRunStore, stepsAnAnswer } from '#main/lab/runs/run-store.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { runSummary } from '../../../support/run-summary.ts'

let home: string
let db: Database
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-store-'))
  db = openDatabase(join(home, 'isoflop.db'), labSchema)
})
afterEach(() => {
  db.close()
  rmSync(home, { recursive: true, force: true })
})

it('a long run is read in pieces that leave nothing out and say nothing twice', () => {
  const store = createRunStore(db)
  const summary = runSummary()
  const count = stepsAnAnswer + 10
  store.insert([{ plan: { runId: summary.id } as RunPlan, summary }])
  const at = (step: number) => ({ step, tokens: step * 64, loss: 5, elapsedMs: step })
  store.append(
    summary,
    {
      steps: Array.from({ length: count }, (_, i) => ({ ...at(i + 1), gradientNorm: 1, learningRate: 1e-3 })),
      validations: [1, stepsAnAnswer, count].map(at),
      samples: [{ step: stepsAnAnswer + 1, text: 'And so' }],
    },
    'durable',
  )

  const first = store.records(summary.id, 0)
  const second = store.records(summary.id, first.steps[first.steps.length - 1].step)
  expect([...first.steps, ...second.steps].map(({ step }) => step)).toEqual(
    Array.from({ length: count }, (_, i) => i + 1),
  )
  expect([first.steps.length, second.steps.length]).toEqual([stepsAnAnswer, 10])
  expect(first.validations.map(({ step }) => step)).toEqual([1, stepsAnAnswer])
  expect(second.validations.map(({ step }) => step)).toEqual([count])
  expect(first.samples).toEqual([])
  expect(second.samples).toHaveLength(1)
})

it('a run that 0.1.0 trained on a graphics card goes on with the engine that is called gpu now', () => {
  const store = createRunStore(db)
  const summary = { ...runSummary(), engine: 'webgpu' as never }
  store.insert([{ plan: { runId: summary.id, engine: 'webgpu' } as never, summary }])
  expect(store.read(summary.id)).toMatchObject({ plan: { engine: 'gpu' }, summary: { engine: 'gpu' } })
  expect(store.list(null)[0].engine).toBe('gpu')
})

it('the cooldowns of a run of 0.1.0, which called them rests, are points of the law', () => {
  const store = createRunStore(db)
  const { id } = runSummary()
  store.insert([{ plan: { runId: id } as RunPlan, summary: { ...runSummary(), rests: [5, 10] } as never }])
  const read = [store.read(id).summary, ...store.list(null)]
  for (const summary of read) expect(summary).toEqual({ ...runSummary(), cooldowns: [5, 10] })
})

it('plans are read in the order asked for, without those of runs that are not here any more', () => {
  const store = createRunStore(db)
  const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ ...runSummary(), id }))
  store.insert([a, b, c].map((summary) => ({ plan: { runId: summary.id } as RunPlan, summary })))
  store.setDeleted('b', 7)
  expect(store.plans(['c', 'b', 'never', 'a']).map(({ runId }) => runId)).toEqual(['c', 'a'])
})
