// What stands between a study's accuracies and published ones, in words for the label beside the chart.
import type { FlopsConvention } from '#shared/family/recipe.ts'
import { flopsConventionNames } from '#shared/family/counting.ts'
import type { MetricName } from '#shared/evaluation/task.ts'

export interface OwnNumbers {
  metric: MetricName
  shots: number
  convention: FlopsConvention
  corpusName: string | null
  /** Smallest number of items behind a point, and whether any point left items out. */
  items: number | null
  isLimited: boolean
  /** Names of the files that the rows came from, where they are a person's own. */
  files: readonly string[]
  sampler: readonly string[]
}

/** Whether published numbers exist under these conditions; the sentence says why not. */
export function whyNoPublished(
  task: { isPublished: boolean; title: string },
  { metric, shots }: Pick<OwnNumbers, 'metric' | 'shots'>,
): string | null {
  if (!task.isPublished) return `No published numbers for ${task.title}: it was not among the study’s seven tasks.`
  if (metric !== 'acc') return 'Published numbers are acc; none is laid over another metric.'
  if (shots !== 0 && shots !== 5) return `Published numbers are with 0 or 5 examples; none is laid over ${shots}.`
  return null
}

/**
 * Empty would mean the same conditions, which no study here has: the published models read the Pile and other large
 * texts.
 */
export function differencesFromPublished({
  convention,
  corpusName,
  items,
  isLimited,
  files,
  shots,
  sampler,
}: OwnNumbers): string[] {
  return [
    ...(items === null
      ? []
      : isLimited
        ? [`at least one of your points is the first ${items} items only, published ones all of them`]
        : files.length
          ? [`your rows are those of ${files.join(', ')} (${items} items), published ones the whole official split`]
          : []),
    ...(shots > 0 && sampler.includes('first')
      ? ['your examples are the first of a file, published ones were drawn by the harness']
      : []),
    `your FLOPs are counted as ${flopsConventionNames[convention]}, published ones as each paper printed them`,
    `your models read ${corpusName ?? 'another text'} with a tokenizer of their own, published ones the Pile or larger mixtures`,
  ]
}
