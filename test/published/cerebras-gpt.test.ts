// The plan of the Cerebras-GPT preset against the published models, row by row.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { countedParameters } from '#shared/family/counting.ts'
import { flopsPerToken } from '#shared/family/flops.ts'
import { adamOf, modelOf, parametrisation } from '#shared/family/parametrisation.ts'
import { planLadder, planMember } from '#shared/family/plan.ts'
import { findPreset, studyPartsOf } from '#shared/family/presets.ts'
import { learningRateAt, scheduleOf } from '#shared/family/schedule.ts'

const reference: { models: Row[]; mup: Row[] } = JSON.parse(
  readFileSync('test/fixtures/scaling/cerebras-gpt.json', 'utf8'),
)
const pointsFile = readFileSync('test/fixtures/scaling/published_model_points.csv', 'utf8')
const vocabulary = 50257

const standard = studyPartsOf('cerebras-gpt')
const plans = planLadder(standard.ladder, { recipe: standard.recipe, vocabulary }, null, null)

interface Row {
  name: string
  [fact: string]: any
}

describe.each(reference.models.map((row, i) => ({ name: row.name, row, plan: plans[i] })))(
  'Cerebras-GPT $name',
  ({ row, plan }) => {
    it('has the published shape, parameters and tokens', () => {
      expect(plan.shape).toEqual({ layers: row.layers, width: row.width, heads: row.heads, context: 2048, vocabulary })
      expect(plan.parameters).toBe(row.parameters)
      expect(countedParameters(plan.shape, 'without-embeddings')).toBe(row.withoutEmbeddings)
      expect(plan.tokens).toBe(row.tokens)
      expect(plan.tokens / plan.parameters).toBeCloseTo(20, 2)
    })

    it('has the published steps, batch and schedule', () => {
      expect(plan).toMatchObject({
        steps: row.steps,
        batchSequences: row.batchSequences,
        warmupSteps: row.warmupSteps,
        peakLearningRate: row.peakLearningRate,
      })
      const schedule = scheduleOf(plan, standard.recipe)
      expect(schedule.decay).toBe(row.decay)
      expect(learningRateAt(schedule, row.warmupSteps - 1)).toBeCloseTo(row.peakLearningRate, 12)
      expect(learningRateAt(schedule, row.steps - 1)).toBeCloseTo(row.finalLearningRate, 12)
      if (!plan.phases) expect(row.steps - row.warmupSteps).toBe(row.decaySteps)
      expect(adamOf(plan, standard.recipe)).toEqual({
        beta1: 0.9,
        beta2: 0.95,
        epsilon: row.epsilon,
        weightDecay: 0.1,
        clipNorm: 1,
      })
    })

    it('starts with the published deviations', () => {
      const { initStd } = modelOf(plan, standard.recipe).parametrisation
      expect(initStd.matrix).toBe(0.02)
      expect(initStd.residual).toBeCloseTo(row.residualStd, 9)
    })

    it('costs the published FLOPs', () => {
      expect(plan.flops.cerebras / row.flops.cerebras).toBeCloseTo(1, 4)
      expect(plan.flops.sixNd / row.flops.sixNd).toBeCloseTo(1, 4)
      expect(plan.flops.hoffmann / row.flops.hoffmann).toBeCloseTo(1, 4)
      expect(Number(plan.flops.cerebras.toPrecision(2))).toBe(row.flops.published)
    })
  },
)

it('the 13B changes its batch on the way, and its learning rate follows the tokens', () => {
  const plan = plans[6]
  expect(plan.phases).toEqual([
    { steps: 57000, batchSequences: 720 },
    { steps: 78223, batchSequences: 1080 },
  ])
  const schedule = scheduleOf(plan, standard.recipe)
  // 57,000 steps at 720 are as many tokens as 38,000 at 1080, where the second configuration starts its count: warmup
  // 169, cosine 116,054.
  const second = (step: number) => 0.00012 * (0.1 + (0.9 * (1 + Math.cos((Math.PI * (step - 169)) / 116054))) / 2)
  expect(learningRateAt(schedule, 57000 + 999) / second(38000 + 1000)).toBeCloseTo(1, 4)
})

describe.each(reference.mup.map((row, i) => ({ name: row.name, row, i })))('Cerebras-GPT $name muP', ({ row, i }) => {
  const { recipe, ladder } = studyPartsOf('cerebras-gpt-mup')
  const plan = planMember(ladder.members[i], { recipe, vocabulary }, null, null)

  it('is scaled as published', () => {
    const scales = modelOf(plan, recipe).parametrisation
    expect(plan.shape.width / recipe.mupBaseWidth).toBe(row.widthMultiplier)
    expect(scales.initStd.embedding).toBe(row.embeddingStd)
    expect(scales.initStd.matrix).toBeCloseTo(row.matrixStd, 12)
    expect(scales.initStd.residual).toBeCloseTo(row.residualStd, 12)
    expect(scales.outputScale).toBeCloseTo(row.outputScale, 12)
    expect(scales.embeddingScale).toBe(row.embeddingScale)
    expect(scales.learningRateScale.matrix).toBeCloseTo(row.matrixLearningRateScale, 12)
    expect(scales.learningRateScale).toMatchObject({ embedding: 1, position: 1, norm: 1, bias: 1 })
    expect(scales.attentionScale).toBe(plan.shape.heads / plan.shape.width)
  })

  it('is trained as published', () => {
    expect(plan).toMatchObject({
      steps: row.steps,
      batchSequences: row.batchSequences,
      warmupSteps: row.warmupSteps,
      peakLearningRate: row.peakLearningRate,
    })
    expect(learningRateAt(scheduleOf(plan, recipe), row.steps - 1)).toBeCloseTo(row.finalLearningRate, 12)
  })
})

it('muP at the base width is standard parametrisation with the same deviation, but for attention and the embedding multiplier', () => {
  const shape = { layers: 4, width: 256, heads: 4, context: 128, vocabulary: 512 }
  const mup = parametrisation({ parametrisation: 'mup', mupBaseWidth: 256, mupEmbeddingScale: 1, initStd: 0.08 }, shape)
  const sp = parametrisation({ parametrisation: 'standard', mupBaseWidth: 256, initStd: 0.08 }, shape)
  expect(mup).toEqual({ ...sp, attentionScale: 1 / 64 })
})

it('the Cerebras convention reproduces the FLOPs printed for Pythia and OPT', () => {
  const printed = new Map(
    pointsFile
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .map((cells) => [`${cells[0]} ${cells[1]}`, Number(cells[5])]),
  )
  for (const id of ['pythia', 'opt'] as const) {
    for (const member of findPreset(id).members) {
      if (member.name === 'OPT 13B') continue // printed 2.7e22, the formula gives 2.645e22
      const shape = { ...member, context: 2048, vocabulary: member.reference!.vocabulary ?? 50257 }
      const flops = flopsPerToken(shape, 'cerebras') * member.reference!.tokens!
      expect([member.name, Number(flops.toPrecision(2))]).toEqual([member.name, printed.get(member.name)])
    }
  }
})
