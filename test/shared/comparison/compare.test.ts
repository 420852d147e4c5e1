import { describe, expect, it } from 'vitest'
import { compareStudies, type ComparisonOptions, paceWords } from '#shared/comparison/compare.ts'
import type { EvidencePoint, StudyEvidence, TextRead } from '#shared/comparison/evidence.ts'
import { defaultRecipe, type Recipe } from '#shared/family/recipe.ts'
import { createRandom } from '#shared/random.ts'
import { multiplierAt } from '#shared/scaling/multiplier/multiplier.ts'

interface Shape extends Partial<Omit<StudyEvidence, 'recipe'>> {
  recipe?: Partial<Recipe>
  /** Compute needed, of what the other needs. */
  times?: number
  /** Tokens per second, of what the other makes. */
  speed?: number
  seed?: number
  device?: string
  perToken?: number
  text?: Partial<TextRead>
}

/** Five sizes, two seeds each, on 1.6 + (C / 1e12)^-0.3. */
function study(
  name: string,
  { times = 1, speed = 1, seed = 1, device = 'a processor', perToken = 1, recipe, text, ...rest }: Shape = {},
): StudyEvidence {
  const random = createRandom(seed)
  const points = [16, 24, 32, 40, 48].flatMap((width, i) =>
    [0, 1].map((runSeed): EvidencePoint => {
      const flops = 1e12 * 2 ** i
      const tokens = Math.sqrt(flops)
      return {
        memberId: `d${width}`,
        name: `d${width}`,
        shape: { layers: 2, width, heads: 2, context: 64, vocabulary: 512 },
        flops,
        tokens,
        seconds: flops / 1e10 / speed,
        loss: perToken * (1.6 + (flops / times / 1e12) ** -0.3) * Math.exp(0.001 * random.normal()),
        seed: runSeed,
        peakLearningRate: 0.01,
        batchSequences: 8,
        validationTokens: 32_768,
        isWholeSplit: true,
        engine: 'native',
        device,
        threads: 1,
        text: {
          ...{ corpusId: 'c', name: 'Text', content: 'x', bytesPerToken: 2 },
          tokenizer: { kind: 'bpe', vocabulary: 512 },
          ...text,
        },
      }
    }),
  )
  return { studyId: name, name, recipe: { ...defaultRecipe, ...recipe }, points, sweeps: [], ...rest }
}

const options: ComparisonOptions = { form: { kind: 'shared' }, unit: 'nats-per-token', prices: null, resamples: 60 }
const compared = (a: StudyEvidence, b: StudyEvidence, changes: Partial<ComparisonOptions> = {}) =>
  compareStudies({ a, b }, { ...options, ...changes })

function valueAt(
  comparison: ReturnType<typeof compared>,
  currency: 'compute' | 'tokens' | 'time' | 'money',
  x: number,
): number {
  const answer = comparison.answers[currency]
  if (answer.problem !== null) throw new Error(answer.problem)
  return multiplierAt(answer.multiplier, [x])[0].value!
}

