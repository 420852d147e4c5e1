// The centred mean of several tasks.
import { expect, it } from 'vitest'
import { centredMean } from '#shared/evaluation/centred-mean.ts'
import type { TaskResult } from '#shared/evaluation/result.ts'

const result = (task: string, acc: number, chance: number | null, stderr: number | null = 0.03): TaskResult => ({
  task,
  title: task,
  shots: 0,
  items: 100,
  chance,
  metrics: [{ name: 'acc', value: acc, stderr }],
})

it('is how far above guessing, of all there is to reach, and names its tasks', () => {
  const found = centredMean([
    result('hellaswag', 0.4, 0.25),
    result('piqa', 0.6, 0.5),
    result('lambada_openai', 0.1, null),
  ])!
  expect(found.tasks).toEqual(['hellaswag', 'piqa', 'lambada_openai'])
  expect(found.value).toBeCloseTo((0.2 + 0.2 + 0.1) / 3)
  expect(found.stderr).toBeCloseTo(Math.hypot(0.04, 0.06, 0.03) / 3)
})

it('is below 0 for worse than guessing, and has no error where a task has none', () => {
  expect(centredMean([result('a', 0.2, 0.25, null), result('b', 0.4, 0.5)])).toEqual({
    value: expect.closeTo((-0.05 / 0.75 - 0.2) / 2),
    stderr: null,
    tasks: ['a', 'b'],
  })
})

it('leaves out texts and the tasks that are made here, and needs two', () => {
  const text: TaskResult = { ...result('text', 0, null), metrics: [{ name: 'bits_per_byte', value: 1, stderr: null }] }
  expect(centredMean([result('piqa', 0.6, 0.5), result('cloze', 0.5, 0.25), text])).toBeNull()
})
