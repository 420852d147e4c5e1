import { describe, expect, it } from 'vitest'
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import { taskScores } from '#renderer/views/models/task-scores.ts'

const done = (
  task: string,
  metrics: [name: 'acc' | 'bits_per_byte', value: number, stderr: number | null][],
  changes: Partial<Evaluation> = {},
): Evaluation => ({
  id: task,
  studyId: 's',
  subject: { kind: 'run', runId: 'r', step: 10 },
  name: 'm',
  memberId: null,
  parameters: 1,
  flops: null,
  task,
  options: { shots: 0, sampler: 'first', limit: null, split: null },
  isAutomatic: false,
  state: 'finished',
  done: 1,
  of: 1,
  secondsLeft: null,
  message: null,
  code: null,
  result: {
    task,
    title: task.toUpperCase(),
    shots: 0,
    items: 10,
    chance: 0.5,
    metrics: metrics.map(([name, value, stderr]) => ({ name, value, stderr })),
  },
  device: null,
  seconds: 1,
  createdMs: 0,
  finishedMs: 1,
  ...changes,
})

describe('the tasks of a checkpoint', () => {
  it('are the mean of the accuracies, and a line for each', () => {
    const found = taskScores(
      [
        done('copy', [['acc', 0.5, 0.05]]),
        done('piqa', [['acc', 0.7, null]]),
        done('text', [['bits_per_byte', 1.25, null]]),
      ],
      () => null,
    ).get('run r 10')!
    expect(found.mean).toBeCloseTo(0.6)
    expect(found).toMatchObject({
      accuracies: 2,
      count: 3,
      lines: ['COPY: 0.500 acc ± 0.050', 'PIQA: 0.700 acc', 'TEXT: 1.250 bits per byte'],
    })
  })

  it('count the last answer of a task, and none that is not finished', () => {
    const scores = taskScores(
      [
        done('copy', [['acc', 0.9, null]], { finishedMs: 5 }),
        done('copy', [['acc', 0.1, null]], { finishedMs: 2 }),
        done('piqa', [['acc', 0.3, null]], { state: 'running', result: null }),
        done('text', [['bits_per_byte', 2, null]], { subject: { kind: 'model', modelId: 'x' } }),
      ],
      () => null,
    )
    expect(scores.get('run r 10')).toMatchObject({ mean: 0.9, count: 1 })
    expect(scores.get('model x')).toMatchObject({ mean: null, count: 1 })
  })
})
