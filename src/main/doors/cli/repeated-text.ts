// What reading a text again is worth: `isoflop fit --form repeated`, from trainings that did, and what a forecast makes
// of it.
import { Fault } from '#shared/fault.ts'
import { dropHighest } from '#shared/scaling/points.ts'
import {
  effectiveTokens,
  fitRepeated,
  publishedRepeats,
  repeatedOf,
  type RepeatedPoint,
} from '#shared/scaling/repeated.ts'
import { short } from './amounts.ts'
import { columnOf, type PointOptions, surfacePoints, tableOf } from './points.ts'
import type { Answer, CommandContext } from './program.ts'
import type { StudyPoints } from './study-points.ts'

export async function repeatedAnswer(
  context: CommandContext,
  options: PointOptions & { c?: string },
  confidence = 0.95,
): Promise<Answer> {
  const { points, remarks } = await repeatedPoints(context, options)
  const { surface, repeats, repeated } = fitRepeated(points, confidence)
  const { E, A, B, alpha, beta } = surface
  const end = (value: number | null, open: string) => (value === null ? open : value.toPrecision(3))
  return {
    document: {
      form: 'repeated',
      parameters: { E, A, B, alpha, beta, repeats: repeats.value },
      intervals: { repeats: { low: repeats.low, high: repeats.high } },
      published: { repeats: publishedRepeats },
      points: points.length,
      repeated,
      residualStd: surface.residualStd,
      ...(remarks.length ? { remarks } : {}),
    },
    text: [
      "L(N, D') = E + A / N^alpha + B / D'^beta, D' = U + U R* (1 - exp(-(D/U - 1) / R*))",
      `E ${E.toFixed(4)}, A ${A.toPrecision(4)}, B ${B.toPrecision(4)}, alpha ${alpha.toFixed(4)}, beta ${beta.toFixed(4)}`,
      `R*  ${repeats.value.toPrecision(3)}  (${end(repeats.low, 'no lower end')} to ${end(repeats.high, 'no upper end')}); ${publishedRepeats.toPrecision(3)} as published (Muennighoff et al. 2023)`,
      `residuals ${(100 * surface.residualStd).toFixed(3)} % over ${points.length} points, ${repeated} of which repeat`,
      ...remarks,
    ].join('\n'),
  }
}

/** Of a study all runs on its text; of a file by its column of different tokens. */
async function repeatedPoints(
  context: CommandContext,
  options: PointOptions & { c?: string },
): Promise<{ points: RepeatedPoint[]; remarks: string[] }> {
  const { points, remarks, study } = await surfacePoints(context, { ...options, dropHighest: 0 }, options.c)
  const kept = (all: RepeatedPoint[]) => dropHighest(all, options.dropHighest ?? 0)
  if (study === null) {
    if (options.unique === undefined)
      throw new Fault('bad-input', 'Name the column of different tokens of the text with --unique.')
    const unique = columnOf(tableOf(options), options.unique, '--unique')
    return { points: kept(points.map((point, i) => ({ ...point, unique: unique(i) }))), remarks }
  }
  const { trainTokens } = study
  if (trainTokens === null)
    throw new Fault('not-found', 'The study’s text is not tokenized here, so nobody knows how often it was read.')
  return {
    points: kept(points.map((point) => ({ ...point, unique: trainTokens }))),
    remarks: [`The text has ${short(trainTokens)} tokens to train on.`, ...remarks],
  }
}

/**
 * What a text shorter than `tokens` is worth, by the R* of the study's own runs where they say; null where the text
 * lasts or nobody said how long it is.
 */
export function repeatsOf(tokens: number, text: number | undefined, study: StudyPoints | null) {
  const unique = text ?? study?.trainTokens ?? null
  if (unique === null || tokens <= unique) return null
  const { runs = [], trainTokens = null } = study ?? {}
  const own = trainTokens === null ? null : repeatedOf(runs.map((run) => ({ ...run, unique: trainTokens })))
  const repeats = own?.repeats.value ?? publishedRepeats
  return {
    unique,
    epochs: tokens / unique,
    worth: effectiveTokens(tokens, unique, repeats),
    repeats,
    isFitted: own !== null,
  }
}

export const repeatsText = (repeats: ReturnType<typeof repeatsOf>): string[] =>
  repeats
    ? [
        `The text has ${short(repeats.unique)} tokens: read ${repeats.epochs.toPrecision(3)} times, worth ${short(repeats.worth)} new ones (R* ${repeats.repeats.toPrecision(3)}, ${repeats.isFitted ? 'fitted to the study’s runs' : 'Muennighoff et al. 2023'}); the loss is that of repeated text.`,
      ]
    : []
