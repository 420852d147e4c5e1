// `isoflop fit --form repeated`: what reading a text again is worth, from trainings that did.
import { Fault } from '#shared/fault.ts'
import { dropHighest } from '#shared/scaling/points.ts'
import { fitRepeated, publishedRepeats, type RepeatedPoint } from '#shared/scaling/repeated.ts'
import { short } from './amounts.ts'
import { columnOf, type PointOptions, surfacePoints, tableOf } from './points.ts'
import type { Answer, CommandContext } from './program.ts'

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
