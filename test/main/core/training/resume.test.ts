// A training that is stopped and goes on is the one that never stopped.
import { describe, expect, it } from 'vitest'
import type { TrainRecord } from '#main/core/training/records.ts'
import { recipe, tinyPlan, type Bench, bench, run, stepsOf, kinds } from './tiny-loop.ts'

describe('the training loop', () => {
  it('keeps the last two checkpoints and the best', async () => {
    const plan = tinyPlan({ steps: 24 })
    const deps = bench(plan)
    let validations = 0
    deps.engine.loss = async () => (++validations <= 2 ? 1 : 2) // the first validation, at step 4, stays the best
    const { records } = await run(plan, deps)
    expect([...deps.disk.keys()].sort((a, b) => a - b)).toEqual([4, 20, 24])
    expect(records.filter(({ kind }) => kind === 'checkpoint').pop()).toEqual({
      kind: 'checkpoint',
      step: 24,
      checkpoints: [4, 20, 24],
    })
  })

  it('stops between steps when asked, and saves where it stands', async () => {
    const plan = tinyPlan()
    const deps = bench(plan)
    const { records, outcome } = await run(plan, deps, (record) => record.kind === 'step' && record.record.step === 6)
    expect(outcome).toEqual({ isFinished: false, step: 6 })
    expect(kinds(records).slice(-3)).toEqual(['step 6', 'checkpointing 6', 'checkpoint 6'])
  })

  it('leaves no trace of a step that was stopped in its middle', async () => {
    const plan = tinyPlan()
    const deps = bench(plan)
    const accumulate = deps.engine.accumulate
    deps.engine.accumulate = async (batch, weight) => {
      if (deps.engine.accumulated.length === 14) deps.stopping.abort() // first half of step 8
      return accumulate(batch, weight)
    }
    const { outcome } = await run(plan, deps)
    expect(outcome).toEqual({ isFinished: false, step: 7 })
    expect(deps.disk.get(7)?.state.updates).toBe(7)
  })

  it('resuming gives the run that never stopped', async () => {
    const plan = tinyPlan()
    const whole = stepsOf((await run(plan, bench(plan))).records)
    const disk: Bench['disk'] = new Map()
    const first = await run(
      plan,
      bench(plan, undefined, disk),
      (record) => record.kind === 'step' && record.record.step === 7,
    )
    const second = await run(plan, bench(plan, undefined, disk, 7))
    const both = [...stepsOf(first.records), ...stepsOf(second.records)]
    const bare = (steps: typeof whole) => steps.map(({ elapsedMs: _, ...rest }) => rest)
    expect(bare(both)).toEqual(bare(whole))
    const elapsed = both.map(({ elapsedMs }) => elapsedMs)
    expect(elapsed).toEqual([...elapsed].sort((a, b) => a - b)) // time goes on where it was
    expect(second.outcome).toEqual({ isFinished: true, step: 12 })
  })

  it('does not save again when there was nothing to do', async () => {
    const plan = tinyPlan()
    const disk: Bench['disk'] = new Map()
    await run(plan, bench(plan, undefined, disk))
    const { records, outcome } = await run(plan, bench(plan, undefined, disk, 12))
    expect(kinds(records)).toEqual(['validation 12', 'scoring 12', 'validation 12'])
    expect(outcome).toEqual({ isFinished: true, step: 12 })
  })

  it('is validated at every rest of a wsd-s run, whatever the interval, and goes on at the peak from the weights it has', async () => {
    const plan = {
      ...tinyPlan({ steps: 40 }, { validationEverySteps: 1000 }),
      recipe: { ...recipe, decay: 'wsd-s' as const },
    }
    const { records } = await run(plan, bench(plan))
    const validations = records.flatMap((one) => (one.kind === 'validation' ? [one.record] : []))
    expect(validations.filter(({ whole }) => !whole).map(({ step }) => step)).toEqual([10, 20, 40])
    expect(validations.filter(({ whole }) => whole).map(({ step }) => step)).toEqual([10, 20, 40]) // points of the law
    const rates = records.flatMap((one) => (one.kind === 'step' ? [one.record.learningRate] : []))
    for (const rest of [10, 20, 40]) expect(rates[rest - 1]).toBeCloseTo(0.1 * plan.member.peakLearningRate, 12)
    for (const next of [11, 21]) expect(rates[next - 1]).toBe(plan.member.peakLearningRate)
  })

  it('scores the rest of a wsd-s run that was stopped while it was scored, and then goes on from there', async () => {
    const plan = { ...tinyPlan({ steps: 40 }), recipe: { ...recipe, decay: 'wsd-s' as const } }
    const disk: Bench['disk'] = new Map()
    const first = await run(plan, bench(plan, undefined, disk), ({ kind }) => kind === 'scoring')
    expect(first.outcome).toEqual({ isFinished: false, step: 10 })
    const second = await run(plan, bench(plan, undefined, disk, 10))
    expect(kinds(second.records).slice(0, 4)).toEqual(['validation 10', 'scoring 10', 'validation 10', 'step 11'])
    expect(second.outcome).toEqual({ isFinished: true, step: 40 })
    expect(disk.get(40)!.cursor.isUnscored).toBeUndefined()
  })
})

it('measures the noise of the gradient now and then, and goes on measuring where it was cut off', async () => {
  const plan = tinyPlan({ steps: 60, batchSequences: 50 }, { checkpointEverySteps: 20 })
  const noisy = (disk?: Bench['disk'], from: number | null = null): Bench => {
    const deps = bench(plan, undefined, disk, from)
    deps.engine.gradientNorm = async (batch) => {
      expect([batch.rows, batch.inputs[0] % 50]).toEqual([1, 0])
      return 2
    }
    return deps
  }
  const noises = (records: TrainRecord[]) =>
    records.flatMap((record) => (record.kind === 'step' && record.noise ? [[record.record.step, record.noise]] : []))
  const whole = await run(plan, noisy())
  expect(stepsOf(whole.records)).toEqual(stepsOf((await run(plan, bench(plan))).records))
  expect(noises(whole.records).map(([step]) => step)).toEqual([37, 41, 45, 49, 53, 57])
  expect(noises(whole.records)[0]).toEqual([
    37,
    { tokens: expect.closeTo((4 * (3 / (49 / 50))) / (46 / 49), 6), measurements: 10 },
  ])
  const cut = noisy()
  await run(plan, cut, (record) => record.kind === 'checkpoint' && record.step === 40)
  const rest = await run(plan, noisy(cut.disk, Math.max(...cut.disk.keys())))
  expect(noises(rest.records).at(-1)).toEqual(noises(whole.records).at(-1))
})
