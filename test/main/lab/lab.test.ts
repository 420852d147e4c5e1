import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { labRequests } from '#shared/lab-names.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { RunRecords, RunSummary } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { runIn, tinyLab, tinyStudy, trainingIn, until, type Bench } from '../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

const corpusReady = (lab: LabHost) =>
  until(async () => (await lab.listCorpora()).find(({ state }) => state === 'finished'), 'a corpus')
const bare = ({ steps, validations, samples }: RunRecords) => ({
  steps: steps.map(({ elapsedMs: _, ...rest }) => rest),
  validations: validations.map(({ elapsedMs: _, ...rest }) => rest),
  samples,
})

let whole: Promise<RunRecords> | null = null
/** The one member of a tiny study trained to its end, in a lab of its own; the same for all who ask. */
const undisturbed = (): Promise<RunRecords> => (whole ??= trainUndisturbed())

async function trainUndisturbed(): Promise<RunRecords> {
  const other = tinyLab()
  try {
    const lab = await other.open()
    const study = await tinyStudy(lab)
    const [run] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, run.id, 'finished')
    return await lab.readRecords(run.id, 0)
  } finally {
    await other.clean()
  }
}

describe('the first start', () => {
  it('reads the bundled texts and makes a study of the default corpus', async () => {
    const lab = await bench.open()
    const study = await lab.createStudy('First')
    const corpus = await corpusReady(lab)
    expect(corpus).toMatchObject({ id: study.corpusId, origin: 'bundled' })
    expect(corpus.splits.train.documents + corpus.splits.validation.documents + corpus.splits.test.documents).toBe(
      corpus.documents,
    )
    const plan = await lab.planStudy(study.id)
    expect(plan.length).toBeGreaterThanOrEqual(3)
    expect(plan.every(({ refusal, epochs }) => refusal === null && epochs === null)).toBe(true)
    const tokenizer = { kind: 'bpe' as const, vocabulary: 300 }
    await lab.updateStudy(study.id, { tokenizer })
    await lab.tokenizeCorpus(study.corpusId, tokenizer)
    const tokens = await until(async () => (await lab.listTokenized()).find(({ state }) => !isUnderWay({ state })))
    expect(tokens).toMatchObject({ state: 'finished', message: null })
    expect((await lab.planStudy(study.id)).every(({ epochs }) => epochs !== null && epochs > 0)).toBe(true)
  })

  it('is had by one lab at a time, and says by whom', async () => {
    await bench.open()
    await expect(bench.open()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`process ${process.pid}`),
    })
  })

  it('leaves a store that is not its own as it was', async () => {
    const lab = await bench.open()
    await lab.close()
    const path = join(bench.home, 'isoflop.db')
    writeFileSync(path, 'not a database at all, but somebody wrote it')
    await expect(bench.open()).rejects.toMatchObject({ code: 'damaged' })
    expect(readFileSync(path, 'utf8')).toBe('not a database at all, but somebody wrote it')
    await expect(bench.open()).rejects.toMatchObject({ code: 'damaged' }) // and the lock was given back
  })
})

