import { describe, expect, it } from 'vitest'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { Fault } from '#shared/fault.ts'
import { modelOf } from '#shared/family/parametrisation.ts'
import { planMember } from '#shared/family/plan.ts'
import { learningRateAt, scheduleOf } from '#shared/family/schedule.ts'
import type { RunPlan, ValidationRecord } from '#shared/run.ts'
import type { Batch, ModelState } from '#main/core/engine/engine.ts'
import type { TrainCursor } from '#main/core/training/cursor.ts'
import type { TrainOutcome, TrainRecord } from '#main/core/training/records.ts'
import { train, type TrainDeps } from '#main/core/training/train.ts'
import { scriptedEngine, type ScriptedEngine } from './scripted-engine.ts'

const recipe = { ...defaultRecipe, context: 4 }

function tinyPlan(changes: Partial<RunPlan['member']> = {}, every: Partial<RunPlan> = {}): RunPlan {
  const planned = planMember(
    { id: 'm', name: 'Tiny', layers: 1, width: 2, heads: 1, isEnabled: true },
    { recipe, vocabulary: 8 },
    null,
    null,
  )
  const member = { ...planned, steps: 12, batchSequences: 6, microBatchSequences: 4, warmupSteps: 2, ...changes }
  return {
    runId: 'r',
    studyId: 's',
    memberId: 'm',
    name: 'Tiny',
    corpusId: 'c',
    tokenizer: { kind: 'bytes' },
    recipe,
    member,
    model: modelOf(member, recipe),
    engine: 'reference',
    threads: 1,
    seed: 0,
    validationEverySteps: 4,
    validationSequences: 6,
    sampleEverySteps: 5,
    checkpointEverySteps: 4,
    ...every,
  }
}

/** A batch that says which sequence it begins with. */
const sequences = (first: number, rows: number): Batch => ({
  inputs: new Int32Array(rows * 4).fill(first),
  targets: new Int32Array(rows * 4),
  rows,
  columns: 4,
})

interface Bench extends TrainDeps {
  engine: ScriptedEngine
  disk: Map<number, { state: ModelState; cursor: TrainCursor }>
  stopping: AbortController
}

function bench(
  plan: RunPlan,
  lossAt: (update: number) => number = (n) => 5 / n,
  disk: Bench['disk'] = new Map(),
  from: number | null = null,
): Bench {
  const engine = scriptedEngine(plan, lossAt)
  const stopping = new AbortController()
  let clock = 0
  const saved = from === null ? null : disk.get(from)!
  if (saved) engine.restore(saved.state)
  return {
    engine,
    disk,
    stopping,
    sequences,
    signal: stopping.signal,
    cursor: saved?.cursor ?? null,
    nowMs: () => (clock += 10),
    validation: {
      part: () => [sequences(0, 4), sequences(4, 2)],
      whole: () => [0, 4, 8, 12].map((first) => sequences(first, 4)),
    },
    sample: async () => 'text',
    save: async (state, cursor) => void disk.set(cursor.step, structuredClone({ state, cursor })),
    keep: async (steps) => {
      for (const step of [...disk.keys()]) if (!steps.includes(step)) disk.delete(step)
      return [...disk.keys()].sort((a, b) => a - b)
    },
  }
}

async function run(
  plan: RunPlan,
  deps: Bench,
  until: (record: TrainRecord) => boolean = () => false,
): Promise<{ records: TrainRecord[]; outcome: TrainOutcome }> {
  const loop = train(plan, deps)
  const records: TrainRecord[] = []
  for (;;) {
    const next = await loop.next()
    if (next.done) return { records, outcome: next.value }
    records.push(next.value)
    if (until(next.value)) deps.stopping.abort()
  }
}
const stepsOf = (records: TrainRecord[]) => records.flatMap((record) => (record.kind === 'step' ? [record.record] : []))
const kinds = (records: TrainRecord[]) =>
  records.map((record) =>
    record.kind === 'step' || record.kind === 'validation' || record.kind === 'sample'
      ? `${record.kind} ${record.record.step}`
      : `${record.kind} ${record.step}`,
  )

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
