// The command that trains a run once more, in this lab or in another that has the same text.
import { withTokens } from './family/repeat-member.ts'
import { defaultRecipe, type Recipe } from './family/recipe.ts'
import type { RunPlan } from './run.ts'
import { shellWord } from './shell.ts'
import type { TokenizerChoice } from './tokenizer/choice.ts'

/**
 * The arguments after `isoflop` with which a run's losses come out the same, bit for bit on the same engine; `corpus`
 * is the text's name in the lab. Null where no options say it: it began from another model's weights, or follows a
 * published schedule.
 */
export function repeatArguments(plan: RunPlan, corpus: string): string[] | null {
  const { member, recipe, origin, tokenizer, engine, threads, systems, systemWeightBytes } = plan
  const ratio = origin ? null : withTokens(plan)
  if (!ratio) return null
  const { layers, width, heads } = member.shape
  return [
    'train',
    ...['--corpus', corpus, '--tokenizer', tokenizerText(tokenizer), '--shape', [layers, width, heads].join()],
    ...recipeArguments({ ...recipe, ...ratio }),
    ...['--seed', String(plan.seed), '--engine', engine, '--threads', String(threads)],
    ...(systems === undefined ? [] : ['--systems', String(systems)]),
    ...(systemWeightBytes === undefined ? [] : ['--system-weights', String(systemWeightBytes)]),
  ]
}

/** What differs from the default recipe; what a rule decides is left to it. */
const recipeArguments = (recipe: Recipe): string[] =>
  (Object.keys(recipe) as (keyof Recipe)[])
    .filter((field) => field !== 'seed' && (recipe.parametrisation === 'mup' || !field.startsWith('mup')))
    .filter((field) => recipe[field] !== undefined && recipe[field] !== defaultRecipe[field])
    .flatMap((field) => [optionNamed(field), String(recipe[field])])

/** `--tokens-per-parameter` for `tokensPerParameter`. */
export const optionNamed = (field: string): string =>
  `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

const tokenizerText = (tokenizer: TokenizerChoice): string =>
  tokenizer.kind === 'bpe' ? `bpe:${tokenizer.vocabulary}` : tokenizer.kind

/** As a shell takes it, POSIX and PowerShell alike. */
export const shellLine = (args: readonly string[]): string => ['isoflop', ...args].map(shellWord).join(' ')
