// A lab whose store takes nothing for a while, in the middle of each kind of long work: the host lives, says so, and
// goes on from where it was.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Corpus } from '#shared/corpus.ts'
import { defaultEvaluationOptions, type Evaluation } from '#shared/evaluation/evaluation.ts'
import { Fault } from '#shared/fault.ts'
import { canResume, type RunRecords, type RunSummary } from '#shared/run.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type * as database from '#main/platform/disk/database.ts'
import { runIn, tinyLab, tinyStudy, trainingIn, until, type Bench } from '../../support/tiny-lab.ts'

const disk = vi.hoisted(() => ({ isFull: false }))
vi.mock('#main/platform/disk/database.ts', async (importOriginal) => {
  const actual = await importOriginal<typeof database>()
  const refuse = () => {
    if (disk.isFull) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
  }
  return {
    ...actual,
    openDatabase: (...args: Parameters<typeof actual.openDatabase>) => {
      const db = actual.openDatabase(...args)
      return {
        ...db,
        run: (...values: Parameters<typeof db.run>) => {
          refuse()
          return db.run(...values)
        },
        transaction: ((work, how) => {
          refuse()
          return db.transaction(work, how)
        }) as typeof db.transaction,
      }
    },
  }
})

let bench: Bench
let lab: LabHost
beforeEach(async () => {
  disk.isFull = false
  bench = tinyLab()
  lab = await bench.open()
})
afterEach(async () => {
  disk.isFull = false
  await bench.clean()
})

const losses = ({ steps, validations, samples }: RunRecords) => ({
  steps: steps.map(({ step, loss }) => [step, loss]),
  validations: validations.map(({ step, loss }) => [step, loss]),
  samples,
})
const corpusIn = (id: string, state: Corpus['state']) =>
  until(async () => (await lab.listCorpora()).find((one) => one.id === id && one.state === state), `a ${state} corpus`)
const text = (name: string): string => {
  const path = join(bench.home, name)
  writeFileSync(path, Array.from({ length: 400 }, (_, i) => `Sentence ${i} of ${name}.\n\n`).join(''))
  return path
}

describe('while a run trains', () => {
  it('pauses it once, keeps the others waiting, and gives the same losses when it goes on', async () => {
    const study = await tinyStudy(lab, [8, 16])
    const told: RunSummary[] = []
    lab.listen('run', (run) => told.push(run))
    const [first, second] = await lab.startRuns(study.id, ['w8', 'w16'])
    await until(async () => (await lab.readRecords(first.id, 0)).steps.length > 5)
    disk.isFull = true
    const paused = await runIn(lab, first.id, 'paused')
    expect(paused).toMatchObject({ code: 'disk-full', message: expect.stringContaining('disk is full') })
    expect(canResume(paused)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await lab.listRuns(null)).map(({ state }) => state)).toEqual(['paused', 'queued'])
    expect(told.filter(({ state }) => state === 'paused')).toHaveLength(1)
    expect(lab.isTraining()).toBe(false)
    await expect(lab.resumeRun(first.id)).rejects.toThrow(/full/)
    expect((await lab.listRuns(null)).map(({ state }) => state)).toEqual(['paused', 'queued'])

    disk.isFull = false
    await lab.resumeRun(first.id)
    await runIn(lab, first.id, 'finished')
    await runIn(lab, second.id, 'finished')
    const [again] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, again.id, 'finished')
    expect(losses(await lab.readRecords(first.id, 0))).toEqual(losses(await lab.readRecords(again.id, 0)))
  })

  it('and its worker dies, too: how it ended is shown at once and written when there is space', async () => {
    const study = await tinyStudy(lab)
    const [run] = await lab.startRuns(study.id, ['w8'])
    await trainingIn(lab, run.id)
    disk.isFull = true
    bench.workers.killNewest()
    const ended = await runIn(lab, run.id, 'interrupted', 'paused')
    expect(ended.message).toMatch(/\w/)
    disk.isFull = false
    await lab.close()
    lab = await bench.open()
    expect((await lab.listRuns(null))[0]).toMatchObject({ state: ended.state, message: ended.message })
    await lab.resumeRun(run.id)
    await runIn(lab, run.id, 'finished')
  })

  it('and the lab is closed: the run is interrupted at the next start and goes on', async () => {
    const study = await tinyStudy(lab)
    const [run] = await lab.startRuns(study.id, ['w8'])
    await until(async () => (await lab.readRecords(run.id, 0)).steps.length > 5)
    disk.isFull = true
    await runIn(lab, run.id, 'paused')
    await lab.close()
    disk.isFull = false
    lab = await bench.open()
    expect((await lab.listRuns(null))[0].state).toBe('interrupted')
    await lab.resumeRun(run.id)
    await runIn(lab, run.id, 'finished')
  })
})

