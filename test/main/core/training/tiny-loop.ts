// A training loop of a dozen steps on a scripted engine, with a disk in memory.
import { defaultRecipe } from '#shared/family/recipe.ts'
import { modelOf } from '#shared/family/parametrisation.ts'
import { planMember } from '#shared/family/plan.ts'
import type { RunPlan } from '#shared/run.ts'
import type { Batch, ModelState } from '#main/core/engine/engine.ts'
import type { TrainCursor } from '#main/core/training/cursor.ts'
import type { TrainOutcome, TrainRecord } from '#main/core/training/records.ts'
import { train, type TrainDeps } from '#main/core/training/train.ts'
import { scriptedEngine, type ScriptedEngine } from './scripted-engine.ts'

export const recipe = { ...defaultRecipe, context: 4 }

export function tinyPlan(changes: Partial<RunPlan['member']> = {}, every: Partial<RunPlan> = {}): RunPlan {
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

export interface Bench extends TrainDeps {
  engine: ScriptedEngine
  disk: Map<number, { state: ModelState; cursor: TrainCursor }>
  stopping: AbortController
}

export function bench(
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

export async function run(
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
export const stepsOf = (records: TrainRecord[]) =>
  records.flatMap((record) => (record.kind === 'step' ? [record.record] : []))
export const kinds = (records: TrainRecord[]) =>
  records.map((record) =>
    record.kind === 'step' || record.kind === 'validation' || record.kind === 'sample'
      ? `${record.kind} ${record.record.step}`
      : `${record.kind} ${record.step}`,
  )
