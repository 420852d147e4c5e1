// From a study's recipe to the small models of a muP check: standard parametrisation and muP at every width, alike in
// all else.
import { adamOf, parametrisation } from '../family/parametrisation.ts'
import type { Recipe } from '../family/recipe.ts'
import { tunedMup } from '../family/rules.ts'
import { countParameters, type GptShape } from '../family/shape.ts'
import { flopsPerToken } from '../family/flops.ts'
import type { EngineName } from '../engine.ts'
import { Fault } from '../fault.ts'
import type { CheckChoices, CheckKind, CheckModel, CheckPlan, ParametrisationName } from './check.ts'

/** The same at every width, so that a head grows with the model and the 1 / head size of muP has something to do. */
const checkHeads = 4
/** Longer sequences tell a check nothing more. */
const longestContext = 64
/**
 * Sequences per step: the sweep takes small ones, because many small steps tell rates apart with less work than few
 * large ones.
 */
const rows: Record<CheckKind, number> = { coordinates: 8, transfer: 4 }

export const parametrisations: readonly ParametrisationName[] = ['standard', 'mup']

/** 2^-10 to 2^-5: from too slow to too fast at these widths. */
const usualRates = Array.from({ length: 6 }, (_, i) => 2 ** (i - 10))

/** What a check takes unless told otherwise: on two cores some ten seconds the one, some minutes the other. */
export const usualChoices: Record<CheckKind, CheckChoices> = {
  coordinates: { widths: [64, 128, 256, 512], layers: 2, steps: 10, learningRates: [6e-3] },
  transfer: { widths: [64, 128, 256], layers: 2, steps: 200, learningRates: usualRates, seeds: 3 },
}

export interface CheckBasis {
  recipe: Recipe
  vocabulary: number
  engine: EngineName
  threads: number
}

/** Throws a Fault that names the choice that cannot be. */
export function planCheck(
  kind: CheckKind,
  changes: Partial<CheckChoices>,
  { recipe, vocabulary, engine, threads }: CheckBasis,
): CheckPlan {
  const choices = { ...usualChoices[kind], ...changes }
  const widths = [...new Set(choices.widths)].sort((a, b) => a - b)
  const learningRates = [...new Set(choices.learningRates)]
    .sort((a, b) => a - b)
    .slice(0, kind === 'coordinates' ? 1 : undefined)
  const odd = widths.find((width) => !(width >= 4) || width % checkHeads !== 0)
  if (odd !== undefined)
    throw new Fault('bad-input', `widths: ${odd} cannot be; each must be a multiple of the ${checkHeads} heads.`)
  if (widths.length < 2) throw new Fault('bad-input', 'widths: a check compares at least two.')
  if (kind === 'transfer' && learningRates.length < 3)
    throw new Fault('bad-input', 'learningRates: a sweep needs at least three to have a best one inside.')
  const context = Math.min(recipe.context, longestContext)
  // A rule that follows the width would be half of muP already.
  const initStd = recipe.initStd ?? tunedMup.initStd
  const seeds = kind === 'transfer' ? (choices.seeds ?? 1) : 1
  const wanted = Array.from({ length: seeds }, (_, i) =>
    parametrisations.map((name) => ({ name, seed: (recipe.seed + i) % 2 ** 32 })),
  ).flat()
  // Seed by seed: every width has an answer before the next says how sure it is.
  const models = wanted.flatMap(({ name, seed }) =>
    widths.flatMap((width) =>
      learningRates.map((learningRate): CheckModel => {
        const shape: GptShape = { layers: choices.layers, width, heads: checkHeads, context, vocabulary }
        return {
          parametrisation: name,
          width,
          learningRate,
          seed,
          parameters: countParameters(shape),
          model: {
            shape,
            activation: recipe.activation,
            parametrisation: parametrisation({ ...recipe, initStd, parametrisation: name }, shape),
            seed,
          },
        }
      }),
    ),
  )
  return {
    kind,
    ...choices,
    widths,
    learningRates,
    ...(kind === 'transfer' ? { seeds } : {}),
    context,
    rows: rows[kind],
    seed: recipe.seed,
    adam: adamOf({}, recipe),
    models,
    engine,
    threads,
  }
}

/** Share of the whole check's work that the models before `index`, and `part` of that one, make up. */
export function shareOf({ models }: Pick<CheckPlan, 'models'>, index: number, part = 0): number {
  const work = models.map(({ model }) => flopsPerToken(model.shape, 'palm'))
  const total = work.reduce((sum, one) => sum + one, 0)
  return (work.slice(0, index).reduce((sum, one) => sum + one, 0) + part * (work[index] ?? 0)) / total
}
