// What members are called, and ladders that follow a changed tokenizer or recipe.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoflopMembers } from '#shared/family/additions.ts'
import { ladderAfter, ladderFromDial, standsOnDial } from '#shared/family/dial.ts'
import { memberName, shortCount } from '#shared/family/names.ts'
import { planLadder } from '#shared/family/plan.ts'
import { presets, studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import type { Study } from '#shared/study.ts'
import { changedStudy } from '#shared/study-changes.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'

const bpe = { recipe: { ...defaultRecipe, context: 64 }, vocabulary: 512 }
const bytes = { ...bpe, vocabulary: 257 }
const largest = { kind: 'largest', parameters: 60_000 } as const
const namesOf = (members: Parameters<typeof planLadder>[0]['members'], basis: typeof bpe) =>
  planLadder({ members }, basis, null, null).map(({ name, parameters }) => ({ name, parameters }))

describe('a name', () => {
  it('is that of the size, whatever tokenizer and context the member now has', () => {
    const sized = fc.record({
      vocabulary: fc.constantFrom(257, 512, 50_257),
      context: fc.constantFrom(32, 64, 2048),
      parameters: fc.double({ min: 3e4, max: 1e9, noNaN: true }),
    })
    fc.assert(
      fc.property(sized, sized, (one, other) => {
        const recipe = { ...defaultRecipe, context: one.context }
        const { members } = ladderFromDial({ kind: 'largest', parameters: one.parameters }, recipe, one.vocabulary)
        const after = { recipe: { ...recipe, context: other.context }, vocabulary: other.vocabulary }
        for (const { name, parameters } of namesOf(members, after)) expect(name).toBe(shortCount(parameters))
      }),
      { numRuns: 30 },
    )
  })

  it('keeps its tokens per parameter beside the size', () => {
    const grid = isoflopMembers({ budgets: [1e13], sizes: 3, span: 2 }, bpe)
    for (const member of grid) {
      const [size, ratio] = member.name.split('@')
      expect(memberName(member, bytes).split('@')[0]).not.toBe(size)
      expect(memberName(member, bytes).split('@')[1]).toBe(ratio)
    }
  })

  it('stays when a person typed it, even if it reads as a size', () => {
    const [member] = ladderFromDial(largest, bpe.recipe, bpe.vocabulary).members
    expect(memberName({ ...member, name: '1M', isNamed: true }, bytes)).toBe('1M')
    expect(memberName({ ...member, name: '1M' }, bytes)).toBe(memberName(member, bytes))
    expect(memberName({ ...member, name: 'wide one' }, bytes)).toBe('wide one')
  })

  it('of a publication holds for what was published', () => {
    const { recipe, ladder, tokenizer } = studyPartsOf('cerebras-gpt')
    const own = { recipe, vocabulary: vocabularyOf(tokenizer!) }
    expect(namesOf(ladder.members, own).map(({ name }) => name)).toEqual(
      presets.find(({ id }) => id === 'cerebras-gpt')!.members.map(({ name }) => name),
    )
    for (const { name, parameters } of namesOf(ladder.members, { ...own, vocabulary: 257 }))
      expect(name).toBe(shortCount(parameters))
  })
})

describe('a ladder on its dial', () => {
  const study: Study = {
    ...{ id: 's', name: 's', corpusId: 'c', isArchived: false, createdMs: 0, updatedMs: 0 },
    tokenizer: { kind: 'bpe', vocabulary: 512 },
    recipe: bpe.recipe,
    ladder: ladderFromDial(largest, bpe.recipe, 512),
  }
  const sizes = ({ ladder, recipe, tokenizer }: Study) =>
    namesOf(ladder.members, { recipe, vocabulary: vocabularyOf(tokenizer) }).map(({ parameters }) => parameters)

  it('is made anew for another tokenizer, and still ends where the dial says', () => {
    const changed = changedStudy(study, { tokenizer: { kind: 'bytes' } })
    const share = Math.max(...sizes(changed)) / largest.parameters
    expect(share).toBeGreaterThan(0.85)
    expect(share).toBeLessThan(1.15)
    expect(standsOnDial(changed.ladder, bytes)).toBe(true)
    expect(standsOnDial(study.ladder, bytes)).toBe(false)
  })

  it('keeps to its budget under another context and another way of counting', () => {
    const dial = { kind: 'compute', flops: 1e13 } as const
    const own = { ...study, ladder: ladderFromDial(dial, bpe.recipe, 512) }
    for (const change of [{ context: 256 }, { flopsConvention: 'palm' }, { countedParameters: 'without-embeddings' }]) {
      const recipe = { ...bpe.recipe, ...change } as typeof bpe.recipe
      const { ladder } = changedStudy(own, { recipe })
      expect(ladder).toEqual(ladderFromDial(dial, recipe, 512))
      expect(ladder).not.toEqual(own.ladder)
      const flops = planLadder(ladder, { recipe, vocabulary: 512 }, null, null).map(
        (plan) => plan.flops[recipe.flopsConvention],
      )
      expect(flops.reduce((sum, one) => sum + one, 0)).toBeLessThan(1.02 * dial.flops)
    }
  })

  it('is left alone once it was edited, comes from a preset, or comes with the change', () => {
    const edited = { ...study.ladder, members: study.ladder.members.slice(1) }
    expect(ladderAfter(edited, bpe, bytes)).toBe(edited)
    const { ladder } = studyPartsOf('starter')
    expect(ladderAfter(ladder, bpe, bytes)).toBe(ladder)
    expect(changedStudy(study, { tokenizer: { kind: 'bytes' }, ladder: edited }).ladder).toBe(edited)
    expect(changedStudy(study, { name: 'other' }).ladder).toBe(study.ladder)
  })
})
