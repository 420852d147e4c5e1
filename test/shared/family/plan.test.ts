import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countedParameters } from '#shared/family/counting.ts'
import { trainingFlops } from '#shared/family/flops.ts'
import type { Member } from '#shared/family/ladder.ts'
import { activationBytesPerToken } from '#shared/family/memory.ts'
import { planMember, rateAt } from '#shared/family/plan.ts'
import { withFixedTokens } from '#shared/family/additions.ts'
import { studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { cooldownEnds } from '#shared/family/schedule.ts'
import { countParameters } from '#shared/family/shape.ts'

const member: Member = { id: 'a', name: 'a', layers: 4, width: 128, heads: 4, isEnabled: true }
const basis = { recipe: defaultRecipe, vocabulary: 512 }
const machine = {
  memoryBytes: 8e9,
  calibration: [
    { width: 64, flopsPerSecond: 4e10 },
    { width: 256, flopsPerSecond: 1e11 },
  ],
}

/** A text with so many tokens to learn from, and enough to be scored on. */
const splits = (train: number) => ({ train, validation: 1e5 })

describe('a plan', () => {
  it('trains on whole batches, near 20 tokens per parameter', () => {
    fc.assert(
      fc.property(
        fc.record({
          layers: fc.integer({ min: 1, max: 12 }),
          heads: fc.integer({ min: 1, max: 8 }),
          size: fc.integer({ min: 8, max: 64 }),
        }),
        fc.constantFrom(257, 512, 4096, 50257),
        fc.constantFrom(32, 128, 1024),
        fc.constantFrom(null, 4096, 65536),
        ({ layers, heads, size }, vocabulary, context, batchTokens) => {
          const plan = planMember(
            { ...member, layers, heads, width: heads * size },
            { recipe: { ...defaultRecipe, context, batchTokens }, vocabulary },
            null,
            null,
          )
          expect(plan.refusal).toBeNull()
          expect(plan.parameters).toBe(countParameters(plan.shape))
          expect(plan.tokens).toBe(plan.steps * plan.batchSequences * context)
          expect(Math.abs(plan.tokens - 20 * plan.parameters)).toBeLessThanOrEqual(
            Math.max(0.5 * plan.batchSequences * context, plan.batchSequences * context - 20 * plan.parameters),
          )
          expect(plan.batchSequences % plan.microBatchSequences).toBe(0)
          expect(plan.warmupSteps).toBeGreaterThanOrEqual(1)
          expect(plan.warmupSteps).toBeLessThanOrEqual(plan.steps)
          expect(plan.flops).toEqual(trainingFlops(plan.shape, plan.tokens))
          const activations = plan.microBatchSequences * context * activationBytesPerToken(plan.shape)
          expect(plan.memoryBytes).toBe(16 * plan.parameters + activations)
          expect(plan.microBatchSequences === 1 || activations <= 256 * 2 ** 20).toBe(true)
        },
      ),
    )
  })

  it('gives tokens to the parameters that the recipe counts', () => {
    for (const count of ['all', 'without-embeddings', 'blocks-and-head'] as const) {
      const plan = planMember(member, { ...basis, recipe: { ...defaultRecipe, countedParameters: count } }, null, null)
      expect(plan.countedParameters).toBe(countedParameters(plan.shape, count))
      expect(plan.tokens / plan.countedParameters).toBeCloseTo(20, 0)
    }
    const shape = { ...member, context: 128, vocabulary: 512 }
    expect(countedParameters(shape, 'all') - countedParameters(shape, 'without-embeddings')).toBe(640 * 128)
    expect(countedParameters(shape, 'all') - countedParameters(shape, 'blocks-and-head')).toBe(128 * 128)
  })

  it('takes twice the tokens for a wsd-s run, with the batch of a run that ends half-way, at 10, 20 and 40 a parameter', () => {
    const once = planMember(member, basis, null, null)
    const wsds = planMember(member, { ...basis, recipe: { ...basis.recipe, decay: 'wsd-s' } }, null, null)
    expect(wsds.batchSequences).toBe(once.batchSequences)
    expect(Math.abs(wsds.steps - 2 * once.steps)).toBeLessThanOrEqual(1)
    const perStep = wsds.tokens / wsds.steps
    const cooldowns = cooldownEnds({ steps: wsds.steps, decay: 'wsd-s' })
    cooldowns.forEach((step, i) => expect((step * perStep) / wsds.countedParameters).toBeCloseTo([10, 20, 40][i], 0))
  })

  it('takes a member’s own tokens per parameter before the recipe’s', () => {
    expect(
      planMember({ ...member, tokensPerParameter: 80 }, basis, null, null).tokens /
        planMember(member, basis, null, null).tokens,
    ).toBeCloseTo(4, 1)
    const { ladder, recipe } = studyPartsOf('starter')
    const fixed = withFixedTokens(ladder, 2e6, { recipe, vocabulary: 512 })
    for (const one of fixed.members)
      expect(planMember(one, { recipe, vocabulary: 512 }, null, null).tokens / 2e6).toBeCloseTo(1, 2)
  })

  it('knows its time once the machine is measured, and its epochs once the text is tokenised', () => {
    const plan = planMember(member, basis, splits(4e6), machine)
    // 128 lies half-way between 64 and 256 on a log axis
    expect(plan.seconds).toBeCloseTo(plan.flops.palm / Math.sqrt(4e10 * 1e11), 6)
    expect(plan.epochs).toBe(plan.tokens / 4e6)
    expect(planMember(member, basis, null, null)).toMatchObject({
      seconds: null,
      epochs: null,
      refusal: null,
      warnings: [],
    })
    expect(planMember(member, basis, splits(4e6), { ...machine, calibration: [] }).seconds).toBeNull()
  })

  it('interpolates the rate between widths and keeps it level beyond them', () => {
    expect(rateAt(machine.calibration, 16)).toBe(4e10)
    expect(rateAt(machine.calibration, 64)).toBe(4e10)
    expect(rateAt(machine.calibration, 4096)).toBe(1e11)
    expect(rateAt([], 64)).toBeNull()
    const both = [...machine.calibration, { width: 64, flopsPerSecond: 9e10, precision: 'bf16' as const }]
    expect(rateAt(both, 64, 'bf16')).toBe(9e10)
    expect(rateAt(both, 64)).toBe(4e10)
    expect(rateAt(machine.calibration, 64, 'bf16')).toBe(4e10) // better than nothing
  })

  it('warns of many passes over the text, of few steps and of long days', () => {
    expect(planMember(member, basis, splits(1e6), machine).warnings.join()).toMatch(
      /Reads the text 18 times, worth 11 times as much new text \(Muennighoff et al. 2023\)/,
    )
    expect(
      planMember(member, { ...basis, recipe: { ...defaultRecipe, batchTokens: 1e6 } }, null, null).warnings.join(),
    ).toMatch(/Only 18 steps/)
    const slow = { ...machine, calibration: [{ width: 64, flopsPerSecond: 1e8 }] }
    const plan = planMember(member, basis, null, slow)
    expect(plan.warnings).toEqual([`Takes about ${Math.round(plan.seconds! / 86_400)} days on this machine.`])
    expect(plan.seconds! / 86_400).toBeGreaterThan(10)
  })
})

it('says before anything trains that the validation split is shorter than a sequence', () => {
  const warnings = (validation: number) => planMember(member, basis, { train: 1e8, validation }, null).warnings
  expect(warnings(128)).toEqual([
    expect.stringContaining('The validation split has 128 tokens and one sequence needs 129'),
  ])
  expect(warnings(129)).toEqual([])
  expect(planMember(member, basis, { train: 1e8, validation: 0 }, null).refusal).toBeNull()
})

describe('a refusal', () => {
  const refusal = (changes: Partial<Member>, recipe = {}, tokens: number | null = null) =>
    planMember(
      { ...member, ...changes },
      { ...basis, recipe: { ...defaultRecipe, ...recipe } },
      tokens === null ? null : splits(tokens),
      machine,
    ).refusal

  it('names the memory that is missing', () => {
    const { ladder, recipe } = studyPartsOf('cerebras-gpt')
    const plan = planMember(ladder.members[6], { recipe, vocabulary: 50257 }, null, { ...machine, memoryBytes: 24e9 })
    expect(plan.refusal).toBe(
      `Needs ${(plan.memoryBytes / 1e9).toPrecision(3)} GB of memory; this machine has 24.0 GB, of which a training may take 16.8 GB.`,
    )
  })

  it('names the memory of the graphics card where that trains, and the way around it', () => {
    const { ladder, recipe } = studyPartsOf('cerebras-gpt')
    const facts = { ...machine, memoryBytes: 256e9, cardMemoryBytes: 12e9 }
    const plan = planMember(ladder.members[4], { recipe, vocabulary: 50257 }, null, facts)
    expect(plan.refusal).toBe(
      `Needs ${(plan.memoryBytes / 1e9).toPrecision(3)} GB of memory; the graphics card has 12.0 GB, of which a training may take 8.40 GB. Another engine, chosen in the settings, trains in the memory of the computer.`,
    )
    expect(
      planMember(ladder.members[4], { recipe, vocabulary: 50257 }, null, { ...facts, cardMemoryBytes: null }).refusal,
    ).toBeNull()
  })

  it('names the field that cannot be', () => {
    expect(refusal({ heads: 3 })).toBe('3 heads do not divide a width of 128; 2 would.')
    expect(refusal({ layers: 0 })).toMatch(/layers must be a whole number above 0; it is 0/)
    expect(refusal({ width: 12.5 })).toMatch(/width/)
    expect(refusal({ tokensPerParameter: -1 })).toMatch(/Tokens per parameter/)
    expect(refusal({ tokensPerParameter: NaN })).toMatch(/Tokens per parameter/)
    expect(refusal({}, { batchTokens: 64 })).toBe('A batch of 64 tokens holds no whole sequence of 128.')
    expect(refusal({}, {}, 100)).toBe('The training text has 100 tokens; one sequence needs 129.')
  })

  it('comes instead of numbers that mean nothing', () => {
    const plan = planMember({ ...member, width: NaN }, basis, splits(1e6), machine)
    expect(plan.refusal).toMatch(/width/)
    expect(plan).toMatchObject({ tokens: 0, steps: 0, parameters: 0, memoryBytes: 0 })
  })
})

describe('a published schedule', () => {
  const { ladder, recipe } = studyPartsOf('cerebras-gpt')
  it('holds only for the vocabulary and the context it was published for', () => {
    expect(planMember(ladder.members[0], { recipe, vocabulary: 50257 }, null, null).batchSequences).toBe(120)
    const small = planMember(ladder.members[0], { recipe: { ...recipe, context: 128 }, vocabulary: 50257 }, null, null)
    expect(small.decay).toBeUndefined()
    expect(small.tokens / small.parameters).toBeCloseTo(20, 1)
    expect(planMember(ladder.members[0], { recipe, vocabulary: 512 }, null, null).residualStd).toBeUndefined()
  })
})