describe('what comes in through a door', () => {
  const cases: [string, (lab: LabHost) => Promise<unknown>, RegExp][] = [
    ['an empty name', (lab) => lab.createStudy('  '), /^name: must not be empty\.$/],
    ['a number for a name', (lab) => lab.createStudy(7 as never), /^name: must be a text; it is 7\.$/],
    ['an unknown setting', (lab) => lab.updateSettings({ colour: 'red' } as never), /^changes: .*colour/],
    ['threads below zero', (lab) => lab.updateSettings({ threads: -1 }), /^changes\.threads: /],
    ['an unknown engine', (lab) => lab.updateSettings({ engine: 'abacus' as never }), /^changes\.engine: /],
    ['no members', (lab) => lab.startRuns('x', []), /^memberIds: must name at least one member/],
    [
      'a vocabulary below the bytes',
      (lab) => lab.tokenizeCorpus('x', { kind: 'bpe', vocabulary: 100 }),
      /^tokenizer\.vocabulary: /,
    ],
    [
      'a document of something else',
      (lab) => lab.importStudy({ format: 'shopping-list' }),
      /^document\.format: .*not a study/,
    ],
    [
      'a top-p of zero',
      (lab) =>
        lab.generate(
          { kind: 'run', runId: 'x', step: null },
          { prompt: '', tokens: 1, temperature: 1, topK: 0, topP: 0, seed: 0 },
          'g',
        ),
      /^options\.topP: /,
    ],
    [
      'too many arguments',
      (lab) => (lab.listStudies as (...args: unknown[]) => Promise<unknown>)(1),
      /takes 0 arguments and got 1/,
    ],
  ]
  it.each(cases)('%s is answered with a sentence that names the field', async (_, ask, sentence) => {
    const lab = await bench.open()
    const before = JSON.stringify([await lab.listStudies(), await lab.settings(), await lab.listRuns(null)])
    const failure = (await ask(lab).catch((error) => error)) as Fault
    expect(failure).toBeInstanceOf(Fault)
    expect(failure.code).toBe('bad-input')
    expect(failure.message).toMatch(sentence)
    expect(JSON.stringify([await lab.listStudies(), await lab.settings(), await lab.listRuns(null)])).toBe(before)
  })

  it('a member whose heads do not divide its width is named', async () => {
    const lab = await bench.open()
    const study = await lab.createStudy('Shapes')
    const members = [{ id: 'a', name: 'a', layers: 1, width: 10, heads: 3, isEnabled: true }]
    await expect(lab.updateStudy(study.id, { ladder: { ...study.ladder, members } })).rejects.toThrow(
      'changes.ladder.members.0.heads: must divide the width.',
    )
    expect(await lab.listStudies()).toEqual([study])
  })

  it('nothing is answered once the lab is closed', async () => {
    const lab = await bench.open()
    await lab.close()
    for (const request of labRequests)
      await expect((lab[request] as () => Promise<unknown>)()).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('a run', () => {
  it('trains from text to an exported folder, and everything it said is kept', async () => {
    const lab = await bench.open()
    const told: RunRecords[] = []
    const states: string[] = []
    lab.listen('records', (records) => told.push(records))
    lab.listen('run', (run) => states[states.length - 1] !== run.state && states.push(run.state))
    const study = await tinyStudy(lab)
    const [{ id, state, steps }] = await lab.startRuns(study.id, ['w8'])
    expect(state).toBe('queued')
    expect(lab.isTraining()).toBe(false)
    const run = await runIn(lab, id, 'finished', 'failed')
    expect(run.message).toBeNull()
    expect(states).toEqual(['queued', 'running', 'finished'])
    expect(run).toMatchObject({ step: steps, steps, engine: 'reference', secondsLeft: 0 })
    expect(run.checkpoints[run.checkpoints.length - 1]).toBe(steps)
    expect(run.validationLoss).toBeLessThan(Math.log(257))

    const records = await lab.readRecords(id, 0)
    expect(records.steps.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1))
    expect(told.flatMap((one) => one.steps)).toEqual(records.steps)
    const validations = new Map(told.flatMap((one) => one.validations).map((one) => [one.step, one]))
    expect([...validations.values()]).toEqual(records.validations) // a later word on a step replaces the earlier
    expect(records.validations[records.validations.length - 1]).toMatchObject({ step: steps, whole: run.whole })
    expect(records.samples.length).toBeGreaterThan(3)
    expect((await lab.readRecords(id, steps - 2)).steps).toEqual(records.steps.slice(-2))

    const folder = join(bench.home, 'exports', 'one')
    const report = await lab.export({ kind: 'run', runId: id, step: null }, 'one', false) // what is not absolute lies in the exports folder
    expect(report.folder).toBe(folder)
    expect(report.largestDifference).toBe(0)
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json', 'README.md']),
    )
    await expect(lab.export({ kind: 'run', runId: id, step: null }, folder, false)).rejects.toBeInstanceOf(Fault)
    await expect(lab.export({ kind: 'run', runId: id, step: 1 }, folder, true)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('step'),
    })
    const options = { prompt: 'the', tokens: 8, temperature: 0.5, topK: 5, topP: 1, seed: 3 }
    const written = await lab.generate({ kind: 'run', runId: id, step: null }, options, 'g')
    expect(written.tokens.length).toBeGreaterThan(0)
    expect((await lab.generate({ kind: 'run', runId: id, step: null }, options, 'g')).text).toBe(written.text)
    await expect(lab.resumeRun(id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('paused, and the lab closed and opened, it goes on as if nothing had been', async () => {
    let lab = await bench.open()
    const study = await tinyStudy(lab)
    const [{ id }] = await lab.startRuns(study.id, ['w8'])
    await until(async () => (await lab.readRecords(id, 0)).steps.length > 5)
    const paused = await lab.pauseRun(id)
    expect(paused.state).toBe('paused')
    expect(paused.checkpoints).toContain(paused.step)
    expect((await lab.readRecords(id, 0)).steps.length).toBe(paused.step)
    await lab.close()
    lab = await bench.open()
    expect((await lab.listRuns(null))[0]).toEqual(paused)
    expect((await lab.resumeRun(id)).state).toBe('queued')
    await runIn(lab, id, 'finished')
    expect(bare(await lab.readRecords(id, 0))).toEqual(bare(await undisturbed()))
  })

  it('closed while it trains, it is offered for resuming', async () => {
    let lab = await bench.open()
    const study = await tinyStudy(lab, [8, 16])
    const [{ id }, waiting] = await lab.startRuns(study.id, ['w8', 'w16'])
    await until(async () => (await lab.readRecords(id, 0)).steps.length > 5)
    expect(lab.isTraining()).toBe(true)
    await lab.close()
    lab = await bench.open()
    const [first, second] = await lab.listRuns(study.id)
    expect(first).toMatchObject({
      id,
      state: 'interrupted',
      message: expect.stringMatching(/closed after step \d+; the run can go on/),
    })
    expect(second).toMatchObject({ id: waiting.id, state: 'interrupted', step: 0 })
    await lab.resumeRun(id)
    await runIn(lab, id, 'finished')
    expect(bare(await lab.readRecords(id, 0))).toEqual(bare(await undisturbed()))
  })

  it('whose process is killed is interrupted, and resumes from its checkpoint without a record twice', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const [{ id }] = await lab.startRuns(study.id, ['w8'])
    await until(async () => ((await lab.listRuns(null))[0].checkpoints.length ?? 0) > 0)
    bench.workers.killNewest()
    const run = await runIn(lab, id, 'interrupted')
    expect(run.message).toMatch(/ended unexpectedly .* can go on from its checkpoint at step \d+\.$/)
    await lab.resumeRun(id)
    await runIn(lab, id, 'finished')
    expect(bare(await lab.readRecords(id, 0))).toEqual(bare(await undisturbed()))
  })

  it('whose graphics card is gone goes on with another engine, from the same checkpoint', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const [{ id }] = await lab.startRuns(study.id, ['w8'])
    await until(async () => ((await lab.listRuns(null))[0].checkpoints.length ?? 0) > 0)
    bench.workers.killNewest()
    const { checkpoints } = await runIn(lab, id, 'interrupted')
    const begun: string[] = []
    lab.listen('run', ({ engine, state, step }) => state === 'running' && begun.push(`${engine} ${step}`))
    expect(await lab.resumeRun(id, 'native')).toMatchObject({ engine: 'native' })
    await runIn(lab, id, 'finished')
    const [, step] = /^native (\d+)$/.exec(begun[0])!
    expect(Number(step)).toBeGreaterThanOrEqual(checkpoints.at(-1)!) // one more may have been written before the end
    expect((await lab.listRuns(null))[0].engine).toBe('native')
  })

  it('goes on from the checkpoint before, and says so, where the last is damaged', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const [{ id }] = await lab.startRuns(study.id, ['w8'])
    await until(async () => (await lab.listRuns(null))[0].checkpoints.length === 2)
    const { checkpoints } = await lab.pauseRun(id)
    const [before, last] = checkpoints.slice(-2)
    truncateSync(
      join(bench.home, 'runs', id, 'checkpoints', `step-${String(last).padStart(6, '0')}`, 'parameters.safetensors'),
      100,
    )
    await lab.resumeRun(id)
    const run = await runIn(lab, id, 'finished')
    expect(run.message).toBe(`The checkpoint of step ${last} is damaged; the run went on from step ${before}.`)
    expect(bare(await lab.readRecords(id, 0))).toEqual(bare(await undisturbed()))
  })

  it('trains the smallest first, one at a time, and lets one that waits be paused', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab, [24, 8, 16])
    const begun: string[] = []
    lab.listen('run', ({ name, state }) => state === 'running' && !begun.includes(name) && begun.push(name))
    const runs = await lab.startRuns(study.id, ['w24', 'w8', 'w16'])
    expect(runs.map(({ name }) => name)).toEqual(['w8', 'w16', 'w24'])
    expect((await lab.pauseRun(runs[1].id)).state).toBe('paused')
    await trainingIn(lab, runs[2].id)
    expect((await lab.stopRun(runs[2].id)).state).toBe('cancelled')
    expect(begun).toEqual(['w8', 'w24'])
    expect((await lab.listRuns(study.id)).map(({ state }) => state)).toEqual(['finished', 'paused', 'cancelled'])
  })

  it('that cannot be done fails with the reason, and the next one begins', async () => {
    bench.answer = (job) =>
      job.kind === 'train' && job.plan.name === 'w8'
        ? (async function* () {
            throw new Fault('diverged', 'The loss became NaN at step 3 of 9.')
          })()
        : null
    const lab = await bench.open()
    const study = await tinyStudy(lab, [8, 16])
    const [bad, good] = await lab.startRuns(study.id, ['w8', 'w16'])
    expect(await runIn(lab, bad.id, 'failed')).toMatchObject({ message: 'The loss became NaN at step 3 of 9.' })
    await runIn(lab, good.id, 'finished')
  })

  it('is refused where its member does not fit, is unknown or is under way', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab, [8])
    await expect(lab.startRuns(study.id, ['w9'])).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('w9'),
    })
    const huge = { id: 'huge', name: 'huge', layers: 900, width: 65_536, heads: 64, isEnabled: true }
    await lab.updateStudy(study.id, { ladder: { ...study.ladder, members: [...study.ladder.members, huge] } })
    await expect(lab.startRuns(study.id, ['w8', 'huge'])).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringMatching(/huge cannot be trained.*memory/),
    })
    expect(await lab.listRuns(null)).toEqual([])
    const [run] = await lab.startRuns(study.id, ['w8'])
    await expect(lab.startRuns(study.id, ['w8'])).rejects.toMatchObject({ code: 'conflict' })
    await lab.stopRun(run.id)
  })

  it('deleted comes back, and is gone with its files once the trash is emptied', async () => {
    let lab = await bench.open()
    const study = await tinyStudy(lab)
    const [{ id }] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, id, 'finished')
    await lab.deleteRun(id)
    expect(await lab.listRuns(null)).toEqual([])
    await expect(lab.readRecords(id, 0)).rejects.toMatchObject({ code: 'not-found' })
    expect((await lab.restoreRun(id)).state).toBe('finished')
    expect((await lab.readRecords(id, 0)).steps.length).toBeGreaterThan(0)
    await lab.deleteRun(id)
    await lab.close()
    lab = await bench.open()
    expect(existsSync(join(bench.home, 'runs', id))).toBe(true)
    await lab.emptyDeleted([id])
    expect(existsSync(join(bench.home, 'runs', id))).toBe(false)
    expect(await lab.listRuns(null)).toEqual([])
    await expect(lab.restoreRun(id)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a study', () => {
  it('refuses a change that would invalidate its runs, and takes one that would not', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab, [8, 16])
    const [run] = await lab.startRuns(study.id, ['w8'])
    const changes = [
      { recipe: { ...study.recipe, seed: 9 } },
      { tokenizer: { kind: 'gpt2' as const } },
      { corpusId: 'moby-dick' },
      { ladder: { ...study.ladder, members: study.ladder.members.slice(1) } },
    ]
    for (const change of changes)
      await expect(lab.updateStudy(study.id, change)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('w8'),
      })
    expect(
      (
        await lab.updateStudy(study.id, {
          name: 'Renamed',
          ladder: { ...study.ladder, members: study.ladder.members.slice(0, 1) },
        })
      ).name,
    ).toBe('Renamed')
    await lab.stopRun(run.id)
    expect((await lab.updateStudy(study.id, { recipe: { ...study.recipe, seed: 9 } })).recipe.seed).toBe(9)
  })

  it('written to a document and read back gives the same plan', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab, [8, 16])
    const document = JSON.parse(JSON.stringify(await lab.studyDocument(study.id)))
    const elsewhere = tinyLab()
    try {
      const other = await elsewhere.open()
      const copy = await other.importStudy(document)
      expect(copy.id).not.toBe(study.id)
      expect(await other.planStudy(copy.id)).toEqual(await lab.planStudy(study.id))
      expect((await other.importStudy(document)).name).toBe('Tiny 2')
    } finally {
      await elsewhere.clean()
    }
  })

  it('is duplicated, put away, deleted and brought back', async () => {
    let lab = await bench.open()
    const study = await tinyStudy(lab)
    const copy = await lab.duplicateStudy(study.id)
    expect(copy).toMatchObject({ name: 'Tiny copy', recipe: study.recipe, ladder: study.ladder, isArchived: false })
    expect((await lab.updateStudy(copy.id, { isArchived: true })).isArchived).toBe(true)
    const [run] = await lab.startRuns(study.id, ['w8'])
    await trainingIn(lab, run.id)
    await lab.deleteStudy(study.id) // a run that trains is paused first
    expect((await lab.listStudies()).map(({ id }) => id)).toEqual([copy.id])
    expect(await lab.listRuns(null)).toEqual([])
    expect(lab.isTraining()).toBe(false)
    await lab.restoreStudy(study.id)
    expect((await lab.listRuns(study.id)).map(({ state }) => state)).toEqual(['paused'])
    await lab.deleteStudy(study.id)
    await lab.close()
    lab = await bench.open()
    expect((await lab.listStudies()).map(({ id }) => id)).toEqual([copy.id])
    await lab.emptyDeleted(null)
    await expect(lab.restoreStudy(study.id)).rejects.toMatchObject({ code: 'not-found' })
    expect(existsSync(join(bench.home, 'runs', run.id))).toBe(false)
  })
})

