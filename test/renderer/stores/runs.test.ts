// @vitest-environment happy-dom
// Runs and their curves: losing a message loses nothing.
import { beforeEach, describe, expect, it } from 'vitest'
import { lastStep } from '#renderer/curves/curve.ts'
import { useBeginStore } from '#renderer/stores/begin.ts'
import { useLawStore } from '#renderer/stores/law.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { usePlanStore } from '#renderer/stores/plan.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import { Fault } from '#shared/fault.ts'
import { fakeLoss, type FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow, settled } from '../support/window.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = openWindow().fake
  await loadStores()
})
const begin = async () => {
  await useBeginStore().watchLawEmerge()
  return useRunsStore().ofStudy(useStudiesStore().currentId)
}

describe('the first way in', () => {
  it('makes the starter study, starts its whole ladder and goes to the law', async () => {
    const runs = await begin()
    expect(runs.map((run) => run.name)).toEqual(['43.9k', '84.3k', '137k', '202k', '279k'])
    expect(useShellStore().view).toBe('law')
    expect(useStudiesStore().current?.ladder.dial).toEqual({ kind: 'preset', preset: 'starter' })
  })

  it('has its text tokenized before it is chosen, in a lab without a study alone', async () => {
    await useBeginStore().prepare()
    expect(fake.asked.filter(({ name }) => name === 'tokenizeCorpus').map(({ args }) => args)).toEqual([
      ['a', studyPartsOf(starterPreset).tokenizer],
    ])
    await begin()
    await useBeginStore().prepare()
    expect(fake.asked.filter(({ name }) => name === 'tokenizeCorpus')).toHaveLength(1)
  })

  it('tells the stages until the first step', async () => {
    const [first] = await begin()
    const done = () =>
      useTraining()
        .stages?.filter(({ isDone }) => isDone)
        .map(({ text }) => text)
    expect(done()).toEqual(['Text read'])
    fake.tell('run', { ...first, state: 'running', message: 'Starting the engine.', device: null })
    expect(done()).toEqual(['Text read', 'Tokenized'])
    fake.tell('run', { ...first, state: 'running', message: null, device: 'A processor' })
    expect(done()).toEqual(['Text read', 'Tokenized', 'Model made'])
    fake.tell('run', { ...first, state: 'running', device: 'A processor', step: 1 })
    expect(done()).toBeUndefined()
  })

  it('waits for the bundled text to be read', async () => {
    fake.tell('corpus', { ...fake.corpora.get('a')!, state: 'running', progress: { doneBytes: 1, totalBytes: 2 } })
    const going = useBeginStore().watchLawEmerge()
    await settled()
    expect(useStudiesStore().studies).toHaveLength(0)
    fake.tell('corpus', { ...fake.corpora.get('a')!, state: 'finished' })
    await going
    expect(useRunsStore().runs).toHaveLength(5)
  })
})

