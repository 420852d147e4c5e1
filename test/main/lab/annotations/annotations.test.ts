// Notes and tags: kept beside their run or study, found again, and forgotten with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Annotation } from '#shared/annotation.ts'
import type { RunPlan } from '#shared/run.ts'
import { createAnnotations } from '#main/lab/annotations/annotations.ts'
import { checkArguments } from '#main/lab/requests.ts'
import { createRunStore, type RunStore } from '#main/lab/runs/run-store.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { runSummary } from '../../../support/run-summary.ts'

let home: string
let db: Database
let runs: RunStore
let told: Annotation[]
const { id } = runSummary()
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-notes-'))
  db = openDatabase(join(home, 'isoflop.db'), labSchema)
  runs = createRunStore(db)
  runs.insert([{ plan: { runId: id } as RunPlan, summary: runSummary() }])
  told = []
})
afterEach(() => {
  db.close()
  rmSync(home, { recursive: true, force: true })
})
const room = () =>
  createAnnotations({
    db,
    news: { tell: (_, news) => void told.push(news as Annotation) },
    read: (_, id) => runs.read(id),
  })

test('a note and tags are kept, told, and changed one by one', () => {
  room().change('run', id, { tags: ['baseline'] })
  room().change('run', id, { note: 'The first.' })
  expect(room().list()).toEqual([{ kind: 'run', id, note: 'The first.', tags: ['baseline'] }])
  expect(told).toHaveLength(2)
  room().change('run', id, { note: '', tags: [] })
  expect(room().list()).toEqual([])
})

test('what is written while a run trains is not written over by its steps', () => {
  room().change('run', id, { tags: ['baseline'] })
  runs.append({ ...runSummary(), step: 5 }, { steps: [], validations: [], samples: [] }, 'durable')
  expect(room().list()[0].tags).toEqual(['baseline'])
})

test('a run that is not here takes no note', () => {
  expect(() => room().change('run', 'never', { note: 'x' })).toThrow(/not here any more/)
})

test('they stay while a deletion can be undone, and go with the run', () => {
  room().change('run', id, { tags: ['baseline'] })
  runs.setDeleted(id, 7)
  room().purge()
  runs.setDeleted(id, null)
  expect(room().list()).toHaveLength(1)
  runs.forget(id)
  room().purge()
  expect(room().list()).toEqual([])
})

test('the door takes tags in one line each, once, and few of them', () => {
  const changesOf = (changes: unknown) => checkArguments('annotate', ['run', id, changes])[2]
  expect(changesOf({ tags: [' a\nb ', 'c', 'c'] })).toEqual({ tags: ['a b', 'c'] })
  expect(changesOf({ note: 'two\nlines\u0007' })).toEqual({ note: 'two\nlines' })
  expect(() => changesOf({ tags: [''] })).toThrow(/changes.tags.0: must not be empty/)
  expect(() => changesOf({ tags: Array(31).fill('a') })).toThrow(/changes.tags/)
  expect(() => changesOf({ note: 'a'.repeat(20_001) })).toThrow(/changes.note/)
  expect(() => changesOf({ colour: 'red' })).toThrow(/changes/)
})
