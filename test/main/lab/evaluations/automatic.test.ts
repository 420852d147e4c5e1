// Which runs are evaluated by themselves, also where the lab ended between a run's end and the evaluation's begin.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { defaultAutomaticEvaluation } from '#shared/evaluation/evaluation.ts'
import { Fault } from '#shared/fault.ts'
import type { RunSummary } from '#shared/run.ts'
import { createAutomatic } from '#main/lab/evaluations/automatic.ts'
import { createEvaluationStore } from '#main/lab/evaluations/evaluation-store.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'

let folder: string
let db: Database
let recorded: Map<string, RunSummary>
let started: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-automatic-'))
  db = openDatabase(join(folder, 'isoflop.db'), labSchema)
  recorded = new Map()
  started = []
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A lab that has just been opened. */
const session = () => {
  const store = createEvaluationStore(db)
  store.setAutomatic('study', { ...defaultAutomaticEvaluation, isOn: true, tasks: ['copy'] })
  const automatic = createAutomatic({
    store,
    start: async (_study, [subject]) => {
      started.push(subject.kind === 'run' ? subject.runId : '')
      return []
    },
    readRun: (id) => {
      const run = recorded.get(id)
      if (!run) throw new Fault('not-found', 'It is gone.')
      return run
    },
  })
  const becomes = (id: string, state: RunSummary['state']) => {
    const run = { id, state, studyId: 'study' } as RunSummary
    recorded.set(id, run)
    automatic.take(run)
  }
  return { ...automatic, becomes, store }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

it('evaluates a run as it finishes, once, and none that comes back finished', async () => {
  const { becomes, begin, store } = session()
  begin()
  becomes('a', 'running')
  expect(store.awaited()).toEqual(['a'])
  becomes('a', 'finished')
  await settled()
  becomes('a', 'finished')
  becomes('old', 'finished')
  await settled()
  expect(started).toEqual(['a'])
  expect(store.awaited()).toEqual([])
})

it('evaluates at the next start what finished as the lab ended', async () => {
  session().becomes('a', 'running')
  session().becomes('gone', 'running')
  session().becomes('cut', 'running')
  // the process ends here: nobody hears of what was written last
  recorded.set('a', { id: 'a', state: 'finished', studyId: 'study' } as RunSummary)
  recorded.set('cut', { id: 'cut', state: 'interrupted', studyId: 'study' } as RunSummary)
  recorded.delete('gone')
  const next = session()
  next.begin()
  await settled()
  expect(started).toEqual(['a'])
  expect(next.store.awaited()).toEqual([])
  session().begin()
  await settled()
  expect(started).toEqual(['a'])
})

it('leaves alone what is paused or failed', async () => {
  const { becomes, store } = session()
  for (const state of ['paused', 'failed', 'cancelled'] as const) {
    becomes(state, 'running')
    becomes(state, state)
    becomes(state, 'finished')
  }
  await settled()
  expect(started).toEqual([])
  expect(store.awaited()).toEqual([])
})
