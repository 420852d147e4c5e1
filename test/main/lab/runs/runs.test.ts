// A run from its start to its end in a whole lab: paused, cut off, killed, damaged, refused, deleted.
import { existsSync, readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import type { RunRecords } from '#shared/run.ts'
import { runIn, tinyLab, tinyStudy, trainingIn, until, type Bench } from '../../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())
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
