// What `isoflop compare` answers: the multiplier as a table and a document, in every currency, and what makes it fair.
import { currencies, type CurrencyAnswer, paceWords, type StudyComparison } from '#shared/comparison/compare.ts'
import { inPowers, rounded, withDecimals, withPlainSpaces } from '#shared/numbers.ts'
import { multiplierAt, type MultiplierPoint, usualAmounts } from '#shared/scaling/multiplier/multiplier.ts'
import { table } from './amounts.ts'
import type { Answer } from './program.ts'

export const flopsRows = (points: readonly MultiplierPoint[]) =>
  points.map(({ x, value, low, high }) => ({ flops: x, value, low, high }))

/** Every fourth amount: what a person reads. */
export const multiplierTable = (points: readonly MultiplierPoint[], unit: string): string =>
  table(
    [unit, 'B / A', 'from', 'to', 'speed-up'],
    points
      .filter((_, i) => i % 4 === 0)
      .map(({ x, value, low, high }) => [
        inPowers(rounded(x), 1e4),
        ...[value, low, high].map((one) => (one === null ? '' : withDecimals(one, 3))),
        value === null ? '' : `${withDecimals(1 / value, 2)}x`,
      ]),
  )

export function comparisonAnswer({ names, paces, unit, fairness, answers }: StudyComparison): Answer {
  const { compute } = answers
  if (compute.problem !== null) throw new Error(`There is nothing to answer: ${compute.problem}`)
  const at = multiplierAt(compute.multiplier, usualAmounts(compute.multiplier))
  const others = currencies.filter((currency) => currency !== 'compute')
  return {
    document: {
      multiplier: flopsRows(at),
      verdict: compute.verdict,
      names,
      unit,
      form: compute.multiplier.form,
      laws: compute.multiplier.laws,
      noise: compute.multiplier.noise,
      ...Object.fromEntries(others.map((currency) => [currency, currencyDocument(answers[currency])])),
      paces,
      fairness,
    },
    text: [
      `A is ${names.a}, B is ${names.b}; ${unit === 'bits-per-byte' ? 'bits per byte' : 'nats per token'}.`,
      multiplierTable(at, 'FLOPs'),
      compute.verdict,
      '',
      ...others.map((currency) => `${currency}: ${answers[currency].problem ?? verdictText(answers[currency])}`),
      ...(['a', 'b'] as const).flatMap((side) =>
        paces[side] ? [withPlainSpaces(`${names[side]}: ${paceWords(paces[side])}.`)] : [],
      ),
      '',
      ...fairnessText(fairness, names),
    ].join('\n'),
  }
}

const verdictText = (answer: CurrencyAnswer): string => (answer.problem === null ? answer.verdict : answer.problem)

function currencyDocument(answer: CurrencyAnswer) {
  if (answer.problem !== null) return { problem: answer.problem }
  const at = multiplierAt(answer.multiplier, usualAmounts(answer.multiplier))
  return {
    unit: answer.quantity.unit,
    multiplier: at.map(({ x, value, low, high }) => ({ at: x, value, low, high })),
    verdict: answer.verdict,
  }
}

function fairnessText(
  { differences, likenesses, tuning }: StudyComparison['fairness'],
  names: StudyComparison['names'],
): string[] {
  return [
    table(
      ['differs', names.a, names.b, ''],
      differences.map(({ field, a, b, isDerived }) => [field, a, b, isDerived ? 'follows' : '']),
    ),
    ...likenesses.map(({ what, isSame, words }) => `${isSame ? 'same' : 'NOT the same'} ${what}: ${words}`),
    `${names.a}: ${tuning.a}`,
    `${names.b}: ${tuning.b}`,
  ]
}
