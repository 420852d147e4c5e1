import { describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { learningRateAt, scheduleOf } from '#shared/family/schedule.ts'
import type { ValidationRecord } from '#shared/run.ts'
import { train } from '#main/core/training/train.ts'
import { tinyPlan, type Bench, bench, run, stepsOf, kinds } from './tiny-loop.ts'

describe('the training loop', () => {
  it('goes on where a sample cannot be had, and says so in its place', async () => {
    const plan = tinyPlan()
    const failing = { ...bench(plan), sample: () => Promise.reject(new Fault('bad-input', 'prompt: no.')) }
    const { records, outcome } = await run(plan, failing)
    expect(outcome).toEqual({ isFinished: true, step: plan.member.steps })
    const texts = records.flatMap((record) => (record.kind === 'sample' ? [record.record.text] : []))
    expect(texts).toHaveLength(3)
    expect(new Set(texts)).toEqual(new Set(['(No sample: prompt: no.)']))
  })

  it('does each thing at its time, and validates, samples and saves at the end', async () => {
    const plan = tinyPlan()
    const { records, outcome } = await run(plan, bench(plan))
    expect(outcome).toEqual({ isFinished: true, step: 12 })
    expect(kinds(records)).toEqual([
      'step 1',
      'step 2',
      'step 3',
      'step 4',
      'validation 4',
      'checkpointing 4',
      'checkpoint 4',
      'step 5',
      'sample 5',
      'step 6',
      'step 7',
      'step 8',
      'validation 8',
      'checkpointing 8',
      'checkpoint 8',
      'step 9',
      'step 10',
      'sample 10',
      'step 11',
      'step 12',
      'validation 12',
      'sample 12',
      'checkpointing 12',
      'checkpoint 12',
      'scoring 12',
      'validation 12',
    ])
  })

  it('reads every sequence once, in micro-batches whose weights add up to one', async () => {
    const plan = tinyPlan()
    const deps = bench(plan)
    await run(plan, deps)
    expect(deps.engine.accumulated.slice(0, 4)).toEqual([
      { first: 0, rows: 4, weight: 4 / 6 },
      { first: 4, rows: 2, weight: 2 / 6 },
      { first: 6, rows: 4, weight: 4 / 6 },
      { first: 10, rows: 2, weight: 2 / 6 },
    ])
    expect(deps.engine.accumulated.length).toBe(24)
  })

  it('follows the schedule that the window draws', async () => {
    const plan = tinyPlan()
    const deps = bench(plan)
    const { records } = await run(plan, deps)
    const schedule = scheduleOf(plan.member, plan.recipe)
    expect(deps.engine.rates).toEqual(Array.from({ length: 12 }, (_, step) => learningRateAt(schedule, step)))
    expect(stepsOf(records).map(({ learningRate }) => learningRate)).toEqual(deps.engine.rates)
  })

  it('counts tokens, also where the batch grows on the way', async () => {
    const plan = tinyPlan({
      phases: [
        { steps: 5, batchSequences: 6 },
        { steps: 7, batchSequences: 8 },
      ],
    })
    const deps = bench(plan)
    const { records } = await run(plan, deps)
    expect(stepsOf(records).map(({ tokens }) => tokens / 4)).toEqual([6, 12, 18, 24, 30, 38, 46, 54, 62, 70, 78, 86])
    expect(deps.engine.accumulated.filter(({ first }) => first >= 30).slice(0, 2)).toEqual([
      { first: 30, rows: 4, weight: 0.5 },
      { first: 34, rows: 4, weight: 0.5 },
    ])
  })

  it('means the validation loss over tokens, not over batches', async () => {
    const plan = tinyPlan()
    const { records } = await run(plan, bench(plan))
    const first = records.find((record) => record.kind === 'validation')
    expect(first).toMatchObject({ record: { step: 4, loss: ((10 / 8) * 4 + (10 / 6) * 2) / 6 } })
  })

  it('scores the whole split at the end, by the weights that are saved, with its tokens and their standard error', async () => {
    const plan = tinyPlan()
    const deps = bench(plan)
    let scored = 0
    const losses = [2, 2.2, 2.4, 2.6]
    deps.engine.loss = async () => (deps.disk.has(12) ? losses[(scored++ + 2) % 4] : 3)
    const { records } = await run(plan, deps)
    const last = records[records.length - 1]
    expect(last).toMatchObject({ kind: 'validation', record: { step: 12, loss: 3, whole: { tokens: 64 } } })
    const { whole } = (last as { record: ValidationRecord }).record
    expect(whole!.loss).toBeCloseTo(2.3, 12)
    // standard deviation of one block, n - 1 in the denominator, over the square root of four blocks
    expect(whole!.standardError).toBeCloseTo(Math.sqrt((0.09 + 0.01 + 0.01 + 0.09) / 3 / 4), 12)
    expect(records.filter((one) => one.kind === 'validation' && one.record.whole)).toHaveLength(1)
  })

  it('is not finished while the whole split is not scored, and scores it when it goes on', async () => {
    const plan = tinyPlan()
    const disk: Bench['disk'] = new Map()
    const first = await run(plan, bench(plan, undefined, disk), (record) => record.kind === 'scoring')
    expect(first.outcome).toEqual({ isFinished: false, step: 12 })
    const second = await run(plan, bench(plan, undefined, disk, 12))
    expect(kinds(second.records)).toEqual(['validation 12', 'scoring 12', 'validation 12'])
    expect(second.outcome).toEqual({ isFinished: true, step: 12 })
  })

  it('asks before it saves, so that no checkpoint is ahead of its records', async () => {
    const plan = tinyPlan()
    const deps = bench(plan)
    const loop = train(plan, deps)
    for (;;) {
      const next = await loop.next()
      if (next.done) break
      if (next.value.kind === 'checkpointing') {
        expect(next.value.awaitsHost).toBe(true)
        expect(deps.disk.has(next.value.step)).toBe(false)
      }
      if (next.value.kind === 'checkpoint') expect(deps.disk.has(next.value.step)).toBe(true)
    }
  })

  it.each([
    ['NaN', NaN],
    ['Infinity', Infinity],
  ])('stops with a sentence that helps when the loss becomes %s', async (name, loss) => {
    const plan = tinyPlan()
    const deps = bench(plan, (n) => (n === 6 ? loss : 1))
    const failure = await run(plan, deps).catch((error) => error)
    expect(failure).toMatchObject({ code: 'diverged' })
    expect(failure.message).toContain(`became ${name} at step 6 of 12`)
    expect(failure.message).toMatch(/lower peak learning rate/)
    expect([...deps.disk.keys()]).toEqual([4]) // what was good stays
  })

  it('stops when the gradient is no number', async () => {
    const plan = tinyPlan()
    const deps = bench(plan)
    deps.engine.update = async () => NaN
    await expect(run(plan, deps)).rejects.toMatchObject({
      code: 'diverged',
      message: expect.stringContaining('gradient became NaN at step 1'),
    })
    expect(deps.disk.size).toBe(0)
  })
})
