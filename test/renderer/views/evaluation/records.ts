// Tasks and evaluations as the window gets them.
import type { Evaluation, EvaluationTask } from '#shared/evaluation/evaluation.ts'

export const task = (name: string, changes: Partial<EvaluationTask> = {}): EvaluationTask => ({
  name,
  title: name.toUpperCase(),
  about: '',
  source: '',
  licence: '',
  kind: 'choices',
  metrics: ['acc', 'acc_norm'],
  chance: 0.25,
  hub: null,
  isMade: false,
  canReadSplit: false,
  files: [],
  fetching: null,
  message: null,
  ...changes,
})
let made = 0
export const evaluation = (
  name: string,
  runId: string,
  changes: Partial<Evaluation> & { acc?: number } = {},
): Evaluation => {
  const { acc = 0.5, ...rest } = changes
  return {
    id: `e${++made}`,
    studyId: 's',
    subject: { kind: 'run', runId, step: 100 },
    name: runId,
    memberId: runId,
    parameters: 1000,
    flops: 1e12,
    task: name,
    options: { shots: 0, sampler: 'first', limit: null, split: null },
    isAutomatic: false,
    state: 'finished',
    done: 100,
    of: 100,
    secondsLeft: null,
    message: null,
    code: null,
    device: null,
    seconds: 1,
    createdMs: made,
    finishedMs: made,
    result: {
      task: name,
      title: name,
      shots: 0,
      items: 100,
      chance: 0.25,
      metrics: [
        { name: 'acc', value: acc, stderr: 0.05 },
        { name: 'acc_norm', value: acc + 0.1, stderr: 0.05 },
      ],
    },
    ...rest,
  }
}
