// Tiny models with weights that are the same everywhere, for comparing what we compute with what transformers does.
import type { ModelPlan } from '#shared/family/model.ts'
import { listParameters } from '#shared/family/shape.ts'
import { createRandom } from '#shared/random.ts'
import type { ExportCard } from '#main/core/model-formats/card.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { planMember } from '#shared/family/plan.ts'

const shape = { layers: 2, width: 8, heads: 2, context: 12, vocabulary: 257 }
const initStd = { embedding: 0.02, position: 0.02, matrix: 0.02, residual: 0.01 }
const learningRateScale = { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 }

/**
 * `standard` is Cerebras-GPT's form (erf GELU), `gpt2` GPT-2's own (tanh GELU), `mup` has scales that the class does
 * not know.
 */
export const tinyModels: Record<'standard' | 'gpt2' | 'mup', ModelPlan> = {
  standard: {
    shape,
    activation: 'gelu',
    seed: 1,
    parametrisation: {
      embeddingScale: 1,
      attentionScale: 1 / Math.sqrt(4),
      outputScale: 1,
      initStd,
      learningRateScale,
    },
  },
  gpt2: {
    shape,
    activation: 'gelu_new',
    seed: 2,
    parametrisation: {
      embeddingScale: 1,
      attentionScale: 1 / Math.sqrt(4),
      outputScale: 1,
      initStd,
      learningRateScale,
    },
  },
  mup: {
    shape,
    activation: 'gelu',
    seed: 3,
    parametrisation: { embeddingScale: 10, attentionScale: 1 / 4, outputScale: 0.25, initStd, learningRateScale },
  },
}

/** Every tensor uniform and far from its initial value, so that no bias, norm or position can be forgotten unseen. */
export function tinyParameters(model: ModelPlan): Map<string, Float32Array> {
  const random = createRandom(model.seed)
  return new Map(
    listParameters(model.shape).map(({ name, shape: lengths, kind }) => {
      const centre = kind === 'norm' && name.endsWith('.weight') ? 1 : 0
      return [
        name,
        Float32Array.from({ length: lengths.reduce((a, b) => a * b, 1) }, () => centre + (random.next() - 0.5)),
      ]
    }),
  )
}

/** Two rows of ids that touch every part of the vocabulary. */
export function tinyInputs(): { inputs: Int32Array; rows: number; columns: number } {
  const random = createRandom(7)
  return {
    inputs: Int32Array.from({ length: 2 * shape.context }, (_, i) => (i === 5 ? 256 : random.integer(257))),
    rows: 2,
    columns: shape.context,
  }
}

export function tinyCard(model: ModelPlan): ExportCard {
  const recipe = { ...defaultRecipe, context: shape.context, activation: model.activation }
  const member = planMember(
    { id: 'tiny', name: 'Tiny', layers: 2, width: 8, heads: 2, isEnabled: true },
    { recipe, vocabulary: shape.vocabulary },
    null,
    null,
  )
  return {
    version: '0.0.0-test',
    step: member.steps,
    loss: 2.5,
    validationLoss: 2.75,
    elapsedMs: 61_000,
    device: 'reference',
    corpus: { name: 'A | B', source: 'made up', licence: 'public domain' },
    plan: {
      runId: 'r',
      studyId: 's',
      memberId: 'tiny',
      name: 'Tiny',
      corpusId: 'c',
      tokenizer: { kind: 'bytes' },
      recipe,
      member,
      model,
      engine: 'reference',
      threads: 1,
      seed: 0,
      validationEverySteps: 10,
      validationSequences: 8,
      sampleEverySteps: 10,
      checkpointEverySteps: 10,
    },
  }
}
