// A run that goes on from a model's weights: the study's text and recipe, the model's own shape, scales and tokenizer.
import { rounded } from '#shared/numbers.ts'
import type { EngineName, Machine } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import { countedParameters } from '#shared/family/counting.ts'
import { planMember, type SplitTokens } from '#shared/family/plan.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import { peakLearningRateRule } from '#shared/family/rules.ts'
import type { ContinueChoices, ImportedModel } from '#shared/model.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { makeRunPlan } from './make-run.ts'

/** Trained weights bear a smaller rate than fresh ones. */
const gentler = 0.1

export interface ContinueBasis {
  study: Study
  model: ImportedModel
  choices: ContinueChoices
  splits: SplitTokens | null
  machine: Pick<Machine, 'memoryBytes' | 'calibration'> | null
  runId: string
  engine: EngineName
  threads: number
}

/** Throws the sentence that says why it cannot be. */
export function planContinued({
  study,
  model,
  choices,
  splits,
  machine,
  runId,
  engine,
  threads,
}: ContinueBasis): RunPlan {
  const { plan, tokenizer } = model
  if (!plan || !tokenizer) throw new Fault('conflict', `${model.name} has not been read yet.`)
  const { shape } = plan
  const context = choices.context ?? Math.min(shape.context, study.recipe.context)
  if (context > shape.context)
    throw new Fault(
      'bad-input',
      `choices.context: ${model.name} reads at most ${shape.context} tokens at once; ${context} were asked for.`,
    )
  const recipe: Recipe = {
    ...study.recipe,
    context,
    activation: plan.activation,
    parametrisation: 'standard',
    // its cooldowns are points of a law, which this is not
    decay: study.recipe.decay === 'wsd-s' ? 'wsd' : study.recipe.decay,
    batchTokens: study.recipe.batchTokens === null ? null : Math.max(context, study.recipe.batchTokens),
  }
  // a rate of muP is none of a model that goes on in standard parametrisation
  const ownRate = study.recipe.parametrisation === 'standard' ? study.recipe.peakLearningRate : null
  recipe.peakLearningRate =
    choices.peakLearningRate ?? rounded(gentler * (ownRate ?? peakLearningRateRule(recipe, shape.width)))
  const counted = countedParameters({ ...shape, context }, recipe.countedParameters)
  const { layers, width, heads, vocabulary } = shape
  const member = planMember(
    {
      id: `model-${model.id}`,
      name: `${model.name}, continued`,
      layers,
      width,
      heads,
      tokensPerParameter: choices.tokens / counted,
      isEnabled: true,
    },
    { recipe, vocabulary },
    splits,
    machine,
  )
  if (member.refusal) throw new Fault('too-large', `${model.name} cannot be trained on: ${member.refusal}`)
  return {
    ...makeRunPlan(
      { ...study, tokenizer, recipe },
      { ...member, parameters: model.parameters ?? member.parameters },
      runId,
      engine,
      threads,
    ),
    model: { ...plan, seed: recipe.seed }, // its own context and scales; sequences may be shorter
    origin: { modelId: model.id, name: model.name },
  }
}

/** Whether the run will begin from the model's weights and has not read them yet. */
export const awaitsModel = (
  { origin, checkpoints, state, device }: Pick<RunSummary, 'origin' | 'checkpoints' | 'state' | 'device'>,
  modelId: string,
): boolean =>
  origin?.modelId === modelId &&
  checkpoints.length === 0 &&
  (state === 'queued' || (state === 'running' && device === null))
