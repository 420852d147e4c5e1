import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { openDatabase } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { runIn, tinyLab, tinyStudy, type Bench } from '../../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

/** As version 0.1.0 left its runs: scored on the first tokens of the split, and without a word on how many. */
function makeOlder(): void {
  const db = openDatabase(join(bench.home, 'isoflop.db'), labSchema)
  const { whole: _, ...summary } = JSON.parse(
    db.get<{ summary: string }>('SELECT summary FROM runs')!.summary,
  ) as RunSummary
  db.run('UPDATE runs SET summary = ?', JSON.stringify({ ...summary, validationLoss: 9 }))
  db.run('UPDATE validations SET loss = 9, wholeLoss = NULL, wholeTokens = NULL, wholeError = NULL')
  db.close()
}

it('a run of an older lab is scored on the whole split when asked, by its last weights and without training', async () => {
  let lab = await bench.open()
  const study = await tinyStudy(lab)
  const [{ id }] = await lab.startRuns(study.id, ['w8'])
  const fresh = await runIn(lab, id, 'finished')
  expect(fresh.whole).toMatchObject({ loss: fresh.validationLoss, tokens: expect.any(Number) })
  const steps = (await lab.readRecords(id, 0)).steps
  await lab.close()
  makeOlder()
  lab = await bench.open()
  expect((await lab.listRuns(null))[0]).toMatchObject({ state: 'finished', validationLoss: 9 })
  const [queued] = await lab.rescoreRuns([id])
  expect(queued.state).toBe('queued')
  const scored = await runIn(lab, id, 'finished')
  expect(scored).toMatchObject({ whole: fresh.whole, validationLoss: fresh.validationLoss, message: null })
  const records = await lab.readRecords(id, 0)
  expect(records.steps).toEqual(steps)
  expect(records.validations[records.validations.length - 1].whole).toEqual(fresh.whole)
})

it('only a finished run whose last checkpoint is here is scored anew, and all of those asked for or none', async () => {
  const lab = await bench.open()
  const study = await tinyStudy(lab, [8, 16])
  const [{ id }, second] = await lab.startRuns(study.id, ['w8', 'w16'])
  await lab.pauseRun(second.id)
  await runIn(lab, id, 'finished')
  await expect(lab.rescoreRuns([id, second.id])).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/is paused; only a finished run is scored anew/),
  })
  expect((await lab.listRuns(null)).find((run) => run.id === id)?.state).toBe('finished')
})
