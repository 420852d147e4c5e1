// What was deleted: listed with its size, brought back days later, forgotten when its time has come.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runIn, tinyLab, tinyStudy, type Bench } from '../../support/tiny-lab.ts'
import type { LabHost } from '#main/lab/lab.ts'

let bench: Bench
let lab: LabHost
let nowMs: number
const dayMs = 86_400_000
const reopened = async (): Promise<LabHost> => {
  await lab.close()
  return (lab = await bench.open({ nowMs: () => nowMs }))
}

beforeEach(async () => {
  bench = tinyLab()
  nowMs = 1_800_000_000_000
  lab = await bench.open({ nowMs: () => nowMs })
})
afterEach(() => bench.clean())

async function trainedRuns() {
  const study = await tinyStudy(lab, [8, 16])
  const runs = await lab.startRuns(study.id, ['w8', 'w16'])
  for (const { id } of runs) await runIn(lab, id, 'finished')
  return { study, ids: runs.map(({ id }) => id) }
}

it('a run is listed with its study and the bytes of its files, and comes back weeks later with its curve', async () => {
  const { study, ids } = await trainedRuns()
  await lab.deleteRun(ids[0])
  nowMs += 29 * dayMs
  await reopened()
  const [item, ...others] = await lab.listDeleted()
  expect(others).toEqual([])
  expect(item).toMatchObject({ kind: 'run', id: ids[0], name: 'w8', of: study.name })
  expect(item.bytes).toBeGreaterThan(1000)
  expect([item.keptUntilMs - item.deletedMs, nowMs - item.deletedMs]).toEqual([30 * dayMs, 29 * dayMs])
  await lab.restoreRun(ids[0])
  expect((await lab.readRecords(ids[0], 0)).steps.length).toBeGreaterThan(0)
  expect(await lab.listDeleted()).toEqual([])
})

it('after thirty days it is forgotten with its files', async () => {
  const { ids } = await trainedRuns()
  await lab.deleteRun(ids[0])
  nowMs += 31 * dayMs
  await reopened()
  expect(await lab.listDeleted()).toEqual([])
  expect(ids.map((id) => existsSync(join(bench.home, 'runs', id)))).toEqual([false, true])
})

it('a study comes back with its runs and its text; one of its runs that was deleted before stays deleted', async () => {
  const { study, ids } = await trainedRuns()
  await lab.deleteRun(ids[0])
  await lab.deleteStudy(study.id)
  expect((await lab.listDeleted()).map(({ kind, name }) => [kind, name])).toEqual([['study', 'Tiny']])
  await expect(lab.restoreRun(ids[0])).rejects.toMatchObject({ code: 'not-found' })
  await reopened()
  await lab.restoreStudy(study.id)
  expect((await lab.listRuns(study.id)).map(({ id }) => id)).toEqual([ids[1]])
  expect((await lab.listDeleted()).map(({ id }) => id)).toEqual([ids[0]])
})

it('the oldest goes first when all of it takes more than it may', async () => {
  const { ids } = await trainedRuns()
  await lab.deleteRun(ids[1])
  nowMs += 1000
  await lab.deleteRun(ids[0])
  const [newer, older] = await lab.listDeleted()
  await lab.updateSettings({ keepDeletedBytes: newer.bytes + older.bytes - 1 })
  expect(await lab.listDeleted()).toHaveLength(2) // until the lab opens anew
  await reopened()
  expect((await lab.listDeleted()).map(({ id }) => id)).toEqual([newer.id])
})

it('an evaluation outlives the deletion of what it is of, until that is gone for good', async () => {
  const { study, ids } = await trainedRuns()
  const subject = { kind: 'run' as const, runId: ids[0], step: null }
  const options = { shots: 0, sampler: 'first' as const, limit: 2, split: null }
  const [{ id }] = await lab.startEvaluations(study.id, [subject], ['copy'], options)
  await lab.stopEvaluation(id)
  await lab.deleteRun(ids[0])
  await reopened()
  await lab.restoreRun(ids[0])
  expect((await lab.listEvaluations(study.id)).map((one) => one.id)).toEqual([id])
  await lab.deleteRun(ids[0])
  await lab.emptyDeleted([ids[0]])
  await reopened()
  expect(await lab.listEvaluations(study.id)).toEqual([])
  await expect(lab.restoreEvaluation(id)).rejects.toMatchObject({ code: 'not-found' })
})

it('what is not there any more is not forgotten a second time', async () => {
  const { ids } = await trainedRuns()
  await lab.deleteRun(ids[0])
  const freed = await lab.emptyDeleted(ids.slice(0, 1))
  expect(freed).toBeGreaterThan(1000)
  await expect(lab.emptyDeleted(ids.slice(0, 1))).rejects.toMatchObject({ code: 'not-found' })
  expect(await lab.emptyDeleted(null)).toBe(0)
})