describe('a corpus', () => {
  it('is added, used, and refused to be deleted while a study uses it', async () => {
    const lab = await bench.open()
    const path = join(bench.home, 'own.txt')
    writeFileSync(path, Array.from({ length: 400 }, (_, i) => `Sentence number ${i} is here.\n\n`).join(''))
    const { id, state } = await lab.addCorpus([path], 'My own')
    expect(state).toBe('queued')
    const ready = await until(async () =>
      (await lab.listCorpora()).find((one) => one.id === id && one.state === 'finished'),
    )
    expect(ready.documents).toBeGreaterThan(2)
    const pieces = await lab.sampleCorpus(id, { kind: 'bytes' }, 'train', 0)
    expect(pieces.map(({ text }) => text).join('')).toMatch(/^Sentence number \d+/)
    await expect(lab.sampleCorpus(id, { kind: 'bpe', vocabulary: 300 }, 'train', 0)).rejects.toMatchObject({
      code: 'conflict',
    })
    const study = await lab.createStudy('Mine')
    await lab.updateStudy(study.id, { corpusId: id })
    await expect(lab.deleteCorpus(id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Mine'),
    })
    await lab.deleteStudy(study.id)
    await lab.deleteCorpus(id)
    expect((await lab.listCorpora()).some((one) => one.id === id)).toBe(false)
    expect((await lab.restoreCorpus(id)).state).toBe('finished')
    await lab.deleteCorpus(id)
    await lab.emptyDeleted([id])
    expect(existsSync(join(bench.home, 'corpora', id))).toBe(false)
  })

  it('is read again by another field, described, and its text looked at', async () => {
    const lab = await bench.open()
    const path = join(bench.home, 'posts.jsonl')
    writeFileSync(path, Array.from({ length: 60 }, (_, i) => JSON.stringify({ id: i, body: `Post ${i}` })).join('\n'))
    const { id } = await lab.addCorpus([path], 'Posts')
    const when = (state: string) =>
      until(async () => (await lab.listCorpora()).find((one) => one.id === id && one.state === state))
    expect(await when('failed')).toMatchObject({ fields: ['body'], message: expect.stringContaining('no field text') })
    await lab.changeCorpus(id, { field: 'body' })
    expect(await when('finished')).toMatchObject({ documents: 60, field: 'body', message: null, warning: null })
    expect(await lab.corpusText(id, 'train', 0)).toMatch(/^Post \d+$/)
    await expect(lab.changeCorpus(id, { field: 'id' })).rejects.toMatchObject({ code: 'conflict' })
    const said = { name: 'Letters', licence: 'CC BY 4.0', notes: 'Of a forum.' }
    expect(await lab.changeCorpus(id, said)).toMatchObject(said)
    expect((await lab.listCorpora()).find((one) => one.id === id)).toMatchObject({ ...said, documents: 60 })
    const [bundled] = (await lab.listCorpora()).filter(({ origin }) => origin === 'bundled')
    if (bundled)
      await expect(lab.changeCorpus(bundled.id, { licence: 'mine' })).rejects.toMatchObject({ code: 'conflict' })
    const direct = await lab.addCorpus([path], 'Direct', 'body')
    expect(direct.field).toBe('body')
  })

  it('that came with the lab cannot be deleted', async () => {
    const lab = await bench.open()
    const { id } = await corpusReady(lab)
    await expect(lab.deleteCorpus(id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('that cannot be read says why; one that is being read can be cancelled', async () => {
    bench.answer = (job, signal) =>
      job.kind === 'ingest' && job.request.name === 'Endless'
        ? (async function* () {
            for (let doneBytes = 0; !signal.aborted; doneBytes++) {
              yield { kind: 'progress', doneBytes, totalBytes: 1e9, documents: 0, duplicates: 0 }
              await new Promise((resolve) => setTimeout(resolve, 1))
            }
            throw new Fault('cancelled', 'Adding the corpus was cancelled; nothing of it was kept.')
          })()
        : null
    const lab = await bench.open()
    const before = await lab.listCorpora()
    await expect(lab.addCorpus([join(bench.home, 'nowhere.txt')], 'Gone')).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('nowhere.txt'),
    })
    expect(await lab.listCorpora()).toHaveLength(before.length)
    const file = (name: string) => {
      writeFileSync(join(bench.home, name), name === 'empty.txt' ? '' : 'A text.')
      return join(bench.home, name)
    }
    const empty = await lab.addCorpus([file('empty.txt')], 'Empty')
    const failed = await until(async () =>
      (await lab.listCorpora()).find((one) => one.id === empty.id && one.state === 'failed'),
    )
    expect(failed.message).toMatch(/0 different documents/)
    const endless = await lab.addCorpus([file('endless.txt')], 'Endless')
    const behind = await lab.addCorpus([file('behind.txt')], 'Behind')
    expect((await lab.cancelCorpus(behind.id)).state).toBe('cancelled') // at once, though its turn has not come
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await lab.cancelCorpus(endless.id)).state).toBe('cancelled')
    await expect(lab.cancelCorpus(endless.id)).rejects.toMatchObject({ code: 'conflict' })
    const study = await lab.createStudy('None')
    await lab.updateStudy(study.id, { corpusId: endless.id })
    await lab.updateSettings({ engine: 'reference' })
    await expect(lab.startRuns(study.id, [study.ladder.members[0].id])).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Endless'),
    })
  })
})

