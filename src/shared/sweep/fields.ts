// What can be swept: every field of the recipe that changes a training, and a member's width and depth.
import type { Recipe } from '../family/recipe.ts'
import type { RunPlan } from '../run.ts'
import { rounded } from '../numbers.ts'
import { recipeTitles, runColumns } from '../run-table/run-columns.ts'

/** How FLOPs are counted changes no training, and a law is what sweeps find. */
export type SweepField =
  | Exclude<keyof Recipe, 'flopsConvention' | 'batchTokensLaw' | 'peakLearningRateLaw'>
  | 'layers'
  | 'width'
export type SweepValue = number | string

/** The values of fields that are no numbers. */
export const wordsOf: Partial<Record<SweepField, readonly string[]>> = {
  decay: ['linear', 'cosine', 'wsd', 'wsd-s', 'constant'],
  parametrisation: ['standard', 'mup'],
  activation: ['gelu', 'gelu_new'],
  precision: ['fp32', 'bf16'],
  countedParameters: ['all', 'without-embeddings', 'blocks-and-head'],
}

export const sweepTitles: Record<SweepField, string> = {
  ...(({ flopsConvention: _convention, batchTokensLaw: _batch, peakLearningRateLaw: _rate, ...fields }) => fields)(
    recipeTitles,
  ),
  tokensPerParameter: 'Tokens per parameter',
  layers: 'Depth (layers), size kept',
  width: 'Width, size kept',
}

export const sweepFields = Object.keys(sweepTitles) as SweepField[]

/** The fields that most sweeps are about come first. */
export const usualFields: readonly SweepField[] = [
  ...(['peakLearningRate', 'batchTokens', 'seed', 'tokensPerParameter', 'width', 'layers'] as const),
]

export const isShapeField = (field: SweepField): field is 'layers' | 'width' => field === 'layers' || field === 'width'

/** What a field must be a whole number for. */
export const isWhole = (field: SweepField): boolean =>
  isShapeField(field) || ['batchTokens', 'context', 'mupBaseWidth', 'seed'].includes(field)

/** Shares and decay rates are read on a linear axis; so is any field that was tried at 0. */
const linear: readonly SweepField[] = ['warmupFraction', 'finalFraction', 'beta1', 'beta2', 'seed']
export const isLinearField = (field: SweepField, values: readonly SweepValue[]): boolean =>
  linear.includes(field) || values.some((value) => typeof value === 'number' && value <= 0)

/** What a run had: what a rule or a member's own plan made of the recipe counts, not the recipe's blank. */
export function valueIn(field: SweepField, plan: RunPlan): SweepValue | null {
  if (field === 'seed') return plan.seed
  if (field === 'tokensPerParameter') return rounded(plan.member.tokens / plan.member.countedParameters, 3)
  if (field === 'precision') return plan.recipe.precision ?? 'fp32'
  const column = runColumns.find(({ key }) => key === field)!
  const value = column.of({ plan } as Parameters<typeof column.of>[0])
  return typeof value === 'number' ? rounded(value, 9) : typeof value === 'string' ? value : null
}

/** Fields whose value changes how many steps a training has, or how large they are. */
const changesWork: readonly SweepField[] = [
  ...(['tokensPerParameter', 'countedParameters', 'batchTokens', 'warmupFraction', 'context', 'decay'] as const),
  ...(['layers', 'width'] as const),
]

/** The same for trainings that differ in this field and their seed alone. */
export function allBut({ corpusId, tokenizer, recipe, member }: RunPlan, field: SweepField): string {
  const { seed: _seed, precision, ...rest } = recipe
  const { heads: _heads, ...shape } = member.shape
  const { steps, batchSequences, warmupSteps } = member
  const without = (part: object) => Object.entries(part).filter(([key]) => key !== field)
  return JSON.stringify([
    corpusId,
    tokenizer,
    without({ ...rest, precision: precision ?? 'fp32' }).sort(([a], [b]) => (a < b ? -1 : 1)),
    isShapeField(field) ? null : [without(shape), member.shape.heads],
    changesWork.includes(field) ? null : [steps, batchSequences, warmupSteps],
  ])
}
