// What a person reads when a request does not fit: the field, what it must be, what came.
import { describe, expect, it } from 'vitest'
import { checkArguments } from '#main/lab/requests.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'

const sentence = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing was refused'
}
const recipe = (changes: object) =>
  sentence(() => checkArguments('updateStudy', ['a', { recipe: { ...defaultRecipe, ...changes } }]))

describe('a refused field', () => {
  it.each([
    [() => recipe({ context: 1 }), 'changes.recipe.context: must be at least 2; it is 1.'],
    [() => recipe({ context: 2.5 }), 'changes.recipe.context: must be a whole number; it is 2.5.'],
    [() => recipe({ context: '64' }), 'changes.recipe.context: must be a number; it is “64”.'],
    [
      () => recipe({ decay: 'step' }),
      'changes.recipe.decay: must be "linear" or "cosine" or "wsd" or "wsd-s" or "constant"; it is “step”.',
    ],
    [() => recipe({ peakLearningRate: 0 }), 'changes.recipe.peakLearningRate: must be above 0; it is 0.'],
    [() => recipe({ seed: undefined }), 'changes.recipe.seed: must be a number; it is missing.'],
    [() => recipe({ speed: 3 }), 'changes.recipe: has “speed”, which nothing here is called.'],
    [() => sentence(() => checkArguments('createStudy', ['  '])), 'name: must not be empty.'],
    [
      () => sentence(() => checkArguments('createStudy', ['x'.repeat(201)])),
      /^name: must have at most 200 characters \(it has 201\); it is “x+…”\.$/,
    ],
    [() => sentence(() => checkArguments('createStudy', [7])), 'name: must be a text; it is 7.'],
    [
      () => sentence(() => checkArguments('tokenizeCorpus', ['a', { kind: 'words' }])),
      /^tokenizer(\.kind)?: must have a known kind; it is /,
    ],
    [
      () => sentence(() => checkArguments('tokenizeCorpus', ['a', 'bytes'])),
      'tokenizer: must be a record; it is “bytes”.',
    ],
    [() => sentence(() => checkArguments('addCorpus', [[], 'a'])), 'paths: must name at least one file or folder.'],
    [() => sentence(() => checkArguments('addCorpus', ['a', 'a'])), 'paths: must be a list; it is “a”.'],
  ] as const)('%#', (act, wanted) => {
    if (typeof wanted === 'string') expect(act()).toBe(wanted)
    else expect(act()).toMatch(wanted)
  })
})

it('a refusal is a sentence, whatever was sent', () => {
  const long = 'k'.repeat(1e6)
  const changes = Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`${i}${long}`, i]))
  for (const args of [
    ['a', changes],
    ['a', { name: 5, ...changes }],
    ['a', { recipe: { ...defaultRecipe, ...changes } }],
  ])
    expect(sentence(() => checkArguments('updateStudy', args)).length).toBeLessThanOrEqual(300)
  expect(sentence(() => checkArguments('updateStudy', ['a', { x: 1, y: 2, z: 3, u: 4 }]))).toBe(
    'changes: has “x” and “y” and “z” and 1 more, which nothing here is called.',
  )
})
