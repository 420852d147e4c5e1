// The ladders that ship with the lab: data in resources/families, each naming its source.
import cerebrasGpt from '../../../resources/families/cerebras-gpt.json' with { type: 'json' }
import cerebrasGptMup from '../../../resources/families/cerebras-gpt-mup.json' with { type: 'json' }
import desktop from '../../../resources/families/desktop.json' with { type: 'json' }
import gpt3 from '../../../resources/families/gpt-3.json' with { type: 'json' }
import opt from '../../../resources/families/opt.json' with { type: 'json' }
import pythia from '../../../resources/families/pythia.json' with { type: 'json' }
import type { Study } from '../study.ts'
import type { TokenizerChoice } from '../tokenizer/choice.ts'
import { Fault } from '../fault.ts'
import { listed } from '../printable.ts'
import type { Member } from './ladder.ts'
import { defaultRecipe, type Recipe } from './recipe.ts'

/** What a published model really was, where this lab's GPT-2 shape can only come near it. */
export interface PublishedReference {
  parameters?: number
  withoutEmbeddings?: number
  tokens?: number
  peakLearningRate?: number
  vocabulary?: number
}

export interface Preset {
  id: string
  name: string
  /** `desktop` ladders are meant to be trained here; `published` ones to be read, compared and scaled down. */
  kind: 'desktop' | 'published'
  description: string
  source: string
  /** What the ladder was made for; the study may keep its own. */
  tokenizer?: TokenizerChoice
  /** Departures from the default recipe. */
  recipe: Partial<Recipe>
  members: (Member & { reference?: PublishedReference })[]
}

/** In the order in which they are offered: desktop ladders first, the starter before all. */
export const presets: readonly Preset[] = [
  ...desktop.presets,
  cerebrasGpt,
  cerebrasGptMup,
  pythia,
  opt,
  gpt3,
] as Preset[]

/** The ladder of the first minute: five members, about three minutes on two CPU cores. */
export const starterPreset = 'starter'

export function findPreset(id: string): Preset {
  const preset = presets.find((one) => one.id === id)
  if (!preset)
    throw new Fault(
      'not-found',
      `There is no family called "${id}". There are: ${listed(presets.map((one) => one.id))}.`,
    )
  return preset
}

/** What a new study takes from a preset: recipe, ladder and, where the preset was made for one, its tokenizer. */
export function studyPartsOf(id: string): Pick<Study, 'recipe' | 'ladder'> & { tokenizer: TokenizerChoice | null } {
  const preset = findPreset(id)
  return {
    tokenizer: preset.tokenizer ?? null,
    recipe: { ...defaultRecipe, ...preset.recipe },
    ladder: { dial: { kind: 'preset', preset: id }, members: membersOf(preset) },
  }
}

/** Copies of a preset's members, without what is only there to be compared. */
export const membersOf = (preset: Preset): Member[] =>
  preset.members.map(({ reference: _reference, ...member }) => ({ ...member }))
