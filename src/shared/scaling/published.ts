// Published laws and models, to be laid over a study's own: facts with their sources, from resources/published.
import laws from '../../../resources/published/laws.json' with { type: 'json' }
import points from '../../../resources/published/points.json' with { type: 'json' }
import type { FlopsConvention } from '../family/recipe.ts'
import type { TokenizerChoice } from '../tokenizer/choice.ts'
import type { CurveParameters } from './curve.ts'
import type { Surface } from './surface.ts'

interface PublishedFacts {
  id: string
  name: string
  /** Data split and unit of the loss. */
  loss: string
  tokenizer: string
  data: string
  source: string
}

export interface PublishedCurve extends PublishedFacts {
  kind: 'curve'
  x: 'flops' | 'parameters' | 'tokens'
  /** How x was counted, for laws over compute. */
  flopsConvention: FlopsConvention | null
  parameters: CurveParameters
  /** x of the smallest and the largest model it was fitted to. */
  range: [number, number] | null
}

export interface PublishedSurface extends PublishedFacts {
  kind: 'surface'
  flopsConvention: FlopsConvention
  surface: Surface
}

export type PublishedLaw = PublishedCurve | PublishedSurface

export interface PublishedFamily extends PublishedFacts {
  points: {
    name: string
    parameters: number | null
    tokens: number
    /** As printed (two digits), by the reconstructed Cerebras convention, and as 6 N D. */
    flops: { published: number; cerebras: number; sixNd: number | null }
    loss: number
  }[]
}

export const publishedLaws: readonly PublishedLaw[] = laws.laws as PublishedLaw[]
export const publishedPoints: readonly PublishedFamily[] = points.families as PublishedFamily[]

/** Families that one would look for here and that have no points, with the reason. */
export const publishedGaps: readonly { name: string; reason: string; source: string }[] = points.gaps

/**
 * A family's compute under a convention, null where it is not known: the printed numbers follow the Cerebras
 * convention.
 */
export const publishedFlops = (point: PublishedFamily['points'][number], convention: FlopsConvention): number | null =>
  convention === 'cerebras' ? point.flops.published : convention === 'sixNd' ? point.flops.sixNd : null

/**
 * What stands between a study's losses and published ones; empty where they may be compared. For labels next to the
 * overlay.
 */
export function differencesFrom(
  published: Pick<PublishedFacts, 'tokenizer' | 'data'> & { flopsConvention?: FlopsConvention | null },
  study: { tokenizer: TokenizerChoice; corpusName: string; flopsConvention: FlopsConvention },
): string[] {
  const differences: string[] = []
  if (study.tokenizer.kind !== published.tokenizer)
    differences.push('another tokenizer: nats per token are not the same unit')
  if (study.corpusName !== published.data) differences.push(`other text: ${published.data}`)
  if (published.flopsConvention && published.flopsConvention !== study.flopsConvention)
    differences.push('FLOPs counted another way')
  return differences
}