describe('the machine', () => {
  it('is probed at the first need, one engine a process, and remembered', async () => {
    const asked: string[] = []
    bench.answer = (job) => {
      if (job.kind !== 'probe' && job.kind !== 'measure') return null
      asked.push(`${job.kind} ${job.engine}`)
      return (async function* () {
        if (job.kind === 'measure') return [{ width: 64, flopsPerSecond: 1e9 }]
        if (job.engine === 'gpu') throw new Error('the driver fell over')
        const rate = { native: 900, cuda: 700, tensorflow: 300, wasm: 100, reference: 1 }[job.engine as string]!
        return {
          name: job.engine,
          isAvailable: true,
          description: `${job.engine} here`,
          tokensPerSecond: rate,
          flopsPerSecond: rate * 1e6,
        }
      })()
    }
    let lab = await bench.open()
    const machine = await lab.machine()
    expect(machine).toMatchObject({ engine: 'native', calibration: [{ width: 64, flopsPerSecond: 1e9 }] })
    expect(machine.probes.map(({ name, isAvailable }) => `${name} ${isAvailable}`)).toEqual([
      'native true',
      'gpu false',
      'cuda true',
      'tensorflow true',
      'wasm true',
      'reference true',
    ])
    expect(machine.probes[1].description).toContain('the driver fell over')
    await lab.close()
    asked.length = 0
    lab = await bench.open()
    expect(await lab.machine()).toEqual(machine)
    expect(asked).toEqual([])
    const study = await lab.createStudy('Timed')
    expect((await lab.planStudy(study.id)).every(({ seconds }) => seconds !== null && seconds > 0)).toBe(true)
    let told: RunSummary | unknown = null
    lab.listen('machine', (news) => (told = news))
    await lab.updateSettings({ engine: 'wasm' })
    expect(told).toMatchObject({ engine: 'wasm' })
    expect(await lab.machine()).toMatchObject({
      engine: 'wasm',
      reason: expect.stringContaining('Chosen in the settings'),
    })
    expect(asked).toEqual(['measure wasm'])
  })

  it('a probe whose process dies is an engine that is not available', async () => {
    bench.answer = (job) => {
      if (job.kind === 'measure')
        return (async function* () {
          return [{ width: 64, flopsPerSecond: 1e9 }]
        })()
      if (job.kind !== 'probe') return null
      return (async function* () {
        if (job.engine !== 'reference') {
          bench.workers.killNewest()
          await new Promise(() => undefined)
        }
        return {
          name: job.engine,
          isAvailable: true,
          description: 'always here',
          tokensPerSecond: 1,
          flopsPerSecond: 1e6,
        }
      })()
    }
    const lab = await bench.open()
    await corpusReady(lab) // so that the newest worker is a probe
    const { engine, probes } = await lab.machine()
    expect(engine).toBe('reference')
    expect(probes[0]).toMatchObject({ isAvailable: false, description: expect.stringContaining('ended unexpectedly') })
  })
})

