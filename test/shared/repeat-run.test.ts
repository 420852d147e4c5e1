// The command that repeats a run: exact where options can say it, none where they cannot.
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { planMember } from '#shared/family/plan.ts'
import { defaultRecipe, type Recipe } from '#shared/family/recipe.ts'
import { optionNamed, repeatArguments, shellLine } from '#shared/repeat-run.ts'
import type { RunPlan } from '#shared/run.ts'
import { shapingOptions } from '#main/doors/cli/shaping.ts'

const member = { id: 'a', name: 'a', layers: 3, width: 48, heads: 2, isEnabled: true }
const planOf = (changes: Partial<Recipe>, own: Partial<typeof member & { tokensPerParameter: number }> = {}) => {
  const recipe = { ...defaultRecipe, ...changes }
  return {
    recipe,
    member: planMember({ ...member, ...own }, { recipe, vocabulary: 512 }, null, null),
    tokenizer: { kind: 'bpe', vocabulary: 512 },
    engine: 'native',
    threads: 2,
    seed: 7,
  } as RunPlan
}

test('what the default recipe says is left out, and the rest is named', () => {
  expect(shellLine(repeatArguments(planOf({ weightDecay: 0.2, decay: 'wsd' }), "It's a text")!)).toBe(
    "isoflop train --corpus 'It'\\''s a text' --tokenizer bpe:512 --shape 3,48,2 --decay wsd --weight-decay 0.2" +
      ' --seed 7 --engine native --threads 2',
  )
})

test('a member with tokens of its own is repeated with them', () => {
  const args = repeatArguments(planOf({ decay: 'wsd-s' }, { tokensPerParameter: 5.3 }), 'a')!
  const ratio = Number(args[args.indexOf('--tokens-per-parameter') + 1])
  const repeated = planOf({ decay: 'wsd-s', tokensPerParameter: ratio })
  expect(repeated.member.steps).toBe(planOf({ decay: 'wsd-s' }, { tokensPerParameter: 5.3 }).member.steps)
})

test('what began from other weights, or follows a published schedule, is not repeated by options', () => {
  const plan = planOf({})
  expect(repeatArguments({ ...plan, origin: { modelId: 'm', name: 'm' } as never }, 'a')).toBeNull()
  expect(repeatArguments({ ...plan, member: { ...plan.member, decay: 'cosine' } }, 'a')).toBeNull()
})

test('every field of a recipe has an option of its name', () => {
  const command = shapingOptions(new Command())
  const names = command.options.map(({ long }) => long)
  const mup: (keyof Recipe)[] = ['mupEmbeddingScale', 'mupOutputScale']
  const fields = [...(Object.keys(defaultRecipe) as (keyof Recipe)[]), ...mup].filter((field) => field !== 'seed')
  expect(fields.filter((field) => !names.includes(optionNamed(field)))).toEqual([])
})