describe('a comparison of two studies', () => {
  it('tells compute, tokens, time and money apart: B needs less compute, and is slower', () => {
    const found = compared(study('A'), study('B', { times: 0.64, speed: 0.5, seed: 2 }), { prices: { a: 1, b: 3 } })
    expect(found.paces.a).toEqual({ name: 'd48', flopsPerToken: 4e6, tokensPerSecond: 2500 })
    expect(paceWords(found.paces.b!)).toMatch(/^4\.00\sMFLOP per token and 1\.25\sk tokens\/s at d48$/)
    expect(valueAt(found, 'compute', 4e12)).toBeCloseTo(0.64, 1)
    expect(valueAt(found, 'tokens', 2e6)).toBeCloseTo(0.8, 1)
    expect(valueAt(found, 'time', 400)).toBeCloseTo(1.28, 0)
    expect(valueAt(found, 'money', 0.1)).toBeCloseTo(3.84, 0)
  })

  it('compares different tokenizers in bits per byte alone, and their tokens not at all', () => {
    const bytes = (bytesPerToken: number | null) =>
      study('B', { text: { tokenizer: { kind: 'bytes' }, bytesPerToken }, perToken: 0.5, seed: 2 })
    const found = compared(study('A'), bytes(1))
    expect(found.unit).toBe('bits-per-byte')
    expect(valueAt(found, 'compute', 4e12)).toBeCloseTo(1, 1)
    expect(found.answers.tokens.problem).toMatch(/tokens are not the same thing/)
    expect(compared(study('A'), bytes(null)).answers.compute.problem).toMatch(/d16 of B read is not tokenized here/)
  })

  it('counts each training by the tokenization that it read, and not by the study’s', () => {
    const mixed = study('B', { seed: 2 })
    mixed.points = mixed.points.map((point) =>
      point.seed === 0
        ? point
        : { ...point, loss: point.loss / 2, text: { ...point.text, tokenizer: { kind: 'bytes' }, bytesPerToken: 1 } },
    )
    const found = compared(study('A'), mixed)
    expect(found.unit).toBe('bits-per-byte')
    expect(valueAt(found, 'compute', 4e12)).toBeCloseTo(1, 1)
  })

  it('takes a BPE of another text for another tokenizer, and the same documents for the same', () => {
    const unit = (text: Partial<TextRead>) => compared(study('A'), study('B', { text })).unit
    expect(unit({ corpusId: 'd', content: 'y' })).toBe('bits-per-byte')
    expect(unit({ corpusId: 'd', content: 'x' })).toBe('nats-per-token')
  })

  it('has no answer in time where devices differ, nor in money without a price', () => {
    const found = compared(study('A'), study('B', { device: 'another processor', seed: 2 }), { prices: { a: 1, b: 1 } })
    expect(found.answers.time.problem).toMatch(/same engine on the same device/)
    expect(found.answers.money.problem).toBe(found.answers.time.problem)
    expect(compared(study('A'), study('B', { seed: 2 })).answers.money.problem).toMatch(/price/)
  })

  it('says why there is none where a study has too few sizes', () => {
    const few = study('B')
    const found = compared(study('A'), { ...few, points: few.points.slice(0, 2) }, { form: { kind: 'free' } })
    expect(found.answers.compute.problem).toMatch(/^B: A law of this form has 3 parameters; 2 points so far/)
  })
})

describe('fairness', () => {
  const fairness = (a: StudyEvidence, b: StudyEvidence) => compared(a, b).fairness

  it('names every field that differs, and what follows from it', () => {
    const wide = study('B', { recipe: { decay: 'wsd', seed: 5 } })
    wide.points.forEach((point) => (point.peakLearningRate = 0.02))
    expect(fairness(study('A'), wide).differences).toEqual([
      { field: 'decay', a: 'linear', b: 'wsd', isDerived: false },
      { field: 'peak learning rate of d16', a: '0.01', b: '0.02', isDerived: true },
      { field: 'peak learning rate of d48', a: '0.01', b: '0.02', isDerived: true },
    ])
  })

  it('says whether data, tokenizer, sizes, order and validation tokens are the same', () => {
    const same = fairness(study('A'), study('B'))
    expect(same.likenesses.map(({ isSame }) => isSame)).toEqual([true, true, true, true, true])
    const other = study('B', { text: { corpusId: 'd', name: 'Other', content: 'y' } })
    other.points = other.points.filter(({ seed }) => seed === 0).map((point) => ({ ...point, isWholeSplit: false }))
    const found = fairness(study('A'), other)
    expect(found.likenesses.filter(({ isSame }) => !isSame).map(({ what }) => what)).toEqual([
      'data',
      'tokenizer',
      'order of the data',
      'validation tokens',
    ])
  })

  it('counts as tuned only what was swept, with its best inside and in use', () => {
    const sweep = {
      memberId: 'd16',
      name: 'd16',
      rates: [0.005, 0.01, 0.02].map((rate) => ({ rate, loss: 3 })),
      best: 0.01,
      isInterior: true,
      used: 0.01,
    }
    const found = fairness(
      study('A', { sweeps: [sweep] }),
      study('B', { sweeps: [{ ...sweep, best: 0.02, isInterior: false }] }),
    )
    expect(found.isTuned).toEqual({ a: true, b: false })
    expect(found.tuning.a).toBe('Learning rate swept: at d16 0.01 was best of 3 and is used.')
    expect(found.tuning.b).toMatch(/lies at the edge, so the optimum is not known/)
    expect(fairness(study('A'), study('B')).tuning.a).toBe('The learning rate was not swept.')
  })
})
