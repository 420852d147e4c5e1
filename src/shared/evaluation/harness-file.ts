// Evaluations as a result file of lm-evaluation-harness: the same keys, so that its readers read it; what does not
// exist here is left out.
import type { Evaluation } from './evaluation.ts'
import { harnessResults, type HarnessResults } from './result.ts'

export interface HarnessFile extends HarnessResults {
  group_subtasks: Record<string, string[]>
  configs: Record<string, { task: string; num_fewshot: number; dataset_kwargs?: object }>
  versions: Record<string, string>
  config: { model: string; model_args: string; device: string | null; limit: number | null; bootstrap_iters: number }
  /** Seconds since 1970. */
  date: number
  model_source: string
  model_name: string
  total_evaluation_time_seconds: string
}

/** The finished ones of one model; of several of one task the newest. */
export function harnessFile(evaluations: readonly Evaluation[], version: string): HarnessFile {
  const newest = new Map<string, Evaluation>()
  for (const one of evaluations)
    if (one.result && (newest.get(one.task)?.createdMs ?? -1) < one.createdMs) newest.set(one.task, one)
  const kept = [...newest.values()]
  const by = <T>(valueOf: (one: Evaluation) => T) => Object.fromEntries(kept.map((one) => [one.task, valueOf(one)]))
  const [first] = kept
  return {
    ...harnessResults(kept.map(({ result }) => result!)),
    group_subtasks: by(() => []),
    configs: by(({ task, options }) => ({
      task,
      num_fewshot: options.shots,
      ...(options.split ? { dataset_kwargs: { split: options.split } } : {}),
    })),
    versions: by(() => `isoflop ${version}`),
    config: {
      model: 'isoflop',
      model_args:
        first?.subject.kind === 'run'
          ? `run=${first.subject.runId},step=${first.subject.step}`
          : first?.subject.kind === 'folder'
            ? `folder=${first.subject.path}`
            : first
              ? `model=${first.subject.modelId}`
              : '',
      device: first?.device ?? null,
      limit: first?.options.limit ?? null,
      bootstrap_iters: 100_000,
    },
    date: Math.max(0, ...kept.map(({ finishedMs }) => finishedMs ?? 0)) / 1000,
    model_source: 'isoflop',
    model_name: first?.name ?? '',
    total_evaluation_time_seconds: String(kept.reduce((sum, { seconds }) => sum + seconds, 0)),
  }
}