describe('a curve', () => {
  it('grows with the news', async () => {
    const [first] = await begin()
    const runs = useRunsStore()
    runs.watchCurves([first.id])
    await settled()
    fake.train(first.id, 10)
    fake.train(first.id, 25)
    expect(runs.curves.get(first.id)!.length).toBe(25)
  })

  it('asks for what it missed when a message was lost', async () => {
    const [first] = await begin()
    const runs = useRunsStore()
    runs.watchCurves([first.id])
    await settled()
    fake.train(first.id, 10)
    fake.train(first.id, 20, false)
    fake.train(first.id, 30)
    await settled()
    const curve = runs.curves.get(first.id)!
    expect(Array.from(curve.columns.step).slice(0, curve.length)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  })

  it('opened late, has everything from the first step', async () => {
    const [first] = await begin()
    fake.train(first.id, 200)
    const runs = useRunsStore()
    runs.watchCurves([first.id])
    await settled()
    expect(lastStep(runs.curves.get(first.id)!)).toBe(200)
    expect(runs.curves.get(first.id)!.validations.map((one) => one.step)).toEqual([100, 200])
  })
})

describe('the law', () => {
  it('moves as members finish, and foretells those that have not', async () => {
    const all = await begin()
    const law = useLawStore()
    expect(law.law).toBeNull()
    fake.train(all[0].id, all[0].steps)
    await expect.poll(() => law.law?.problem).toMatch(/1 point/)
    fake.train(all[1].id, all[1].steps)
    await expect.poll(() => law.law!.fit?.points).toBe(2)
    const early = law.law!.fit!.parameters.exponent
    expect(law.forecastOf(law.standings[4])!.y).toBeGreaterThan(0)
    fake.train(all[2].id, all[2].steps)
    expect(law.law!.fit!.points).toBe(2) // the last law stays until the next is there
    await expect.poll(() => law.law!.fit!.points).toBe(3)
    expect(law.law!.fit!.parameters.exponent).not.toBe(early)
    expect(law.standings.map((one) => one.loss)).toEqual([
      ...all.slice(0, 3).map((run) => fakeLoss(run.parameters, 1)),
      null,
      null,
    ])
  })

  it('leaves out a point when asked, in this study alone', async () => {
    const all = await begin()
    const law = useLawStore()
    for (const run of all.slice(0, 3)) fake.train(run.id, run.steps)
    law.exclude(all[0].memberId, true)
    expect(law.inFit).toHaveLength(2)
    await useStudiesStore().create('other')
    expect(law.standings.every((one) => !one.isExcluded)).toBe(true)
  })

  it('takes no point of a member that was trained as another shape', async () => {
    const [first] = await begin()
    fake.train(first.id, first.steps)
    const studies = useStudiesStore()
    studies.change({ tokenizer: { kind: 'bytes' } })
    expect(useLawStore().standings.every((one) => one.loss === null)).toBe(true)
  })
})

describe('training', () => {
  it('starts what waits and not what is trained already', async () => {
    const all = await begin()
    const training = useTraining()
    expect(training.waiting).toHaveLength(0)
    const { ladder } = useStudiesStore().current!
    useStudiesStore().change({
      ladder: {
        ...ladder,
        members: ladder.members.map((member) =>
          member.id === all[2].memberId ? { ...member, tokensPerParameter: 5 } : member,
        ),
      },
    })
    expect(training.waiting.map((one) => one.memberId)).toEqual([all[2].memberId])
    await training.trainLadder()
    expect(fake.asked.filter((one) => one.name === 'startRuns').at(-1)!.args[1]).toEqual([all[2].memberId])
    expect(fake.asked.findIndex((one) => one.name === 'updateStudy')).toBeLessThan(
      fake.asked.map((one) => one.name).lastIndexOf('startRuns'),
    )
  })

  it('holds the study fast while runs are under way', async () => {
    const all = await begin()
    const training = useTraining()
    expect(training.isHeld).toBe(true)
    await useRunsStore().stopAll(useStudiesStore().currentId!)
    expect(training.isHeld).toBe(false)
    expect(useRunsStore().runs.map((run) => run.state)).toEqual(all.map(() => 'cancelled'))
  })

  it('pauses the last first, so that no other begins meanwhile', async () => {
    const all = await begin()
    await useRunsStore().pauseAll(useStudiesStore().currentId!)
    expect(fake.asked.filter((one) => one.name === 'pauseRun').map((one) => one.args[0])).toEqual(
      [...all].reverse().map((run) => run.id),
    )
  })

  it('tells why a run cannot be started, once', async () => {
    await loadStores()
    const studies = useStudiesStore()
    await studies.create('mine')
    const sentence = 'The engine gpu is not available here.'
    for (let i = 0; i < 2; i++) {
      fake.refuse('startRuns', new Fault('unavailable', sentence))
      await useTraining().trainLadder()
    }
    expect(useNoticesStore().notices.map((notice) => notice.text)).toEqual([sentence])
    expect(useShellStore().view).not.toBe('training')
  })

  it('gives every member its own colour, by size, and keeps that of a removed one', async () => {
    const all = await begin()
    const plan = usePlanStore()
    const before = all.map((run) => plan.styleOf(run.memberId).colour)
    expect(new Set(before).size).toBe(5)
    const { ladder } = useStudiesStore().current!
    useStudiesStore().change({ ladder: { ...ladder, members: ladder.members.slice(1) } })
    expect(all.map((run) => plan.styleOf(run.memberId).colour)).toEqual(before)
  })
})

it('a hundred curves are read a few at a time, every one of them', async () => {
  const [run] = await begin()
  fake.train(run.id, 3, false)
  const runs = useRunsStore()
  const ids = Array.from({ length: 100 }, (_, i) => `many-${i}`)
  for (const id of ids) {
    fake.records.set(id, { ...fake.records.get(run.id)!, runId: id })
    fake.tell('run', { ...fake.runs.get(run.id)!, id, step: 3 })
  }
  const asked = () =>
    fake.asked.filter(({ name, args }) => name === 'readCurve' && ids.includes(String(args[0]))).length
  runs.watchCurves(ids)
  expect(asked()).toBe(8)
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve))
  expect(ids.map((id) => lastStep(runs.curves.get(id)!))).toEqual(ids.map(() => 3))
})
