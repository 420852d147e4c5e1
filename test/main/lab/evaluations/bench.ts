// A lab with one trained run, whose evaluations are answered by a script.
import { afterEach, beforeEach } from 'vitest'
import { defaultEvaluationOptions, type Evaluation, type EvaluationOptions } from '#shared/evaluation/evaluation.ts'
import type { EvaluationRecord, EvaluationResult, ItemRecord } from '#shared/evaluation/result.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { Fault } from '#shared/fault.ts'
import type { EvaluateJob } from '#main/core/evaluation/evaluate-job.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { Job } from '#main/worker.ts'
import { runIn, tinyLab, tinyStudy, until, type Bench } from '../../../support/tiny-lab.ts'

/** Scores as a test asks: `items` of them, right where the index is even, each when `go` lets it. */
interface Scripted {
  items: number
  /** Awaited before each item. */
  go: (index: number) => Promise<void>
  jobs: EvaluateJob[]
}

export let bench: Bench
export let lab: LabHost
export let study: Study
export let run: RunSummary
export let script: Scripted

export async function* scripted(
  job: Extract<Job, { kind: 'evaluate' }>,
  signal: AbortSignal,
): AsyncGenerator<EvaluationRecord, EvaluationResult> {
  script.jobs.push(job)
  const [{ task }] = job.tasks
  const done = new Set((job.done ?? []).map(({ index }) => index))
  yield { kind: 'progress', task, done: done.size, of: script.items }
  for (let index = 0; index < script.items; index++) {
    if (done.has(index)) continue
    await Promise.race([script.go(index), new Promise((resolve) => signal.addEventListener('abort', resolve))])
    if (signal.aborted) throw new Fault('cancelled', 'Cancelled.')
    done.add(index)
    const isEven = Number(index % 2 === 0)
    yield {
      kind: 'item',
      task,
      index,
      contexts: [`c${index}`],
      continuations: ['a', 'b'],
      gold: 0,
      logLikelihoods: [-1, -2],
      areGreedy: [false, false],
      metrics: { acc: isEven, acc_norm: isEven },
    } satisfies ItemRecord
    yield { kind: 'progress', task, done: done.size, of: script.items }
  }
  return {
    tasks: [
      {
        task,
        title: task,
        shots: job.tasks[0].shots,
        items: script.items,
        chance: 0.25,
        metrics: [{ name: 'acc', value: 0.5, stderr: 0.2 }],
      },
    ],
    scored: script.items,
    seconds: 1,
    secondsByTask: { [task]: 1 },
    device: 'a script',
  }
}

export async function open(): Promise<void> {
  lab = await bench.open()
}
export const never = () => new Promise<void>(() => undefined)
export const only = (changes: Partial<EvaluationOptions> = {}): EvaluationOptions => ({
  ...defaultEvaluationOptions,
  ...changes,
})
export const subject = () => ({ kind: 'run' as const, runId: run.id, step: null })
export const evaluationIn = (id: string, ...states: Evaluation['state'][]) =>
  until(
    async () => (await lab.listEvaluations(study.id)).find((one) => one.id === id && states.includes(one.state)),
    `an evaluation that is ${states.join(' or ')}`,
  )
export const start = async (...tasks: string[]) => lab.startEvaluations(study.id, [subject()], tasks, only())

/** Opens a lab with a finished run before each test of a file, and clears it away after. */
export function openScriptedLab(): void {
  beforeEach(async () => {
    script = { items: 6, go: async () => undefined, jobs: [] }
    bench = tinyLab()
    bench.answer = (job, signal) => (job.kind === 'evaluate' ? scripted(job, signal) : null)
    lab = await bench.open()
    study = await tinyStudy(lab)
    ;[run] = await lab.startRuns(study.id, ['w8'])
    run = await runIn(lab, run.id, 'finished')
  })
  afterEach(() => bench.clean())
}