it('while a text is read: it is paused and what waits behind it waits, then both are read', async () => {
  let isReading = false
  bench.answer = (job) =>
    job.kind === 'ingest' && job.request.name === 'First' && !isReading
      ? (async function* () {
          yield { kind: 'progress', doneBytes: 1, totalBytes: 2, documents: 0, duplicates: 0 }
          isReading = true
          await until(async () => disk.isFull)
          throw new Fault('disk-full', 'Could not write it: the disk is full.')
        })()
      : null
  await until(async () => (await lab.listCorpora()).every(({ state }) => state === 'finished'), 'the bundled texts')
  const first = await lab.addCorpus([text('first.txt')], 'First')
  const second = await lab.addCorpus([text('second.txt')], 'Second')
  await until(async () => isReading)
  disk.isFull = true
  expect((await corpusIn(first.id, 'paused')).message).toContain('the disk is full')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await corpusIn(second.id, 'queued')
  await expect(lab.addCorpus([text('third.txt')], 'Third')).rejects.toThrow(/full/)
  disk.isFull = false
  const third = await lab.addCorpus([text('third.txt')], 'Third')
  for (const { id } of [first, second, third]) await corpusIn(id, 'finished')
})

it('while a text is read, and its host ends: it is read at the next start', async () => {
  bench.answer = (job) =>
    job.kind === 'ingest' && job.request.name === 'Mine'
      ? (async function* () {
          yield* []
          disk.isFull = true
          throw new Fault('disk-full', 'Could not write it: the disk is full.')
        })()
      : null
  const mine = await lab.addCorpus([text('mine.txt')], 'Mine')
  await corpusIn(mine.id, 'paused')
  await lab.close()
  disk.isFull = false
  bench.answer = () => null
  lab = await bench.open()
  await corpusIn(mine.id, 'finished')
})

it('while a model is evaluated: it goes on from the items that were scored', async () => {
  const study = await tinyStudy(lab)
  const [run] = await lab.startRuns(study.id, ['w8'])
  await runIn(lab, run.id, 'finished')
  const options = { ...defaultEvaluationOptions, limit: 40 }
  const subject = { kind: 'run' as const, runId: run.id, step: null }
  const evaluation = (state: Evaluation['state']) =>
    until(async () => (await lab.listEvaluations(study.id)).find((one) => one.state === state), `a ${state} one`)
  let evaluated = 0
  bench.answer = (job) => {
    if (job.kind === 'evaluate') evaluated++
    return job.kind === 'evaluate' && evaluated === 1
      ? (async function* () {
          yield* []
          disk.isFull = true
          throw new Fault('disk-full', 'Could not write samples.jsonl: the disk is full.')
        })()
      : null
  }
  const [first] = await lab.startEvaluations(study.id, [subject], ['copy'], options)
  expect(await evaluation('paused')).toMatchObject({ id: first.id, code: 'disk-full' })
  disk.isFull = false
  const [second] = await lab.startEvaluations(study.id, [subject], ['brackets'], options)
  await until(
    async () => (await lab.listEvaluations(study.id)).every(({ state }) => state === 'finished'),
    'both evaluations',
  )
  expect((await lab.listEvaluations(study.id)).map(({ id }) => id)).toEqual([first.id, second.id])
})

it('a lab on a full disk opens to look, and says of each change that the disk is full', async () => {
  const study = await lab.createStudy('Here')
  disk.isFull = true
  await lab.close()
  lab = await bench.open()
  expect((await lab.listStudies()).map(({ id }) => id)).toEqual([study.id])
  await expect(lab.createStudy('More')).rejects.toThrow(/full/)
  expect(await lab.listStudies()).toHaveLength(1)
})
