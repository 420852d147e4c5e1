// Which models are points of a forecast from loss to score, and what a mean over tasks is of.
import { describe, expect, it } from 'vitest'
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import { scoreBounds, taskPoints } from '#shared/evaluation/task-points.ts'
import type { RunSummary } from '#shared/run.ts'

const run = (id: string, memberId: string, seed: number, changes: Partial<RunSummary> = {}): RunSummary =>
  ({
    id,
    memberId,
    name: memberId,
    seed,
    setting: memberId,
    state: 'finished',
    flops: 1e12,
    steps: 10,
    ...changes,
  }) as RunSummary

let made = 0
const scored = (runId: string, task: string, acc: number, chance: number | null = 0.5): Evaluation =>
  ({
    task,
    createdMs: ++made,
    subject: { kind: 'run', runId, step: 10 },
    result: { task, title: task, shots: 0, items: 100, chance, metrics: [{ name: 'acc', value: acc, stderr: 0.04 }] },
  }) as Evaluation

const runs = [run('a', 'small', 0, { validationLoss: 3 }), run('b', 'large', 0, { validationLoss: 2, flops: 1e13 })]
const both = (runId: string, acc: number) => [scored(runId, 'piqa', acc), scored(runId, 'sciq', acc + 0.1, 0.25)]

describe('the points of a forecast', () => {
  it('of several tasks are the mean, of the models that have them all, with its standard error', () => {
    const evaluations = [...both('a', 0.6), scored('b', 'piqa', 0.9)]
    const wanted = { tasks: ['piqa', 'sciq'], metric: 'acc' as const }
    const [point, ...others] = taskPoints(evaluations, runs, wanted)
    expect(others).toEqual([])
    expect([point.name, point.flops, point.loss]).toEqual(['small', 1e12, 3])
    expect(point.value).toBeCloseTo(0.65)
    expect(point.stderr).toBeCloseTo(0.04 / Math.SQRT2)
    expect(scoreBounds(wanted, [0.5, null])).toEqual({ kind: 'accuracy', chance: 0.25, least: 0 })
  })

  it('of CORE are how far above guessing, which may be below 0', () => {
    const wanted = { tasks: ['piqa', 'sciq'], metric: 'acc' as const, isCentred: true }
    const points = taskPoints([...both('a', 0.4), ...both('b', 0.7)], runs, wanted)
    expect(points.map(({ value }) => value)).toEqual([
      expect.closeTo((-0.1 / 0.5 + 0.25 / 0.75) / 2),
      expect.closeTo((0.2 / 0.5 + 0.55 / 0.75) / 2),
    ])
    expect(scoreBounds(wanted, [0.5, 0.25])).toEqual({ kind: 'accuracy', chance: 0, least: -1 })
  })

  it('count repeats of one seed once, and other seeds each', () => {
    const repeats = [
      run('old', 'small', 0, { validationLoss: 3.5 }),
      run('new', 'small', 0, { validationLoss: 3 }),
      run('other', 'small', 1, { validationLoss: 3.1 }),
    ]
    const evaluations = repeats.map(({ id }, i) => scored(id, 'piqa', 0.6 + 0.1 * i))
    const points = taskPoints(evaluations, repeats, { tasks: ['piqa'], metric: 'acc' })
    expect(points.map(({ loss }) => loss).sort()).toEqual([3, 3.1])
  })
})
