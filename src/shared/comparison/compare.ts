// Two studies compared: the multiplier in compute, tokens, time on this machine and money, with what makes it fair.
import { Fault, toFaultData } from '../fault.ts'
import { withPrefix } from '../numbers.ts'
import { lossIn, type LossUnit } from '../loss-unit.ts'
import type { LawPoint } from '../scaling/points.ts'
import { fitMultiplier, type Multiplier } from '../scaling/multiplier/multiplier.ts'
import { both, type Pair, type PairForm } from '../scaling/multiplier/pair-fit.ts'
import { compute, type Quantity, verdictOf } from '../scaling/multiplier/verdict.ts'
import type { EvidencePoint, StudyEvidence } from './evidence.ts'
import { type Fairness, fairnessOf } from './fairness.ts'

export const currencies = ['compute', 'tokens', 'time', 'money'] as const
export type Currency = (typeof currencies)[number]

export interface ComparisonOptions {
  form: PairForm
  unit: LossUnit
  /** Per hour of the machine that each trains on, in one currency; null for no money. */
  prices: Pair<number> | null
  resamples?: number
  seed?: number
  confidence?: number
}

/** One currency's answer, or the sentence that says why there is none. */
export type CurrencyAnswer =
  | { quantity: Quantity; multiplier: Multiplier; verdict: string; problem: null }
  | { quantity: Quantity; problem: string }

/** What turns one currency into another: a slower kernel costs time and no FLOPs. */
export interface Pace {
  /** Of the largest size. */
  name: string
  flopsPerToken: number
  tokensPerSecond: number
}

export interface StudyComparison {
  names: Pair<string>
  /** Null of a study without a point. */
  paces: Pair<Pace | null>
  unit: LossUnit
  fairness: Fairness
  answers: Record<Currency, CurrencyAnswer>
}

const quantities: Record<Currency, Quantity> = {
  compute,
  tokens: { noun: 'tokens', unit: 'tokens' },
  time: { noun: 'time', unit: 's' },
  money: { noun: 'money', unit: 'of the price’s currency' },
}

/** Laws of different tokenizers are compared in bits per byte alone: a token of one is not a token of the other. */
export function compareStudies(evidence: Pair<StudyEvidence>, options: ComparisonOptions): StudyComparison {
  const fairness = fairnessOf(evidence)
  const unit = fairness.isSameTokenizer ? options.unit : 'bits-per-byte'
  const names = namesOf(evidence)
  const answer = (currency: Currency, xOf: (point: EvidencePoint, side: 'a' | 'b') => number): CurrencyAnswer => {
    const quantity = quantities[currency]
    try {
      const points = both(evidence, (study, side) => lawPoints(study, unit, (point) => xOf(point, side)))
      const columns = { x: quantity.noun, y: 'loss' }
      const multiplier = fitMultiplier(points, { ...options, names, columns })
      return { quantity, multiplier, verdict: verdictOf(multiplier, names, quantity), problem: null }
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return { quantity, problem: toFaultData(error).message }
    }
  }
  const unless = (problem: string | null, currency: Currency, xOf: Parameters<typeof answer>[1]): CurrencyAnswer =>
    problem === null ? answer(currency, xOf) : { quantity: quantities[currency], problem }
  const { prices } = options
  return {
    names,
    paces: both(evidence, paceOf),
    unit,
    fairness,
    answers: {
      compute: unless(conventionProblem(evidence), 'compute', ({ flops }) => flops),
      tokens: unless(
        fairness.isSameTokenizer ? null : 'Their tokenizers differ, so their tokens are not the same thing.',
        'tokens',
        ({ tokens }) => tokens,
      ),
      time: unless(fairness.timeProblem, 'time', ({ seconds }) => seconds),
      // Prices may be of different machines, but times were measured on one.
      money: unless(
        prices === null ? 'Give the price of an hour to compare in money.' : fairness.timeProblem,
        'money',
        ({ seconds }, side) => (seconds / 3600) * prices![side],
      ),
    },
  }
}

function paceOf({ points }: StudyEvidence): Pace | null {
  const largest = points.at(-1)
  if (!largest) return null
  const { name, flops, tokens, seconds } = largest
  return { name, flopsPerToken: flops / tokens, tokensPerSecond: tokens / seconds }
}

/** Both sides of a pace, in words for every door. */
export const paceWords = ({ name, flopsPerToken, tokensPerSecond }: Pace): string =>
  `${withPrefix(flopsPerToken, 'FLOP')} per token and ${withPrefix(tokensPerSecond)} tokens/s at ${name}`

/** The loss of a point in the unit; throws where the text's bytes are not known. */
function lawPoints(study: StudyEvidence, unit: LossUnit, xOf: (point: EvidencePoint) => number): LawPoint[] {
  return study.points.map((point) => {
    const { bytesPerToken } = point.text
    if (bytesPerToken === null && unit === 'bits-per-byte')
      throw new Fault(
        'bad-input',
        `The text that ${point.name} of ${study.name} read is not tokenized here, so its bytes per token are not known. Tokenize it first.`,
      )
    return { x: xOf(point), y: point.loss * lossIn(unit, bytesPerToken ?? 1), name: point.name }
  })
}

/** Studies of the same name are called A and B. */
const namesOf = ({ a, b }: Pair<Pick<StudyEvidence, 'name'>>): Pair<string> =>
  a.name === b.name ? { a: `${a.name} (A)`, b: `${b.name} (B)` } : { a: a.name, b: b.name }

function conventionProblem({ a, b }: Pair<StudyEvidence>): string | null {
  return a.recipe.flopsConvention === b.recipe.flopsConvention
    ? null
    : 'Their FLOPs are counted by different conventions. Give both studies the same one.'
}
