// How signals, weights and learning rates are scaled with the width: standard parametrisation, and muP as Cerebras-GPT
// used it.
import type { MemberPlan } from './ladder.ts'
import type { AdamSettings, ModelPlan, Parametrisation } from './model.ts'
import type { Recipe } from './recipe.ts'
import { initStdRule, tunedMup } from './rules.ts'
import type { GptShape } from './shape.ts'

type Scaling = Pick<Recipe, 'parametrisation' | 'mupBaseWidth' | 'mupEmbeddingScale' | 'mupOutputScale' | 'initStd'>

/** m: how much wider than the base a model is. 1 in standard parametrisation. */
const widthMultiplier = (recipe: Pick<Recipe, 'parametrisation' | 'mupBaseWidth'>, width: number): number =>
  recipe.parametrisation === 'mup' ? width / recipe.mupBaseWidth : 1

/**
 * All scales of one model. Standard: std everywhere, residual matrices std / sqrt(2 L), attention 1 / sqrt(head size).
 * muP, with m = width / base: hidden matrices std / sqrt(m), residual ones std / sqrt(2 m L), their learning rates 1 /
 * m,
 * attention 1 / head size, embeddings times m_emb, logits times alpha_output / m; embeddings, norms and biases keep the
 * base's rate.
 * `residualStd` overrides the residual rule (the larger Cerebras-GPTs start at a fixed 0.0025).
 */
export function parametrisation(recipe: Scaling, shape: GptShape, residualStd?: number): Parametrisation {
  const { layers, width, heads } = shape
  const isMup = recipe.parametrisation === 'mup'
  const m = widthMultiplier(recipe, width)
  const std = recipe.initStd ?? initStdRule(recipe, width)
  const headSize = width / heads
  return {
    embeddingScale: isMup ? (recipe.mupEmbeddingScale ?? tunedMup.mupEmbeddingScale) : 1,
    attentionScale: isMup ? 1 / headSize : 1 / Math.sqrt(headSize),
    outputScale: isMup ? (recipe.mupOutputScale ?? tunedMup.mupOutputScale) / m : 1,
    initStd: {
      embedding: std,
      position: std,
      matrix: std / Math.sqrt(m),
      residual: residualStd ?? std / Math.sqrt(2 * m * layers),
    },
    learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1 / m, residual: 1 / m },
  }
}

/** What the engine must know to build a planned member. */
export const modelOf = (plan: Pick<MemberPlan, 'shape' | 'residualStd'>, recipe: Recipe): ModelPlan => ({
  shape: plan.shape,
  activation: recipe.activation,
  parametrisation: parametrisation(recipe, plan.shape, plan.residualStd),
  seed: recipe.seed,
})

/** The optimizer's settings for a planned member. */
export const adamOf = (plan: Pick<MemberPlan, 'epsilon'>, recipe: Recipe): AdamSettings => ({
  beta1: recipe.beta1,
  beta2: recipe.beta2,
  epsilon: plan.epsilon ?? recipe.epsilon,
  weightDecay: recipe.weightDecay,
  clipNorm: recipe.clipNorm,
})