describe('a run that holds and decays thrice', () => {
  it('takes twice the tokens, and has a validation loss at half, once and twice the recipe’s', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const [once] = await lab.planStudy(study.id)
    const { recipe } = await lab.updateStudy(study.id, { recipe: { ...study.recipe, decay: 'wsd-s' } })
    expect(recipe.decay).toBe('wsd-s')
    const [run] = await lab.startRuns(study.id, ['w8'])
    expect(Math.abs(run.steps - 2 * once.steps)).toBeLessThanOrEqual(1)
    expect(run.cooldowns).toEqual([0.25, 0.5, 1].map((share) => Math.round(share * run.steps)))
    expect(await runIn(lab, run.id, 'finished', 'failed')).toMatchObject({
      state: 'finished',
      cooldowns: run.cooldowns,
    })
    const { validations } = await lab.readRecords(run.id, 0)
    expect(validations.map(({ step }) => step)).toEqual(expect.arrayContaining(run.cooldowns!))
  })
})

describe('a check of muP', () => {
  const choices = { widths: [4, 8], layers: 1, steps: 3, learningRates: [1e-3, 1e-2, 3e-2] }
  const ended = (lab: LabHost, studyId: string) =>
    until(
      async () => (await lab.listChecks(studyId)).find(({ state }) => state !== 'queued' && state !== 'running'),
      'a check that ended',
    )

  it('is started, told, kept and still there when the lab opens again', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const told: string[] = []
    lab.listen('check', ({ state }) => told.push(state))
    const begun = await lab.startCheck(study.id, 'transfer', choices)
    expect(begun).toMatchObject({ studyId: study.id, kind: 'transfer', state: 'queued', choices, engine: 'reference' })
    const check = await ended(lab, study.id)
    expect(check).toMatchObject({ id: begun.id, state: 'finished', share: 1, message: null })
    expect(check.transfer.length).toBe(2 * 2 * 3 * 3) // parametrisations, widths, rates, seeds
    expect(new Set(told)).toEqual(new Set(['queued', 'running', 'finished']))
    await lab.close()
    expect(await (await bench.open()).listChecks(study.id)).toEqual([check])
  })

  it('is cancelled, and another of its kind is refused while it lasts', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const { id } = await lab.startCheck(study.id, 'coordinates', { ...choices, steps: 50_000 })
    await expect(lab.startCheck(study.id, 'coordinates', {})).rejects.toMatchObject({ code: 'conflict' })
    await until(async () => (await lab.listChecks(study.id))[0].state === 'running', 'a check that runs')
    expect(await lab.stopCheck(id)).toMatchObject({ state: 'cancelled', secondsLeft: null })
    const again = await lab.startCheck(study.id, 'coordinates', choices)
    expect(
      await until(async () =>
        (await lab.listChecks(study.id)).find((one) => one.id === again.id && one.state === 'finished'),
      ),
    ).toMatchObject({ share: 1 })
    expect((await lab.listChecks(study.id)).map(({ state }) => state)).toEqual(['cancelled', 'finished'])
  })

  it('that the lab closed on is interrupted, and goes with its study when that goes for good', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    await lab.startCheck(study.id, 'coordinates', { ...choices, steps: 50_000 })
    await until(async () => (await lab.listChecks(study.id))[0].state === 'running', 'a check that runs')
    await lab.close()
    const next = await bench.open()
    expect(await next.listChecks(study.id)).toMatchObject([{ state: 'interrupted', secondsLeft: null }])
    await next.deleteStudy(study.id)
    await next.emptyDeleted(null)
    await next.close()
    expect(await (await bench.open()).listChecks(study.id)).toEqual([])
  })

  it('with choices that cannot be is refused with the reason', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    await expect(lab.startCheck(study.id, 'coordinates', { widths: [5, 8] })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('5'),
    })
    await expect(lab.startCheck(study.id, 'nonsense' as never, {})).rejects.toMatchObject({ code: 'bad-input' })
    await expect(lab.startCheck(study.id, 'coordinates', { width: 3 } as never)).rejects.toMatchObject({
      code: 'bad-input',
    })
    await expect(lab.startCheck('nobody', 'coordinates', {})).rejects.toMatchObject({ code: 'not-found' })
    await expect(lab.stopCheck('nobody')).rejects.toMatchObject({ code: 'not-found' })
    expect(await lab.listChecks(study.id)).toEqual([])
  })
})
